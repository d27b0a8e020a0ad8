"""Gate of sources in conflict: what origins dispute is shown as disputed, what one origin says as reported by it."""

from collections.abc import Iterator, Sequence

from comity.brief.check.evidence import Mismatch
from comity.brief.lexicon import ATTRIBUTION
from comity.brief.sentences import words
from comity.model.article import Brief, Weight
from comity.model.story import Conflict, Status

_OPEN = frozenset(("disputed", "dispute", "contradict", "contradicts", "differ", "differs", "disagree", "conflicting"))


def conflict_gate(brief: Brief, conflicts: Sequence[Conflict], *, place: int) -> Iterator[tuple[int, Mismatch]]:
    """(sentence, mismatch) for every sentence that rests on one side of a conflict and does not say so.

    `place` is the source that the brief's spans point into. A brief that says nothing of a conflict is told of it.
    """
    for number, sentence in enumerate(brief.sentences):
        said = {word.lower for word in words(sentence.text)}
        for one in conflicts:
            rests = any(
                side.source == place and span.start < side.span.end and side.span.start < span.end
                for side in one.sides
                for span in sentence.spans
            )
            if not rests or sentence.template:
                continue
            if one.status is Status.DISPUTED and not said & _OPEN:
                names = ", ".join(dict.fromkeys(side.name for side in one.sides))
                yield number, Mismatch(one.about, f"origins contradict each other here ({one.kind}): {names}")
            elif one.status is Status.UNCORROBORATED and not said & (ATTRIBUTION | _OPEN):
                yield number, Mismatch(one.about, f"only {one.sides[0].name} says this: write it as reported by it")
    for one in conflicts:
        if one.status is Status.DISPUTED:
            names = ", ".join(dict.fromkeys(side.name for side in one.sides))
            yield -1, Mismatch(one.about, f"shown beside the brief as disputed ({one.kind}): {names}", Weight.WARN)
