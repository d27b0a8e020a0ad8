"""Leave parts of a document out so that the rest still verifies.

A document is a set of named sections. Each section has a 128-bit salt; its stub is SHA-256(salt || canonical bytes),
and the document's digest is that of all stubs. Whoever gets a redacted document sees, for what was left out, the stub
alone: it tells nothing of the content, and the document's digest comes out the same.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any, Final

import rfc8785

from comity.errors import Invalid
from comity.model.ids import Digest, is_digest

SALT_BYTES: Final = 16
SHOWN: Final = "shown"
SALT: Final = "salt"
LEFT_OUT: Final = "left_out"


def whole(document: Mapping[str, Any], salts: Mapping[str, bytes]) -> dict[str, Any]:
    """The document with every section shown. Invalid when a section has no salt of 128 bits."""
    return redacted(document, salts, keep=document)


def redacted(document: Mapping[str, Any], salts: Mapping[str, bytes], *, keep: Collection[str]) -> dict[str, Any]:
    """The document with only the sections in `keep`; every other one is a stub."""
    made: dict[str, Any] = {}
    for name, value in document.items():
        salt = salts.get(name, b"")
        if len(salt) != SALT_BYTES:
            raise Invalid(f"section {name} has no salt of {SALT_BYTES} bytes")
        made[name] = {SHOWN: value, SALT: salt.hex()} if name in keep else {LEFT_OUT: stub(value, salt)}
    return made


def digest(shown: Mapping[str, Any]) -> Digest:
    """The digest, which is the same for the whole document and for every redaction of it. Invalid for another shape."""
    stubs: dict[str, str] = {}
    for name, part in shown.items():
        if not isinstance(part, Mapping):
            raise Invalid(f"section {name} is neither shown nor left out")
        if set(part) == {LEFT_OUT} and is_digest(str(part[LEFT_OUT])):
            stubs[name] = str(part[LEFT_OUT])
        elif set(part) == {SHOWN, SALT}:
            stubs[name] = stub(part[SHOWN], _salt(name, part[SALT]))
        else:
            raise Invalid(f"section {name} is neither shown nor left out")
    return Digest(hashlib.sha256(rfc8785.dumps({"comity": "sections v1", "stubs": stubs})).hexdigest())


def stub(value: Any, salt: bytes) -> str:
    """What stands in place of a section that was left out."""
    return hashlib.sha256(salt + rfc8785.dumps(value)).hexdigest()


def salt(key: bytes, document: str, name: str) -> bytes:
    """The salt of one section, out of a secret key: the same at every redaction, gone with the key."""
    return hmac.new(key, f"comity section salt v1\n{document}\n{name}".encode(), hashlib.sha256).digest()[:SALT_BYTES]


def _salt(name: str, text: object) -> bytes:
    try:
        salt = bytes.fromhex(str(text))
    except ValueError as error:
        raise Invalid(f"section {name} has a salt that is no hex text") from error
    if len(salt) != SALT_BYTES:
        raise Invalid(f"section {name} has no salt of {SALT_BYTES} bytes")
    return salt
