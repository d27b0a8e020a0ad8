"""Read records of weaknesses as sources: CSAF, OSV and CVE by their codecs, KEV entry by entry.

A record's text is laid out as sentences of its own fields, in one order, so that spans point into it. Nothing is added
but the field's name where a value would not stand by itself.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from comity.brief.page import clean
from comity.errors import Invalid, Problem
from comity.formats import parse
from comity.formats.parse import Json
from comity.model.advisory import Advisory
from comity.model.handling import Tlp

LIMITS: Final = parse.Limits(document_bytes=64 * 1024 * 1024, depth=64)
MOST_KEV: Final = 20
"""Of a whole KEV catalogue the newest entries are read; more is no brief."""


class Told(NamedTuple):
    """One record as text. `tlp` is the record's own label, CLEAR where the format has none."""

    kind: str
    title: str
    text: str
    published_at: datetime | None
    publisher: str
    url: str
    tlp: Tlp
    left_out: int = 0


def kind_of(document: Json) -> str:
    """csaf, osv, cve, kev, or "" for any other JSON."""
    if not isinstance(document, dict):
        return ""
    head = document.get("document")
    if isinstance(head, dict) and "csaf_version" in head:
        return "csaf"
    if document.get("dataType") == "CVE_RECORD" or ("cveMetadata" in document and "containers" in document):
        return "cve"
    if "cveID" in document or (isinstance(document.get("vulnerabilities"), list) and "catalogVersion" in document):
        return "kev"
    return "osv" if "id" in document and ("modified" in document or "affected" in document) else ""


def read(content: bytes, document: Json, kind: str) -> tuple[Told, ...]:
    """The records in a document of that kind. Invalid when the format's own rules are broken."""
    from comity.formats import csaf, cve, osv  # the schemas' library is slow to load, and a page needs none of it

    match kind:
        case "csaf":
            return (_advisory(csaf.Csaf(limits=LIMITS).read(content), kind),)
        case "osv":
            return (_advisory(osv.Osv(limits=LIMITS).read(content), kind),)
        case "cve":
            return (_advisory(cve.Cve(limits=LIMITS).read(content), kind),)
        case _:
            return tuple(_kev(document))


def _advisory(held: Advisory, kind: str) -> Told:
    lines = [held.title, held.summary, held.details]
    names = [str(held.id), *held.aliases]
    lines.append(f"The record is {', '.join(dict.fromkeys(names))}.")
    if held.cwes:
        lines.append(f"Weakness: {', '.join(held.cwes)}.")
    if held.withdrawn_at is not None:
        lines.append(f"The record was withdrawn on {held.withdrawn_at.date().isoformat()}.")
    lines += [held.remediation, held.workaround]
    seen: list[str] = []
    for line in (clean(part) for part in lines):
        if line and line not in seen:
            seen.append(line if line[-1] in ".!?:" else f"{line}.")
    return Told(
        kind=kind,
        title=clean(held.title),
        text="\n\n".join(dict.fromkeys(seen)),
        published_at=held.published_at,
        publisher=held.publisher.name if held.publisher else "",
        url=next((one.url for one in held.references), ""),
        tlp=held.handling.tlp,
    )


def _kev(document: Json) -> Iterator[Told]:
    listed = document.get("vulnerabilities", [document]) if isinstance(document, dict) else []
    entries = [one for one in listed if isinstance(one, dict) and isinstance(one.get("cveID"), str)]  # type: ignore[union-attr]  # a list by kind_of, or the document itself
    if not entries:
        raise Invalid("not a KEV record", [Problem("/vulnerabilities", "missing_field", "give CISA's JSON")])
    entries.sort(key=lambda one: (str(one.get("dateAdded", "")), str(one["cveID"])), reverse=True)
    for entry in entries[:MOST_KEV]:
        added = _day(entry.get("dateAdded"))
        parts = [
            f"{_word(entry, 'vulnerabilityName')}.",
            _word(entry, "shortDescription"),
            f"{_word(entry, 'cveID')} was added to the catalogue of known exploited vulnerabilities"
            + (f" on {_word(entry, 'dateAdded')}." if added else "."),
            _word(entry, "requiredAction"),
            f"The due date is {_word(entry, 'dueDate')}." if _word(entry, "dueDate") else "",
        ]
        yield Told(
            kind="kev",
            title=_word(entry, "vulnerabilityName"),
            text="\n\n".join(part for part in parts if part.strip(". ")),
            published_at=datetime(added.year, added.month, added.day, tzinfo=UTC) if added else None,
            publisher="CISA",
            url="",
            tlp=Tlp.CLEAR,
            left_out=max(0, len(entries) - MOST_KEV),
        )


def _word(entry: dict[str, Json], key: str) -> str:
    value = entry.get(key)
    return clean(value) if isinstance(value, str) else ""


def _day(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
