"""Two hosts: a case is handed over once, signed both ways, no looser than before; whatever is forged is refused."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Router
from litestar.testing import TestClient

from comity.access.routes import token_guard
from comity.api import federation, http
from comity.clearing import flow, flow_handover, handover
from comity.clearing.desk_handover import HandOvers
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered, Unavailable
from comity.formats.report import ReportDocument
from comity.model.case import Case, Closing
from comity.model.federation import PAUSES, STATEMENT, Delivery, HandOver, Partner
from comity.model.handling import Handling, Tlp
from comity.model.ids import CaseId, PartyId, digest
from comity.model.party import ANONYMOUS, Role, Viewer
from comity.model.product import Symbol
from comity.model.report import Finding, Report
from comity.partners.carrier import Answer, Carrier
from comity.partners.tap import TapIntake
from comity.sealing import keys, letters
from comity.store import cases, journal, partners, reports, shares
from tests.clearing.documents import RECIPE, document
from tests.clearing.findings import FINDING
from tests.clearing.hosts import LAB, Host, coordinator, host
from tests.engagement.hosts import SilentControl

ADA = coordinator("ada")
ROOT = Viewer(person=PartyId("root"), organisation=PartyId("cert"), roles=frozenset({Role.ADMIN}))
SECRET = "A document with a python/object/new tag"
AMBER = replace(FINDING, handling=Handling(tlp=Tlp.RED))


@dataclass(slots=True)
class Side:
    """One host as these tests need it."""

    host: Host
    counter: HandOvers
    key: keys.SigningKey

    def partner(self, other: "Side", name: str, address: str) -> Partner:
        """Enter the other side as a partner."""
        return self.counter.add(ROOT, name=name, address=address, key=other.key.public.export())

    def reports(self) -> list[Any]:
        """Every report that this host holds."""
        with self.host.machines.store.read() as tx:
            return list(reports.page(tx, flow.FLOW).items)


@dataclass(slots=True)
class Line:
    """The network between: brings to the other side's real door, or fails as the test says."""

    door: Callable[[], httpx.BaseTransport] | None = None
    fails: list[Answer | Unavailable] = field(default_factory=list)
    loses: int = 0
    """How many answers get lost after the other side has taken the case."""
    brought: list[bytes] = field(default_factory=list)

    def checked(self, address: str) -> str:
        return Carrier().checked(address)

    def bring(self, address: str, body: bytes) -> Answer:
        self.brought.append(body)
        if self.fails:
            failure = self.fails.pop(0)
            if isinstance(failure, Unavailable):
                raise failure
            return failure
        assert self.door is not None
        answer = Carrier(transport=self.door()).bring(address, body)
        if self.loses:
            self.loses -= 1
            raise Unavailable("the partner's address cannot be reached")
        return answer


def side(made: Host, folder: Path, name: str, line: Line) -> Side:
    """A host's counter of hand-overs, with a key of its own."""
    config = replace(made.machines.settings, keys=folder / "keys", organisation=name)
    key = keys.signing_key(config)
    machines = flow_handover.Machines(
        store=made.machines.store, key=key, carrier=line, intake=TapIntake(), now=made.clock.now, organisation=name
    )
    counter = HandOvers(machines=machines, control=SilentControl(), clearing=made.desk, settings=config)
    return Side(host=made, counter=counter, key=key)


class Nobody:
    """No account: the door of partners needs none."""

    def by_token(self, _secret: str) -> None:
        return None


@dataclass(slots=True)
class Through(httpx.BaseTransport):
    """A transport into an application of this process."""

    client: TestClient[Any]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        answer = self.client.request(request.method, request.url.path, content=request.read(), headers=headers)
        return httpx.Response(answer.status_code, content=answer.content)


@contextmanager
def door(there: Side) -> Iterator[Callable[[], httpx.BaseTransport]]:
    """The real address to which partners bring, in this process."""
    routes = [Router("/api/v1", route_handlers=federation.routes(there.counter), guards=[token_guard(Nobody())])]  # type: ignore[arg-type]
    app = http.build(routes=routes, settings=there.counter.settings)
    with TestClient(app, base_url="https://b.example", raise_server_exceptions=False) as client:
        yield lambda: Through(client)


