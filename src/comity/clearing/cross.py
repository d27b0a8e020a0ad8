"""Decide what running each fix against the other's proof says: does fix A silence proof B, and fix B proof A?

A fix here is a minimal patch on the vulnerable build, never a whole release, which silences much else. A bulk patch is
not asked: it would silence anything. A run that did not complete, or was not reached, says nothing.
"""

from collections.abc import Iterable
from typing import Final

from comity.clearing import profile
from comity.model.recipe import Observation, Sight

HUNKS: Final = 8
"""A patch of more hunks is no minimal fix."""
YES: Final = "yes"
NO: Final = "no"
UNKNOWN: Final = "unknown"


def is_minimal(patch: bytes) -> bool:
    """Whether a patch may speak: it changes something, and few places."""
    return 0 < len(profile.hunks(patch)) <= HUNKS


def silenced(before: Iterable[Observation], after: Iterable[Observation]) -> str:
    """`yes` when the proof fires on the unpatched build and never on the patched one, `no` when it still fires.

    `unknown` for everything else: nothing is concluded from a run that did not happen.
    """
    sights, patched = [one.sight for one in before], [one.sight for one in after]
    if not sights or any(sight is not Sight.FIRED for sight in sights):
        return UNKNOWN
    if any(sight is Sight.FIRED for sight in patched):
        return NO
    return YES if patched and all(sight is Sight.SILENT for sight in patched) else UNKNOWN


def answer(word: str) -> bool | None:
    """The word as `combine.Cross` holds it."""
    return {YES: True, NO: False}.get(word)
