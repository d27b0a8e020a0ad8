"""A whole Comity host on a loopback port of this process, for benches, conformance and the tests of foreign clients."""

import asyncio
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from comity.access.caller import Via, signed_in
from comity.access.policy import Scope
from comity.app import Office, opened
from comity.errors import Unavailable
from comity.model.party import Role, Viewer
from comity.settings import Settings


@dataclass(slots=True, kw_only=True)
class Host:
    """A host that answers at `address`. `people` holds a viewer and a token for each login that was made."""

    office: Office
    address: str
    people: dict[str, tuple[Viewer, str]] = field(default_factory=dict)

    def person(self, login: str, role: Role, organisation: str) -> tuple[Viewer, str]:
        """Somebody of this role, with a token of every scope."""
        if login not in self.people:
            accounts = self.office.accounts
            made = accounts.provide(name=login, login=login, organisation=organisation, roles=frozenset({role}))
            viewer = signed_in(made, via=Via.SESSION).viewer
            token, _ = accounts.make_token(viewer, label="loopback", scopes=frozenset(Scope), days=1)
            self.people[login] = (viewer, token)
        return self.people[login]


def call(method: str, url: str, **more: Any) -> httpx.Response:
    """One request to this machine. ValueError for any other address."""
    if urlsplit(url).hostname != "127.0.0.1":
        raise ValueError("benches and suites call this machine alone")
    return httpx.request(method, url, trust_env=False, timeout=60, **more)


class Caller:
    """One connection to this machine, kept open, for benches."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._client = httpx.Client(headers=dict(headers), trust_env=False, timeout=600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ignored: object) -> None:
        self._client.close()

    def get(self, url: str) -> bytes:
        """The body of a 200. Unavailable for any other answer."""
        return self._body(self._client.get(url))

    def post(self, url: str, body: bytes) -> bytes:
        """The body of a success. Unavailable for any other answer."""
        return self._body(self._client.post(url, content=body))

    def _body(self, answer: httpx.Response) -> bytes:
        if not answer.is_success:
            raise Unavailable(f"the loopback host answered {answer.status_code}")
        return answer.content


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def host(folder: Path | None = None, **settings: Any) -> Iterator[Host]:
    """Open a fresh host in `folder` (by default a temporary one) and serve it; it signs with a demo key."""
    with tempfile.TemporaryDirectory(prefix="comity-loopback-") as made:
        place = folder or Path(made)
        unpaced = {"api_per_minute": 0, "api_open_per_minute": 0}
        held = Settings(
            data=place / "data", keys=place / "keys", port=free_port(), offline=True, **(unpaced | settings)
        )
        with opened(held, work=False, demo=True) as office, served(office.front(), held.port) as address:
            yield Host(office=office, address=address)


@contextmanager
def served(app: Any, port: int) -> Iterator[str]:
    """Serve an ASGI application from a thread of this process; gives its address."""
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False)
    loop = asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(server.serve())
        loop.close()

    thread = threading.Thread(target=run, name="loopback", daemon=True)
    thread.start()
    try:
        listening(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(timeout=20)


def listening(port: int) -> None:
    """Wait until something listens there. Unavailable after a minute and a half."""
    pause = threading.Event()
    for _ in range(1800):
        with socket.socket() as trial:
            trial.settimeout(0.5)
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        pause.wait(0.05)
    raise Unavailable("the loopback host did not begin to listen")
