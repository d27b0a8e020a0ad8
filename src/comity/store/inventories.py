"""Inventories, assets and what was matched, at rest. Opened by defend alone; every read takes the viewer.

Who sees what: a defender the rows of their own organisation in the domains of their role, the defend flow all of them,
everybody else none. That is decided in the query, so a row of another domain, a row of another organisation and no row
are one `Missing`, one empty page, and no part of any count.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Row, Table, and_, delete, false, func, insert, select, update

from comity.errors import Conflict, Missing, Tampered
from comity.model.asset import FLOW_NAME, Asset, Domain, domains
from comity.model.ids import AssetId, Digest, InventoryId, PartyId
from comity.model.inventory import Acceptance, Contents, Inventory, Matched, ScannerReport, Vex
from comity.model.party import Viewer, system
from comity.store import rows, words
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.inventories_tables import (
    acceptances,
    asset_runs,
    asset_states,
    assets,
    inventories,
    inventory_marks,
    inventory_matches,
    inventory_states,
    scanner_reports,
    vex_statements,
)
from comity.store.seen import Page, next_start, page_of

T = TypeVar("T")

UNPACKED_LIMIT: Final = 512 * 1024 * 1024
"""Bytes that one sealed record may hold once unpacked."""
CHUNK: Final = 500

# Inventories ---------------------------------------------------------------------------------------------------------


def add(tx: Tx, inventory: Inventory, contents: Contents) -> Inventory:
    """Keep a new inventory; gives it back as stored. Conflict when its owner has one of this name in this domain."""
    if by_name(tx, inventory.organisation, inventory.domain, inventory.name) is not None:
        raise Conflict(f"there is an inventory named {inventory.name} already: send the document under that name")
    stored = replace(inventory, number=1, version=1)
    tx.connection.execute(insert(inventories).values(id=stored.id, **_inventory_columns(tx, stored)))
    _put_state(tx, stored, contents)
    return stored


def save(tx: Tx, inventory: Inventory, contents: Contents | None = None) -> Inventory:
    """Store the next state of an inventory; with `contents` it is that of a newer document.

    Conflict when somebody else saved it since this state was read: read it again, then decide.
    """
    number = inventory.number + (contents is not None)
    stored = replace(inventory, number=number, version=inventory.version + 1)
    changed = tx.connection.execute(
        update(inventories)
        .where(inventories.c.id == inventory.id, inventories.c.version == inventory.version)
        .values(**_inventory_columns(tx, stored))
    )
    if changed.rowcount != 1:
        raise Conflict(f"inventory {inventory.id} changed since it was read: read it again, then decide")
    if contents is not None:
        _put_state(tx, stored, contents)
    return stored


def get(tx: Tx, id_: InventoryId, viewer: Viewer) -> Inventory:
    """One inventory. Missing when there is none for this viewer."""
    row = tx.connection.execute(select(inventories).where(inventories.c.id == id_, _sees(viewer, inventories))).first()
    if row is None or row.sealed is None:
        raise Missing(f"no inventory {id_}")
    return _open(tx, Inventory, f"inventories/{row.id}", row)


def contents(tx: Tx, id_: InventoryId, viewer: Viewer, *, number: int | None = None) -> Contents:
    """What one state of an inventory lists; the newest when no number is given. Missing like `get`."""
    held = get(tx, id_, viewer)
    wanted = held.number if number is None else number
    row = tx.connection.execute(
        select(inventory_states).where(inventory_states.c.inventory == id_, inventory_states.c.number == wanted)
    ).first()
    if row is None or row.sealed is None:
        raise Missing(f"inventory {id_} has no state {wanted}")
    return _open(tx, Contents, f"inventory_states/{id_}/{wanted}", row)


def page(tx: Tx, viewer: Viewer, *, start: str | None = None, limit: int = 50) -> Page[Inventory]:
    """Inventories that this viewer sees, newest document first."""
    query = select(inventories).where(_sees(viewer, inventories), inventories.c.sealed.is_not(None))
    query = page_of(query, moment=inventories.c.received_at, id_=inventories.c.id, start=start, limit=limit)
    found = tx.connection.execute(query).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=tuple(_open(tx, Inventory, f"inventories/{row.id}", row) for row in found[:limit]),
        next=None if last is None else next_start(last.received_at, last.id),
    )


def every(tx: Tx, viewer: Viewer) -> Iterator[Inventory]:
    """Every inventory that this viewer sees, in id order, one after the other."""
    query = select(inventories).where(_sees(viewer, inventories)).order_by(inventories.c.id)
    for row in tx.connection.execute(query).yield_per(CHUNK):
        if row.sealed is not None:
            yield _open(tx, Inventory, f"inventories/{row.id}", row)


def numbers(tx: Tx, viewer: Viewer) -> Mapping[InventoryId, int]:
    """The inventories that this viewer sees, each with the number of its newest document; in id order."""
    query = select(inventories.c.id, inventories.c.number).where(_sees(viewer, inventories)).order_by(inventories.c.id)
    return {InventoryId(id_): number for id_, number in tx.connection.execute(query)}


def count(tx: Tx, viewer: Viewer) -> tuple[int, int]:
    """How many inventories and how many live assets this viewer sees."""
    listed = tx.connection.execute(select(func.count()).select_from(inventories).where(_sees(viewer, inventories)))
    owned = tx.connection.execute(
        select(func.count()).select_from(assets).where(_sees(viewer, assets), assets.c.retired_at.is_(None))
    )
    return listed.scalar_one(), owned.scalar_one()


def by_document(tx: Tx, organisation: PartyId, domain: Domain, document: Digest) -> InventoryId | None:
    """The inventory whose newest document has these bytes, among those of one owner and one domain."""
    row = tx.connection.execute(
        select(inventories.c.id)
        .join(
            inventory_states,
            and_(inventory_states.c.inventory == inventories.c.id, inventory_states.c.number == inventories.c.number),
        )
        .where(
            inventories.c.organisation == organisation,
            inventories.c.domain == domain.value,
            inventory_states.c.document_mark == _document_mark(tx, organisation, domain, document),
        )
        .order_by(inventories.c.id)
    ).first()
    return None if row is None else InventoryId(row.id)


def by_name(tx: Tx, organisation: PartyId, domain: Domain, name: str) -> InventoryId | None:
    """The inventory of this name, among those of one owner and one domain."""
    row = tx.connection.execute(
        select(inventories.c.id).where(
            inventories.c.organisation == organisation,
            inventories.c.domain == domain.value,
            inventories.c.name_mark == _name_mark(tx, "inventory", organisation, domain, name),
        )
    ).first()
    return None if row is None else InventoryId(row.id)


def mark(tx: Tx, id_: InventoryId, kind: str, names: Iterable[str]) -> None:
    """The inventory is found by exactly these names of one kind ("package", "vulnerability") from now on."""
    tx.connection.execute(
        delete(inventory_marks).where(inventory_marks.c.inventory == id_, inventory_marks.c.kind == kind)
    )
    found = sorted({tx.master.mark(f"inventory {kind}", name) for name in names})
    if found:
        tx.connection.execute(insert(inventory_marks), [{"inventory": id_, "kind": kind, "mark": one} for one in found])


def marked(tx: Tx, kind: str, names: Iterable[str], viewer: Viewer) -> tuple[InventoryId, ...]:
    """Inventories that this viewer sees and that carry one of these names, in id order."""
    wanted = sorted({tx.master.mark(f"inventory {kind}", name) for name in names})
    found: set[str] = set()
    for start in range(0, len(wanted), CHUNK):
        query = (
            select(inventory_marks.c.inventory)
            .join(inventories, inventories.c.id == inventory_marks.c.inventory)
            .where(
                inventory_marks.c.kind == kind,
                inventory_marks.c.mark.in_(wanted[start : start + CHUNK]),
                _sees(viewer, inventories),
            )
        )
        found.update(tx.connection.execute(query).scalars())
    return tuple(InventoryId(one) for one in sorted(found))


# Matches -------------------------------------------------------------------------------------------------------------


def put_match(tx: Tx, matched: Matched) -> int:
    """Keep a matching as the newest one of its inventory; gives its place in the row of them."""
    newest = _newest_match(tx, matched.inventory)
    sequence = 1 if newest is None else newest.sequence + 1
    sealed = _seal(tx, Matched, f"inventory_matches/{matched.inventory}/{sequence}", matched)
    tx.connection.execute(
        insert(inventory_matches).values(
            inventory=matched.inventory,
            sequence=sequence,
            number=matched.number,
            feeds=matched.feeds,
            at=matched.at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )
    return sequence


def match(tx: Tx, id_: InventoryId, viewer: Viewer, *, at: datetime | None = None) -> Matched | None:
    """The newest matching of an inventory, or the newest as of `at`; None before the first. Missing like `get`."""
    seen = select(inventories.c.id).where(inventories.c.id == id_, _sees(viewer, inventories))
    if tx.connection.execute(seen).first() is None:
        raise Missing(f"no inventory {id_}")
    row = _newest_match(tx, id_, at=at)
    if row is None or row.sealed is None:
        return None
    return _open(tx, Matched, f"inventory_matches/{id_}/{row.sequence}", row)


def match_sequence(tx: Tx, id_: InventoryId, viewer: Viewer) -> int | None:
    """The place of an inventory's newest matching; None before the first. Missing like `get`."""
    newest = (
        select(func.max(inventory_matches.c.sequence))
        .where(inventory_matches.c.inventory == inventories.c.id)
        .scalar_subquery()
    )
    row = tx.connection.execute(select(newest).where(inventories.c.id == id_, _sees(viewer, inventories))).first()
    if row is None:
        raise Missing(f"no inventory {id_}")
    sequence: int | None = row[0]
    return sequence


