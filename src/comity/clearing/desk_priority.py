"""The counter of priority: why a case stood where it stood on a day, and what coordinators answer by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from comity.access.policy import Action, allow
from comity.clearing import flow, flow_priority, prioritise, ssvc
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.formats import cvss
from comity.model import clock, signals
from comity.model.case import Stage
from comity.model.decided import CaseAnswer, Decided, Difference
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.store import decisions, parties

__all__ = ["Decided", "Difference", "Priorities", "Question", "Why"]

SETTLED: Final = frozenset({Stage.PUBLISHED, Stage.CLOSED})
CHUNK: Final = 100
NOTE_LIMIT: Final = 500
SEVERITY: Final = "assessed-severity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question that a coordinator may answer. `choices` empty: a CVSS vector is given."""

    name: str
    signal: str
    choices: tuple[str, ...]
    asked_by: tuple[str, ...]
    """Titles of the tables that ask it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One decision, and whether it still comes out the same."""

    decided: Decided
    differences: tuple[Difference, ...]
    """What comes out differently when it is computed again from what was kept; empty: the same."""
    since: tuple[Difference, ...]
    """What changed from then to now; empty when it is the newest."""
    newest: bool
    others: tuple[tuple[int, datetime, str, str], ...]
    """Every kept decision, newest first: number, when, band, what asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """The calls. What is told of a case is told only to whoever sees the case."""

    machines: flow.Machines

    def why(self, viewer: Viewer, case: CaseId, *, on: date | None = None) -> Why:
        """The decision in force at the end of that day (of the host's zone), or the newest; computed again from what
        was kept with it. Missing for a day before the first."""
        allow(viewer, Action.READ_CASES)
        where = clock.zone(self.machines.settings.zone or "UTC")
        until = clock.end_of_day(on, where) if on is not None else self.machines.now()
        with self.machines.store.read() as tx:
            flow.case_for(tx, case, viewer)
            held = flow_priority.on(tx, case, until)
            kept = decisions.all_of(tx, case)
            differences = flow_priority.replayed(tx, held)
        newest = kept[0]
        return Why(
            decided=held,
            differences=differences,
            since=prioritise.changes(held.priority, newest.priority),
            newest=newest.sequence == held.sequence,
            others=tuple((one.sequence, one.at, one.priority.band, one.because) for one in kept),
        )

    def questions(self) -> tuple[Question, ...]:
        """What a coordinator may answer, in the order in which the tables ask."""
        return QUESTIONS

    def answers(self, viewer: Viewer, case: CaseId) -> tuple[CaseAnswer, ...]:
        """What was answered about a case, oldest first."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            flow.case_for(tx, case, viewer)
            return decisions.answers(tx, case)

    def answer(self, viewer: Viewer, case: CaseId, question: str, value: str, *, note: str = "") -> CaseAnswer:
        """Answer one question by name, then weigh the case again. "" withdraws an answer. Conflict once it is settled.

        Invalid for an unknown question or value, and without a reason in `note`.
        """
        allow(viewer, Action.ANSWER_TABLES)
        asked, word = _checked(question, value, note)
        machines = self.machines
        with machines.store.write() as tx:
            held = flow.case_for(tx, case, viewer)
            if held.stage in SETTLED:
                raise Conflict(f"case {case} is {held.stage}: its answers stand as they are")
            if viewer.is_script and not machines.demo:
                raise Forbidden("a script answers nothing on a host that signs as itself: a person must")
            given = CaseAnswer(
                case=case,
                sequence=decisions.following(tx, case, answers=True),
                signal=asked.signal,
                value=word,
                note=note.strip(),
                person=viewer.person,
                person_name=parties.person(tx, viewer.person).name,
                is_script=viewer.is_script,
                at=machines.now(),
            )
            decisions.answer(tx, given)
        if held.priority is not None:
            flow.order(machines, case, f"answer {given.sequence}")
        return given

    def selections(self, viewer: Viewer, case: CaseId) -> list[dict[str, Any]]:
        """The newest answers as SSVC SelectionLists 2.0.0, one for each table."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            flow.case_for(tx, case, viewer)
            held = flow_priority.on(tx, case, self.machines.now())
            sheets = flow_priority.sheets_of(tx, held)
        stamp = held.priority.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return ssvc.selections(held.priority.trees, sheets, at=stamp)

    def recount(self, count: Callable[[Sequence[str]], Mapping[str, str | None]], *, because: str) -> int:
        """Ask the defender's desk how many run what open cases are about; weigh again where that changed.

        Only CVE ids go over, and only coarse ranges come back. Gives how many cases were weighed again.
        """
        machines = self.machines
        changed = 0
        start: str | None = None
        while True:
            with machines.store.read() as tx:
                page, following = flow.cases_in(tx, start=start, limit=CHUNK)
                named = {
                    case.id: flow_priority.names_of(flow.findings_of(tx, case).values())
                    for case in page
                    if case.stage not in SETTLED and case.priority is not None
                }
            wanted = sorted({name for names in named.values() for name in names})
            told = count(wanted) if wanted else {}
            with machines.store.write() as tx:
                fresh = {name for name in wanted if decisions.count_reach(tx, name, told.get(name), at=machines.now())}
            for case_id, names in named.items():
                if fresh.intersection(names):
                    flow.order(machines, case_id, f"count {because}")
                    changed += 1
            if following is None:
                return changed
            start = following


def _questions() -> tuple[Question, ...]:
    found: dict[str, Question] = {}
    for sheet, _ in flow_priority.shipped().values():
        for one in sheet.table.inputs:
            signal = ssvc.ANSWERS.get(one.name)
            if signal is None or signal == signals.KEV:
                continue
            name = one.name.replace("_", "-")
            titles = (*(found[name].asked_by if name in found else ()), sheet.table.title)
            choices = tuple(value.name for value in one.values)
            found[name] = Question(name=name, signal=signal, choices=choices, asked_by=titles)
    found[SEVERITY] = Question(name=SEVERITY, signal=signals.ASSESSED, choices=(), asked_by=("how severe it is here",))
    return tuple(found.values())


QUESTIONS: Final = _questions()


def _checked(question: str, value: str, note: str) -> tuple[Question, str]:
    problems = []
    asked = next((one for one in QUESTIONS if one.name == question.strip().replace(" ", "-").replace("_", "-")), None)
    word = value.strip()
    if asked is None:
        reason = f"one of {', '.join(one.name for one in QUESTIONS)}"
        problems.append(Problem("/question", "unknown_question", reason))
    elif word and asked.choices:
        word = word.casefold()
        if word not in asked.choices:
            problems.append(Problem("/value", "unknown_value", f"one of {', '.join(asked.choices)}; or empty"))
    elif word:
        try:
            score = cvss.score(cvss.read(word))
            word = f"{score.base} {score.rating} {word}"
        except ValueError:
            problems.append(Problem("/value", "bad_vector", "a CVSS vector, such as CVSS:4.0/AV:N/..."))
    if not 1 <= len(note.strip()) <= NOTE_LIMIT or not note.strip().isprintable():
        problems.append(Problem("/note", "missing_field", f"say why in one line of at most {NOTE_LIMIT} characters"))
    if problems or asked is None:
        raise Invalid("this answers no question of the tables", problems)
    return asked, word