def tried(side: Side, made: HandOver, number: int) -> tuple[str, HandOver]:
    """One try of the flow at this side; gives when to try again, and the hand-over as it stands."""
    again = flow_handover.sent(side.counter.machines, made.id, number)
    with side.host.machines.store.read() as tx:
        return again, partners.out(tx, made.id, flow.FLOW)


@dataclass(slots=True)
class Pair:
    """Host A with a case, host B, the line between them, and each as the other's partner."""

    a: Side
    b: Side
    line: Line
    case: CaseId
    to_b: Partner
    from_a: Partner

    def hand(self, **more: Any) -> HandOver:
        words = {"partner": self.to_b.id, "basis": "consent", "why": "it is their product", **more}
        return self.a.counter.hand_over(ADA, self.case, **words)

    def documents(self, made: HandOver) -> tuple[bytes, ...]:
        """What travels with it, while host A still holds it."""
        letter = handover.read_letter(letters.payload(made.letter))
        with self.a.host.machines.store.read() as tx:
            return partners.documents(tx, made, [one.digest for one in letter.enclosed])

    def send(self, made: HandOver, number: int = 0) -> tuple[str, HandOver]:
        """One try of the flow; gives when to try again, and the hand-over as it stands."""
        return tried(self.a, made, number)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Two hosts for the module; each test gets a case of its own and partners of its own."""
    folder = tmp_path_factory.mktemp("two")
    line = Line()
    with host(folder / "a", run=False) as first, host(folder / "b", run=False) as second:
        a, b = side(first, folder / "a", "Host A", line), side(second, folder / "b", "Host B", line)
        with door(b) as opened:
            line.door = opened
            to_b, from_a = a.partner(b, "Host B", "https://b.example"), b.partner(a, "Host A", "https://a.example")

            def fresh(finding: Finding = AMBER) -> Pair:
                number = len(a.reports())
                mark, recipe = f" number {number}", RECIPE.replace(b'"x"', f'"x{number}"'.encode())
                place = Symbol(file=f"yaml/part{number}.py", function=f"make_{number}", line=number + 1)
                held = replace(finding, summary=finding.summary + mark, aliases=(), symbols=(place,))
                (answer,) = first.desk.submit(LAB, [document(held, recipe=recipe)])
                screened = flow.screen(first.machines, [answer.report])
                ((case_id, *_),) = screened
                outcome = flow.run(first.machines, CaseId(case_id), answer.report)
                flow.judge(first.machines, CaseId(case_id), answer.report, outcome)
                with first.machines.store.read() as tx:
                    case = reports.case_of(tx, answer.report)
                assert case is not None
                line.fails.clear()
                line.brought.clear()
                line.loses = 0
                return Pair(a=a, b=b, line=line, case=case, to_b=to_b, from_a=from_a)

            yield fresh


def test_a_case_is_handed_over_with_its_files_its_statement_and_its_embargo(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    with pair.a.host.machines.store.write() as tx:
        held = cases.get(tx, pair.case, flow.FLOW)
        until = pair.a.host.clock.now() + timedelta(days=40)
        cases.save(tx, replace(held, embargo_until=until, embargo_basis="agreed with the vendor"))
    before = len(pair.b.reports())
    made = pair.hand()
    again, done = pair.send(made)
    assert (again, done.state, len(done.receipts)) == ("", Delivery.TAKEN, 1)
    (newest, *_) = pair.b.counter.received(replace(ADA, organisation=PartyId("other")))
    assert (newest.letter.case, newest.letter.embargo_until) == (pair.case, until)
    assert newest.letter.by == "Ada, Host A"
    names = [one.digest for one in newest.letter.enclosed if one.kind == STATEMENT]
    with pair.b.host.machines.store.read() as tx:
        statements = partners.statements(tx, newest.taken, names)
    assert len(statements) == 1
    assert json.loads(statements[0])["verdict"] == "Reproduced"
    with pair.a.host.machines.store.read() as tx:
        (sent,) = (reports.get(tx, one, flow.FLOW) for one in cases.get(tx, pair.case, flow.FLOW).reports)
    with pair.b.host.machines.store.read() as tx:
        here = reports.by_receipt(tx, done.receipts[0])
    assert len(pair.b.reports()) == before + 1
    assert here.finding.summary == sent.finding.summary
    assert [one.digest for one in here.finding.attachments] == [one.digest for one in sent.finding.attachments]
    assert here.finding.handling.tlp is Tlp.RED
    assert here.finding.handling.no_equities_use
    assert here.finding.wishes.publish_after == until
    assert here.organisation == pair.from_a.organisation
    _, data = pair.b.host.desk.attachment(
        replace(LAB, organisation=pair.from_a.organisation), here.id, here.finding.attachments[0].digest
    )
    assert data
    assert pair.b.host.desk.status(done.receipts[0]).status == "queued"


def test_statements_that_came_are_given_out_as_they_came_to_those_who_see_the_reports(
    hosts: Callable[..., Pair],
) -> None:
    pair = hosts()
    made = pair.hand()
    with pair.a.host.machines.store.read() as tx:
        looks = shares.looks(tx, LAB.organisation)
        own = cases.get(tx, pair.case, flow.FLOW).reports
    assert [(one.subject, one.person) for one in looks if one.what == "handed it to Host B"][:1] == [
        (own[0], ADA.person)
    ]
    sent = pair.documents(made)[-1]
    pair.send(made)
    counter, machines = pair.b.counter, pair.b.host.machines
    (newest, *_) = counter.received(ADA)
    (name,) = newest.statements
    mark = newest.taken.mark
    assert counter.statement(ADA, mark, name) == sent
    for viewer in (LAB, ROOT):
        with pytest.raises(Forbidden):
            counter.statement(viewer, mark, name)
    for other_mark, other in ((mark, digest(b"x")), (digest(b"x"), name), ("no mark", name)):
        with pytest.raises(Missing):
            counter.statement(ADA, other_mark, other)
    with pytest.raises(Missing):
        counter.statement(replace(ADA, tlp=Tlp.AMBER), mark, name)
    with machines.store.read() as tx:
        report = reports.by_receipt(tx, newest.taken.receipts[0]).id
    flow.screen(machines, [report])
    with machines.store.write() as tx:
        case = reports.case_of(tx, report)
        assert case is not None
        cases.withhold(tx, case, withheld=True)
    with pytest.raises(Missing):
        counter.statement(ADA, mark, name)
    assert mark not in {one.taken.mark for one in counter.received(ADA)}, "a withheld case hides its letter"
    with machines.store.write() as tx:
        cases.read_in(tx, case, ADA.person, at=machines.now())
    assert counter.statement(ADA, mark, name) == sent


def test_a_lost_answer_brings_nothing_twice_and_the_same_receipt(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    pair.line.loses = 2
    before = len(pair.b.reports())
    made = pair.hand()
    for number in range(2):
        again, held = pair.send(made, number)
        assert again
        assert held.state is Delivery.WAITING
    assert len(pair.documents(made)) == 2
    again, done = pair.send(made, 2)
    assert (again, done.state, done.tries) == ("", Delivery.TAKEN, 3)
    with pytest.raises(Missing):
        pair.documents(done)
    assert len(pair.b.reports()) == before + 1
    assert len(set(pair.line.brought)) == 1
    assert pair.send(made, 3) == ("", done), "a settled hand-over is not sent again"


def test_a_partner_that_never_answers_is_given_up_in_sight_and_can_be_tried_again(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    pair.line.fails = [Unavailable("the partner's address cannot be reached")] * len(PAUSES) + [
        Answer(status=503, body=b'{"detail": "busy"}')
    ]
    start = pair.a.host.clock.now()
    for number, pause in enumerate(PAUSES):
        again, held = pair.send(made, number)
        assert abs(datetime.fromisoformat(again) - start - pause) < timedelta(minutes=1)
        assert "cannot be reached" in held.problem
    again, held = pair.send(made, len(PAUSES))
    assert (again, held.state, held.problem) == ("", Delivery.GIVEN_UP, "busy")
    more = pair.a.counter.again(ADA, made.id)
    assert (more.state, more.letter) == (Delivery.WAITING, made.letter)
    assert pair.send(more)[1].state is Delivery.TAKEN
    with pytest.raises(Conflict):
        pair.a.counter.again(ADA, made.id)


def test_a_refusal_is_shown_with_its_reason_and_ends_the_tries(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    pair.line.fails = [Answer(status=403, body=b'{"detail": "no\\u0007 agreement\\n here"}')]
    again, held = pair.send(made)
    assert (again, held.state, held.problem) == ("", Delivery.REFUSED, "no agreement here")


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"receipt": "AAAA"}', b'{"receipt": 7}'])
def test_an_answer_that_is_no_receipt_settles_nothing(hosts: Callable[..., Pair], body: bytes) -> None:
    pair = hosts()
    made = pair.hand()
    pair.line.fails = [Answer(status=200, body=body)]
    again, held = pair.send(made)
    assert again
    assert held.state is Delivery.WAITING
    assert "no receipt of this partner" in held.problem


def test_a_receipt_for_another_letter_settles_nothing(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    at = pair.b.host.clock.now()
    receipt = handover.receipt_bytes(letter=digest(b"x"), receipts=["R"], key=pair.b.key.public.id, at=at)
    signed = letters.sign_receipt(receipt, pair.b.key)
    body = json.dumps({"receipt": b64encode(signed).decode()}).encode()
    pair.line.fails = [Answer(status=200, body=body)]
    assert pair.send(made)[1].state is Delivery.WAITING


def post(pair: Pair, body: bytes) -> httpx.Response:
    """Bring something to B's door."""
    assert pair.line.door is not None
    with httpx.Client(transport=pair.line.door(), base_url="https://b.example") as client:
        return client.post("/api/v1/hand-overs", content=body, headers={"Content-Type": "application/json"})


