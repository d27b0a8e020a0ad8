"""What a person states for a pack: the inputs that no mirror and no register gives, and the events its clock waits for.

An input of the asset is stated once for it; one of the vulnerability or of the two together is stated on the finding.
Each statement is dated, so a past day is asked with what was said by then; the newest one counts, and none is erased.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from comity.defend.course import FOUND, KEV_ADDED
from comity.defend.facts import Told
from comity.defend.reading import AUTOMATABLE, EXPOSED, IMPACT, IN_KEV, midnight
from comity.errors import Invalid, Problem
from comity.model import clock
from comity.model.asset import StatedInput
from comity.model.directive import Of, Pack

GIVEN: Final = frozenset({EXPOSED, IN_KEV, AUTOMATABLE, IMPACT})
"""Inputs that mirrors and the asset register answer."""
MOST: Final = 200
"""Statements that one asset or finding keeps, oldest first out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One input or event that a person states. `values` empty: it is an event, and a day or moment answers it."""

    name: str
    pack: str
    of: Of
    source: str
    values: tuple[str, ...] = ()
    stated: StatedInput | None = None
    """What counts of what was said so far."""

    @property
    def moment(self) -> datetime | None:
        """When the event was, as stated."""
        is_event = self.stated is not None and self.stated.is_event
        return datetime.fromisoformat(self.stated.value) if self.stated is not None and is_event else None


def asked(packs: Iterable[Pack], stated: Iterable[StatedInput], *, at: datetime) -> tuple[Question, ...]:
    """What the packs in force ask of a person, each once, inputs first."""
    newest = {one.name: one for one in sorted(stated, key=lambda one: one.at) if one.at <= at}
    found: dict[str, Question] = {}
    events: dict[str, Question] = {}
    for pack in packs:
        if pack.table is None or not pack.holds_on(at.date()):
            continue
        for one in pack.asked:
            if one.name not in GIVEN and one.compare is None:
                values = tuple(value.name for value in pack.table.input(one.name).values)
                question = Question(
                    name=one.name, pack=pack.title, of=one.of, source=one.source, values=values,
                    stated=newest.get(one.name),
                )  # fmt: skip
                found.setdefault(one.name, question)
        for event in pack.clock.starts if pack.clock is not None else ():
            if event not in {KEV_ADDED, FOUND}:
                question = Question(
                    name=event, pack=pack.title, of=Of.PAIR, source="starts the clock", stated=newest.get(event)
                )
                events.setdefault(event, question)
    return (*found.values(), *events.values())


def read(
    questions: Iterable[Question], given: Mapping[str, str], *, at: datetime, by_name: str, zone: str
) -> tuple[tuple[StatedInput, ...], tuple[StatedInput, ...]]:
    """New statements, of the asset and of the finding. Invalid for a name nobody asks, and for no such value.

    An event's day without an hour counts from its first moment: the strict reading. A blank value says nothing.
    """
    known = {one.name: one for one in questions}
    problems: list[Problem] = []
    own: list[StatedInput] = []
    pair: list[StatedInput] = []
    for name, text in given.items():
        value = text.strip()
        if not value:
            continue
        question = known.get(name)
        if question is None:
            reason = f"no pack in force asks it: one of {', '.join(sorted(known)) or 'none'}"
            problems.append(Problem(f"/{name[:64]}", "unknown_input", reason))
            continue
        if question.values:
            if value not in question.values:
                problems.append(Problem(f"/{name}", "bad_value", f"one of {', '.join(question.values)}"))
        else:
            try:
                value = _moment(value, zone, at).isoformat()
            except ValueError as error:
                problems.append(Problem(f"/{name}", "bad_time", str(error)))
        made = StatedInput(name=name, value=value, at=at, by_name=by_name, is_event=not question.values)
        (own if question.of is Of.ASSET else pair).append(made)
    if not problems and not (own or pair):
        problems.append(Problem("", "empty", "state at least one input"))
    if problems:
        raise Invalid("what is stated cannot be taken", problems)
    return tuple(own), tuple(pair)


def _moment(text: str, zone: str, at: datetime) -> datetime:
    try:
        is_day = len(text) == len("2026-12-31")
        moment = midnight(date.fromisoformat(text), clock.zone(zone)) if is_day else datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("a day such as 2026-12-31, or a moment with its zone") from error
    if moment.tzinfo is None:
        raise ValueError("a moment says its zone, such as 2026-12-31T09:00:00+00:00")
    if moment > at:
        raise ValueError("an event that has not happened yet starts no clock")
    return moment


def with_more(held: tuple[StatedInput, ...], new: tuple[StatedInput, ...]) -> tuple[StatedInput, ...]:
    """All of it, oldest first."""
    return (*held, *new)[-MOST:]


def other(stated: Iterable[StatedInput]) -> tuple[dict[str, tuple[Told, ...]], dict[str, datetime]]:
    """What the clock is told: inputs over time, and the moment of each event as it was last stated."""
    inputs: dict[str, tuple[Told, ...]] = {}
    events: dict[str, datetime] = {}
    for one in sorted(stated, key=lambda one: one.at):
        if one.is_event:
            events[one.name] = datetime.fromisoformat(one.value)
            continue
        told = Told(value=one.value, at=one.at, source=f"stated by {one.by_name}")
        inputs[one.name] = (*inputs.get(one.name, ()), told)
    return inputs, events
