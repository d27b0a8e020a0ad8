"""A host with every seat's person in a temporary folder: real store, real engine, a scripted model as the endpoint."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from comity.assess import flow
from comity.assess.desk import Assess
from comity.assess.flow_cards import HostCards, ReadCard
from comity.durable.clock import JumpingClock
from comity.durable.engine import Control, connect, launch
from comity.errors import Invalid
from comity.model.engagement import Outcome, State
from comity.model.handling import Tlp
from comity.model.ids import EngagementId, PartyId
from comity.model.party import Organisation, Person, Role, Viewer
from comity.partners.endpoint import ModelEndpoint
from comity.sandbox import tier
from comity.sandbox.containment import Containment
from comity.sealing import keys
from comity.sealing.signer import HostSigner
from comity.settings import Settings
from comity.store import engagements, engine, parties
from comity.store.crypt import MasterKey

START = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
MODEL = "example-model-1"
ORGANISATIONS = ("lab", "cert", "utility", "rival")
PEOPLE: Mapping[str, tuple[str, Role]] = {
    "dora": ("lab", Role.DEVELOPER),
    "eli": ("lab", Role.DEVELOPER),
    "cora": ("cert", Role.COORDINATOR),
    "otto": ("cert", Role.ASSESSOR),
    "kim": ("cert", Role.ASSESSOR),
    "dana": ("cert", Role.ASSESSOR),
    "aude": ("cert", Role.ASSESSOR),
    "paula": ("utility", Role.ASSESSOR),
    "rory": ("rival", Role.DEVELOPER),
}
"""Login -> organisation and role. First letters tell the seat: developer, engineer, coordinator, operator, keeper..."""
SEATS = {
    "otto": "operator",
    "kim": "custodian",
    "dana": "determiner",
    "aude": "auditor",
}
TERMS = {
    "model": MODEL,
    "scope": "Advanced cyber capability on generated tasks; nothing else.",
    "people": "otto, eli, paula",
    "use_limits": "For this assessment only.",
    "nondisclosure": "Nothing leaves the engagement but what both sides release.",
    "intellectual_property": "Stays where it is.",
    "security": "Host in containment C1, two persons for evidence.",
    "insider_risk": "Seats apart, access ledger live to the developer.",
    "retention": "Erased seven days after the end.",
    "window_days": "10",
    "total_tokens": "100000",
    "run_tokens": "50000",
    "calls_per_minute": "30",
    "answer_tokens": "1000",
}
BATTERY = json.dumps([{"name": f"item-{n}", "body": {"seed": n, "oracle": f"secret {n}"}} for n in range(5)])


@cache
def nothing() -> Containment:
    """No containment: nothing is run in these tests. Found when asked for, since looking sweeps after dead workers."""
    return tier.find("none", accept_without_cgroups=False, uid=65534)


def viewer(login: str) -> Viewer:
    """Somebody of this host, signed in."""
    organisation, role = PEOPLE[login]
    return Viewer(person=PartyId(login), organisation=PartyId(organisation), roles=frozenset({role}), tlp=Tlp.GREEN)


@dataclass
class ScriptedModel(httpx.BaseTransport):
    """Answers like an OpenAI-compatible endpoint, from a script. `name` is the model it says it is."""

    name: str = MODEL
    fingerprint: str = "fp-1"
    salt: str = ""
    usage: bool = True
    reported: int = 20
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.read())
        self.asked.append(body)
        self.keys.append(request.headers["authorization"])
        self.before()
        words = str(body["messages"][-1]["content"])
        answer = {
            "id": "x",
            "object": "chat.completion",
            "model": self.name,
            "system_fingerprint": self.fingerprint,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": f"{self.salt}{words[::-1]}"}}],
        }
        if self.usage:
            answer["usage"] = {"prompt_tokens": self.reported, "completion_tokens": 10}
        return httpx.Response(self.status, json=answer)


@dataclass
class ScriptedCards:
    """Stands in for the machine that makes cards: a card is plain JSON. `differences` is what recomputing finds."""

    differences: tuple[str, ...] = ()
    key_id: str = "test"

    def sign(self, card: Mapping[str, Any]) -> bytes:
        return json.dumps(dict(card)).encode()

    def read(self, data: bytes) -> ReadCard:
        try:
            held = json.loads(data)
        except ValueError as error:
            raise Invalid("no card") from error
        return ReadCard(sections=tuple(held["sections"]), recommended=Outcome(held["recommended"]))

    def recompute(self, data: bytes) -> tuple[str, ...]:
        return self.differences

    def section(self, data: bytes, name: str) -> object:
        return json.loads(data)["sections"][name]

    def page(self, data: bytes, *, mark: str = "") -> str:
        return f"<p>{len(data)}</p><p>{mark}</p>"


class SilentControl(Control):
    """Starts and signals nothing: for tests that need no clock."""

    def __init__(self) -> None:
        self.client = None

    def start(self, flow: Any, key: str, *args: Any) -> str:
        return key

    def signal(self, id_: str, name: str, value: Any = None, *, key: str) -> None:
        return


def card(outcome: str = "indeterminate") -> str:
    """A card of the scripted kind."""
    return json.dumps({"sections": {"estimate": {"p50": 12.5}, "limits": "few items"}, "recommended": outcome})


@dataclass
class Host:
    """What a test works with."""

    desk: Assess
    machines: flow.Machines
    clock: JumpingClock
    model: ScriptedModel
    cards: ScriptedCards

    def do(self, login: str, id_: EngagementId, act: str, /, **values: str) -> Any:
        """One act by somebody; fields with a dash are written with an underscore."""
        return self.desk.do(viewer(login), id_, act, values)

    def state(self, id_: EngagementId) -> State:
        """Where it stands."""
        with self.machines.store.read() as tx:
            return engagements.outline(tx, id_, flow.FLOW).state

    def view(self, login: str, id_: EngagementId) -> Any:
        """How somebody sees it."""
        return self.desk.view(viewer(login), id_)

    def tick(self, id_: EngagementId) -> str:
        """What the durable flow does at this moment, without the engine."""
        word = flow.look(self.machines, id_)
        if word == flow.ERASE:
            flow.destroy(self.machines, id_)
            flow.erase(self.machines, id_)
        elif word not in {flow.OVER, flow.WAIT}:
            flow.tick(self.machines, id_)
        return word

    def settle(self, id_: EngagementId) -> State:
        """Tick until nothing is due."""
        for _ in range(6):
            before = self.state(id_)
            self.tick(id_)
            if self.state(id_) is before and flow.look(self.machines, id_) != flow.ERASE:
                break
        return self.state(id_)

    # ---- the way of an engagement, up to some state

    def enquiry(self) -> EngagementId:
        id_, _ = self.desk.invite(
            viewer("dora"), subject="Example One", question="Is it above what we think?", declaration="none"
        )
        return id_

    def at(self, state: State) -> EngagementId:
        """A fresh engagement that stands in this state."""
        id_ = self.enquiry()
        road = (
            (State.ENQUIRY, lambda: None),
            (State.TERMS, lambda: self.to_terms(id_)),
            (State.AGREED, lambda: self.to_agreed(id_)),
            (State.FROZEN, lambda: self.to_frozen(id_)),
            (State.OPEN, lambda: self.do("dora", id_, "open")),
            (State.CLOSED, lambda: self.do("dora", id_, "close", because="early finish")),
            (State.WEIGHED, lambda: self.to_weighed(id_)),
            (State.COMMENT, lambda: self.do("dana", id_, "record", outcome="indeterminate", reasons="Too few items.")),
            (State.ENDED, lambda: self.do("dora", id_, "comment", comment="We read it.")),
        )
        for there, go in road:
            go()
            if there is state:
                return id_
        if state is State.WITHDRAWN:
            self.do("dora", id_, "withdraw")
            return id_
        raise AssertionError(state)

    def to_terms(self, id_: EngagementId) -> None:
        self.do("dora", id_, "negotiate")
        self.do("cora", id_, "take", declaration="none")
        for login, seat in SEATS.items():
            self.do("cora", id_, "seat", login=login, seat=seat)
            self.do(login, id_, "declare", declaration="none")
        self.do("dora", id_, "seat", login="eli", seat="developer engineer")
        self.do("eli", id_, "declare", declaration="none")

    def to_agreed(self, id_: EngagementId, **terms: str) -> None:
        self.do("dora", id_, "draft", **{**TERMS, **terms})
        self.sign(id_)

    def sign(self, id_: EngagementId) -> None:
        digest = self.view("dora", id_).parts["terms"][-1]["digest"]
        self.do("dora", id_, "sign", digest=digest)
        self.do("cora", id_, "sign", digest=digest)

    def to_frozen(self, id_: EngagementId) -> None:
        self.do("eli", id_, "endpoint", url="https://model.example/v1", key="developer-secret")
        self.do(
            "kim",
            id_,
            "seal",
            battery=BATTERY,
            plan="Stop at .975.",
            threshold="60",
            label="example, made up for this demo",
        )
        self.do("otto", id_, "attest", level="C1", statement="Namespaces, no network; looked at by the operator.")
        root = self.view("dora", id_).parts["digests"][-1]["battery_root"]
        self.do("dora", id_, "countersign", root=root)

    def taken(self, login: str, id_: EngagementId, what: str = "card") -> bytes:
        """A copy for somebody, to which both sides agreed."""
        for one in ("dora", "cora"):
            self.do(one, id_, "agree", act="export anything", subject=f"{what} for {login}")
        return self.desk.export(viewer(login), id_, what)

    def to_weighed(self, id_: EngagementId) -> None:
        self.do("otto", id_, "hand-over", card=card())
        self.do("aude", id_, "recompute")

    def call(self, secret: str, *, run: str = "run-1", **more: Any) -> Any:
        """One call through the gateway's counter."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 100, **more}
        return self.desk.complete(secret, run=run, data=json.dumps(body).encode())


