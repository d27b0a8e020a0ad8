"""The counter for deadlines on a real store: dates with their why, what a change would move, work, triage, domains."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from comity.admin import mirrors
from comity.defend import flow_deadlines
from comity.defend.due import AskPerson, Due, NotAssessed, NotBound, State
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered, Unauthenticated
from comity.library.check import checker
from comity.model.asset import Domain, ExposureTag, Reach
from comity.model.authoring import Follower
from comity.model.events import Event, Kind
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Acceptance, Vex, VexStatus
from comity.model.party import ANONYMOUS
from comity.store import directives, inventories, journal
from tests.directives.hosts import LOG4SHELL, OTHER, START, Host, host, kev, viewer

ADA = viewer("ada")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path) as made:
        yield made


def tagged(held: Host, asset: AssetId, value: Reach, **more: object) -> None:
    """A new state of the asset: somebody says who can reach it now."""
    at = held.machines.now()
    with held.machines.store.write() as tx:
        old = inventories.asset(tx, asset, ADA)
        tag = ExposureTag(value=value, confidence=old.exposure.confidence, source="change 12", at=at, **more)  # type: ignore[arg-type]  # its fields
        inventories.save_asset(tx, replace(old, exposure=tag, changed_at=at))


def test_an_estate_lists_what_is_due_with_row_start_and_both_dates(held: Host) -> None:
    web, files = held.estate("agency", Domain.FCEB)
    found = held.deadlines.deadlines(ADA)
    assert (found.total, found.assets, found.summary.findings) == (4, 2, 4)
    answers = {(row.asset, row.vulnerability): row.answer for row in found.rows}
    known = answers[web, LOG4SHELL]
    assert isinstance(known, Due)
    assert (known.row, known.tier, known.start.event) == (1, "3DF", "kev_added")
    assert (known.start.kev_added, known.start.found_on) == (date(2021, 12, 10), START.date())
    assert known.kev_due is not None
    assert known.overdue
    other = answers[files, OTHER]
    assert isinstance(other, Due)
    assert [one.param for one in other.defaulted] == ["metadata_missing", "metadata_missing"]
    assert found.summary.defaulted == 2
    assert "us.cisa.bod-26-04 1.0.0" in {pack.name for pack in found.packs}
    assert all("transcription" in pack.standing.sentence for pack in found.packs)


def test_exposure_flips_dates_move_and_yesterday_is_still_answered_as_it_was(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    before = held.deadlines.deadline(ADA, web, OTHER).answer
    held.clock.jump(timedelta(days=2))
    tagged(held, web, Reach.INTERNAL)
    after = held.deadlines.deadline(ADA, web, OTHER).answer
    assert isinstance(before, Due)
    assert isinstance(after, Due)
    assert (before.tier, after.tier, after.due) == ("14D", "FSU", None)
    then = held.deadlines.deadline(ADA, web, OTHER, at=START + timedelta(days=1))
    assert isinstance(then.answer, Due)
    assert (then.answer.tier, then.answer.due, then.is_past) == (before.tier, before.due, True)


def test_an_exposure_past_its_end_is_unknown_and_the_list_says_so(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    tagged(held, web, Reach.INTERNAL, expires_at=START + timedelta(days=5))
    held.clock.jump(timedelta(days=6))
    answer = held.deadlines.deadline(ADA, web, OTHER).answer
    assert isinstance(answer, Due)
    assert "publicly_exposed" in answer.unknown


def test_a_new_catalogue_moves_dates_at_once(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.deadlines.deadlines(ADA)
    held.clock.jump(timedelta(days=3))
    now = held.machines.now()
    mirrors.take_in(held.machines.store, kev(now, **{OTHER.replace("-", "_"): ("2026-12-18", "2027-01-08")}), at=now)
    answer = held.deadlines.deadline(ADA, web, OTHER).answer
    assert isinstance(answer, AskPerson)
    assert answer.kev_due is not None
    assert held.deadlines.deadlines(ADA).summary.ask == 2


def _retired(held: Host, asset: AssetId) -> None:
    with held.machines.store.write() as tx:
        inventories.save_asset(tx, replace(inventories.asset(tx, asset, ADA), retired_at=START))


def _found_again(held: Host, inventory: InventoryId) -> None:
    with held.machines.store.write() as tx:
        matched = inventories.match(tx, inventory, ADA)
        assert matched is not None
        inventories.put_match(tx, matched)


def _said(held: Host, version: str) -> None:
    said = Vex(
        vulnerability=OTHER,
        status=VexStatus.NOT_AFFECTED,
        ecosystem="Maven",
        name="a:b",
        version=version,
        said_at=START,
    )
    with held.machines.store.write() as tx:
        inventories.add_vex(tx, ADA.organisation, Domain.FCEB, [said])


def _accepted(held: Host, asset: AssetId, *, withdrawn: bool) -> None:
    risk = Acceptance(
        id="K-1", organisation=ADA.organisation, domain=Domain.FCEB, asset=asset, vulnerability=OTHER,
        ecosystem="Maven", name="a:b", version="1", reason="a reason", by=ADA.person, by_name="Ada", at=START,
        expires_at=START + timedelta(days=9), reach=Reach.PUBLIC, in_kev=False,
        withdrawn_at=START if withdrawn else None,
    )  # fmt: skip
    with held.machines.store.write() as tx:
        inventories.put_acceptance(tx, risk)


def _followed(held: Host, pack: str) -> None:
    follower = Follower(
        organisation=ADA.organisation, organisation_name="agency", domain=Domain.FCEB, pack_id=pack, since=START
    )
    with held.machines.store.write() as tx:
        directives.put_follower(tx, follower)


def test_the_kept_list_is_made_anew_after_any_change_of_what_it_is_made_of_and_after_no_other(held: Host) -> None:
    web, files = held.estate("agency", Domain.FCEB)
    held.estate("bureau", Domain.FCEB)
    with held.machines.store.read() as tx:
        (inventory,) = inventories.numbers(tx, ADA)

    def kept() -> object:
        with held.machines.store.read() as tx:
            return held.deadlines.lists.of(tx, ADA)

    def another_desk(number: int) -> None:
        with held.machines.store.write() as tx:
            journal.append(tx, Event(kind=Kind.ACCOUNT_CHANGED, key=f"x:{number}", at=START, facts={}, actor="x"))

    changes: list[Callable[[], object]] = [
        lambda: tagged(held, web, Reach.INTERNAL),
        lambda: _retired(held, files),
        lambda: _found_again(held, inventory),
        lambda: _said(held, "1"),
        lambda: _said(held, "2"),
        lambda: _accepted(held, web, withdrawn=False),
        lambda: _accepted(held, web, withdrawn=True),
        lambda: held.deadlines.mitigated(ADA, web, OTHER, "a filter"),
        lambda: held.deadlines.mitigated(ADA, web, OTHER, "a better filter"),
        lambda: _followed(held, "us.cisa.bod-26-04"),
        lambda: _followed(held, "us.cisa.bod-26-04"),
        lambda: mirrors.take_in(held.machines.store, kev(START, CVE_2020_1=("2021-01-01", "2021-01-02")), at=START),
    ]
    for number, change in enumerate(changes):
        before = kept()
        another_desk(number)
        assert kept() is before
        change()
        after = kept()
        assert after is not before, f"after change {number}"
        assert kept() is after
    before = kept()
    with held.machines.store.write() as tx:
        bureau = viewer("grace")
        (theirs, _) = inventories.asset_versions(tx, bureau)
        inventories.save_asset(tx, replace(inventories.asset(tx, theirs, bureau), owner="somebody"))
    assert kept() is before
    held.clock.jump(timedelta(minutes=10))
    assert kept() is not before


def test_a_stale_catalogue_assesses_nothing_and_none_says_how_to_get_one(held: Host, tmp_path: Path) -> None:
    held.estate("agency", Domain.FCEB)
    held.clock.jump(timedelta(days=9))
    found = held.deadlines.deadlines(ADA)
    assert found.summary.not_assessed == 4
    assert all(isinstance(row.answer, NotAssessed) for row in found.rows)
    with host(tmp_path / "bare", mirror=False) as bare:
        bare.estate("agency", Domain.FCEB)
        assert bare.deadlines.deadlines(ADA).summary.not_assessed == 4


def test_what_if_changes_nothing_and_the_real_change_gives_the_same(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    with held.machines.store.read() as tx:
        head = journal.head(tx)
    changes = held.deadlines.changes(ADA, ["exposure web no"])
    promised = held.deadlines.what_if(ADA, changes)
    with held.machines.store.read() as tx:
        assert journal.head(tx) == head
    assert promised.touched == 2
    tagged(held, web, Reach.INTERNAL)
    assert held.deadlines.what_if(ADA, changes).before == promised.after


@pytest.mark.parametrize(
    "text",
    [
        "exposure web perhaps",
        "kev",
        "kev CVE-1 yesterday",
        "ssvc CVE-1",
        "ssvc CVE-1 automatable=maybe",
        "rm -rf /",
        "",
    ],
)
def test_a_change_that_cannot_be_read_is_told_by_its_place(held: Host, text: str) -> None:
    held.estate("agency", Domain.FCEB)
    with pytest.raises(Invalid) as caught:
        held.deadlines.changes(ADA, [text])
    assert [one.pointer for one in caught.value.problems] == ["/changes/0"]


def test_every_form_of_a_change_is_read(held: Host) -> None:
    held.estate("agency", Domain.FCEB)
    texts = [
        "exposure web unknown",
        "upgrade files 2027-02-01",
        f"kev {OTHER} 2026-12-15 2027-01-05",
        f"ssvc {OTHER} automatable=yes impact=total",
        "choose on_tighten=change_date exposure_unknown=no",
        "pack us.cisa.bod-26-04",
    ]
    assert held.deadlines.what_if(ADA, held.deadlines.changes(ADA, texts)).after.findings == 4


def evidence(name: str = "memory of web") -> dict[str, str]:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return {"name": name, "tool": "avml 0.14", "sha256": sha256, "place": "evidence locker 3", "volatile": "yes"}


def test_a_patch_is_locked_until_volatile_evidence_exists(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    with pytest.raises(Conflict, match="collect volatile evidence"):
        held.deadlines.patched(ADA, web, LOG4SHELL, "2.17.1 rolled out")
    held.triages.open(ADA, web, LOG4SHELL)
    held.triages.collect(ADA, web, LOG4SHELL, evidence("a disk image") | {"volatile": ""})
    with pytest.raises(Conflict, match="no volatile evidence"):
        held.deadlines.patched(ADA, web, LOG4SHELL, "2.17.1 rolled out")
    held.triages.collect(ADA, web, LOG4SHELL, evidence())
    assert held.deadlines.deadline(ADA, web, LOG4SHELL).locked == ""
    work = held.deadlines.patched(ADA, web, LOG4SHELL, "2.17.1 rolled out")
    assert work.done_at == START
    answer = held.deadlines.deadline(ADA, web, LOG4SHELL).answer
    assert isinstance(answer, Due)
    assert answer.state is State.DONE


def test_an_asset_alone_and_findings_picked_out_bear_the_same_work_as_in_the_whole_estate(held: Host) -> None:
    web, files = held.estate("agency", Domain.FCEB)
    held.deadlines.patched(ADA, web, OTHER, "upgraded")
    held.deadlines.patched(ADA, files, OTHER, "upgraded later")
    with held.machines.store.read() as tx:
        whole = flow_deadlines.gather(tx, ADA, at=START).findings
        alone = flow_deadlines.gather(tx, ADA, at=START, only=web).findings
        picked = flow_deadlines.gather(tx, ADA, at=START, wanted={web: {LOG4SHELL}, files: {OTHER}}).findings
    assert [one.work is not None and one.work.done for one in alone] == [False, "upgraded"]
    assert alone == tuple(one for one in whole if one.asset.id == web)
    pairs = {(web, LOG4SHELL), (files, OTHER)}
    assert picked == tuple(one for one in whole if (one.asset.id, one.facts.vulnerability) in pairs)


def test_a_named_person_may_override_with_a_reason_which_stays_in_the_manifest(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.triages.open(ADA, web, LOG4SHELL)
    with pytest.raises(Invalid):
        held.triages.override(ADA, web, LOG4SHELL, "now")
    held.triages.override(ADA, web, LOG4SHELL, "the attacker is inside and encrypting")
    held.deadlines.patched(ADA, web, LOG4SHELL, "2.17.1 rolled out")
    manifest, _ = held.triages.manifest(ADA, web, LOG4SHELL)
    assert b"the attacker is inside and encrypting" in manifest


def test_a_finding_without_a_triage_duty_is_patched_at_once(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    assert held.deadlines.patched(ADA, web, OTHER, "upgraded").done_at == START
    with pytest.raises(Conflict, match="asks for no forensic triage"):
        held.triages.open(ADA, web, OTHER)


def test_the_three_timers_run_from_the_addition_to_kev_and_the_decision_is_signed(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.triages.open(ADA, web, LOG4SHELL)
    view = held.triages.view(ADA, web, LOG4SHELL)
    assert [step.hours for step in view.steps] == [2, 24, 72]
    assert view.steps[0].due_at == datetime(2021, 12, 10, 7, tzinfo=UTC)  # midnight in New York and two hours
    assert all(step.late for step in view.steps)
    held.triages.step(ADA, web, LOG4SHELL, "scope")
    with pytest.raises(Conflict, match="no evidence was looked at"):
        held.triages.decide(ADA, web, LOG4SHELL, "no evidence", "nothing seen")
    held.triages.collect(ADA, web, LOG4SHELL, evidence())
    held.triages.decide(ADA, web, LOG4SHELL, "suspected", "an unknown process spoke to the network")
    manifest, envelope = held.triages.manifest(ADA, web, LOG4SHELL)
    told = checker(lambda: [held.key.public])(envelope, None)
    facts = dict(told.facts)
    assert "by Ada" in told.sentence
    assert facts["compromise"] == "suspected"
    assert hashlib.sha256(manifest).hexdigest() in facts.values()
    with pytest.raises(Tampered):
        checker(lambda: [held.key.public])(envelope.replace(b'"sig":"', b'"sig":"AAAA'), None)
    with pytest.raises(Conflict):
        held.triages.collect(ADA, web, LOG4SHELL, evidence("late"))


def test_first_knowledge_may_start_the_timers_by_the_hosts_choice(tmp_path: Path) -> None:
    with host(tmp_path, directive_choices="triage_start=first_knowledge, triage_scope_hours=4") as held:
        web, _ = held.estate("agency", Domain.FCEB)
        held.triages.open(ADA, web, LOG4SHELL)
        view = held.triages.view(ADA, web, LOG4SHELL)
        assert view.steps[0].due_at == START + timedelta(hours=4)
        assert view.triage is not None
        assert "first knowledge" in view.triage.counts_from


def test_generic_queries_are_marked_generic_and_coverage_is_shown(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    view = held.triages.view(ADA, web, LOG4SHELL)
    assert view.queries
    assert all(query.generic for query in view.queries)
    assert view.coverage.sentence == "0 rules name 0 CVEs: 0 of 1 entries in KEV, 0.0 %"


@pytest.mark.parametrize(("name", "domain"), [("nell", Domain.NSS), ("dora", Domain.DOW)])
def test_no_civil_viewer_meets_a_finding_of_another_domain_and_the_reverse(
    held: Host, name: str, domain: Domain
) -> None:
    own = viewer(name)
    web, _ = held.estate(own.organisation, domain)
    civil, _ = held.estate("agency", Domain.FCEB)
    for stranger in (ADA, viewer("grace")):
        with pytest.raises(Missing):
            held.deadlines.deadline(stranger, web, LOG4SHELL)
        with pytest.raises(Missing):
            held.deadlines.patched(stranger, web, OTHER, "upgraded")
        assert all(row.asset != web for row in held.deadlines.deadlines(stranger).rows)
    with pytest.raises(Missing):
        held.deadlines.deadline(own, civil, LOG4SHELL)
    answers = [row.answer for row in held.deadlines.deadlines(own).rows]
    assert len(answers) == 4
    assert all(isinstance(answer, NotBound) for answer in answers)


def test_another_agency_meets_nothing_of_ours(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    assert held.deadlines.deadlines(viewer("grace")).total == 0
    with pytest.raises(Missing):
        held.triages.open(viewer("grace"), web, LOG4SHELL)


def test_who_has_no_part_in_defence_is_refused_before_anything_is_looked_up(held: Host) -> None:
    with pytest.raises(Forbidden):
        held.deadlines.deadlines(viewer("carl"))
    with pytest.raises(Unauthenticated):
        held.deadlines.deadlines(ANONYMOUS)


def test_the_journal_learns_of_work_no_vulnerability_and_no_name(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.triages.open(ADA, web, LOG4SHELL)
    held.triages.collect(ADA, web, LOG4SHELL, evidence())
    with held.machines.store.read() as tx:
        entries = journal.about(tx, web)
    assert len(entries) == 2
    text = repr(entries)
    assert LOG4SHELL not in text
    assert "locker" not in text


def test_what_if_over_two_civil_domains_counts_each_by_its_own_rules(held: Host) -> None:
    held.estate("agency", Domain.FCEB)
    web, _ = held.estate("agency", Domain.OTHER)
    listed = held.deadlines.deadlines(ADA).summary
    found = held.deadlines.what_if(ADA, held.deadlines.changes(ADA, [f"exposure {web} no"]))
    assert found.before == listed
    assert (found.before.findings, found.touched) == (8, 2)
    with pytest.raises(Missing):
        held.deadlines.what_if(ADA, held.deadlines.changes(ADA, ["exposure nowhere no"]))


@pytest.mark.parametrize(
    "text", ["on_tigthen=change_date", "on_tighten=sometimes", "on_tighten", "exposure_unknown=ask,,x=y"]
)
def test_a_choice_that_no_pack_knows_is_told_and_never_ignored(tmp_path: Path, text: str) -> None:
    with host(tmp_path, directive_choices=text) as held:
        held.estate("agency", Domain.FCEB)
        with pytest.raises(Invalid):
            held.deadlines.deadlines(ADA)
