"""Call functions of a handed-in Python file, contained, and read back what they gave.

The caller runs beside untrusted code, so what it prints is only a claim: graders compare it with results that are
worked out
outside and never shown inside.
"""

from collections.abc import Sequence
from typing import Final

from comity.assess.battery.task import Seen
from comity.errors import Invalid
from comity.formats import parse
from comity.formats.parse import Json, Limits

CALLER: Final = b"""import importlib.util, json, sys

calls = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("answer", "/inputs/answer.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for one in calls:
    try:
        made = getattr(module, one["call"])(*one["arguments"])
        line = json.dumps({"made": made})
    except Exception:
        line = "null"
    print(line, flush=True)
"""
"""One line per call: {"made": result}, or null where it raised."""


def called(calls: Sequence[Json]) -> bytes:
    """Standard input of the caller: each call names a function and its arguments."""
    return parse.encode(list(calls), indent=None)


def answered(seen: Seen) -> list[Json]:
    """What each call gave; None where it raised or what came back is no JSON. Never raises."""
    made: list[Json] = []
    for line in seen.stdout.splitlines():
        try:
            document = parse.decode(line, Limits(document_bytes=256 * 1024, depth=12))
        except Invalid:
            document = None
        made.append(document["made"] if isinstance(document, dict) and set(document) == {"made"} else None)
    return made
