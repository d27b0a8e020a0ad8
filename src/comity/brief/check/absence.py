"""Say what was looked for and not found, with where, among how many, and when; and hold such a sentence to the search.

"No evidence" is no fact about the world. So a statement of absence names its scope (advisories of this host, or one
mirror), how many were searched and the day, and it ends after `DAYS`. A sentence that claims an absence here in other
words, or that no search of now backs, is blocked: no span of a source could carry it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from comity.brief.check.evidence import Mismatch
from comity.model.article import Brief
from comity.model.brief import Absence

HOST: Final = "advisory of this host"
DAYS: Final = 30
"""How long a statement may be published after its search. Ours."""
_FORM: Final = re.compile(
    r"No (?P<scope>advisory of this host|entry of the mirror [\w.:/ -]{1,80}) names (?P<subject>[A-Z]+-[\w-]{4,40}) "
    r"\((?P<searched>\d{1,9}) searched on (?P<day>\d{4}-\d\d-\d\d)\)\.",
)
_LOOSE: Final = re.compile(
    r"\b(?:no|none of the|not (?:in|among|named (?:in|by)|listed (?:in|by)))\b[^.;]{0,40}"
    r"\b(?:this host|our (?:mirrors?|advisor\w+|records?)|the mirrors?|(?:here|we) (?:hold|published))\b",
    re.IGNORECASE,
)
"""Speaks of an absence among what this host holds, in whatever words."""


class Stated(NamedTuple):
    """What a sentence of the one form says."""

    scope: str
    subject: str
    searched: int
    day: date


def sentence(one: Absence) -> str:
    """The one form in which an absence may be stated."""
    return f"No {one.scope} names {one.subject} ({one.searched} searched on {one.at:%Y-%m-%d})."


def stated(text: str) -> Stated | None:
    """The statement, when the text is exactly one of the form."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        return None
    try:
        day = date.fromisoformat(found["day"])
    except ValueError:
        return None
    return Stated(found["scope"], found["subject"], int(found["searched"]), day)


def absence_gate(text: str, searches: Sequence[Absence]) -> Iterator[Mismatch]:
    """Blocks a statement that no search backs, that a search contradicts, that is too old, or that has another form."""
    said = stated(text)
    if said is None:
        if found := _LOOSE.search(text):
            yield Mismatch(found.group(), "an absence here is stated in one form only, with its scope, number and day")
        return
    held = next((one for one in searches if (one.scope, one.subject) == (said.scope, said.subject)), None)
    if held is None:
        yield Mismatch(said.subject, f"nobody searched each {said.scope} for this")
    elif held.found:
        yield Mismatch(said.subject, f"it is named now: {', '.join(held.found[:3])}")
    elif said.day > held.at.date() or held.at.date() - said.day > timedelta(days=DAYS):
        yield Mismatch(f"{said.day}", f"searched on {held.at:%Y-%m-%d}; a statement is good for {DAYS} days")
    elif said.day == held.at.date() and said.searched != held.searched:
        yield Mismatch(f"{said.searched}", f"{held.searched} were searched that day")


def open_(searches: Sequence[Absence]) -> tuple[Absence, ...]:
    """Those that found nothing: what may be stated."""
    return tuple(one for one in searches if not one.found)


def over(brief: Brief, at: datetime) -> Stated | None:
    """The oldest statement of absence in a brief whose days are over at `at`; None when each still holds."""
    said = [one for line in brief.sentences if (one := stated(line.text)) is not None]
    late = [one for one in said if at.date() - one.day > timedelta(days=DAYS)]
    return min(late, key=lambda one: one.day, default=None)
