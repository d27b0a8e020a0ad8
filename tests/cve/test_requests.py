"""A case gets one CVE id and one record: seen whole first, agreed by two people, never asked for twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity.clearing import flow, flow_cve
from comity.clearing.desk_cve import CveDesk, CveRequest, Deed, DryRun, Standing
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unavailable
from comity.model.case import Closing, Stage
from comity.model.federation import PAUSES
from comity.model.handling import Tlp
from comity.model.ids import CaseId
from comity.model.party import Role
from comity.partners.cve_services import CveServices
from comity.settings import Settings
from comity.store import cases, cve_services, journal, published
from tests.coordinate.hosts import ADA, FINDER, GRACE, Host, Still, finding, host, person
from tests.cve.services import KEY, ORG, ORG_ID, USER, Fake, Killed, said, served

ROOT = person("root", "cert", Role.ADMIN)
LOCAL = "http://localhost/api"


@dataclass(slots=True)
class Here:
    """One case on a host, and the service as this host reaches it."""

    host: Host
    desk: CveDesk
    fake: Fake
    case: CaseId

    def run(self, deed: Deed, **more: Any) -> DryRun:
        """A dry run."""
        return self.desk.dry_run(ADA, self.case, deed, **more)

    def agreed(self, deed: Deed, **more: Any) -> CveRequest:
        """Proposed by one, confirmed by another, not yet sent."""
        made = self.desk.propose(ADA, self.case, deed, seen=self.run(deed, **more).digest, **more)
        return self.desk.confirm(GRACE, made.id, seen=made.wire.digest)

    def send(self, made: CveRequest, number: int = 0) -> CveRequest:
        """One try of the flow; the request as it stands then."""
        flow_cve.sent(self.desk.machines, made.id, number)
        return self.held(made)

    def held(self, made: CveRequest) -> CveRequest:
        """The request as it stands."""
        with self.host.machines.store.read() as tx:
            return cve_services.get(tx, made.id, flow.FLOW)

    def done(self, deed: Deed, **more: Any) -> CveRequest:
        """Agreed and sent."""
        return self.send(self.agreed(deed, **more))

    def publish(self) -> None:
        """Publish the advisory of the case, by two people, after the embargo."""
        view = self.host.clearing.case(ADA, self.case)
        assert view.case.draft is not None
        for someone in (ADA, GRACE):
            self.host.clearing.approve(someone, self.case, view.case.draft)
        self.host.clearing.publish(ADA, self.case)
        self.host.wait(timedelta(days=31))
        assert self.host.run_flows(self.case)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, CveDesk, Fake]]:
    """One host for the module, with an account at a service in memory."""
    fake = Fake()
    with host(tmp_path_factory.mktemp("cve")) as held:
        services = CveServices(loopback=True, transport=httpx.MockTransport(fake))
        machines = flow_cve.Machines(desk=held.machines, services=services)
        desk = CveDesk(machines=machines, control=Still())
        desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment=LOCAL)
        yield held, desk, fake


@pytest.fixture
def here(place: tuple[Host, CveDesk, Fake]) -> Here:
    held, desk, fake = place
    fake.plan.clear()
    fake.quota = 1000
    with held.machines.store.read() as tx:
        if cve_services.account(tx) is None:
            desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment=LOCAL)
    case = held.case_of(finding(aliases=()))
    fake.seen.clear()
    return Here(held, desk, fake, case)


def test_a_dry_run_shows_every_byte_and_sends_and_keeps_nothing(here: Here) -> None:
    run = here.run(Deed.RESERVE)
    assert (run.wire.method, run.wire.address, run.wire.body) == ("POST", f"{LOCAL}/cve-id", b"")
    assert dict(run.wire.query) == {"cve_year": "2026", "amount": "1", "short_name": ORG}
    assert not here.fake.seen
    assert not here.desk.state(ADA, here.case).requests


def test_an_id_is_reserved_by_two_people_and_the_draft_names_it_and_is_approved_anew(here: Here) -> None:
    before = here.host.clearing.case(ADA, here.case).case
    assert before.draft is not None
    here.host.clearing.approve(ADA, here.case, before.draft)
    done = here.done(Deed.RESERVE)
    assert (done.standing, done.proposed_by_name, done.confirmed_by_name) == (Standing.DONE, "Ada", "Grace")
    view = here.host.clearing.case(ADA, here.case)
    assert view.case.cve == done.cve
    assert view.draft is not None
    assert view.draft.aliases[0] == done.cve
    assert view.case.draft != before.draft
    assert "2 more named people" in view.todo
    assert here.desk.state(ADA, here.case).state == "reserved"
    assert len(here.fake.changes) == 1


def test_nothing_of_the_case_is_in_a_reservation(here: Here) -> None:
    here.done(Deed.RESERVE)
    view = here.host.clearing.case(ADA, here.case)
    for request in here.fake.seen:
        sent = f"{request.url} {dict(request.headers)} {request.content!r}"
        assert not any(word in sent for word in (here.case, view.case.title, "full_load", "yaml"))


def test_who_proposed_cannot_confirm_and_other_bytes_cannot_be_confirmed(here: Here) -> None:
    run = here.run(Deed.RESERVE)
    with pytest.raises(Conflict, match="dry run"):
        here.desk.propose(ADA, here.case, Deed.RESERVE, seen="0" * 64)
    made = here.desk.propose(ADA, here.case, Deed.RESERVE, seen=run.digest)
    with pytest.raises(Conflict, match="another person"):
        here.desk.confirm(ADA, made.id, seen=run.digest)
    with pytest.raises(Conflict, match="not what was proposed"):
        here.desk.confirm(GRACE, made.id, seen="0" * 64)
    with pytest.raises(Conflict, match="open already"):
        here.run(Deed.RESERVE)
    assert here.send(made).standing is Standing.PROPOSED
    assert not here.fake.seen, "nothing goes out before it is confirmed"
    here.desk.withdraw(GRACE, made.id)
    with pytest.raises(Conflict, match="withdrawn"):
        here.desk.confirm(GRACE, made.id, seen=run.digest)


def test_a_record_is_what_the_dry_run_showed_and_valid_for_both_schemas(here: Here) -> None:
    with pytest.raises(Conflict, match="reserve an id first"):
        here.run(Deed.PUBLISH)
    cve = here.done(Deed.RESERVE).cve
    with pytest.raises(Conflict, match="publish the advisory first"):
        here.run(Deed.PUBLISH)
    here.publish()
    assert "within 24 hours" in here.desk.state(ADA, here.case).todo
    run = here.run(Deed.PUBLISH)
    assert run.schema.startswith("CVE_JSON_cnaPublishedContainer_5.")
    done = here.done(Deed.PUBLISH)
    assert done.standing is Standing.DONE
    sent = here.fake.changes[-1]
    assert (sent.method, sent.url.path, sent.content) == ("POST", f"/api/cve/{cve}/cna", run.wire.body)
    container = json.loads(run.wire.body)["cnaContainer"]
    assert container["providerMetadata"] == {"orgId": ORG_ID, "shortName": ORG}
    assert container["x_generator"]["engine"].startswith("comity ")
    assert "residue" not in json.dumps(container)
    state = here.desk.state(ADA, here.case)
    assert (state.state, state.todo) == ("published", "")
    with pytest.raises(Conflict, match="it is published"):
        here.run(Deed.PUBLISH)


def test_what_changed_since_it_was_proposed_is_not_confirmed(here: Here) -> None:
    here.done(Deed.RESERVE)
    here.publish()
    made = here.desk.propose(ADA, here.case, Deed.PUBLISH, seen=here.run(Deed.PUBLISH).digest)
    with here.host.machines.store.write() as tx:
        advisory = cases.get(tx, here.case, flow.FLOW).advisory
        assert advisory is not None
        held = published.get(tx, advisory, flow.FLOW)
        later = held.modified_at + timedelta(hours=1)
        published.put(tx, replace(held, details="Corrected words.", modified_at=later), [])
    with pytest.raises(Conflict, match="changed since"):
        here.desk.confirm(GRACE, made.id, seen=made.wire.digest)


def test_an_update_and_a_rejection_replace_the_record_that_stands(here: Here) -> None:
    cve = here.done(Deed.RESERVE).cve
    with pytest.raises(Conflict, match="nothing to update"):
        here.run(Deed.UPDATE)
    here.publish()
    here.done(Deed.PUBLISH)
    here.done(Deed.UPDATE)
    with pytest.raises(Invalid) as wrong:
        here.run(Deed.REJECT, reason=" ", replaced_by=("no id",))
    assert {one.pointer for one in wrong.value.problems} == {"/reason", "/replaced_by/0"}
    here.done(Deed.REJECT, reason="a duplicate", replaced_by=("CVE-2020-0001",))
    ways = [(one.method, one.url.path.rpartition("/")[2]) for one in here.fake.changes]
    assert ways == [("POST", "cve-id"), ("POST", "cna"), ("PUT", "cna"), ("PUT", "reject")]
    assert here.fake.records[cve]["cveMetadata"]["state"] == "REJECTED"
    assert here.desk.state(ADA, here.case).state == "rejected"


def test_an_unused_id_is_rejected_and_the_draft_names_it_no_more(here: Here) -> None:
    cve = here.done(Deed.RESERVE).cve
    assert here.done(Deed.REJECT, reason="not a vulnerability").standing is Standing.DONE
    view = here.host.clearing.case(ADA, here.case)
    assert view.case.cve == ""
    assert view.draft is not None
    assert cve not in view.draft.aliases
    assert here.done(Deed.RESERVE).cve != cve


def test_a_closed_case_says_that_its_id_was_never_used(here: Here) -> None:
    here.done(Deed.RESERVE)
    here.host.clearing.close(ADA, here.case, Closing.OUT_OF_SCOPE)
    assert "reject the id" in here.desk.state(ADA, here.case).todo
    assert here.done(Deed.REJECT, reason="out of scope").standing is Standing.DONE


def test_a_weakness_that_has_an_id_gets_no_second_one(here: Here) -> None:
    other = replace(here, case=here.host.case_of(finding()))
    with pytest.raises(Conflict, match=r"names CVE-2020-\d+ already"):
        other.run(Deed.RESERVE)
    here.done(Deed.RESERVE)
    with pytest.raises(Conflict, match="has an id already"):
        here.run(Deed.RESERVE)


# No second reservation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("befalls", ["lost", "odd", "killed after"])
def test_a_reservation_whose_answer_was_lost_is_found_and_never_made_twice(here: Here, befalls: str) -> None:
    made = here.agreed(Deed.RESERVE)
    here.fake.plan = [befalls]
    if befalls.startswith("killed"):
        with pytest.raises(Killed):
            here.send(made)
    else:
        assert here.send(made).standing is Standing.CONFIRMED
    here.send(made)
    assert len(here.fake.changes) == 1, "the other side may still be at it: nothing is asked within a minute"
    here.host.wait(timedelta(minutes=2))
    done = here.send(made, 1)
    assert (done.standing, len(here.fake.changes)) == (Standing.DONE, 1)
    assert here.host.clearing.case(ADA, here.case).case.cve == done.cve == max(here.fake.ids)


@pytest.mark.parametrize("befalls", ["unheard", "killed before", said(503, "", "busy"), said(429, "", "slow")])
def test_a_reservation_that_was_not_heard_is_made_once(here: Here, befalls: Any) -> None:
    held = len(here.fake.ids)
    made = here.agreed(Deed.RESERVE)
    here.fake.plan = [befalls]
    if befalls == "killed before":
        with pytest.raises(Killed):
            here.send(made)
    else:
        assert here.send(made).problem
    here.host.wait(timedelta(minutes=2))
    assert here.send(made, 1).standing is Standing.DONE
    assert len(here.fake.ids) == held + 1
    here.send(made, 2)
    assert len(here.fake.ids) == held + 1, "what is done is not sent again"


def test_an_id_that_somebody_else_reserved_meanwhile_is_not_taken(here: Here) -> None:
    here.fake.reserve()
    made = here.agreed(Deed.RESERVE)
    here.fake.plan = ["lost"]
    here.send(made)
    foreign = here.fake.reserve(user="colleague@cna.example")
    here.host.wait(timedelta(minutes=2))
    done = here.send(made, 1)
    assert done.standing is Standing.DONE
    assert done.cve != foreign


def test_two_ids_that_could_be_it_wait_for_a_person(here: Here) -> None:
    made = here.agreed(Deed.RESERVE)
    here.fake.plan = ["crowded"]
    here.send(made)
    here.host.wait(timedelta(minutes=2))
    unsure = here.send(made, 1)
    assert (unsure.standing, len(unsure.candidates)) == (Standing.UNSURE, 2)
    with pytest.raises(Conflict):
        here.desk.adopt(ADA, made.id, cve_id="CVE-2026-1")
    done = here.desk.adopt(ADA, made.id, cve_id=unsure.candidates[0])
    assert (done.standing, here.desk.state(ADA, here.case).state) == (Standing.DONE, "reserved")


def test_reservations_go_one_at_a_time_and_an_unanswered_one_is_settled_first(here: Here) -> None:
    other = replace(here, case=here.host.case_of(finding(aliases=())))
    first, second = here.agreed(Deed.RESERVE), other.agreed(Deed.RESERVE)
    here.fake.plan = ["lost"]
    here.send(first)
    assert "one at a time" in here.send(second).problem
    assert len(here.fake.changes) == 1
    here.host.wait(timedelta(minutes=2))
    assert here.send(first, 1).standing is Standing.DONE
    assert here.send(second, 1).standing is Standing.DONE
    assert here.held(first).cve != here.held(second).cve


def test_a_refusal_before_the_answer_was_found_keeps_what_is_known_of_it(here: Here) -> None:
    """A key that ends between a lost answer and the next look must not lead to a second id."""
    held = len(here.fake.ids)
    made = here.agreed(Deed.RESERVE)
    here.fake.plan = ["lost"]
    here.send(made)
    here.host.wait(timedelta(minutes=2))
    here.desk.end(ROOT)
    assert here.send(made, 1).standing is Standing.REFUSED
    with pytest.raises(Conflict, match="no account"):
        here.run(Deed.RESERVE)
    here.desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment=LOCAL)
    with pytest.raises(Conflict, match="never answered"):
        here.run(Deed.RESERVE)
    again = here.desk.again(ADA, made.id)
    assert here.send(again).standing is Standing.DONE
    assert len(here.fake.ids) == held + 1


# Records ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("befalls", ["lost", "odd", "killed after"])
def test_a_record_whose_answer_was_lost_is_looked_at_and_not_sent_over_another(here: Here, befalls: str) -> None:
    cve = here.done(Deed.RESERVE).cve
    here.publish()
    made = here.agreed(Deed.PUBLISH)
    here.fake.plan = [befalls]
    if befalls.startswith("killed"):
        with pytest.raises(Killed):
            here.send(made)
    else:
        here.send(made)
    assert here.send(made, 1).standing is Standing.DONE
    assert cve in here.fake.records


def test_another_record_under_the_id_is_never_taken_for_ours(here: Here) -> None:
    cve = here.done(Deed.RESERVE).cve
    here.publish()
    made = here.agreed(Deed.PUBLISH)
    container = json.loads(made.wire.body)["cnaContainer"]
    other = {**container, "descriptions": [{"lang": "en", "value": "Somebody else's words."}]}
    path = f"{LOCAL}/cve/{cve}/cna"
    headers = {"CVE-API-ORG": ORG, "CVE-API-USER": USER, "CVE-API-KEY": KEY}
    here.fake.handle(httpx.Request("POST", path, headers=headers, json={"cnaContainer": other}))
    held = here.send(made)
    assert held.standing is Standing.REFUSED
    assert "another record" in held.problem


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        (said(401, "UNAUTHORIZED", "Unauthorized"), Standing.REFUSED),
        (said(403, "NOT_OWNER", "not yours\x00\n at all"), Standing.REFUSED),
        (said(400, "INVALID_JSON_SCHEMA", "no"), Standing.REFUSED),
        (said(429, "TOO_MANY", "slow down", **{"Retry-After": "900"}), Standing.CONFIRMED),
        (said(500, "SERVICE_ERROR", "oh"), Standing.CONFIRMED),
        (httpx.Response(503, text="<html>"), Standing.CONFIRMED),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), Standing.CONFIRMED),
        (httpx.Response(200, text="[1, 2]"), Standing.CONFIRMED),
        (httpx.Response(200, json={"created": {"cveMetadata": {"cveId": "CVE-1", "state": "PUBLISHED"}}}), None),
        (httpx.Response(200, content=b"[" * 100_000), Standing.CONFIRMED),
    ],
)
def test_refusals_end_and_trouble_is_tried_again(here: Here, answer: httpx.Response, standing: Standing | None) -> None:
    here.done(Deed.RESERVE)
    here.publish()
    made = here.agreed(Deed.PUBLISH)
    here.fake.plan = [answer]
    again = flow_cve.sent(here.desk.machines, made.id, 0)
    held = here.held(made)
    assert held.standing is (standing or Standing.CONFIRMED)
    assert held.problem.isprintable()
    assert held.problem
    assert bool(again) == (held.standing is Standing.CONFIRMED)
    if answer.headers.get("retry-after"):
        assert datetime.fromisoformat(again) >= here.host.clock.now() + timedelta(seconds=899)
    if held.standing is Standing.REFUSED:
        more = here.desk.again(ADA, made.id)
        assert more.wire == made.wire
        made = more
    assert here.send(made, 1).standing is Standing.DONE


def test_a_full_quota_is_a_refusal_and_brings_nothing(here: Here) -> None:
    here.fake.quota = 0
    held = here.done(Deed.RESERVE)
    assert (held.standing, held.asked_from) == (Standing.REFUSED, None)
    assert "EXCEEDED_ID_QUOTA" in held.problem
    here.fake.quota = 5
    assert here.send(here.desk.again(ADA, held.id)).standing is Standing.DONE


def test_what_nobody_answers_is_given_up_in_sight(here: Here) -> None:
    made = here.agreed(Deed.RESERVE)
    for number in range(len(PAUSES) + 1):
        here.fake.plan = ["unheard"]
        held = here.send(made, number)
        here.host.wait(timedelta(minutes=2))
    assert held.standing is Standing.GIVEN_UP
    assert held in here.desk.open(ADA)
    here.desk.withdraw(ADA, made.id)
    assert here.held(made).standing is Standing.WITHDRAWN


# Who may, and what is kept ------------------------------------------------------------------------------------------


def test_the_account_is_entered_once_known_and_its_key_is_sealed_and_told_to_nobody(here: Here, tmp_path: Path) -> None:
    settings = here.host.machines.settings
    with pytest.raises(Forbidden, match="UNAUTHORIZED"):
        here.desk.enter(ROOT, org=ORG, user=USER, key="wrong", environment=LOCAL)
    with pytest.raises(Invalid) as wrong:
        here.desk.enter(ROOT, org="../x", user="a b", key="", environment=LOCAL)
    assert {one.pointer for one in wrong.value.problems} == {"/org", "/user", "/key"}
    with pytest.raises(Invalid, match="environment"):
        here.desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment="https://cve.example/api")
    held = here.desk.account(ADA)
    assert held is not None
    assert (held.org, held.org_id, held.key) == (ORG, ORG_ID, "")
    with here.host.machines.store.read() as tx:
        account = cve_services.account(tx)
        assert account is not None
        assert account.key == KEY
        assert KEY not in repr(account)
    here.done(Deed.RESERVE)
    assert not [path for path in settings.data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    made = here.desk.state(ADA, here.case).requests[0]
    assert KEY not in repr(made) + repr(here.run(Deed.REJECT, reason="x"))


def test_a_shut_account_has_lost_its_key(here: Here) -> None:
    here.desk.end(ROOT)
    assert here.desk.account(ADA) is None
    with pytest.raises(Conflict, match="no account"):
        here.desk.end(ROOT)


def test_addresses_are_the_programs_own_and_this_machine_only_where_a_test_says_so() -> None:
    services = CveServices()
    assert services.address("prod").startswith("https://")
    assert services.address("test") != services.address("prod")
    for other in ("http://127.0.0.1:9/api", "https://127.0.0.1/api", "", "dev", "http://localhost:bad"):
        with pytest.raises(Invalid):
            services.address(other)
    with pytest.raises(Invalid):
        CveServices(loopback=True).address("http://example.org/api")


def test_only_coordinators_who_see_the_case_may_and_only_admins_keep_the_account(here: Here) -> None:
    limited = replace(ADA, tlp=Tlp.GREEN)
    for deed in Deed:
        with pytest.raises(Missing):
            here.desk.dry_run(limited, here.case, deed, reason="x")
        with pytest.raises(Forbidden):
            here.desk.dry_run(FINDER, here.case, deed, reason="x")
    made = here.desk.propose(ADA, here.case, Deed.RESERVE, seen=here.run(Deed.RESERVE).digest)
    with pytest.raises(Missing):
        here.desk.state(limited, here.case)
    with pytest.raises(Missing):
        here.desk.confirm(limited, made.id, seen=made.wire.digest)
    assert made.id not in {one.id for one in here.desk.open(limited)}
    with pytest.raises(Forbidden):
        here.desk.enter(ADA, org=ORG, user=USER, key=KEY, environment=LOCAL)
    with pytest.raises(Forbidden, match="a person must"):
        here.desk.confirm(replace(GRACE, is_script=True), made.id, seen=made.wire.digest)


def test_the_journal_says_who_asked_what_by_digest_and_no_word_of_it(here: Here) -> None:
    done = here.done(Deed.RESERVE)
    with here.host.machines.store.read() as tx:
        entries = journal.about(tx, here.case)
    told = [(str(e.event.kind), e.event.actor) for e in entries if str(e.event.kind).startswith("cve.")]
    assert told == [("cve.proposed", "ada"), ("cve.confirmed", "grace"), ("cve.settled", str(flow.FLOW.person))]
    facts = [e.event.facts for e in entries if str(e.event.kind) == "cve.settled"]
    assert facts == [{"deed": "reserve", "sha256": done.wire.digest, "standing": "done"}]
    assert done.cve not in repr(entries), "an id that is not public yet is bound to a case nowhere but in the case"


def test_a_host_without_the_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cvelib", None)
    with pytest.raises(Unavailable, match=r"comity\[server\]"):
        CveServices().address("prod")


def test_the_whole_way_over_real_http(tmp_path: Path) -> None:
    """A host, a server on this machine, `cvelib`'s own calls, and nothing of the environment in between."""
    fake = Fake()
    with served(fake) as address, host(tmp_path) as held:
        services = CveServices(loopback=True)
        desk = CveDesk(machines=flow_cve.Machines(desk=held.machines, services=services), control=Still())
        for _ in range(3):
            fake.reserve()
        desk.enter(ROOT, org=ORG, user=USER, key=KEY, environment=address)
        here = Here(held, desk, fake, held.case_of(finding(aliases=())))
        cve = here.done(Deed.RESERVE).cve
        here.publish()
        here.done(Deed.PUBLISH)
        assert fake.records[cve]["containers"]["cna"]["descriptions"]
        assert {one.headers["accept-encoding"] for one in fake.seen} == {"identity"}
        assert held.clearing.case(ADA, here.case).case.stage is Stage.PUBLISHED


def test_settings_say_whether_this_machine_may_be_the_service() -> None:
    assert Settings().cve_loopback is False
