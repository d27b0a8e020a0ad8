"""Bring a signed hand-over to a partner host: one guarded POST. The answer is bytes of a stranger, up to a limit."""

import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from comity.errors import Invalid, Problem, Unavailable
from comity.partners import guard

TIMEOUT: Final = httpx.Timeout(120.0, connect=10.0)
ANSWER_LIMIT_BYTES: Final = 1024 * 1024
PATH: Final = "/api/v1/hand-overs"
CLAIMS: Final = "/api/v1/claim-letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    link: str = ""
    """Its `Link` header."""
    wait_seconds: int = 0
    """How long it asks to be left alone (`Retry-After` in seconds); 0 when it does not say."""

    @property
    def is_taken(self) -> bool:
        """Whether it says that the case was taken."""
        return 200 <= self.status < 300

    @property
    def is_refused(self) -> bool:
        """Whether trying again would bring the same answer."""
        return 400 <= self.status < 500 and self.status not in (408, 425, 429)

    def reason(self) -> str:
        """Why not, in the other side's words: one line of at most 500 characters."""
        try:
            held = json.loads(self.body)
        except (ValueError, RecursionError):
            held = {}
        said = held.get("detail") or held.get("title") if isinstance(held, dict) else ""
        text = " ".join(str(said or f"the partner answered {self.status}").split())
        return "".join(letter for letter in text if letter.isprintable())[:500]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Partners are called over https. `loopback`: this machine too, over plain http, for tests and demonstrations."""

    loopback: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def checked(self, address: str) -> str:
        """The host's address without a path. Invalid unless https (or http to this machine if that is on)."""
        found = guard.parts(address)
        if not guard.is_callable(found, loopback=self.loopback) or found.path or found.query or found.fragment:
            reason = "an https address such as https://cert.example.org, without a path"
            raise Invalid("this is no partner's address", [Problem("/address", "bad_address", reason)])
        return found.geturl()

    def bring(self, address: str, body: bytes, *, path: str = PATH) -> Answer:
        """POST it: where cases are taken, or letters about claims. Unavailable when nothing answers; Invalid for a name
        that leads into a private network."""
        found = urlsplit(self.checked(address))._replace(path=path)
        target = found.netloc
        if self.transport is None:
            target = guard.looked_up(found, loopback=self.loopback, whose="the partner's address")
        endless = Unavailable("the partner's answer has no end")
        with guard.calling(
            "POST",
            found,
            target,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=body,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="the partner's address cannot be reached",
        ) as answer:
            held = answer.read(ANSWER_LIMIT_BYTES, whose="the partner", too_much=endless)
            return Answer(status=answer.status, body=held)