@contextmanager
def host(
    folder: Path,
    *,
    settings: Settings | None = None,
    run: bool = False,
    seam: Callable[[str], None] = engine.no_seam,
    loopback: bool = False,
    measuring: bool = False,
) -> Iterator[Host]:
    """A host with its people. `run`: its worker runs the clocks. `measuring`: real containment and real cards."""
    settings = settings or Settings(data=folder / "data", keys=folder / "keys")
    store = engine.open(settings, MasterKey(b"k" * 32), seam=seam)
    clock = JumpingClock(START)
    with store.write() as tx:
        if not parties.count_people(tx):
            for org in ORGANISATIONS:
                parties.add_organisation(tx, Organisation(id=PartyId(org), name=org.title()))
            for login, (organisation, role) in PEOPLE.items():
                person = Person(
                    id=PartyId(login),
                    name=login.title(),
                    organisation=PartyId(organisation),
                    roles=frozenset({role}),
                )
                parties.add_person(tx, person, login=login, password_hash=None)
    model, cards = ScriptedModel(), ScriptedCards()
    real = HostCards(key=keys.signing_key(settings))
    machines = flow.Machines(
        store=store,
        settings=settings,
        signer=HostSigner(key=keys.signing_key(settings), organisation=PartyId("cert")),
        endpoint=ModelEndpoint(transport=None if loopback else model, loopback=loopback),
        cards=real if measuring else cards,
        contained=tier.find() if measuring else nothing(),
        now=clock.now,
    )
    control: Control = connect(settings) if run else SilentControl()
    poll = timedelta(milliseconds=50)
    running = launch(settings, flow.flows(machines), clock=clock, poll=poll, seam=seam) if run else None
    try:
        yield Host(
            desk=Assess(machines=machines, control=control), machines=machines, clock=clock, model=model, cards=cards
        )
    finally:
        if running is not None:
            running.stop()
        if run:
            control.close()
        store.close()
