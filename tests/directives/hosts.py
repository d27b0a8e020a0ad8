"""A host with a store, three agencies and an authority, and an estate small enough to reckon by hand.

CVE-2021-44228 with its KEV dates is of CISA's catalogue, its SSVC values of CISA's Vulnrichment; the catalogue's
release date is moved to the tests' own time. Assets, inventories and people are made up.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comity.access.policy import clearance
from comity.admin import mirrors
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_deadlines import Deadlines, Lists
from comity.defend.desk_directives import Directives
from comity.defend.desk_triage import Triages
from comity.defend.flow import Machines
from comity.model import ids
from comity.model.asset import Asset, Confidence, Domain, ExposureTag, Reach, Runs
from comity.model.ids import AssetId, InventoryId, PartyId, digest
from comity.model.inventory import Answer, Answered, Component, Contents, Hit, Identity, Inventory, Matched
from comity.model.party import Organisation, Person, Role, Viewer
from comity.sealing import keys
from comity.settings import Settings
from comity.store import engine, inventories, parties
from comity.store.crypt import MasterKey

START = datetime(2026, 12, 15, 12, tzinfo=UTC)
LOG4SHELL = "CVE-2021-44228"
OTHER = "CVE-2024-99999"
"""In neither mirror: metadata unknown, not in KEV."""
VULNRICHMENT = json.dumps(
    {
        "cveMetadata": {"cveId": LOG4SHELL},
        "containers": {
            "adp": [
                {
                    "metrics": [
                        {
                            "other": {
                                "type": "ssvc",
                                "content": {
                                    "timestamp": "2025-02-04T14:25:34Z",
                                    "options": [
                                        {"Exploitation": "active"},
                                        {"Automatable": "Yes"},
                                        {"Technical Impact": "Total"},
                                    ],
                                },
                            }
                        }
                    ]
                }
            ]
        },
    }
).encode()


def kev(released: datetime, **more: tuple[str, str]) -> bytes:
    """A catalogue of that day: Log4Shell as CISA lists it, and further CVEs with added and due days."""
    rows = {LOG4SHELL: ("2021-12-10", "2021-12-24"), **{name.replace("_", "-"): days for name, days in more.items()}}
    document = {
        "dateReleased": released.isoformat(),
        "count": len(rows),
        "vulnerabilities": [
            {"cveID": name, "dateAdded": added, "dueDate": due, "knownRansomwareCampaignUse": "Known"}
            for name, (added, due) in rows.items()
        ],
    }
    return json.dumps(document).encode()


PEOPLE = {
    "ada": ("agency", {Role.DEFENDER}),
    "grace": ("bureau", {Role.DEFENDER}),
    "edith": ("cisa-like", {Role.AUTHORITY, Role.DEFENDER}),
    "nell": ("fort", {Role.NSS_DEFENDER}),
    "nora": ("fort", {Role.AUTHORITY, Role.NSS_DEFENDER}),
    "dora": ("navy", {Role.DOW_DEFENDER}),
    "dan": ("navy", {Role.AUTHORITY, Role.DOW_DEFENDER}),
    "carl": ("cert", {Role.COORDINATOR}),
}


def viewer(name: str, *, is_script: bool = False) -> Viewer:
    organisation, roles = PEOPLE[name]
    return Viewer(
        person=PartyId(name),
        organisation=PartyId(organisation),
        roles=frozenset(roles),
        tlp=clearance(frozenset(roles)),
        is_script=is_script,
    )


@dataclass(slots=True)
class StillClock:
    """A clock that moves only when a test says so."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def jump(self, span: timedelta) -> None:
        self.at += span


@dataclass(slots=True)
class Host:
    """What a test works with."""

    directives: Directives
    deadlines: Deadlines
    triages: Triages
    machines: Machines
    clock: StillClock
    key: keys.SigningKey

    def estate(self, organisation: str, domain: Domain, *, exposed: Reach = Reach.PUBLIC) -> tuple[AssetId, ...]:
        """Two assets, "web" and "files", that run one inventory in which two CVEs were found at the start."""
        return estate(self, organisation, domain, exposed)


@contextmanager
def host(folder: Path, *, mirror: bool = True, **settings: object) -> Iterator[Host]:
    """The host, with the starter mirrors unless told otherwise."""
    held = Settings(data=folder / "data", keys=folder / "keys", **settings)  # type: ignore[arg-type]  # its fields
    store = engine.open(held, MasterKey(b"k" * 32))
    clock = StillClock(START)
    with store.write() as tx:
        for organisation in sorted({one for one, _ in PEOPLE.values()}):
            parties.add_organisation(tx, Organisation(id=PartyId(organisation), name=organisation))
        for name, (organisation, roles) in PEOPLE.items():
            person = Person(
                id=PartyId(name), name=name.title(), organisation=PartyId(organisation), roles=frozenset(roles)
            )
            parties.add_person(tx, person, login=name, password_hash=None)
    if mirror:
        for data in (kev(START), VULNRICHMENT):
            mirrors.take_in(store, data, at=START)
    machines = Machines(store=store, settings=held, now=clock.now)
    key = keys.signing_key(held)
    try:
        yield Host(
            directives=Directives(machines=machines, key=key),
            deadlines=Deadlines(machines=machines, lists=Lists(machines=machines)),
            triages=Triages(machines=machines, key=key, ai=AiDefence(machines=machines)),
            machines=machines,
            clock=clock,
            key=key,
        )
    finally:
        store.close()


def estate(held: Host, organisation: str, domain: Domain, exposed: Reach) -> tuple[AssetId, ...]:
    owner = PartyId(organisation)
    at = held.machines.now()
    component = Component(
        name="log4j-core",
        version="2.14.1",
        ecosystem="Maven",
        match_name="org.apache.logging.log4j:log4j-core",
        match_version="2.14.1",
        identity=Identity.IDENTIFIED,
    )
    inventory = Inventory(
        id=InventoryId(ids.inventory_id(digest(f"{organisation}{domain}".encode()).encode()[:8])),
        organisation=owner,
        domain=domain,
        name="shop",
        document=digest(b"a document"),
        received_at=at,
        components=1,
        identified=1,
    )
    hits = tuple(
        Hit(advisory=f"GHSA-{n}", vulnerability=name, rule="2.0 up to 2.15.0", fixed=("2.15.0",), found_at=at)
        for n, name in enumerate((LOG4SHELL, OTHER))
    )
    made = []
    with held.machines.store.write() as tx:
        stored = inventories.add(tx, inventory, Contents(components=(component,)))
        inventories.put_match(
            tx,
            Matched(
                inventory=stored.id,
                number=1,
                at=at,
                feeds=digest(b"feeds"),
                answers=(
                    Answered(place=0, answer=Answer.AFFECTED, reason="in range", hits=hits, source="GHSA", as_of=at),
                ),
            ),
        )
        for name in ("web", "files"):
            asset = Asset(
                id=AssetId(ids.asset_id(digest(f"{organisation}{domain}{name}".encode()).encode()[:8])),
                organisation=owner,
                domain=domain,
                name=name,
                exposure=ExposureTag(value=exposed, confidence=Confidence.CONFIRMED, source="a scan", at=at),
                runs=(Runs(inventory=stored.id, since=at),),
                added_at=at,
                changed_at=at,
            )
            made.append(asset)
        inventories.add_assets(tx, made)
    return tuple(asset.id for asset in made)