def match_sequences(tx: Tx, viewer: Viewer) -> Mapping[InventoryId, int]:
    """For each inventory that this viewer sees and that was matched: the place of its newest matching."""
    query = (
        select(inventory_matches.c.inventory, func.max(inventory_matches.c.sequence))
        .join(inventories, inventories.c.id == inventory_matches.c.inventory)
        .where(_sees(viewer, inventories))
        .group_by(inventory_matches.c.inventory)
    )
    return {InventoryId(inventory): sequence for inventory, sequence in tx.connection.execute(query)}


def _newest_match(tx: Tx, id_: InventoryId, *, at: datetime | None = None) -> Row[Any] | None:
    query = select(inventory_matches).where(inventory_matches.c.inventory == id_)
    if at is not None:
        query = query.where(inventory_matches.c.at <= at)
    return tx.connection.execute(query.order_by(inventory_matches.c.sequence.desc()).limit(1)).first()


# Assets --------------------------------------------------------------------------------------------------------------


def add_assets(tx: Tx, new: Sequence[Asset]) -> tuple[Asset, ...]:
    """Keep new assets; gives them back as stored. Conflict when an owner has one of the same name in its domain."""
    stored = tuple(replace(asset, version=1) for asset in new)
    for start in range(0, len(stored), CHUNK):
        some = stored[start : start + CHUNK]
        columns = [{"id": asset.id, **_asset_columns(tx, asset)} for asset in some]
        _refuse_taken_names(tx, columns)
        tx.connection.execute(insert(assets), columns)
        tx.connection.execute(insert(asset_states), [_state_columns(tx, asset) for asset in some])
        runs = [{"asset": asset.id, "inventory": one.inventory} for asset in some for one in asset.runs]
        if runs:
            tx.connection.execute(insert(asset_runs), runs)
        words.add(tx, "assets", {asset.id: _searched(asset) for asset in some})
    return stored


