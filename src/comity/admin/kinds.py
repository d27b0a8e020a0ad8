"""The kinds of secret a person may hold, how long each lives, and how one is made.

Every kind has its own prefix, which is part of what is hashed at rest: a sign-in link can never serve as a session.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from comity.errors import Invalid, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`prefix` is part of the secret's hashed form; `lifetime` is counted from its making and never extended."""

    prefix: str
    lifetime: timedelta


SESSION: Final = Kind(prefix="session:", lifetime=timedelta(hours=12))
"""A browser's session, rotated at every sign-in."""
HALF_WAY: Final = Kind(prefix="halfway:", lifetime=timedelta(minutes=10))
"""After the right password, until a code is given; it opens no page but that one."""
SIGN_IN_LINK: Final = Kind(prefix="link:", lifetime=timedelta(minutes=30))
"""Printed on this host's terminal; works once, and only for a browser on this host."""
INVITATION: Final = Kind(prefix="invitation:", lifetime=timedelta(hours=72))
"""Made by an administrator for a person who sets their first, or a new, password with it; works once."""
READ_IN: Final = Kind(prefix="read-in:", lifetime=timedelta(days=7))
"""Mailed to a participant of a case who has no other way in; works once and begins a session that sees that seat."""

TOKEN_MARK: Final = "comity_"  # noqa: S105  what API tokens start with, so that leak scanners find them
TOKEN_DAYS: Final = (1, 7, 30, 90, 365)
"""Lifetimes a person may choose for a token; a year is the longest (clearing.md 2.1)."""


def fresh() -> str:
    """256 random bits as text that needs no quoting in an address or a header."""
    return secrets.token_urlsafe(32)


def fresh_token() -> str:
    """A new API token."""
    return TOKEN_MARK + fresh()


def token_lifetime(days: int) -> timedelta:
    """Invalid for a number of days that is not offered."""
    if days not in TOKEN_DAYS:
        offered = ", ".join(str(n) for n in TOKEN_DAYS)
        raise Invalid("this lifetime is not offered", [Problem("/days", "bad_lifetime", f"choose one of {offered}")])
    return timedelta(days=days)
