"""Sign bytes in a DSSE envelope, and open one that somebody else hands over.

An envelope is opened in these steps; each refusal names its step and what to do:
 (1) the envelope is small enough and has exactly the shape of DSSE 1.0;
 (2) its payload type is the one that was asked for;
 (3) one of its signatures names a key that the caller trusts;
 (4) that signature covers the pre-authentication encoding of type and payload (DSSE 1.0, `PAE`).
Only then is the payload read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey  # type: ignore[attr-defined]  # re-exported without __all__

from comity.errors import Tampered
from comity.sealing.keys import PublicKey, SigningKey

LIMIT_BYTES: Final = 1024 * 1024
SIGNATURE_LIMIT: Final = 16
IN_TOTO: Final = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A payload whose signature holds, and whose key made it."""

    payload: bytes
    key: PublicKey


class _Signature(msgspec.Struct):
    sig: bytes
    keyid: str = ""


class _Envelope(msgspec.Struct):
    payload: bytes
    payloadType: str  # noqa: N815  DSSE's own name
    signatures: list[_Signature]


def sign(payload: bytes, payload_type: str, key: SigningKey) -> bytes:
    """The payload in a DSSE envelope, signed by `key`, as JSON bytes."""
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(CryptoSigner(key.private, _library_key(key.public)))
    return msgspec.json.encode(envelope.to_dict()) + b"\n"


def verify(envelope: bytes, payload_type: str, trusted: Sequence[PublicKey]) -> Opened:
    """Open an envelope that one of the trusted keys signed. Tampered names the step that failed."""
    # (1) size and shape
    held = _read(envelope, limit=True)
    if not 1 <= len(held.signatures) <= SIGNATURE_LIMIT:
        raise Tampered(f"(1) the envelope holds {len(held.signatures)} signatures: expected 1 to {SIGNATURE_LIMIT}")
    # (2) type
    if held.payloadType != payload_type:
        raise Tampered(f"(2) the envelope holds {held.payloadType[:80]!r}; expected {payload_type}")
    # (3) a trusted key is named
    known = {key.id: key for key in trusted}
    signature = next((s for s in held.signatures if s.keyid in known), None)
    if signature is None:
        named = ", ".join(s.keyid[:16] for s in held.signatures)
        raise Tampered(f"(3) signed by {named}, which you do not trust: get the signer's key document and pass it on")
    # (4) the signature holds
    key = known[signature.keyid]
    opened = Envelope(
        held.payload, held.payloadType, {signature.keyid: Signature(signature.keyid, signature.sig.hex())}
    )
    try:
        opened.verify([_library_key(key)], 1)
    except VerificationError as error:
        raise Tampered(f"(4) the signature by {key.id[:16]} does not cover this payload: it was changed") from error
    return Opened(payload=held.payload, key=key)


def named(envelope: bytes) -> tuple[str, ...]:
    """Ids of the keys that an envelope names, nothing of it believed. Tampered when it is no envelope."""
    held = _read(envelope, limit=True)
    return tuple(one.keyid for one in held.signatures[:SIGNATURE_LIMIT])


def payload_unverified(envelope: bytes) -> bytes:
    """What an envelope claims, without any check of who signed it. Tampered when it is no envelope."""
    return _read(envelope).payload


def _read(envelope: bytes, *, limit: bool = False) -> _Envelope:
    if limit and len(envelope) > LIMIT_BYTES:
        raise Tampered(f"(1) the envelope is over {LIMIT_BYTES} bytes: this is none of Comity's")
    try:
        return msgspec.json.decode(envelope, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Tampered("(1) this is no DSSE envelope: give the file with the seal or statement, unchanged") from error


def _library_key(key: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(key.raw), keyid=key.id)
