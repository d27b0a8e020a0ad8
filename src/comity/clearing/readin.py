"""Decide what somebody who was read in to a case sees of it: by tier, never more than their part needs.

A finder sees their own organisation's reports and nothing of another finder's text, whatever their tier: a draft may
hold another's words, so it is shown only while all reports of the case are their own. Who is invited to an embargo and
has not agreed sees the invitation alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from comity.clearing import embargo, supplier_told
from comity.errors import Forbidden, Invalid, Problem
from comity.model.advisory import Advisory
from comity.model.case import Case
from comity.model.coordination import (
    HANDLED_MOVES,
    KEEPS_QUIET,
    SEES,
    TIER_LABEL,
    TIERS_OF,
    Consent,
    Coordination,
    Handled,
    Message,
    Part,
    Participant,
    Proposal,
    Quiet,
    Terms,
    Thing,
    Tier,
)
from comity.model.evidence import Attachment, Role
from comity.model.handling import Tlp
from comity.model.ids import PartyId, ReportId
from comity.model.product import Affected
from comity.model.report import Finding, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """One report as a participant may see it: its text where the tier has it, and files by digest."""

    report: ReportId
    finding: Finding | None
    files: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A case as one participant sees it. What is not theirs is absent: None or empty.

    `may_read` False: the invitation alone, so nothing that names the product. `moves` are what they may do with the
    report now.
    """

    seat: str
    name: str
    part: Part
    tier: Tier
    label: Tlp
    why: str
    may_read: bool
    quiet: Quiet
    terms: Terms | None
    proposal: Proposal | None
    consent: Consent
    handled: Handled
    moves: tuple[Handled, ...]
    may_set_dates: bool
    expires_at: datetime | None
    title: str = ""
    stage: str = ""
    advisory: str = ""
    affected: tuple[Affected, ...] = ()
    verdicts: tuple[str, ...] = ()
    shared: tuple[Shared, ...] = ()
    draft: Advisory | None = None
    thread: tuple[Message, ...] = ()
    reference: str = ""
    """What stands in this copy alone (`canaries`); "" while there is nothing to read."""
    others: tuple[tuple[str, str], ...] = ()
    """Who else takes part: id and what they are called; for those who may write to them."""
    vex: supplier_told.Desk | None = None
    """What a maintainer may state as VEX, and stated."""


BOUND = KEEPS_QUIET
"""Whose consent lets them see a case under embargo."""


def is_reading(held: Coordination, participant: Participant) -> bool:
    """Whether this participant may read the case now: no embargo is in force, or they are bound by it."""
    return not held.is_bound() or participant.consent in KEEPS_QUIET


def check_tier(part: Part, tier: Tier) -> None:
    """Raises Invalid for a tier that a part does not have: tiers go by role, never by seniority."""
    if tier not in TIERS_OF[part]:
        words = " or ".join(sorted(one.value for one in TIERS_OF[part]))
        raise Invalid("this tier does not fit", [Problem("/tier", "bad_tier", f"a {part} is read in at tier {words}")])


def things(participant: Participant, *, is_alone: bool) -> frozenset[Thing]:
    """What of the case this participant may see. `is_alone`: every report of the case is their organisation's."""
    seen = SEES[participant.tier]
    if participant.part is Part.FINDER and not is_alone:
        return seen - {Thing.DRAFT, Thing.FIX, Thing.ARTEFACT}
    return seen


def invitation(held: Coordination, participant: Participant) -> Workspace:
    """What somebody sees who may not read yet: that there is an embargo, until when, and what they are asked.

    Not why they were read in: a coordinator's words may name the product.
    """
    return Workspace(
        seat=participant.id,
        name=participant.name,
        part=participant.part,
        tier=participant.tier,
        label=TIER_LABEL[participant.tier],
        why="",
        may_read=False,
        quiet=held.quiet,
        terms=_masked(held.terms, participant),
        proposal=_masked_proposal(held.proposal, participant),
        consent=participant.consent,
        handled=participant.handled,
        moves=(),
        may_set_dates=False,
        expires_at=participant.expires_at,
    )


