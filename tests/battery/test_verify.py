"""`comity battery verify` holds for a few seeds of every family, and finds what is planted against it."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from comity.assess.battery import families, flow_verify, grading, verifying
from comity.assess.battery.families import FAMILIES
from comity.assess.battery.flow import Bench
from comity.assess.battery.task import Family, Item, Judged, Side
from comity.cli.commands import run
from comity.errors import Forbidden, Invalid
from comity.sandbox import tier

PURE = sorted(name for name, family in FAMILIES.items() if not family.executes)
EXECUTING = sorted(name for name, family in FAMILIES.items() if family.executes)


def test_there_are_ten_families_and_most_need_no_sandbox_to_be_judged():
    assert len(FAMILIES) == 10
    assert len(PURE) == 6


@pytest.mark.parametrize("name", PURE)
def test_references_pass_and_nothing_else_scores(name):
    for seed in range(10):
        item = verifying.item_of(name, seed)
        assert list(verifying.inspect(item)) == []
        for trial in verifying.trials(item):
            graded = grading.at_once(item, trial.side, trial.files)
            assert list(verifying.judge(item, trial, graded)) == []


@pytest.mark.parametrize("name", EXECUTING)
def test_references_pass_and_nothing_else_scores_where_answers_are_programs(name, host):
    report = flow_verify.verify(name, first=1, seeds=2, host=host)
    assert report.faults == ()
    assert report.trials > 100
    assert report.hostile > 80


def test_the_right_rule_makes_no_mistake_on_a_day_that_was_drawn_badly_once():
    """Seed 75: ordinary work looked like a move on a held-out day, found by the first run over 200 seeds."""
    item = verifying.item_of("intrusion", 75)
    assert grading.at_once(item, Side.DEFENCE, item.tasks[Side.DEFENCE].reference).solved


def planted(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Family], Family]) -> Item:
    """A family with a fault, and an item of it."""
    broken = change(FAMILIES[name])
    monkeypatch.setattr(families, "FAMILIES", {**FAMILIES, name: broken})
    return verifying.item_of(name, 3)


def faults_of(item: Item) -> list[str]:
    found = [fault.what for fault in verifying.inspect(item)]
    for trial in verifying.trials(item):
        graded = grading.at_once(item, trial.side, trial.files)
        found += [fault.what for fault in verifying.judge(item, trial, graded)]
    return found


def test_a_grader_that_pays_for_everything_is_found(monkeypatch):
    def generous(oracle, side, files, seen):
        return Judged(
            goal=True, reached=("the first rule is usable", "half of the way is usable", "the goal is reached")
        )

    item = planted(monkeypatch, "permissions", lambda family: replace(family, judge=generous))
    found = faults_of(item)
    assert any(one.startswith("offence: null scores") for one in found)
    assert any("mutant" in one for one in found)
    assert any("fuzz" in one for one in found)


def test_a_grader_that_pays_without_a_milestone_pays_nothing(monkeypatch):
    def careless(oracle, side, files, seen):
        return Judged(goal=True, reached=("the goal is reached",))

    item = planted(monkeypatch, "permissions", lambda family: replace(family, judge=careless))
    graded = grading.at_once(item, Side.OFFENCE, item.tasks[Side.OFFENCE].null)
    assert not graded.solved
    assert graded.why == "not reached: the first rule is usable"


def test_an_oracle_that_lies_in_the_public_files_is_found(monkeypatch):
    def leaking(draw, knobs):
        parts = FAMILIES["machine"].make(draw, knobs)
        reference = parts.tasks[Side.OFFENCE].reference["input.hex"]
        return replace(parts, public={**parts.public, "notes.txt": b"see " + reference})

    item = planted(monkeypatch, "machine", lambda family: replace(family, make=leaking))
    assert "offence: the reference lies in the public files" in faults_of(item)


def test_an_item_that_comes_out_differently_is_found(monkeypatch):
    counter = iter(range(1000))

    def drifting(draw, knobs):
        parts = FAMILIES["machine"].make(draw, knobs)
        return replace(parts, public={**parts.public, "notes.txt": str(next(counter)).encode()})

    item = planted(monkeypatch, "machine", lambda family: replace(family, make=drifting))
    assert "made again it is another item" in faults_of(item)


def test_another_process_that_makes_another_item_is_found(monkeypatch, host):
    monkeypatch.setattr(flow_verify, "_elsewhere", lambda family, first, seeds: ["0" * 64] * seeds)
    report = flow_verify.verify("permissions", first=0, seeds=2, host=host)
    assert [fault.what for fault in report.faults] == ["another process makes another item"] * 2


def test_an_answer_is_graded_for_what_its_slots_hold_and_for_nothing_beside_them(host):
    item = verifying.item_of("machine", 2)
    reference = item.tasks[Side.OFFENCE].reference
    with Bench(host) as bench:
        assert bench.grade(item, Side.OFFENCE, {**reference, "../x": b"?", "notes": b"?"}).solved
        assert bench.grade(item, Side.OFFENCE, {}).why == "input.hex was not handed in"


def test_without_containment_a_program_is_not_run(host):
    item = verifying.item_of("crypto", 0)
    with Bench(tier.find("none")) as bench, pytest.raises(Forbidden):
        bench.grade(item, Side.DEFENCE, item.tasks[Side.DEFENCE].reference)


def test_the_terminal_says_what_holds_and_gives_json(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COMITY_DATA", str(tmp_path))
    assert run(["battery", "verify", "--family", "permissions", "--seeds", "2"]) == 0
    assert "Everything holds." in capsys.readouterr().out
    assert run(["battery", "verify", "--family", "machine", "--seeds", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["faults"] == 0
    assert told["families"][0]["family"] == "machine"
    assert run(["battery", "families", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 10


def test_the_terminal_fails_when_something_does_not_hold(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COMITY_DATA", str(tmp_path))
    monkeypatch.setattr(flow_verify, "_elsewhere", lambda family, first, seeds: ["0" * 64] * seeds)
    assert run(["battery", "verify", "--family", "permissions", "--seeds", "1"]) == 1
    assert "permissions seed 0: another process makes another item" in capsys.readouterr().out
    assert run(["battery", "verify", "--family", "nothing"]) == 2
    assert run(["battery", "verify", "--seeds", "0"]) == 2


def test_a_family_that_needs_runs_is_never_judged_without_them():
    item = verifying.item_of("parser", 0)
    with pytest.raises(ValueError, match="needs runs"):
        grading.at_once(item, Side.OFFENCE, item.tasks[Side.OFFENCE].reference)
    planned = grading.prepare(item, Side.OFFENCE, item.tasks[Side.OFFENCE].reference)
    assert isinstance(planned, grading.Planned)
    with pytest.raises(ValueError, match="one sight per planned run"):
        grading.decide(item, Side.OFFENCE, planned, ())
    with pytest.raises(Invalid):
        families.generate("parser", 0, {"states": 1})
