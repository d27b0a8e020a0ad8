"""Sign, read and recompute cards for the counter: the signed file, its sections, what it recommends."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from comity.errors import Invalid, Problem
from comity.model.engagement import Outcome
from comity.sealing.keys import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCard:
    """What the record keeps of a card: names of its sections and the tool's recommendation."""

    sections: tuple[str, ...]
    recommended: Outcome


class Cards(Protocol):
    """Signs and opens cards."""

    @property
    def key_id(self) -> str:
        """The key that signs cards here."""

    def sign(self, card: Mapping[str, Any]) -> bytes:
        """The card file."""

    def read(self, data: bytes) -> ReadCard:
        """Verify a signed card and name its parts. Tampered or Invalid for anything else."""

    def recompute(self, data: bytes) -> tuple[str, ...]:
        """Work the card's figures out again from its own data; what differs, or nothing."""

    def section(self, data: bytes, name: str) -> object:
        """One section of a verified card, as JSON."""

    def page(self, data: bytes, *, mark: str = "") -> str:
        """The card as one stand-alone page, with a reader's mark on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCards:
    """Cards under the host's own key. The measuring is loaded when it is needed: it takes the extra comity[assess]."""

    key: SigningKey

    @property
    def key_id(self) -> str:
        """The host's key."""
        return self.key.public.id

    def sign(self, card: Mapping[str, Any]) -> bytes:
        """The card file, signed by the host."""
        from comity.assess.flow_card import sign

        return sign(card, self.key)

    def read(self, data: bytes) -> ReadCard:
        """Only a card that this host signed is handed over in an engagement."""
        card = self._opened(data)
        found = card["numbers"]["determination"]["finding"]
        outcome = next((one for one in Outcome if one.value == found), None)
        if outcome is None:
            raise Invalid("the card's finding is none", [Problem("/card", "unknown_outcome", "work the card out anew")])
        return ReadCard(sections=tuple(card["sections"]), recommended=outcome)

    def recompute(self, data: bytes) -> tuple[str, ...]:
        """Out of the card's own data."""
        from comity.assess.recompute import recompute

        return recompute(self._opened(data)).differences

    def section(self, data: bytes, name: str) -> object:
        """One section."""
        return self._opened(data)["sections"][name]

    def page(self, data: bytes, *, mark: str = "") -> str:
        """The printable page."""
        from comity.assess.page import page

        return page(self._opened(data), key_id=self.key_id, mark=mark)

    def _opened(self, data: bytes) -> Mapping[str, Any]:
        from comity.assess.flow_card import open_card

        return open_card(data, trusted=self.key.public).card
