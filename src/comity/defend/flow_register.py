"""Taking inventories, assets, statements and scanner exports in, and matching what is held: the IO of `register`.

A document of known bytes changes nothing; a newer one under the same name is a new state of the same inventory, and is
matched in the transaction that keeps it. A statement about another document waits with the inventory it names.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from comity.defend import answer, by_cpe, register
from comity.defend.answer import Answering, Knowledge
from comity.defend.by_cpe import Shelf
from comity.defend.flow import FLOW, Machines
from comity.defend.segments import Feed
from comity.errors import Invalid, Missing, Problem
from comity.formats import times
from comity.formats.listings import detect, listing
from comity.formats.listings.table import AssetRow
from comity.formats.versions.identity import Package, canonical_ecosystem, package, package_of
from comity.model import ids, signals
from comity.model.advisory import Advisory
from comity.model.asset import Asset, Confidence, Domain, ExposureTag, Reach, Runs
from comity.model.events import Event, Kind
from comity.model.ids import Digest, InventoryId, PartyId
from comity.model.inventory import Component, Contents, Inventory, Matched, ScannerReport, Vex
from comity.model.party import ANONYMOUS, Viewer
from comity.store import inventories, journal, mirrored, published, upstream
from comity.store.engine import Tx

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes with the name they came under. `release` and `columns` are for lists that do not say theirs."""

    name: str
    data: bytes
    release: str = ""
    columns: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An inventory as it now stands. `is_new` False: a newer state of one that was held; `same`: nothing changed."""

    inventory: Inventory
    matched: Matched | None
    notes: tuple[str, ...] = ()
    statements: int = 0
    unresolved: int = 0
    """Statements about documents that are not known here."""
    is_new: bool = True
    same: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementsTaken:
    """A VEX document without components: how many statements were new, and how many are about unknown documents."""

    new: int
    unresolved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsTaken:
    """A scanner's export: claims with their source, kept beside the matches and never as one."""

    scanner: str
    claims: int
    notes: tuple[str, ...]
    same: bool


Outcome: TypeAlias = Registered | StatementsTaken | ClaimsTaken


def register_document(machines: Machines, viewer: Viewer, document: Document, *, name: str, domain: Domain) -> Outcome:
    """Take one document in for the viewer's organisation. `Invalid` lists every violation; nothing is stored then."""
    limits = replace(listing.LIMITS, document_bytes=machines.settings.inventory_limit_bytes)
    listed = detect.read(
        document.data, name=document.name, release=document.release, columns=document.columns, limits=limits
    )
    digest = ids.digest(document.data)
    at = machines.now()
    with machines.store.write() as tx:
        if isinstance(listed, ScannerReport):
            new = inventories.add_claims(tx, viewer.organisation, domain, listed, digest, at)
            return ClaimsTaken(scanner=listed.scanner, claims=len(listed.claims), notes=listed.notes, same=not new)
        return _keep(machines, tx, viewer, listed, digest, name=name.strip() or document.name, domain=domain, at=at)


def register_contents(
    machines: Machines, viewer: Viewer, listed: Contents, digest: Digest, *, name: str, domain: Domain
) -> Outcome:
    """The same for contents that no document brought (the packages of this machine)."""
    with machines.store.write() as tx:
        return _keep(machines, tx, viewer, listed, digest, name=name, domain=domain, at=machines.now())


def _keep(
    machines: Machines,
    tx: Tx,
    viewer: Viewer,
    listed: Contents,
    digest: Digest,
    *,
    name: str,
    domain: Domain,
    at: datetime,
) -> Outcome:
    known, unknown = register.resolved(listed.statements, _elsewhere(tx, viewer, listed), source=digest)
    new = inventories.add_vex(tx, viewer.organisation, domain, known)
    if not listed.components:
        if not known:
            raise Invalid(
                "the document lists no packages, and its statements are about documents not known here",
                [Problem("/vulnerabilities", "unknown_reference", "register the inventory that they are about first")],
            )
        return StatementsTaken(new=new, unresolved=len(unknown))
    if not name.strip() or len(name) > 200 or not name.isprintable():
        raise Invalid("bad name", [Problem("/name", "bad_name", "an inventory has a name of 1 to 200 characters")])
    same = inventories.by_document(tx, viewer.organisation, domain, digest)
    if same is not None:
        held = inventories.get(tx, same, viewer)
        return Registered(
            inventory=held, matched=inventories.match(tx, same, viewer), notes=listed.notes, statements=len(known),
            unresolved=len(unknown), is_new=False, same=True,
        )  # fmt: skip
    earlier = inventories.by_name(tx, viewer.organisation, domain, name)
    if earlier is None:
        fresh = Inventory(
            id=ids.inventory_id(secrets.token_bytes(8)),
            organisation=viewer.organisation,
            domain=domain,
            name=name,
            document=digest,
            received_at=at,
        )
        stored = inventories.add(tx, register.counted(fresh, listed, digest), listed)
    else:
        before = inventories.contents(tx, earlier, viewer)
        counted = register.counted(inventories.get(tx, earlier, viewer), listed, digest)
        changed = replace(counted, received_at=at, difference=register.difference(before, listed))
        stored = inventories.save(tx, changed, listed)
    inventories.mark(tx, stored.id, "package", _package_names(listed))
    _note(tx, Kind.INVENTORY_RECEIVED, f"inventory:{stored.id}:{stored.number}", stored.id, at, actor=viewer.person)
    matched = match_one(tx, machines, stored, listed)
    return Registered(
        inventory=stored,
        matched=matched,
        notes=listed.notes,
        statements=len(known),
        unresolved=len(unknown),
        is_new=earlier is None,
    )


