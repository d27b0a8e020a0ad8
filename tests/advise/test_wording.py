"""Bench `wording`: an honest model's words are counted as words, a lying one's never, and no model is said so."""

from typing import Any

import pytest

from comity.bench import wording
from comity.defend.plan import compose, to_word
from tests.advise.packs import SMALL, TABLES
from tests.language.endpoint import Junk, Says, scripted


def faithful() -> Says:
    """The small plan's own forms, one verb kinder."""
    told = to_word(compose(SMALL, TABLES))["sentences"]
    return Says(
        {"sentences": [{"number": t["number"], "text": t["text"].replace("Upgrade", "Please update")} for t in told]}
    )


@pytest.mark.parametrize(
    ("reply", "worded", "ends"),
    [
        (Says({"sentences": []}), 0, {"not_held": 2}),
        (Says({"sentences": [{"number": 1, "text": "All is well."}]}), 0, {"not_held": 2}),
        (Junk("No."), 0, {"not_json": 2}),
    ],
)
def test_what_falls_is_counted_by_the_check_that_it_fell_at(reply: Any, worded: int, ends: dict[str, int]) -> None:
    with scripted(reply) as served:
        found = wording.planner(served.endpoint, iter([SMALL]), TABLES)
    assert (found["plans"], found["worded"], found["attempts"]) == (1, worded, ends)
    assert found["sample"] == []


def test_an_honest_models_words_stand_and_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.defend.flow_models.AT_ONCE", 400)
    with scripted(faithful()) as served:
        found = wording.planner(served.endpoint, iter([SMALL]), TABLES)
    assert (found["worded"], found["attempts"]) == (1, {"ok": 1})
    assert found["sample"]
    assert all("Please update" in text for text in found["sample"])


def test_a_tagger_that_says_internal_of_everything_is_believed_only_where_a_fact_closes_the_way() -> None:
    cases = list(wording.open_cases())
    with scripted(Says({"exposure": "internal", "rests_on": [1, 2]})) as served:
        found = wording.tagger(served.endpoint)
    assert found["cases"] == len(cases) > 5
    assert found["proposed"] < found["cases"]
    assert "not_held" in found["attempts"]
    for text in found["sample"]:
        assert "no-route" in text or "firewall-closed" in text
        assert "public-address" not in text
        assert "firewall-open" not in text


def test_without_a_model_the_bench_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COMITY_MODEL_ENDPOINT", "COMITY_MODEL"):
        monkeypatch.delenv(name, raising=False)
    result = wording.run([])
    assert result["missing"] == [wording.NO_MODEL]
    assert "COMITY_MODEL_ENDPOINT" in wording.table(result)
