"""What Inspect loads by the entry point `comity`: the sandbox provider. Importing registers it."""

from comity.evals.provider import ComitySandbox

__all__ = ["ComitySandbox"]
