"""An authenticator in software: makes credentials and proofs as Web Authentication Level 2 writes them, or breaks them.

Built from the bytes of the standard (6.1 authenticator data, 6.5.4 attestation "none"), not from the library tested.
"""

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ELIGIBLE, BACKED, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text_: str) -> bytes:
    return base64.urlsafe_b64decode(text_ + "=" * (-len(text_) % 4))


def cbor(value: Any) -> bytes:
    """As much of RFC 8949 as a credential needs."""
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(0, value) if value >= 0 else head(1, -1 - value)


def head(kind: int, count: int) -> bytes:
    if count < 24:
        return bytes([kind << 5 | count])
    if count < 256:
        return bytes([kind << 5 | 24, count])
    return bytes([kind << 5 | 25]) + struct.pack(">H", count)


@dataclass
class Device:
    """One key on one device. `origin` is what the browser in front of it would write down."""

    origin: str = "https://comity.example"
    verifies: bool = True
    counts: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    count: int = 0
    domain: str = ""

    def make(self, options: str, **wrong: Any) -> str:
        """Answer `navigator.credentials.create`."""
        asked = json.loads(options)
        self.handle, self.domain = data(asked["user"]["id"]), asked["rp"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        tail = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cbor(public)
        held = {"fmt": "none", "attStmt": {}, "authData": self._data(ATTESTED, **wrong) + tail}
        client = self._client("webauthn.create", asked["challenge"], **wrong)
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(cbor(held))})

    def prove(self, options: str, **wrong: Any) -> str:
        """Answer `navigator.credentials.get`."""
        asked = json.loads(options)
        self.domain = self.domain or asked["rpId"]
        client, shown = self._client("webauthn.get", asked["challenge"], **wrong), self._data(0, **wrong)
        signature = self.key.sign(shown + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        if wrong.get("signature"):
            signature = signature[:-1] + bytes([signature[-1] ^ 1])
        handle = wrong.get("handle", self.handle)
        response = {"clientDataJSON": text(client), "authenticatorData": text(shown), "signature": text(signature)}
        return self._answer(response | ({"userHandle": text(handle)} if handle else {}))

    def _data(self, flags: int, *, domain: str = "", verifies: bool | None = None, **_: Any) -> bytes:
        if self.counts:
            self.count += 1
        is_verified = self.verifies if verifies is None else verifies
        flags |= PRESENT | (VERIFIED if is_verified else 0)
        return hashlib.sha256((domain or self.domain).encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(
        self, usual: str, challenge: str, *, kind: str = "", origin: str = "", given: str = "", **_: Any
    ) -> bytes:
        told = {"type": kind or usual, "challenge": given or challenge, "origin": origin or self.origin}
        return json.dumps(told | {"crossOrigin": False}).encode()

    def _answer(self, response: dict[str, Any]) -> str:
        shown = {"id": text(self.credential), "rawId": text(self.credential), "type": "public-key"}
        return json.dumps(shown | {"response": response, "clientExtensionResults": {}})
