"""Sources about one event, how many of them are independent, and where they contradict each other.

A story counts origins, not links: ten rewrites of one wire are one origin. A conflict holds both values with both
origins and never an average or a choice.
"""

from dataclasses import dataclass
from enum import StrEnum

from comity.model.article import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """Why two sources count as one: places in the list of sources, `same document`, `copy`, `credit`, and the words."""

    one: int
    other: int
    kind: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`members` are places in the list of sources, in the order of their dates. `origins` groups them by origin."""

    members: tuple[int, ...]
    origins: tuple[tuple[int, ...], ...]
    ties: tuple[Tie, ...] = ()
    keys: tuple[str, ...] = ()
    joined_by: tuple[str, ...] = ()

    @property
    def independent(self) -> int:
        """How many independent origins the story has; 1 may only be published as "reported by"."""
        return len(self.origins)


class Status(StrEnum):
    """What is known of a conflict. Nothing here says who is right."""

    DISPUTED = "disputed"
    """Origins contradict each other."""
    UNCORROBORATED = "uncorroborated"
    """One origin says it; others write about the same thing and do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one source says: the sentence, where it stands, and who says it."""

    source: int
    name: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """`about` is what both sides speak of; `kind` the rule that parted them (dates, numbers, denial, reach, object)."""

    kind: str
    about: str
    status: Status
    sides: tuple[Side, ...]
