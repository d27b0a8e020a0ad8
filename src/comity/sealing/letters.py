"""Sign and open what passes between two hosts: the letter of a hand-over, and the receipt that answers it."""

from typing import Final

from comity.sealing import dsse
from comity.sealing.keys import PublicKey, SigningKey

LETTER: Final = "application/vnd.comity.hand-over+json"
RECEIPT: Final = "application/vnd.comity.hand-over-receipt+json"
CLAIMS: Final = "application/vnd.comity.claims+json"
CLAIMS_RECEIPT: Final = "application/vnd.comity.claims-receipt+json"


def sign_letter(payload: bytes, key: SigningKey) -> bytes:
    """The letter in a DSSE envelope."""
    return dsse.sign(payload, LETTER, key)


def sign_receipt(payload: bytes, key: SigningKey) -> bytes:
    """The receipt in a DSSE envelope."""
    return dsse.sign(payload, RECEIPT, key)


def signer_named(envelope: bytes) -> tuple[str, ...]:
    """Ids of the keys that an envelope says it was signed with; nothing of it is believed yet."""
    return dsse.named(envelope)


def open_letter(envelope: bytes, key: PublicKey) -> bytes:
    """The letter's payload when this very key signed it, else `Tampered`."""
    return dsse.verify(envelope, LETTER, [key]).payload


def open_receipt(envelope: bytes, key: PublicKey) -> bytes:
    """The receipt's payload when this very key signed it, else `Tampered`."""
    return dsse.verify(envelope, RECEIPT, [key]).payload


def sign_claims(payload: bytes, key: SigningKey) -> bytes:
    """A letter about scan claims in a DSSE envelope."""
    return dsse.sign(payload, CLAIMS, key)


def open_claims(envelope: bytes, key: PublicKey) -> bytes:
    """Its payload when this very key signed it, else `Tampered`."""
    return dsse.verify(envelope, CLAIMS, [key]).payload


def sign_claims_receipt(payload: bytes, key: SigningKey) -> bytes:
    """The receipt of such a letter in a DSSE envelope."""
    return dsse.sign(payload, CLAIMS_RECEIPT, key)


def open_claims_receipt(envelope: bytes, key: PublicKey) -> bytes:
    """The receipt's payload when this very key signed it, else `Tampered`."""
    return dsse.verify(envelope, CLAIMS_RECEIPT, [key]).payload


def payload(envelope: bytes) -> bytes:
    """The payload of an envelope that this host signed or checked, and kept; of any other it would prove nothing."""
    return dsse.payload_unverified(envelope)
