"""Keep Inspect from writing what a subject did anywhere but into the folder it was given.

Inspect keeps a trace file in the user's data folder, which quotes every tool call whole. It has no setting that turns
it off, so its handler is told to pass nothing on. Fails closed: where the handler is not found, nothing runs.
"""

import logging
from typing import Final

from inspect_ai._util.logger import init_logger

from comity.errors import Unavailable

NOTHING: Final = logging.CRITICAL + 1000
"""Above every level there is."""
PACKAGE: Final = "inspect_ai"


def hush() -> None:
    """Inspect's trace says nothing from now on, in this process. Unavailable when this Inspect keeps it otherwise."""
    init_logger("critical", "critical")
    handlers = [one for one in logging.getLogger(PACKAGE).handlers if hasattr(one, "trace_logger_level")]
    for one in handlers:
        one.trace_logger_level = NOTHING
    if not handlers:
        raise Unavailable("this version of Inspect keeps its trace in a way that Comity does not know: pin another one")
