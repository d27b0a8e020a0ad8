"""Bodies without an end, sent to every route that takes one, and bodies that drip.

The list of routes is asked of the application: a new one is tried by itself.
"""

import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from litestar.exceptions import HTTPException
from litestar.types import Message, Receive, Scope, Send

from comity import console, taxii
from comity.access.patience import patient
from comity.access.policy import Action, may
from comity.access.routes import declared
from tests.api.site import Site, site

SMALL = 100_000
LIMITS = dict.fromkeys(
    (
        "body_limit_bytes",
        "bulk_limit_bytes",
        "inventory_limit_bytes",
        "taxii_body_limit_bytes",
        "attachment_limit_bytes",
    ),
    SMALL,
)
MOST = 17 * 1024 * 1024
"""No route may take more than this on a host with the small limits above: some forms have a limit of their own."""
ROLES = ("admin", "coordinator", "submitter", "defender", "editor", "developer", "authority", "auditor")
API = ("/api/", "/v1/", "/taxii2")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Every door of a host with small limits: API, TAP, OSV, CSAF, TAXII, feeds and pages."""

    def more(counters):  # type: ignore[no-untyped-def]  # the doors' own types
        return [*taxii.routes(counters), *console.routes(counters)]

    folder = tmp_path_factory.mktemp("attacked")
    with site(folder, more=more, page_error=taxii.errors(console.page_error), body_seconds=1, **LIMITS) as made:
        yield made


def address(path: str, name: str = "none") -> str:
    return re.sub(r"\{\w+:int\}", "0", re.sub(r"\{\w+:\w+\}", name, path))


def headers(here: Site, path: str, role: str, kind: bytes) -> list[tuple[bytes, bytes]]:
    shown = [(b"host", b"testserver.local"), (b"content-type", kind)]
    if path.startswith(API):
        return [*shown, (b"authorization", f"Bearer {here.tokens[role]}".encode())]
    return [*shown, (b"cookie", f"comity={here.secrets[role]}".encode())]


async def pushed(here: Site, path: str, role: str, kind: bytes) -> tuple[int, int]:
    """Status and bytes read, of a body that never ends and names no length."""
    told = {"status": 0, "read": 0}
    chunk = b"A" * 65_536

    async def receive() -> dict[str, Any]:
        told["read"] += len(chunk)
        if told["read"] > 2 * MOST:
            raise AssertionError(f"{path} reads a body without an end")
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told["status"] = message["status"]

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers(here, path, role, kind),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await here.app(scope, receive, send)  # type: ignore[arg-type]  # a scope as a server makes it
    return told["status"], told["read"]


def allowed(here: Site, action: Action) -> str:
    """Somebody who may."""
    return next(role for role in ROLES if may(here.viewers[role], action))


def test_a_body_without_an_end_is_cut_at_the_limit_on_every_route_that_takes_one(here: Site) -> None:
    routes = [(path, action) for method, path, action in declared(here.app) if method == "POST" and action]
    assert len(routes) > 150

    async def all_of_them() -> int:
        found = 0
        for path, action in routes:
            kind = b"application/json" if path.startswith(API) else b"application/x-www-form-urlencoded"
            status, read = await pushed(here, address(path), allowed(here, action), kind)
            assert 400 <= status < 500, (path, status)
            assert read <= MOST, path
            found += status == 413
        return found

    cut = anyio.run(all_of_them)
    assert cut > 100


def test_a_body_that_drips_is_cut_however_steadily_its_parts_come() -> None:
    read: list[bytes] = []

    async def reads_all(_scope: Scope, receive: Receive, _send: Send) -> None:
        while True:
            read.append(b"x")
            if not (await receive()).get("more_body"):
                return

    async def drips() -> Message:
        await anyio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def call() -> None:
        await patient(reads_all, 0.3)({"type": "http"}, drips, None)  # type: ignore[typeddict-item,arg-type]  # enough

    with pytest.raises(HTTPException) as caught:
        anyio.run(call)
    assert caught.value.status_code == 408
    assert 2 <= len(read) <= 8
