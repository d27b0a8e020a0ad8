"""Fetch one public document politely, or say why not: robots.txt, reservations, size, time, redirects and addresses.

(1) the address: http or https, no user name, a usual port, and a host of the open internet (`guard`)
(2) robots.txt of the host, once a run; what it disallows is not fetched
(3) `/.well-known/tdmrep.json` of the host, once a run
(4) the document, conditionally when it is known; every redirect begins again at (1), and https never becomes http
(5) reservations in its headers: then its bytes are not kept
"""

import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpcore

from comity.errors import Forbidden, Invalid, TooLarge, Unavailable
from comity.feeds import manners
from comity.feeds.guard import Guard
from comity.feeds.manners import Robots

AGENT: Final = "comity"
LIMIT_BYTES: Final = 4_000_000
PATIENCE: Final = timedelta(seconds=20)
REDIRECTS: Final = 5
MOVED: Final = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Validators of an earlier answer."""

    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """`url` is where the bytes came from in the end. `headers` have lower-case names. `signals` may be empty."""

    asked: str
    url: str
    content: bytes
    media_type: str
    headers: Mapping[str, str]
    retrieved_at: datetime
    signals: tuple[str, ...] = ()

    @property
    def known(self) -> Known:
        """For the next time."""
        return Known(etag=self.headers.get("etag", ""), last_modified=self.headers.get("last-modified", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The document is as it was."""

    asked: str
    retrieved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The publisher does not want machines here; nothing was kept. `signals` say how that was said."""

    asked: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """There is no such document any more: 404 or 410."""

    asked: str
    status: int


Outcome: TypeAlias = Fetched | NotModified | Reserved | Gone


@dataclass(slots=True, kw_only=True)
class Reader:
    """Fetches for one run: robots.txt and tdmrep.json of a host are asked for once. `now` is the caller's clock."""

    now: datetime
    private: bool = False
    """Private and loopback addresses, and any port: for tests (setting `fetch_private`)."""
    limit_bytes: int = LIMIT_BYTES
    patience: timedelta = PATIENCE
    contact: str = ""
    """Put into the agent's name, so that a publisher can write to somebody."""
    _robots: dict[str, Robots] = field(default_factory=dict)
    _tdmrep: dict[str, bytes] = field(default_factory=dict)
    _ssl: ssl.SSLContext = field(default_factory=httpcore.default_ssl_context)
    """Made once a run: it reads every authority."""

    def fetch(self, url: str, known: Known | None = None) -> Outcome:
        """The document. Raises Invalid (address), Forbidden (inside network), TooLarge or Unavailable."""
        place, sent = address(url, private=self.private), conditional(known)
        ends = time.monotonic() + self.patience.total_seconds()
        with self._pool(ends) as pool:
            for _ in range(REDIRECTS + 1):
                if signals := self._asked_not_to(pool, place, ends):
                    return Reserved(asked=url, signals=signals)
                status, headers, content = self._get(pool, place, ends, sent)
                if status in MOVED and headers.get("location"):
                    place = moved(place, headers["location"], private=self.private)
                    continue
                if status == 304:
                    return NotModified(asked=url, retrieved_at=self.now)
                if status in (404, 410):
                    return Gone(asked=url, status=status)
                if status != 200:
                    raise Unavailable(f"{urlsplit(place).hostname} answered {status}: look at the address")
                if signals := manners.reserved_by_headers(headers):  # (5)
                    return Reserved(asked=url, signals=signals)
                return Fetched(
                    asked=url,
                    url=place,
                    content=content,
                    media_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
                    headers=headers,
                    retrieved_at=self.now,
                )
        raise Unavailable(f"{urlsplit(url).hostname} redirects more than {REDIRECTS} times: give the last address")

    def _pool(self, ends: float) -> httpcore.ConnectionPool:
        guard = Guard(self.private, ends)
        return httpcore.ConnectionPool(ssl_context=self._ssl, max_connections=2, network_backend=guard)

    def _asked_not_to(self, pool: httpcore.ConnectionPool, place: str, ends: float) -> tuple[str, ...]:
        parts = urlsplit(place)
        root = f"{parts.scheme}://{parts.netloc}"
        if root not in self._robots:  # (2)
            self._robots[root] = self._read_robots(pool, root, ends)
        rules = self._robots[root]
        if not rules.reachable:
            raise Unavailable(f"{parts.hostname} does not give its robots.txt now: try again later (RFC 9309 2.3.1.4)")
        if not rules.allows(parts.path + (f"?{parts.query}" if parts.query else "") or "/"):
            return ("robots.txt disallows this address",)
        if rules.signals:
            return rules.signals
        if root not in self._tdmrep:  # (3)
            self._tdmrep[root] = self._extra(pool, f"{root}/.well-known/tdmrep.json", ends)
        return manners.reserved_by_tdmrep(self._tdmrep[root], place)

    def _read_robots(self, pool: httpcore.ConnectionPool, root: str, ends: float) -> Robots:
        """RFC 9309 2.3.1: 4xx means no rules, 5xx means no entry; redirects are followed on this host."""
        place = f"{root}/robots.txt"
        for _ in range(REDIRECTS):
            status, headers, content = self._get(pool, place, ends, {})
            if status in MOVED and headers.get("location"):
                place = moved(place, headers["location"], private=self.private)
                if not place.startswith(f"{root}/"):
                    return Robots()
                continue
            if status >= 500:
                return Robots(reachable=False)
            return manners.robots(content, AGENT) if status == 200 else Robots()
        return Robots()

    def _extra(self, pool: httpcore.ConnectionPool, place: str, ends: float) -> bytes:
        status, _, content = self._get(pool, place, ends, {})
        return content if status == 200 else b""

    def _get(
        self, pool: httpcore.ConnectionPool, place: str, ends: float, more: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        left = max(0.05, ends - time.monotonic())
        sent = {
            "Host": urlsplit(place).netloc,
            "User-Agent": agent(self.contact),
            "Accept": "text/html, application/json, application/atom+xml, application/rss+xml, */*;q=.5",
            "Accept-Encoding": "gzip, identity",
        } | dict(more)
        waits = dict.fromkeys(("connect", "read", "write", "pool"), left)
        try:
            with pool.stream("GET", place, headers=list(sent.items()), extensions={"timeout": waits}) as answer:
                headers = headers_of(answer)
                return answer.status, headers, self._body(answer, headers, ends)
        except httpcore.TimeoutException as error:
            raise Unavailable(f"{urlsplit(place).hostname} did not answer in time: try again later") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as error:
            raise Unavailable(f"{urlsplit(place).hostname} cannot be reached now: try again later") from error

    def _body(self, answer: httpcore.Response, headers: Mapping[str, str], ends: float) -> bytes:
        """At most `limit_bytes`, counted after unpacking: a small answer that unpacks to a large one is refused."""
        packing = headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("identity", "", "gzip"):
            raise Unavailable(f"the host packs its answer as {packing[:20]}, which was not asked for")
        unpack = zlib.decompressobj(31) if packing == "gzip" else None
        held = bytearray()
        for chunk in answer.iter_stream():
            if time.monotonic() > ends:
                raise Unavailable("the host did not finish its answer in time: try again later")
            try:
                held += unpack.decompress(chunk, self.limit_bytes + 1 - len(held)) if unpack else chunk
            except zlib.error as error:
                raise Unavailable("the host's answer cannot be unpacked: try again later") from error
            if len(held) > self.limit_bytes or (unpack is not None and unpack.unconsumed_tail):
                raise TooLarge(f"the document is over {self.limit_bytes} bytes")
        return bytes(held)


def agent(contact: str) -> str:
    """What Comity calls itself, with somebody to write to where the host names one."""
    return f"{AGENT}/1 (+{contact})" if contact else f"{AGENT}/1"


def headers_of(answer: httpcore.Response) -> dict[str, str]:
    """An answer's headers by lower-case name."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}


def conditional(known: Known | None) -> dict[str, str]:
    """Headers that ask for a document only where it is another one than what is known (RFC 9110 13.1)."""
    sent = {}
    if known is not None and known.etag:
        sent["If-None-Match"] = known.etag
    if known is not None and known.last_modified:
        sent["If-Modified-Since"] = known.last_modified
    return sent


def address(url: str, *, private: bool) -> str:
    """An address that may be asked. Invalid for what is none, Forbidden for an unusual port."""
    # (1)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("this is no address that can be read") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("give an address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise Invalid("an address with a user name in it is not fetched")
    if port not in (None, 80, 443) and not private:
        raise Forbidden("only the usual ports 80 and 443 are fetched from")
    if any(ord(mark) <= 32 or ord(mark) > 126 for mark in url):
        raise Invalid("write the address with its special characters escaped")
    return parts._replace(fragment="").geturl()


def moved(place: str, location: str, *, private: bool) -> str:
    """Where a redirect leads, looked at like every address; from https never to http."""
    # (4)
    to = address(urljoin(place, location), private=private)
    if place.startswith("https://") and not to.startswith("https://"):
        raise Forbidden("the host redirects from https to http: not followed")
    return to
