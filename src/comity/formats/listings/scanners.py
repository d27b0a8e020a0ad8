"""Scanner exports as CSV (Tenable, Nessus, Qualys): claims with their source, never a match of ours.

A scanner says what it found on which host and when it saw it first and last. That something is missing from an export
closes nothing: the host may not have been scanned.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from comity.errors import Problem
from comity.formats.listings import listing
from comity.formats.parse import Limits
from comity.model.inventory import Claim, ScannerReport

_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)
_ZONES: Final = {
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CST": -6,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
}
_TENABLE_DATE: Final = re.compile(r"(?P<day>[A-Z][a-z]{2} \d{1,2}, \d{4} \d{2}:\d{2}:\d{2})(?: (?P<zone>[A-Z]{3}))?\Z")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_HEAD: Final = 64 * 1024
"""Characters in which the headings are looked for."""
_TENABLE: Final = ({"plugin", "plugin name"}, {"plugin id", "name", "host"})
_QUALYS: Final = {"qid", "title", "ip"}


def recognises(text: str) -> bool:
    """True when the headings are those of a scanner that is read here."""
    return _scanner(text) is not None


def read(data: bytes, *, limits: Limits = listing.LIMITS) -> ScannerReport:
    """The claims of one export. `Invalid` when no heading is known, or no row claims anything."""
    text = listing.text_of(data, limits)
    found = _scanner(text)
    if found is None:
        raise listing.one_problem("unknown_format", "the headings are not those of a Tenable, Nessus or Qualys export")
    scanner, skip, delimiter = found
    claims: list[Claim] = []
    problems: list[Problem] = []
    informational = 0
    for line, row in _rows(text, skip, delimiter, problems):
        claim = _qualys(row) if scanner == "Qualys" else _tenable(row)
        if not claim.asset or not claim.plugin:
            problems.append(Problem(f"/line/{line}", "missing_field", "a finding names its host and its plugin"))
        elif claim.severity.lower() in {"info", "none", "informational"} and not claim.vulnerabilities:
            informational += 1
        else:
            claims.append(claim)
    listing.settle(problems)
    listing.refuse_too_many(claims)
    if not claims:
        raise listing.no_packages("the export", f"it claims nothing ({informational} informational rows were left out)")
    undated = sum(claim.last_seen is None for claim in claims)
    notes = []
    if informational:
        notes.append(f"{informational} informational rows were left out")
    if undated:
        notes.append(f"{undated} claims bear no date: they are as old as nobody knows")
    return ScannerReport(scanner=scanner, claims=tuple(claims), notes=tuple(notes))


def _scanner(text: str) -> tuple[str, int, str] | None:
    """Which scanner, how many lines stand before the headings, and what stands between cells: a spreadsheet that saved
    the export again may have written semicolons or tabs. Lines end as csv ends them, and nowhere else."""
    for skip, line in enumerate(_LINE_END.split(text[:_HEAD])[:12]):
        for delimiter in ",;\t":
            headings = {cell.strip().strip('"').lower() for cell in line.split(delimiter)}
            if any(needed <= headings for needed in _TENABLE):
                return "Tenable", skip, delimiter
            if headings >= _QUALYS:
                return "Qualys", skip, delimiter
    return None


def _rows(text: str, skip: int, delimiter: str, problems: list[Problem]) -> Iterator[tuple[int, Mapping[str, str]]]:
    stream = io.StringIO(text, newline="")
    for _ in range(skip):
        stream.readline()
    try:
        reader = listing.csv_rows(stream, delimiter)
        headings = [heading.strip().lower() for heading in next(reader, [])]
        listing.refuse_repeated(headings, reader.line_num + skip)
        for row in reader:
            if any(cell.strip() for cell in row):
                if len(row) > len(headings):
                    problems.append(
                        Problem(f"/line/{reader.line_num + skip}", "wrong_columns", "more cells than headings")
                    )
                    continue
                yield reader.line_num + skip, dict(zip(headings, row, strict=False))
    except csv.Error as error:
        raise listing.one_problem("malformed_csv", "this is not one CSV table: a cell may be too long") from error


def _tenable(row: Mapping[str, str]) -> Claim:
    host = (
        row.get("dns name")
        or row.get("netbios name")
        or row.get("ip address")
        or row.get("host")
        or row.get("fqdn", "")
    )
    return Claim(
        asset=listing.printable(host),
        title=listing.printable(row.get("plugin name") or row.get("name", ""))[:300],
        plugin=f"plugin {listing.printable(row.get('plugin') or row.get('plugin id', ''))[:32]}",
        vulnerabilities=tuple(dict.fromkeys(_CVE.findall(row.get("cve", "")))),
        severity=listing.printable(row.get("severity") or row.get("risk", ""))[:32],
        first_seen=_when(row.get("first discovered", "")),
        last_seen=_when(row.get("last observed", "")),
        fix=listing.printable(row.get("solution", ""))[:500],
    )


def _qualys(row: Mapping[str, str]) -> Claim:
    kind = row.get("type", "").strip().lower()
    severity = row.get("severity", "").strip()
    return Claim(
        asset=listing.printable(row.get("dns") or row.get("fqdn") or row.get("netbios") or row.get("ip", "")),
        title=listing.printable(row.get("title", ""))[:300],
        plugin=f"QID {listing.printable(row.get('qid', ''))[:32]}",
        vulnerabilities=tuple(dict.fromkeys(_CVE.findall(row.get("cve id", "")))),
        severity="info" if kind.startswith("ig") or kind == "info" else f"{severity} of 5" if severity else "",
        first_seen=_when(row.get("first detected", "")),
        last_seen=_when(row.get("last detected", "")),
        fix=listing.printable(row.get("solution", ""))[:500],
    )


def _when(text: str) -> datetime | None:
    """A scanner's date; None for one that cannot be read, or is in a zone not known here. Without a zone it is UTC."""
    stated = text.strip()
    dated = _TENABLE_DATE.match(stated)
    if dated and (dated["zone"] or "UTC") not in _ZONES:
        return None
    try:
        if dated:
            zone = timezone(timedelta(hours=_ZONES[dated["zone"] or "UTC"]))
            return datetime.strptime(dated["day"], "%b %d, %Y %H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
        return datetime.strptime(stated, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
