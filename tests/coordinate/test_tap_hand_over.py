"""A case goes to another host's TAP intake: each report once, under its rules, and followed by its monitor link."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from comity.access.caller import Caller, Via
from comity.access.policy import Scope
from comity.api import http, tap
from comity.clearing import flow, flow_tap, handover
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.formats import csaf_check, tap_write
from comity.formats.csaf import CsafReport
from comity.formats.report import ReportDocument
from comity.model.federation import PAUSES, Delivery, Door, HandOver, Partner
from comity.model.handling import Handling, Tlp
from comity.model.ids import CaseId, PartyId
from comity.model.party import Role, Viewer
from comity.model.product import Affected, Symbol
from comity.model.report import Finding
from comity.partners.tap import TapIntake
from comity.sealing import letters
from comity.store import cases, partners, reports, shares
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, coordinator, host
from tests.coordinate.test_federation import ADA, ROOT, Line, Side, side, tried

TOKEN = "tap_v1_0123456789"
MEMBER = Viewer(person=PartyId("m"), organisation=PartyId("rival"), roles=frozenset({Role.SUBMITTER}), tlp=Tlp.RED)


class Members:
    """The intake's own members: one, with one token."""

    def by_token(self, secret: str) -> Caller | None:
        scopes = frozenset({Scope.SUBMIT})
        return Caller(viewer=MEMBER, via=Via.TOKEN, scopes=scopes) if secret == TOKEN else None

    def by_session(self, _secret: str) -> None:
        return None


@dataclass(slots=True)
class Net(httpx.BaseTransport):
    """The network to the intake: passes calls on, fails or loses answers as a test says, and remembers what passed."""

    client: TestClient[Any]
    fails: list[httpx.Response] = field(default_factory=list)
    loses: int = 0
    passed: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.passed.append(request)
        if self.fails:
            return self.fails.pop(0)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = self.client.request(request.method, request.url.path, content=request.read(), headers=headers)
        if self.loses:
            self.loses -= 1
            raise httpx.ReadError("cut off")
        return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.headers))


@dataclass(slots=True)
class Pair:
    """Host A with a case of its own, host B with an intake, the network between, and B as A's partner."""

    a: Side
    b: Side
    net: Net
    to: Partner
    case: CaseId

    def hand(self, **more: Any) -> HandOver:
        words = {"partner": self.to.id, "basis": "consent", "why": "it is their product", **more}
        return self.a.counter.hand_over(ADA, self.case, **words)

    def send(self, made: HandOver, number: int = 0) -> tuple[str, HandOver]:
        return tried(self.a, made, number)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Pair]]:
    """Two hosts for the module; each test gets a case of its own."""
    folder = tmp_path_factory.mktemp("tap")
    with host(folder / "a", run=False) as first, host(folder / "b", run=False) as second:
        a, b = side(first, folder / "a", "Host A", Line()), side(second, folder / "b", "Host B", Line())
        app = http.build(
            routes=[tap.router(second.desk, Members(), second.machines.settings)], settings=b.counter.settings
        )
        with TestClient(app, base_url="https://tap.example", raise_server_exceptions=False) as client:
            net = Net(client)
            a.counter = replace(
                a.counter,
                machines=replace(a.counter.machines, intake=TapIntake(transport=net), address="https://a.example"),
            )
            to = a.counter.add_tap(ROOT, name="TAP of B", address="https://tap.example", token=TOKEN)

            def fresh(finding: Finding = FINDING) -> Pair:
                net.fails.clear()
                net.passed.clear()
                net.loses = 0
                number = len(a.reports())
                held = replace(
                    finding,
                    summary=f"{finding.summary} number {number}",
                    aliases=(),
                    symbols=(Symbol(file=f"yaml/part{number}.py", function=f"make_{number}", line=number + 1),),
                )
                recipe = RECIPE.replace(b'"x"', f'"x{number}"'.encode())
                (answer,) = first.desk.submit(LAB, [document(held, recipe=recipe)])
                ((case_id, *_),) = flow.screen(first.machines, [answer.report])
                return Pair(a=a, b=b, net=net, to=to, case=CaseId(case_id))

            yield fresh


