"""Decide, for each finding, the one value that every export is written from: dates, standing, fix and action.

The action is one plain sentence: upgrade to a version that was proven, else what to do until there is one.
"""

from datetime import date, datetime

from comity.defend.due import Answer as Dated
from comity.defend.due import AskPerson, Due, Leads, NotAssessed, State
from comity.defend.facts import Facts
from comity.defend.solve import Clear, NoFix, Partial, Solution, Upgrade
from comity.model import clock
from comity.model.asset import Asset, Reach
from comity.model.directive import Pack
from comity.model.ids import digest
from comity.model.inventory import Exposure
from comity.model.remedy import UNKNOWN, Remedy, Standing

_REACH = {Reach.PUBLIC: "yes", Reach.INTERNAL: "no", Reach.UNKNOWN: UNKNOWN}


def remedy_id(exposure: Exposure) -> str:
    """Stable over exports: made of asset, product and vulnerability, not of the version, which an upgrade changes."""
    parts = (exposure.asset, exposure.component.ecosystem, exposure.component.match_name, exposure.vulnerability)
    return "RM-" + digest("\n".join(parts).encode())[:20]


def remedy(
    *,
    asset: Asset,
    exposure: Exposure,
    facts: Facts,
    answer: Dated | None,
    rule: Pack | None,
    solution: Solution | None,
    title: str,
    organisation: str,
    zone: str,
    at: datetime,
) -> Remedy:
    """The remedy of one finding. `title` is the advisory's; `solution` None: nothing was looked for."""
    due = answer if isinstance(answer, Due) else None
    held = exposure.component
    return Remedy(
        id=remedy_id(exposure),
        vulnerability=exposure.vulnerability,
        advisory=", ".join(exposure.advisories),
        title=title or exposure.vulnerability,
        asset=asset.name,
        asset_id=asset.id,
        organisation=organisation,
        sub_organisation=asset.sub_organisation,
        environment=str(asset.environment),
        asset_type=asset.kind or UNKNOWN,
        exposure=_REACH[asset.exposure.reach(at)],
        exposure_source=asset.exposure.source,
        component=held.name,
        version=held.version or held.match_version,
        found_at=exposure.found_at,
        found_by=exposure.source or "matching",
        evaluated_at=at,
        directive=f"{answer.pack} {answer.version}" if answer else "",
        binding=bool(rule and rule.binding_on),
        tier=due.tier_name if due else "",
        row=due.row if due else None,
        started_by=f"{due.start.event} on {due.start.day.isoformat()}" if due else "",
        due=_date(answer),
        kev_due=_kev(answer, zone),
        conflict=due.conflict if due else False,
        overdue=bool(isinstance(answer, Due | AskPerson) and answer.overdue),
        triage=due.triage if due else False,
        standing=_standing(exposure, due),
        reason=_reason(exposure, answer),
        unknown=_unknown(answer),
        defaulted=tuple(f"{one.param}: {one.input} = {one.value}" for one in due.defaulted) if due else (),
        in_kev=UNKNOWN if isinstance(answer, NotAssessed) else "yes" if facts.kev_added else "no",
        automatable=_last(facts, "automatable"),
        impact=_last(facts, "technical_impact"),
        fix=solution.to if isinstance(solution, Upgrade) else "",
        action=action(exposure, solution, asset.name),
        planned_upgrade=asset.planned_upgrade,
    )


def action(exposure: Exposure, solution: Solution | None, asset: str) -> str:
    """One sentence: what to do."""
    name = exposure.component.name
    match solution:
        case Upgrade(to=to):
            return f"Upgrade {name} on {asset} to {to}."
        case Partial(to=to, stays=stays):
            return (
                f"Upgrade {name} on {asset} to {to}; {len(stays)} weaknesses stay, so keep it from untrusted networks."
            )
        case NoFix(decided=False, reason=reason):
            return f"Nobody can say which version of {name} is fixed: {reason}."
        case NoFix():
            return f"No fixed version of {name} is known: keep {asset} from untrusted networks, and ask its maker."
        case Clear():
            return "Nothing is left to do."
        case None:
            return "Nothing was looked for."


def _date(answer: Dated | None) -> datetime | None:
    """The due moment; where a person must decide first, the catalogue's own. None while it waits for an upgrade."""
    if isinstance(answer, AskPerson):
        return answer.kev_due
    return answer.due if isinstance(answer, Due) and answer.leads is not Leads.UPGRADE else None


def _kev(answer: Dated | None, zone: str) -> date | None:
    held = answer.kev_due if isinstance(answer, Due | AskPerson) else None
    return clock.local_day(held, clock.zone(zone)) if held else None


def _standing(exposure: Exposure, due: Due | None) -> Standing:
    if exposure.gone_at is not None or (due is not None and due.state is State.DONE):
        return Standing.DONE
    if exposure.acceptance is not None:
        return Standing.ACCEPTED
    if due is not None and due.state is State.MITIGATED:
        return Standing.MITIGATED
    return Standing.OPEN


def _reason(exposure: Exposure, answer: Dated | None) -> str:
    if exposure.acceptance is not None:
        until = exposure.acceptance.expires_at
        return f"accepted by {exposure.acceptance.by_name} until {until:%Y-%m-%d}: {exposure.acceptance.reason}"
    if isinstance(answer, AskPerson):
        return answer.why
    if isinstance(answer, NotAssessed):
        return answer.reason
    return ""


def _unknown(answer: Dated | None) -> tuple[str, ...]:
    if isinstance(answer, Due):
        return answer.unknown
    return answer.missing if isinstance(answer, AskPerson) else ()


def _last(facts: Facts, name: str) -> str:
    told = {"automatable": facts.automatable, "technical_impact": facts.technical_impact}[name]
    return (told[-1].value or UNKNOWN) if told else UNKNOWN


def urgency(one: Remedy) -> tuple[bool, bool, str, str, str]:
    """Sort key: what has a date first, by that date; what is done last."""
    return (
        one.standing is Standing.DONE,
        one.due is None,
        one.due.isoformat() if one.due else "",
        one.asset,
        one.vulnerability,
    )
