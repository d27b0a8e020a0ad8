"""A developer's own signature under terms, digests and comment: checked here, kept beside the host's statement.

The key is the one that the signed terms name (Ed25519, 32 bytes). Where they name one, these three acts of the
developer's signatory take its signature; where they name none, the host states who signed, and every page says so.
Leaving is never made harder: closing and withdrawing take no signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from comity.assess import moves
from comity.errors import Conflict, Invalid, Problem, Tampered
from comity.model.dossier import Engagement, comment_digest
from comity.model.engagement import Seat
from comity.model.ids import Digest
from comity.sealing import papers
from comity.sealing.keys import PublicKey

ACTS: Final = frozenset({"sign", "countersign", "comment"})
KIND: Final = "signature"
FIELD: Final = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A signature that holds."""

    key: str
    """Id of the developer's key."""
    envelope: bytes


def subject(engagement: str, act: str) -> str:
    """Name under which a signature is about a digest: it holds for one act of one engagement."""
    return f"{act} of {engagement}"


def checked(held: Engagement, act: str, seat: Seat, values: Mapping[str, str]) -> Own | None:
    """The developer's own signature under what this act signs; None where the terms name no key.

    Conflict when it is missing; Tampered when it is by another key, or about something else.
    """
    terms = held.in_hand
    if act not in ACTS or seat is not Seat.SIGNATORY or terms is None or not terms.developer_key:
        return None
    given = values.get(FIELD, "").strip()
    if not given:
        raise Conflict(
            "these terms name the developer's own key: sign with it (`comity assess "
            f"{act} ENGAGEMENT --own-key FILE`); the host's word alone does not do here"
        )
    key = PublicKey(raw=bytes.fromhex(terms.developer_key))
    found = papers.verify(given.encode(), [key])
    if found.subjects != {subject(held.id, act): _about(held, act, values)}:
        raise Tampered("the signature holds, and is about something else than what lies here now")
    if found.predicate.get("kind") != KIND or found.predicate.get("engagement") != held.id:
        raise Tampered("the signature holds, and is no signature of this engagement")
    return Own(key=key.id, envelope=given.encode())


def _about(held: Engagement, act: str, values: Mapping[str, str]) -> Digest:
    match act:
        case "sign":
            found = moves.digest_in_hand(held)
        case "countersign":
            found = held.sealing.battery_root if held.sealing else None
        case _:
            words = values.get("comment", "").replace("\r\n", "\n").strip()
            found = comment_digest(held.card.digest if held.card else None, words)
    if found is None:
        raise Invalid("there is nothing to sign yet", [Problem(f"/{FIELD}", "too_early", "wait for the other side")])
    return found
