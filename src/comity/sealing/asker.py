"""The asker's side of the blind check: what stays at home, what is sent, and what the answer means.

(1) every fingerprint and the report itself are committed to under fresh salts
(2) every fingerprint is blinded; the host gets commitments, levels and blinded elements, and no more
(3) the host's proof is held against its published key, then the blinds come off
(4) tags are looked up on shelves here, so the host cannot tell a match from none
The sheet holds all secrets: whoever keeps it can open the question, and nobody else can.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from comity.errors import Invalid, Tampered
from comity.model.blind import Label, Level, Print
from comity.model.ids import Digest, digest
from comity.sealing import blind, oprf, private_file

LIMIT_BYTES: Final = 256 * 1024


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fingerprint with its secrets."""

    level: int
    text: str
    salt: bytes
    blind: bytes


class Sheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the asker keeps, as a private file. `question` and `receipt` are empty until the host has answered."""

    document: Digest
    """Digest of the report's bytes: the opening brings exactly these."""
    salt: bytes
    lines: tuple[Line, ...]
    host: str = ""
    question: str = ""
    receipt: bytes = b""

    @property
    def commitment(self) -> Digest:
        """The salted commitment to the report."""
        return blind.commitment(self.salt, self.document.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A tag and the bucket that it would lie in."""

    level: Level
    tag: bytes
    bucket: int


def prepare(document: bytes, prints: Sequence[Print]) -> Sheet:
    """(1) and the secrets of (2). Invalid when the finding offers no fingerprint."""
    if not prints:
        raise Invalid(
            "this finding cannot be asked about: give it a file and function together with the introducing commit or a "
            "weakness class, a patch, or three crash frames"
        )
    lines = tuple(
        Line(level=one.level, text=one.text, salt=blind.salt(), blind=oprf.Question.about(one.secret_input).blind)
        for one in prints
    )
    return Sheet(document=digest(document), salt=blind.salt(), lines=lines)


def sent(sheet: Sheet) -> dict[str, object]:
    """(2) The request's body: nothing in it can be read without the sheet."""
    return {
        "document": sheet.commitment,
        "parts": [
            {
                "level": Level(line.level).name.lower(),
                "commitment": blind.commitment(line.salt, _input(line)),
                "element": base64.b64encode(question.element).decode(),
            }
            for line, question in zip(sheet.lines, _blinded(sheet), strict=True)
        ],
    }


def wanted(
    sheet: Sheet, *, evaluated: Sequence[bytes], proof: bytes, public: bytes, bits: Mapping[str, int]
) -> tuple[Wanted, ...]:
    """(3) The tags, finest level first, and where each would lie. Tampered when the proof or the sizes do not hold."""
    answer = oprf.Answer(evaluated=tuple(evaluated), proof=proof)
    tags = oprf.tags(_blinded(sheet), answer, public=public)
    found = []
    for line, tag in zip(sheet.lines, tags, strict=True):
        level = Level(line.level)
        width = bits.get(level.name.lower(), -1)
        if not 0 <= width <= 32:
            raise Tampered("the host names no size for a shelf that was asked for: do not use this answer")
        found.append(Wanted(level=level, tag=tag, bucket=int.from_bytes(tag[:4], "big") >> (32 - width)))
    return tuple(found)


def matched(one: Wanted, shelf: Sequence[bytes]) -> Label | None:
    """(4) What the host said of this fingerprint; None: not known there."""
    return blind.found(one.tag, shelf)


def areas(sheet: Sheet, *, evaluated: Sequence[bytes], proof: bytes, public: bytes) -> dict[str, bytes]:
    """(3) for a question about an area: the tag of each of its parts, by the part's text."""
    tags = oprf.tags(_blinded(sheet), oprf.Answer(evaluated=tuple(evaluated), proof=proof), public=public)
    return {line.text: tag for line, tag in zip(sheet.lines, tags, strict=True)}


def opening(sheet: Sheet, document: bytes) -> dict[str, object]:
    """The opening's body. Invalid when this is not the report that was asked about."""
    if digest(document) != sheet.document:
        raise Invalid("this is not the report that was asked about: an opening brings exactly the same bytes")
    text = base64.b64encode
    return {
        "document": text(document).decode(),
        "salts": [text(sheet.salt).decode(), *(text(line.salt).decode() for line in sheet.lines)],
        "blinds": [text(line.blind).decode() for line in sheet.lines],
    }


def first(sheet: Sheet, receipt: blind.Receipt) -> bool:
    """Whether a receipt is about this very question: priority is proved by it and the sheet together."""
    ours = tuple(blind.commitment(line.salt, _input(line)) for line in sheet.lines)
    return receipt.document == sheet.commitment and receipt.commitments == ours


def write(sheet: Sheet) -> bytes:
    """The sheet as JSON."""
    return private_file.write(sheet)


def read(data: bytes) -> Sheet:
    """A sheet that `write` made. Invalid for anything else."""
    return private_file.read(data, Sheet, what="sheet of a blind check", most=LIMIT_BYTES)


def _input(line: Line) -> bytes:
    return Print(level=Level(line.level), text=line.text).secret_input


def _blinded(sheet: Sheet) -> tuple[oprf.Question, ...]:
    return tuple(oprf.Question.blinded_by(line.blind, _input(line)) for line in sheet.lines)
