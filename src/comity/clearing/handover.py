"""Compose what a case takes along to another host, and read what another host sends. Pure: bytes in, values out.

A letter is canonical JSON (RFC 8785) of fixed fields, signed whole. The documents lie beside it and are named in it by
SHA-256, so that a letter of a few kB vouches for files of many MB, in this order and no other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

import msgspec
import rfc8785

from comity.errors import Invalid, Problem
from comity.formats import personal, times
from comity.formats.personal import Found
from comity.formats.report import ReportDocument
from comity.model.basis import Ground
from comity.model.case import Case
from comity.model.federation import REPORT, STATEMENT, Enclosed, Letter
from comity.model.handling import Tlp
from comity.model.ids import CaseId, Digest, Receipt, digest, is_digest
from comity.model.report import Finding, Report

SCHEMA: Final = "comity-hand-over/1"
RECEIPT_SCHEMA: Final = "comity-hand-over-receipt/1"
MOST: Final = 100
"""Documents that one letter encloses."""
TEXTS: Final = ("summary", "description", "trigger", "impact", "preconditions", "fix", "workaround")
"""Fields of a finding in which people write."""


def document(report: Report, case: Case, payloads: Mapping[Digest, bytes]) -> bytes:
    """A report as it travels: its own words and files, with the embargo of the case as the wish it goes under."""
    return ReportDocument().write(as_it_leaves(report, case), payloads)


def as_it_leaves(report: Report, case: Case) -> Finding:
    """The finding: handling is never looser than the case's, and the finder's own date is kept where it is later."""
    finding = report.finding
    dates = [day for day in (finding.wishes.publish_after, case.embargo_until) if day is not None]
    held = finding.handling.tightened_to(case.handling.tlp)
    no_equities = finding.handling.no_equities_use or case.handling.no_equities_use
    return replace(
        finding,
        handling=replace(held, no_equities_use=no_equities),
        wishes=replace(finding.wishes, publish_after=max(dates, default=None)),
    )


def left(findings: Sequence[Finding], reasons: Mapping[str, str]) -> tuple[Found, ...]:
    """What looks like personal information in these texts and has no reason to go along (6 USC 1503(d)(2))."""
    fields = {f"{place}/{name}": str(getattr(one, name)) for place, one in enumerate(findings) for name in TEXTS}
    found = personal.unexplained(fields, reasons)
    return tuple({one.text: one for one in found}.values())


def enclose(reports: Sequence[bytes], statements: Sequence[bytes]) -> tuple[Enclosed, ...]:
    """The list of what travels: reports first, then statements."""
    return tuple(
        Enclosed(kind=kind, digest=digest(data), size_bytes=len(data))
        for kind, documents in ((REPORT, reports), (STATEMENT, statements))
        for data in documents
    )


def letter_bytes(letter: Letter) -> bytes:
    """The canonical bytes that are signed."""
    return rfc8785.dumps(
        {
            "schema": SCHEMA,
            "id": letter.id,
            "sent_at": times.write(letter.sent_at),
            "case": letter.case,
            "from_key": letter.from_key,
            "to_key": letter.to_key,
            "by": letter.by,
            "why": letter.why,
            "ground": {
                "id": letter.ground.id,
                "name": letter.ground.name,
                "in_force_from": _day(letter.ground.in_force_from),
                "in_force_until": _day(letter.ground.in_force_until),
            },
            "tlp": letter.tlp.label,
            "no_equities_use": letter.no_equities_use,
            "embargo_until": None if letter.embargo_until is None else times.write(letter.embargo_until),
            "embargo_basis": letter.embargo_basis,
            "enclosed": [
                {"kind": one.kind, "sha256": one.digest, "size_bytes": one.size_bytes} for one in letter.enclosed
            ],
        }
    )


class _Ground(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str
    in_force_from: date | None
    in_force_until: date | None


class _Enclosed(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    sha256: str
    size_bytes: int


class _Letter(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    id: str
    sent_at: datetime
    case: str
    from_key: str
    to_key: str
    by: str
    why: str
    ground: _Ground
    tlp: str
    no_equities_use: bool
    embargo_until: datetime | None
    embargo_basis: str
    enclosed: list[_Enclosed]


def read_letter(payload: bytes) -> Letter:
    """The letter of these signed bytes. Invalid for a shape or a value that this contract does not know."""
    try:
        held = msgspec.json.decode(payload, type=_Letter)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("", "bad_shape", f"must be {SCHEMA}: {error}") from error
    labels = {tlp.label: tlp for tlp in Tlp}
    if held.schema != SCHEMA:
        raise _bad("/schema", "unknown_schema", f"must be {SCHEMA}")
    if held.tlp not in labels:
        raise _bad("/tlp", "unknown_label", f"one of {', '.join(labels)}")
    if not 1 <= len(held.enclosed) <= MOST or held.enclosed[0].kind != REPORT:
        raise _bad("/enclosed", "bad_list", f"1 to {MOST} documents, a report first")
    for place, one in enumerate(held.enclosed):
        if one.kind not in (REPORT, STATEMENT) or not is_digest(one.sha256) or one.size_bytes < 1:
            raise _bad(f"/enclosed/{place}", "bad_document", "a report or a statement, with its SHA-256 and size")
    for name in ("sent_at", "embargo_until"):
        moment = getattr(held, name)
        if moment is not None and moment.tzinfo is None:
            raise _bad(f"/{name}", "invalid_time", "must carry its offset from UTC")
    for name, most in (("id", 64), ("case", 64), ("by", 300), ("why", 500), ("embargo_basis", 500)):
        text = getattr(held, name)
        if len(text) > most or not text.isprintable():
            raise _bad(f"/{name}", "bad_text", f"one line of at most {most} characters")
    ground = held.ground
    return Letter(
        id=held.id,
        sent_at=held.sent_at,
        case=CaseId(held.case),
        from_key=held.from_key,
        to_key=held.to_key,
        by=held.by,
        why=held.why,
        ground=Ground(
            id=ground.id[:64],
            name=ground.name[:200],
            in_force_from=ground.in_force_from,
            in_force_until=ground.in_force_until,
        ),
        tlp=labels[held.tlp],
        no_equities_use=held.no_equities_use,
        embargo_until=held.embargo_until,
        embargo_basis=held.embargo_basis,
        enclosed=tuple(
            Enclosed(kind=one.kind, digest=Digest(one.sha256), size_bytes=one.size_bytes) for one in held.enclosed
        ),
    )


def parted(letter: Letter, documents: Sequence[bytes]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Reports and statements, once each is the one that the letter names. Invalid for anything else."""
    if len(documents) != len(letter.enclosed):
        raise _bad("/documents", "bad_list", f"the letter names {len(letter.enclosed)} documents")
    for place, (one, data) in enumerate(zip(letter.enclosed, documents, strict=True)):
        if len(data) != one.size_bytes or digest(data) != one.digest:
            raise _bad(f"/documents/{place}", "changed", "this is not the document that the signed letter names")
    kinds = [one.kind for one in letter.enclosed]
    pairs = list(zip(kinds, documents, strict=True))
    return tuple(d for kind, d in pairs if kind == REPORT), tuple(d for kind, d in pairs if kind == STATEMENT)


