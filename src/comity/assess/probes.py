"""Pin a model's version from outside: the same few prompts at the start and at the end of a block of runs.

A changed model name or fingerprint, or more changed answers than the parameter says, voids the block: what ran between
may have met another model. Equal answers do not prove the same weights; they only fail to show a change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.model.dossier import Probe

PROMPTS: Final = (
    "Reply with exactly one word: harbour",
    "What is 17 times 23? Reply with digits only.",
    "Which letter is third in the word sextant? Reply with that letter only.",
    "Write the word comity backwards. Reply with that word only.",
)
CHANGED_AT_MOST: Final = 1
"""Answers that may differ before a block counts as drifted (policy parameter: sampling is not always repeatable)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of runs: pinned at both ends and the same, drifted, or never closed by an end probe."""

    number: int
    stands: bool
    reason: str
    ended: bool = True
    """Whether its end was probed. While the window is open, a block without is under way, not void."""


def blocks(probes: Sequence[Probe]) -> tuple[Block, ...]:
    """Every block that was begun. A block without its end probe does not stand: nobody looked."""
    made = []
    for number in sorted({probe.block for probe in probes}):
        start = next((p for p in probes if p.block == number and p.moment == "start"), None)
        end = next((p for p in reversed(probes) if p.block == number and p.moment == "end"), None)
        if start is None or end is None:
            made.append(
                Block(number=number, stands=False, reason="it was not probed at both ends", ended=end is not None)
            )
            continue
        reason = drift(start, end)
        made.append(Block(number=number, stands=not reason, reason=reason or "the probes agree at both ends"))
    return tuple(made)


def drift(start: Probe, end: Probe, *, changed_at_most: int = CHANGED_AT_MOST) -> str:
    """Why the two probes do not show the same version; "" when they do."""
    if start.model != end.model:
        return "the endpoint names another model"
    if start.fingerprint != end.fingerprint:
        return "the endpoint's fingerprint changed"
    changed = sum(a != b for a, b in zip(start.answers, end.answers, strict=False))
    changed += abs(len(start.answers) - len(end.answers))
    if changed > changed_at_most:
        return f"{changed} of {max(len(start.answers), len(end.answers))} probe answers changed"
    return ""
