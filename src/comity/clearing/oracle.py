"""Decide whether one run shows the effect that its recipe names, from what the driver measured. Pure.

Input comes out of a place where untrusted code ran, so its shape is checked before a value is used. `FIRED` needs the
named effect, in target code; a run that never made the call is `UNREACHED`, and never counts as silence.
"""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from comity.clearing.sanitizer import read_report
from comity.model.ids import digest
from comity.model.recipe import (
    Creates,
    Dress,
    Exits,
    Grows,
    Observation,
    PlannedRun,
    Raises,
    Reads,
    Recipe,
    Reports,
    Script,
    Sight,
    Stalls,
    Steps,
)

SEEN_LIMIT_BYTES: Final = 1024 * 1024
PATIENCE: Final = timedelta(seconds=10)
"""How long a call may take where time is not the effect looked for."""
BENIGN_SHARE: Final = 4
"""A benign input must be done within this fraction of the time that counts as a stall."""
SMALLEST_SECONDS: Final = 0.001

Sighting = tuple[Sight, str]


def deadline(recipe: Recipe, *, benign: bool) -> timedelta:
    """How long the last step may run before the driver ends it."""
    match recipe.oracle:
        case Stalls(after=after):
            return after / BENIGN_SHARE if benign else after
        case Grows(at_least=at_least):
            return max(timedelta(seconds=8), at_least * 4)
        case _:
            return min(PATIENCE, recipe.wall)


def observe(recipe: Recipe, run: PlannedRun, *, stdout: bytes, nonce: str, ended: str) -> Observation:
    """One run's outcome. `stdout` is the driver's; anything that is not its one line with the nonce is a broken run."""
    seen = read_answer(stdout, nonce)
    if seen is None:
        sight, detail = Sight.BROKEN, f"the driver gave no answer (run ended: {ended})"
    else:
        sight, detail = _sight(recipe, run, seen)
    return Observation(
        dress=run.dress, index=run.index, sight=sight, detail=detail, evidence=digest(stdout), status=_status(seen)
    )


def _status(seen: Mapping[str, Any] | None) -> int | None:
    """Exit status of the program that the driver watched from outside; negative for a signal."""
    attempts = seen.get("attempts") if seen is not None else None
    first = attempts[0] if isinstance(attempts, list) and attempts and isinstance(attempts[0], dict) else {}
    status = first.get("status")
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def read_answer(stdout: bytes, nonce: str) -> dict[str, Any] | None:
    """What the driver saw; None for anything but its one line with the nonce."""
    if len(stdout) > SEEN_LIMIT_BYTES or stdout.count(b"\n") != 1:
        return None
    try:
        answer = json.loads(stdout)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or answer.get("nonce") != nonce or not isinstance(answer.get("seen"), dict):
        return None
    return dict(answer["seen"])


def _sight(recipe: Recipe, run: PlannedRun, seen: Mapping[str, Any]) -> Sighting:
    attempts = seen.get("attempts")
    if not isinstance(attempts, list) or not attempts or not isinstance(attempts[0], dict):
        return Sight.BROKEN, "the driver could not close itself to the target" if "failed" in seen else "no attempt"
    attempt = attempts[0]
    claim = _table(attempt, "claim")
    if attempt.get("begun") is not True:
        return _never_begun(claim)
    canary = _table(seen, "canary")
    match recipe.oracle:
        case Stalls():
            limit = deadline(recipe, benign=run.dress is Dress.BENIGN).total_seconds()
            if attempt.get("alive") is True:
                return Sight.FIRED, f"still running after {limit:g} s"
            return _made(recipe, claim, f"done within {limit:g} s")
        case Grows() as grows:
            return _growth(grows, seen)
        case Raises() as raises:
            return _raised(recipe, raises, attempt, claim)
        case Creates():
            return _created(recipe, attempt, claim, exists=canary.get("exists") is True)
        case Reads():
            if canary.get("read") is True:
                return Sight.FIRED, "content of the canary outside the allowed folder came back"
            return _made(recipe, claim, "the canary's content did not come back", alive=attempt.get("alive") is True)
        case Reports() as reports:
            return _reported(reports, attempt)
        case Exits(code=code):
            status = attempt.get("status")
            if status == code:
                return Sight.FIRED, f"exit status {code}"
            ended = attempt.get("alive") is False and isinstance(status, int)
            return (Sight.SILENT, f"exit status {status}") if ended else (Sight.BROKEN, "the program did not end")


