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
