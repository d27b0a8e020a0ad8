"""One table: which desk reacts to which event. Every reaction is idempotent by the event's key."""

from collections.abc import Callable, Mapping
from functools import partial

from comity.assess.desk import Assess
from comity.clearing.desk import Accepted, Clearing, Document
from comity.counters import Counters
from comity.library.exchange import Exchange
from comity.library.hooks import Hooks
from comity.model.asset import FLOW_NAME
from comity.model.events import Event, Kind
from comity.model.ids import AdvisoryId, CaseId, EngagementId
from comity.model.party import system

NAME = "desks"
"""The subscriber under which the journal remembers how far this table has been served."""
FINDER = system("assessment")
"""As whom a weakness found in an assessment is reported. The engagement is not named in the report."""


def table(counters: Counters) -> Mapping[Kind, Callable[[Event], object]]:
    """What happens after which event."""
    clearing, assess, defend, briefs = counters.clearing, counters.assess, counters.defend, counters.briefs
    return {
        # how many run what a new case is about
        Kind.CASE_VALIDATED: lambda event: recount(event, counters),
        # a draft begins coordination; and whoever changed an embargo may have crashed before its flows heard of it
        Kind.DRAFT_MADE: lambda event: counters.coordination.wake(CaseId(event.subjects[0]), key=event.key),
        Kind.CASE_COORDINATED: lambda event: counters.coordination.wake(CaseId(event.subjects[0]), key=event.key),
        # a report that now has a case can be asked about
        Kind.REPORT_DECONFLICTED: lambda event: (
            counters.blind.catch_up(),
            counters.standings.react(CaseId(event.subjects[1])),
        ),
        # a clock may have changed with the state, and whoever changed it may have crashed before saying so
        Kind.ENGAGEMENT_MOVED: lambda event: assess.wake(EngagementId(event.subjects[0])),
        # a real weakness met in an assessment goes the way of every report
        Kind.WEAKNESS_FOUND: lambda event: hand_over(event, clearing=clearing, assess=assess),
        # a model was wished for: the register of AI defence holds it from now on, as a proposal
        Kind.PATCH_ASKED: counters.ai.learned,
        # what upstream says has changed, so the order of the queue may have, what reaches an inventory may have, and
        # briefs may rest on something else now
        Kind.MIRROR_UPDATED: lambda event: (
            clearing.reorder(because=event.key),
            defend.rematch(because=event.key),
            counters.watches.look(),
            briefs.react(event),
        ),
        # a case may now wait for a maintainer, wait otherwise, or wait no longer
        Kind.CASE_PRIORITISED: lambda event: (
            counters.capacity.react(CaseId(event.subjects[0])),
            counters.standings.react(CaseId(event.subjects[0])),
        ),
        Kind.CASE_MOVED: lambda event: (
            counters.capacity.react(CaseId(event.subjects[0])),
            counters.standings.react(CaseId(event.subjects[0])),
        ),
        Kind.DRAFT_MADE: lambda event: counters.capacity.react(CaseId(event.subjects[0])),
        # how many run it may have changed; only CVE ids go over, only a coarse range comes back
        Kind.INVENTORY_MATCHED: lambda event: recount(event, counters),
        # a new advisory of this host: whoever runs the product hears of it now
        Kind.ADVISORY_PUBLISHED: lambda event: (
            counters.capacity.react(CaseId(event.subjects[0])),
            share(event, counters.exchange),
            tell(event, counters.hooks),
            defend.advisory_published(event.subjects, because=event.key),
            briefs.react(event),
        ),
    }


def tell(event: Event, hooks: Hooks) -> int:
    """Tell subscribers of an advisory, those who may see it."""
    named = [subject for subject in event.subjects if subject == event.facts.get("advisory")]
    return sum(hooks.published(AdvisoryId(subject), because=event.key) for subject in named)


def share(event: Event, exchange: Exchange) -> int:
    """Make the shared objects of an advisory; its event names it among the facts."""
    named = [subject for subject in event.subjects if subject == event.facts.get("advisory")]
    return sum(exchange.take_advisory(AdvisoryId(subject)) for subject in named)


def recount(event: Event, counters: Counters) -> int:
    """Let the defender's desk count for the clearinghouse, as its own flow."""
    count = partial(counters.counts.reached, system(FLOW_NAME))
    return counters.priorities.recount(count, because=event.key)


def hand_over(event: Event, *, clearing: Clearing, assess: Assess) -> None:
    """Pass the sealed report to the clearinghouse. Passed twice after a crash, equal bytes are still one report."""
    report = assess.hand_over(event.key)
    if report is None:
        return
    answers = clearing.submit(FINDER, [Document(name="weakness", data=report)])
    receipts = [answer.receipt for answer in answers if isinstance(answer, Accepted)]
    assess.handed_over(event.key, " ".join(receipts) or "refused: it breaks the contract of reports")
