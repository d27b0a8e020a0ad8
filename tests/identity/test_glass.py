"""Break-glass: two people, an alarm, a time, one case to read and nothing to change, and no domain is ever crossed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from comity.access.policy import Scope
from comity.admin.counter import Accounts
from comity.admin.glass import LAPSE, Glass
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from comity.model.asset import domains
from comity.model.case import Case
from comity.model.ids import CaseId, ReportId
from comity.model.party import ANONYMOUS, Role, Viewer
from comity.settings import Settings
from comity.store import cases, journal, letters, reports
from tests.admin.hosts import Clock, accounts, first_admin, somebody, viewer
from tests.store.values import case as some_case
from tests.store.values import report as some_report

WHY = "The reporter says it is exploited today and the owner is not reachable."
OTHER = "C-0000-0000-0009"


@dataclass(slots=True)
class Host:
    """A host with a withheld case that Ann was read in to, and with Bob, Cid, and an administrator."""

    accounts: Accounts
    glass: Glass
    clock: Clock
    case: CaseId
    report: ReportId
    people: dict[str, str]

    def who(self, name: str) -> Viewer:
        """As the session of that person has it now."""
        caller = self.accounts.by_session(self.people[name])
        assert caller is not None
        return caller.viewer

    def alarm(self, name: str) -> int:
        caller = self.accounts.by_session(self.people[name])
        assert caller is not None
        return caller.alarm

    def sees(self, name: str, case: str = "") -> bool:
        with self.accounts.store.read() as tx:
            try:
                cases.get(tx, CaseId(case or self.case), self.who(name))
            except Missing:
                return False
        return True

    def broken(self) -> str:
        asked = self.glass.ask(self.who("bob"), case=self.case, reason=WHY)
        self.glass.second(self.who("cid"), asked)
        return asked


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        admin = first_admin(held)
        boss = viewer(held, admin)
        held.add(boss, name="Mailed", login="boss@example.org", organisation="Test Host", roles=frozenset({Role.ADMIN}))
        people = {"admin": admin.secret}
        for name in ("ann", "bob", "cid"):
            people[name] = somebody(held, boss, name, Role.COORDINATOR).secret
        people["reader"] = somebody(held, boss, "reader", Role.READER).secret
        people["auditor"] = somebody(held, boss, "auditor", Role.AUDITOR).secret
        people["nss"] = somebody(held, boss, "nss", Role.COORDINATOR, Role.NSS_DEFENDER).secret
        caller = held.by_session(people["ann"])
        assert caller is not None
        ann = caller.viewer
        report = some_report()
        made: Case = some_case(report.id)
        with held.store.write() as tx:
            reports.add(tx, report)
            cases.add(tx, made)
            cases.read_in(tx, made.id, ann.person, at=clock())
            cases.withhold(tx, made.id, withheld=True)
        settings = Settings(alarm_contact="alarm@example.org, none", mail_from="host@example.org")
        glass = Glass(accounts=held, settings=settings)
        yield Host(accounts=held, glass=glass, clock=clock, case=made.id, report=report.id, people=people)


def test_two_people_open_one_case_for_the_first_of_them_alone_and_for_a_time(host: Host) -> None:
    assert not host.sees("bob")
    asked = host.glass.ask(host.who("bob"), case=host.case.lower(), reason=WHY)
    assert not host.sees("bob")
    host.glass.second(host.who("cid"), asked)
    assert host.sees("bob")
    assert host.sees("ann")
    assert not host.sees("cid")
    host.clock.move(timedelta(hours=4))
    assert not host.sees("bob")


def test_nobody_seconds_themselves_and_nobody_without_the_role_asks_or_seconds(host: Host) -> None:
    asked = host.glass.ask(host.who("bob"), case=host.case, reason=WHY)
    with pytest.raises(Forbidden):
        host.glass.second(host.who("bob"), asked)
    for name in ("admin", "reader", "auditor"):
        with pytest.raises(Forbidden):
            host.glass.second(host.who(name), asked)
        with pytest.raises(Forbidden):
            host.glass.ask(host.who(name), case=host.case, reason=WHY)
    with pytest.raises(Unauthenticated):
        host.glass.ask(ANONYMOUS, case=host.case, reason=WHY)
    assert not host.sees("bob")


def test_an_account_of_nss_or_dow_neither_asks_nor_seconds(host: Host) -> None:
    with pytest.raises(Forbidden, match="its domain"):
        host.glass.ask(host.who("nss"), case=host.case, reason=WHY)
    asked = host.glass.ask(host.who("bob"), case=host.case, reason=WHY)
    with pytest.raises(Forbidden, match="its domain"):
        host.glass.second(host.who("nss"), asked)


def test_what_was_opened_ends_when_its_holder_becomes_a_defender_of_nss(host: Host) -> None:
    host.broken()
    host.accounts.set_roles(host.who("admin"), host.who("bob").person, frozenset({Role.COORDINATOR, Role.NSS_DEFENDER}))
    assert not host.sees("bob")
    host.accounts.set_roles(host.who("admin"), host.who("bob").person, frozenset({Role.READER}))
    assert not host.sees("bob")


def test_an_open_glass_shows_no_inventory_of_any_domain(host: Host) -> None:
    host.broken()
    bob = host.who("bob")
    assert bob.opened == {host.case}
    assert domains(bob) == frozenset()


def test_asking_for_a_case_that_is_not_there_answers_the_same_and_opens_nothing(host: Host) -> None:
    there = host.glass.ask(host.who("bob"), case=host.case, reason=WHY)
    nowhere = host.glass.ask(host.who("bob"), case=OTHER, reason=WHY)
    shown = {one.id: one for one in host.glass.requests(host.who("cid"))}
    assert shown[there].state == shown[nowhere].state
    host.glass.second(host.who("cid"), nowhere)
    assert not host.sees("bob", OTHER)
    assert not host.sees("bob")


def test_a_request_lapses_and_is_seconded_once(host: Host) -> None:
    asked = host.glass.ask(host.who("bob"), case=host.case, reason=WHY)
    with pytest.raises(Conflict):
        host.glass.ask(host.who("bob"), case=host.case, reason=WHY)
    host.clock.move(LAPSE)
    with pytest.raises(Conflict):
        host.glass.second(host.who("cid"), asked)
    again = host.broken()
    with pytest.raises(Conflict):
        host.glass.second(host.who("ann"), again)


def test_it_can_be_ended_early_by_those_who_see_the_banner_but_not_by_an_auditor(host: Host) -> None:
    asked = host.broken()
    with pytest.raises(Forbidden):
        host.glass.end(host.who("auditor"), asked)
    host.glass.end(host.who("admin"), asked)
    assert not host.sees("bob")
    assert host.alarm("cid") == 0


def test_the_alarm_is_an_entry_a_letter_and_a_banner_and_none_of_them_names_the_case(host: Host) -> None:
    assert host.alarm("cid") == 0
    host.broken()
    assert {name: host.alarm(name) for name in host.people} == {
        "admin": 1, "ann": 1, "bob": 1, "cid": 1, "auditor": 1, "nss": 1, "reader": 0,
    }  # fmt: skip
    with host.accounts.store.read() as tx:
        told = [entry.event for entry in journal.after(tx, 0, limit=500) if entry.event.kind.value.startswith("glass.")]
        waiting = letters.unsent(tx)
    assert [event.kind.value for event in told] == ["glass.asked", "glass.broken"]
    assert host.case not in repr(told)
    assert WHY not in repr(told)
    assert len(waiting) == 4  # two addresses, each told of the asking and of the breaking
    assert {slip.purpose for slip in waiting} == {"break-glass alarm"}


def test_who_only_keeps_the_host_or_audits_reads_who_and_when_but_neither_case_nor_reason(host: Host) -> None:
    host.broken()
    for name in ("admin", "auditor"):
        (one,) = host.glass.requests(host.who(name))
        assert (one.case_id, one.reason, one.asker, one.seconder) == ("", "", "Test bob", "Test cid")
    with pytest.raises(Forbidden):
        host.glass.requests(host.who("reader"))


def test_the_reason_rests_sealed(host: Host, tmp_path: Path) -> None:
    host.broken()
    host.accounts.store.close()
    assert WHY.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "data").glob("comity.db*"))


@pytest.mark.parametrize(("case", "reason"), [("", WHY), ("C-1", WHY), (OTHER, "too short"), ("R-0000-0000-0001", WHY)])
def test_what_cannot_be_asked_is_told_with_its_place(host: Host, case: str, reason: str) -> None:
    with pytest.raises(Invalid):
        host.glass.ask(host.who("bob"), case=case, reason=reason)


def test_a_token_opens_nothing_by_break_glass(host: Host) -> None:
    host.broken()
    secret, _ = host.accounts.make_token(host.who("bob"), label="t", scopes=frozenset(Scope), days=1)
    caller = host.accounts.by_token(secret)
    assert caller is not None
    assert caller.viewer.opened == frozenset()


def test_a_caller_who_changes_something_holds_no_opened_case(host: Host) -> None:
    host.broken()
    caller = host.accounts.by_session(host.people["bob"])
    assert caller is not None
    assert caller.to_change().viewer.opened == frozenset()


def test_reports_of_the_case_are_seen_with_it_and_by_nobody_else(host: Host) -> None:
    host.broken()
    with host.accounts.store.read() as tx:
        assert reports.get(tx, host.report, host.who("bob")).id == host.report
        for name in ("cid", "admin", "auditor"):
            with pytest.raises(Missing):
                reports.get(tx, host.report, host.who(name))
