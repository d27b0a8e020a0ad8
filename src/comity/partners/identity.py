"""Speak to the one sign-in provider that the operator configured: its own documents, its token and userinfo addresses.

The issuer is the operator's word. What it publishes is a stranger's: no redirect is followed, a name is looked up once
and called as it was found, and a private network is entered only where a setting says that the provider lives in one,
and then only at the issuer's own host.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx

from comity.errors import Invalid, Unavailable
from comity.partners import guard

LIMIT_BYTES: Final = 256 * 1024
TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHost:
    """The provider at `issuer`. `private`: it lives on this machine or in a private network."""

    issuer: str
    private: bool = False
    transport: httpx.BaseTransport | None = field(default=None, repr=False)
    """For tests: an application in this process."""

    def described(self) -> bytes:
        """What the provider publishes of itself, at the issuer and nowhere else."""
        return self._call("GET", self.issuer.rstrip("/") + WELL_KNOWN, {}, None)[1]

    def fetch(self, url: str, *, bearer: str = "") -> bytes:
        """A document that the provider named. Unavailable unless it answers 200."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self._call("GET", url, headers, None)[1]

    def post(self, url: str, form: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        """Send a form; gives status and body, 4xx too."""
        return self._call("POST", url, headers, form)

    def _call(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None) -> tuple[int, bytes]:
        parts = guard.parts(url)
        target = self._target(url)
        endless = Unavailable("the sign-in provider answers with too much: tell the operator")
        with guard.calling(
            method,
            parts,
            target,
            headers={**headers, "Accept": "application/json"},
            form=form,
            timeout=TIMEOUT,
            transport=self.transport,
            unreachable="the sign-in provider cannot be reached: use your password, or try later",
        ) as answer:
            held = answer.read(LIMIT_BYTES, whose="the sign-in provider", too_much=endless)
        if answer.status != 200 and not (form is not None and 400 <= answer.status < 500):
            raise Unavailable("the sign-in provider did not answer as it should: use your password, or try later")
        return answer.status, held

    def _target(self, url: str) -> str:
        """The address to call. Unavailable for one that this provider may not send us to."""
        parts = guard.parts(url)
        is_home = parts.netloc == urlsplit(self.issuer).netloc and parts.scheme == urlsplit(self.issuer).scheme
        if not ((self.private and is_home) or guard.is_callable(parts, loopback=False)):
            raise Unavailable("the sign-in provider sends us to a place that is not called: tell the operator")
        if self.private and is_home:
            return parts.netloc
        if self.transport is not None:
            return parts.netloc
        try:
            return guard.looked_up(parts, loopback=False, whose="the sign-in provider")
        except Invalid as error:
            said = "the sign-in provider's address leads into a private network"
            raise Unavailable(f"{said}: the operator may set COMITY_OIDC_PRIVATE") from error
