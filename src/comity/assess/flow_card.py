"""Sign a card into one file, and open such a file anywhere: it carries the key's document inside what is signed.

A card file is opened in these steps; each refusal names its step:
 (1) the file is byte for byte the envelope that it holds, so that no byte can be added, moved or changed unseen
 (2) the card names its signer's key; the signature by that key covers the card
 (3) where the reader names a key to trust, it is that key; else the reader is told whose it claims to be
 (4) where the terms named the developer's own key, its signatures hold for this card's terms and digests
Nothing is fetched and no store is needed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import rfc8785

from comity.assess.card import body
from comity.errors import Tampered
from comity.sealing import dsse, papers
from comity.sealing.keys import PublicKey, SigningKey, read_public

TYPE: Final = "application/vnd.comity.card+json"
KEY: Final = "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A card whose signature holds. `trusted` is False when the reader named no key to hold it against."""

    card: Mapping[str, Any]
    key: PublicKey
    trusted: bool
    mark: str = ""
    """Of an export: whose copy it is."""
    own: tuple[str, ...] = ()
    """What the developer signed with its own key; empty: the host states who signed."""


def sign(card: Mapping[str, Any], key: SigningKey) -> bytes:
    """The card file."""
    held = {**card, KEY: json.loads(key.public.export())}
    return canonical(dsse.sign(body(held), TYPE, key))


def open_card(file: bytes, *, trusted: PublicKey | None = None) -> Opened:
    """Open a card file. Tampered names the step that failed."""
    # (1)
    payload = dsse.payload_unverified(file)
    if canonical(file) != file:
        raise Tampered("(1) the file is not the one that was signed: a byte was added, moved or changed")
    # (2)
    try:
        card: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
        key = read_public(msgspec.json.encode(card.get(KEY)))
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Tampered("(2) the file holds no card") from error
    dsse.verify(file, TYPE, [key])
    if not _is_canonical(card, payload):
        raise Tampered("(2) the card is not in its canonical form")
    # (3)
    if trusted is not None and trusted.id != key.id:
        raise Tampered(f"(3) signed by {key.id[:16]}, not by the key you named ({trusted.id[:16]})")
    return Opened(card=card, key=key, trusted=trusted is not None, own=_own(card))


def _own(card: Mapping[str, Any]) -> tuple[str, ...]:
    """(4)"""
    said: Mapping[str, Any] = card.get("developer", {})
    if not said.get("key"):
        return ()
    held = card["sections"]["battery"]["items"]
    wanted = {
        "sign": held.get("commitment terms"),
        "countersign": held.get("commitment battery root of the engagement"),
    }
    found = {}
    try:
        key = PublicKey(raw=bytes.fromhex(said["key"]))
        for envelope in said["papers"]:
            for name, about in papers.verify(envelope.encode(), [key]).subjects.items():
                found[name.partition(" ")[0]] = about
    except (ValueError, TypeError, AttributeError) as error:
        raise Tampered("(4) the developer's signatures cannot be read") from error
    if found != wanted:
        raise Tampered("(4) the developer's own signatures are not about this card's terms and digests")
    return tuple(sorted(found))


def _is_canonical(card: Mapping[str, Any], payload: bytes) -> bool:
    try:
        return body(card) == payload
    except rfc8785.CanonicalizationError:
        return False


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    keyid: str
    sig: bytes


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    payload: bytes
    payloadType: str  # noqa: N815  # DSSE's own name
    signatures: list[_Signature]


def canonical(file: bytes) -> bytes:
    """The one way to write this envelope: known fields in order, standard base64 (whose last letter has spare bits)."""
    try:
        return msgspec.json.encode(msgspec.json.decode(file, type=_Envelope), order="sorted") + b"\n"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Tampered("(1) this is no card file") from error
