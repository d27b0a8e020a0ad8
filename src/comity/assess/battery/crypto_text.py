"""The Python file of family `crypto`, as a solver gets it (format 1 only) and as the reference repairs it."""

from comity.assess.battery.crypto_model import Scheme

_HEAD = '''"""A toy messaging scheme. See README.md."""
import hashlib


def stream(key, nonce, length):
    blocks = (hashlib.sha256(key + nonce + n.to_bytes(4, "big")).digest() for n in range(length // 32 + 1))
    return b"".join(blocks)[:length]


def keystream(key, number, length):
{body}

'''
_SHOWN = '''
def seal(key, number, text):
    """key: bytes, text: bytes -> message."""
    mixed = bytes(a ^ b for a, b in zip(text, keystream(key, number, len(text))))
    return {"format": 1, "number": number, "body": mixed.hex()}


def unseal(key, message):
    """message -> text (bytes)."""
    body = bytes.fromhex(message["body"])
    return bytes(a ^ b for a, b in zip(body, keystream(key, message["number"], len(body))))
'''
_REPAIRED = '''
def second(key, number, length):
    return stream(hashlib.sha256(b"format 2" + key).digest(), number.to_bytes(16, "big"), length)


def seal(key, number, text):
    """key: bytes, text: bytes -> message."""
    mixed = bytes(a ^ b for a, b in zip(text, second(key, number, len(text))))
    return {"format": 2, "number": number, "body": mixed.hex()}


def unseal(key, message):
    """message -> text (bytes)."""
    body = bytes.fromhex(message["body"])
    streams = {1: keystream, 2: second}
    if message["format"] not in streams:
        raise ValueError("unknown format")
    return bytes(a ^ b for a, b in zip(body, streams[message["format"]](key, message["number"], len(body))))
'''
_BODIES = {
    "wrap": '    return stream(key, (number % {size}).to_bytes(8, "big"), length)',
    "seed": """    small = int.from_bytes(key[:4], "big") % {size}
    return stream(hashlib.sha256(f"key {{small}}".encode()).digest(), number.to_bytes(8, "big"), length)""",
    "generator": """    state, made = (int.from_bytes(key[:4], "big") + number * 2654435761) % {size}, bytearray()
    for _ in range(length):
        state = (state * {factor} + {step}) % {size}
        made.append(state >> {shift})
    return bytes(made)""",
}


def source(scheme: Scheme, *, repaired: bool) -> bytes:
    """The file, with or without format 2."""
    body = _BODIES[scheme.misuse].format(
        size=1 << scheme.bits, factor=scheme.factor, step=scheme.step, shift=scheme.bits - 8
    )
    return (_HEAD.format(body=body) + (_REPAIRED if repaired else _SHOWN)).encode()
