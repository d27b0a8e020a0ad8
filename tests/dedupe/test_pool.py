"""The bench of the pool measures the product's own steps, and a new report's cost is bounded by what is opened."""

from comity.bench import pool
from comity.clearing import flow_compare


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
