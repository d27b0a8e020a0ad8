"""An upstream on loopback: files with validators and parts, as large hosts serve them, and every way they fail."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler

from tests.loopback import serving


@dataclass(frozen=True)
class File:
    """One file. `cut_after`: the connection ends after so many bytes of an answer. `drip`: a byte at a time, no end."""

    body: bytes = b""
    etag: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int = 0
    drip: bool = False
    ranges: bool = True
    shifted: bool = False
    """Answers a range with another place than was asked for."""


@dataclass
class Upstream:
    """Its address, its files, and the (path, headers) that were asked for."""

    address: str
    files: dict[str, File]
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def change(self, path: str, **fields: object) -> None:
        self.files[path] = replace(self.files[path], **fields)  # type: ignore[arg-type]  # fields are set by name


@contextmanager
def upstream(files: Mapping[str, File]) -> Iterator[Upstream]:
    """Serve the files while the block runs; any other path is 404."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            sent = {name.lower(): value for name, value in self.headers.items()}
            held.asked.append((self.path, sent))
            file = held.files.get(self.path, File(status=404))
            if file.etag and sent.get("if-none-match") == file.etag:
                self.answer(304, {"ETag": file.etag}, b"", file)
                return
            start, status, headers = 0, file.status, dict(file.headers)
            begun = sent.get("range", "").removeprefix("bytes=").removesuffix("-")
            if begun and file.ranges and sent.get("if-range") in (None, file.etag):
                start = int(begun)
                if start >= len(file.body):
                    self.answer(416, {}, b"", file)
                    return
                status = 206
                said = start + 1 if file.shifted else start
                headers["Content-Range"] = f"bytes {said}-{len(file.body) - 1}/{len(file.body)}"
            if file.etag:
                headers["ETag"] = file.etag
            self.answer(status, headers, file.body[start:], file)

        def answer(self, status: int, headers: Mapping[str, str], body: bytes, file: File) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if not file.drip and "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                while file.drip and not done.wait(0.02):
                    self.wfile.write(b"x")
                    self.wfile.flush()
                self.wfile.write(body[: file.cut_after] if file.cut_after else body)
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                pass
            if file.cut_after:
                self.close_connection = True

    with serving(Handler) as address:
        held = Upstream(address, dict(files))
        try:
            yield held
        finally:
            done.set()