def match_one(tx: Tx, machines: Machines, inventory: Inventory, listed: Contents) -> Matched:
    """Match one inventory in the transaction at hand, and keep what was found."""
    known = knowledge(tx, answer.packages([listed]), at=machines.now(), named=by_cpe.keys([listed]))
    answering = Answering(known, now=machines.now(), max_age=machines.settings.feed_age)
    return _match(tx, machines, answering, known, inventory, listed)


def rematch(machines: Machines, *, because: str, only: Iterable[InventoryId] | None = None) -> int:
    """Match inventories again, all of them or those named, since what is known has changed. Gives how many changed.

    Safe to repeat: knowledge that is the same makes no new matching. Each inventory commits by itself.
    """
    with machines.store.read() as tx:
        wanted = None if only is None else frozenset(only)
        held = [one for one in inventories.every(tx, FLOW) if wanted is None or one.id in wanted]
        listed = {one.id: inventories.contents(tx, one.id, FLOW) for one in held}
        named = by_cpe.keys(listed.values())
        known = knowledge(tx, answer.packages(listed.values()), at=machines.now(), named=named)
    answering = Answering(known, now=machines.now(), max_age=machines.settings.feed_age)
    changed = 0
    for one in held:
        with machines.store.write() as tx:
            current = inventories.get(tx, one.id, FLOW)
            if current.number != one.number:
                continue  # a newer document came meanwhile, and was matched when it came
            before = inventories.match(tx, one.id, FLOW)
            if before is not None and before.feeds == known.feeds and before.number == one.number:
                continue
            _match(tx, machines, answering, known, one, listed[one.id], because=because)
            changed += 1
    return changed


def rematch_for(machines: Machines, advisories: Sequence[Advisory], *, because: str) -> int:
    """Match again what holds a package that these advisories name."""
    names = {_package_name(package_of(one)) for advisory in advisories for one in advisory.affected}
    with machines.store.read() as tx:
        only = inventories.marked(tx, "package", names, FLOW)
    return rematch(machines, because=because, only=only) if only else 0


def knowledge(tx: Tx, packages: Iterable[Package], *, at: datetime, named: Iterable[by_cpe.Key] = ()) -> Knowledge:
    """What the mirrors and this host say about these packages, and about products named by CPE."""
    wanted = tuple(packages)
    held = mirrored.feeds(tx)
    named_releases = releases(tx, held, wanted)
    feeds = [
        (
            Feed(
                ecosystem=one.ecosystem,
                source=one.source,
                as_of=one.as_of or times.EPOCH,
                releases=named_releases.get(one.source),
            ),
            one.digest,
        )
        for one in held
    ]
    advisories = [advisory for _, advisory in mirrored.about(tx, wanted)]
    return answer.knowledge(advisories, feeds, own_advisories(tx), at=at, cpes=shelf(tx, named))


def releases(tx: Tx, feeds: Iterable[mirrored.FeedState], packages: Iterable[Package]) -> dict[str, frozenset[str]]:
    """By source, for each feed of a distribution of which a package names a release: those that its records name."""
    families = {ecosystem.partition(":")[0] for ecosystem, _ in packages if ":" in ecosystem}
    folded = {one.source: canonical_ecosystem(one.ecosystem) for one in feeds}
    return {source: mirrored.releases(tx, source, family) for source, family in folded.items() if family in families}


def shelf(tx: Tx, named: Iterable[by_cpe.Key]) -> Shelf:
    """What the mirrored CVE records say of products by CPE, with the date of each source. Empty where none is asked."""
    wanted = frozenset(named)
    if not wanted:
        return Shelf()
    try:
        held = upstream.mirror(tx, signals.SSVC_SOURCE)
    except Missing:
        return Shelf()
    return Shelf(
        statements=mirrored.by_cpe(tx, wanted),
        dates={held.source: held.current_as_of},
        stamp=f"{held.source} {held.digest}",
    )


