"""The counter of the defender's desk: inventories, assets and what reaches them. Each call checks access first.

Which rows a caller then meets is decided in the store's queries: own organisation, own domain. A hidden thing and a
missing thing are the same `Missing`, whatever the call.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from comity.access.policy import Action, allow
from comity.defend import flow, flow_affected, flow_estate, flow_register, flow_scan
from comity.defend.affected import Reply
from comity.defend.estate import AssetLine, Estate
from comity.defend.flow_register import ClaimsTaken, Document, Outcome, Registered, StatementsTaken
from comity.defend.scan import Found, Scan, Source, Todo
from comity.defend.scan import actions as scan_actions
from comity.errors import Forbidden, Invalid, Problem
from comity.formats.listings import detect, listing, table
from comity.formats.listings.table import AssetRow
from comity.model import ids
from comity.model.advisory import Advisory
from comity.model.asset import Asset, Domain, ExposureTag, Reach, domains
from comity.model.events import Event, Kind
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Acceptance, Claim, Contents, Exposure, Inventory, Matched, ScannerReport
from comity.model.party import Viewer
from comity.store import inventories, journal, parties
from comity.store.engine import Tx

__all__ = [
    "AssetLine",
    "AssetView",
    "ClaimsTaken",
    "Defend",
    "Document",
    "Estate",
    "Found",
    "InventoryPage",
    "InventoryView",
    "Outcome",
    "Registered",
    "Reply",
    "Scan",
    "Source",
    "StatementsTaken",
    "Todo",
]

LONGEST_ACCEPTANCE = timedelta(days=366)
"""A risk is accepted for a year at most (policy parameter): an acceptance without an end hides what comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryPage:
    """Newest document first; `next` is the cursor of the next page or "" at the end."""

    rows: tuple[Inventory, ...]
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryView:
    """One inventory, what it lists, the newest answers, and who runs it. `matched` None: it was never matched."""

    inventory: Inventory
    contents: Contents
    matched: Matched | None
    assets: tuple[AssetId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetView:
    """One asset, what reaches it, every state it has had (oldest first), and what scanners claim about it."""

    asset: Asset
    exposures: tuple[Exposure, ...]
    history: tuple[Asset, ...]
    inventories: tuple[Inventory, ...] = ()
    claims: tuple[tuple[str, Claim], ...] = ()
    unmatched: int = 0
    """Components of inventories that were never matched: not assessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defend:
    """The calls, on the flow's machines."""

    machines: flow.Machines

    # ---- reading

    def inventories(self, viewer: Viewer, *, after: str = "", limit: int = 50) -> InventoryPage:
        """Inventories that this viewer may see, newest document first."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            page = inventories.page(tx, viewer, start=after or None, limit=limit)
        return InventoryPage(rows=page.items, next=page.next or "")

    def inventory(self, viewer: Viewer, id_: InventoryId) -> InventoryView:
        """One inventory with its contents and answers. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            return InventoryView(
                inventory=inventories.get(tx, id_, viewer),
                contents=inventories.contents(tx, id_, viewer),
                matched=inventories.match(tx, id_, viewer),
                assets=inventories.runners(tx, id_, viewer),
            )

    def asset(self, viewer: Viewer, id_: AssetId) -> AssetView:
        """One asset with what reaches it. Missing when there is none for this viewer."""
        allow(viewer, Action.READ_ESTATE)
        now = self.machines.now()
        with self.machines.store.read() as tx:
            asset = inventories.asset(tx, id_, viewer)
            runs = tuple(inventories.get(tx, one.inventory, viewer) for one in asset.runs)
            unmatched = sum(one.components for one in runs if inventories.match(tx, one.id, viewer) is None)
            return AssetView(
                asset=asset,
                exposures=tuple(flow.exposures(tx, asset, viewer, now=now)),
                history=inventories.history(tx, id_, viewer),
                inventories=runs,
                claims=_claims(inventories.claims(tx, viewer), asset.name),
                unmatched=unmatched,
            )

    def estate(self, viewer: Viewer, *, day: date | None = None) -> Estate:
        """All that this viewer's organisation runs, in counts: the unknown beside the known, and each asset's line."""
        allow(viewer, Action.READ_ESTATE)
        if day is not None:
            return flow_estate.as_of(self.machines, viewer, day)
        return flow_estate.of(self.machines, viewer, now=self.machines.now())

    def assets(self, viewer: Viewer, *, query: str = "", after: int = 0, limit: int = 50) -> tuple[AssetLine, ...]:
        """Lines of assets, most pressing first, those whose name holds `query`."""
        wanted = query.strip().casefold()
        lines = self.estate(viewer).lines
        kept = [one for one in lines if wanted in one.asset.name.casefold()] if wanted else list(lines)
        return tuple(kept[after : after + limit])

    def exposure(self, viewer: Viewer, asset: AssetId, vulnerability: str) -> tuple[AssetView, tuple[Exposure, ...]]:
        """What one vulnerability does to one asset, component by component. Missing when it does not reach it."""
        view = self.asset(viewer, asset)
        found = tuple(one for one in view.exposures if vulnerability in (one.vulnerability, *one.advisories))
        return view, found

    def advisories(self, viewer: Viewer, names: Sequence[str]) -> tuple[Advisory, ...]:
        """What is held here under these names: mirrored advisories, and this host's own."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            return flow.advisories(tx, names)

    # ---- taking in

    def register(self, viewer: Viewer, document: Document, *, name: str = "", domain: Domain = Domain.OTHER) -> Outcome:
        """Take an inventory, a VEX document or a scanner's export in, and match it. `Invalid` says what is wrong.

        The same bytes again change nothing; a newer document under the same name is a new state, with its difference.
        """
        allow(viewer, Action.REGISTER)
        _own_domain(viewer, domain)
        return flow_register.register_document(self.machines, viewer, document, name=name, domain=domain)

    def import_assets(
        self, viewer: Viewer, data: bytes, *, domain: Domain, columns: Mapping[str, str] | None = None
    ) -> tuple[Asset, ...]:
        """Make or change the assets of a CSV table. `Invalid` lists each cell that cannot be read; nothing is kept."""
        allow(viewer, Action.REGISTER)
        rows = table.assets(data, columns)
        for row in rows:
            _own_domain(viewer, row.domain or domain, pointer=f"/line/{row.line}")
        with self.machines.store.write() as tx:
            return self._keep_assets(tx, viewer, rows, domain)

    def tag(self, viewer: Viewer, asset: AssetId, tag: ExposureTag) -> Asset:
        """State who can reach an asset. The statement before stays in the asset's history."""
        return self.change_asset(viewer, asset, exposure=tag)

    def change_asset(
        self,
        viewer: Viewer,
        asset: AssetId,
        *,
        exposure: ExposureTag | None = None,
        planned_upgrade: date | None = None,
        retired: bool = False,
    ) -> Asset:
        """Change what is said of one asset; what is not given stays."""
        allow(viewer, Action.REGISTER)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = inventories.asset(tx, asset, viewer)
            changed = replace(
                held,
                exposure=held.exposure if exposure is None else exposure,
                planned_upgrade=held.planned_upgrade if planned_upgrade is None else planned_upgrade,
                retired_at=at if retired else held.retired_at,
                changed_at=at,
            )
            saved = inventories.save_asset(tx, changed)
            flow_register.note_asset(tx, saved, at, actor=viewer.person)
        return saved

    def accept(
        self, viewer: Viewer, asset: AssetId, vulnerability: str, *, reason: str, expires_at: datetime
    ) -> tuple[Acceptance, ...]:
        """Accept a risk on one asset until a day, one acceptance per component that it reaches.

        It binds the version, the reach and the KEV state of today, and lapses visibly when one of them changes.
        """
        allow(viewer, Action.ACCEPT_RISK)
        at = self.machines.now()
        if viewer.is_script:
            raise Forbidden("a script accepts no risk: a person must")
        _check_acceptance(reason, expires_at, at)
        _, found = self.exposure(viewer, asset, vulnerability)
        if not found:
            raise Invalid("nothing to accept", [Problem("/vulnerability", "not_found", "it does not reach this asset")])
        with self.machines.store.write() as tx:
            held = inventories.asset(tx, asset, viewer)
            kev = flow.kev(tx)
            made = tuple(
                Acceptance(
                    id="K-" + ids.code(secrets.token_bytes(8), 12),
                    organisation=held.organisation,
                    domain=held.domain,
                    asset=asset,
                    vulnerability=one.vulnerability,
                    ecosystem=one.component.ecosystem,
                    name=one.component.match_name,
                    version=one.component.match_version,
                    reason=reason.strip(),
                    by=viewer.person,
                    by_name=parties.person(tx, viewer.person).name,
                    at=at,
                    expires_at=expires_at,
                    reach=held.exposure.reach(at),
                    in_kev=any(name in kev for name in (one.vulnerability, *one.advisories)),
                )
                for one in found
            )
            for acceptance in made:
                inventories.put_acceptance(tx, acceptance)
            key = f"accepted:{made[0].id}"
            journal.append(tx, Event(kind=Kind.RISK_ACCEPTED, key=key, at=at, subjects=(asset,), actor=viewer.person))
        return made

    # ---- scanning

    def scan(
        self, viewer: Viewer, document: Document | None, *, day: date | None = None, reach: Reach = Reach.UNKNOWN
    ) -> Scan:
        """Answer a document (None: what this machine runs) without keeping it, now or as of an earlier day."""
        allow(viewer, Action.READ_ESTATE)
        if document is None:
            if not viewer.is_system and not domains(viewer):
                raise Forbidden("this account may not look at this machine")
            return flow_scan.run(self.machines, flow_scan.here(), day=day, reach=reach)
        limits = replace(listing.LIMITS, document_bytes=self.machines.settings.inventory_limit_bytes)
        listed = detect.read(
            document.data, name=document.name, release=document.release, columns=document.columns, limits=limits
        )
        if isinstance(listed, ScannerReport):
            reason = (
                f"it is an export of {listed.scanner}: a scanner's claims, no list of packages; register it instead"
            )
            raise Invalid("nothing to scan", [Problem("", "no_packages", reason)])
        if not listed.components:
            reason = "it holds VEX statements and no packages; register it beside the inventory that it is about"
            raise Invalid("nothing to scan", [Problem("", "no_packages", reason)])
        return flow_scan.run(self.machines, listed, day=day, reach=reach)

    def actions(self, found: Scan) -> tuple[Todo, ...]:
        """What a scan says to do first."""
        return scan_actions(found.found)

    def affected(self, viewer: Viewer, text: str) -> Reply:
        """Whether a product is affected, asked by its name. Anybody may ask; nothing of it is kept."""
        allow(viewer, Action.ASK_AFFECTED)
        if not 1 <= len(text.strip()) <= 200:
            raise Invalid(
                "nothing was asked", [Problem("/product", "missing_field", "name a product, such as “Product 1.2”")]
            )
        return flow_affected.ask(self.machines, text)

    # ---- reacting

    def rematch(self, *, because: str) -> int:
        """Match every inventory again, since what the mirrors say has changed. For subscriptions; safe to repeat."""
        return flow_register.rematch(self.machines, because=because)

    def advisory_published(self, advisories: Sequence[str], *, because: str) -> int:
        """Match again what holds a package of new advisories of this host. For subscriptions; safe to repeat."""
        with self.machines.store.read() as tx:
            found = tuple(one for one in flow_register.own_advisories(tx) if one.id in advisories)
        return flow_register.rematch_for(self.machines, found, because=because)

    def _keep_assets(self, tx: Tx, viewer: Viewer, rows: Sequence[AssetRow], domain: Domain) -> tuple[Asset, ...]:
        at = self.machines.now()
        by_domain = {row.domain or domain for row in rows}
        by_name: dict[Domain, dict[str, InventoryId]] = {one: {} for one in by_domain}
        problems: list[Problem] = []
        for row in rows:
            place = row.domain or domain
            for wanted in row.inventories:
                held = inventories.by_name(tx, viewer.organisation, place, wanted)
                if held is None:
                    problems.append(
                        Problem(f"/line/{row.line}", "unknown_inventory", "no inventory of that name is held")
                    )
                else:
                    by_name[place][wanted.casefold()] = held
        listing.settle(problems)
        fresh, saved = [], []
        for row in rows:
            place = row.domain or domain
            made = flow_register.new_asset(viewer, row, domain=domain, at=at, by_name=by_name[place])
            known = inventories.asset_by_name(tx, viewer.organisation, place, row.name)
            if known is None:
                fresh.append(made)
                continue
            before = inventories.asset(tx, known, viewer)
            since = {one.inventory: one.since for one in before.runs}
            changed = replace(
                made,
                id=before.id,
                version=before.version,
                added_at=before.added_at,
                runs=tuple(replace(one, since=since.get(one.inventory, at)) for one in made.runs) or before.runs,
            )
            saved.append(inventories.save_asset(tx, changed))
        saved.extend(inventories.add_assets(tx, fresh))
        for one in saved:
            flow_register.note_asset(tx, one, at, actor=viewer.person)
        return tuple(saved)


def _own_domain(viewer: Viewer, domain: Domain, pointer: str = "/domain") -> None:
    """A caller who names a domain that is not theirs hears what somebody hears who names none that there is."""
    held = domains(viewer)
    if domain not in held:
        names = ", ".join(sorted(one.value for one in held)) or "none"
        raise Invalid("bad domain", [Problem(pointer, "bad_value", f"the domains of this account are: {names}")])


def _check_acceptance(reason: str, expires_at: datetime, at: datetime) -> None:
    problems = []
    if not 10 <= len(reason.strip()) <= 2000:
        problems.append(Problem("/reason", "missing_reason", "say why in 10 to 2000 characters"))
    if not at < expires_at <= at + LONGEST_ACCEPTANCE:
        problems.append(Problem("/expires_at", "bad_value", "an acceptance ends within a year from now"))
    if problems:
        raise Invalid("the acceptance cannot be kept", problems)


def _claims(held: Sequence[tuple[datetime, ScannerReport]], asset: str) -> tuple[tuple[str, Claim], ...]:
    """What scanners claim about a host of this name. The newest export's dates win; none is closed by absence."""
    found: dict[tuple[str, str], tuple[str, Claim]] = {}
    for _, report in held:
        for claim in report.claims:
            if claim.asset.casefold() in (asset.casefold(), asset.casefold().partition(".")[0]):
                earlier = found.get((report.scanner, claim.plugin))
                first = [one for one in (earlier[1].first_seen if earlier else None, claim.first_seen) if one]
                found[report.scanner, claim.plugin] = (
                    report.scanner,
                    replace(claim, first_seen=min(first, default=None)),
                )
    return tuple(found[key] for key in sorted(found))
