"""Merge and split cases in one transaction each, with what follows: a new draft, a new priority, flows that go on."""

import secrets
from collections.abc import Sequence

from comity.clearing import flow, regroup
from comity.clearing.flow import Machines
from comity.clearing.regroup import Actor
from comity.durable.engine import Control
from comity.errors import Missing
from comity.model import ids
from comity.model.case import Case, Stage
from comity.model.events import Event, Kind
from comity.model.evidence import Role
from comity.model.ids import CaseId, ReportId
from comity.model.party import Viewer
from comity.store import cases, journal, reports
from comity.store.engine import Tx

REDRAFTED = frozenset({Stage.COORDINATING, Stage.READY})


def merge(
    machines: Machines, tx: Tx, viewer: Viewer, into: CaseId, other: CaseId, reasons: tuple[str, ...], actor: Actor
) -> Case:
    """Move every report of `other` into `into`; both cases as this viewer sees them. Gives the case that took them."""
    taking, giving = cases.get(tx, into, viewer), cases.get(tx, other, viewer)
    taken, emptied = regroup.merged(taking, giving, reasons=reasons, actor=actor)
    cases.save(tx, emptied)
    if taken.stage in REDRAFTED:
        taken = flow.redrafted(machines, tx, taken)
    saved = cases.save(tx, taken)
    facts = {"reports": str(len(giving.reports)), "by": "script" if actor.is_script else "person"}
    _note(tx, actor, Kind.CASE_MERGED, f"merged:{other}:{into}", (into, other, *giving.reports), facts)
    return saved


def split(
    machines: Machines,
    tx: Tx,
    viewer: Viewer,
    case: CaseId,
    out: Sequence[ReportId],
    reasons: tuple[str, ...],
    actor: Actor,
) -> tuple[Case, Case]:
    """Move reports into a case of their own. Gives the case that stays and the new one."""
    held = cases.get(tx, case, viewer)
    undone = regroup.undoes(held, out)
    new_id = ids.case_id(secrets.token_bytes(8))
    first = next((one for one in held.reports if one in set(out)), None)
    title = reports.get(tx, first, viewer).finding.summary if first is not None else held.title
    rest, new = regroup.split(held, out, new_id=new_id, title=title, reasons=reasons, actor=actor)
    if rest.stage in REDRAFTED:
        rest = flow.redrafted(machines, tx, rest)
    rest = cases.save(tx, rest)
    new = cases.add(tx, new)
    facts = {"reports": str(len(new.reports)), "undoes": "automatic" if undone else "none"}
    _note(tx, actor, Kind.CASE_SPLIT, f"split:{case}:{new_id}", (case, new_id, *new.reports), facts)
    return rest, new


def after_merge(machines: Machines, control: Control, taken: Case, emptied: CaseId) -> None:
    """What follows once it is committed: one priority for all reports; the flow of the emptied case ends."""
    flow.order(machines, taken.id, f"merged:{emptied}")
    _signal(control, emptied, "closed")
    if taken.stage in REDRAFTED:
        _signal(control, taken.id, f"merged:{emptied}")


def after_split(machines: Machines, control: Control, rest: Case, new: Case) -> None:
    """What follows once it is committed: each goes on by itself."""
    for case in (rest, new):
        flow.order(machines, case.id, f"split:{rest.id}:{new.id}")
    if new.stage is Stage.VALID:
        control.start(flow.COORDINATE, new.id, new.id)
    elif new.stage is Stage.VALIDATING:
        with machines.store.read() as tx:
            held = [reports.get(tx, one, flow.FLOW) for one in new.reports]
        proven = next((r for r in held if any(a.role is Role.RECIPE for a in r.finding.attachments)), held[0])
        flow.hand_on(machines, control, [[new.id, proven.id]])
    if rest.stage in REDRAFTED:
        _signal(control, rest.id, f"split:{new.id}")


def _signal(control: Control, case: CaseId, key: str) -> None:
    try:
        control.signal(flow.coordination(case), flow.CHANGED, key=key)
    except Missing:
        return  # nobody coordinates it yet


def _note(tx: Tx, actor: Actor, kind: Kind, key: str, subjects: tuple[str, ...], facts: dict[str, str]) -> None:
    journal.append(tx, Event(kind=kind, key=key, at=actor.at, subjects=subjects, facts=facts, actor=actor.person))
