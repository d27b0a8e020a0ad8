"""Say what may be told of an error, the same at every web door: status, one sentence, and for bad input each place.

Nothing here repeats what the caller sent, and an error that was not foreseen tells nothing but its status.
"""

import logging
import traceback
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from litestar import Request
from litestar.exceptions import HTTPException, ValidationException

from comity.errors import STATUS, ComityError, Invalid, Problem

SENTENCES: Final = {
    400: "the request cannot be read: check its form",
    404: "there is no such thing, or not for this caller",
    405: "this address does not take that method: see the Allow header",
    413: "the request is larger than this host takes: split it",
    415: "this address does not take that content type",
    408: "the body came too slowly, and nothing was stored: send it again",
    422: "the request breaks its contract: mend it and send it again",
    429: "too many requests: wait as many seconds as Retry-After says, then send it again",
    500: "something failed here, and nothing more is told: the operator finds the place in the log",
    503: "not available now: try again later",
}

log = logging.getLogger("comity.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What a caller is told. `is_unforeseen`: a fault of this host, to be logged."""

    status: int
    detail: str
    problems: tuple[Problem, ...] = ()
    is_unforeseen: bool = False


def failure_of(error: Exception) -> Failure:
    """What may be told of an error."""
    if isinstance(error, ComityError):
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
        return Failure(status=status, detail=str(error), problems=error.problems if isinstance(error, Invalid) else ())
    if isinstance(error, ValidationException):
        return Failure(status=422, detail=SENTENCES[422], problems=_from_validation(error))
    if isinstance(error, HTTPException) and error.status_code in SENTENCES and error.status_code < 500:
        return Failure(status=error.status_code, detail=SENTENCES[error.status_code])
    return Failure(status=500, detail=SENTENCES[500], is_unforeseen=True)


def note(request: Request[Any, Any, Any], error: Exception) -> None:
    """Log an unforeseen error by kind and place: its text could hold somebody's report."""
    frames = traceback.extract_tb(error.__traceback__)
    place = " < ".join(f"{PurePath(f.filename).name}:{f.lineno}" for f in reversed(frames[-5:]))
    log.error("request failed: kind=%s at=%s method=%s", type(error).__name__, place, request.method)


def _from_validation(error: ValidationException) -> tuple[Problem, ...]:
    """The framework's own list, as pointers. Its sentences may repeat what was sent, so each kind gets ours."""
    found = error.extra if isinstance(error.extra, list) else []
    problems = tuple(_problem(one) for one in found if isinstance(one, dict))
    return problems or (Problem("", "bad_value", "does not fit the description of this operation"),)


def _problem(one: dict[str, Any]) -> Problem:
    message, _, inside = str(one.get("message", "")).partition(" - at `$")
    place = str(one.get("key", "")) + inside.rstrip("`").replace("[", ".").replace("]", "")
    steps = [step for step in place.split(".") if step]
    if steps[:1] == ["data"]:
        steps = steps[1:]
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    if message.startswith("Object contains unknown field"):
        return Problem(pointer, "unknown_field", "holds a field that this operation does not take")
    if message.startswith(("Object missing required field", "Expected")):
        return Problem(pointer, "bad_type" if message.startswith("Expected") else "missing_field", message)
    return Problem(pointer, "bad_value", "is not one of the values that this operation takes")
