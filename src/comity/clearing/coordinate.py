"""Say what must still happen before a case may be published, for the coordinator and for the durable flow.

It waits for the named people that policy asks for and for the embargo to run out. Who takes part, what they agree to
and what ends an embargo early is decided in `embargo`, which changes the date that is waited for here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from comity.errors import Conflict, Forbidden
from comity.model.case import Approval, Case, Stage
from comity.model.ids import Digest
from comity.model.party import Role, Viewer
from comity.model.report import Exploitation, Finding, Known


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsApprovals:
    """`missing` more named people must approve exactly the draft in hand."""

    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsRelease:
    """All approvals are there; a coordinator must say "publish"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Released; the embargo runs until `until`."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Nothing stands in the way: publish now."""


Step: TypeAlias = NeedsApprovals | NeedsRelease | Waiting | Due


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """When it ends and why. `until` None means that none is in force."""

    until: datetime | None
    basis: str


def embargo(findings: tuple[Finding, ...], *, valid_at: datetime, house_default: timedelta) -> Embargo:
    """The embargo of a case that just became valid (clearing.md section 9).

    Already public or exploited: none. Otherwise the tightest of the finders' wishes and the house default, counted from
    "validated and owned".
    """
    if any(f.exposure.public is Known.YES for f in findings):
        return Embargo(until=None, basis="already public, as a finder states: no embargo")
    if any(f.exposure.exploitation is Exploitation.ACTIVE for f in findings):
        return Embargo(until=None, basis="exploited, as a finder states: no embargo")
    house = valid_at + house_default
    wishes = sorted(f.wishes.publish_after for f in findings if f.wishes.publish_after is not None)
    if wishes and wishes[0] < house:
        return Embargo(
            until=max(wishes[0], valid_at), basis="the date a finder asked for, tighter than the house default"
        )
    return Embargo(until=house, basis=f"house default of {house_default.days} days from validation (policy parameter)")


def next_step(case: Case, *, released: bool, approvals_needed: int, now: datetime) -> Step:
    """What stands between this case and publication at `now`."""
    counting = {approval.person for approval in case.approvals if approval.draft == case.draft}
    if len(counting) < approvals_needed:
        return NeedsApprovals(missing=approvals_needed - len(counting))
    if not released:
        return NeedsRelease()
    if case.embargo_until is not None and now < case.embargo_until:
        return Waiting(until=case.embargo_until)
    return Due()


def approve(
    case: Case, *, viewer: Viewer, name: str, draft: Digest, at: datetime, is_revised: bool = False
) -> Approval:
    """One named person agrees to exactly the draft they saw; `Conflict` when the draft has changed since.

    Only a coordinator approves; the same person counts once. `is_revised`: a published case has a newer draft.
    """
    if Role.COORDINATOR not in viewer.roles:
        raise Forbidden("only a coordinator approves an advisory; ask one of this host's coordinators")
    if case.stage not in {Stage.COORDINATING, Stage.READY} and not is_revised:
        raise Conflict(f"case {case.id} is {case.stage}; there is nothing to approve")
    if case.draft is None or case.draft != draft:
        raise Conflict(f"the draft of case {case.id} is not the one you saw; look at it again, then approve")
    if any(held.person == viewer.person and held.draft == draft for held in case.approvals):
        raise Conflict(f"you approved this draft of case {case.id} already; another person must add theirs")
    return Approval(person=viewer.person, person_name=name, is_script=viewer.is_script, draft=draft, at=at)


def approval_sentence(approvals: tuple[Approval, ...]) -> str:
    """The sentence that every rendering of the advisory carries about who approved it."""
    people = [a.person_name for a in approvals if not a.is_script]
    scripts = [a.person_name for a in approvals if a.is_script]
    if scripts and not people:
        return "Approved by the demo script, not by a person."
    if scripts:
        return f"Approved by {_names(people)}, and by the demo script, which is not a person."
    return f"Approved by {_names(people)}."


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
