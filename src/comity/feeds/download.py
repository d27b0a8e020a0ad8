"""Download one large public file into a folder: conditionally, resumably, within limits, politely.

(1) the address: https, a usual port, a host of the open internet, looked at at every redirect (`web`, `guard`)
(2) what is known goes along: `If-None-Match` and `If-Modified-Since`, or `Range` with `If-Range` for a part that an
    earlier try left behind (RFC 9110 13.1, 14.2). A part is only gone on with when the host says that it is of the
    same file, and answers with exactly the place that was asked for.
(3) the announced size is looked at before a byte is read; then bytes are counted as they come
(4) a host that drips is left, and what came is kept for the next try
(5) what the host says of the bytes' digest holds (RFC 9530 `Repr-Digest`; the store of OSV says MD5): else all is
    thrown away
A fixed address that an operator named is no crawl, so that robots.txt is not asked (RFC 9309 speaks of crawlers);
`Retry-After` is obeyed.
"""

import base64
import email.utils
import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias
from urllib.parse import urlsplit

import httpcore

from comity.errors import Conflict, Invalid, TooLarge, Unavailable
from comity.feeds import web
from comity.feeds.guard import Guard
from comity.feeds.web import Known
from comity.model.ids import Digest

TRIES: Final = 3
PATIENCE: Final = timedelta(minutes=30)
STALL: Final = timedelta(seconds=30)
LEAST_RATE: Final = 1024
"""Bytes a second that a host must average once `STALL` has passed."""
PAUSE: Final = timedelta(seconds=2)
LONGEST_WAIT: Final = timedelta(days=1)
"""Longest `Retry-After` that is believed."""
CHUNK: Final = 1024 * 1024
_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)\Z", re.ASCII)


