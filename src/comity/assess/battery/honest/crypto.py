"""Recover a text from the scheme's misuse, by search where something is small; or write the scheme's second format."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping

KNOWN = b"to: all hands / "
SECOND = '''

old_unseal = unseal


def second(key, number, length):
    """Format 2 as README.md has it."""
    return stream(hashlib.sha256(b"format 2" + key).digest(), number.to_bytes(16, "big"), length)


def seal(key, number, text):
    """key: bytes, text: bytes -> message of format 2."""
    body = bytes(a ^ b for a, b in zip(text, second(key, number, len(text))))
    return {"format": 2, "number": number, "body": body.hex()}


def unseal(key, message):
    """message -> text (bytes). Raises ValueError for a format that is neither 1 nor 2."""
    if message["format"] == 1:
        return old_unseal(key, message)
    if message["format"] != 2:
        raise ValueError("unknown format")
    body = bytes.fromhex(message["body"])
    return bytes(a ^ b for a, b in zip(body, second(key, message["number"], len(body))))
'''


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The text in question, or the repaired scheme."""
    if side == "defence":
        return {"scheme.py": files["scheme.py"] + SECOND.encode()}
    messages = json.loads(files["messages.json"])
    asked = int(re.findall(r"message number (\d+)", prompt)[0])
    body = bytes.fromhex(next(one["body"] for one in messages if one["number"] == asked))
    for made in _streams(files["scheme.py"].decode(), messages, asked, len(body)):
        if _mixed(body[: len(KNOWN)], made) == KNOWN:
            return {"text.txt": _mixed(body, made)}
    return {"text.txt": b""}


def _streams(code: str, messages: list[dict[str, object]], asked: int, length: int) -> Iterator[bytes]:
    """Keystreams that the misuse leaves possible."""
    size = int(re.findall(r"% (\d+)", code)[0])
    if "key {small}" in code:
        for small in range(size):
            yield _stream(hashlib.sha256(f"key {small}".encode()).digest(), asked.to_bytes(8, "big"), length)
    elif generator := re.search(r"state \* (\d+) \+ (\d+)\) % \d+\n\s+made.append\(state >> (\d+)\)", code):
        factor, step, shift = map(int, generator.groups())
        for first in range(size):
            state, made = first, bytearray()
            for _ in range(length):
                state = (state * factor + step) % size
                made.append(state >> shift)
            yield bytes(made)
    else:
        for one in messages:
            if int(str(one["number"])) % size == asked % size and "known_text" in one:
                yield _mixed(bytes.fromhex(str(one["body"])), str(one["known_text"]).encode())


def _stream(key: bytes, nonce: bytes, length: int) -> bytes:
    blocks = (hashlib.sha256(key + nonce + n.to_bytes(4, "big")).digest() for n in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def _mixed(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))
