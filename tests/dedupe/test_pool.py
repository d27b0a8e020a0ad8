"""The bench of the pool measures the product's own steps, and a new report's cost is bounded by what is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comity.bench import pool, pool_copies
from comity.clearing import flow, flow_compare
from comity.durable.clock import SystemClock
from comity.model.party import Organisation
from comity.settings import Settings
from comity.store import engine, parties
from comity.store.crypt import MasterKey
from comity.store.engine import Store


def test_a_small_pool_is_filled_asked_and_told() -> None:
    result = pool.run(["--reports", "60", "--probes", "6"])
    assert result["reports"] == 60
    assert [row["reports"] for row in result["growth"]] == [60]
    assert 0 < result["growth"][0]["weighed"] <= flow_compare.WEIGHED
    assert result["bulk_per_s"] > 0
    assert result["p50_ms"] <= result["p95_ms"]
    assert "a new report, p95 at 60" in pool.table(result)
    assert bool(result["missing"]) == (result["embedded_per_s"] is None)


def test_a_crowd_that_shares_a_hint_opens_no_more_reports(monkeypatch) -> None:
    """Equal place, class and frames in every report: hints, which were once opened one by one, up to 256 of each."""
    real = pool.Maker.document

    def alike(maker: pool.Maker):
        found = real(maker)
        found["target"] = {
            "affected": [{"purl": "pkg:generic/bench-1"}],
            "symbols": [{"file": "src/m1.c", "function": "f1"}],
        }
        found["claim"]["cwes"] = ["CWE-787"]
        found["evidence"]["crash_frames"] = [f"f{n}" for n in range(6)]
        return found

    monkeypatch.setattr(pool.Maker, "document", alike)
    result = pool.run(["--reports", "60", "--probes", "4"])
    assert result["growth"][0]["weighed"] == flow_compare.WEIGHED


def test_copies_fill_every_index_and_share_no_key_and_no_id_with_what_was_made(tmp_path: Path) -> None:
    tables = ("reports", "report_profiles", "cases", "case_reports", "report_marks", "report_keys", "record_words")
    with filled(tmp_path, 12) as store:
        before = counted(store, tables)
        pool_copies.copy(store, 12)
        assert counted(store, tables) == {table: 2 * number for table, number in before.items()}
        pool_copies.copy(store, 19)
        with store.read() as tx:
            ask = tx.connection.exec_driver_sql
            assert ask("SELECT count(*) FROM reports").scalar() == 12 + 12 + 19
            shared = "SELECT count(*) FROM (SELECT mark FROM report_keys GROUP BY mark HAVING count(DISTINCT {}) > 1)"
            assert ask(shared.format("substr(report, 3, 1)")).scalar() == 0
            groups = "SELECT count(DISTINCT mark >> 40) FROM report_keys WHERE substr(report, 3, 1) {} 'a'"
            assert ask(groups.format("=")).scalar() == ask(groups.format("<")).scalar()


def test_a_pool_that_is_filled_by_copies_answers_as_one_that_was_made(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(pool, "TOGETHER", 10)
    result = pool.measure(tmp_path, (20, 90), 4, made=20)
    assert [row["reports"] for row in result["growth"]] == [20, 90]
    assert result["growth"][1]["weighed"] > 0


@contextmanager
def filled(folder: Path, number: int) -> Iterator[Store]:
    settings = Settings(data=folder / "data", keys=folder / "keys")
    store = engine.open(settings, MasterKey(b"bench" + bytes(27)))
    machines = flow.Machines(
        store=store, settings=settings, laboratory=pool.NoLaboratory(), signer=None, now=SystemClock().now
    )  # fmt: skip
    try:
        with store.write() as tx:
            parties.add_organisation(tx, Organisation(id=pool.SENDER.organisation, name="bench"))
        pool._taken(machines, pool.Maker(7), number)
        yield store
    finally:
        store.close()


def counted(store: Store, tables: tuple[str, ...]) -> dict[str, int]:
    with store.read() as tx:
        ask = tx.connection.exec_driver_sql
        return {table: int(ask(f"SELECT count(*) FROM {table}").scalar() or 0) for table in tables}
