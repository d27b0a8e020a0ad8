"""What a maintainer says of their own product as VEX, at a seat of a case: each word kept, none ever edited.

A statement binds one product and exactly one version or one range. A later one of the same seat about the same product
and the same bound supersedes it; what was published stays as it went out, and lapses in sight.
"""

from dataclasses import dataclass
from datetime import datetime

from comity.model.ids import PartyId
from comity.model.inventory import Vex


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One statement, by whom. `said` names no vulnerability: it is that of the case, and gets its name when published.

    `namespace` is the address of the author's own, which CSAF asks of whoever publishes.
    """

    id: str
    seat: str
    person: PartyId
    namespace: str
    said: Vex
    taken_back_at: datetime | None = None
    """Only what never went out is taken back."""

    @property
    def bound(self) -> tuple[str, str, str, str]:
        """What it is about: ecosystem, name, version and range."""
        return self.said.ecosystem, self.said.name, self.said.version, self.said.versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One published document of a seat's statements. `number` counts from 1 for each seat."""

    seat: str
    number: int
    at: datetime
    statements: tuple[str, ...]
