"""Two hosts tell each other of scan claims: signed both ways, within labels, and never by whom without consent."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity.clearing import claim_letters, flow_claims
from comity.clearing.claim_letters import Letter
from comity.clearing.desk_blind import Blind, area_of, overlap_of
from comity.clearing.desk_claims import Claims, Ending, Wish
from comity.errors import Conflict, Forbidden, Invalid, Tampered, Unavailable
from comity.model.claim import HeardClaim
from comity.model.federation import PAUSES, Partner, Way
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Organisation
from comity.partners.carrier import CLAIMS, PATH, Answer, Carrier
from comity.sealing import asker, letters
from comity.store import parties, partners
from tests.clearing.hosts import LAB, RIVAL, host
from tests.clearing.test_blind import NoEngine
from tests.clearing.test_blind_claims import ALLOWED, REPOSITORY, wish
from tests.clearing.test_claims import Signer
from tests.coordinate.test_federation import ROOT, Line, Side, door, side

THEIRS = replace(LAB, person=PartyId("them-1"), organisation=PartyId("them"))


@dataclass(slots=True)
class Wire(Line):
    """The network between, which tells where a body was brought to."""

    paths: list[str] | None = None

    def bring(self, address: str, body: bytes, *, path: str = PATH) -> Answer:
        self.brought.append(body)
        if self.fails:
            failure = self.fails.pop(0)
            if isinstance(failure, Unavailable):
                raise failure
            return failure
        assert self.door is not None
        answer = Carrier(transport=self.door()).bring(address, body, path=path)
        if self.loses:
            self.loses -= 1
            raise Unavailable("the partner's address cannot be reached")
        return answer


@dataclass(slots=True)
class Pair:
    """Host A tells host B of claims."""

    a: Side
    b: Side
    line: Wire
    to_b: Partner
    from_a: Partner

    def claims(self, there: Side) -> Claims:
        machines = there.host.machines
        return Claims(
            store=machines.store,
            settings=machines.settings,
            signer=Signer(),
            now=there.host.clock.now,
            own_report=there.host.desk.own_report,
        )

    def take(self, *paths: str, **more: Any) -> Any:
        """Somebody at host A takes a claim that may be passed on."""
        taken, _ = self.claims(self.a).take(LAB, wish(*paths), ALLOWED, **({"shared": Tlp.AMBER} | more))
        return taken

    def tell(self, number: int = 0, *, since: str = "") -> str:
        """One try of the flow at host A, started now or then."""
        began = since or self.a.host.clock.now().isoformat()
        return flow_claims.told(self.a.counter.machines, self.to_b.id, began, number)

    def out(self) -> Any:
        with self.a.host.machines.store.read() as tx:
            return partners.claim_letter(tx, self.to_b.id, Way.OUT)

    def later(self, **span: float) -> None:
        for one in (self.a, self.b):
            one.host.clock.jump_to(one.host.clock.now() + timedelta(**span))

    def signed(self, *claims: HeardClaim, **changed: Any) -> bytes:
        """A letter as host A would sign it."""
        given = {"from_key": self.a.key.public.id, "to_key": self.b.key.public.id, "sent_at": self.a.host.clock.now()}
        letter = Letter(claims=claims, **(given | changed))
        return letters.sign_claims(claim_letters.letter_bytes(letter), self.a.key)


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    line = Wire()
    with host(folder / "a", run=False) as first, host(folder / "b", run=False) as second:
        a = side(first, folder / "a", "CERT of Example", line)
        b = side(second, folder / "b", "Foundation of Example", line)
        to_b = a.partner(b, "The Foundation", "https://b.example")
        from_a = b.partner(a, "The CERT", "https://a.example")
        a.counter.exchange_claims(ROOT, to_b.id, on=True)
        b.counter.exchange_claims(ROOT, from_a.id, on=True)
        with door(b) as opened:
            line.door = opened
            yield Pair(a, b, line, to_b, from_a)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path) as made:
        yield made


def test_an_overlap_with_a_claim_of_the_other_host_names_the_host_and_nobody_else(two):
    taken = two.take("src/net")
    assert two.tell() == ""
    found = two.claims(two.b).ask(RIVAL, wish("src/net/tcp.c", "doc"), may_be_named=True)
    assert (found.held_percent, found.until, found.hosts, found.names) == (50, taken.ends_at, ("The CERT",), ())
    (sent,) = two.line.brought
    body = base64.b64decode(json.loads(sent)["letter"]).decode()
    payload = letters.payload(body.encode()).decode()
    for hidden in ("lab", "Example Foundation", "security@example.org"):
        assert hidden not in payload
    assert two.out().receipt
    assert two.out().number == 1


def test_a_receipt_is_signed_by_the_other_host_and_the_same_letter_gets_the_same_one(two):
    two.take("src")
    two.tell()
    receipt = letters.open_claims_receipt(two.out().receipt, two.b.key.public)
    assert json.loads(receipt)["claims"] == 1
    assert two.b.counter.take_claims(two.out().letter) == two.out().receipt
    two.line.fails = [
        Answer(
            status=200,
            body=json.dumps(
                {"receipt": base64.b64encode(letters.sign_claims_receipt(receipt, two.a.key)).decode()}
            ).encode(),
        )
    ]
    two.take("doc")
    assert two.tell() != "", "a receipt that another key signed is none"
    assert not two.out().receipt


def test_only_what_its_holder_lets_pass_is_told_and_a_name_needs_both(two):
    with two.a.host.machines.store.write() as tx:
        parties.add_organisation(tx, Organisation(id=PartyId("them"), name="Their Lab"))
    claims = two.claims(two.a)
    claims.take(LAB, wish("private"), ALLOWED)
    claims.take(THEIRS, wish("src"), ALLOWED, shared=Tlp.GREEN, may_be_named=True)
    two.tell()
    there = two.claims(two.b)
    assert there.ask(RIVAL, wish("private")).hosts == ()
    assert there.ask(RIVAL, wish("src")).names == ()
    assert there.ask(RIVAL, wish("src"), may_be_named=True).names == ("Their Lab",)


def test_a_claim_is_told_only_to_whoever_may_meet_its_label(two):
    two.take("src", shared=Tlp.AMBER_STRICT)
    two.tell()
    there = two.claims(two.b)
    assert there.ask(replace(RIVAL, tlp=Tlp.GREEN), wish("src")).held_percent == 0
    assert there.ask(replace(RIVAL, tlp=Tlp.AMBER_STRICT), wish("src")).held_percent == 100


def test_the_newest_letter_is_the_whole_of_what_is_told(two):
    taken = two.take("src")
    two.tell()
    there = two.claims(two.b)
    two.later(hours=1)
    two.claims(two.a).end(LAB, taken.id, Ending.NOTHING_FOUND, coverage="every entry point")
    two.tell()
    found = there.ask(RIVAL, wish("src"))
    assert (found.held_percent, found.hosts, [one[1] for one in found.looked_before]) == (0, (), [Ending.NOTHING_FOUND])
    other = two.take("src")
    two.later(hours=1)
    two.tell()
    assert there.ask(RIVAL, wish("src")).hosts == ("The CERT",)
    two.later(days=8)
    assert there.ask(RIVAL, wish("src")).held_percent == 0, "a claim ends by its own time, told or not"
    assert not other.is_open(two.a.host.clock.now())


def test_an_older_letter_takes_nothing_back(two):
    two.take("src")
    old = two.signed()
    two.later(minutes=1)
    two.tell()
    with pytest.raises(Conflict, match="newer letter"):
        two.b.counter.take_claims(old)
    assert two.claims(two.b).ask(RIVAL, wish("src")).held_percent == 100


def test_without_the_agreement_of_both_nothing_passes_and_stopping_forgets(two):
    two.take("src")
    two.tell()
    two.b.counter.exchange_claims(ROOT, two.from_a.id, on=False)
    assert two.claims(two.b).ask(RIVAL, wish("src")).hosts == ()
    two.later(minutes=1)
    assert two.tell() == ""
    assert "agreement comes first" in two.out().problem
    two.b.counter.exchange_claims(ROOT, two.from_a.id, on=True)
    assert two.claims(two.b).ask(RIVAL, wish("src")).hosts == (), "what was heard is gone"
    two.a.counter.exchange_claims(ROOT, two.to_b.id, on=False)
    two.line.brought.clear()
    assert two.tell() == ""
    assert two.line.brought == []


def test_what_another_signed_or_sent_elsewhere_is_refused(two):
    good = two.signed()
    stranger = letters.sign_claims(letters.payload(good), replace_key(two))
    for letter, error in (
        (stranger, Forbidden),
        (two.signed(to_key="another"), Forbidden),
        (two.signed(from_key="another"), Forbidden),
        (good.replace(b'"payload"', b'"payl0ad"'), (Tampered, Invalid)),
        (letters.sign_letter(letters.payload(good), two.a.key), Tampered),
        (two.signed(sent_at=two.b.host.clock.now() + timedelta(hours=1)), Invalid),
    ):
        with pytest.raises(error):
            two.b.counter.take_claims(letter)


def replace_key(two: Pair) -> Any:
    """A key that no partner has."""
    from comity.sealing.keys import load_or_make

    return load_or_make(two.a.host.machines.settings.keys / "stranger.json")


def test_a_letter_that_breaks_its_contract_is_told_every_problem(two):
    area = claim_letters.claims.area(wish("src"))
    one = HeardClaim(id="K-1", area=area, at=two.a.host.clock.now(), ending=None, tlp=Tlp.GREEN)
    bad = replace(one, area=replace(area, paths=("../up",), cwes=("CWE-0",)))
    with pytest.raises(Invalid) as caught:
        two.b.counter.take_claims(two.signed(one, bad))
    assert [problem.pointer for problem in caught.value.problems] == ["/claims/1/paths/0", "/claims/1/cwes/0"]


def test_a_partner_that_does_not_answer_is_told_later_and_what_it_hears_is_of_then(two):
    two.take("src")
    began = two.a.host.clock.now().isoformat()
    two.line.fails = [Unavailable("the partner's address cannot be reached"), Answer(status=503, body=b"{}")]
    assert two.tell(0, since=began)
    assert two.tell(1, since=began)
    assert two.out().problem
    two.later(minutes=5)
    two.take("doc")
    two.line.loses = 1
    assert two.tell(2, since=began), "an answer that got lost"
    two.later(minutes=5)
    assert two.tell(3, since=began) == ""
    assert two.out().number == 2
    assert two.tell(4, since=began) == ""
    assert len(two.line.brought) == 4, "what a later letter told is not told again"
    two.line.fails = [Answer(status=503, body=b"{}")]
    late = (two.a.host.clock.now() + timedelta(seconds=1)).isoformat()
    assert flow_claims.told(two.a.counter.machines, two.to_b.id, late, len(PAUSES)) == "", "given up, in sight"
    assert two.out().problem


def test_who_asks_blindly_hears_of_the_other_host_too(two):
    two.take("src")
    two.tell()
    for name in ("one", "two", "three"):
        who = replace(LAB, person=PartyId(name), organisation=PartyId(name))
        two.claims(two.b).take(who, Wish(repository=f"https://git.example.org/open/{name}"), ALLOWED)
    blind = Blind(machines=two.b.host.machines, control=NoEngine(), clearing=two.b.host.desk)  # type: ignore[arg-type]
    from comity.clearing.desk_blind import Asked

    area, document, prints = area_of(Wish(repository=REPOSITORY, paths=["src"]))
    sheet = asker.prepare(document, prints)
    body: Any = asker.sent(sheet)
    parts = [
        Asked(level=p["level"], commitment=p["commitment"], element=base64.b64decode(p["element"]))
        for p in body["parts"]
    ]
    answer = blind.ask(RIVAL, document=body["document"], parts=parts)
    tags = asker.areas(sheet, evaluated=answer.evaluated, proof=answer.proof, public=answer.public)
    shelf = blind.claims(RIVAL, answer.question.id)
    found = overlap_of(area, tags, shelf, two.b.host.clock.now())
    assert (found.held_percent, found.hosts) == (100, ("The CERT",))


def test_the_door_for_letters_is_open_to_partners_and_answers_a_stranger_with_a_refusal(two):
    assert two.line.door is not None
    body = json.dumps({"letter": base64.b64encode(two.signed(to_key="another")).decode()}).encode()
    answer = Carrier(transport=two.line.door()).bring("https://b.example", body, path=CLAIMS)
    assert answer.status == 403
    assert httpx.codes.is_client_error(answer.status)