def save_asset(tx: Tx, asset: Asset) -> Asset:
    """Store the next state of an asset; every earlier one stays. Conflict when it changed since it was read."""
    stored = replace(asset, version=asset.version + 1)
    changed = tx.connection.execute(
        update(assets)
        .where(assets.c.id == asset.id, assets.c.version == asset.version)
        .values(**_asset_columns(tx, stored))
    )
    if changed.rowcount != 1:
        raise Conflict(f"asset {asset.id} changed since it was read: read it again, then decide")
    tx.connection.execute(insert(asset_states).values(**_state_columns(tx, stored)))
    tx.connection.execute(delete(asset_runs).where(asset_runs.c.asset == asset.id))
    runs = [{"asset": asset.id, "inventory": one.inventory} for one in asset.runs]
    if runs:
        tx.connection.execute(insert(asset_runs), runs)
    words.keep(tx, "assets", {asset.id: _searched(asset)})
    return stored


def asset(tx: Tx, id_: AssetId, viewer: Viewer, *, at: datetime | None = None) -> Asset:
    """One asset, as it is or as it was at a past moment. Missing when there is (or was) none for this viewer."""
    query = _states(viewer).where(assets.c.id == id_)
    query = (
        query.where(asset_states.c.version == assets.c.version)
        if at is None
        else query.where(asset_states.c.at <= at).order_by(asset_states.c.version.desc()).limit(1)
    )
    row = tx.connection.execute(query).first()
    if row is None or row.sealed is None:
        raise Missing(f"no asset {id_}")
    return _asset(tx, row)


