"""Decide where a call on a stranger's word may go: the name is looked up once, looked at, and called as it was found.

No redirect is followed, nothing of the environment is heard, and an answer is read as it came, up to a size and a time.

Plain http and this machine are for tests and scripted parties only, and only where a setting of the host says so.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx

from comity.errors import ComityError, Invalid, Problem, Unavailable
from comity.model.address import is_public

LONGEST_SECONDS: Final = 600.0
"""A whole call, however slowly its answer drips: head and body alike."""
_CONNECTED: Final = ("connection.connect_tcp.complete", "connection.start_tls.complete")


def parts(url: str, what: str = "an https address") -> SplitResult:
    """The address in parts. Invalid for what is none; `what` says what was wanted."""
    try:
        found = urlsplit(url.strip().rstrip("/"))
        _ = found.port
    except ValueError as error:
        raise Invalid("this is no address", [Problem("/url", "bad_address", what)]) from error
    return found


def is_callable(found: SplitResult, *, loopback: bool) -> bool:
    """Whether it is https, or with `loopback` http to this machine, and carries no user name."""
    ok = found.scheme == "https" or (found.scheme == "http" and loopback and is_here(found.hostname or ""))
    return bool(found.hostname) and ok and not found.username and not found.password


def looked_up(found: SplitResult, *, loopback: bool, whose: str) -> str:
    """The host's own address, looked up once and used as it is. Invalid for one that is no public address."""
    name, port = found.hostname or "", found.port or (443 if found.scheme == "https" else 80)
    try:
        addresses = {str(one[4][0]) for one in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"the name of {whose} is not known here: check the address") from error
    for one in addresses:
        if not (is_public(one) or (loopback and ip_address(one).is_loopback)):
            reason = "the name leads into a private network"
            raise Invalid("this endpoint may not be called", [Problem("/url", "private_address", reason)])
    chosen = min(addresses)
    return f"[{chosen}]:{port}" if ":" in chosen else f"{chosen}:{port}"


def is_here(name: str) -> bool:
    """Whether a name means this machine."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """An answer that has begun. `ends`: on the monotonic clock, when it must be whole."""

    response: httpx.Response
    ends: float

    @property
    def status(self) -> int:
        """Its status."""
        return self.response.status_code

    def read(self, limit_bytes: int, *, whose: str, too_much: ComityError) -> bytes:
        """The body. `too_much` when it is over the limit, Unavailable when it is packed or takes too long."""
        if self.response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise Unavailable(f"{whose} packs its answer, which was not asked for")
        held = b""
        for chunk in self.response.iter_bytes():
            held += chunk
            if time.monotonic() > self.ends:
                raise Unavailable(f"{whose} took too long to answer")
            if len(held) > limit_bytes:
                raise too_much
        return held


@dataclass(slots=True)
class _End:
    """Cuts a call's connection at its end. A wait for each read is no end: a head of many small parts restarts it."""

    has_come: bool = False
    _socket: socket.socket | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, event: str, told: Mapping[str, Any]) -> None:
        """Hears of the client's connection (httpcore's extension `trace`)."""
        if event in _CONNECTED:
            with self._lock:
                self._socket = told["return_value"].get_extra_info("socket")
            if self.has_come:
                self.come()

    def come(self) -> None:
        """Now: whoever reads or writes sees a closed connection."""
        with self._lock:
            self.has_come = True
            if self._socket is not None:
                with suppress(OSError):  # closed already
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextmanager
def calling(
    method: str,
    found: SplitResult,
    target: str,
    *,
    headers: Mapping[str, str],
    timeout: httpx.Timeout,
    unreachable: str,
    transport: httpx.BaseTransport | None = None,
    content: bytes | None = None,
    form: Mapping[str, str] | None = None,
    seconds: float = LONGEST_SECONDS,
) -> Iterator[Answering]:
    """The answer of `target`, asked for as `found`, its body not yet read. Unavailable, as said, when none comes.

    After `seconds` the connection is cut, wherever the call stands.
    """
    end = _End()
    sent = {**headers, "Host": found.netloc, "Accept-Encoding": "identity"}
    more: dict[str, Any] = {"trace": end.watch}
    if found.scheme == "https":
        more["sni_hostname"] = found.hostname
    where = found._replace(netloc=target).geturl()
    ends = time.monotonic() + seconds
    client = httpx.Client(timeout=timeout, follow_redirects=False, transport=transport, trust_env=False)
    clock = threading.Timer(seconds, end.come)
    clock.daemon = True
    clock.start()
    try:
        with (
            client,
            client.stream(method, where, content=content, data=form, headers=sent, extensions=more) as response,
        ):
            yield Answering(response=response, ends=ends)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise Unavailable(f"{unreachable}: it took too long" if end.has_come else unreachable) from error
    finally:
        clock.cancel()
