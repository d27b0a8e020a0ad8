"""What a page shows of an act that was refused: the status, and the problems one by one."""

from comity.access.failures import failure_of
from comity.errors import ComityError, Problem


def status_of(error: ComityError) -> int:
    """The status that goes with it, the same as at every other door."""
    return failure_of(error).status


def told(error: ComityError, *, code: str = "not_now") -> tuple[Problem, ...]:
    """Its problems, or its sentence as the one problem of the whole form, under `code`."""
    failure = failure_of(error)
    return failure.problems or (Problem("", code, failure.detail),)
