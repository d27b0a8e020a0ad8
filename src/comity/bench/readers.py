"""Bench `readers`: many people and machines read a host at once: how long do they wait, and does anything fail?

A host is filled with sample advisories and served by a process of its own on loopback. Each reader keeps one connection
and asks the next address as soon as it has the last answer, without a pause: lists and single advisories over the API,
pages, feeds, and TAXII; single ones are any of all that there are. Beside them an advisory changes now and then,
after which no answer of before is given again. Whatever is not a 200 is an error. Memory: of the serving process.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from comity.app import Office, opened
from comity.bench import sample
from comity.bench.loopback import free_port, listening
from comity.errors import Unavailable
from comity.sandbox import child
from comity.settings import Settings
from comity.store import published

GOAL_MS: Final = 250.0
ADVISORIES: Final = 400
ADDRESSES: Final = (
    "/api/v1/advisories?limit=20",
    "/taxii2/comity/collections/advisories/objects/?limit=20",
    "/advisories",
    "/taxii2/comity/collections/advisories/manifest/?limit=50",
    "/api/v1/advisories/{id}",
    "/feeds/advisories.atom",
    "/advisories/{id}",
    "/feeds/advisories.json",
)


@dataclass(slots=True)
class Seen:
    """What the readers met."""

    waits: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    """Advisories that changed meanwhile."""


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md."""
    parser = argparse.ArgumentParser(prog="comity bench readers", description=__doc__)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--change-every", type=float, default=20.0, help="seconds between two changes of an advisory")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    with tempfile.TemporaryDirectory(prefix="comity-readers-") as made:
        settings = Settings(data=Path(made) / "data", keys=Path(made) / "keys", port=free_port(), offline=True)
        _fill(settings)
        names = {"COMITY_DATA": settings.data, "COMITY_KEYS": settings.keys, "COMITY_PORT": settings.port}
        server = child.start(
            ("serve", "--no-work", "--demo"),
            settings={name: str(value) for name, value in names.items()}
            | {"COMITY_OFFLINE": "yes", "COMITY_API_OPEN_PER_MINUTE": "0"},
            log=Path(made) / "serve.log",
        )
        try:
            listening(settings.port)
            asyncio.run(_read(settings.port, readers=8, seconds=1.0))  # warm: templates, statements, connections
            before = _rss_mib(server.pid)
            with opened(settings, work=False, demo=True) as office:
                began = time.perf_counter()
                seen = asyncio.run(_read_changing(office, options))
                lasted = time.perf_counter() - began
            after = _rss_mib(server.pid)
        finally:
            server.stop()
    if not seen.waits:
        raise Unavailable("no reader was answered")
    waits = sorted(seen.waits)
    return {
        "readers": options.readers,
        "seconds": lasted,
        "requests": len(waits),
        "requests_per_s": len(waits) / lasted,
        "p50_ms": 1000 * waits[len(waits) // 2],
        "p99_ms": 1000 * waits[min(len(waits) - 1, len(waits) * 99 // 100)],
        "most_ms": 1000 * waits[-1],
        "errors": seen.errors.total(),
        "error_kinds": dict(seen.errors),
        "changes": seen.changes,
        "rss_mib": after,
        "rss_growth_mib": after - before,
        "goal_ms": GOAL_MS,
    }


def table(result: Mapping[str, Any]) -> str:
    """The same figures for people."""
    told = f"{result['readers']} readers for {result['seconds']:.0f} s: {result['requests']:,} answers"
    waits = f"wait: median {result['p50_ms']:.0f} ms, 99 of 100 within {result['p99_ms']:.0f} ms"
    growth = f"({result['rss_growth_mib']:+.1f} while reading)"
    lines = [
        f"{told}, {result['requests_per_s']:,.0f} a second, {result['errors']} errors, {result['changes']} changes",
        f"{waits} (goal {result['goal_ms']:.0f}), longest {result['most_ms']:.0f} ms",
        f"memory of the server: {result['rss_mib']:.0f} MiB {growth}",
    ]
    return "\n".join([*lines, *(f"error: {kind}: {number}" for kind, number in result["error_kinds"].items())])


def _fill(settings: Settings) -> None:
    with opened(settings, work=False, demo=True) as office:
        for start in range(1, ADVISORIES + 1, 50):
            with office.store.write() as tx:
                for number in range(start, start + 50):
                    published.put(tx, sample.advisory(number), [])
        office.exchange.catch_up()


async def _read_changing(office: Office, options: argparse.Namespace) -> Seen:
    """Read while an advisory changes now and then."""
    port = office.settings.port
    reading = asyncio.create_task(_read(port, readers=options.readers, seconds=options.seconds))
    changes = 0
    while not reading.done():
        await asyncio.to_thread(_change, office, changes)
        changes += 1
        await asyncio.wait((reading,), timeout=options.change_every)
    seen = await reading
    seen.changes = changes
    return seen


def _change(office: Office, number: int) -> None:
    with office.store.write() as tx:
        published.put(tx, replace(sample.advisory(1 + number % ADVISORIES), modified_at=office.now()), [])


async def _read(port: int, *, readers: int, seconds: float) -> Seen:
    seen, ends = Seen(), time.perf_counter() + seconds
    await asyncio.gather(*(_reader(port, number, ends, seen) for number in range(readers)))
    return seen


async def _reader(port: int, number: int, ends: float, seen: Seen) -> None:
    """One reader: a connection that is kept, and opened again when it broke."""
    turn = number
    while time.perf_counter() < ends:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            seen.errors[type(error).__name__] += 1
            await asyncio.sleep(0.05)
            continue
        try:
            while time.perf_counter() < ends:
                began = time.perf_counter()
                status = await _ask(reader, writer, _address(turn))
                seen.waits.append(time.perf_counter() - began)
                turn += 1
                if status != b"200":
                    seen.errors[status.decode("ascii", "replace")] += 1
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            seen.errors[type(error).__name__] += 1
        finally:
            writer.close()


def _address(turn: int) -> str:
    """The address of a reader's turn; the number of a single advisory goes through all of them."""
    path = ADDRESSES[turn % len(ADDRESSES)]
    return path.format(id=sample.advisory_id(1 + turn * 7 % ADVISORIES))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> bytes:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), None)
    if length is None:
        raise ValueError("an answer without its length")
    await reader.readexactly(length)
    return head.split(b" ", 2)[1]


def _rss_mib(pid: int) -> float:
    """Memory of a process and of the processes it began."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if pid in (int(place.name), parent):
                total += int((place / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # a process that ended meanwhile
    return total * 4096 / 2**20