def test_what_no_partner_signed_is_not_taken(hosts: Callable[..., Pair], tmp_path: Path) -> None:
    pair = hosts()
    made = pair.hand()
    before = len(pair.b.reports())
    stranger = keys.load_or_make(tmp_path / "stranger.pem")
    payload = letters.payload(made.letter)
    documents = pair.documents(made)
    resigned = letters.sign_letter(payload, stranger)
    assert post(pair, flow_handover.body(resigned, documents)).status_code == 403
    forged = json.loads(made.letter)
    forged["signatures"][0]["sig"] = b64encode(b"0" * 64).decode()
    with pytest.raises(Tampered):
        pair.b.counter.take(json.dumps(forged).encode(), documents)
    assert post(pair, flow_handover.body(b"no envelope", documents)).status_code in (409, 422)
    assert post(pair, b"{").status_code == 400
    assert len(pair.b.reports()) == before


def test_a_letter_for_another_host_is_not_taken(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    letter = replace(handover.read_letter(letters.payload(made.letter)), to_key=pair.a.key.public.id)
    signed = letters.sign_letter(handover.letter_bytes(letter), pair.a.key)
    with pytest.raises(Forbidden, match="another host"):
        pair.b.counter.take(signed, pair.documents(made))


@pytest.mark.parametrize("change", ["byte", "order", "missing", "more"])
def test_documents_that_the_letter_does_not_name_are_not_taken(hosts: Callable[..., Pair], change: str) -> None:
    pair = hosts()
    made = pair.hand()
    documents = list(pair.documents(made))
    match change:
        case "byte":
            documents[0] = documents[0].replace(b"full_load", b"fool_load")
        case "order":
            documents.reverse()
        case "missing":
            documents.pop()
        case _:
            documents.append(b"{}")
    before = len(pair.b.reports())
    with pytest.raises(Invalid):
        pair.b.counter.take(made.letter, documents)
    assert len(pair.b.reports()) == before


def test_a_partner_cannot_make_its_report_looser_than_its_letter(hosts: Callable[..., Pair]) -> None:
    pair = hosts(replace(FINDING, handling=Handling(tlp=Tlp.AMBER, no_equities_use=False)))
    held = handover.read_letter(letters.payload(pair.hand().letter))
    letter = replace(held, tlp=Tlp.RED, no_equities_use=True)
    finding = handover.kept_to(letter, replace(FINDING, handling=Handling(tlp=Tlp.CLEAR, no_equities_use=False)))
    assert (finding.handling.tlp, finding.handling.no_equities_use) == (Tlp.RED, True)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tlp=st.sampled_from(list(Tlp)),
    own=st.sampled_from(list(Tlp)),
    equities=st.booleans(),
    own_equities=st.booleans(),
    days=st.one_of(st.none(), st.integers(-50, 400)),
    own_days=st.one_of(st.none(), st.integers(-50, 400)),
)
def test_nothing_that_travels_is_looser_at_the_end(hosts, tlp, own, equities, own_equities, days, own_days) -> None:  # type: ignore[no-untyped-def]
    if not HELD:
        pair = hosts()
        with pair.a.host.machines.store.read() as tx:
            found = cases.get(tx, pair.case, flow.FLOW)
            HELD.extend((found, reports.get(tx, one, flow.FLOW)) for one in found.reports)
    held, report = HELD[0]
    start = held.opened_at
    wish = None if own_days is None else start + timedelta(days=own_days)
    until = None if days is None else start + timedelta(days=days)
    finding = replace(
        report.finding,
        handling=Handling(tlp=own, no_equities_use=own_equities),
        wishes=replace(report.finding.wishes, publish_after=wish),
    )
    case = replace(held, handling=Handling(tlp=tlp, no_equities_use=equities), embargo_until=until)
    data = handover.document(replace(report, finding=finding), case, {})
    (read,) = ReportDocument().read(data).findings
    assert read.handling.tlp >= max(tlp, own)
    assert read.handling.no_equities_use == (equities or own_equities)
    assert read.wishes.publish_after == max((d for d in (wish, until) if d is not None), default=None)


