"""The benches run end to end on a small made-up campaign, say what is missing, and write JSON that JSON can hold."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from comity.bench import adaptive, campaign, coverage, harness, horizon
from comity.bench.harness import Pair, Spent

MODELS = 8
TASKS = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Made up: eight models of rising ability, sixty tasks from 1 to 500 minutes, a release every 50 days."""
    folder = tmp_path_factory.mktemp("campaign")
    generator = np.random.default_rng(1)
    minutes = np.exp2(generator.uniform(0, 9, TASKS))
    runs = [
        {
            "task_id": f"t{t}",
            "task_family": f"f{t % 3}",
            "alias": f"m{m}",
            "score_binarized": int(generator.random() < 1 / (1 + np.exp(np.log2(minutes[t]) - 2 - 0.6 * m))),
            "total_tokens": int(1000 * minutes[t]),
        }
        for m in range(MODELS)
        for t in range(TASKS)
    ]
    tasks = [
        {"task_id": f"t{t}", "best_available_minutes": minutes[t], "model_estimate_minutes": minutes[t]}
        for t in range(TASKS)
    ]
    released = [
        {"agent": f"m{m}", "release_date": (date(2024, 1, 1) + timedelta(days=50 * m)).isoformat()}
        for m in range(MODELS)
    ]
    out = {}
    for name, rows in (("runs", runs), ("tasks", tasks), ("released", released)):
        out[name] = folder / f"{name}.csv"
        with out[name].open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return out


def arguments(files: dict[str, Path]) -> list[str]:
    return ["--runs", str(files["runs"]), "--tasks", str(files["tasks"]), "--released", str(files["released"])]


def test_without_its_peer_the_horizon_bench_runs_and_names_what_is_missing(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "_peer", lambda: None)
    result = horizon.run([*arguments(files), "--draws", "30", "--repeats", "1"])
    assert result["missing"] == ["scikit-learn"]
    assert result["path"] == "own"
    assert "ratio" not in result
    assert "missing peer, parity not shown: scikit-learn" in horizon.table(result)
    json.dumps(result, allow_nan=False)


def test_redrawn_horizons_can_be_written_and_checked_against_themselves(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(horizon, "_peer", lambda: None)
    target = tmp_path / "draws.parquet"
    common = [*arguments(files), "--draws", "30", "--repeats", "1"]
    first = horizon.run([*common, "--write-draws", str(target)])
    trend = {"slope": first["trend"]["slope"], "bootstrap_ci": {"median_days": first["trend"]["all_models"][1]}}
    (tmp_path / "trend.json").write_text(json.dumps(trend), "utf-8")
    again = horizon.run([*common, "--published-draws", str(target), "--published-trend", str(tmp_path / "trend.json")])
    assert again["published_draws"]["own_max_rel_error"] == 0
    assert again["published_draws"]["own_draws"] == 30
    assert again["published_trend"] == {"slope": 0, "median_days": 0}


def test_a_published_table_that_is_off_is_reported_as_off(files: dict[str, Path], tmp_path: Path) -> None:
    published = tmp_path / "published.csv"
    common = [*arguments(files), "--draws", "5", "--repeats", "1"]
    rows = horizon.run(common)["models"]
    with published.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["agent", "p50", "p80", "coefficient", "intercept"])
        for row in rows:
            own = row["own"]
            writer.writerow([row["alias"], own["p50"] * 1.1, own["p80"], own["slope"], own["intercept"]])
    result = horizon.run([*common, "--published", str(published)])
    assert result["own_errors"]["p50"] == pytest.approx(0.1 / 1.1, rel=1e-6)
    assert result["own_errors"]["p80"] == pytest.approx(0, abs=1e-9)


