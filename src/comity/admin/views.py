"""What the calls about accounts and the host answer with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from comity.model.party import Organisation, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The password was right. `secret` goes into the browser's cookie and nowhere else."""

    secret: str
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfWay:
    """The password was right and a code is asked for. `secret` names this attempt in the browser, and opens nothing."""

    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Name or password is wrong, or the account is disabled: never said which. `wait` over zero: not even looked at."""

    wait: timedelta


SignIn: TypeAlias = SignedIn | HalfWay | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as an administrator sees it."""

    person: Person
    login: str
    organisation: Organisation
    has_second_factor: bool = False
    is_joined: bool = False
    """Whether a sign-in provider signs this person in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """The state of one's own codes. `address` and `picture` are there only while they are being set up.

    `is_missing`: there is no second factor at all, a passkey neither.
    """

    since: datetime | None
    recovery_left: int
    address: str = ""
    picture: str = ""
    is_missing: bool = True
    has_password: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a check of the journal found: `problems` empty means that every entry and checkpoint fits.

    `covered` entries stand under a signed checkpoint; those after them only under the chain.
    """

    entries: int
    head: str
    checkpoints: int
    covered: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One line of the host's health. `state` is ok, warn or bad; `remedy` says what to do about the last two."""

    name: str
    value: str
    state: str
    remedy: str = ""
