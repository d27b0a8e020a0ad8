"""Keep Inspect from writing what a subject did anywhere but into the folder it was given.

Inspect keeps a trace file in the user's data folder, which quotes every tool call whole. It has no setting that turns
it off, so its handler is told to pass nothing on. Fails closed: where the handler is not found, nothing runs.

Inspect's first run in a process also sets the level of every log that has none of its own, and listens to them all:
without `others_kept` a fault of this host, in that process, would be logged nowhere.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from inspect_ai._util.logger import init_logger

from comity.errors import Unavailable

NOTHING: Final = logging.CRITICAL + 1000
"""Above every level there is."""
PACKAGE: Final = "inspect_ai"


@contextmanager
def others_kept() -> Iterator[None]:
    """Whatever Inspect does meanwhile, logs that are not its own keep their level and their handlers."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def hush() -> None:
    """Inspect's trace says nothing from now on, in this process. Unavailable when this Inspect keeps it otherwise."""
    with others_kept():
        init_logger("critical", "critical")
    handlers = [one for one in logging.getLogger(PACKAGE).handlers if hasattr(one, "trace_logger_level")]
    for one in handlers:
        one.trace_logger_level = NOTHING
    if not handlers:
        raise Unavailable("this version of Inspect keeps its trace in a way that Comity does not know: pin another one")