def test_a_report_is_taken_with_its_files_its_label_and_its_embargo_in_words(hosts: Callable[..., Pair]) -> None:
    pair = hosts(replace(FINDING, impact="A page runs code.", handling=Handling(tlp=Tlp.RED)))
    with pair.a.host.machines.store.write() as tx:
        held = cases.get(tx, pair.case, flow.FLOW)
        until = pair.a.host.clock.now() + timedelta(days=40)
        cases.save(tx, replace(held, embargo_until=until, embargo_basis="agreed with the vendor"))
    made = pair.hand()
    again, done = pair.send(made)
    assert (again, done.state, len(done.receipts)) == ("", Delivery.TAKEN, 1)
    assert done.monitors == (f"/v1/submissions/{done.receipts[0]}",)
    with pair.b.host.machines.store.read() as tx:
        here = reports.by_receipt(tx, done.receipts[0])
    assert here.organisation == MEMBER.organisation
    assert (here.finding.affected[0].purl, here.finding.affected[0].versions) == ("pkg:pypi/pyyaml", ("5.3",))
    assert here.finding.symbols[0].file.startswith("yaml/part")
    names = [one.filename for one in here.finding.attachments]
    assert names == ["report.md", "vulnerability-report.csaf-2.1.json", "01-recipe.toml"]
    told, csaf, recipe = (pair.b.host.desk.attachment(MEMBER, here.id, o.digest)[1] for o in here.finding.attachments)
    words = told.decode()
    assert words.startswith("TLP:RED\n")
    assert "Under embargo until" in words
    assert "agreed with the vendor" in words
    assert "Not for use in a vulnerabilities equities process." in words
    assert b"[repeat]" in recipe
    assert csaf_check.check(csaf).problems == ()
    (back,) = CsafReport().read(csaf).findings
    assert (back.impact, back.wishes.publish_after) == ("A page runs code.", until)
    assert all("python/object" not in (o.filename + o.description) for o in here.finding.attachments)


