"""The register of AI defence learns of a wish by its event, and its kill switch reaches the patch proposer."""

from datetime import UTC, datetime
from pathlib import Path

from comity import subscriptions
from comity.access.caller import Via, signed_in
from comity.app import opened
from comity.model.asset import Domain
from comity.model.capability import Stage, Task
from comity.model.events import Event, Kind
from comity.model.party import Role
from comity.settings import Settings

WISH = Event(
    kind=Kind.PATCH_ASKED,
    key="patch-wish:C-1:scripted-1",
    at=datetime(2026, 6, 10, tzinfo=UTC),
    subjects=("C-1",),
    facts={"model": "scripted-1"},
    actor="ada",
)


def test_a_wish_enters_a_proposal_once_and_only_its_pilot_lets_a_model_be_asked(tmp_path: Path):
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", offline=True)
    with opened(settings, work=False) as office:
        ai = office.ai
        assert "holds no entry" in ai.leave(Task.PATCH)
        react = subscriptions.table(office)[Kind.PATCH_ASKED]
        entry = react(WISH)
        assert react(WISH) == ""
        assert "proposed only" in ai.leave(Task.PATCH)
        person = office.accounts.provide(
            name="Dee", login="dee", organisation=settings.organisation, roles=frozenset({Role.DEFENDER})
        )
        dee = signed_in(person, via=Via.SESSION).viewer
        (held,) = [one for one in ai.register(dee).entries if one.task is Task.PATCH]
        assert (held.id, held.model, held.stage, held.domain) == (entry, "scripted-1", Stage.PROPOSED, Domain.OTHER)
        assert "ladder" in held.gate
        ai.move(dee, entry, Stage.PILOT, reason="try it on our own faults")
        assert ai.leave(Task.PATCH) == ""
        ai.move(dee, entry, Stage.STOPPED, reason="enough")
        assert "was stopped" in ai.leave(Task.PATCH)
        assert office.patches.machines.leave() == ai.leave(Task.PATCH)


def test_another_organisations_entry_gives_this_host_no_leave(tmp_path: Path):
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys", offline=True)
    with opened(settings, work=False) as office:
        person = office.accounts.provide(
            name="Eve", login="eve", organisation="Another", roles=frozenset({Role.DEFENDER})
        )
        eve = signed_in(person, via=Via.SESSION).viewer
        for one in office.ai.begin(eve, domain=Domain.OTHER):
            office.ai.move(eve, one.id, Stage.PILOT, reason="ours")
        assert office.ai.silent(eve, Task.PATCH) == ""
        assert "holds no entry" in office.ai.leave(Task.PATCH)
