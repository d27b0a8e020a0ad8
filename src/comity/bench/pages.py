"""Bench `pages`: how long does each page take to make, for each role, on a host that is full?

A host is filled (`bench.filled`): by default 100,000 reports, each with a case, 10,000 assets and 400 advisories; with
`--keep FOLDER` it is filled once and used again. Then somebody of each role walks it: from the first page along every
link, two addresses of each kind, until nothing new is found; then every page that no link led to, where the walk met
what stands in its address. Every page found is asked for several times through the whole application, without a
socket, and each answer is timed twice: on the wall, and as this process's processor time, which says what a busy
machine hides. The first answer of each page is kept apart.

`first_load_kib` is what a browser without any cache fetches for the first page: the page with its style sheet, picture
and scripts, not compressed.
"""

import argparse
import asyncio
import html
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urljoin, urlsplit

from litestar import Litestar

from comity.access.routes import declared
from comity.app import Office, opened
from comity.bench import filled
from comity.settings import Settings
from comity.store import parties

GOAL_MS: Final = 100.0
GOAL_KIB: Final = 150.0
EACH: Final = 2
"""Addresses of one kind that are measured."""
TIMES: Final = 5
ENOUGH: Final = 3.0
"""Seconds after which a slow page is not asked for again."""
ENOUGH_MET: Final = 12
"""Values of one parameter that are tried for a page that no link led to."""
PLACE: Final = re.compile(r"\{(\w+):\w+\}")
"""Where a parameter stands in the address of a route."""
LINK: Final = re.compile(r'href="([^"#]+)')
FORMS: Final = ("/search?q=finding", "/affected?product=jinja2+2.10", "/estate?find=sample-00001")
"""Addresses that forms lead to, which no link does."""
OTHER_DOORS: Final = ("/api/", "/v1/", "/csaf/", "/.well-known/", "/taxii2")
ELSEWHERE: Final = frozenset({303, 403})
"""Answers that lead away: to sign in first, or to nothing for this role. Addresses out of `FORMS` meet them."""
MADE: Final = (
    "reports are made up and went through the steps of a batch's job, 2,000 to a batch, with a case for each put in "
    "beside it instead of a flow; the estate was registered and matched as any other"
)
"""How the rows of the host came to be."""
FILES: Final = re.compile(r'<(?:link|script|img|use)\b[^>]*(?:href|src)="(/static/[^"#]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the application and what it cost."""

    status: int
    kind: str
    """Its content type."""
    headers: Mapping[str, str]
    body: bytes
    wall_ms: float
    cpu_ms: float


@dataclass(slots=True, kw_only=True)
class Measured:
    """One page for one role."""

    role: str
    path: str
    address: str
    size: int
    cold_ms: float
    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md."""
    parser = argparse.ArgumentParser(prog="comity bench pages", description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--assets", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, default=None, help="a folder to fill once and use again")
    parser.add_argument("--role", action="append", default=[], help="only this role; may be given again")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory(prefix="comity-pages-") as made:
        place = options.keep or Path(made)
        settings = Settings(
            data=place / "data", keys=place / "keys", offline=True, directive_choices="kev_max_age=unlimited"
        )
        with opened(settings, work=False, demo=True) as office:
            held = filled.fill(office, reports=options.reports, assets=options.assets)
            office.searching.catch_up()
            return measured(office, held, tuple(options.role) or ("", *filled.ROLES))


def table(result: Mapping[str, Any]) -> str:
    """The same figures for people."""
    size = f"{result['reports']:,} reports, {result['assets']:,} assets, {result['advisories']:,} advisories"
    answers = (
        f"{result['pages']} pages, {result['renders']} answers: median {result['p50_ms']:.1f} ms, "
        f"95 of 100 within {result['p95_ms']:.1f} ms (goal {result['goal_ms']:.0f}); "
        f"processor time {result['p50_cpu_ms']:.1f} and {result['p95_cpu_ms']:.1f} ms"
    )
    lines = [
        size,
        result["made_how"],
        answers,
        f"first load {result['first_load_kib']:.1f} KiB (goal {result['goal_kib']:.0f})",
        f"{'role':<14}{'page':<44}{'p50 ms':>8}{'p95 ms':>8}{'cpu p50':>8}{'cpu p95':>8}{'first':>8}{'bytes':>9}",
    ]
    lines += [
        f"{one['role'] or 'nobody':<14}{one['path'][:43]:<44}{one['wall_ms']:>8.1f}{one['wall_p95_ms']:>8.1f}"
        f"{one['cpu_ms']:>8.1f}{one['cpu_p95_ms']:>8.1f}{one['cold_ms']:>8.1f}{round(1024 * one['kib']):>9,}"
        for one in result["rows"]
    ]
    lines.append(f"{result['over_goal']} pages over the goal by processor time")
    if result["not_reached"]:
        lines.append(f"no link led to: {', '.join(result['not_reached'])}")
    return "\n".join([*lines, *(f"answered {one}" for one in result["errors"])])


def measured(office: Office, held: Mapping[str, Any], roles: tuple[str, ...], *, times: int = TIMES) -> dict[str, Any]:
    """Walk and measure as each role, each page so many times."""
    app = office.web()
    paths = [path for method, path, _ in declared(app) if method == "GET" and not path.startswith(OTHER_DOORS)]
    patterns = {path: re.compile(PLACE.sub(r"(?P<\1>[^/]+)", path) + r"\Z") for path in paths}
    found: list[Measured] = []
    errors: list[str] = []
    reached: set[str] = set()
    with asyncio.Runner() as runner:
        for role in roles:
            walk = _Walk(app=app, role=role, cookie=_cookie(office, role), patterns=patterns, times=times)
            found += runner.run(walk.walk())
            errors += walk.errors
            reached |= walk.reached
        first = runner.run(_first_load(app))
    return _told(found, held) | {
        "first_load_kib": first / 1024,
        "goal_ms": GOAL_MS,
        "goal_kib": GOAL_KIB,
        "not_reached": sorted(path for path in patterns if path not in reached),
        "errors": errors,
    }


def _told(found: list[Measured], held: Mapping[str, Any]) -> dict[str, Any]:
    walls = sorted(one for page in found for one in page.wall_ms)
    cpus = sorted(one for page in found for one in page.cpu_ms)
    rows: list[dict[str, Any]] = [
        {
            "role": page.role,
            "path": page.path,
            "address": page.address,
            "kib": page.size / 1024,
            "cold_ms": page.cold_ms,
            "wall_ms": statistics.median(page.wall_ms),
            "wall_p95_ms": _part(sorted(page.wall_ms), 95),
            "cpu_ms": statistics.median(page.cpu_ms),
            "cpu_p95_ms": _part(sorted(page.cpu_ms), 95),
        }
        for page in found
    ]
    rows.sort(key=lambda one: -one["cpu_ms"])
    return {
        "reports": held["reports"],
        "assets": held["assets"],
        "advisories": held["advisories"],
        "fill_seconds": held["seconds"],
        "made_how": MADE + (f"; filled in {held['seconds']:.0f} s" if "seconds" in held else ""),
        "pages": len(found),
        "renders": len(walls),
        "p50_ms": _part(walls, 50),
        "p95_ms": _part(walls, 95),
        "p50_cpu_ms": _part(cpus, 50),
        "p95_cpu_ms": _part(cpus, 95),
        "over_goal": sum(one["cpu_ms"] > GOAL_MS for one in rows),
        "rows": rows,
    }


def _part(values: list[float], percent: int) -> float:
    return values[min(len(values) - 1, len(values) * percent // 100)] if values else 0.0


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One role's way through the pages."""

    app: Litestar
    role: str
    cookie: str
    patterns: Mapping[str, re.Pattern[str]]
    times: int
    errors: list[str] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    met: dict[str, list[str]] = field(default_factory=dict)
    """What stood in the place of each parameter of an address."""

    async def walk(self) -> list[Measured]:
        """Every page that links lead to, then those that none leads to; each measured."""
        found: list[Measured] = []
        seen: dict[tuple[str, ...], int] = {}
        await self._along(["/", *FORMS], seen, found, linked=True)
        unlinked = [one for path in self.patterns for one in self._unlinked(path)]
        await self._along(unlinked, seen, found, linked=False)
        return found

    def _unlinked(self, path: str) -> Iterator[str]:
        """Addresses of a page that was not reached, with what was met on the way."""
        held = [self.met.get(name, []) for name in PLACE.findall(path)]
        if path not in self.reached and all(held):
            for at in range(max((len(one) for one in held), default=1)):
                parts = PLACE.split(path)  # text and names in turn
                parts[1::2] = [one[min(at, len(one) - 1)] for one in held]
                yield "".join(parts)

    async def _along(
        self, waiting: list[str], seen: dict[tuple[str, ...], int], found: list[Measured], *, linked: bool
    ) -> None:
        known = set(waiting)
        while waiting:
            address = waiting.pop(0)
            path = self._path_of(address)
            kind = (path, *sorted(name for name, _ in parse_qsl(urlsplit(address).query)))
            if path == "" or path.endswith("/pulse") or seen.get(kind, 0) >= EACH:
                continue
            seen[kind] = seen.get(kind, 0) + 1
            cold = await ask(self.app, address, self.cookie)
            if cold.status in ELSEWHERE or (cold.status != 200 and not linked):
                seen[kind] -= not linked
                continue
            self.reached.add(path)
            if cold.status != 200:
                self.errors.append(f"{cold.status} to {self.role or 'nobody'} at {path}")
                continue
            if not cold.kind.startswith("text/html"):
                continue
            found.append(await self._measure(path, address, cold))
            for link in LINK.findall(cold.body.decode()):
                there = urljoin(address, html.unescape(link))
                if there.startswith("/") and there not in known:
                    known.add(there)
                    waiting.append(there)

    async def _measure(self, path: str, address: str, cold: Answer) -> Measured:
        one = Measured(role=self.role, path=path, address=address, size=len(cold.body), cold_ms=cold.wall_ms)
        began = time.perf_counter()
        while len(one.wall_ms) < self.times and (not one.wall_ms or time.perf_counter() - began < ENOUGH):
            again = await ask(self.app, address, self.cookie)
            one.wall_ms.append(again.wall_ms)
            one.cpu_ms.append(again.cpu_ms)
        return one

    def _path_of(self, address: str) -> str:
        here = urlsplit(address).path
        if here in self.patterns:
            return here
        for path, pattern in self.patterns.items():
            if held := pattern.match(here):
                for name, value in held.groupdict().items():
                    known = self.met.setdefault(name, [])
                    if value not in known and len(known) < ENOUGH_MET:
                        known.append(value)
                return path
        return ""


async def ask(
    app: Litestar,
    address: str,
    cookie: str,
    *,
    method: str = "GET",
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
) -> Answer:
    """One request through the application, as a server would pass it on."""
    parts = urlsplit(address)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), *([(b"cookie", cookie.encode())] if cookie else []), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "state": {},
    }
    status, told, answered = 0, dict[str, str](), b""
    waiting = asyncio.Event()
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await waiting.wait()  # a client that stays until it has its answer
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, answered
        if message["type"] == "http.response.start":
            status = message["status"]
            told.update((name.decode().lower(), value.decode("latin-1")) for name, value in message["headers"])
        elif message["type"] == "http.response.body":
            answered += message.get("body", b"")

    wall, cpu = time.perf_counter(), time.process_time()
    await app(scope, receive, send)  # type: ignore[arg-type]  # a scope as servers make it
    cpu_ms, wall_ms = 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)
    kind = told.get("content-type", "")
    return Answer(status=status, kind=kind, headers=told, body=answered, wall_ms=wall_ms, cpu_ms=cpu_ms)


async def _first_load(app: Litestar) -> int:
    """Bytes of the first page and of every file that it loads, for a browser that has none of them."""
    page = await ask(app, "/", "")
    size = len(page.body)
    for name in sorted(set(FILES.findall(page.body.decode()))):
        size += len((await ask(app, name, "")).body)
    return size


def _cookie(office: Office, role: str) -> str:
    """A session of that role; "" for somebody who is not signed in."""
    if not role:
        return ""
    with office.store.write() as tx:
        made, _ = parties.by_login(tx, f"bench-{role}")
        return f"comity={office.accounts.begin(tx, made).secret}"