def workspace(
    held: Coordination,
    participant: Participant,
    *,
    case: Case,
    reports: Mapping[ReportId, Report],
    organisation: PartyId,
    draft: Advisory | None,
    verdicts: tuple[str, ...],
    thread: tuple[Message, ...],
    reference: str = "",
    approvals: int = 2,
) -> Workspace:
    """The case through this participant's eyes. `organisation` is theirs: a finder's reports are known by it."""
    own = {id_: report for id_, report in reports.items() if report.organisation == organisation}
    seen = things(participant, is_alone=len(own) == len(reports))
    mine = own if participant.part is Part.FINDER else reports
    knows_case = Thing.ARTEFACT in seen
    texts = Thing.FINDING in seen
    title = case.title if texts and (participant.part is not Part.FINDER or knows_case) else ""
    if participant.part is Part.FINDER and own:
        title = next(iter(own.values())).finding.summary
    return Workspace(
        seat=participant.id,
        name=participant.name,
        part=participant.part,
        tier=participant.tier,
        label=max(TIER_LABEL[participant.tier], case.handling.tlp) if texts else TIER_LABEL[participant.tier],
        why=participant.why,
        may_read=True,
        quiet=held.quiet,
        terms=_masked(held.terms, participant),
        proposal=_masked_proposal(held.proposal, participant),
        consent=participant.consent,
        handled=participant.handled,
        moves=tuple(one for one in Handled if one in HANDLED_MOVES[participant.handled]),
        may_set_dates=participant.part in embargo.NEGOTIATES,
        expires_at=participant.expires_at,
        title=title,
        stage=str(case.stage),
        advisory=str(case.advisory or "") if knows_case else "",
        affected=draft.affected if draft is not None and knows_case else (),
        verdicts=verdicts if texts and knows_case else (),
        shared=tuple(_shared(report, seen) for report in mine.values()) if seen & {Thing.FINDING, Thing.FIX} else (),
        draft=draft if Thing.DRAFT in seen else None,
        thread=thread,
        reference=reference,
        vex=supplier_told.desk(held, participant, case, draft, approvals=approvals) if draft is not None else None,
    )


def _shared(report: Report, seen: frozenset[Thing]) -> Shared:
    """Proof files go to who tests the fix; to tier 2 the patches alone."""
    files = report.finding.attachments
    if Thing.PROOF not in seen:
        files = tuple(one for one in files if one.role is Role.PATCH)
    return Shared(report=report.id, finding=report.finding if Thing.FINDING in seen else None, files=files)


def _masked(terms: Terms | None, participant: Participant) -> Terms | None:
    """Who else set a date is not told to those who do not work with them: one finder never learns of another."""
    if terms is None or participant.part in (Part.MAINTAINER, Part.ANALYST, Part.COORDINATOR):
        return terms
    if terms.by in (embargo.HOST, participant.name):
        return terms
    return replace(terms, by="a party", basis="")


def _masked_proposal(proposal: Proposal | None, participant: Participant) -> Proposal | None:
    if proposal is None:
        return None
    terms = _masked(proposal.terms, participant)
    assert terms is not None
    return replace(proposal, terms=terms, agreed=tuple(one for one in proposal.agreed if one == participant.id))


def may_write_to(participant: Participant, readers: frozenset[str], held: Coordination) -> None:
    """A participant writes to the coordinators, who read all, and to maintainers and analysts with whom they work.

    Forbidden for anybody else: finders do not learn of each other, and later tiers of nobody.
    """
    allowed = {
        one.id
        for one in held.participants
        if one.part in (Part.MAINTAINER, Part.ANALYST) and participant.part in (Part.MAINTAINER, Part.ANALYST)
    }
    if not readers <= allowed | {participant.id}:
        raise Forbidden("write to the coordinators; they pass on what others need")