def history(tx: Tx, id_: AssetId, viewer: Viewer) -> tuple[Asset, ...]:
    """Every state of an asset, oldest first. Missing when there is none for this viewer."""
    query = _states(viewer).where(assets.c.id == id_).order_by(asset_states.c.version)
    found = tuple(_asset(tx, row) for row in tx.connection.execute(query))
    if not found:
        raise Missing(f"no asset {id_}")
    return found


def asset_by_name(tx: Tx, organisation: PartyId, domain: Domain, name: str) -> AssetId | None:
    """The asset of this name, among those of one owner and one domain."""
    row = tx.connection.execute(
        select(assets.c.id).where(
            assets.c.organisation == organisation,
            assets.c.domain == domain.value,
            assets.c.name_mark == _name_mark(tx, "asset", organisation, domain, name),
        )
    ).first()
    return None if row is None else AssetId(row.id)


def asset_versions(tx: Tx, viewer: Viewer) -> Mapping[AssetId, int]:
    """The live assets that this viewer sees, each with the number of its state: what a cache is checked against."""
    query = select(assets.c.id, assets.c.version).where(_sees(viewer, assets), assets.c.retired_at.is_(None))
    return {AssetId(id_): version for id_, version in tx.connection.execute(query.order_by(assets.c.id))}


