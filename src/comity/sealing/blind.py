"""Commit to what will be asked, lock what a match says, and sign when a question came: the seals of the blind check.

A commitment is SHA-256 over a salt of 32 random bytes and the committed bytes, so nothing that is easy to guess can be
read from it. A shelf entry is 16 bytes of a tag and a label that only the rest of that tag opens: whoever cannot
compute the tag learns neither. The receipt is a DSSE envelope that proves later, with the salt, who asked first.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import Tampered
from comity.model.blind import Label, Prior
from comity.model.ids import Digest, digest
from comity.sealing import dsse
from comity.sealing.keys import PublicKey, SigningKey

SALT_BYTES: Final = 32
NAME_BYTES: Final = 16
ENTRY_BYTES: Final = NAME_BYTES + 12 + 2 + 16
"""Name, nonce, label, authentication: every entry has this length."""
RECEIPT: Final = "application/vnd.comity.blind-receipt+json"
_PRIORS: Final = tuple(Prior)


def salt() -> bytes:
    """32 bytes that nobody guesses."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt_: bytes, committed: bytes) -> Digest:
    """SHA-256 of salt and bytes, under this protocol's own name."""
    return digest(b"comity blind commitment 1\0" + salt_ + committed)


def entry(tag: bytes, label: Label) -> bytes:
    """The shelf entry of one tag: the same bytes while its label is, so that asking twice tells it from no filler."""
    plain = bytes([_PRIORS.index(label.prior), label.is_published])
    nonce = hashlib.sha256(b"comity blind nonce 1\0" + tag + plain).digest()[:12]
    return tag[:NAME_BYTES] + nonce + AESGCM(_key(tag)).encrypt(nonce, plain, tag[:NAME_BYTES])


def filler(seed: bytes, place: int, *, size: int = ENTRY_BYTES) -> bytes:
    """An entry that is none: the same each time it is asked for, and like the others to whoever holds no tag.

    A longer one begins like a shorter one.
    """
    return hashlib.shake_256(b"comity blind filler 1\0" + seed + place.to_bytes(4, "big")).digest(size)


def found(tag: bytes, shelf: Sequence[bytes]) -> Label | None:
    """The label of this tag on a shelf, or None. Tampered for an entry of this name that the tag does not open."""
    for one in shelf:
        if len(one) == ENTRY_BYTES and one[:NAME_BYTES] == tag[:NAME_BYTES]:
            nonce, body = one[NAME_BYTES : NAME_BYTES + 12], one[NAME_BYTES + 12 :]
            try:
                plain = AESGCM(_key(tag)).decrypt(nonce, body, tag[:NAME_BYTES])
            except InvalidTag as error:
                raise Tampered("an answer of the host does not open: do not use it") from error
            if len(plain) != 2 or plain[0] >= len(_PRIORS):
                raise Tampered("an answer of the host has no meaning here: do not use it")
            return Label(prior=_PRIORS[plain[0]], is_published=bool(plain[1]))
    return None


def _key(tag: bytes) -> bytes:
    return hashlib.sha256(b"comity blind label 1\0" + tag[NAME_BYTES:]).digest()


class Receipt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the host signs before it answers: it names nobody, and shows nothing without the salt."""

    question: str
    document: str
    """Salted commitment to the report."""
    commitments: tuple[str, ...]
    epoch: int
    public: str
    """The key's element of that epoch, hex."""
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """A receipt whose signature holds, and the key that made it."""

    receipt: Receipt
    key: PublicKey


def sign_receipt(receipt: Receipt, key: SigningKey) -> bytes:
    """The receipt in a DSSE envelope, over canonical bytes (RFC 8785)."""
    return dsse.sign(rfc8785.dumps(msgspec.to_builtins(receipt)), RECEIPT, key)


def is_sheet(data: bytes) -> bool:
    """Whether these bytes are what an asker keeps to themselves, secrets and all, and no receipt."""
    try:
        return bool({"lines", "salt"} & msgspec.json.decode(data, type=dict[str, msgspec.Raw]).keys())
    except (msgspec.DecodeError, RecursionError):
        return False


def read_receipt(envelope: bytes, trusted: Sequence[PublicKey]) -> Proved:
    """Open a receipt that one of these keys signed. Tampered names what broke."""
    opened = dsse.verify(envelope, RECEIPT, trusted)
    try:
        receipt = msgspec.json.decode(opened.payload, type=Receipt)
    except msgspec.DecodeError as error:
        raise Tampered("the receipt is signed, and its content is not that of a receipt") from error
    return Proved(receipt=receipt, key=opened.key)
