"""A brief desk in a temporary folder: real store, real key, a clock that tests move, three editors and a member."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.brief.conftest import make_source

from comity.brief import flow
from comity.brief.channels import feeds, linked, mail, page, printed, text
from comity.brief.desk import Briefs, Counted, Decision
from comity.brief.draft import draft
from comity.brief.publish import drafted
from comity.model.article import Brief, Origin, Sentence, Source, Span
from comity.model.brief import Draft, Published, Record
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import Organisation, Person, Role, Viewer
from comity.sealing import keys
from comity.sealing.signer import HostSigner
from comity.settings import Settings
from comity.store import engine, parties
from comity.store.crypt import MasterKey

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PEOPLE = ("ada", "grace", "edith")


@dataclass(slots=True)
class Clock:
    """A clock that only tests move."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass(slots=True)
class NoFlows:
    """Stands in for the engine's control where notices are not what is tested: remembers what was started."""

    started: list[tuple[Any, ...]] = field(default_factory=list)

    def start(self, name: str, key: str, *args: Any) -> None:
        self.started.append((name, key, *args))

    def signal(self, *args: Any, **more: Any) -> None:
        self.started.append((*args, more))


def editor(name: str, **given: Any) -> Viewer:
    """An editor of the host."""
    fields: dict[str, Any] = {
        "person": PartyId(name),
        "organisation": PartyId("host"),
        "roles": frozenset({Role.EDITOR}),
        "tlp": Tlp.AMBER,
    }
    return Viewer(**(fields | given))


ADA, GRACE, EDITH = (editor(name) for name in PEOPLE)
MEMBER = Viewer(person=PartyId("m-1"), organisation=PartyId("member"), roles=frozenset({Role.READER}), tlp=Tlp.GREEN)


@dataclass(slots=True)
class Host:
    """What a test works with."""

    desk: Briefs
    machines: flow.Machines
    clock: Clock
    control: NoFlows
    settings: Settings
    key: keys.SigningKey

    def kept(self, source: Source | None = None, **given: Any) -> Record:
        """A draft by Ada on a source."""
        return self.desk.keep(ADA, drafted_of(source or make_source(), **given))

    def reviewed(self, id_: str, *, by: Viewer = GRACE, wrong: tuple[int, ...] = ()) -> Record:
        """A sitting done as it should be: source opened, time taken, planted errors found."""
        begun = self.desk.begin(by, id_)
        self.desk.open_source(by, id_, begun.source.url)
        self.clock.pass_(seconds=45)
        outcome = self.desk.decide(by, id_, decided(begun), editor_of_record=EDITH.person)
        assert isinstance(outcome, Counted)
        return outcome.record

    def published(self, source: Source | None = None, **given: Any) -> Published:
        """A brief by Ada, reviewed by Grace, public."""
        record = self.kept(source, **given)
        self.reviewed(record.id)
        return self.desk.publish(EDITH, record.id)


def decided(begun: Record) -> dict[int, Decision]:
    """Every true sentence holds, every planted error is wrong."""
    assert begun.sitting is not None
    return {
        number: Decision.WRONG if number in begun.sitting.planted else Decision.HOLDS
        for number in range(len(begun.sitting.items))
    }


def drafted_of(source: Source, **given: Any) -> Draft:
    """The keyless draft of a source; `brief` replaces it, other names replace its fields."""
    made: Brief = given.pop("brief", None) or draft(source)
    return drafted(replace(made, **given), [source])


def model_brief(source: Source, words: str = "", **given: Any) -> Brief:
    """A brief that a model would have written: one sentence that rests on the source's first."""
    first = source.text.partition("\n")[0].partition(". ")[0] + "."
    fields: dict[str, Any] = {
        "id": "b-model",
        "title": "What an agency announced",
        "bottom_line": Sentence(text=words or first, spans=(Span(0, len(first)),)),
        "origin": Origin.MODEL,
    }
    return Brief(**(fields | given))


@contextmanager
def host(folder: Path, *, demo: bool = False, seam: engine.Seam = engine.no_seam, **settings: Any) -> Iterator[Host]:
    """The desk, with three editors and one member organisation."""
    held = Settings(data=folder / "data", keys=folder / "keys", organisation="Test Host", **settings)
    store = engine.open(held, MasterKey(b"k" * 32), seam=seam)
    clock, control = Clock(), NoFlows()
    with store.write() as tx:
        if not parties.count_people(tx):
            for org in ("host", "member"):
                parties.add_organisation(tx, Organisation(id=PartyId(org), name=org.title()))
            for name in PEOPLE:
                who = Person(
                    id=PartyId(name), name=name.title(), organisation=PartyId("host"), roles=frozenset({Role.EDITOR})
                )
                parties.add_person(tx, who, login=name, password_hash=None)
    key = keys.signing_key(held, demo=demo)
    machines = flow.Machines(
        store=store,
        settings=held,
        signer=HostSigner(key=key, organisation=PartyId("host")),
        now=clock.now,
        demo=demo,
    )
    try:
        yield Host(
            desk=Briefs(machines=machines, control=control),  # type: ignore[arg-type]  # the part of the control that the desk uses
            machines=machines,
            clock=clock,
            control=control,
            settings=held,
            key=key,
        )
    finally:
        store.close()


def channels(public: Published) -> dict[str, str]:
    """One brief in every channel, as text: what a reader's program receives."""
    channel = feeds.Channel(title="Briefs", address="https://host.example", updated=public.modified_at)
    return {
        "page": page.article(public),
        "text": text.render(public),
        "mail": mail.render(public, sender="Desk <desk@host.example>").decode(),
        "print": printed.render(public),
        "linked": linked.embedded(public),
        **{name: feeds.render(name, channel, [public]).decode() for name in feeds.TYPES},
    }
