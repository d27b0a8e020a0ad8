"""Let an answer leave at a whole step of time, so that how long it took tells little of what was passed over."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def paced(
    step: float, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Wait, at the end, until a whole number of steps (seconds) has gone by since the beginning; an error waits too."""
    begun = clock()
    try:
        yield
    finally:
        gone = clock() - begun
        sleep(max(1, math.ceil(gone / step)) * step - gone)
