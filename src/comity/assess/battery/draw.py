"""Numbers drawn from a seed: the same on every machine, every Python and every hash seed.

SHA-256 in counter mode over a label. The standard library's generator is not used because its `choice` and `shuffle`
may change between Python versions, and items must come out byte for byte the same when an auditor makes them again.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

SYLLABLES: Final = (
    "ba", "be", "bo", "da", "de", "di", "do", "fa", "fe", "fi", "ga", "ge", "go", "ka", "ke", "ki", "ko", "la", "le",
    "li",
    "lo", "ma", "me", "mi", "mo", "na", "ne", "ni", "no", "pa", "pe", "pi", "po", "ra", "re", "ri", "ro", "sa", "se",
    "si",
    "so", "ta", "te", "ti", "to", "va", "ve", "vi", "za", "ze", "zo", "zu",
)  # fmt: skip


class Draw:
    """A stream of drawn numbers. `fork` gives an independent stream, so that one part never shifts another."""

    __slots__ = ("_block", "_counter", "_key")

    def __init__(self, label: str) -> None:
        self._key = hashlib.sha256(label.encode()).digest()
        self._counter = 0
        self._block = b""

    def fork(self, name: str) -> "Draw":
        """A stream that depends on this one's label and `name`, not on what was drawn so far."""
        return Draw(f"{self._key.hex()}/{name}")

    def bytes(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self._block) < count:
            self._block += hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
        taken, self._block = self._block[:count], self._block[count:]
        return taken

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1, uniform (by rejection)."""
        size = max(1, (limit.bit_length() + 7) // 8)
        most = 256**size // limit * limit
        while (number := int.from_bytes(self.bytes(size), "big")) >= most:
            pass
        return number % limit

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, part: int, of: int) -> bool:
        """True in `part` of `of` cases."""
        return self.below(of) < part

    def pick(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.below(len(choices))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of them, in drawn order."""
        made = list(items)
        for place in range(len(made) - 1, 0, -1):
            other = self.below(place + 1)
            made[place], made[other] = made[other], made[place]
        return made

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones (all, when there are no more), in drawn order."""
        made = list(items)
        count = min(count, len(made))
        for place in range(count):
            other = self.between(place, len(made) - 1)
            made[place], made[other] = made[other], made[place]
        return made[:count]

    def word(self, syllables: int = 3) -> str:
        """A word that means nothing."""
        return "".join(self.pick(SYLLABLES) for _ in range(syllables))

    def words(self, count: int, syllables: int = 3) -> list[str]:
        """`count` different words that mean nothing."""
        made: dict[str, None] = {}
        while len(made) < count:
            made[self.word(syllables)] = None
        return list(made)