def test_the_adaptive_bench_reports_every_setting_it_promises(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptive, "THRESHOLDS", (15.0, 120.0))
    monkeypatch.setattr(adaptive, "SPLITS", 1)
    result = adaptive.run([*arguments(files), "--full"])
    keys = {"same", "tokens_fewer", "runs_fewer", "decided", "n"}
    for part in ("all", "clear"):
        assert keys <= set(result["chronological"][part])
        assert keys <= set(result["leave_one_out"][part])
    assert result["chronological"]["all"]["n"] == 2 * (MODELS - adaptive.LEAST_CALIBRATORS)
    assert result["leave_one_out"]["all"]["n"] == 2 * MODELS
    wrong = result["misspecified"]
    assert {"each_item", "all_up", "all_down_read", "all_down_guarded", "error"} <= set(wrong)
    read = result["read_with_margin"]["chronological"]["all"]
    for key in ("same", "mean_runs", "tokens_fewer"):  # the very same sessions; only declaring asks for more
        assert read[key] == result["chronological"]["all"][key]
    assert read["decided"] <= result["chronological"]["all"]["decided"]
    assert result["whole_half"]["chronological"]["all"]["runs_fewer"] == 2
    assert result["chronological"]["all"]["tokens_fewer"] > 1
    text = adaptive.table(result)
    assert "random_order: chronological, all" in text
    json.dumps(result, allow_nan=False)


def test_the_judged_model_never_calibrates_its_own_bank(files: dict[str, Path]) -> None:
    battery = adaptive.load(adaptive._options(arguments(files)))
    for model in battery.models:
        assert model not in adaptive._others(battery, model)
        earlier = adaptive._earlier(battery, model)
        assert all(battery.released[name] < battery.released[model] for name in earlier)
    banks = adaptive._banks(battery, adaptive._earlier)
    changed = battery.outcomes.copy()
    changed[-1] = 1 - changed[-1]
    other = adaptive.Campaign(
        **{name: getattr(battery, name) for name in battery.__slots__ if name != "outcomes"}, outcomes=changed
    )
    last = battery.models[-1]
    assert (adaptive._banks(other, adaptive._earlier)[last].difficulty == banks[last].difficulty).all()


def test_the_coverage_bench_shows_odd_subjects_as_such_and_leaves_honest_ones_alone() -> None:
    result = coverage.run(["--worlds", "3", "--subjects", "60", "--odd", "8", "--items", "200"])
    assert result["subjects"] == 60
    assert result["coverage"] > 0.85
    assert result["treatments"]["cheat"].get("indeterminate", 0) > 0.9
    assert result["treatments"]["sandbag"].get("indeterminate", 0) > 0.5
    assert result["others"]["honest_above"] == {"meets": 1.0}
    assert result["others"]["honest_below"] == {"does_not_meet": 1.0}
    assert result["others"]["imitate"].get("does_not_meet", 0) > 0.9, "what no check on answers can see"
    assert "cannot exclude sandbagging" in coverage.table(result)


def test_numbers_that_json_cannot_hold_become_none_and_a_dash() -> None:
    assert campaign.finite({"a": [float("nan"), 1.0], "b": (np.float64("inf"),)}) == {"a": [None, 1.0], "b": [None]}
    assert campaign.shown(None, ".1f", 4) == "   -"
    assert campaign.shown(2.0, ".1f", 5) == "  2.0"


def test_the_interval_of_a_median_holds_it_as_often_as_it_says_and_claims_nothing_from_too_few() -> None:
    assert harness.between([1.0, 2.0, 3.0, 4.0, 5.0]) is None  # the widest of five holds it at 93.75 %
    assert harness.between([6.0, 1.0, 2.0, 3.0, 4.0, 5.0]) == [1.0, 6.0]
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        low, high = harness.between(list(generator.exponential(size=9))) or (0.0, 0.0)
        held += low <= np.log(2) <= high
    assert 0.95 <= held / 2000 <= 0.98  # 96.1 % exactly


def test_a_slow_quarter_of_an_hour_of_the_machine_does_not_move_the_ratio_of_pairs() -> None:
    busy = (1.0, 1.0, 6.0, 6.0, 6.0, 1.0, 1.0, 1.0, 1.0)
    pairs = [Pair(bare=Spent(wall=2.0 * b, cpu=1.0), comity=Spent(wall=2.1 * b, cpu=1.02)) for b in busy]
    found = harness.summary(pairs, 10)
    assert found["ratio"] == pytest.approx(1.05)
    assert found["cpu_ratio"] == pytest.approx(1.02)
    order: list[str] = []
    sides = (
        lambda n: order.append("bare") or Spent(wall=n, cpu=1),
        lambda n: order.append("c") or Spent(wall=n, cpu=2),
    )
    for n in range(2):
        assert harness.pair(sides, 3, turned=bool(n)).comity.cpu == 2
    assert order == ["bare", "c", "c", "bare"]
