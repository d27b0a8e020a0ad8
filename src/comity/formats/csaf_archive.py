"""Keep the documents of one CSAF provider as one archive: what came, when it last changed, how it was checked.

A zip with `comity-csaf.json` first and each document under its SHA-256. Equal documents and equal checks give equal
bytes: no clock, no owner and no path of the machine goes in.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from comity.errors import Invalid, Problem
from comity.formats import csaf_read, packed, parse
from comity.formats.csaf_dialect import dialect_of
from comity.formats.parse import Json
from comity.model.advisory import Advisory
from comity.model.handling import Tlp

LIST: Final = "comity-csaf.json"
FORMAT: Final = "comity-csaf/1"
DOCUMENT: Final = parse.Limits(document_bytes=16 * 1024 * 1024, depth=64)
"""CSAF 2.0 section 9.1.5 lets a document have 15 MB."""
MOST: Final = 100_000
UNPACKED: Final = 4 * 1024 * 1024 * 1024
WEAKNESSES: Final = 500
"""Of one document."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `updated` is what the provider's feed or change list says of it."""

    url: str
    updated: datetime | None
    sha256: str
    checked: str
    """Which hash file of the provider fits: sha512, sha256, or "" where the provider has none."""
    signed: str
    """Fingerprint of the provider's key whose signature holds; "" where there is none, or nothing to check with."""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive says of itself."""

    format: str
    provider: str
    """Address of the provider's metadata."""
    publisher: str
    updated: datetime | None
    """`last_updated` of the metadata."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An archive that was read. One advisory a weakness, as public as CSAF's WHITE and CLEAR are."""

    listing: Listing
    advisories: tuple[Advisory, ...]
    as_of: datetime | None
    left_out: tuple[Problem, ...] = ()


def write(listing: Listing, documents: Mapping[str, bytes]) -> bytes:
    """The archive. `documents` are by SHA-256; each entry's must be there."""
    out = io.BytesIO()
    ordered = msgspec.structs.replace(listing, entries=tuple(sorted(listing.entries, key=lambda one: one.url)))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(_member(LIST), msgspec.json.encode(ordered))
        for name in sorted({one.sha256 for one in listing.entries}):
            archive.writestr(_member(f"documents/{name}.json"), documents[name])
    return out.getvalue()


def recognises(data: bytes) -> bool:
    """Whether this is such an archive."""
    return data[:4] == packed.ZIP and packed.names(data)[:1] == (LIST,)


def unpack(data: bytes) -> tuple[Listing, dict[str, bytes]]:
    """The list and the documents by SHA-256. Invalid when one is missing or is not what its name says."""
    chunks = packed.members(data, wanted=lambda name: name == LIST, most=1, limit=UNPACKED, each=64 * 1024 * 1024)
    try:
        listing = msgspec.json.decode(next(chunks, ("", b""))[1], type=Listing)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("no archive of a CSAF provider", [Problem(f"/{LIST}", "unreadable", str(error)[:200])]) from error
    if listing.format != FORMAT or len(listing.entries) > MOST:
        reason = f"this release reads {FORMAT} with at most {MOST} documents"
        raise Invalid("no archive of a CSAF provider", [Problem(f"/{LIST}", "unknown_format", reason)])
    documents = {
        hashlib.sha256(body).hexdigest(): body
        for _, body in packed.members(
            data, wanted=lambda name: name != LIST, most=MOST, limit=UNPACKED, each=DOCUMENT.document_bytes
        )
    }
    for place, one in enumerate(listing.entries):
        if one.sha256 not in documents:
            reason = "the document is missing, or its bytes are not those that were fetched"
            raise Invalid("a damaged archive", [Problem(f"/entries/{place}", "wrong_digest", reason)])
    return listing, documents


def read(data: bytes) -> Held:
    """Every advisory. A document that breaks CSAF, or that is not for everybody, is listed and left out."""
    listing, documents = unpack(data)
    found: list[Advisory] = []
    left_out: list[Problem] = []
    for place, one in enumerate(listing.entries):
        said = advisories(documents[one.sha256])
        if isinstance(said, Problem):
            left_out.append(Problem(f"/entries/{place}{said.pointer}", said.code, said.reason))
        else:
            found.extend(said)
    dates = [one.modified_at for one in found]
    return Held(listing=listing, advisories=tuple(found), as_of=max(dates, default=None), left_out=tuple(left_out))


def advisories(document: bytes) -> Sequence[Advisory] | Problem:
    """What one document says, one advisory a weakness; or why it is left out."""
    try:
        held = parse.decode(document, DOCUMENT, controls=True)
        if not isinstance(held, dict) or "document" not in held:
            return Problem("", "unknown_format", "this is no CSAF document")
        found = tuple(csaf_read.each(_named(held), WEAKNESSES, dialect_of(held)))
    except Invalid as error:
        return error.problems[0] if error.problems else Problem("", "unreadable", str(error))
    if any(one.handling.tlp is not Tlp.CLEAR for one in found):
        return Problem("/document/distribution/tlp", "not_public", "it is not marked for everybody, so it is not kept")
    return found


def _named(document: dict[str, Json]) -> dict[str, Json]:
    """A document without a label counts as public where the provider puts it into an open place (CSAF 2.0, 7.1.2)."""
    head = document.get("document")
    if not isinstance(head, dict):
        return document
    stated = head.get("distribution", {})
    if not isinstance(stated, dict) or "tlp" in stated:
        return document
    label = dialect_of(document).labels[Tlp.CLEAR]
    return {**document, "document": {**head, "distribution": {**stated, "tlp": {"label": label}}}}


def _member(name: str) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    made.compress_type = zipfile.ZIP_DEFLATED
    made.external_attr = 0o600 << 16
    made.create_system = 3
    return made
