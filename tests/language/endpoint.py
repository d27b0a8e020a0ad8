"""A loopback endpoint of a model that says what a test wrote: it answers, lies, babbles, stays silent or stops short.

Replies are used in turn, and the last one repeats. What was asked is kept, headers too.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias

from comity.language import Endpoint
from tests.loopback import serving


@dataclass(frozen=True)
class Says:
    """The value as JSON text, as a model that keeps to the schema gives it (or lies within it)."""

    value: Any
    fenced: bool = False


@dataclass(frozen=True)
class Junk:
    """Text that is no JSON, or any other text of a model."""

    text: str


@dataclass(frozen=True)
class Cut:
    """A text that ends at the limit of tokens."""

    text: str


@dataclass(frozen=True)
class Silent:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Drips:
    """One byte at a time, for ever."""

    every: float = 0.02


@dataclass(frozen=True)
class Fails:
    """A status, with a body that repeats the key it was sent."""

    status: int
    location: str = ""


@dataclass(frozen=True)
class Raw:
    """The whole body as it stands."""

    body: bytes


@dataclass(frozen=True)
class Calls:
    """A wish for a tool."""

    tool: str = "fetch"


Reply: TypeAlias = Says | Junk | Cut | Silent | Drips | Fails | Raw | Calls


@dataclass
class Served:
    """The endpoint to ask, and what was asked of it."""

    endpoint: Endpoint
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def scripted(*replies: Reply, key: str = "sk-test-key", seconds: float = 20.0) -> Iterator[Served]:
    """Serve the replies on a free port of this machine while the block runs."""
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            reply = replies[min(len(served.requests), len(replies) - 1)]
            served.requests.append(json.loads(body))
            served.headers.append({name.lower(): value for name, value in self.headers.items()})
            try:
                self._give(reply)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _give(self, reply: Reply) -> None:
            match reply:
                case Silent(wait):
                    done.wait(wait)
                    self.close_connection = True
                case Drips(every):
                    self.send_response(200)
                    self.end_headers()
                    while not done.wait(every):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                    self.close_connection = True
                case Fails(status, location):
                    told = json.dumps({"error": {"message": f"bad key {self.headers.get('Authorization')}"}}).encode()
                    self._send(status, told, location)
                case Raw(raw):
                    self._send(200, raw)
                case _:
                    self._send(200, json.dumps(envelope(reply)).encode())

        def _send(self, status: int, body: bytes, location: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        served = Served(
            Endpoint(address=f"{address}/v1", model="scripted-1", key=key, timeout=timedelta(seconds=seconds))
        )
        try:
            yield served
        finally:
            done.set()


def envelope(reply: Reply) -> dict[str, Any]:
    """The answer as such an endpoint wraps it."""
    message: dict[str, Any] = {"role": "assistant", "content": None}
    finish = "stop"
    match reply:
        case Says(value, fenced):
            text = json.dumps(value)
            message["content"] = f"```json\n{text}\n```" if fenced else text
        case Junk(text):
            message["content"] = text
        case Cut(text):
            message["content"], finish = text, "length"
        case Calls(tool):
            message["tool_calls"] = [{"id": "1", "type": "function", "function": {"name": tool, "arguments": "{}"}}]
            finish = "tool_calls"
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "another-name",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }
