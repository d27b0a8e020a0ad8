"""A small web site on loopback whose pages, headers and moods a test writes."""

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.loopback import serving


@dataclass(frozen=True)
class Page:
    """One answer. `drip` sends one byte at a time, `drips_head` already its head; `packed` sends it as gzip."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "text/html"
    drip: bool = False
    drips_head: bool = False
    packed: bool = False


@dataclass
class Site:
    """Its address, and the paths and headers that were asked for."""

    address: str
    pages: dict[str, Page]
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def site(pages: Mapping[str, Page]) -> Iterator[Site]:
    """Serve the pages while the block runs; any other path is 404."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            page = served.pages.get(self.path, Page(status=404))
            etag = page.headers.get("ETag")
            if etag and self.headers.get("If-None-Match") == etag:
                page = Page(status=304)
            while page.drips_head and not done.wait(0.02):
                try:
                    self.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
                except (BrokenPipeError, ConnectionResetError):
                    return
            body = gzip.compress(page.body) if page.packed else page.body
            self.send_response(page.status)
            self.send_header("Content-Type", page.media_type)
            if page.packed:
                self.send_header("Content-Encoding", "gzip")
            for name, value in page.headers.items():
                self.send_header(name, value)
            if not page.drip and page.status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                while page.drip and not done.wait(0.02):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                if page.status != 304:
                    self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    with serving(Handler) as address:
        served = Site(address, dict(pages))
        try:
            yield served
        finally:
            done.set()
