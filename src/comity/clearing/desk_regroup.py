"""The counter for duplicates: what a case may be the same as, beside it and with reasons; merging and splitting."""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.access.policy import Action, allow
from comity.clearing import flow, flow_compare, flow_regroup, regroup
from comity.clearing.regroup import Actor
from comity.durable.engine import Control
from comity.errors import Missing
from comity.model.case import Case, Stage
from comity.model.ids import CaseId, ReportId
from comity.model.party import Viewer
from comity.model.report import Report
from comity.store import cases, journal, parties, reports
from comity.store.engine import Tx

CASES = 12
"""Cases that are laid beside one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One fact of two cases, side by side. Empty: nobody said."""

    name: str
    here: str
    there: str
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A case that may be the same, and what speaks for and against it."""

    case: CaseId
    title: str
    stage: Stage
    reports: int
    probability: float
    calibrated: bool
    """False: an estimate by weights that were set by hand."""
    reasons: tuple[str, ...]
    identity: tuple[str, ...]
    bars: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """One case beside what it may be the same as, likeliest first."""

    case: Case
    reports: tuple[Report, ...]
    others: tuple[Beside, ...]
    figures: "Figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What became of merges on this host."""

    automatic: int = 0
    """Reports that the machine joined to a case."""
    reversed: int = 0
    """Splits that undid such a merge."""
    merges: int = 0
    splits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Regroup:
    """The calls, on the flow's machines."""

    machines: flow.Machines
    control: Control

    def beside(self, viewer: Viewer, case: CaseId) -> Duplicates:
        """What this case may be the same as, asked anew, since verdicts change as the pool grows."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            held = cases.get(tx, case, viewer)
            own = tuple(reports.get(tx, one, viewer) for one in held.reports)
            best: dict[CaseId, flow_compare.Seen] = {}
            for report in own[:8]:
                recipe, patches = flow.recipe_of(tx, report), flow.patches_of(tx, report)
                for seen in flow_compare.looked(tx, report, recipe, patches, self.machines.meaning):
                    if seen.case != case and _stronger(seen, best.get(seen.case)):
                        best[seen.case] = seen
            linked = [other for link in held.links for other in link.cases if other not in best and other != case]
            ranked = sorted(best.values(), key=lambda s: (not s.opinion.identity, -s.opinion.probability, s.case))
            others = [_beside(tx, viewer, own, seen) for seen in ranked if _worth(seen)]
            others += [_linked(tx, viewer, own, other) for other in dict.fromkeys(linked)]
            figures = _figures(tx)
        shown = tuple(one for one in others if one is not None)[:CASES]
        return Duplicates(case=held, reports=own, others=shown, figures=figures)

    def merge(self, viewer: Viewer, into: CaseId, other: CaseId, *, reason: str) -> Case:
        """Move every report of `other` into `into`, for a stated reason. Conflict when that cannot be."""
        allow(viewer, Action.REGROUP)
        why = regroup.reason_of(reason)
        with self.machines.store.write() as tx:
            actor = self._actor(tx, viewer)
            taken = flow_regroup.merge(
                self.machines, tx, viewer, into, other, (f"merged by {actor.name}: {why}",), actor
            )
        flow_regroup.after_merge(self.machines, self.control, taken, other)
        return taken

    def split(self, viewer: Viewer, case: CaseId, out: Sequence[ReportId], *, reason: str) -> tuple[Case, Case]:
        """Move reports into a case of their own, for a stated reason. Gives the case that stays and the new one."""
        allow(viewer, Action.REGROUP)
        why = regroup.reason_of(reason)
        with self.machines.store.write() as tx:
            rest, new = flow_regroup.split(self.machines, tx, viewer, case, out, (why,), self._actor(tx, viewer))
        flow_regroup.after_split(self.machines, self.control, rest, new)
        return rest, new

    def _actor(self, tx: Tx, viewer: Viewer) -> Actor:
        name = parties.person(tx, viewer.person).name
        return Actor(person=viewer.person, name=name, is_script=viewer.is_script, at=self.machines.now())


def _stronger(seen: flow_compare.Seen, held: flow_compare.Seen | None) -> bool:
    if held is None:
        return True
    return (bool(seen.opinion.identity), seen.opinion.probability) > (
        bool(held.opinion.identity),
        held.opinion.probability,
    )


def _worth(seen: flow_compare.Seen) -> bool:
    """Text alone may bring a case before a person's eyes, though it links nothing by itself."""
    return bool(seen.opinion.identity) or seen.opinion.probability >= flow_compare.weights().link_at / 2


def _beside(tx: Tx, viewer: Viewer, own: Sequence[Report], seen: flow_compare.Seen) -> Beside | None:
    try:
        case = cases.get(tx, seen.case, viewer)
        other = reports.get(tx, seen.report, viewer)
    except Missing:
        return None  # not this viewer's to see: no sign of it
    return Beside(
        case=case.id,
        title=case.title,
        stage=case.stage,
        reports=len(case.reports),
        probability=seen.opinion.probability,
        calibrated=seen.opinion.calibrated,
        reasons=seen.opinion.reasons,
        identity=seen.opinion.identity,
        bars=seen.opinion.bars,
        lines=lines(own[0], other) if own else (),
    )


def _linked(tx: Tx, viewer: Viewer, own: Sequence[Report], name: CaseId) -> Beside | None:
    try:
        case = cases.get(tx, name, viewer)
        other = reports.get(tx, case.reports[0], viewer) if case.reports else None
    except Missing:
        return None
    return Beside(
        case=case.id,
        title=case.title,
        stage=case.stage,
        reports=len(case.reports),
        probability=0.0,
        calibrated=False,
        reasons=("linked earlier; little speaks for it today",),
        identity=(),
        bars=(),
        lines=lines(own[0], other) if own and other is not None else (),
    )


def lines(here: Report, there: Report) -> tuple[Line, ...]:
    """Two reports fact by fact."""
    rows = []
    for name, one, other in zip(NAMES, _facts(here), _facts(there), strict=True):
        if one or other:
            same = name not in NO_EVIDENCE and bool(set(one) & set(other))
            rows.append(Line(name=name, here=", ".join(one), there=", ".join(other), same=same))
    return tuple(rows)


NO_EVIDENCE = frozenset({"received", "organisation"})
"""Facts that are shown and say nothing about the weakness."""

NAMES = (
    "summary",
    "product",
    "affected versions",
    "fixed in",
    "weakness class",
    "identifiers",
    "place",
    "crash frames",
    "introduced by",
    "fixed by",
    "received",
    "organisation",
)


def _facts(report: Report) -> tuple[tuple[str, ...], ...]:
    f = report.finding
    return (
        (f.summary,),
        tuple(sorted(flow_compare.packages(f))),
        tuple(v for a in f.affected for v in a.versions)[:8],
        tuple(v for a in f.affected for v in a.fixed_versions)[:4],
        f.cwes[:4],
        f.aliases[:4],
        tuple(" ".join(part for part in (s.file, s.function) if part) for s in f.symbols[:4]),
        f.crash_frames[:4],
        tuple(c[:12] for c in f.introduced_commits[:2]),
        tuple(c[:12] for c in f.fixed_commits[:2]),
        (f"{report.received_at:%Y-%m-%d}",),
        (report.organisation,),
    )


def _figures(tx: Tx) -> Figures:
    return Figures(
        automatic=journal.tally(tx, "report.deconflicted", outcome="same"),
        reversed=journal.tally(tx, "case.split", undoes="automatic"),
        merges=journal.tally(tx, "case.merged", by="person"),
        splits=journal.tally(tx, "case.split"),
    )
