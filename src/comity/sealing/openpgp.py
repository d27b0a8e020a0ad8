"""The host's OpenPGP key, with which documents are signed for readers whose tools know OpenPGP and not DSSE.

It lies beside the signing key, readable by its owner alone, and says in its user id whose it is, a demo key too. The
signature over the host's own statements stays the DSSE one: this key signs what CSAF wants signed (CSAF 2.0, 7.1.19).
Needs the extra `comity[server]`.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from comity.errors import Invalid, Tampered, Unavailable
from comity.sealing.keys import secret
from comity.settings import Settings

KEPT: Final = 2000
"""Signatures remembered, so that a reader gets the same one twice and a crawl costs each only once."""


@dataclass(slots=True, kw_only=True)
class OpenPgp:
    """Signs with one key. Threads share it."""

    _key: Any
    fingerprint: str
    """Upper-case hex, as CSAF's provider metadata wants it."""
    public: bytes
    """The public key, armoured."""
    _made: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sign(self, data: bytes) -> bytes:
        """A detached signature over exactly these bytes, armoured."""
        name = hashlib.sha256(data).digest()
        with self._lock:
            held = self._made.get(name)
            if held is None:
                from pysequoia import SignatureMode, sign

                held = bytes(sign(self._key.signer(), data, mode=SignatureMode.DETACHED))
                self._made[name] = held
                if len(self._made) > KEPT:
                    self._made.popitem(last=False)
        return held


def load(settings: Settings, *, demo: bool = False) -> OpenPgp:
    """The host's key, or the demo key beside it; made when there is none. Unavailable without `comity[server]`."""
    try:
        from pysequoia import Tsk
    except ImportError as error:
        raise Unavailable("OpenPGP signatures need the extra comity[server]: install it") from error
    whose = "demo key of a Comity host: signed by a script" if demo else settings.organisation
    user_id = "".join(letter for letter in whose if letter.isprintable() and letter not in "<>")[:200]

    def make() -> bytes:
        return str(Tsk.generate(user_id=user_id)).encode()

    path = settings.keys / ("demo-openpgp.asc" if demo else "openpgp.asc")
    try:
        key = Tsk.from_bytes(secret(path, settings, make))
    except (RuntimeError, ValueError) as error:  # what the library raises for bytes that are no key
        raise Invalid(f"{path.name} is no OpenPGP secret key: restore it from a backup") from error
    public = key.extract_certificate()
    return OpenPgp(_key=key, fingerprint=str(public.fingerprint).upper(), public=str(public).encode())


def signer_of(document: bytes, signature: bytes, keys: Sequence[tuple[str, bytes]]) -> str:
    """The fingerprint of the key, among these (fingerprint, key), whose detached signature covers the document.

    A key that has not the fingerprint it was announced by counts for nothing. Tampered when none of them signed it;
    Unavailable without `comity[server]`.
    """
    try:
        from pysequoia import Cert, Sig, verify
    except ImportError as error:
        raise Unavailable("OpenPGP signatures need the extra comity[server]: install it") from error
    held = []
    for mark, data in keys:
        try:
            one = Cert.from_bytes(data)
        except (RuntimeError, ValueError):  # what the library raises for bytes that are no key
            continue
        if str(one.fingerprint).upper() == mark.upper():
            held.append(one)
    try:
        found = verify(bytes=document, store=lambda _ids: held, signature=Sig.from_bytes(signature))
    except (RuntimeError, ValueError, OSError) as error:
        raise Tampered("its OpenPGP signature is by no key of the provider, or does not cover it") from error
    marks = [str(one.certificate).upper() for one in found.valid_sigs]
    if not marks:
        raise Tampered("its OpenPGP signature is by no key of the provider, or does not cover it")
    return marks[0]