class Later(Unavailable):
    """The host asks for patience: `after` is the moment before which it is not asked again."""

    def __init__(self, message: str, after: datetime) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A whole file. `path` is the caller's to remove. `resumed`: how many bytes an earlier try had brought."""

    asked: str
    url: str
    path: Path
    bytes: int
    digest: Digest
    known: Known
    resumed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The host says that what is known is its newest."""

    asked: str


Outcome: TypeAlias = Arrived | Unchanged


@dataclass(slots=True, kw_only=True)
class Download:
    """Downloads for one run. `now` is the caller's clock; `folder` holds parts and finished files."""

    folder: Path
    now: datetime
    private: bool = False
    """Loopback and private addresses, http, any port: for tests (setting `fetch_private`)."""
    contact: str = ""
    tries: int = TRIES
    patience: timedelta = PATIENCE
    stall: timedelta = STALL
    pause: timedelta = PAUSE
    _ends: float = field(default=0.0, init=False)

    def fetch(self, url: str, *, limit_bytes: int, known: Known | None = None) -> Outcome:
        """The file. Raises Invalid (address), Forbidden (inside network), TooLarge, Later or Unavailable.

        Cut off, what came stays in the folder, and the next call for the address goes on from there.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = _Part.of(self.folder, url)
        with part.alone():
            return self._tried(url, part, limit_bytes, known)

    def _tried(self, url: str, part: "_Part", limit_bytes: int, known: Known | None) -> Outcome:
        self._ends = time.monotonic() + self.patience.total_seconds()
        for left in range(self.tries - 1, -1, -1):
            try:
                return self._once(url, part, limit_bytes, known)
            except _Cut as error:
                if not left or time.monotonic() + self.pause.total_seconds() > self._ends:
                    kept = part.size()
                    told = f"; {kept} bytes are kept, and the next try goes on from there" if kept else ""
                    raise Unavailable(f"{error}{told}") from error
                time.sleep(self.pause.total_seconds())
        raise Unavailable("not tried: at least one try is needed")

    def _once(self, url: str, part: "_Part", limit_bytes: int, known: Known | None) -> Outcome:
        place = address(url, private=self.private)
        begun = part.size() if part.validator() else 0
        sent = part.headers(begun) if begun else web.conditional(known)
        with self._pool() as pool:
            for _ in range(web.REDIRECTS + 1):
                try:
                    with pool.stream("GET", place, headers=self._headers(place, sent), extensions=self._waits()) as got:
                        headers = web.headers_of(got)
                        if got.status in web.MOVED and headers.get("location"):
                            place = moved(place, headers["location"], private=self.private)
                            continue
                        if got.status == 416 and begun:
                            part.drop()
                            raise _Cut("the file has become shorter meanwhile: it begins again")
                        if got.status == 304 and not begun:
                            return Unchanged(asked=url)
                        self._refuse(got.status, headers, place)
                        start = _start(got.status, headers, begun)
                        whole = _announced(headers, start, limit_bytes)
                        part.note(url, headers)
                        self._body(got, part, start, limit_bytes)
                except httpcore.TimeoutException as error:
                    raise _Cut(f"{urlsplit(place).hostname} did not answer in time: try again later") from error
                except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                    raise _Cut(f"{urlsplit(place).hostname} was cut off or cannot be reached now") from error
                if whole is not None and part.size() != whole:
                    raise _Cut(f"{urlsplit(place).hostname} sent {part.size()} bytes of {whole}")
                return part.finish(url, place, headers, resumed=start)
        raise Unavailable(f"{urlsplit(url).hostname} redirects more than {web.REDIRECTS} times: give the last address")

    def _pool(self) -> httpcore.ConnectionPool:
        guard = Guard(self.private, self._ends)
        return httpcore.ConnectionPool(
            ssl_context=httpcore.default_ssl_context(), max_connections=1, network_backend=guard
        )

    def _headers(self, place: str, more: Mapping[str, str]) -> list[tuple[str, str]]:
        sent = {
            "Host": urlsplit(place).netloc,
            "User-Agent": web.agent(self.contact),
            "Accept": "*/*",
            "Accept-Encoding": "identity",
        }
        return list((sent | dict(more)).items())

    def _waits(self) -> dict[str, dict[str, float]]:
        left = max(0.05, min(self._ends - time.monotonic(), self.stall.total_seconds()))
        return {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), left)}

    def _refuse(self, status: int, headers: Mapping[str, str], place: str) -> None:
        host = urlsplit(place).hostname
        if status in (429, 503):
            after = retry_after(headers.get("retry-after", ""), self.now)
            if after is not None:
                raise Later(f"{host} asks for patience until {after:%Y-%m-%d %H:%M} UTC", after)
        if status in (404, 410):
            raise Unavailable(f"{host} has no such file any more ({status}): look at the address")
        if status not in (200, 206):
            raise Unavailable(f"{host} answered {status}: look at the address, or try again later")
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Unavailable(f"{host} packs its answer, which was not asked for: look at the address")

    def _body(self, answer: httpcore.Response, part: "_Part", start: int, limit_bytes: int) -> None:
        # (3) (4)
        began, came = time.monotonic(), 0
        with part.open(start) as file:
            for chunk in answer.iter_stream():
                if start + came + len(chunk) > limit_bytes:
                    part.drop()
                    raise TooLarge(f"the file is over {limit_bytes} bytes, more than this mirror may have: not kept")
                file.write(chunk)
                came += len(chunk)
                took = time.monotonic() - began
                if time.monotonic() > self._ends:
                    raise _Cut("the host did not finish its answer in time")
                if took > self.stall.total_seconds() and came < LEAST_RATE * took:
                    raise _Cut("the host sends next to nothing: try again later")


class _Cut(Exception):
    """This try ended early; what came is kept. It never leaves this file."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What an earlier try left: the bytes, and beside them of which file they are."""

    path: Path
    about: Path

    @classmethod
    def of(cls, folder: Path, url: str) -> "_Part":
        name = hashlib.sha256(url.encode()).hexdigest()[:32]
        return cls(folder / f"{name}.part", folder / f"{name}.json")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Two downloads of one address at once would write into one part: the second is told so."""
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("this file is being fetched already: look again in a little while") from error
        else:
            yield
        finally:
            os.close(descriptor)

    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def validator(self) -> str:
        """What `If-Range` may say: a strong entity tag, else the date of change; "" when the part is good for nothing.

        RFC 9110 13.1.5: a weak tag never. A date may be used where it is all there is.
        """
        held = self._noted()
        etag = held.get("etag", "")
        return etag if etag and not etag.startswith("W/") else held.get("last-modified", "")

    def headers(self, begun: int) -> dict[str, str]:
        return {"Range": f"bytes={begun}-", "If-Range": self.validator()}

    def note(self, url: str, headers: Mapping[str, str]) -> None:
        kept = {name: headers[name][:512] for name in ("etag", "last-modified") if name in headers}
        self.about.write_text(json.dumps({"url": url} | kept), encoding="utf-8")

    def open(self, start: int) -> BinaryIO:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, start)
        os.lseek(descriptor, start, os.SEEK_SET)
        return os.fdopen(descriptor, "wb")

    def drop(self) -> None:
        for path in (self.path, self.about):
            path.unlink(missing_ok=True)

    def finish(self, asked: str, url: str, headers: Mapping[str, str], *, resumed: int) -> Arrived:
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK):
                sha256.update(chunk)
                md5.update(chunk)
        wrong = _contradicted(headers, sha256=sha256.digest(), md5=md5.digest())
        if wrong:  # (5)
            self.drop()
            raise Unavailable(f"the file arrived damaged: its {wrong} is not the one the host states; try again")
        size, done = self.size(), self.path.with_suffix(".whole")
        self.path.replace(done)
        self.about.unlink(missing_ok=True)
        known = Known(etag=headers.get("etag", "")[:512], last_modified=headers.get("last-modified", "")[:512])
        return Arrived(
            asked=asked, url=url, path=done, bytes=size, digest=Digest(sha256.hexdigest()), known=known, resumed=resumed
        )

    def _noted(self) -> dict[str, str]:
        try:
            held = json.loads(self.about.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return {name: value for name, value in held.items() if isinstance(value, str)} if isinstance(held, dict) else {}


def address(url: str, *, private: bool) -> str:
    """A checked address: https, but for tests. Invalid or Forbidden otherwise."""
    place = web.address(url, private=private)
    if not place.startswith("https://") and not private:
        raise Invalid("a mirror is fetched over https: give an address that begins with https://")
    return place


def moved(place: str, location: str, *, private: bool) -> str:
    """Where a redirect leads, checked like the first address."""
    return address(web.moved(place, location, private=private), private=private)


def retry_after(text: str, now: datetime) -> datetime | None:
    """RFC 9110 10.2.3: seconds or a date. None for neither; never over a day."""
    if text.strip().isascii() and text.strip().isdigit():
        return now + min(timedelta(seconds=min(int(text.strip()), 10**7)), LONGEST_WAIT)
    try:
        said = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    said = said.replace(tzinfo=UTC) if said.tzinfo is None else said
    return min(max(said.astimezone(UTC), now), now + LONGEST_WAIT)


def _start(status: int, headers: Mapping[str, str], begun: int) -> int:
    """Where the bytes of this answer belong: 0 for a whole file, the asked place for the rest of one."""
    if status != 206:
        return 0
    found = _RANGE.match(headers.get("content-range", "").strip())
    if not begun or found is None or int(found[1]) != begun:
        raise Unavailable("the host sent a part that was not asked for: try again later")
    return begun


def _announced(headers: Mapping[str, str], start: int, limit_bytes: int) -> int | None:
    """The whole size, as announced; None when it is not. TooLarge before anything is read."""
    text = headers.get("content-length", "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        return None
    whole = start + int(text)
    if whole > limit_bytes:
        raise TooLarge(f"the file has {whole} bytes, and this mirror may have {limit_bytes}: not fetched")
    return whole


def _contradicted(headers: Mapping[str, str], *, sha256: bytes, md5: bytes) -> str:
    """The name of a digest that the host states and the bytes do not have; "" when all that is stated holds."""
    for part in headers.get("repr-digest", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256" and _plain(value.strip(":")) != sha256:
            return "SHA-256"
    if headers.get("x-goog-stored-content-encoding", "identity") == "identity":
        for part in headers.get("x-goog-hash", "").split(","):
            name, _, value = part.strip().partition("=")
            if name == "md5" and _plain(value) != md5:
                return "MD5"
    return ""


def _plain(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
