"""Call functions of a handed-in Python file, contained, and read back what they gave.

The caller runs beside untrusted code, so what it prints is only a claim: graders compare it with results that are
worked out
outside and never shown inside.
"""

import re
from collections.abc import Sequence
from typing import Final

from comity.assess.battery import answers
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


def defines(content: bytes, *names: str) -> None:
    """Raises Invalid when a handed-in file is no text, or a function that will be called does not even occur in it."""
    text = answers.utf8(content)
    for name in names:
        if re.search(rf"\b{name}\b", text) is None:
            raise Invalid(f"the file does not define {name}")


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


CRYPTO_CALLER: Final = b"""import importlib.util, json, sys

calls = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("answer", "/inputs/answer.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
for one in calls:
    try:
        key = bytes.fromhex(one["key"])
        if one["call"] == "seal":
            made = module.seal(key, one["number"], bytes.fromhex(one["text"]))
        else:
            made = bytes(module.unseal(key, one["message"])).hex()
        line = json.dumps({"made": made})
    except ValueError:
        line = '{"made": "refused"}'
    except Exception:
        line = "null"
    print(line, flush=True)
"""
"""Calls of the messaging scheme; ValueError is the answer "refused"."""


WEB_CALLER: Final = b"""import importlib.util, json, sys

sessions = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("answer", "/inputs/answer.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)


def filled(value, told):
    if not isinstance(value, dict):
        return value
    held = told[value["from"]]
    return held.get(value["field"]) if isinstance(held, dict) else None


for session in sessions:
    told, tokens = [], {}
    for request in session["requests"]:
        try:
            asked = {name: filled(value, told) for name, value in request.items()}
            told.append(module.handle(session["state"], asked, tokens))
            line = json.dumps({"made": told[-1]})
        except Exception:
            told.append(None)
            line = "null"
        print(line, flush=True)
"""
"""Sessions of the toy web application: one line per request."""
