"""What of a case leaves this host, as whoever gets it takes it: gathered under one set of rules for every way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from comity.clearing import flow, handover
from comity.errors import Conflict, Invalid, Problem
from comity.formats import csaf_report, tap_write
from comity.model.advisory import Publisher
from comity.model.case import Case, Stage
from comity.model.federation import Delivery, Door, Letter, Partner
from comity.model.handling import Tlp
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.model.report import Report
from comity.store import blobs, cases, partners, reports
from comity.store.engine import Tx

CONSENT = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A case with its reports that go out, the strictest label of all of it, and what their texts may say of people."""

    case: Case
    reports: tuple[Report, ...]
    tlp: Tlp
    no_equities_use: bool


def gathered(tx: Tx, viewer: Viewer, held: Case, *, keep: Mapping[str, str], to: Partner | None = None) -> Leaving:
    """The reports of a case that this viewer may hand out; `to` gets none of its own back.

    Invalid for personal information without a reason in `keep` (6 USC 1503(d)(2)); Conflict when nothing is left.
    """
    members = [reports.get(tx, one, viewer) for one in held.reports]
    own = [one for one in members if to is None or one.organisation != to.organisation]
    if not own:
        raise Conflict("every report of this case came from this partner")
    left = handover.left([one.finding for one in own], keep)
    if left:
        reason = "give a reason for it to go along, or have it taken out"
        raise Invalid(
            "the case holds personal information",
            [Problem(f"/reports/{one.field}", "personal_information", f"{one.kind}: {reason}") for one in left],
        )
    return Leaving(
        case=held,
        reports=tuple(own),
        tlp=max((held.handling.tlp, *(one.finding.handling.tlp for one in own))),
        no_equities_use=held.handling.no_equities_use or any(o.finding.handling.no_equities_use for o in own),
    )


def for_partner(tx: Tx, viewer: Viewer, case: CaseId, to: Partner, *, basis: str, keep: Mapping[str, str]) -> Leaving:
    """As `gathered`, for a hand-over. Conflict for a closed case, for one on its way there already, and for TLP:RED on
    any ground but the consent of those it comes from (FIRST TLP 2.0: RED is for those it was given to)."""
    held = gathered(tx, viewer, is_open(tx, viewer, case, to.id), keep=keep, to=to)
    if held.tlp is Tlp.RED and basis != CONSENT:
        raise Conflict(
            "this case holds TLP:RED: it goes to another host only with the consent of those it comes from; "
            "ask them, then cite the ground consent"
        )
    return held


def is_open(tx: Tx, viewer: Viewer, case: CaseId, partner: str) -> Case:
    """The case. Conflict for a closed one, and for one on its way to this partner already."""
    found = cases.get(tx, case, viewer)
    if found.stage is Stage.CLOSED:
        raise Conflict(f"case {case} is closed: a new fact opens a linked case")
    if any(o.partner == partner and o.state is Delivery.WAITING for o in partners.sent(tx, viewer, case=case)):
        raise Conflict("this case is on its way there already")
    return found


def outgrown(tx: Tx, letter: Letter) -> str:
    """Why what was decided then may not leave now: the case is held more strictly than its letter says. "" if it may.

    A hand-over waits for days, and is sent again after longer. What is enclosed keeps the label and date of its day.
    """
    held = cases.get(tx, letter.case, flow.FLOW)
    rules = [held.handling, *(reports.get(tx, one, flow.FLOW).finding.handling for one in held.reports)]
    tlp, until = max(one.tlp for one in rules), held.embargo_until
    if tlp > letter.tlp:
        return f"the case is {tlp.label} now and the letter says {letter.tlp.label}: hand it over anew"
    if any(one.no_equities_use for one in rules) and not letter.no_equities_use:
        return "the case may not be used in an equities process now, which the letter does not say: hand it over anew"
    if until is not None and (letter.embargo_until is None or until > letter.embargo_until):
        return "the case is under a longer embargo than the letter says: hand it over anew"
    return ""


def documents(
    tx: Tx, leaving: Leaving, to: Partner, *, publisher: Publisher, at: datetime
) -> tuple[list[bytes], list[bytes]]:
    """Reports and signed statements as this partner takes them. A TAP intake has no place for statements."""
    if to.door is Door.TAP:
        return [_tap(tx, leaving, one, publisher=publisher, at=at) for one in leaving.reports], []
    reports_ = [handover.document(one, leaving.case, flow.attached(tx, one)) for one in leaving.reports]
    return reports_, _statements(tx, leaving.case)


def csaf(leaving: Leaving, one: Report, *, publisher: Publisher, at: datetime) -> bytes:
    """One of these reports as a vulnerability report of CSAF 2.1, under the stricter label of report and case."""
    finding = handover.as_it_leaves(one, leaving.case)
    return csaf_report.write(finding, name=one.id, publisher=publisher, at=at, disclose_at=finding.wishes.publish_after)


def _tap(tx: Tx, leaving: Leaving, one: Report, *, publisher: Publisher, at: datetime) -> bytes:
    finding = handover.as_it_leaves(one, leaving.case)
    return tap_write.write(
        finding,
        flow.attached(tx, one),
        csaf=csaf(leaving, one, publisher=publisher, at=at),
        embargo=finding.wishes.publish_after,
        basis=leaving.case.embargo_basis,
    )


def _statements(tx: Tx, case: Case) -> list[bytes]:
    wanted = dict.fromkeys(one.statement for one in case.validations if one.statement)
    return [blobs.get(tx, one, record=cases.record(case.id)) for one in wanted]
