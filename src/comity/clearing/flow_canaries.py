"""References of copies, and marked entries of shelves: made from this host's key when asked for, and kept nowhere.

Whoever holds the store without its key can neither make nor know one.
"""

from collections.abc import Sequence
from typing import Final

from comity.clearing import canaries
from comity.model.blind import Level
from comity.model.ids import PartyId
from comity.sealing import blind as seals
from comity.store.engine import Tx

MARKED: Final = 2
"""Entries of each shelf that are one member's own: like the others to whoever holds no key."""


def reference(tx: Tx, seat: str, member: PartyId | None = None) -> str:
    """The reference of everything that this seat is shown or sent; of a team's seat each member has their own."""
    return canaries.reference(tx.master.mark("canary", f"{seat} {member}" if member else seat))


def marked(
    tx: Tx, organisation: PartyId, *, epoch: int, level: Level, bucket: int, size: int = seals.ENTRY_BYTES
) -> Sequence[bytes]:
    """The entries of a shelf that nobody but this organisation was given, `size` bytes each."""
    seed = bytes.fromhex(tx.master.mark("blind-canary", f"{organisation} {epoch} {int(level)} {bucket}"))
    return tuple(seals.filler(seed, place, size=size) for place in range(MARKED))
