"""Bring reports to another host's TAP intake (revision 911320e), and ask there what became of a receipt.

TLS alone and no redirect, since the token travels in a header. The answer is bytes of a stranger, up to a limit; TAP
has no rule against repeats, so the same bytes may be taken twice by a host that does not look.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from comity.errors import Invalid, Problem, Unavailable
from comity.partners import guard
from comity.partners.carrier import ANSWER_LIMIT_BYTES, TIMEOUT, Answer

REPORTS: Final = "/v1/reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class TapIntake:
    """Intakes are called over https. `loopback`: this machine too, over plain http, for tests and demonstrations."""

    loopback: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def report(self, address: str, token: str, body: bytes) -> Answer:
        """POST one report. Unavailable when nothing answers; Invalid for a name that leads into a private network."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return self._call("POST", self._found(address, REPORTS), headers, body)

    def follow(self, address: str, monitor: str) -> Answer:
        """GET a monitor path. It needs no token, so none is sent."""
        return self._call("GET", self._found(address, monitor), {}, None)

    def _found(self, address: str, path: str) -> SplitResult:
        found = guard.parts(address)
        if not guard.is_callable(found, loopback=self.loopback):
            raise Invalid("this is no intake's address", [Problem("/address", "bad_address", "an https address")])
        return urlsplit(found.geturl())._replace(path=path)

    def _call(self, method: str, found: SplitResult, headers: dict[str, str], body: bytes | None) -> Answer:
        target = found.netloc
        if self.transport is None:
            target = guard.looked_up(found, loopback=self.loopback, whose="the intake's address")
        with guard.calling(
            method,
            found,
            target,
            headers={"Accept": "application/json", **headers},
            content=body,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="the intake's address cannot be reached",
        ) as answer:
            endless = Unavailable("the intake's answer has no end")
            held = answer.read(ANSWER_LIMIT_BYTES, whose="the intake", too_much=endless)
            told = answer.response.headers
            wait = told.get("retry-after", "")
            return Answer(
                status=answer.status,
                body=held,
                link=told.get("link", "")[:2000],
                wait_seconds=int(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 6 else 0,
            )