def _table(parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = parent.get(key)
    return value if isinstance(value, dict) else {}


def _never_begun(claim: Mapping[str, Any]) -> Sighting:
    outcome = claim.get("outcome")
    if outcome == "unreached":
        return Sight.UNREACHED, "the recipe calls something that the target does not have or that is not the target's"
    if outcome == "raised":
        return Sight.UNREACHED, "an exception before the last call"
    return Sight.BROKEN, "the target was not ready in time, or its process ended without a word"


def _frames(claim: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(whose, module) of each frame, innermost first; the standard library and built-ins are passed over."""
    rows = claim.get("frames")
    for row in reversed(rows if isinstance(rows, list) else []):
        if (
            isinstance(row, list)
            and len(row) == 3
            and all(isinstance(part, str) for part in row)
            and row[0] != "elsewhere"
        ):
            yield row[0], row[1]


def _made(recipe: Recipe, claim: Mapping[str, Any], detail: str, *, alive: bool = False) -> Sighting:
    """The effect did not occur; was the call made at all?"""
    if alive:
        return Sight.BROKEN, "the call was not done in time"
    outcome = claim.get("outcome")
    if outcome == "returned":
        return Sight.SILENT, detail
    if outcome == "unreached":
        return Sight.UNREACHED, "the recipe calls something that the target does not have or that is not the target's"
    if outcome == "raised":
        if isinstance(recipe.run, Script) or any(whose == "target" for whose, _ in _frames(claim)):
            return Sight.SILENT, f"{detail}; the call ended in an exception"
        return Sight.UNREACHED, "an exception before the call entered the target"
    return Sight.BROKEN, "the process ended without a word"


def _raised(recipe: Recipe, raises: Raises, attempt: Mapping[str, Any], claim: Mapping[str, Any]) -> Sighting:
    if claim.get("outcome") == "raised" and claim.get("type") == raises.kind:
        whose, module = next(_frames(claim), ("", ""))
        inside = module == raises.module or module.startswith(f"{raises.module}.")
        if whose == "target" and inside:
            return Sight.FIRED, f"{raises.kind} raised in {raises.module}"
        if whose == "reporter":
            return Sight.SILENT, "the exception comes from the reporter's own code"
        if whose in {"support", "target"}:
            return Sight.SILENT, "the exception comes from another component"
    return _made(recipe, claim, "the named exception was not raised", alive=attempt.get("alive") is True)


def _created(recipe: Recipe, attempt: Mapping[str, Any], claim: Mapping[str, Any], *, exists: bool) -> Sighting:
    if exists and isinstance(recipe.run, Steps):
        return Sight.FIRED, "a path outside the allowed folder was made"
    if exists and claim.get("writer") == "target":
        return Sight.FIRED, "the target made a path outside the allowed folder"
    if exists:
        return Sight.SILENT, "the path was made by the reporter's own code"
    return _made(recipe, claim, "no path was made outside the allowed folder", alive=attempt.get("alive") is True)


def _growth(grows: Grows, seen: Mapping[str, Any]) -> Sighting:
    base, medians = seen.get("base_cpu_seconds"), seen.get("medians")
    numbers = [base, *(medians if isinstance(medians, list) else [])]
    if len(numbers) < 2 or not all(isinstance(n, int | float) and math.isfinite(n) and n >= 0 for n in numbers):
        return Sight.BROKEN, "no measurements"
    own = [max(n - base, SMALLEST_SECONDS) for n in numbers[1:] if isinstance(base, int | float) and n is not None]
    least = grows.at_least.total_seconds()
    if len(own) < 3:
        # the driver stops at the first size that is still running at its deadline, which is at least twice the bound
        steep = len(own) == 1 or own[-1] / own[0] >= 2**grows.exponent
        return (
            (Sight.FIRED, "past the bound before size 4n")
            if own[-1] >= least and steep
            else (Sight.BROKEN, "cut short")
        )
    exponent = math.log(own[2] / own[0], 4)
    if own[2] >= least and exponent >= grows.exponent:
        return Sight.FIRED, f"CPU time grows past the bound of n^{grows.exponent:g} and {least:g} s"
    return Sight.SILENT, f"CPU time stays within n^{grows.exponent:g} or {least:g} s"


def _reported(reports: Reports, attempt: Mapping[str, Any]) -> Sighting:
    if attempt.get("alive") is True:
        return Sight.BROKEN, "the program did not end"
    report = read_report(str(attempt.get("stderr", "")))
    status = attempt.get("status")
    if report is None or status == 0:
        return Sight.SILENT, "no sanitizer report"
    if report.error != reports.error:
        return Sight.SILENT, "the sanitizer reports another kind of error"
    first = report.first
    if first is None or not first.file.startswith("/target/"):
        return Sight.SILENT, "the error is not in target code"
    if first.function != reports.function:
        return Sight.SILENT, "the error is in another function"
    return Sight.FIRED, f"{reports.error} in {reports.function}"
