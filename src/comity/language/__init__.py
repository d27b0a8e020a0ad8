"""The only room that speaks to a language model: a prompt and a JSON schema go in, a checked value comes out.

Any endpoint of the OpenAI kind serves; none configured is an answer of its own. A model gets no tools, one retry and
limits of size, time and tokens; whatever goes wrong, the caller gets the reason and goes on without it. Start at `ask`.
"""

from comity.language.ask import ask
from comity.language.endpoint import Endpoint, endpoint
from comity.language.prompt import Limits, Prompt

__all__ = ["Endpoint", "Limits", "Prompt", "ask", "endpoint"]
