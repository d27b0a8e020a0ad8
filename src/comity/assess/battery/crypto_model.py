"""The toy messaging scheme of family `crypto`: two formats, one of them misused. Sizes are toys; nothing here
protects anything.

Keystream: SHA-256 over key, nonce and block number. Format 1 comes in three misuses: nonces that wrap, keys from a
tiny seed,
and a keystream from a small counter generator. Format 2 is the repair that the README specifies.
"""

import hashlib
from typing import Final

MISUSES: Final = ("wrap", "seed", "generator")
"""In the order of the knob `misuse`."""
HEADER: Final = b"to: all hands / "
"""Every text begins so, which the README says: known to whoever reads along."""


def stream(key: bytes, nonce: bytes, length: int) -> bytes:
    """Keystream of the sound kind."""
    blocks = (hashlib.sha256(key + nonce + n.to_bytes(4, "big")).digest() for n in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def mixed(left: bytes, right: bytes) -> bytes:
    """Exclusive or."""
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


def key_of(seed: int) -> bytes:
    """Format 1, misuse `seed`: the key that a seed gives."""
    return hashlib.sha256(f"key {seed}".encode()).digest()


def generated(state: int, factor: int, step: int, bits: int, length: int) -> bytes:
    """Format 1, misuse `generator`: the top byte of each state of x -> factor x + step modulo 2^bits."""
    made = bytearray()
    for _ in range(length):
        state = (state * factor + step) % (1 << bits)
        made.append(state >> (bits - 8))
    return bytes(made)


def second(key: bytes, number: int, text: bytes) -> dict[str, object]:
    """Format 2: the whole message number is the nonce, and the key is bound to the format."""
    own = hashlib.sha256(b"format 2" + key).digest()
    return {
        "format": 2,
        "number": number,
        "body": mixed(text, stream(own, number.to_bytes(16, "big"), len(text))).hex(),
    }


class Scheme:
    """Format 1 as it was drawn."""

    def __init__(self, misuse: str, bits: int, factor: int, step: int) -> None:
        self.misuse, self.bits, self.factor, self.step = misuse, bits, factor, step

    def first(self, key: bytes, number: int, text: bytes) -> dict[str, object]:
        """Format 1."""
        return {"format": 1, "number": number, "body": mixed(text, self.keystream(key, number, len(text))).hex()}

    def keystream(self, key: bytes, number: int, length: int) -> bytes:
        """What format 1 mixes into a text."""
        if self.misuse == "wrap":
            return stream(key, (number % (1 << self.bits)).to_bytes(8, "big"), length)
        if self.misuse == "seed":
            small = int.from_bytes(key[:4], "big") % (1 << self.bits)
            return stream(key_of(small), number.to_bytes(8, "big"), length)
        start = (int.from_bytes(key[:4], "big") + number * 2654435761) % (1 << self.bits)
        return generated(start, self.factor, self.step, self.bits, length)
