"""Call a developer's model endpoint: one guarded POST, on behalf of the model gateway.

The address is a stranger's word, so the host it names is looked up first and must be a public one; the call then goes
to exactly the address that was looked at. Plain http and this machine are for scripted subjects only, and only where
the host's setting says so. No redirect is followed, since the developer's key would travel with it.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult

import httpx

from comity.errors import Invalid, Problem, TooLarge
from comity.partners import guard

ANSWER_LIMIT_BYTES: Final = 8 * 1024 * 1024
TIMEOUT: Final = httpx.Timeout(120.0, connect=15.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEndpoint:
    """Endpoints that may be called. `loopback`: this machine too, over plain http."""

    loopback: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def checked(self, url: str) -> str:
        """The address without a slash at the end. Invalid unless https, or http to this machine where that is on."""
        parts = _parts(url)
        if not guard.is_callable(parts, loopback=self.loopback) or parts.query or parts.fragment:
            reason = "an https address up to /v1, without credentials, query or fragment"
            raise Invalid("this is no address to call", [Problem("/url", "bad_address", reason)])
        return url.rstrip("/")

    def complete(self, url: str, key: str, body: bytes) -> Reply:
        """POST to `/chat/completions`. Unavailable when nothing answers; TooLarge for an answer over 8 MiB."""
        address = self.checked(url)
        parts = _parts(address)
        target = parts.netloc
        if self.transport is None:
            target = guard.looked_up(parts, loopback=self.loopback, whose="the developer's endpoint")
        headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        too_much = TooLarge(f"the endpoint answers with more than {ANSWER_LIMIT_BYTES} bytes")
        with guard.calling(
            "POST",
            parts._replace(path=f"{parts.path}/chat/completions"),
            target,
            headers=headers,
            content=body,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="the developer's endpoint cannot be reached: the developer can say why",
        ) as answer:
            held = answer.read(ANSWER_LIMIT_BYTES, whose="the developer's endpoint", too_much=too_much)
            return Reply(status=answer.status, data=held)


def _parts(url: str) -> SplitResult:
    return guard.parts(url, "an https address up to /v1")
