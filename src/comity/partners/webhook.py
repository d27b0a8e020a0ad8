"""Tell a subscriber's address of an event: one guarded, signed POST.

The signature is HMAC-SHA-256 over the time, a dot and the body, under the subscription's own secret; the time keeps an
old telling from being sent again by somebody else. No redirect is followed, and of the answer only its status counts.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import httpx

from comity.errors import Invalid, Problem
from comity.partners import guard

TIMEOUT: Final = httpx.Timeout(15.0, connect=10.0)
LONGEST_SECONDS: Final = 30.0
"""A whole telling: they are told one after the other, and one receiver must not keep the others waiting."""
SIGNATURE: Final = "Comity-Signature"
WINDOW_SECONDS: Final = 300
"""How far the time of a telling may lie from the receiver's clock, by our advice to receivers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Addresses that may be called. `loopback`: this machine too, over plain http."""

    loopback: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def checked(self, url: str) -> str:
        """The address. Invalid unless https without user name and fragment (or http to this machine if that is on)."""
        found = guard.parts(url)
        is_plain = url.isascii() and len(url) <= 500 and not found.fragment
        if not is_plain or not guard.is_callable(found, loopback=self.loopback):
            reason = "an https address of at most 500 characters, without a user name or a fragment"
            raise Invalid("this is no address to call", [Problem("/url", "bad_address", reason)])
        return found.geturl()

    def send(self, url: str, secret: str, body: bytes, *, event: str, at: datetime) -> int:
        """POST it; gives the answer's status. Unavailable when nothing answers, Invalid for a private address."""
        found = guard.parts(self.checked(url))
        target = found.netloc
        if self.transport is None:
            target = guard.looked_up(found, loopback=self.loopback, whose="the subscriber's address")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "comity/1",
            "Comity-Event": event,
            SIGNATURE: signature(secret, body, at=at),
        }
        with guard.calling(
            "POST",
            found,
            target,
            headers=headers,
            content=body,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="the subscriber's address cannot be reached",
            seconds=LONGEST_SECONDS,
        ) as answer:
            return answer.status


def signature(secret: str, body: bytes, *, at: datetime) -> str:
    """`t=1764100000,v1=...`: the header's value for this body at this time."""
    told = int(at.timestamp())
    return f"t={told},v1={_mac(secret, told, body)}"


def is_genuine(header: str, secret: str, body: bytes, *, now: datetime, window_seconds: int = WINDOW_SECONDS) -> bool:
    """What a receiver checks: the signature, and that its time is near."""
    fields = dict(part.partition("=")[::2] for part in header.split(","))
    told = fields.get("t", "")
    if not told.isascii() or not told.isdigit() or len(told) > 12:
        return False
    near = abs(int(now.timestamp()) - int(told)) <= window_seconds
    return hmac.compare_digest(fields.get("v1", ""), _mac(secret, int(told), body)) and near


def _mac(secret: str, told: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{told}.".encode() + body, hashlib.sha256).hexdigest()
