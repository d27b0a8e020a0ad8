"""A defender's desk in a temporary folder: a real store, two organisations, three domains, a clock that is set."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comity.defend.desk_advice import Advice
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_deadlines import Lists
from comity.defend.flow import Machines
from comity.model.ids import PartyId
from comity.model.party import Organisation, Person, Role, Viewer
from comity.settings import Settings
from comity.store import engine, parties
from comity.store.crypt import MasterKey

START = datetime(2026, 12, 10, 15, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that stands until it is set."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


def viewer(name: str, organisation: str = "water", role: Role = Role.DEFENDER, *, is_script: bool = False) -> Viewer:
    return Viewer(
        person=PartyId(name), organisation=PartyId(organisation), roles=frozenset({role}), is_script=is_script
    )


ADA = viewer("ada")
NED = viewer("ned", role=Role.NSS_DEFENDER)
BOB = viewer("bob", "power")
COORDINATOR = viewer("cora", role=Role.COORDINATOR)


@dataclass(frozen=True)
class Place:
    """What the tests work with."""

    machines: Machines
    store: engine.Store
    clock: Clock = field(default_factory=Clock)


def advice_of(machines: Machines) -> Advice:
    """The counter of advice on these machines."""
    return Advice(machines=machines, ai=AiDefence(machines=machines), lists=Lists(machines=machines))


@contextmanager
def opened(folder: Path, *, stocked: bool = False, **settings: object) -> Iterator[Place]:
    """The desk's machines over a fresh store."""
    held = Settings(data=folder / "data", keys=folder / "keys", **settings)  # type: ignore[arg-type]  # named by each test
    store = engine.open(held, MasterKey(bytes(range(32))))
    clock = Clock()
    try:
        if not stocked:
            _people(store)
        yield Place(machines=Machines(store=store, settings=held, now=clock.now), store=store, clock=clock)
    finally:
        store.close()


def _people(store: engine.Store) -> None:
    with store.write() as tx:
        for id_ in ("water", "power"):
            parties.add_organisation(tx, Organisation(id=PartyId(id_), name=id_))
        for one in (ADA, NED, BOB, COORDINATOR):
            person = Person(id=one.person, name=str(one.person).title(), organisation=one.organisation, roles=one.roles)
            parties.add_person(tx, person, login=str(one.person), password_hash=None)
