"""A patch of a case: climbed once and in order, signed, reviewed by another person, and killed at every place."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest

from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered, Unavailable
from comity.library.check import checker
from comity.model.handling import Tlp
from comity.model.party import Role
from comity.model.patch import Origin, Rung
from comity.sealing import dsse, keys, patches, statement
from comity.settings import Settings
from tests.clearing import ledger
from tests.durable import harness
from tests.patches.hosts import ADA, GRACE, SAMPLES, SUMMARY, ScriptedClimber, patching, viewer

RIGHT = SAMPLES["page-resolved"].diff
CAUSE = "The page's name is joined to the folder without resolving it, so dots lead out of it."


def test_a_patch_climbs_to_the_first_rung_that_it_misses_and_that_is_signed(tmp_path: Path):
    with patching(tmp_path, climber=ScriptedClimber(stops=Rung.L3)) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        assert [rung for rung, _ in here.climber.given] == [Rung.L0, Rung.L1, Rung.L2, Rung.L3]
        assert held.level is Rung.L2
        assert held.sentence.startswith("reached L2 (the proof is silent); stopped at L3")
        envelope = here.patches.statement(ADA, here.case, held.id)
        said = checker(lambda: (here.key.public,))(envelope, None)
        facts = dict(said.facts)
        assert facts["level reached"] == "L2"
        assert facts["root cause agreed on by"] == "nobody yet"
        assert facts["seed"] == str(held.seed)
        assert RIGHT.decode() not in envelope.decode()
        assert SUMMARY not in dsse.payload_unverified(envelope).decode()


def test_a_level_that_the_rungs_do_not_give_is_found_out(tmp_path: Path):
    with patching(tmp_path, climber=ScriptedClimber(stops=Rung.L3)) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        envelope = here.patches.statement(ADA, here.case, held.id)
    said = json.loads(dsse.payload_unverified(envelope))
    lies = {**said["predicate"], "level": "L5"}
    subjects = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    forged = statement.sign(subjects, patches.PATCH, lies, here.key)
    with pytest.raises(Tampered, match=r"\(7\)"):
        patches.verify_patch(forged, [here.key.public])
    other = keys.signing_key(Settings(keys=tmp_path / "other"))
    with pytest.raises(Tampered):
        patches.verify_patch(envelope, [other.public])


def test_the_seed_is_drawn_after_the_diff_came_and_differs(tmp_path: Path):
    with patching(tmp_path) as here:
        seeds = {here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch.seed for _ in range(3)}
    assert len(seeds) == 3


def test_without_a_reproducer_there_is_no_ladder(tmp_path: Path):
    with patching(tmp_path, is_reproduced=False) as here:
        with pytest.raises(Conflict, match="no reproducer"):
            here.patches.offer(ADA, here.case, RIGHT)
        assert here.patches.listed(ADA, here.case) == ()
        assert here.climber.given == []


def test_a_case_that_is_not_yours_to_see_has_no_patches_either(tmp_path: Path):
    with patching(tmp_path) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        near = viewer("ada", tlp=Tlp.AMBER)
        for ask in (
            lambda: here.patches.listed(near, here.case),
            lambda: here.patches.one(near, here.case, held.id),
            lambda: here.patches.statement(near, here.case, held.id),
            lambda: here.patches.review(near, here.case, held.id, CAUSE),
            lambda: here.patches.offer(near, here.case, RIGHT),
            lambda: here.patches.one(ADA, here.case.replace("C-", "C-X"), held.id),
        ):
            with pytest.raises(Missing):
                ask()
        with pytest.raises(Forbidden):
            here.patches.listed(viewer("ada", roles=frozenset({Role.SUBMITTER})), here.case)


def test_another_named_person_reviews_after_l5_and_only_then(tmp_path: Path):
    with patching(tmp_path) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        with pytest.raises(Forbidden, match="another named person"):
            here.patches.review(ADA, here.case, held.id, CAUSE)
        with pytest.raises(Invalid):
            here.patches.review(GRACE, here.case, held.id, "fine")
        done = here.patches.review(GRACE, here.case, held.id, CAUSE)
        assert done.level is Rung.L6
        facts = dict(checker(lambda: (here.key.public,))(here.patches.statement(ADA, here.case, held.id), None).facts)
        assert facts["level reached"] == "L6"
        assert facts["root cause agreed on by"] == "Grace"
        with pytest.raises(Conflict):
            here.patches.review(GRACE, here.case, held.id, CAUSE)
        here.climber.stops = Rung.L5
        low = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        with pytest.raises(Conflict, match="stands at L4"):
            here.patches.review(GRACE, here.case, low.id, CAUSE)


def test_a_script_reviews_nothing_on_a_host_that_signs_as_itself(tmp_path: Path):
    with patching(tmp_path) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        with pytest.raises(Forbidden, match="a person must"):
            here.patches.review(replace(GRACE, is_script=True), here.case, held.id, CAUSE)


def test_coordination_gets_the_patch_that_got_furthest_with_its_test(tmp_path: Path):
    test = (
        b'schema = "comity-test/1"\n[[tests]]\nname = "x"\nraises = "ValueError"\n'
        b'steps = [{ call = "ledger.export.page", args = [{ room = true }, "../x", ""] }]\n'
    )
    with patching(tmp_path, climber=ScriptedClimber(stops=Rung.L1)) as here:
        here.settled(here.patches.offer(ADA, here.case, RIGHT))
        assert here.patches.best(here.case) is None
        for stops, given in ((Rung.L5, test), (Rung.L3, b"")):
            here.climber.stops = stops
            here.settled(here.patches.offer(ADA, here.case, RIGHT, test=given))
        best = here.patches.best(here.case)
        assert best is not None
        assert (best.rung, best.diff, best.test) == (Rung.L4, RIGHT, test)


def test_a_host_that_may_not_run_it_says_so_at_the_rung(tmp_path: Path):
    climber = ScriptedClimber(raises={Rung.L1: Forbidden("tier reduced"), Rung.L2: Unavailable("no archive")})
    with patching(tmp_path, climber=climber) as here:
        held = here.settled(here.patches.offer(ADA, here.case, RIGHT)).patch
        assert held.level is Rung.L0
        assert "containment" in held.climb.stopped.said


def test_a_kit_of_another_recipe_and_a_test_that_breaks_its_contract_are_not_taken(tmp_path: Path):
    other = (files("comity.formats") / "recipes" / "kits" / "tlv-join.toml").read_bytes()
    with patching(tmp_path) as here:
        for more in ({"kit": other}, {"kit": b"x = 1"}, {"test": b"schema = 1"}, {"origin": Origin.MODEL}):
            with pytest.raises(Invalid):
                here.patches.offer(ADA, here.case, RIGHT, **more)
        with pytest.raises(Invalid):
            here.patches.offer(ADA, here.case, b"x" * 300_000)
        assert here.patches.listed(ADA, here.case) == ()


def test_nothing_of_a_patch_lies_in_the_clear_at_rest(tmp_path: Path):
    with patching(tmp_path) as here:
        here.settled(here.patches.offer(ADA, here.case, RIGHT))
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert b"is_relative_to" not in held
            assert SUMMARY.encode() not in held


@pytest.mark.timeout(300)
def test_a_kill_at_any_place_of_the_climb_ends_like_the_uninterrupted_run(tmp_path: Path):
    def fresh(name: str) -> Settings:
        return Settings(data=tmp_path / name / "data", keys=tmp_path / name / "keys")

    with harness.host("tests.patches.travel") as host:
        settings = fresh("whole")
        passed = [place for place in harness.places(host, settings) if place.name.startswith("clearing.patch")]
        wanted = harness.state(host, settings)
        assert wanted["level"] == "L1"
        assert [rise[1] for rise in wanted["rises"]] == [True, True, False]
        assert ledger.unkilled("tests.patches.travel", passed) == set()
        for number, place in enumerate(passed):
            settings = fresh(f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"
