"""Run each fix against the other's proof where two disputed reports bring both, and act on what that shows.

Both ways silent, on a minimal patch each: one root cause and one fix, so the cases are merged by the flow, with the
reason, and a person can split them again. One way not silent: kept, shown, and a bar to any automatic merge.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from comity.clearing import cross, flow, flow_regroup, validate
from comity.clearing.combine import SENTENCES
from comity.clearing.flow import Machines
from comity.clearing.flow_ladder import Attempt
from comity.clearing.regroup import ALONG, Actor
from comity.durable.engine import Control
from comity.durable.flows import Flow, step
from comity.durable.flows import flow as named
from comity.errors import Conflict, Forbidden, Invalid, Unavailable
from comity.model.case import Case, Stage
from comity.model.ids import CaseId, Digest, ReportId
from comity.model.recipe import Dress, Observation, Recipe
from comity.store import cases, crosses, done, reports
from comity.store.engine import Tx

BASELINE: Final = 2
"""Runs of the proof on the unpatched build: it must fire there, or its silence elsewhere says nothing."""

Fires: TypeAlias = Callable[[Attempt, Recipe, Mapping[Digest, bytes]], tuple[Observation, ...]]
"""Another proof on the build that a patch makes (`flow_ladder.fires` on this host's laboratory)."""


def flows(machines: Machines, control: Control, fires: Fires) -> tuple[Flow, ...]:
    """The flow of one pair."""

    @named(flow.CROSS)
    def cross_pair(one: str, other: str) -> None:
        ours = step("one's fix", silences, machines, fires, one, other)
        theirs = step("other's fix", silences, machines, fires, other, one)
        step("act", act, machines, control, one, other, ours, theirs)

    return (cross_pair,)


def silences(machines: Machines, fires: Fires, fix: ReportId, proof: ReportId) -> str:
    """Whether the fix that one report brings silences the proof of another: `yes`, `no` or `unknown`."""
    with machines.store.read() as tx:
        fixing, proving = reports.get(tx, fix, flow.FLOW), reports.get(tx, proof, flow.FLOW)
        own, theirs = flow.held_recipe(tx, fixing), flow.held_recipe(tx, proving)
        patches = flow.patches_of(tx, fixing)
        attached, proof_attached = flow.attached(tx, fixing), flow.attached(tx, proving)
    if not (isinstance(own, Recipe) and isinstance(theirs, Recipe)) or len(patches) != 1:
        return cross.UNKNOWN
    if own.vulnerable.digest != theirs.vulnerable.digest or not cross.is_minimal(patches[0]):
        return cross.UNKNOWN
    plan = [run for run in validate.plan(theirs) if run.dress is Dress.VULNERABLE][:BASELINE]
    try:
        before = machines.laboratory.make(theirs, plan, proof_attached).observations
        after = fires(Attempt(recipe=own, attached=attached, diff=patches[0], seed=0), theirs, proof_attached)
    except (Forbidden, Invalid, Unavailable):
        return cross.UNKNOWN
    return cross.silenced(before, after)


def act(machines: Machines, control: Control, one: ReportId, other: ReportId, ours: str, theirs: str) -> None:
    """Keep what was seen; merge the two cases when both fixes silence both proofs and nothing speaks against it.

    What follows a merge is told after its commit, and told again by a run that was cut off in between.
    """
    key = f"cross:{one}:{other}"

    def keep() -> str:
        crosses.keep(tx, one, other, ours)
        crosses.keep(tx, other, one, theirs)
        merged = _merged(machines, tx, one, other) if (ours, theirs) == (cross.YES, cross.YES) else None
        return "" if merged is None else f"merged {merged[0].id} {merged[1]}"

    with machines.store.write() as tx:
        word, _, names = str(done.once(tx, key, machines.now(), keep)).partition(" ")
        into, _, gone = names.partition(" ")
        taken = cases.get(tx, CaseId(into), flow.FLOW) if word == "merged" else None
    if taken is not None:
        flow_regroup.after_merge(machines, control, taken, CaseId(gone))


def _merged(machines: Machines, tx: Tx, one: ReportId, other: ReportId) -> tuple[Case, CaseId] | None:
    found = [reports.case_of(tx, name) for name in (one, other)]
    if None in found or found[0] == found[1]:
        return None
    held = [cases.get(tx, case, flow.FLOW) for case in found if case is not None]
    if any(case.stage in {Stage.CLOSED, Stage.PUBLISHED} for case in held):
        return None
    fixes = [{c.lower() for c in reports.get(tx, name, flow.FLOW).finding.fixed_commits} for name in (one, other)]
    if all(fixes) and not fixes[0] & fixes[1]:
        return None  # they name different fixing commits: a person decides
    into, gone = sorted(held, key=lambda case: (-ALONG[case.stage], case.opened_at, case.id))
    actor = Actor(person=flow.FLOW.person, name="clearing-flow", is_script=True, at=machines.now())
    reasons = (SENTENCES["execution"],)
    try:
        taken = flow_regroup.merge(machines, tx, flow.FLOW, into.id, gone.id, reasons, actor)
    except Conflict:
        return None
    return taken, gone.id
