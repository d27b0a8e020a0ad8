"""Call a developer's model endpoint: one guarded POST, on behalf of the model gateway.

The address is a stranger's word, so the host it names is looked up first and must be a public one; the call then goes
to exactly the address that was looked at. Plain http and this machine are for scripted subjects only, and only where
the host's setting says so. No redirect is followed, since the developer's key would travel with it.
"""

import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult

import httpx

from comity.errors import Invalid, Problem, TooLarge, Unavailable
from comity.partners import guard

ANSWER_LIMIT_BYTES: Final = 8 * 1024 * 1024
TIMEOUT: Final = httpx.Timeout(120.0, connect=15.0)
LONGEST_SECONDS: Final = 600.0
"""A whole call, however slowly its answer drips."""


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
            "Accept-Encoding": "identity",
            "Host": parts.netloc,
        }
        client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self.transport, trust_env=False)
        where = f"{parts.scheme}://{target}{parts.path}/chat/completions"
        more = {"sni_hostname": parts.hostname} if parts.scheme == "https" else {}
        ends = time.monotonic() + LONGEST_SECONDS
        try:
            with client, client.stream("POST", where, content=body, headers=headers, extensions=more) as answer:
                held = b""
                if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                    raise Unavailable("the endpoint packs its answer, which was not asked for")
                for chunk in answer.iter_bytes():
                    held += chunk
                    if time.monotonic() > ends:
                        raise Unavailable("the developer's endpoint took too long to answer")
                    if len(held) > ANSWER_LIMIT_BYTES:
                        raise TooLarge(f"the endpoint answers with more than {ANSWER_LIMIT_BYTES} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise Unavailable("the developer's endpoint cannot be reached: the developer can say why") from error
        return Reply(status=answer.status_code, data=held)


def _parts(url: str) -> SplitResult:
    return guard.parts(url, "an https address up to /v1")