def kept_to(letter: Letter, finding: Finding) -> Finding:
    """A finding as it is taken in: at least as strict as its letter says, with the later date of the two."""
    dates = [day for day in (finding.wishes.publish_after, letter.embargo_until) if day is not None]
    held = finding.handling.tightened_to(letter.tlp)
    return replace(
        finding,
        handling=replace(
            held,
            no_equities_use=held.no_equities_use or letter.no_equities_use,
            legal_basis=held.legal_basis or letter.ground.sentence,
        ),
        wishes=replace(finding.wishes, publish_after=max(dates, default=None)),
    )


def receipt_bytes(*, letter: Digest, receipts: Sequence[str], key: str, at: datetime) -> bytes:
    """The canonical bytes of a receipt: for which letter, the receipt of each report in its order, when."""
    return rfc8785.dumps(
        {"schema": RECEIPT_SCHEMA, "letter": letter, "key": key, "receipts": list(receipts), "at": times.write(at)}
    )


class _Receipt(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    letter: str
    key: str
    receipts: list[str]
    at: datetime


def read_receipt(payload: bytes, *, letter: Digest, reports: int) -> tuple[Receipt, ...]:
    """The receipts of the reports. Invalid unless it answers this letter and every report of it."""
    try:
        held = msgspec.json.decode(payload, type=_Receipt)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("/receipt", "bad_shape", f"must be {RECEIPT_SCHEMA}") from error
    if held.schema != RECEIPT_SCHEMA or held.letter != letter or len(held.receipts) != reports:
        raise _bad("/receipt", "other_letter", "the receipt answers another letter, or not all of this one")
    return tuple(Receipt(one) for one in held.receipts)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _bad(pointer: str, code: str, reason: str) -> Invalid:
    return Invalid("this is no hand-over", [Problem(pointer, code, reason)])
