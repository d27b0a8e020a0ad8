"""Encrypt to a known OpenPGP key. Needs the extra `comity[server]`; without it nothing goes out in clear instead."""

from typing import Any, Final

from comity.errors import Invalid, Problem, Unavailable

KEY_LIMIT: Final = 100_000


def encrypt(data: bytes, key: str) -> bytes:
    """`data` for the holder of this armoured key, armoured, with CRLF line ends. Invalid: no key to encrypt to."""
    pysequoia = _library()
    certificate = _certificate(key)
    try:
        sealed: bytes = pysequoia.encrypt(data, [certificate])
    except (RuntimeError, ValueError, TypeError) as error:  # what the library raises for a key it cannot use
        raise _no_key("nothing can be encrypted to this key: it has no valid encryption subkey") from error
    return sealed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def check(key: str) -> str:
    """The key's fingerprint. Invalid: no public key, a secret one, revoked, ended, or good for no encryption."""
    fingerprint = str(_certificate(key).fingerprint)
    encrypt(b"", key)
    return fingerprint


def _certificate(key: str) -> Any:
    pysequoia = _library()
    if len(key) > KEY_LIMIT or "PRIVATE KEY" in key:
        raise _no_key("give the armoured public key, never a secret one")
    try:
        certificate = pysequoia.Cert.from_bytes(key.encode())
    except (RuntimeError, ValueError, TypeError) as error:
        raise _no_key("this is no armoured OpenPGP public key") from error
    if certificate.is_revoked:
        raise _no_key("this key is revoked: ask for the present one")
    return certificate


def _library() -> Any:
    try:
        import pysequoia
    except ImportError as error:
        raise Unavailable("encrypting a letter needs the extra comity[server]: install it, then try again") from error
    return pysequoia


def _no_key(reason: str) -> Invalid:
    return Invalid("the letter cannot be encrypted", [Problem("/openpgp", "bad_key", reason)])
