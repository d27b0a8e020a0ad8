# ruff: noqa: E501  small documents are read more easily on one line
"""A defender's desk on a real store in a temporary folder, a clock that tests set, and small real advisories."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comity.admin import mirrors
from comity.defend import flow
from comity.defend.desk import Defend, Document, Registered
from comity.model.asset import Domain
from comity.model.ids import PartyId
from comity.model.inventory import Answer
from comity.model.party import Organisation, Person, Role, Viewer
from comity.settings import Settings
from comity.store import engine, parties
from comity.store.crypt import MasterKey

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
YOUNG = NOW - timedelta(days=1)


def defender(organisation: str, role: Role = Role.DEFENDER) -> Viewer:
    """A defender of an organisation, of one kind."""
    name = PartyId(f"p-{organisation}-{role.value}")
    return Viewer(person=name, organisation=PartyId(organisation), roles=frozenset({role}))


CIVIL = defender("agency")
NSS = defender("agency", Role.NSS_DEFENDER)
DOW = defender("agency", Role.DOW_DEFENDER)
OTHER = defender("bank")


@dataclass(slots=True)
class Host:
    """The desk and what tests move: the clock, and the store below."""

    desk: Defend
    store: engine.Store
    clock: list[datetime] = field(default_factory=lambda: [NOW])

    def at(self, moment: datetime) -> None:
        """From now on it is that moment."""
        self.clock[0] = moment

    def mirror(self, *records: dict[str, object], modified: datetime = YOUNG) -> None:
        """Take in OSV records as the whole of what is known for their ecosystem."""
        lines = [json.dumps({"modified": stamp(modified), **record}) for record in records]
        mirrors.take_in(self.store, "\n".join(lines).encode(), at=self.clock[0], older_too=True, as_of=modified)

    def kev(self, *names: str, added: str = "2026-11-20", released: datetime = YOUNG) -> None:
        """Take in a catalogue of known exploited vulnerabilities that holds these."""
        entries = [
            {"cveID": name, "vendorProject": "Salt", "product": "Salt", "dateAdded": added, "dueDate": "2026-12-11",
             "vulnerabilityName": "Salt Master Directory Traversal", "requiredAction": "Apply updates per vendor instructions."}
            for name in names
        ]  # fmt: skip
        document = {
            "catalogVersion": "x",
            "dateReleased": stamp(released),
            "count": len(entries),
            "vulnerabilities": entries,
        }
        mirrors.take_in(self.store, json.dumps(document).encode(), at=self.clock[0], older_too=True)

    def register(
        self, data: bytes, *, viewer: Viewer = CIVIL, name: str = "image", domain: Domain = Domain.FCEB, file: str = "x"
    ) -> Registered:
        """Register a document that must be an inventory."""
        outcome = self.desk.register(viewer, Document(name=file, data=data), name=name, domain=domain)
        assert isinstance(outcome, Registered)
        return outcome


@contextmanager
def host(folder: Path, *, database_url: str = "", **changed: object) -> Iterator[Host]:
    """An empty host."""
    settings = replace(Settings(data=folder / "data", keys=folder / "keys", database_url=database_url), **changed)  # type: ignore[arg-type]  # fields by name
    store = engine.open(settings, MasterKey(bytes(range(32))))
    clock = [NOW]
    desk = Defend(machines=flow.Machines(store=store, settings=settings, now=lambda: clock[0]))
    with store.write() as tx:
        for organisation in ("agency", "bank"):
            parties.add_organisation(tx, Organisation(id=PartyId(organisation), name=organisation))
        for viewer in (CIVIL, NSS, DOW, OTHER):
            person = Person(id=viewer.person, name="A Defender", organisation=viewer.organisation, roles=viewer.roles)
            parties.add_person(tx, person, login=viewer.person, password_hash=None)
    try:
        yield Host(desk=desk, store=store, clock=clock)
    finally:
        store.close()


def stamp(moment: datetime) -> str:
    """RFC 3339."""
    return moment.isoformat().replace("+00:00", "Z")


SALT: dict[str, object] = {
    "id": "PYSEC-2020-102",
    "aliases": ["CVE-2020-11651"],
    "summary": "The salt-master process does not properly validate method calls.",
    "published": "2020-04-30T17:15:00Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "salt"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2019.2.4"}, {"introduced": "3000"}, {"fixed": "3000.2"}]}],
        }
    ],
}  # fmt: skip
"""pypa/advisory-database PYSEC-2020-102 (CC-BY-4.0), shortened."""


def bom(*purls: str, serial: str = "", **more: object) -> bytes:
    """A CycloneDX document that lists these packages."""
    components = [
        {"type": "library", "name": purl.rpartition("/")[2].partition("@")[0], "purl": purl, "bom-ref": purl}
        for purl in purls
    ]
    head: dict[str, object] = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}
    if serial:
        head["serialNumber"] = f"urn:uuid:{serial}"
    return json.dumps(head | {"components": components} | more).encode()


def answers(registered: Registered) -> list[Answer]:
    """The answer for each component."""
    assert registered.matched is not None
    return [one.answer for one in registered.matched.answers]
