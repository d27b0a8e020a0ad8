"""The counter of advice: a plan with its evidence, what leaves the house, and one page for a small operator.

Each call checks access first; which rows a caller meets is decided in the store's queries, by organisation and domain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.access.policy import Action, allow
from comity.defend import flow, flow_advice, flow_lists, flow_models, plan, plan_check, tagging
from comity.defend.desk_ai import AiDefence
from comity.defend.flow_lists import Lists
from comity.defend.plan_facts import Unfounded
from comity.defend.tagging import Proposal
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.formats import columns, csaf_vex, cyclonedx_vex, ics, openvex, oscal
from comity.language import endpoint
from comity.model.advisory import Publisher
from comity.model.asset import Asset, Confidence, ExposureTag, Reach
from comity.model.capability import Task
from comity.model.directive import Pack
from comity.model.events import Event, Kind
from comity.model.ids import AssetId, Digest
from comity.model.inventory import Vex
from comity.model.party import Viewer
from comity.model.plan import EvidencePack, Plan, Record
from comity.model.remedy import Remedy, Standing
from comity.store import inventories, journal, parties
from comity.store.engine import Tx

__all__ = ["EXPORTS", "Advice", "Export", "First", "OnePage", "PlanView", "Proposed"]

EXPORTS: Final[Mapping[str, str]] = {
    "oscal": "OSCAL plan of action and milestones (JSON)",
    "fedramp-poam": "FedRAMP plan of action, open items (CSV)",
    "fedramp-vdr": "FedRAMP vulnerability detection and response report (CSV)",
    "cdm": "Rows for a CDM-like dashboard (CSV)",
    "ics": "Calendar of due dates (iCalendar)",
    "openvex": "VEX statements of this host (OpenVEX)",
    "cyclonedx-vex": "VEX statements of this host (CycloneDX)",
    "csaf-vex": "VEX statements of this host (CSAF)",
}
"""What can leave the house, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan that holds, with every record beside the sentences that cite it."""

    asset: Asset
    plan: Plan
    pack: EvidencePack
    accepted: int
    """Findings whose risk is accepted for a time: no part of the plan."""
    silent: str
    """Why no model may be asked; "" when one may."""
    packs: tuple[Pack, ...]
    """As in `First`."""

    def records(self, cites: Sequence[Digest]) -> tuple[Record, ...]:
        """The cited records, in the order of the citations."""
        return tuple(self.pack.by_digest[cite] for cite in cites)


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What is most pressing, a row for each component that a finding is in, and how many findings there are in all."""

    rows: tuple[Remedy, ...]
    open: int
    done: int
    packs: tuple[Pack, ...]
    """The directives that the dates come from, with how sure each transcription is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file to hand over. `left_out` counts what the format has no place for."""

    name: str
    media_type: str
    data: bytes
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePage:
    """One page for a small operator: one action, by when, whom to ask; below it the analyst's own facts."""

    asset: Asset
    when: str
    """now, this month, with the next upgrade, or cannot tell: never a green word for what nobody knows."""
    action: str
    by: datetime | None
    meanwhile: str
    others: int
    remedies: tuple[Remedy, ...]
    made_at: datetime
    contact: str
    packs: tuple[Pack, ...]
    """As in `First`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A proposal about who can reach an asset. `by_model`: a model made it, and no rule; `note` says why or why not."""

    asset: Asset
    proposal: Proposal
    by_model: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The calls, on the flow's machines."""

    machines: flow.Machines
    ai: AiDefence
    lists: Lists

    def plan(self, viewer: Viewer, asset: AssetId, *, model: bool = False, grant: str = "") -> PlanView:
        """The plan for one asset. With `model` a model may word it, while the register has the planner in use; `grant`
        is the key of an access grant instead of the organisation's own entry.

        Missing for an asset of somebody else's. Conflict when a record does not hold on counting again.
        """
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            held = flow_advice.gather(tx, self.machines, viewer, asset)
            packs = self._packs(tx, viewer, held.asset)
        try:
            made = plan.compose(held.pack, held.tables)
        except Unfounded as error:
            raise Conflict(f"no plan can be made of what is held: {error}") from error
        silent = "" if grant else self.ai.silent(viewer, Task.PLANNER)
        if model and silent:
            made = replace(made, note=f"without a model: {silent}")
        elif model:
            if grant:
                self.ai.spend(viewer, grant, Task.PLANNER)
            made = flow_models.reworded(endpoint(self.machines.settings), made, held.pack, held.tables).plan
        problems = plan_check.check(made, held.pack, held.tables)
        if problems:
            raise Conflict(f"the plan does not hold against its records: {problems[0].reason}")
        return PlanView(
            asset=held.asset,
            plan=made,
            pack=held.pack,
            accepted=sum(one.acceptance is not None for one in held.exposures),
            silent=silent,
            packs=packs,
        )

    def remedies(self, viewer: Viewer, *, asset: AssetId | None = None) -> tuple[Remedy, ...]:
        """Every finding with what is due and what to do, most pressing first."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            return flow_advice.listed(tx, self.machines, viewer, asset)

    def first(self, viewer: Viewer, *, limit: int) -> First:
        """The most pressing open findings of all that this viewer meets; what a page shows of an estate of any size."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            warm = self.lists.of(tx, viewer)
            chosen = warm.laid.wanted("", "")
            wanted: dict[AssetId, set[str]] = {}
            for number in chosen[:limit]:
                asset, line = warm.at_place(number)
                wanted.setdefault(asset.id, set()).add(line.flaw)
            rows = flow_advice.listed(tx, self.machines, viewer, wanted=wanted)
        return First(
            rows=rows,
            open=len(chosen),
            done=warm.laid.summary.done,
            packs=flow_lists.in_force(warm.packs, warm.domains(), warm.at.date()),
        )

    def export(self, viewer: Viewer, kind: str, *, asset: AssetId | None = None) -> Export:
        """One export. Missing for an unknown kind; Invalid when there is nothing that the format could hold."""
        allow(viewer, Action.READ_ESTATE)
        if kind not in EXPORTS:
            raise Missing(f"no export {kind}: one of {', '.join(EXPORTS)}")
        at = self.machines.now()
        stamp = f"{at:%Y%m%d}"
        if kind.endswith("vex"):
            return self._vex(viewer, kind, at)
        todo = tuple(one for one in self.remedies(viewer, asset=asset) if one.standing is not Standing.DONE)
        if kind == "ics":
            calendar = ics.calendar(todo, name="Due dates", at=at)
            return Export(
                name=f"due-{stamp}.ics",
                media_type=ics.MEDIA_TYPE,
                data=calendar.data,
                left_out=len(calendar.left_out),
            )
        if kind == "oscal":
            if not todo:
                raise Invalid(
                    "there is nothing open: OSCAL has no plan without items, a snapshot says that there is none"
                )
            system = self.machines.settings.organisation
            data = oscal.of(todo, system=system, title=f"Plan of action and milestones of {system}", at=at)
            return Export(name=f"poam-{stamp}.json", media_type=oscal.MEDIA_TYPE, data=data)
        return Export(
            name=f"{kind}-{stamp}.csv", media_type="text/csv", data=columns.write(columns.shipped(kind), todo)
        )

    def one_page(self, viewer: Viewer, asset: AssetId) -> OnePage:
        """What a small operator does first, from the same remedies as the analyst's list."""
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            held = inventories.asset(tx, asset, viewer)
            found = flow_advice.listed(tx, self.machines, viewer, asset)
            packs = self._packs(tx, viewer, held)
        return one_page_of(held, found, at=self.machines.now(), contact=held.owner, packs=packs)

    def _packs(self, tx: Tx, viewer: Viewer, asset: Asset) -> tuple[Pack, ...]:
        return flow_lists.in_force(flow_lists.own_packs(tx, viewer), [asset.domain], self.machines.now().date())

    def propose_exposure(
        self, viewer: Viewer, asset: AssetId, facts: bytes, *, model: bool = False, grant: str = ""
    ) -> Proposed:
        """Who can reach an asset, by rules over facts; nothing is changed until a person confirms it.

        With `model`, where the rules leave it open, a model may propose, while the register has the tagger in use, or
        under an access `grant`.
        """
        allow(viewer, Action.READ_ESTATE)
        with self.machines.store.read() as tx:
            held = inventories.asset(tx, asset, viewer)
        at = self.machines.now()
        given = tagging.read_facts(facts)
        ruled = tagging.propose(given, at=at)
        if not model:
            return Proposed(asset=held, proposal=ruled)
        if not ruled.is_open:
            return Proposed(asset=held, proposal=ruled, note="the rules decide: no model was asked")
        silent = "" if grant else self.ai.silent(viewer, Task.TAGGER)
        if silent:
            return Proposed(asset=held, proposal=ruled, note=f"without a model: {silent}")
        if grant:
            self.ai.spend(viewer, grant, Task.TAGGER)
        found, asked = flow_models.judged(endpoint(self.machines.settings), given, at)
        return Proposed(asset=held, proposal=found or ruled, by_model=found is not None, note=asked.sentence)

    def confirm_exposure(self, viewer: Viewer, asset: AssetId, facts: bytes, *, value: Reach | None = None) -> Asset:
        """Take a proposal over as this person's word.

        Where the rules leave it open, the person says which `value` (a model may have proposed it): it is theirs then.
        Conflict when nothing is proposed and nothing said, or when what is said is not what the rules find.
        """
        allow(viewer, Action.CONFIRM_EXPOSURE)
        at = self.machines.now()
        given = tagging.read_facts(facts)
        proposal = tagging.propose(given, at=at)
        if viewer.is_script and proposal.is_open:
            raise Forbidden("a script says nothing that the rules leave open: a person must")
        if not proposal.is_open and value not in (None, proposal.value):
            raise Conflict(f"the facts say {proposal.value}: tag the asset itself to say otherwise")
        if proposal.is_open:
            said = [fact for fact in given if fact.holds(at)]
            if value in (None, Reach.UNKNOWN) or not said:
                raise Conflict("the facts do not say who can reach this asset: say it yourself, or bring more facts")
            proposal = replace(
                proposal,
                value=value,
                because=f"the rules leave it open over: {', '.join(dict.fromkeys(one.kind for one in said))}",
                expires_at=min(one.expires_at for one in said),
            )
        with self.machines.store.write() as tx:
            held = inventories.asset(tx, asset, viewer)
            name = parties.person(tx, viewer.person).name
            tag = ExposureTag(
                value=proposal.value,
                confidence=Confidence.CONFIRMED,
                source=f"{proposal.because}; confirmed by {name}"[:500],
                at=at,
                expires_at=proposal.expires_at,
            )
            saved = inventories.save_asset(tx, replace(held, exposure=tag, changed_at=at))
            journal.append(
                tx,
                Event(
                    kind=Kind.EXPOSURE_CONFIRMED,
                    key=f"exposure:{asset}:{saved.version}",
                    at=at,
                    subjects=(asset,),
                    facts={},
                    actor=viewer.person,
                ),
            )
        return saved

    def _vex(self, viewer: Viewer, kind: str, at: datetime) -> Export:
        with self.machines.store.read() as tx:
            bound = [one for _, _, one in inventories.vex(tx, viewer) if one.version or one.versions]
        held = [one for one in bound if one.version or kind != "openvex"]
        own = self.machines.settings.organisation
        mine = [replace(one, author=one.author or own) for one in held]
        if not mine:
            raise Invalid(
                "no VEX statement that is bound to a version is held here",
                [Problem("", "nothing_held", "take one in with `comity defend register FILE`")],
            )
        said: Sequence[Vex] = [one for one in mine if one.author == own]
        if not said:
            raise Invalid(
                "only statements of other authors are held here, and a document speaks for its author",
                [Problem("", "not_own", "get them from their author, or say it yourself")],
            )
        name = f"{kind}-{at:%Y%m%d}.json"
        left = len(bound) - len(said)
        if kind == "openvex":
            return Export(name=name, media_type=openvex.MEDIA_TYPE, data=openvex.write(said, at=at), left_out=left)
        if kind == "cyclonedx-vex":
            data = cyclonedx_vex.write(said, at=at)
            return Export(name=name, media_type=cyclonedx_vex.MEDIA_TYPE, data=data, left_out=left)
        publisher = Publisher(
            name=own, namespace=self.machines.settings.address or "https://comity.invalid", category="user"
        )
        data = csaf_vex.write(said, publisher=publisher, at=at)
        return Export(name=name, media_type=csaf_vex.MEDIA_TYPE, data=data, left_out=left)


