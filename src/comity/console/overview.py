"""What waits for whoever signed in, asked of each counter in turn; a right decides whether one is asked at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from comity.access.policy import Action, may
from comity.counters import Counters
from comity.model.article import ReviewState
from comity.model.case import Stage
from comity.model.party import Viewer

MANY: Final = 50
"""Counted up to here; beyond it the line says "50 or more" and costs no more."""
STAGES: Final = (
    (Stage.READY, "ready to publish", "good"),
    (Stage.COORDINATING, "in coordination", ""),
    (Stage.NEEDS_INFO, "waiting for an answer from the finder", "warn"),
    (Stage.NOT_REPRODUCED, "not reproduced: a person looks", "warn"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One line: how many of what, and where they are. `state`: good, warn, bad or "" for plain."""

    count: str
    what: str
    """Singular or plural, as the count wants it."""
    path: str
    state: str = ""


def waiting(counters: Counters, viewer: Viewer) -> tuple[Waiting, ...]:
    """Everything that waits for this viewer, by the parts of the house they work in. Nothing hidden is counted."""
    asked: tuple[tuple[Action, Callable[[Counters, Viewer], Iterator[Waiting]]], ...] = (
        (Action.READ_CASES, _cases),
        (Action.READ_OWN_REPORTS, _reports),
        (Action.READ_DEADLINES, _deadlines),
        (Action.READ_ENGAGEMENTS, _engagements),
        (Action.EDIT_BRIEFS, _drafts),
        (Action.AUTHOR_DIRECTIVE, _directives),
        (Action.READ_DOCTOR, _health),
    )
    return tuple(line for action, ask in asked if may(viewer, action) for line in ask(counters, viewer))


def _cases(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    for stage, words, state in STAGES:
        found = counters.clearing.cases(viewer, stage=stage, limit=MANY)
        path = f"/queue?stage={quote(stage.value)}"
        yield from _line(len(found.rows), "case", words, path, state=state, more=found.next)


def _reports(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    rows, following = counters.clearing.reports(viewer, limit=MANY)
    yield from _line(len(rows), "report", "of your organisation", "/reports", more=following)


def _deadlines(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    held = counters.deadlines.deadlines(viewer).summary
    yield from _line(held.overdue, "finding", "overdue", "/deadlines?only=overdue", state="bad")
    yield from _line(held.triage, "finding", "to triage before the patch", "/deadlines?only=triage", state="warn")
    yield from _line(held.ask, "finding", "without a date until a fact is known", "/deadlines?only=ask", state="warn")


def _engagements(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    rows, following = counters.assess.page(viewer, limit=MANY)
    mine = [row for row in rows if row.seats]
    yield from _line(len(mine), "engagement", "with a seat of yours", "/engagements", more=following)


def _drafts(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    for state, words in (
        (ReviewState.UNREVIEWED, "without a review"),
        (ReviewState.IN_REVIEW, "in review"),
        (ReviewState.REVIEWED, "reviewed and to be published"),
    ):
        found = counters.briefs.drafts(viewer, state=state, limit=MANY)
        yield from _line(len(found.rows), "draft", words, f"/drafts?state={state.value}", more=found.next)


def _directives(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    held = counters.directives.drafts(viewer)
    yield from _line(len(held), "directive", "you write or are asked about", "/directives/drafts")


def _health(counters: Counters, viewer: Viewer) -> Iterator[Waiting]:
    poor = [line for line in counters.accounts.doctor(viewer) if line.state != "ok"]
    worst = "bad" if any(line.state == "bad" for line in poor) else "warn"
    yield from _line(len(poor), "thing", "to know about this host", "/host", state=worst)


def _line(count: int, noun: str, words: str, path: str, *, state: str = "", more: str = "") -> Iterator[Waiting]:
    if count:
        number = f"{count} or more" if more else str(count)
        yield Waiting(count=number, what=f"{noun if number == '1' else noun + 's'} {words}", path=path, state=state)
