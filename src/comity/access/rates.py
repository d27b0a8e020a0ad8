"""Let each caller ask so often and no more: a bucket for a person, and one for each network of callers without a name.

A bucket holds a minute's worth of requests and fills again evenly, so that a program may send a burst and then keeps
the pace. All tokens of one person draw from one bucket: making another token wins nothing. Buckets live in this
process: with several web processes each of them gives the whole rate.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from comity.access.attempts import network

MEMORY: Final = 10_000
"""Buckets kept at once; the one that was asked least lately goes first, and is then a full one again."""

Key: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


@dataclass(slots=True, kw_only=True)
class Rates:
    """Thread-safe. Requests a minute; 0 means no limit. `clock` gives seconds that never go back."""

    per_person: int = 0
    per_network: int = 0
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[Key, _Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def person(self, id_: str) -> int:
        """Seconds that this person still has to wait; 0 takes one request out of the bucket."""
        return self._take(("person", id_), self.per_person)

    def stranger(self, address: str) -> int:
        """The same for a caller who is known by the network alone."""
        return self._take(("network", network(address)), self.per_network)

    def _take(self, key: Key, per_minute: int) -> int:
        if per_minute == 0:
            return 0
        now, a_second = self.clock(), per_minute / 60
        with self._lock:
            bucket = self._buckets.pop(key, None) or _Bucket(left=per_minute, at=now)
            bucket.left = min(per_minute, bucket.left + (now - bucket.at) * a_second)
            bucket.at = now
            self._buckets[key] = bucket
            while len(self._buckets) > MEMORY:
                self._buckets.popitem(last=False)
            if bucket.left < 1:
                return math.ceil((1 - bucket.left) / a_second)
            bucket.left -= 1
            return 0
