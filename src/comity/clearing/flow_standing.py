"""Keep what each report counts for, and say how closely an organisation's next ones are looked at."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from comity.clearing import accountability as rules
from comity.formats import cvss
from comity.model import signals
from comity.model.case import Case
from comity.model.evidence import Role
from comity.model.ids import PartyId
from comity.model.party import Viewer
from comity.model.report import Finding, Report
from comity.model.standing import Rate
from comity.store import decisions, standing
from comity.store.engine import Tx


def count(tx: Tx, held: Case | None, reports: Iterable[Report], viewer: Viewer) -> int:
    """Count these reports of one case anew. Gives how many."""
    given = "" if held is None else _assessed(tx, held)
    number = 0
    for report in reports:
        made = rules.fact(
            report.id, report.organisation, report.finding, held, stated=_stated(report.finding), assessed=given
        )
        standing.keep(tx, rules.appealed(made, standing.appeals(tx, viewer, report=report.id)))
        number += 1
    return number


def steer_of(tx: Tx, organisation: PartyId) -> rules.Steer:
    """How an organisation's reports are looked at now."""
    hits, trials = standing.counted(tx, organisation)
    none = Rate(hits=0, trials=0)
    return rules.steer(rules.Rates(precision=Rate(hits=hits, trials=trials), duplicates=none, overstated=none))


def slowed(tx: Tx, organisation: PartyId, findings: Iterable[Finding], at: datetime) -> str:
    """Why findings are not taken today; "" when they are. A finding that brings a recipe always is."""
    if all(any(a.role is Role.RECIPE for a in one.attachments) for one in findings):
        return ""
    steer = steer_of(tx, organisation)
    if steer.daily is None or standing.received(tx, organisation, since=at - timedelta(days=1)) < steer.daily:
        return ""
    return (
        f"{steer.daily} reports a day are taken from this organisation, and more that bring a recipe: {steer.why} "
        "(see `comity standing show`, where it can be appealed)"
    )


def _stated(finding: Finding) -> str:
    found = [cvss.score(one).rating for one in finding.severities]
    return max(found, key=rules.RATINGS.index, default="")


def _assessed(tx: Tx, case: Case) -> str:
    newest = [one.value for one in decisions.answers(tx, case.id) if one.signal == signals.ASSESSED]
    return newest[-1].split(" ")[1] if newest and newest[-1] else ""
