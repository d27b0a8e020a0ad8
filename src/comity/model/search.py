"""What a search finds: enough to choose by, and nothing that its finder may not read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from comity.model.party import Viewer

EACH: Final = 20
"""Hits of one kind in one answer."""


class Kind(StrEnum):
    """What was found; each kind is looked for by the part of Comity that keeps it."""

    CASE = "case"
    REPORT = "report"
    ADVISORY = "advisory"
    BRIEF = "brief"
    DRAFT = "brief draft"
    INVENTORY = "inventory"
    ASSET = "asset"
    DIRECTIVE = "directive"
    ENGAGEMENT = "assessment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found: its id and the title that its finder sees anyway. `at`: aware, what its list is ordered by."""

    kind: Kind
    id: str
    title: str
    at: datetime
    note: str = ""
    """Where it stands, in a word."""


class Searcher(Protocol):
    """A part of Comity that can be asked for words in what it keeps."""

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """What this viewer may read and what holds all these words, newest first; at most `EACH` of a kind.

        Whoever may not read such things finds none, and no error: that there is a kind of thing is no secret, and what
        there is of it is.
        """
        ...

    def catch_up(self) -> None:
        """Index what was kept before there was an index; nothing happens where that is done."""
        ...
