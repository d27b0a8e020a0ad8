"""Find a bench by its name, run it, and print its table or its JSON."""

import json
import sys
from typing import Any

from comity.bench import report
from comity.bench.names import NAMES, load
from comity.errors import Invalid, Problem


def run(name: str, arguments: list[str], *, as_json: bool) -> int:
    """Run one bench (`all`: every one, in quick mode, and rewrite docs/benchmarks.md)."""
    if name == "all":
        return report.rewrite(arguments)
    if name not in NAMES:
        raise Invalid("no such bench", [Problem("/name", "unknown_bench", f"one of: all, {', '.join(NAMES)}")])
    module = load(name)
    result: dict[str, Any] = module.run(arguments)
    sys.stdout.write((json.dumps(result, indent=1, default=str) if as_json else module.table(result)) + "\n")
    return 0
