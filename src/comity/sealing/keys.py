"""Load the host's secrets, made at first use: the master key of the store and the Ed25519 signing key.

Secrets lie outside the data folder, in files that only their owner reads; a file that others may read is refused, since
it may have been copied. A demo key is marked as one in its very id, so nobody can pass it off as a host's key later.
"""

import base64
import binascii
import hashlib
import os
import secrets
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from comity.errors import Forbidden, Invalid, Tampered, Unavailable
from comity.sandbox.tool import tool
from comity.settings import Settings
from comity.store.crypt import KEY_BYTES, MasterKey

SCHEMA: Final = "comity-key/1"
RETIRED: Final = "retired"
"""Folder, among the keys, of what was a key before: public halves, and master keys that only old copies need."""
HOOK: Final = "key-hook"
"""Name of the operator's key command among the trusted tools."""
HOOK_TIMEOUT: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """Whose signature to trust. `id` is the digest of `raw` and of what kind of key it is."""

    raw: bytes
    """32 bytes of an Ed25519 public key."""
    demo: bool = False
    """Made for a demonstration: whatever it signed was approved by a script, not by a person."""
    organisation: str = ""

    @property
    def id(self) -> str:
        """64 hex characters; a demo key and a host key with the same bytes have different ids."""
        kind = b"demo" if self.demo else b"host"
        return hashlib.sha256(b"comity key v1\n" + kind + b"\n" + self.raw).hexdigest()

    def export(self) -> bytes:
        """The key as a JSON document to hand to whoever verifies."""
        document = {
            "schema": SCHEMA,
            "id": self.id,
            "scheme": "ed25519",
            "public": self.raw.hex(),
            "demo": self.demo,
            "organisation": self.organisation,
        }
        return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """The private half, never printed."""

    private: Ed25519PrivateKey = field(repr=False)
    public: PublicKey


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    id: str
    scheme: str
    public: str
    demo: bool
    organisation: str


def read_public(document: bytes) -> PublicKey:
    """Read an exported key. Invalid for another document; Tampered when its id is not the id of its bytes."""
    try:
        held = msgspec.json.decode(document, type=_Document)
        raw = bytes.fromhex(held.public)
        Ed25519PublicKey.from_public_bytes(raw)
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid("this is no key document: export one with `comity key`") from error
    if held.schema != SCHEMA or held.scheme != "ed25519":
        raise Invalid(f"a key document of another kind ({held.schema}, {held.scheme}): this release reads {SCHEMA}")
    key = PublicKey(raw=raw, demo=held.demo, organisation=held.organisation)
    if key.id != held.id:
        raise Tampered("the key's id does not belong to its bytes: get the key document from its owner again")
    return key


def signing_key(settings: Settings, *, demo: bool = False) -> SigningKey:
    """The host's signing key, or the demo key that lies beside it; made when there is none."""
    path = settings.keys / ("demo-signing.pem" if demo else "signing.pem")
    private = _load_private(secret(path, settings, _new_private))
    return SigningKey(private=private, public=_public(private, settings, demo=demo))


def _public(private: Ed25519PrivateKey, settings: Settings, *, demo: bool = False) -> PublicKey:
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return PublicKey(raw=raw, demo=demo, organisation=settings.organisation)


def own_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """What this host signs with now, and what it signed with before: old signatures go on verifying."""
    folder = settings.keys / RETIRED
    earlier = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return (signing_key(settings).public, *(read_public(path.read_bytes()) for path in earlier))


def rotate_signing(
    settings: Settings, note: Callable[[str, str], None], *, seam: Callable[[str], None] = lambda _place: None
) -> tuple[str, str]:
    """Sign with a fresh key from now on; gives the ids of the old key and of the new one, as `note` was told before.

    The public half of the old key is kept in `retired/`, the private half is overwritten and gone. Killed at any point
    and begun again it comes to the same end, with one new key.
    """
    path, draft, gone = (settings.keys / name for name in ("signing.pem", "signing.next.pem", ".signing.gone"))
    if gone.exists() and not draft.exists():  # cut off at the very end
        earlier = _public(_load_private(gone.read_bytes()), settings)
        _overwrite(gone)
        return earlier.id, signing_key(settings).public.id
    old = signing_key(settings).public
    if not draft.exists():
        _create(draft, _new_private())
    seam("made")
    _retire(settings, f"signing-{old.id[:16]}.json", old.export())
    seam("kept")
    note(old.id, _public(_load_private(draft.read_bytes()), settings).id)
    if not gone.exists():
        os.link(path, gone)
    draft.replace(path)
    seam("replaced")
    _overwrite(gone)
    return old.id, signing_key(settings).public.id


def load_or_make(path: Path) -> SigningKey:
    """A person's own signing key in this file, readable by its owner alone; made when there is none.

    Forbidden for a file that others may read.
    """
    if not path.exists():
        _create(path, _new_private())
    private = _load_private(_own_file(path))
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(private=private, public=PublicKey(raw=raw))


def master_key(settings: Settings) -> MasterKey:
    """The master key: from the setting, else from the operator's command, else from `keys/master.key`, made if absent.

    Invalid when the text is not the base64 of 32 bytes; Unavailable when the command fails; Forbidden for a file that
    others may read or that lies in the data folder.
    """
    if settings.master_key:
        return _parse_master(settings.master_key.encode(), "COMITY_MASTER_KEY")
    if settings.master_key_command:
        return _parse_master(_ask_hook(settings), "COMITY_MASTER_KEY_COMMAND")
    path = settings.keys / "master.key"
    return _parse_master(secret(path, settings, _new_master), str(path))


def _new_master() -> bytes:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"


def _new_private() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _parse_master(text: bytes, origin: str) -> MasterKey:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise Invalid(f"{origin} is not base64") from error
    if len(secret) != KEY_BYTES:
        raise Invalid(f"{origin} holds {len(secret)} bytes; a master key has {KEY_BYTES}")
    return MasterKey(secret)


def _load_private(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Invalid("the signing key file is no PEM private key: restore it from a backup") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Invalid("the signing key is not an Ed25519 key")
    return key


def _ask_hook(settings: Settings) -> bytes:
    argv = tuple(shlex.split(settings.master_key_command))
    answer = tool(HOOK, argv, cwd=Path("/"), timeout=HOOK_TIMEOUT, network=True)
    if answer.timed_out or answer.exit_code != 0:
        raise Unavailable(f"the key command ended with {answer.exit_code}: run it by hand, then start again")
    return answer.stdout


def secret(path: Path, settings: Settings, make: Callable[[], bytes]) -> bytes:
    """The bytes of a secret file, made when there is none. Forbidden when others may read it, or a backup would."""
    if path.resolve().is_relative_to(settings.data.resolve()):
        raise Forbidden(f"{path} lies in the data folder, where a backup would copy it: set COMITY_KEYS elsewhere")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _create(path, make())
    with path.open("rb") as file:
        held = os.fstat(file.fileno())
        if stat.S_IMODE(held.st_mode) & 0o077:
            raise Forbidden(f"{path} can be read by others: replace the secret if it may be known, then `chmod 600` it")
        return file.read()


def replacement(settings: Settings) -> MasterKey:
    """The master key to change to, in a file beside the present one, made when there is none."""
    path = settings.keys / "master.next.key"
    return _parse_master(secret(path, settings, _new_master), str(path))


def read_master(path: Path) -> MasterKey:
    """A master key out of a file of the operator's: the base64 of 32 bytes. Forbidden when others may read it."""
    return _parse_master(_own_file(path), str(path))


def keep_replacement(settings: Settings, old: MasterKey) -> Path | None:
    """Make the replacement the master key; the old one goes to `retired/`, for copies made before. None without any."""
    path, draft = settings.keys / "master.key", settings.keys / "master.next.key"
    if not draft.exists():
        return None
    kept = _retire(settings, f"master-{old.name}.key", path.read_bytes())
    draft.replace(path)
    return kept


def _own_file(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise Forbidden(f"{path} may be read by others: chmod 600 {path}")
    return path.read_bytes()


def _retire(settings: Settings, name: str, data: bytes) -> Path:
    """Keep what was a key, or its public half; what is kept already stays as it is."""
    folder = settings.keys / RETIRED
    folder.mkdir(mode=0o700, exist_ok=True)
    _create(folder / name, data)
    return folder / name


def _overwrite(path: Path) -> None:
    """Write noise over a secret and delete it. What a disk keeps of it beyond that is the disk's."""
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _create(path: Path, secret: bytes) -> None:
    """Write beside, then link into place: a reader sees no half file, and the first of two makers wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
