"""Slow down guessing of passwords without locking anybody out of their own account.

Failures are counted per sign-in name *and* network, so that a stranger elsewhere cannot keep the owner out, and per
network over all names, so that one place cannot try many. A pause doubles up to a limit and then ends by itself.
Counts live in this process and are forgotten at a restart; every successful sign-in forgets its own pair.
"""

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

FREE: Final = 5
"""Failures of one name from one network before the first pause."""
FREE_NETWORK: Final = 50
"""Failures of one network, over all names, before the first pause."""
FIRST_PAUSE: Final = timedelta(seconds=2)
LONGEST_PAUSE: Final = timedelta(minutes=15)
MEMORY: Final = 10_000
"""Counters kept at once; the oldest goes first, so a flood costs no more memory than this."""

Key: TypeAlias = tuple[str, str]


@dataclass(slots=True)
class _Count:
    failures: int = 0
    until: datetime | None = None


@dataclass(slots=True)
class Attempts:
    """Counts of this process. Thread-safe."""

    _counts: OrderedDict[Key, _Count] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pause(self, login: str, address: str, now: datetime) -> timedelta:
        """How long this name must still wait from this network; zero means that it may try."""
        with self._lock:
            ends = [c.until for key in _keys(login, address) if (c := self._counts.get(key)) and c.until]
        return (
            max((end - now for end in ends), default=timedelta(0)) if any(end > now for end in ends) else timedelta(0)
        )

    def failed(self, login: str, address: str, now: datetime) -> None:
        """Count one failure."""
        with self._lock:
            for key, free in zip(_keys(login, address), (FREE, FREE_NETWORK), strict=True):
                count = self._counts.pop(key, _Count())
                if count.until is not None and now - count.until > LONGEST_PAUSE:
                    count = _Count()
                count.failures += 1
                over = count.failures - free
                if over >= 0:
                    count.until = now + min(FIRST_PAUSE * 2 ** min(over, 20), LONGEST_PAUSE)
                self._counts[key] = count
            while len(self._counts) > MEMORY:
                self._counts.popitem(last=False)

    def succeeded(self, login: str, address: str) -> None:
        """Forget the failures of this name from this network."""
        with self._lock:
            self._counts.pop(_keys(login, address)[0], None)


def _keys(login: str, address: str) -> tuple[Key, Key]:
    """Names count as accounts compare them (`admin.counter`): without case and surrounding blanks."""
    place = network(address)
    return (login.strip().casefold(), place), ("", place)


def network(address: str) -> str:
    """IPv4 by address, IPv6 by /64, since one subscriber holds a whole /64. Anything else stands for itself.

    A socket that listens on both tells IPv4 as IPv6 (RFC 4291 section 2.5.5.2): all of that is one /64, and nobody's.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
