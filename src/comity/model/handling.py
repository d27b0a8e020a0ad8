"""Who may see something: TLP 2.0 labels, the legal basis of a share, and how a derived item inherits them.

Source: FIRST Traffic Light Protocol 2.0; law switches after `order.md` section 6. Handling is decided in queries; these
values are what the queries compare.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final

NO_EQUITIES_USE: Final = "Not for use in a vulnerabilities equities process."
"""What `Handling.no_equities_use` says to whoever reads the item."""


class Tlp(IntEnum):
    """TLP 2.0, ordered from open to strict, so that `max` is the strictest."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def label(self) -> str:
        """As FIRST writes it: `TLP:AMBER+STRICT`, upper case, no space."""
        return "TLP:" + self.name.replace("_", "+")

    @classmethod
    def parse(cls, text: str) -> "Tlp":
        """Read a label with or without `TLP:`; TLP 1.0's WHITE is CLEAR. Raises ValueError for anything else."""
        name = text.strip().upper().removeprefix("TLP:").replace("+", "_").replace(" ", "_")
        name = {"WHITE": "CLEAR", "AMBER_STRICT": "AMBER_STRICT"}.get(name, name)
        if name not in cls.__members__:
            raise ValueError(f"not a TLP 2.0 label: expected one of {', '.join(t.label for t in cls)}")
        return cls[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Label and restrictions of one item.

    `no_equities_use` forbids feeding a submission into the vulnerabilities equities process and survives merge, export
    and hand-over (policy parameter, default on). `legal_basis` names the ground of a share; "" means none was stated.
    """

    tlp: Tlp = Tlp.RED
    no_equities_use: bool = True
    legal_basis: str = ""

    def tightened_to(self, tlp: Tlp) -> "Handling":
        """Never looser than before: only the source relaxes, and only by a new item with its own approval."""
        return replace(self, tlp=max(self.tlp, tlp))


def join(items: Iterable[Handling]) -> Handling:
    """Handling of something derived from `items`: at least as strict as the strictest of them.

    Raises ValueError for no items: a thing that comes from nowhere has no handling to inherit.
    """
    inputs = tuple(items)
    if not inputs:
        raise ValueError("a derived item needs at least one input to inherit its handling from")
    bases = sorted({item.legal_basis for item in inputs if item.legal_basis})
    return Handling(
        tlp=max(item.tlp for item in inputs),
        no_equities_use=any(item.no_equities_use for item in inputs),
        legal_basis="; ".join(bases),
    )