HELD: list[tuple[Case, Report]] = []


def test_red_goes_out_only_with_the_consent_of_whom_it_comes_from(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    with pytest.raises(Conflict, match="consent"):
        pair.hand(basis="contract")
    with pytest.raises(Invalid):
        pair.hand(basis="whim")
    with pytest.raises(Invalid):
        pair.hand(why=" ")
    with pytest.raises(Missing):
        pair.hand(partner="P-NONE")
    pair.a.host.desk.close(ADA, pair.case, Closing.OUT_OF_SCOPE)
    with pytest.raises(Conflict, match="closed"):
        pair.hand()


def test_personal_information_goes_along_for_a_reason_only(hosts: Callable[..., Pair]) -> None:
    pair = hosts(replace(AMBER, description=f"{SECRET}. Write to jane.roe@project.example for the build."))
    with pytest.raises(Invalid) as refused:
        pair.hand()
    assert {one.code for one in refused.value.problems} == {"personal_information"}
    assert "jane.roe" not in str(refused.value) + repr(refused.value.problems)
    assert pair.hand(keep={"jane.roe@project.example": "the maintainer's public address"})


def test_a_case_goes_to_one_partner_once_at_a_time_and_by_those_who_see_it(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand()
    with pytest.raises(Conflict, match="on its way"):
        pair.hand()
    for viewer in (LAB, ANONYMOUS, ROOT):
        with pytest.raises((Forbidden, Missing, Exception)) as refused:
            pair.a.counter.hand_over(viewer, pair.case, partner=pair.to_b.id, basis="consent", why="x")
        assert type(refused.value).__name__ in {"Forbidden", "Unauthenticated"}
    limited = replace(ADA, tlp=Tlp.GREEN)
    with pytest.raises(Missing):
        pair.a.counter.hand_over(limited, pair.case, partner=pair.to_b.id, basis="consent", why="x")
    assert made.id not in {one.id for one in pair.a.counter.sent(limited)}
    assert made.id in {one.id for one in pair.a.counter.sent(ADA, case=pair.case)}


def test_the_journal_says_who_handed_what_to_whom_and_no_word_of_it(hosts: Callable[..., Pair]) -> None:
    pair = hosts()
    made = pair.hand(why="zebra reasons")
    pair.send(made)
    with pair.a.host.machines.store.read() as tx:
        told = repr(journal.about(tx, pair.case))
    with pair.b.host.machines.store.read() as tx:
        there = repr(journal.about(tx, made.id))
    assert "case.handed-over" in told
    assert pair.to_b.id in told
    assert "case.taken-over" in there
    assert not any(word in told + there for word in (SECRET, "zebra", "full_load"))


@pytest.mark.parametrize(
    ("name", "address", "reason"),
    [
        ("", "https://c.example", "bad_text"),
        ("C", "http://c.example", "bad_address"),
        ("C", "https://c.example/path", "bad_address"),
        ("C", "https://user:pass@c.example", "bad_address"),
        ("C", "ftp://c.example", "bad_address"),
    ],
)
def test_a_partner_is_entered_with_a_name_an_address_and_a_key(
    hosts: Callable[..., Pair], tmp_path: Path, name: str, address: str, reason: str
) -> None:
    pair = hosts()
    other = keys.load_or_make(tmp_path / "c.pem").public.export()
    with pytest.raises(Invalid) as refused:
        pair.a.counter.add(ROOT, name=name, address=address, key=other)
    assert [one.code for one in refused.value.problems] == [reason]


def test_a_partner_takes_nobodys_name_and_has_a_key_of_its_own(hosts: Callable[..., Pair], tmp_path: Path) -> None:
    pair = hosts()
    other = keys.load_or_make(tmp_path / "c.pem").public.export()
    with pytest.raises(Conflict, match="organisation of this name"):
        pair.a.counter.add(ROOT, name="LAB", address="https://c.example", key=other)
    with pytest.raises(Invalid, match="own key"):
        pair.a.counter.add(ROOT, name="C", address="https://c.example", key=pair.a.key.public.export())
    with pytest.raises(Conflict, match="this key"):
        pair.a.counter.add(ROOT, name="C", address="https://c.example", key=pair.b.key.public.export())
    with pytest.raises(Invalid):
        pair.a.counter.add(ROOT, name="C", address="https://c.example", key=b"{}")
    made = pair.a.counter.add(ROOT, name="C", address="https://c.example", key=other)
    pair.a.counter.end(ROOT, made.id)
    with pytest.raises(Missing):
        pair.hand(partner=made.id)
    with pytest.raises(Forbidden):
        pair.a.counter.add(ADA, name="D", address="https://d.example", key=other)


def test_an_ended_agreement_takes_and_sends_nothing(hosts: Callable[..., Pair], tmp_path: Path) -> None:
    pair = hosts()
    key = keys.load_or_make(tmp_path / "d.pem")
    partner = pair.b.counter.add(ROOT, name="D", address="https://d.example", key=key.public.export())
    made = pair.hand()
    letter = replace(handover.read_letter(letters.payload(made.letter)), from_key=key.public.id)
    signed = letters.sign_letter(handover.letter_bytes(letter), key)
    pair.b.counter.end(ROOT, partner.id)
    with pytest.raises(Forbidden, match="no partner"):
        pair.b.counter.take(signed, pair.documents(made))


def inside(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), inside, max_leaves=10)


@given(ANYTHING)
def test_any_signed_json_is_a_letter_or_a_list_of_problems(value: object) -> None:
    with pytest.raises(Invalid):
        handover.read_letter(json.dumps(value).encode())
