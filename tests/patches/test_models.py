"""A model proposes; only the ladder decides. What it sees is a policy, who asked is recorded, and it may be stopped."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from comity.clearing import proposing
from comity.clearing.flow_ladder import HostClimber
from comity.clearing.flow_runs import Laboratory
from comity.errors import Conflict, Forbidden, Invalid, Unavailable
from comity.feeds.packages import Shelf
from comity.model.events import Kind
from comity.model.handling import Tlp
from comity.model.patch import Origin, Rung
from comity.sandbox import tier
from comity.sandbox.policy import Tier
from comity.settings import Settings
from comity.store import journal
from tests.language.endpoint import Junk, Reply, Says, Served, Silent, scripted
from tests.patches.hosts import ADA, SAMPLES, SUMMARY, Patching, patching

needs_client = pytest.mark.skipif(find_spec("openai") is None, reason="peer not installed: openai (comity[models])")
RIGHT = SAMPLES["page-resolved"].diff.decode()
PURPOSE = "a patch before the maintainer is written to"


def says(diff: str, test: str = "") -> Says:
    return Says({"diff": diff, "root_cause": "the name is not resolved", "test": test})


@contextmanager
def asking(folder: Path, *replies: Reply, **more: Any) -> Iterator[tuple[Patching, Served]]:
    """A case, and a host whose model is a script on this machine."""
    policy = more.pop("policy", {})
    seconds = more.pop("seconds", 20)
    with scripted(*replies) as served:
        settings = Settings(
            data=folder / "data",
            keys=folder / "keys",
            model_endpoint=served.endpoint.address,
            model="scripted-1",
            model_timeout_seconds=seconds,
            **policy,
        )
        with patching(folder, settings=settings, **more) as here:
            yield here, served


def ask(here: Patching, served: Served) -> Any:
    made = here.patches.ask(ADA, here.case, model="", consent=served.endpoint.address, purpose=PURPOSE)
    return here.settled(made)


@needs_client
def test_what_a_model_writes_climbs_like_everybodys_patch(tmp_path: Path):
    with asking(tmp_path, says(RIGHT)) as (here, served):
        held = ask(here, served)
        assert held.patch.origin is Origin.MODEL
        assert held.patch.level is Rung.L5
        assert held.diff == RIGHT
        assert held.patch.claim == "the name is not resolved"
        assert held.patch.asking.asked.model == "scripted-1"


@needs_client
def test_by_default_no_word_of_the_report_and_no_test_goes_out(tmp_path: Path):
    with asking(tmp_path, says(RIGHT)) as (here, served):
        held = ask(here, served)
        (sent,) = served.requests
        told = json.dumps(sent)
        assert SUMMARY not in told
        assert "secret test" not in told
        assert "canary" not in told
        assert str(held.patch.seed) not in told
        data = json.loads(sent["messages"][1]["content"])
        assert set(data) == {"target", "files", "effect"}
        assert set(data["files"]) == {"ledger/export.py"}
        assert held.patch.asking.fields == ("source", "effect")
        assert dict(held.patch.asking.withheld) == {"proof": "not in the policy", "summary": "not in the policy"}


@needs_client
def test_a_reports_own_content_stays_above_its_label_whatever_the_policy_names(tmp_path: Path):
    policy = {"patch_fields": "summary, proof", "patch_label": "AMBER"}
    with asking(tmp_path, says(RIGHT), policy=policy) as (here, served):
        held = ask(here, served)
        assert SUMMARY not in json.dumps(served.requests)
        assert held.patch.asking.fields == ()
        assert "TLP:AMBER+STRICT" in dict(held.patch.asking.withheld)["summary"]


def test_groups_go_out_by_policy_label_and_origin():
    everything = ",".join(proposing.GROUPS)
    open_ = proposing.shown(everything, "RED", tlp=Tlp.RED, source_is_public=True)
    assert (open_.fields, open_.withheld) == (tuple(proposing.GROUPS), ())
    closed = proposing.shown(everything, "CLEAR", tlp=Tlp.GREEN, source_is_public=False)
    assert closed.fields == ("effect",)
    assert proposing.shown("", "RED", tlp=Tlp.CLEAR, source_is_public=True).fields == ()
    with pytest.raises(Invalid):
        proposing.shown("source,everything", "CLEAR", tlp=Tlp.CLEAR, source_is_public=True)


@needs_client
def test_nothing_is_sent_without_consent_to_that_very_address(tmp_path: Path):
    with asking(tmp_path, says(RIGHT)) as (here, served):
        for consent in ("", "yes", served.endpoint.address + "/other", "https://models.example.org/v1"):
            with pytest.raises(Invalid) as caught:
                here.patches.ask(ADA, here.case, model="", consent=consent, purpose=PURPOSE)
            assert served.endpoint.address in caught.value.problems[0].reason
        with pytest.raises(Invalid):
            here.patches.ask(ADA, here.case, model="", consent=served.endpoint.address, purpose="  ")
        assert served.requests == []
        assert here.patches.listed(ADA, here.case) == ()


@needs_client
def test_consent_purpose_and_provider_are_kept_and_the_prompt_is_sealed(tmp_path: Path):
    with asking(tmp_path, says(RIGHT)) as (here, served):
        held = ask(here, served).patch
        asked = held.asking
        assert (asked.by_name, asked.purpose, asked.provider) == ("Ada", PURPOSE, served.endpoint.address)
        assert asked.prompt is not None
        with here.machines.store.read() as tx:
            (event,) = [e.event for e in journal.after(tx, 0) if e.event.kind is Kind.PATCH_ASKED]
        assert event.actor == "ada"
        assert event.facts["model"] == "scripted-1"
        assert event.facts["provider"] == "127.0.0.1"
        assert event.facts["fields"] == "source effect"
        assert "purpose" not in event.facts
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file():
            assert b"You propose a change" not in path.read_bytes()


@needs_client
@pytest.mark.parametrize(
    "reply", [Junk("Here is a patch."), says("not a diff"), says(RIGHT.replace("a/ledger", "../ledger")), Silent(5)]
)
def test_a_model_that_gives_no_diff_leaves_a_patch_without_a_level(tmp_path: Path, reply: Reply):
    with asking(tmp_path, reply, seconds=1) as (here, served):
        held = ask(here, served).patch
        assert held.level is None
        assert held.sentence.startswith("no patch: without a model")
        assert here.climber.given == []
        with pytest.raises(Conflict):
            here.patches.statement(ADA, here.case, held.id)


@needs_client
def test_it_refuses_without_a_reproducer_and_without_a_model(tmp_path: Path):
    with asking(tmp_path / "a", says(RIGHT), is_reproduced=False) as (here, served):
        with pytest.raises(Conflict, match="no reproducer"):
            here.patches.ask(ADA, here.case, model="", consent=served.endpoint.address, purpose=PURPOSE)
        assert served.requests == []
    with patching(tmp_path / "b") as here, pytest.raises(Unavailable, match="no model is configured"):
        here.patches.consent(ADA, here.case)


@needs_client
def test_a_model_that_the_register_does_not_hold_in_use_is_not_asked(tmp_path: Path):
    why = ["the patch proposals was stopped"]
    with asking(tmp_path, says(RIGHT), leave=lambda: why[0]) as (here, served):
        with pytest.raises(Forbidden, match="was stopped"):
            here.patches.ask(ADA, here.case, model="", consent=served.endpoint.address, purpose=PURPOSE)
        with here.machines.store.read() as tx:
            (event,) = [e.event for e in journal.after(tx, 0) if e.event.kind is Kind.PATCH_ASKED]
        assert event.facts["asked"].startswith("no")
        assert served.requests == []


@needs_client
def test_an_entry_stopped_between_wish_and_asking_stops_the_asking(tmp_path: Path):
    answers = iter(["", "", "the patch proposals was stopped"])
    with asking(tmp_path, says(RIGHT), leave=lambda: next(answers)) as (here, served):
        held = ask(here, served).patch
        assert "was stopped" in held.sentence
        assert served.requests == []


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> HostClimber:
    found = tier.find()
    if found.tier is not Tier.FULL:
        pytest.skip(f"this machine has no tier full: {'; '.join(found.reasons)}")
    shelf = Shelf(cache=tmp_path_factory.mktemp("packages"), mirror=None, online=False)
    return HostClimber(laboratory=Laboratory(containment=found, shelf=shelf))


ADVERSARIAL = {
    "deletes the feature": SAMPLES["page-deleted"].diff.decode(),
    "silences the oracle": SAMPLES["page-gone"].diff.decode(),
    "edits the test": SAMPLES["page-test-edited"].diff.decode(),
    "knows the proof": SAMPLES["page-by-name"].diff.decode(),
}
FITTED = (
    'schema = "comity-test/1"\n[[tests]]\nname = "made to fit"\nraises = "ValueError"\n'
    'steps = [{ call = "ledger.export.page", args = [{ room = true }, "../out-x", ""] }]\n'
)


@needs_client
def test_an_adversarial_model_stops_below_l4_and_a_sound_one_does_not(tmp_path: Path, real: HostClimber):
    replies = [says(diff, FITTED) for diff in ADVERSARIAL.values()] + [says(RIGHT)]
    with asking(tmp_path, *replies, climber=real) as (here, served):
        for what in ADVERSARIAL:
            level = ask(here, served).patch.level
            assert level is None or level < Rung.L4, what
        assert ask(here, served).patch.level is Rung.L5
        best = here.patches.best(here.case)
        assert best is not None
        assert best.diff.decode() == RIGHT


def test_the_answers_form_is_checked_before_anything_climbs():
    fine = {"diff": RIGHT, "root_cause": "x", "test": ""}
    assert proposing.check(fine) == ()
    assert proposing.check({**fine, "diff": RIGHT.rstrip("\n")}) == ()
    assert proposing.check({**fine, "test": "schema = 3"})
    assert proposing.check({**fine, "diff": "rm -rf /"})
