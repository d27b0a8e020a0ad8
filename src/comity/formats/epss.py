"""Read EPSS: how likely FIRST's model holds it that a CVE is exploited within 30 days, as the daily CSV says.

The file's first line names the model's version and the day of the scores: `#model_version:v2025.03.14,score_date:...`.
Without both a score means nothing, so a file that lacks them is refused. A row that cannot be read is listed and left
out: unknown, never 0. The file may be packed with gzip, as FIRST serves it.
"""

import gzip
import io
import math
import re
import zlib
from datetime import UTC, datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import packed, times
from comity.formats.upstream import Upstream
from comity.model import signals
from comity.model.signals import Fact

PACKED_LIMIT: Final = 64 * 1024 * 1024
LIMIT: Final = 256 * 1024 * 1024
ROWS: Final = 2_000_000
LISTED: Final = 50

_HEAD: Final = re.compile(
    r"#\s*model_version:(?P<model>[A-Za-z0-9._-]{1,32}),\s*score_date:(?P<date>[0-9T:.+Z-]{10,40})\s*\Z"
)
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,19}\Z", re.ASCII)


def recognises(data: bytes) -> bool:
    """Whether these bytes begin as an EPSS file does, packed or not."""
    try:
        start = gzip.GzipFile(fileobj=io.BytesIO(data)).read(16) if data[:2] == packed.GZIP else data[:16]
    except (OSError, EOFError, zlib.error):
        return False
    return start.startswith(b"#model_version:")


def read(data: bytes) -> Upstream:
    """The scores, each with its percentile and the model's version in the note. Invalid when it is no EPSS file."""
    lines = _unpacked(data).decode("ascii", "replace").splitlines()
    head = _HEAD.match(lines[0]) if lines else None
    if head is None:
        problem = Problem("/line/1", "no_model", "the first line names model_version and score_date")
        raise Invalid("not an EPSS file", [problem])
    try:
        as_of = times.read(head["date"].replace("+0000", "+00:00"), zone_optional=True).astimezone(UTC)
    except ValueError as error:
        raise Invalid("not an EPSS file", [Problem("/line/1", "invalid_time", "score_date is no moment")]) from error
    if len(lines) < 2 or lines[1].strip().lower() != "cve,epss,percentile":
        raise Invalid("not an EPSS file", [Problem("/line/2", "bad_header", "the columns are cve,epss,percentile")])
    if len(lines) > ROWS:
        raise Invalid("too large", [Problem("", "too_many_items", f"at most {ROWS} rows")])
    return _rows(lines, head["model"], as_of)


def _rows(lines: list[str], model: str, as_of: datetime) -> Upstream:
    facts: dict[str, Fact] = {}
    left_out: list[Problem] = []
    wrong = 0
    for number, line in enumerate(lines[2:], start=3):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        reason = _reason(cells, facts)
        if reason:
            wrong += 1
            if wrong <= LISTED:
                left_out.append(Problem(f"/line/{number}", "unreadable", reason))
            continue
        note = f"percentile {float(cells[2]):.3f}, model {model}"
        facts[cells[0]] = Fact(subject=cells[0], name=signals.EPSS, value=cells[1], as_of=as_of, note=note)
    if wrong > LISTED:
        left_out.append(Problem("", "more_problems", f"{wrong - LISTED} more rows cannot be read"))
    return Upstream(
        source=signals.EPSS_SOURCE,
        as_of=as_of,
        facts=tuple(facts.values()),
        subjects=len(facts),
        left_out=tuple(left_out),
    )


def _reason(cells: list[str], held: dict[str, Fact]) -> str:
    if len(cells) != 3 or _CVE.match(cells[0]) is None:
        return "a row is a CVE id, a score and a percentile"
    if cells[0] in held:
        return "this CVE id has a row already: the first one counts"
    for cell in cells[1:]:
        try:
            value = float(cell)
        except ValueError:
            return "score and percentile are numbers"
        if not math.isfinite(value) or not 0 <= value <= 1:
            return "score and percentile lie between 0 and 1"
    return ""


def _unpacked(data: bytes) -> bytes:
    if len(data) > (PACKED_LIMIT if data[:2] == packed.GZIP else LIMIT):
        raise Invalid("too large", [Problem("", "document_too_large", f"at most {LIMIT} bytes")])
    if data[:2] != packed.GZIP:
        return data
    return packed.gunzip(data, limit=LIMIT)