def assets_of(tx: Tx, ids: Sequence[AssetId], viewer: Viewer) -> Iterator[Asset]:
    """These assets as they are, in id order; those that this viewer does not see are left out."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        query = _states(viewer).where(
            assets.c.id.in_(wanted[start : start + CHUNK]), asset_states.c.version == assets.c.version
        )
        for row in tx.connection.execute(query.order_by(assets.c.id)):
            yield _asset(tx, row)


def find_assets(tx: Tx, viewer: Viewer, wanted: Sequence[str], *, most: int) -> tuple[Asset, ...]:
    """Live assets that this viewer sees whose name, owner, part or kind hold all these words, newest first."""
    query = (
        _states(viewer)
        .where(words.holding(tx, "assets", assets.c.id, wanted), asset_states.c.version == assets.c.version)
        .where(assets.c.retired_at.is_(None))
        .order_by(assets.c.added_at.desc(), assets.c.id.desc())
        .limit(most)
    )
    return tuple(_asset(tx, row) for row in tx.connection.execute(query))


def searched(tx: Tx, start: str | None) -> words.Piece:
    """Some of all live assets, from after the id `start`, with the texts they are found by."""
    query = select(assets.c.id).where(assets.c.retired_at.is_(None), assets.c.id > (start or "")).order_by(assets.c.id)
    some = [AssetId(one) for one in tx.connection.execute(query.limit(CHUNK)).scalars()]
    found: dict[str, tuple[str, ...]] = {one.id: _searched(one) for one in assets_of(tx, some, system(FLOW_NAME))}
    return found, some[-1] if len(some) == CHUNK else None


def runners(tx: Tx, inventory: InventoryId, viewer: Viewer) -> tuple[AssetId, ...]:
    """The live assets that run an inventory and that this viewer sees, in id order."""
    query = (
        select(assets.c.id)
        .join(asset_runs, asset_runs.c.asset == assets.c.id)
        .where(asset_runs.c.inventory == inventory, assets.c.retired_at.is_(None), _sees(viewer, assets))
        .order_by(assets.c.id)
    )
    return tuple(AssetId(one) for one in tx.connection.execute(query).scalars())


def _states(viewer: Viewer) -> Any:
    return (
        select(asset_states, assets.c.id)
        .join(assets, assets.c.id == asset_states.c.asset)
        .where(_sees(viewer, assets), asset_states.c.sealed.is_not(None))
    )


# Statements ----------------------------------------------------------------------------------------------------------


def add_vex(tx: Tx, organisation: PartyId, domain: Domain, statements: Iterable[Vex]) -> int:
    """Keep statements for one owner and domain; one that is held already is not doubled. Gives how many were new."""
    new = 0
    for statement in statements:
        body = rows.encode(statement, Vex)
        id_ = tx.master.mark(f"vex {organisation} {domain.value}", body)
        held = select(vex_statements.c.id).filter_by(id=id_, organisation=organisation, domain=domain.value)
        if tx.connection.execute(held).first() is None:
            sealed = seal(tx.master, f"vex_statements/{id_}", body)
            tx.connection.execute(
                insert(vex_statements).values(
                    id=id_,
                    organisation=organisation,
                    domain=domain.value,
                    vulnerability_mark=tx.master.mark("vex vulnerability", statement.vulnerability),
                    said_at=statement.said_at,
                    wrapped=sealed.wrapped,
                    sealed=sealed.body,
                )
            )
            new += 1
    return new


def vex(tx: Tx, viewer: Viewer) -> tuple[tuple[PartyId, Domain, Vex], ...]:
    """Every statement that this viewer sees with its owner, oldest first."""
    query = select(vex_statements).where(_sees(viewer, vex_statements), vex_statements.c.sealed.is_not(None))
    return tuple(
        (
            PartyId(row.organisation),
            Domain(row.domain),
            rows.decode(
                Vex, unseal(tx.master, f"vex_statements/{row.id}", Sealed(wrapped=row.wrapped, body=row.sealed))
            ),
        )
        for row in tx.connection.execute(query.order_by(vex_statements.c.said_at, vex_statements.c.id))
    )


def add_claims(
    tx: Tx, organisation: PartyId, domain: Domain, report: ScannerReport, document: Digest, at: datetime
) -> bool:
    """Keep a scanner's export; False when these very bytes are held already for this owner and domain."""
    id_ = tx.master.mark("scanner report", f"{organisation}\n{domain.value}\n{document}")
    if tx.connection.execute(select(scanner_reports.c.id).where(scanner_reports.c.id == id_)).first() is not None:
        return False
    sealed = _seal(tx, ScannerReport, f"scanner_reports/{id_}", report)
    tx.connection.execute(
        insert(scanner_reports).values(
            id=id_, organisation=organisation, domain=domain.value, at=at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )
    return True


def claims(tx: Tx, viewer: Viewer) -> tuple[tuple[datetime, ScannerReport], ...]:
    """Every scanner export that this viewer sees with when it came, oldest first."""
    query = select(scanner_reports).where(_sees(viewer, scanner_reports), scanner_reports.c.sealed.is_not(None))
    return tuple(
        (row.at, _open(tx, ScannerReport, f"scanner_reports/{row.id}", row))
        for row in tx.connection.execute(query.order_by(scanner_reports.c.at, scanner_reports.c.id))
    )


def put_acceptance(tx: Tx, acceptance: Acceptance) -> None:
    """Keep an acceptance, or its withdrawn state."""
    sealed = _seal(tx, Acceptance, f"acceptances/{acceptance.id}", acceptance)
    tx.connection.execute(delete(acceptances).where(acceptances.c.id == acceptance.id))
    tx.connection.execute(
        insert(acceptances).values(
            id=acceptance.id,
            organisation=acceptance.organisation,
            domain=acceptance.domain.value,
            asset=acceptance.asset,
            at=acceptance.at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def accepted(tx: Tx, viewer: Viewer, *, asset: AssetId | None = None) -> tuple[Acceptance, ...]:
    """Every acceptance that this viewer sees, lapsed ones too, oldest first; with `asset` those of one asset."""
    query = select(acceptances).where(_sees(viewer, acceptances), acceptances.c.sealed.is_not(None))
    if asset is not None:
        query = query.where(acceptances.c.asset == asset)
    return tuple(
        _open(tx, Acceptance, f"acceptances/{row.id}", row)
        for row in tx.connection.execute(query.order_by(acceptances.c.at, acceptances.c.id))
    )


# Changes -------------------------------------------------------------------------------------------------------------


def stamp(tx: Tx, viewer: Viewer) -> tuple[object, ...]:
    """Another value after any change of the assets, matchings, statements or acceptances that this viewer sees.

    Every state of an asset has the next version, matchings and statements are only added, and an acceptance that is
    kept anew has another key.
    """
    moved = select(func.count(), func.sum(assets.c.version)).where(_sees(viewer, assets))
    matched = (
        select(func.count())
        .select_from(inventory_matches)
        .join(inventories, inventories.c.id == inventory_matches.c.inventory)
        .where(_sees(viewer, inventories))
    )
    said = select(func.count()).select_from(vex_statements).where(_sees(viewer, vex_statements))
    risks = select(acceptances.c.wrapped).where(_sees(viewer, acceptances)).order_by(acceptances.c.id)
    kept = hashlib.sha256()
    for wrapped in tx.connection.execute(risks).scalars():
        kept.update(wrapped or b"-")
    states, versions = tx.connection.execute(moved).one()
    several = [tx.connection.execute(query).scalar_one() for query in (matched, said)]
    return states, int(versions or 0), *several, kept.digest()


# Below the counter ---------------------------------------------------------------------------------------------------


def _sees(viewer: Viewer, table: Table) -> ColumnElement[bool]:
    """The one condition of this file: own organisation, own domains; the defend flow meets all."""
    held = sorted(domain.value for domain in domains(viewer))
    if not held or not (viewer.is_system or viewer.organisation):
        return false()
    inside = table.c.domain.in_(held)
    return inside if viewer.is_system else and_(inside, table.c.organisation == viewer.organisation)


def _put_state(tx: Tx, inventory: Inventory, listed: Contents) -> None:
    sealed = _seal(tx, Contents, f"inventory_states/{inventory.id}/{inventory.number}", listed)
    tx.connection.execute(
        insert(inventory_states).values(
            inventory=inventory.id,
            number=inventory.number,
            document_mark=_document_mark(tx, inventory.organisation, inventory.domain, inventory.document),
            received_at=inventory.received_at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def _inventory_columns(tx: Tx, inventory: Inventory) -> dict[str, Any]:
    sealed = _seal(tx, Inventory, f"inventories/{inventory.id}", inventory)
    return {
        "organisation": inventory.organisation,
        "domain": inventory.domain.value,
        "received_at": inventory.received_at,
        "number": inventory.number,
        "name_mark": _name_mark(tx, "inventory", inventory.organisation, inventory.domain, inventory.name),
        "version": inventory.version,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _asset_columns(tx: Tx, asset: Asset) -> dict[str, Any]:
    return {
        "organisation": asset.organisation,
        "domain": asset.domain.value,
        "added_at": asset.added_at,
        "retired_at": asset.retired_at,
        "name_mark": _name_mark(tx, "asset", asset.organisation, asset.domain, asset.name),
        "version": asset.version,
    }


def _searched(asset: Asset) -> tuple[str, ...]:
    return (asset.id, asset.name, asset.kind, asset.owner, asset.sub_organisation)


def _state_columns(tx: Tx, asset: Asset) -> dict[str, Any]:
    sealed = _seal(tx, Asset, f"asset_states/{asset.id}/{asset.version}", asset)
    return {
        "asset": asset.id,
        "version": asset.version,
        "at": asset.changed_at,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _refuse_taken_names(tx: Tx, columns: Sequence[Mapping[str, Any]]) -> None:
    marks = [one["name_mark"] for one in columns]
    if (
        len(set(marks)) != len(marks)
        or tx.connection.execute(select(assets.c.id).where(assets.c.name_mark.in_(marks)).limit(1)).first()
    ):
        raise Conflict("there is an asset of that name already: change that one instead")


def _name_mark(tx: Tx, kind: str, organisation: PartyId, domain: Domain, name: str) -> str:
    """Bound to owner and domain, so that equal names elsewhere have other marks."""
    return tx.master.mark(f"{kind} name", f"{organisation}\n{domain.value}\n{name.casefold()}")


def _document_mark(tx: Tx, organisation: PartyId, domain: Domain, document: Digest) -> str:
    return tx.master.mark("inventory document", f"{organisation}\n{domain.value}\n{document}")


def _seal(tx: Tx, kind: type[T], place: str, value: T) -> Sealed:
    return seal(tx.master, place, zlib.compress(rows.encode(value, kind), 6))


def _open(tx: Tx, kind: type[T], place: str, row: Row[Any]) -> T:
    packed = unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed))
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(packed, UNPACKED_LIMIT)
    if unpacker.unconsumed_tail:
        raise Tampered(f"{place} holds more than it may: restore it from a backup")
    return rows.decode(kind, plain)


def _asset(tx: Tx, row: Row[Any]) -> Asset:
    return _open(tx, Asset, f"asset_states/{row.asset}/{row.version}", row)
