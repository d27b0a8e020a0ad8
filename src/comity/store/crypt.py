"""Seal one record at a time, so that a copied database and its blobs say nothing without the master key.

Every record has its own random 256-bit data key. AES-256-GCM (NIST SP 800-38D) seals the record under the data key, and
the data key under a key derived from the master. The record's place (`table/id`) is authenticated with both, so a
sealed row moved to another place does not open. Losing the wrapped data key is losing the record: that is how Comity
erases. What equality search needs is kept as a keyed digest (HMAC-SHA256), never in clear.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.errors import Tampered

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class MasterKey:
    """32 secret bytes that wrap every data key. Never printed, compared only by `name`.

    `root` is what keyed digests are made with, empty for the secret itself. It stays when the secret is changed, since
    most of what was digested is not kept; the store then holds it sealed under the new secret.
    """

    secret: bytes = field(repr=False)
    root: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, this one {len(self.secret)}")

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256, RFC 5869): keys for different purposes tell nothing of each other."""
        return _derived(self.root or self.secret, purpose)

    @property
    def wrapping(self) -> bytes:
        """The key that wraps data keys: another one after every change of the secret."""
        return _derived(self.secret, "wrap")

    def half(self, kind: str, data: bytes) -> bytes:
        """32 bytes out of this secret and somebody else's: like a mark, but it changes with the secret."""
        return hmac.digest(_derived(self.secret, f"mark/{kind}"), data, "sha256")

    @property
    def name(self) -> str:
        """16 hex characters that say which master key this is, and nothing else about it."""
        return _derived(self.secret, "name").hex()[:16]

    def mark(self, kind: str, text: str | bytes) -> str:
        """Keyed digest of a value of one kind, 64 hex characters: equal values of a kind have equal marks."""
        data = text.encode() if isinstance(text, str) else text
        return hmac.digest(self.derive(f"mark/{kind}"), data, "sha256").hex()


@lru_cache(maxsize=64)
def _derived(secret: bytes, purpose: str) -> bytes:
    """Kept, because every record and every mark asks for it; no more secret than the master key that is held anyway."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"comity/{purpose}/v1".encode()).derive(secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One record at rest: its wrapped data key and its sealed body, each `nonce || ciphertext || tag`."""

    wrapped: bytes
    body: bytes


def seal(master: MasterKey, place: str, plain: bytes) -> Sealed:
    """Seal `plain` under a fresh data key. `place` is `table/id` and must be given again to open it."""
    data_key = secrets.token_bytes(KEY_BYTES)
    return Sealed(
        wrapped=encrypt(master.wrapping, f"key of {place}", data_key),
        body=encrypt(data_key, place, plain),
    )


def unseal(master: MasterKey, place: str, sealed: Sealed) -> bytes:
    """What was sealed at this place. Tampered when key, place or bytes are not those that were sealed."""
    data_key = decrypt(master.wrapping, f"key of {place}", sealed.wrapped)
    return decrypt(data_key, place, sealed.body)


def encrypt(key: bytes, place: str, plain: bytes) -> bytes:
    """`plain` under a 256-bit key of the caller's, bound to its place."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def decrypt(key: bytes, place: str, sealed: bytes) -> bytes:
    """What `encrypt` was given. Tampered when key, place or bytes differ."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise Tampered(f"{place} does not open: the record was altered or moved; restore it from a backup") from error
