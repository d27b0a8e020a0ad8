"""Read and recompute cards for the counter: the signed file, its sections, what it recommends."""

from dataclasses import dataclass
from typing import Protocol

from comity.errors import Unavailable
from comity.model.engagement import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCard:
    """What the record keeps of a card: names of its sections and the tool's recommendation."""

    sections: tuple[str, ...]
    recommended: Outcome


class NoCards:
    """A host without the machine that makes cards."""

    def read(self, data: bytes) -> ReadCard:  # noqa: ARG002  the shape of `Cards`
        """Unavailable."""
        raise Unavailable("cards are not read here yet")

    def recompute(self, data: bytes) -> tuple[str, ...]:  # noqa: ARG002  the shape of `Cards`
        """Unavailable."""
        raise Unavailable("cards are not recomputed here yet")

    def section(self, data: bytes, name: str) -> object:  # noqa: ARG002  the shape of `Cards`
        """Unavailable."""
        raise Unavailable("cards are not read here yet")

    def page(self, data: bytes) -> str:  # noqa: ARG002  the shape of `Cards`
        """Unavailable."""
        raise Unavailable("cards are not shown here yet")


class Cards(Protocol):
    """Opens signed cards."""

    def read(self, data: bytes) -> ReadCard:
        """Verify a signed card and name its parts. Tampered or Invalid for anything else."""

    def recompute(self, data: bytes) -> tuple[str, ...]:
        """Work the card's figures out again from its own data; what differs, or nothing."""

    def section(self, data: bytes, name: str) -> object:
        """One section of a verified card, as JSON."""

    def page(self, data: bytes) -> str:
        """The card as one stand-alone page."""
