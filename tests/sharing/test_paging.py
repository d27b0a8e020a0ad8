"""Pages lose nothing and repeat nothing while others write, whatever the sizes and however the clock stands."""

import json
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.bench import sample
from comity.library.exchange import Exchange, Filter
from comity.model.ids import PartyId
from comity.model.party import ANONYMOUS, Role, Viewer
from comity.settings import Settings
from comity.store import engine
from comity.store.crypt import MasterKey

STILL = datetime(2026, 11, 22, 12, tzinfo=UTC)


def writer(name: str) -> Viewer:
    return Viewer(person=PartyId(f"p-{name}"), organisation=PartyId(name), roles=frozenset({Role.SUBMITTER}))


def walked(exchange: Exchange, limit: int, done: threading.Event) -> list[tuple[str, str, str]]:
    """Follow `next` and then `added_after` until the writers are done and nothing more comes."""
    seen: list[tuple[str, str, str]] = []
    by, after = Filter(versions=("all",)), ""
    while True:
        was_done = done.is_set()
        page = exchange.objects(ANONYMOUS, "exchange", by, limit=limit, after=after)
        seen += [(json.loads(data)["id"], page.first, page.last) for data in page.objects]
        after = page.next
        if after:
            continue
        if page.last:
            by = Filter(versions=("all",), after=datetime.fromisoformat(page.last))
        elif was_done:
            return seen


@settings(max_examples=8, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=6), min_size=2, max_size=3),
    limit=st.integers(1, 7),
)
def test_a_reader_meets_every_object_once_while_others_write(batches: list[list[int]], limit: int) -> None:
    with tempfile.TemporaryDirectory() as made:
        held = Settings(data=Path(made) / "data")
        store = engine.open(held, MasterKey(bytes(range(32))))
        exchange = Exchange(store=store, settings=held, now=lambda: STILL)
        done, wanted = threading.Event(), list[str]()

        def write(lane: int, sizes: list[int]) -> None:
            number = lane * 1000
            for size in sizes:
                objects = [sample.vulnerability(number + place) for place in range(size)]
                wanted.extend(one["id"] for one in objects)
                exchange.post(writer(f"w{lane}"), "exchange", json.dumps({"objects": objects}).encode())
                number += size

        threads = [threading.Thread(target=write, args=pair) for pair in enumerate(batches)]
        seen: list[tuple[str, str, str]] = []
        reader = threading.Thread(target=lambda: seen.extend(walked(exchange, limit, done)))
        for thread in (*threads, reader):
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        reader.join(timeout=60)
        rows = exchange.manifest(ANONYMOUS, "exchange", Filter(versions=("all",)), limit=1000).rows
        store.close()
    assert sorted(id_ for id_, _, _ in seen) == sorted(wanted)
    assert len({row.added for row in rows}) == len(rows) == len(wanted)
    assert [row.added for row in rows] == sorted(row.added for row in rows)
    assert [row.id for row in rows] == [id_ for id_, _, _ in seen]