def test_the_token_goes_to_the_intake_alone_and_is_told_to_nobody(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    done = pair.send(pair.hand())[1]
    assert pair.net.passed[-1].headers["authorization"] == f"Bearer {TOKEN}"
    ((receipt, said),) = pair.a.counter.follow(ADA, done.id)
    assert receipt == done.receipts[0]
    assert said.startswith("queued since ")
    assert "authorization" not in pair.net.passed[-1].headers, "a receipt is enough to follow it"
    assert TOKEN not in repr(pair.to)
    with pair.a.host.machines.store.read() as tx:
        assert partners.get(tx, pair.to.id).token == TOKEN
    for file in Path(pair.a.host.machines.settings.data).rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes(), file


def test_a_lost_answer_sends_the_same_bytes_and_a_comity_intake_gives_the_same_receipt(
    hosts: Callable[..., Pair],
) -> None:
    pair = hosts()
    pair.net.loses = 2
    before = len(pair.b.reports())
    made = pair.hand()
    for number in range(2):
        again, held = pair.send(made, number)
        assert again
        assert (held.state, held.receipts) == (Delivery.WAITING, ())
    again, done = pair.send(made, 2)
    assert (again, done.state, len(done.receipts)) == ("", Delivery.TAKEN, 1)
    assert len({one.content for one in pair.net.passed}) == 1
    assert len(pair.b.reports()) == before + 1
    assert pair.send(made, 3) == ("", done)


def test_of_several_reports_each_is_sent_once_also_when_one_is_refused_between(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    letter = handover.read_letter(letters.payload(made.letter))
    store, intake = pair.a.host.machines.store, pair.a.counter.machines.intake
    with store.read() as tx:
        (first,) = partners.documents(tx, made, [one.digest for one in letter.enclosed])
    both = [first, json.dumps({**json.loads(first), "versions": ["5.2"]}).encode()]
    pair.net.fails = []
    before = len(pair.b.reports())
    kept = flow_tap.bring(store, intake, made, pair.to, [first, b"{}"])
    assert (kept.state, len(kept.held.receipts)) == (Delivery.REFUSED, 1)
    assert kept.problem.startswith("report 2 of 2: ")
    with store.read() as tx:
        held = partners.out(tx, made.id, flow.FLOW)
    assert held.receipts == kept.held.receipts, "the receipt of the first is kept before the second is sent"
    done = flow_tap.bring(store, intake, held, pair.to, both)
    assert (done.state, len(done.held.receipts)) == (Delivery.TAKEN, 2)
    assert [one.content for one in pair.net.passed].count(first) == 1
    assert len(pair.b.reports()) == before + 2


def test_a_refusal_ends_the_tries_and_shows_codes_and_places(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    problem = {
        "title": "no",
        "detail": "1 violation; see errors",
        "errors": [{"code": "invalid_purl", "field": "purl"}],
    }
    pair.net.fails = [httpx.Response(400, json=problem)]
    again, held = pair.send(pair.hand())
    assert (again, held.state) == ("", Delivery.REFUSED)
    assert held.problem == "report 1 of 1: 1 violation; see errors (purl: invalid_purl)"
    more = pair.a.counter.again(ADA, held.id)
    assert pair.send(more)[1].state is Delivery.TAKEN


def hold_more_strictly(pair: Pair, how: str) -> None:
    with pair.a.host.machines.store.write() as tx:
        held = cases.get(tx, pair.case, flow.FLOW)
        changed = {
            "label": {"handling": replace(held.handling, tlp=Tlp.RED)},
            "use": {"handling": replace(held.handling, no_equities_use=True)},
            "embargo": {"embargo_until": pair.a.host.clock.now() + timedelta(days=90)},
        }
        cases.save(tx, replace(held, **changed[how]))


@pytest.mark.parametrize("how", ["label", "use", "embargo"])
def test_what_waits_for_an_intake_does_not_leave_under_rules_that_are_stricter_by_then(
    hosts: Callable[..., Pair], how: str
) -> None:
    pair = hosts(replace(FINDING, handling=Handling(tlp=Tlp.AMBER, no_equities_use=False)))
    pair.net.fails = [httpx.Response(503)]
    made = pair.hand()
    pair.send(made)
    hold_more_strictly(pair, how)
    passed = len(pair.net.passed)
    again, held = pair.send(made, 1)
    assert (again, held.state, len(pair.net.passed)) == ("", Delivery.REFUSED, passed)
    assert "hand it over anew" in held.problem
    with pytest.raises(Conflict, match="hand it over anew"):
        pair.a.counter.again(ADA, held.id)


def test_a_busy_intake_is_left_alone_for_as_long_as_it_asks(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    pair.net.fails = [httpx.Response(503, headers={"Retry-After": "7200"}), httpx.Response(429)]
    made = pair.hand()
    now = pair.a.host.clock.now()
    again, _ = pair.send(made)
    assert abs(datetime.fromisoformat(again) - now - timedelta(hours=2)) < timedelta(minutes=1)
    again, held = pair.send(made, 1)
    assert abs(datetime.fromisoformat(again) - now - PAUSES[1]) < timedelta(minutes=1)
    assert held.problem == "report 1 of 1: the intake answered 429"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(202, json={}), "holds no receipt"),
        (httpx.Response(202, content=b"[" * 100_000), "holds no receipt"),
        (httpx.Response(202, json={"receipt": "a b"}), "none that can be followed"),
        (
            httpx.Response(202, json={"receipt": "SUB-1"}, headers={"Link": '<//evil.example/x>; rel="monitor"'}),
            "leads away",
        ),
    ],
)
def test_what_was_taken_without_a_usable_receipt_is_not_sent_twice(
    hosts: Callable[..., Pair], answer: httpx.Response, why: str
) -> None:
    pair = hosts()
    pair.net.fails = [answer]
    again, held = pair.send(pair.hand())
    assert (again, held.state) == ("", Delivery.GIVEN_UP)
    assert why in held.problem


def test_red_needs_consent_and_personal_information_needs_a_reason(hosts: Callable[..., Pair]) -> None:
    pair = hosts(replace(FINDING, description="Ask jane@project.example about it."))
    with pytest.raises(Invalid) as refused:
        pair.hand()
    assert {one.code for one in refused.value.problems} == {"personal_information"}
    with pytest.raises(Invalid):
        pair.a.counter.vulnerability_reports(ADA, pair.case)
    keep = {"jane@project.example": "the maintainer's public address"}
    with pytest.raises(Conflict, match="consent"):
        pair.hand(keep=keep, basis="nda")
    assert pair.send(pair.hand(keep=keep))[1].state is Delivery.TAKEN


def test_who_may_not_hand_over_may_not_over_tap_and_the_submitter_sees_it(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    for viewer in (LAB, ROOT):
        with pytest.raises(Forbidden):
            pair.a.counter.hand_over(viewer, pair.case, partner=pair.to.id, basis="consent", why="x")
        with pytest.raises(Forbidden):
            pair.a.counter.vulnerability_reports(viewer, pair.case)
    with pair.a.host.machines.store.write() as tx:
        cases.withhold(tx, pair.case, withheld=True)
    with pytest.raises(Missing):
        pair.hand()
    with pair.a.host.machines.store.write() as tx:
        cases.read_in(tx, pair.case, ADA.person, at=pair.a.host.clock.now())
    made = pair.hand()
    with pytest.raises(Missing):
        pair.a.counter.follow(coordinator("grace"), made.id)
    ((_, data),) = pair.a.counter.vulnerability_reports(ADA, pair.case)
    assert csaf_check.check(data).problems == ()
    with pair.a.host.machines.store.read() as tx:
        seen = {one.what for one in shares.looks(tx, LAB.organisation) if one.person == ADA.person}
    assert {"handed it to TAP of B", "took it as a CSAF vulnerability report"} <= seen


def test_what_tap_cannot_take_is_refused_before_anything_leaves(hosts: Callable[..., Pair]) -> None:
    pair = hosts(replace(FINDING, affected=(Affected(name="a device", vendor="Maker"),)))
    with pytest.raises(Invalid, match="no name for this target"):
        pair.hand()
    assert pair.net.passed == []
    with pytest.raises(Invalid):
        pair.a.counter.add_tap(ROOT, name="x", address="http://tap.example", token=TOKEN)
    with pytest.raises(Invalid):
        pair.a.counter.add_tap(ROOT, name="x", address="https://other.example", token="two words of it")
    with pytest.raises(Conflict):
        pair.a.counter.add_tap(ROOT, name="x", address="https://tap.example", token=TOKEN)


def test_the_letter_that_stays_says_on_which_ground_and_no_letter_is_taken_from_an_intake(
    hosts: Callable[..., Pair],
) -> None:
    pair = hosts()
    made = pair.hand()
    letter = handover.read_letter(letters.payload(made.letter))
    assert (letter.to_key, letter.ground.id, letter.why) == ("", "consent", "it is their product")
    assert pair.to.door is Door.TAP
    forged = json.loads(made.letter)
    forged["signatures"][0]["keyid"] = pair.to.key_id
    with pytest.raises(Forbidden, match="no partner"):
        pair.a.counter.take(json.dumps(forged).encode(), [])


def test_a_file_over_the_limit_of_tap_is_refused_and_not_left_out() -> None:
    recipe = b"\0" * (1024 * 1024)
    read = document(FINDING, recipe=recipe)
    held = ReportDocument().read(read.data)
    with pytest.raises(Invalid) as refused:
        tap_write.write(held.findings[0], held.attachments, csaf=b"{}", embargo=None, basis="")
    assert {one.code for one in refused.value.problems} == {"field_too_large"}
