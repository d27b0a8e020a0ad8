"""Speak to a remote Comity host as a client: the same answers as the local store gives, over its API.

No redirect is followed (a token would travel with it), answers are read up to a limit, and plain HTTP is used for
loopback only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from comity.errors import (
    STATUS,
    ComityError,
    Conflict,
    Forbidden,
    Invalid,
    Missing,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

PREFIX: Final = "/api/v1"
ANSWER_LIMIT_BYTES: Final = 64 * 1024 * 1024
TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
ERRORS: Final[Mapping[int, type[ComityError]]] = {
    status: kind for kind, status in STATUS.items() if kind in {Conflict, Forbidden, Invalid, Missing, TooLarge}
}


def address_of(text: str) -> str:
    """The host's address without a slash at the end. Invalid unless it is https, or http on this machine."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    if parts.scheme == "https" and parts.hostname:
        return f"https://{parts.netloc}"
    if parts.scheme == "http" and parts.hostname and _is_loopback(parts.hostname):
        return f"http://{parts.netloc}"
    raise Invalid(f"{text!r} is no host to send a token to: give an https address (plain http only on this machine)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHost:
    """One remote host. `token` is "" for what is open to everybody."""

    address: str
    token: str = field(default="", repr=False)
    transport: httpx.BaseTransport | None = None
    """For tests: an application in this process."""

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON answer to a GET under the API's prefix."""
        return self._read(self._send("GET", path, params={k: v for k, v in query.items() if v != ""}))

    def fetch(self, path: str) -> bytes:
        """The bytes of a download."""
        return self._send("GET", path)

    def download(self, path: str, **query: str | int) -> tuple[bytes, Mapping[str, str]]:
        """The bytes of a download with its headers, whose names are in lower case."""
        return self._exchange("GET", path, params={k: v for k, v in query.items() if v != ""})

    def post(self, path: str, body: bytes = b"", *, media_type: str = "application/json", **query: str) -> Any:
        """The JSON answer to a POST."""
        answer = self._send("POST", path, content=body, headers={"Content-Type": media_type}, params=query)
        return self._read(answer)

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        """The JSON answer to a POST of JSON with further headers."""
        return self._read(
            self._send("POST", path, content=body, headers={"Content-Type": "application/json", **headers})
        )

    def _read(self, answer: bytes) -> Any:
        try:
            return json.loads(answer)
        except ValueError as error:
            raise Unavailable(f"{self.address} does not answer as a Comity host: check the address") from error

    def _send(self, method: str, path: str, **more: Any) -> bytes:
        return self._exchange(method, path, **more)[0]

    def _exchange(self, method: str, path: str, **more: Any) -> tuple[bytes, Mapping[str, str]]:
        headers = {"Accept": "application/json", **more.pop("headers", {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self.transport, trust_env=False)
        try:
            with client, client.stream(method, self.address + PREFIX + path, headers=headers, **more) as answer:
                held = b""
                for chunk in answer.iter_bytes():
                    held += chunk
                    if len(held) > ANSWER_LIMIT_BYTES:
                        raise TooLarge(f"{self.address} answers with more than {ANSWER_LIMIT_BYTES} bytes")
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.address} cannot be reached: check the address and that it serves") from error
        if answer.is_success:
            return held, {name.lower(): value for name, value in answer.headers.items()}
        raise _refusal(answer.status_code, held, self.address)


def _refusal(status: int, body: bytes, address: str) -> ComityError:
    try:
        held = json.loads(body)
    except ValueError:
        held = {}
    detail = str(held.get("detail") or held.get("title") or f"{address} answered {status}")
    if status == STATUS[Unauthenticated]:
        return Unauthenticated(f"{detail}: run `comity login {address}`")
    kind = ERRORS.get(status, Unavailable)
    if kind is Invalid:
        problems = [
            Problem(str(p.get("pointer", "")), str(p.get("code", "")), str(p.get("reason", "")))
            for p in held.get("problems", [])
        ]
        return Invalid(detail, problems)
    return kind(detail)


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
