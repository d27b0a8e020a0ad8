"""Bench `taxii`: how fast does the TAXII server take, page and answer, beside medallion with its memory backend?

Both are served over HTTP on loopback by a thread of this process and read by one client with one connection, page by
page and then by small requests (ten objects, and one object by id). Comity holds `--objects` objects in SQLite, put in
through the door in envelopes of 5,000. medallion reads its whole memory at each request, so it holds 5 % of them, and
1 % for a growth row; its rates fall with its size, so the ratio is lower than it would be at equal sizes.
`--flat N` walks N objects page by page and watches the memory of this process (server and client together).
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from comity.bench import sample
from comity.bench.loopback import Caller, Host, free_port, host
from comity.errors import Unavailable
from comity.model.handling import Tlp
from comity.model.party import Role
from comity.model.sharing import EXCHANGE, HOST, SharedObject
from comity.store import shared

GOAL: Final = 10.0
MEDIA: Final = "application/taxii+json;version=2.1"
ENVELOPE: Final = 5_000
PAGE: Final = 1_000
SECONDS: Final = 3.0
"""How long small requests are sent."""
PATIENCE: Final = 60.0
"""How long a peer's pages are walked at most."""
COLLECTION: Final = "5a1e0000-0000-4000-8000-00000000c011"


class _Page(msgspec.Struct):
    objects: list[msgspec.Raw] = []
    next: str = ""


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md."""
    parser = argparse.ArgumentParser(prog="comity bench taxii", description=__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--flat", type=int, default=0, help="walk so many objects and watch the memory")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(args)
    result: dict[str, Any] = {"objects": options.objects, "page": PAGE, "goal": GOAL, "missing": []}
    with host() as held:
        result["comity"] = _comity(held, options.objects)
    try:
        sizes = [max(500, options.objects // 100), max(1000, options.objects // 20)]
        rows = [_medallion(size) for size in sizes]
        result["medallion"] = rows[-1] | {"extrapolated": True, "growth": rows}
        names = ("objects_per_s", "requests_per_s")
        result["ratios"] = {name: result["comity"][name] / result["medallion"][name] for name in names}
        result["ratio"] = min(result["ratios"].values())
    except ModuleNotFoundError as error:
        result["missing"].append(f"medallion ({error.name})")
        result["medallion"], result["ratio"] = None, None
    if options.flat or options.full:
        with host() as held:
            result["flat"] = _flat(held, options.flat or 1_000_000)
    return result


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    ours, theirs = result["comity"], result["medallion"]
    lines = [f"{'':<12}{'objects':>10}{'taken/s':>10}{'read/s':>10}{'requests/s':>12}"]
    lines.append(
        f"{'comity':<12}{ours['objects']:>10,}{ours['taken_per_s']:>10,.0f}{ours['objects_per_s']:>10,.0f}"
        f"{ours['requests_per_s']:>12,.0f}"
    )
    for row in theirs["growth"] if theirs else ():
        cut = " (stopped after a minute)" if row["cut"] else ""
        lines.append(
            f"{'medallion':<12}{row['objects']:>10,}{'-':>10}{row['objects_per_s']:>10,.0f}"
            f"{row['requests_per_s']:>12,.1f}{cut}"
        )
    if theirs:
        lines.append(
            f"ratio: {result['ratios']['objects_per_s']:.0f} for objects, {result['ratios']['requests_per_s']:.0f} for "
            f"requests (goal {result['goal']:.0f}); medallion with a twentieth of the objects"
        )
    lines += [f"missing: {name}" for name in result["missing"]]
    if "flat" in result:
        flat = result["flat"]
        lines.append(
            f"{flat['objects']:,} objects walked in {flat['pages']:,} pages, {flat['seconds']:.0f} s: memory from "
            f"{flat['rss_first_mib']:.0f} to at most {flat['rss_most_mib']:.0f} MiB (+{flat['rss_growth_mib']:.1f})"
        )
    return "\n".join(lines)


def _comity(held: Host, number: int) -> dict[str, Any]:
    _, token = held.person("bench", Role.SUBMITTER, "Bench Lab")
    place = f"{held.address}/taxii2/comity/collections/{EXCHANGE}"
    headers = {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": f"Bearer {token}"}
    with Caller(headers) as client:
        began = time.perf_counter()
        for start in range(0, number, ENVELOPE):
            objects = [sample.vulnerability(n) for n in range(start, min(number, start + ENVELOPE))]
            client.post(f"{place}/objects/", msgspec.json.encode({"objects": objects}))
        taken = time.perf_counter() - began
        seen, seconds, _ = walk(client, place)
        if seen != number:
            raise Unavailable(f"{seen} objects were read and {number} sent")
        requests = small(client, place)
    return {
        "objects": number,
        "taken_per_s": number / taken,
        "objects_per_s": seen / seconds,
        "requests_per_s": requests,
        "seconds": seconds,
    }


def walk(
    client: Caller, place: str, *, patience: float = 3600.0, watch: Callable[[], None] = lambda: None
) -> tuple[int, float, int]:
    """Read every page: objects seen, seconds, pages."""
    began, seen, pages, following = time.perf_counter(), 0, 0, ""
    while True:
        tail = f"&next={following}" if following else ""
        page = msgspec.json.decode(client.get(f"{place}/objects/?limit={PAGE}{tail}"), type=_Page)
        seen, pages, following = seen + len(page.objects), pages + 1, page.next
        watch()
        if not following or time.perf_counter() - began > patience:
            return seen, time.perf_counter() - began, pages


def small(client: Caller, place: str) -> float:
    """Requests for ten objects and for one, in turn, for a few seconds: how many a second."""
    one = f"{place}/objects/{sample.vulnerability(7)['id']}/"
    number, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS or number < 4:
        client.get(one if number % 2 else f"{place}/objects/?limit=10")
        number += 1
    return number / (time.perf_counter() - began)


def _medallion(number: int) -> dict[str, Any]:
    with _peer(number) as place, Caller({"Accept": MEDIA, "Authorization": "Basic YmVuY2g6YmVuY2g="}) as client:
        seen, seconds, _ = walk(client, place, patience=PATIENCE)
        requests = small(client, place)
    return {"objects": number, "objects_per_s": seen / seconds, "requests_per_s": requests, "cut": seen < number}


@contextmanager
def _peer(number: int) -> Iterator[str]:
    """medallion's own application and memory backend, filled directly, behind the server it ships with (werkzeug)."""
    import logging
    import threading
    from importlib import import_module

    medallion = import_module("medallion")
    serving = import_module("werkzeug.serving")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = medallion.application_instance
    app.users_backend = {"bench": "bench"}
    app.taxii_config = {"max_page_size": PAGE}
    backend = import_module("medallion.backends.memory_backend").MemoryBackend()
    backend.data = _memory(number)
    app.medallion_backend = backend
    if "objects" not in app.blueprints:
        medallion.register_blueprints(app)
    port = free_port()
    server = serving.make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/bench/collections/{COLLECTION}"
    finally:
        server.shutdown()
        thread.join(timeout=20)


