"""What a door decided about somebody who wanted something."""

from enum import StrEnum


class Outcome(StrEnum):
    """What was decided. `NOT_FOUND`: hidden from them, or not there; never said which, here neither."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    NOT_FOUND = "not found"
    BROKEN_GLASS = "by break-glass"
