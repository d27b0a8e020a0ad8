"""One question put to every part of Comity that keeps something, and the answers side by side.

Nothing is ranked across them and nothing is counted beyond what is shown, so that what somebody may not read changes
neither order nor numbers. How long an answer takes is the door's business: see `WHOLE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.access.policy import Action, allow
from comity.errors import Invalid, Problem
from comity.model.party import Viewer
from comity.model.search import Hit, Searcher
from comity.model.words import SHORTEST, asked

LONGEST: Final = 200
"""Characters of a question."""
WHOLE: Final = 0.2
"""Seconds: an answer leaves at the next multiple of it, so that its time says little of what was passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """The counters that can be asked, in the order their answers are shown."""

    searchers: Sequence[Searcher]

    def search(self, viewer: Viewer, question: str) -> tuple[Hit, ...]:
        """What this viewer may read and what holds every word asked for. Invalid for a question without a word."""
        allow(viewer, Action.SEARCH)
        if len(question) > LONGEST:
            raise Invalid("too long", [Problem("/q", "too_long", f"ask with at most {LONGEST} characters")])
        wanted = asked(question)
        if not wanted:
            raise Invalid("no word", [Problem("/q", "no_word", f"ask with a word of at least {SHORTEST} letters")])
        return tuple(hit for searcher in self.searchers for hit in searcher.search(viewer, wanted))

    def catch_up(self) -> None:
        """Index what was kept before there was an index."""
        for searcher in self.searchers:
            searcher.catch_up()
