"""`comity conformance`: every suite of a standard that Comity claims to meet, with what passed, failed and was skipped.

A suite is registered in `bench.suites`. What cannot run here (a tool or a corpus is absent) is skipped with its reason
and never counted as passed; so is a difference on purpose. Any failure makes the exit status 1.
"""

import time
from pathlib import Path
from typing import Any, Final

from comity.bench import suites
from comity.bench.suite import Absent, Counted, Suite
from comity.errors import ComityError, Invalid, Missing, Problem

REASONS: Final = 12
"""Reasons listed for one suite."""


def run(corpora: Path, *, suite: str = "") -> dict[str, Any]:
    """Run every suite, or one. Invalid for a suite that there is not."""
    chosen = [one for one in suites.SUITES if suite in ("", one.name)]
    if not chosen:
        known = ", ".join(one.name for one in suites.SUITES)
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
