"""A copy of a card, or of its released sections, for one named person: wrapped, marked, and still verifiable.

The card file itself stays byte for byte what was signed. Around it goes a wrapper with the recipient's mark and the
host's signed statement that this copy went to that person: whoever passes the copy on passes the mark on, or takes the
card out of the wrapper and so says that they did. Steps of `unwrap`; each refusal names its step:
 (1) the file is byte for byte the one way to write what it holds
 (2) the statement's signature holds, by the key that signed the card (or by one that the reader named)
 (3) what is wrapped is what the statement is about, and the mark is the one that the statement names
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from comity.assess import redact
from comity.errors import Invalid, Tampered
from comity.formats.parse import Limits, decode
from comity.model import ids
from comity.model.ids import Digest
from comity.sealing import papers
from comity.sealing.keys import PublicKey

SCHEMA: Final = "comity-export/1"
KIND: Final = "export"
CARD: Final = "card"
RELEASED: Final = "released"
WHAT: Final = (CARD, RELEASED)
LIMIT: Final = Limits(document_bytes=24 * 1024 * 1024, depth=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An export whose wrapper holds. `held` is the card file, or the released sections."""

    what: str
    held: Any
    mark: str
    given_to: str
    engagement: str
    key: PublicKey


def is_export(file: bytes) -> bool:
    """Whether this looks like a wrapper; says nothing about whether it holds."""
    return SCHEMA.encode() in file[-4096:] or SCHEMA.encode() in file[:4096]


def digest_of(what: str, held: Any) -> Digest:
    """What the statement is about: the card's bytes, or the sections with every stub."""
    return ids.digest(held) if what == CARD else redact.digest(held)


def wrap(what: str, held: Any, *, mark: str, statement: bytes) -> bytes:
    """The wrapper around a card's bytes or around released sections."""
    inner = base64.b64encode(held).decode() if what == CARD else held
    from comity.assess.flow_card import canonical  # it needs comity[assess]; a host starts without

    made = {"schema": SCHEMA, "mark": mark, "statement": canonical(statement).decode(), what: inner}
    return rfc8785.dumps(made) + b"\n"


def unwrap(file: bytes, trusted: Sequence[PublicKey]) -> Copy:
    """Open an export. `trusted`: keys that may have signed the statement."""
    # (1)
    made = _read(file)
    what = CARD if CARD in made else RELEASED
    try:
        held: Any = base64.b64decode(made[CARD], validate=True) if what == CARD else made[RELEASED]
        about = digest_of(what, held)
        mark, statement = str(made["mark"]), str(made["statement"]).encode()
    except (ValueError, KeyError, TypeError, AttributeError, Invalid) as error:
        raise Tampered("(1) this export holds neither a card nor released sections") from error
    if wrap(what, held, mark=mark, statement=statement) != file:
        raise Tampered("(1) the file is not the one that was made: a byte was added, moved or changed")
    # (2)
    said = papers.verify(statement, trusted)
    # (3)
    told: Mapping[str, object] = said.predicate
    wanted = f"{what} of {told.get('engagement')}"
    if told.get("kind") != KIND or told.get("mark") != mark or said.subjects.get(wanted) != about:
        raise Tampered("(3) the statement is about another copy than the one in this file")
    return Copy(
        what=what,
        held=held,
        mark=mark,
        given_to=str(told.get("given_to", "")),
        engagement=str(told.get("engagement", "")),
        key=said.key,
    )


def card_in(file: bytes) -> bytes:
    """The card file inside, before anything is trusted: its signer's key is then asked of `unwrap`."""
    made = _read(file)
    if CARD not in made:
        raise Invalid("these are released sections: there is no card in them to work out again")
    try:
        return base64.b64decode(made[CARD], validate=True)
    except (ValueError, TypeError) as error:
        raise Tampered("(1) this export holds no card") from error


def _read(file: bytes) -> dict[str, Any]:
    try:
        made = decode(file, LIMIT)
    except Invalid as error:
        raise Tampered("(1) this is no export") from error
    if not isinstance(made, dict) or made.get("schema") != SCHEMA or len(made) != len(("s", "m", "st", "held")):
        raise Tampered("(1) this is no export")
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain
