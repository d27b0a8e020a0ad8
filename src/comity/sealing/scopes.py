"""Lock where a scan claim is held, so that only whoever asks about the same place learns that it is.

A claim has a key of its own. Each unit of its area becomes an *entry*: that key, locked under the unit's tag with a
fresh nonce, so that two entries of one unit look like two of different ones, to the host as well. Its *state* (until
when, how it ended) is locked under the claim's key: the host keeps it current, and whoever opens an entry reads it. An
entry carries a check that only the state explains, so that nobody can speak for a claim that is not theirs.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.errors import Tampered
from comity.model.blind import Shelf
from comity.model.ids import Digest
from comity.sealing import blind, private_file

KEY_BYTES: Final = 32
_NAME: Final = 16
NONCE_BYTES: Final = 12
_CHECK: Final = 8
_AUTHENTICATION: Final = 16
ENTRY_BYTES: Final = _NAME + NONCE_BYTES + 1 + KEY_BYTES + _AUTHENTICATION
SHELF_ENTRY_BYTES: Final = ENTRY_BYTES + _CHECK
STATE_TEXT_BYTES: Final = 512
STATE_BYTES: Final = _NAME + NONCE_BYTES + STATE_TEXT_BYTES + _AUTHENTICATION
NAME_LIMIT: Final = 60
"""Characters of a holder's name in a state: up to 240 bytes of UTF-8."""
LIMIT_BYTES: Final = 512 * 1024


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a claim says of itself to whoever asks about its place: no more than an open one would."""

    at: datetime
    """When it ends, or ended."""
    ending: str
    """"" while it is open."""
    methods: tuple[str, ...]
    """Those that the asker named too."""
    name: str
    """The holder, where both sides agreed."""
    host: str
    """The partner host that it is held on; empty for the one that is asked."""
    mark: bytes
    """Explains the checks of the claim's entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A claim that an asker has met: its state, and which of the asked units it holds whole or leads to."""

    state: State
    matched: Mapping[str, bool]


def fresh_key() -> bytes:
    """A claim's key."""
    return secrets.token_bytes(KEY_BYTES)


def entry(tag: bytes, key: bytes, *, whole: bool, nonce: bytes = b"") -> bytes:
    """One unit of a claim, opened by its tag alone. With a `nonce` of 12 bytes the same entry each time."""
    drawn = nonce or secrets.token_bytes(NONCE_BYTES)
    name = _digest(b"name", drawn, tag)[:_NAME]
    return name + drawn + AESGCM(_digest(b"lock", drawn, tag)).encrypt(drawn, bytes([whole]) + key, name)


def entries(tags: Mapping[bytes, bool], key: bytes, *, size: int) -> tuple[bytes, ...]:
    """A claim's entries, in no order, filled up to `size` with some that nothing opens."""
    made = [entry(tag, key, whole=whole) for tag, whole in tags.items()]
    made += [secrets.token_bytes(ENTRY_BYTES) for _ in range(size - len(made))]
    return tuple(sorted(made))


def opened(tag: bytes, one: bytes) -> tuple[bytes, bool] | None:
    """The claim's key in this entry and whether it holds the unit whole; None when it is about another unit."""
    name, nonce, body = one[:_NAME], one[_NAME : _NAME + NONCE_BYTES], one[_NAME + NONCE_BYTES : ENTRY_BYTES]
    if name != _digest(b"name", nonce, tag)[:_NAME]:
        return None
    try:
        plain = AESGCM(_digest(b"lock", nonce, tag)).decrypt(nonce, body, name)
    except InvalidTag:
        return None
    return plain[1:], bool(plain[0])


def checked(one: bytes, mark: bytes) -> bytes:
    """An entry as it lies on a shelf: with the check that the claim's state explains."""
    return one + _digest(b"check", mark, one)[:_CHECK]


def state(key: bytes, held: State) -> bytes:
    """The state under the claim's key: the same bytes while it says the same."""
    plain = msgspec.json.encode(held).ljust(STATE_TEXT_BYTES)
    nonce = _digest(b"state nonce", key, plain)[:NONCE_BYTES]
    name = _digest(b"state name", b"", key)[:_NAME]
    return name + nonce + AESGCM(_digest(b"state lock", b"", key)).encrypt(nonce, plain, name)


def read_state(key: bytes, states: Iterable[bytes]) -> State | None:
    """The state of the claim with this key, or None. Tampered for one of its name that the key does not open."""
    name = _digest(b"state name", b"", key)[:_NAME]
    for one in states:
        if one[:_NAME] == name and len(one) == STATE_BYTES:
            nonce = one[_NAME : _NAME + NONCE_BYTES]
            try:
                plain = AESGCM(_digest(b"state lock", b"", key)).decrypt(nonce, one[_NAME + NONCE_BYTES :], name)
                return msgspec.json.decode(plain, type=State)
            except (InvalidTag, msgspec.DecodeError) as error:
                raise Tampered("an answer of the host does not open: do not use it") from error
    return None


def found(units: Mapping[str, bytes], shelf: Shelf) -> tuple[Opened, ...]:
    """The claims on a shelf that these units (text and tag) open, in the order of their entries.

    An entry whose check its claim's state does not explain was put there by somebody else, and says nothing.
    """
    by_key: dict[bytes, dict[str, bool]] = {}
    checks: dict[tuple[bytes, str], bytes] = {}
    for one in shelf.entries:
        if len(one) != SHELF_ENTRY_BYTES:
            raise Tampered("the host's shelf has another shape: do not use this answer")
        for text, tag in units.items():
            held = opened(tag, one)
            if held is not None:
                key, whole = held
                by_key.setdefault(key, {})[text] = whole
                checks[key, text] = one
    answers = []
    for key, matched in by_key.items():
        its = read_state(key, shelf.states)
        if its is None:
            continue
        true = {text: whole for text, whole in matched.items() if _explains(its.mark, checks[key, text])}
        if true:
            answers.append(Opened(state=its, matched=true))
    return tuple(answers)


def _explains(mark: bytes, one: bytes) -> bool:
    return checked(one[:ENTRY_BYTES], mark) == one


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the holder of a blind claim keeps, as a private file: the host has none of it."""

    claim: str
    host: str
    question: str
    repository: str
    paths: tuple[str, ...]
    cwes: tuple[str, ...]
    methods: tuple[str, ...]
    commits: tuple[str, ...]
    owner: str
    scope: str
    contact: str
    starts_on: date
    ends_on: date
    salt: bytes
    """Of the commitment to the line that says what was looked at."""
    coverage: str = ""

    @property
    def covered(self) -> Digest:
        """The salted commitment to that line."""
        return blind.commitment(self.salt, self.coverage.encode())


def write(kept: Kept) -> bytes:
    """The file as JSON."""
    return private_file.write(kept)


def read(data: bytes) -> Kept:
    """A file that `write` made. Invalid for anything else."""
    return private_file.read(data, Kept, what="file of a blind claim", most=LIMIT_BYTES)


def _digest(what: bytes, *parts: bytes) -> bytes:
    held = hashlib.sha256(b"comity scope " + what + b" 1\0")
    for part in parts:
        held.update(len(part).to_bytes(2, "big") + part)
    return held.digest()