def _memory(number: int) -> dict[str, Any]:
    objects = [sample.vulnerability(n) for n in range(number)]
    rows = [
        {
            "id": one["id"],
            "date_added": f"2026-01-02T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000000Z",
            "version": one["modified"],
            "media_type": "application/stix+json;version=2.1",
        }
        for n, one in enumerate(objects)
    ]
    collection = {
        "id": COLLECTION,
        "title": "bench",
        "can_read": True,
        "can_write": True,
        "media_types": ["application/stix+json;version=2.1"],
        "objects": objects,
        "manifest": rows,
    }
    information = {"title": "bench", "versions": [MEDIA], "max_content_length": 9_765_625}
    return {
        "/discovery": {
            "title": "bench",
            "default": "http://127.0.0.1/bench/",
            "api_roots": ["http://127.0.0.1/bench/"],
        },
        "bench": {"information": information, "status": [], "collections": [collection]},
    }


def _flat(held: Host, number: int) -> dict[str, Any]:
    """Fill the store directly, then walk it over HTTP."""
    for start in range(0, number, 20_000):
        made = [_shared(n) for n in range(start, min(number, start + 20_000))]
        with held.office.store.write() as tx:
            shared.add(tx, made, at=held.office.now())
    _, token = held.person("bench", Role.SUBMITTER, "Bench Lab")
    sizes: list[float] = []
    with Caller({"Accept": MEDIA, "Authorization": f"Bearer {token}"}) as client:
        place = f"{held.address}/taxii2/comity/collections/{EXCHANGE}"
        walk(client, place, patience=1.0)  # caches of both sides fill before the memory is looked at
        gc.collect()
        seen, seconds, pages = walk(client, place, watch=lambda: sizes.append(_rss_mib()))
    if seen != number:
        raise Unavailable(f"{seen} objects were read and {number} are held")
    return {
        "objects": seen,
        "pages": pages,
        "seconds": seconds,
        "rss_first_mib": sizes[0],
        "rss_most_mib": max(sizes),
        "rss_growth_mib": max(sizes) - sizes[0],
    }


def _shared(number: int) -> SharedObject:
    fields = sample.vulnerability(number)
    return SharedObject(
        collection=EXCHANGE,
        id=fields["id"],
        kind="vulnerability",
        version=sample.AT,
        tlp=Tlp.CLEAR,
        organisation=HOST,
        body=msgspec.json.encode(fields),
    )


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20
