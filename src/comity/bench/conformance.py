"""`comity conformance`: every suite of a standard that Comity claims to meet, with what passed, failed and was skipped.

A suite is one function over the folder of real data; it is registered in `bench.suites`. What cannot run here (a tool
or a corpus is absent) is skipped with its reason and never counted as passed. A difference on purpose is skipped too,
with its reason. Any failure makes the exit status 1.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from comity.errors import ComityError, Invalid, Missing, Problem

REASONS: Final = 12
"""Reasons listed for one suite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a suite found. `reasons` explain what failed or was skipped; a failure is never without one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite. `source` names whose cases they are. `run` gets the folder of real data (it may not be there)."""

    name: str
    source: str
    run: Callable[[Path], Counted]


class Absent(Exception):
    """This suite cannot run here; the text says why."""


def needs(path: Path) -> Path:
    """The path, when it is there. Absent otherwise."""
    if not path.exists():
        raise Absent(f"no corpora: {path.name} is not under the folder of real data (COMITY_CORPORA)")
    return path


def tool(name: str, package: str) -> Any:
    """A module that only a developer's set of packages holds. Absent, naming the package, otherwise."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Absent(f"peer not installed: {package}") from error


def counted(cases: Sequence[tuple[str, bool]], *, skipped: Sequence[str] = ()) -> Counted:
    """Count cases of (name, is right); each wrong one is named."""
    wrong = [name for name, right in cases if not right]
    return Counted(
        passed=len(cases) - len(wrong),
        failed=len(wrong),
        skipped=len(skipped),
        reasons=(*wrong, *dict.fromkeys(skipped)),
    )


def run(corpora: Path, *, suite: str = "") -> dict[str, Any]:
    """Run every suite, or one. Invalid for a suite that there is not."""
    from comity.bench.suites import SUITES

    chosen = [one for one in SUITES if suite in ("", one.name)]
    if not chosen:
        known = ", ".join(one.name for one in SUITES)
        raise Invalid("no such suite", [Problem("/suite", "unknown_suite", f"one of: {known}")])
    return {"suites": [_row(one, corpora) for one in chosen]}


def is_good(result: dict[str, Any]) -> bool:
    """Whether nothing failed."""
    return not any(row["failed"] for row in result["suites"])


def _row(suite: Suite, corpora: Path) -> dict[str, Any]:
    began = time.perf_counter()
    try:
        found = suite.run(corpora)
    except Absent as error:
        found = Counted(skipped=1, reasons=(str(error),))
    except Missing as error:
        found = Counted(skipped=1, reasons=(f"no corpora: {error}",))
    except ComityError as error:
        found = Counted(failed=1, reasons=(f"the suite ended: {error}",))
    return {
        "name": suite.name,
        "source": suite.source,
        "passed": found.passed,
        "failed": found.failed,
        "skipped": found.skipped,
        "reasons": list(found.reasons[:REASONS]),
        "seconds": round(time.perf_counter() - began, 2),
    }