def one_page_of(
    asset: Asset, remedies: Sequence[Remedy], *, at: datetime, contact: str, packs: tuple[Pack, ...]
) -> OnePage:
    """The page: the most pressing open remedy becomes the one action; all of them stand below."""
    todo = [one for one in remedies if one.standing in {Standing.OPEN, Standing.MITIGATED}]
    first = todo[0] if todo else None
    when = "cannot tell"
    if first is not None and first.due is not None:
        days = (first.due - at).total_seconds() / 86400
        when = "now" if first.overdue or days <= 3 else "this month" if days <= 31 else "in the coming weeks"
    elif first is not None and first.tier:
        when = "with the next upgrade"
    elif first is None and remedies:
        when = "nothing is open"
    action = "Ask somebody to look at this system: nothing here can say what it needs."
    if first is not None:
        action = first.action
    elif remedies:
        action = "Nothing is left to do for what is known; the list below says how fresh that is."
    shielded = first is not None and not first.fix
    meanwhile = "Until then, let nobody outside reach this system, and keep a copy of its data elsewhere."
    return OnePage(
        asset=asset,
        when=when,
        action=action,
        by=first.due if first else None,
        meanwhile=meanwhile if shielded or (first is not None and first.overdue) else "",
        others=max(len(todo) - 1, 0),
        remedies=tuple(remedies),
        made_at=at,
        contact=contact,
        packs=packs,
    )
