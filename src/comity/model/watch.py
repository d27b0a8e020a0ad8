"""A watch: somebody asked to hear by mail when the answer for a product changes."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One address, one product. Without `confirmed_at` nothing but the one confirmation letter is ever sent to it.

    `said` is the key of the answer that was told last, `told` counts what was told. `secret` is in every link to it.
    """

    id: str
    address: str
    product: str
    """What was asked, in the asker's words."""
    secret: str
    made_at: datetime
    confirmed_at: datetime | None = None
    said: str = ""
    word: str = ""
    told: int = 0

    def confirmed(self, at: datetime) -> "Watch":
        """The watch once its address has agreed. A second yes changes nothing."""
        return self if self.confirmed_at is not None else replace(self, confirmed_at=at)

    def heard(self, *, said: str, word: str) -> "Watch":
        """The watch after another answer was told."""
        return replace(self, said=said, word=word, told=self.told + 1)
