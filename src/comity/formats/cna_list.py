"""Read the list of CVE Numbering Authorities in the shape in which the CVE Program publishes it (CNAsList.json).

An operator hands the file over: none is part of Comity, since it changes weekly. An entry that cannot be read is
counted and passed over; fields that are not needed are not looked at.
"""

from dataclasses import dataclass
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats.parse import Json, Limits, decode

LIMITS: Final = Limits(document_bytes=8 * 1024 * 1024)
ENTRIES: Final = 5_000
CONTACTS: Final = 20
TEXT: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One CNA: whom it answers for, in its own words (`scope`), and how it is reached."""

    id: str
    name: str
    short: str
    scope: str
    mails: tuple[str, ...]
    pages: tuple[str, ...]


def read(data: bytes) -> tuple[tuple[Authority, ...], int]:
    """The entries, and how many could not be read. Invalid for what is no such list."""
    document = decode(data, LIMITS, controls=True)
    if not isinstance(document, list) or len(document) > ENTRIES:
        raise Invalid("this is no list of CNAs", [Problem("", "wrong_type", f"a list of at most {ENTRIES} objects")])
    found, lost = [], 0
    for one in document:
        entry = _entry(one)
        if entry is None:
            lost += 1
        else:
            found.append(entry)
    if document and not found:
        raise Invalid(
            "this is no list of CNAs", [Problem("/0", "wrong_type", "organizationName and contact stand here")]
        )
    return tuple(found), lost


def _entry(one: Json) -> Authority | None:
    if not isinstance(one, dict):
        return None
    name, contact = one.get("organizationName"), one.get("contact")
    if not isinstance(name, str) or not name.strip() or not isinstance(contact, list):
        return None
    return Authority(
        id=_text(one.get("cnaID")),
        name=name.strip()[:TEXT],
        short=_text(one.get("shortName")),
        scope=_text(one.get("scope")),
        mails=_values(contact, "email", "emailAddr"),
        pages=(*_values(contact, "form", "url"), *_values(contact, "contact", "url")),
    )


def _text(value: Json) -> str:
    return value.strip()[:TEXT] if isinstance(value, str) else ""


def _values(contact: list[Json], group: str, field: str) -> tuple[str, ...]:
    found = []
    for one in contact:
        rows = one.get(group) if isinstance(one, dict) else None
        for row in rows if isinstance(rows, list) else []:
            value = _text(row.get(field)) if isinstance(row, dict) else ""
            if value:
                found.append(value)
    return tuple(dict.fromkeys(found))[:CONTACTS]