def own_advisories(tx: Tx) -> tuple[Advisory, ...]:
    """What this host has published for everybody: nothing that handling keeps from a stranger."""
    found: list[Advisory] = []
    start: str | None = None
    while True:
        page = published.page(tx, ANONYMOUS, start=start, limit=PAGE)
        found.extend(page.items)
        if page.next is None:
            return tuple(found)
        start = page.next


def _match(
    tx: Tx,
    machines: Machines,
    answering: Answering,
    known: Knowledge,
    inventory: Inventory,
    listed: Contents,
    because: str = "",
) -> Matched:
    held = inventories.match(tx, inventory.id, FLOW)
    before = None
    if held is not None:
        before = inventories.contents(tx, inventory.id, FLOW, number=held.number), held
    at = machines.now()
    made = answer.matched(
        inventory.id, inventory.number, listed, answering.contents(listed), feeds=known.feeds, at=at, before=before
    )
    sequence = inventories.put_match(tx, made)
    names = {name for one in made.answers for hit in one.hits for name in (hit.vulnerability, hit.advisory)}
    inventories.mark(tx, inventory.id, "vulnerability", names)
    _note(tx, Kind.INVENTORY_MATCHED, f"matched:{inventory.id}:{sequence}", inventory.id, at, because=because[:200])
    return made


def _elsewhere(tx: Tx, viewer: Viewer, listed: Contents) -> dict[str, Component]:
    """BOM-Links of statements that point into other documents -> the component there, where this viewer has it."""
    wanted = {one.reference.partition("#")[0] for one in listed.statements if one.reference}
    found: dict[str, Component] = {}
    if not wanted:
        return found
    for one in inventories.every(tx, viewer):
        if one.serial and one.serial in wanted:
            for component in inventories.contents(tx, one.id, viewer).components:
                if component.reference:
                    found[f"{one.serial}#{component.reference}"] = component
    return found


def _package_names(listed: Contents) -> set[str]:
    return {_package_name(package(one.ecosystem, one.match_name)) for one in listed.components if one.ecosystem}


def _package_name(one: tuple[str, str]) -> str:
    """Without the release: an advisory for Debian 12 looks at every inventory that holds the package."""
    return f"{one[0].partition(':')[0]} {one[1]}"


# Assets --------------------------------------------------------------------------------------------------------------


def new_asset(
    viewer: Viewer, row: AssetRow, *, domain: Domain, at: datetime, by_name: Mapping[str, InventoryId]
) -> Asset:
    """An asset as a table's line says; the exposure is what the owner states, from the day it was stated."""
    return Asset(
        id=ids.asset_id(secrets.token_bytes(8)),
        organisation=viewer.organisation,
        domain=row.domain or domain,
        name=row.name,
        kind=row.kind,
        owner=row.owner,
        sub_organisation=row.sub_organisation,
        environment=row.environment,
        exposure=tag_of(row, at),
        criticality=row.criticality,
        planned_upgrade=row.planned_upgrade,
        runs=tuple(Runs(inventory=by_name[name.casefold()], since=at) for name in row.inventories),
        added_at=at,
        changed_at=at,
    )


def tag_of(row: AssetRow, at: datetime) -> ExposureTag:
    """The exposure that a line states. A line that says nothing leaves it unknown."""
    if row.exposure is Reach.UNKNOWN:
        return ExposureTag()
    end = row.exposure_expires
    return ExposureTag(
        value=row.exposure,
        confidence=Confidence.CONFIRMED,
        source=row.exposure_source or "asset table",
        at=at,
        expires_at=datetime(end.year, end.month, end.day, tzinfo=at.tzinfo) + timedelta(days=1) if end else None,
    )


def note_asset(tx: Tx, asset: Asset, at: datetime, *, actor: PartyId) -> None:
    """Journal that an asset changed: its id, and nothing it says."""
    _note(tx, Kind.ASSET_CHANGED, f"asset:{asset.id}:{asset.version}", asset.id, at, actor=actor)


def _note(tx: Tx, kind: Kind, key: str, subject: str, at: datetime, *, actor: str = FLOW.person, **facts: str) -> None:
    journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(subject,), facts=facts, actor=actor))


def vex_of(tx: Tx, viewer: Viewer) -> tuple[Vex, ...]:
    """Every statement that this viewer sees."""
    return tuple(one for _, _, one in inventories.vex(tx, viewer))
