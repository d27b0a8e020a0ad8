"""The counter of standing: how often reports held, for the submitter to see, to appeal, and for a person to decide."""

import secrets
from dataclasses import dataclass, replace

from comity.access.policy import Action, allow
from comity.clearing import accountability as rules
from comity.clearing import flow, flow_standing
from comity.clearing.accountability import Rates, Steer
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, PartyId, ReportId, code
from comity.model.party import Role, Viewer
from comity.model.standing import CREDIBLE, PRIOR, Appeal, Asked, Fact, Rate
from comity.store import journal, parties, standing
from comity.store.engine import Tx

__all__ = ["CREDIBLE", "PRIOR", "Appeal", "Asked", "Line", "Rate", "Rates", "Standing", "Standings", "Steer"]

TEXT_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The rates of one party, or of one model and harness. `steer` is for parties: tools are counted, never steered."""

    name: str
    is_tool: bool
    rates: Rates
    steer: Steer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a viewer may know: every party and tool for a coordinator, one's own for a submitter."""

    lines: tuple[Line, ...]
    facts: tuple[Fact, ...]
    """What each of one's own reports counts for; empty for a coordinator."""
    appeals: tuple[Appeal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """The calls. Nothing here is read by priority or by the queues of maintainers."""

    machines: flow.Machines

    def show(self, viewer: Viewer) -> Standing:
        """Rates with their intervals, what they lead to, and the appeals."""
        allow(viewer, Action.READ_STANDING)
        own = None if Role.COORDINATOR in viewer.roles else viewer.organisation
        with self.machines.store.read() as tx:
            facts = standing.facts(tx, viewer, organisation=own)
            names = {one.id: one.name for one in parties.all_organisations(tx)}
            appeals = standing.appeals(tx, viewer)
        lines = [
            Line(name=names.get(PartyId(party), party), is_tool=False, rates=made, steer=rules.steer(made))
            for party, made in sorted(_grouped(facts, tool=False).items())
        ]
        lines += [
            Line(name=tool, is_tool=True, rates=made, steer=None)
            for tool, made in sorted(_grouped(facts, tool=True).items())
        ]
        if own is not None and not lines:
            empty = rules.rates(())
            lines = [Line(name=names.get(own, own), is_tool=False, rates=empty, steer=rules.steer(empty))]
        return Standing(lines=tuple(lines), facts=facts if own is not None else (), appeals=appeals)

    def appeal(self, viewer: Viewer, report: ReportId, asked: str, text: str) -> Appeal:
        """Hold that a report of one's own organisation is counted wrongly. Conflict while one is open, or for nothing
        that counts against it."""
        allow(viewer, Action.SUBMIT)
        subject = _asked(asked, text)
        with self.machines.store.write() as tx:
            own = standing.facts(tx, viewer, organisation=viewer.organisation)
            held = next((one for one in own if one.report == report), None)
            if held is None:
                raise Missing(f"no report {report} of this organisation is counted")
            if not _counts_against(held, subject):
                raise Conflict(f"report {report} does not count against you for {subject}: there is nothing to appeal")
            if any(one.asked is subject and one.upheld is None for one in standing.appeals(tx, viewer, report=report)):
                raise Conflict(f"an appeal about {subject} of report {report} is open already")
            made = Appeal(
                id="A-" + code(secrets.token_bytes(8), 12),
                report=report,
                organisation=viewer.organisation,
                asked=subject,
                text=text.strip(),
                by=parties.person(tx, viewer.person).name,
                at=self.machines.now(),
            )
            standing.appeal(tx, made)
            self._note(tx, viewer, Kind.STANDING_APPEALED, made, asked=subject.value)
        return made

    def decide(self, viewer: Viewer, id_: str, *, upheld: bool, reason: str) -> Appeal:
        """A named coordinator of another organisation decides an appeal, with a reason; an upheld one changes the
        counts at once."""
        allow(viewer, Action.DECIDE_APPEAL)
        if not 1 <= len(reason.strip()) <= TEXT_LIMIT or not reason.strip().isprintable():
            raise Invalid("an appeal is decided with a reason", [Problem("/reason", "missing_field", "say why")])
        with self.machines.store.write() as tx:
            held = standing.one_appeal(tx, id_, viewer)
            if held.upheld is not None:
                raise Conflict(f"appeal {id_} was decided by {held.decided_by}")
            if held.organisation == viewer.organisation:
                raise Forbidden("this appeal is your own organisation's: somebody of another one decides it")
            if viewer.is_script and not self.machines.demo:
                raise Forbidden("a script decides no appeal on a host that signs as itself: a person must")
            made = replace(
                held,
                upheld=upheld,
                decided_by=parties.person(tx, viewer.person).name,
                is_script=viewer.is_script,
                reason=reason.strip(),
                decided_at=self.machines.now(),
            )
            standing.appeal(tx, made)
            self._count_report(tx, held.report)
            self._note(tx, viewer, Kind.STANDING_DECIDED, made, outcome="upheld" if upheld else "refused")
        return made

    def react(self, case: CaseId) -> int:
        """Something happened to a case: its reports may count for something else now. Gives how many were counted."""
        with self.machines.store.write() as tx:
            try:
                held = flow.case_for(tx, case, flow.FLOW)
            except Missing:
                return 0
            return flow_standing.count(tx, held, flow.reports_in(tx, held), flow.FLOW)

    def _count_report(self, tx: Tx, report: ReportId) -> None:
        held, report_ = flow.report_with_case(tx, report)
        flow_standing.count(tx, held, [report_], flow.FLOW)

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, appeal: Appeal, **facts: str) -> None:
        key, at = f"{kind}:{appeal.id}", self.machines.now()
        subjects = (appeal.report, appeal.id)
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=subjects, facts=facts, actor=viewer.person))


def _grouped(facts: tuple[Fact, ...], *, tool: bool) -> dict[str, Rates]:
    groups: dict[str, list[Fact]] = {}
    for one in facts:
        name: str | PartyId = one.tool if tool else one.organisation
        if name:
            groups.setdefault(name, []).append(one)
    return {name: rules.rates(held) for name, held in groups.items()}


def _asked(asked: str, text: str) -> Asked:
    problems = []
    if asked not in set(Asked):
        problems.append(Problem("/asked", "unknown_question", f"one of {', '.join(Asked)}"))
    if not 1 <= len(text.strip()) <= TEXT_LIMIT:
        problems.append(Problem("/text", "missing_field", f"say why, in at most {TEXT_LIMIT} characters"))
    if problems:
        raise Invalid("this is no appeal", problems)
    return Asked(asked)


def _counts_against(held: Fact, asked: Asked) -> bool:
    match asked:
        case Asked.VALID:
            return held.valid is False
        case Asked.DUPLICATE:
            return held.duplicate is True
        case Asked.SEVERITY:
            return held.overstated is True
