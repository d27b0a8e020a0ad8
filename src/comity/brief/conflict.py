"""Find where the sources of one story contradict each other, and show both sides; never an average, never a choice.

Sentences of different origins that are about the same thing are laid side by side. They part by dates, numbers of one
thing, denial or opposites (must against voluntary), reach (all against only, alone against jointly) or by what the same
act is done to. What only one origin says of a shared subject is named as that. Words are compared, not meanings: a
contradiction in other words passes unseen, and two true sentences about different cases may be shown as a conflict.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from comity.brief.check.certainty import denials, opposites
from comity.brief.extract import days, names, numbers
from comity.brief.lexicon import RUNGS
from comity.brief.sentences import STOP, content, listed, sentences, words
from comity.model.article import Source, Span
from comity.model.story import Conflict, Side, Status

ALIKE: Final = 0.4
"""Share of the shorter sentence's content stems that two sentences must share: policy parameter, ours."""
MOST: Final = 12
_MUST: Final = frozenset(
    listed("requir require mandatori mandatory mandat mandate must compulsory oblig oblige obligatory")
)
_MAY: Final = frozenset(listed("voluntary voluntari voluntarily optional option invit invite"))
_WHOLE: Final = frozenset(
    listed("all every each whole entire entirely alone sole solely own owns exclusive exclusively")
)
_PART: Final = frozenset(listed("only part partly some several shared share joint jointly together several with"))
_JOINT: Final = frozenset(listed("shared joint jointly together"))
_ALONE: Final = frozenset(listed("alone sole solely own owns exclusive exclusively"))
_ACTS: Final = frozenset(
    listed(
        "us use scan cover includ receiv creat add consist measur determin decid appli apply rest weigh rank collect "
        "publish shar share establish set direct name list assess test monitor hold run control"
    )
)
_LONGEST: Final = 60
_MOST_SENTENCES: Final = 120
_MOST_LINES: Final = 600
"""Sentences of all sources together: pairs of them are compared."""


class _Line(NamedTuple):
    source: int
    span: Span
    text: str
    stems: frozenset[str]
    lower: frozenset[str]


def conflicts(sources: Sequence[Source], origins: Sequence[Sequence[int]]) -> tuple[Conflict, ...]:
    """Conflicts between origins, in the order of the sources; at most `MOST`. `origins` are groups of places."""
    group = {place: number for number, some in enumerate(origins) for place in some}
    each = min(_MOST_SENTENCES, max(10, _MOST_LINES // max(1, len(group))))
    lines = [line for place in sorted(group) for line in _lines(place, sources[place], each)]
    found: list[Conflict] = []
    seen: set[tuple[Span, int, Span, int]] = set()
    for number, one in enumerate(lines):
        for other in lines[number + 1 :]:
            if group[one.source] == group[other.source]:
                continue
            kind, about = _parts(one, other, sources)
            if kind and (key := (one.span, one.source, other.span, other.source)) not in seen:
                seen.add(key)
                sides = (_side(one, sources), _side(other, sources))
                found.append(Conflict(kind=kind, about=about, status=Status.DISPUTED, sides=sides))
    found += _alone(lines, group, sources, {(side.source, side.span) for one in found for side in one.sides})
    return tuple(_merged(found)[:MOST])


def _lines(place: int, source: Source, most: int) -> Iterator[_Line]:
    for span in sentences(source.text)[:most]:
        text = source.text[span.start : span.end]
        run = words(text)
        if 4 <= len(run) <= _LONGEST:
            stems = frozenset(stem for stem in content(text) if not stem.isdigit())
            yield _Line(place, span, text, stems, frozenset(word.lower for word in run))


def _side(line: _Line, sources: Sequence[Source]) -> Side:
    return Side(source=line.source, name=sources[line.source].name, span=line.span, text=line.text)


def _parts(one: _Line, other: _Line, sources: Sequence[Source]) -> tuple[str, str]:
    """(kind, about), or ("", "") when the two agree or are about different things."""
    shared = one.stems & other.stems
    if len(shared) < 2 and not (shared and _subject(one) & _subject(other)):
        return "", ""
    about = _about(one, shared)
    share = len(shared) / min(len(one.stems), len(other.stems))
    if _obliges(one, other) and (share >= 0.3 or _subject(one) & _subject(other)):
        return "obligation", about
    if share >= ALIKE:
        if _dates_part(one, other, sources):
            return "dates", about
        if _numbers_part(one, other):
            return "numbers", about
        if _denied(one, other):
            return "denial", about
    if share >= ALIKE - 0.15 and _reach_parts(one, other):
        return "reach", about
    if _objects_part(one, other, shared):
        return "object", about
    return "", ""


def _about(one: _Line, shared: frozenset[str]) -> str:
    return " ".join(word.text for word in words(one.text) if word.stem in shared)[:120]


@lru_cache(maxsize=2048)
def _subjects(text: str) -> frozenset[str]:
    found = {stem for name in names(text) for stem in content(name.text)}
    first = next((word.stem for word in words(text) if word.lower not in STOP), "")
    return frozenset(found | {first}) - {""}


def _subject(line: _Line) -> frozenset[str]:
    return _subjects(line.text)


def _dates_part(one: _Line, other: _Line, sources: Sequence[Source]) -> bool:
    mine = [day for day in days(one.text, said_at=sources[one.source].published_at) if day.month]
    theirs = [day for day in days(other.text, said_at=sources[other.source].published_at) if day.month]
    if not mine or not theirs:
        return False
    return not any(
        all(a is None or b is None or a == b for a, b in ((x.year, y.year), (x.month, y.month), (x.day, y.day)))
        for x in mine
        for y in theirs
    )


def _numbers_part(one: _Line, other: _Line) -> bool:
    mine = {(number.noun or number.unit): number.value for number in numbers(one.text) if number.noun or number.unit}
    theirs = {
        (number.noun or number.unit): number.value for number in numbers(other.text) if number.noun or number.unit
    }
    both = set(mine) & set(theirs)
    return bool(both) and all(mine[noun] != theirs[noun] for noun in both)


def _denied(one: _Line, other: _Line) -> bool:
    mine, theirs = denials(one.text), denials(other.text)
    if any(stem in theirs and not said & theirs[stem] and stem not in RUNGS for stem, said in mine.items()):
        return True
    return any(True for _ in opposites(one.text, other.text))


def _obliges(one: _Line, other: _Line) -> bool:
    def must(line: _Line) -> bool:
        return bool((line.stems | line.lower) & _MUST)

    def may(line: _Line) -> bool:
        return bool((line.stems | line.lower) & _MAY)

    return (must(one) and may(other) and not may(one)) or (must(other) and may(one) and not may(other))


def _reach_parts(one: _Line, other: _Line) -> bool:
    for a, b in ((one.lower, other.lower), (other.lower, one.lower)):
        if a & _ALONE and b & _JOINT and not b & _ALONE:
            return True
        if a & (_WHOLE - _ALONE) and "only" in b and "only" not in a:
            return True
    return False


def _objects_part(one: _Line, other: _Line, shared: frozenset[str]) -> bool:
    """The same subject does the same thing to other things: nothing else of the two sentences is shared."""
    acts = shared & _ACTS
    if not acts or not (_subject(one) & _subject(other) & (shared - acts)):
        return False
    mine, theirs = one.stems - shared, other.stems - shared
    return len(mine) >= 2 and len(theirs) >= 2 and len(shared) - len(acts) <= 3


def _alone(
    lines: Sequence[_Line], group: dict[int, int], sources: Sequence[Source], taken: set[tuple[int, Span]]
) -> list[Conflict]:
    """What one origin says of a subject that others write about too, with a name or an act that no other mentions."""
    if len(set(group.values())) < 2:
        return []
    found = []
    for one in lines:
        if (one.source, one.span) in taken:
            continue
        others = [line for line in lines if group[line.source] != group[one.source]]
        known = frozenset().union(*(line.stems for line in others)) if others else frozenset()
        beside = [line for line in others if _subject(line) & _subject(one)]
        fresh = {name.text for name in names(one.text) if len(content(name.text)) >= 2 and content(name.text) - known}
        new = one.stems - known
        strange = bool(fresh) or (bool(one.stems & _ACTS) and len(new) * 2 >= len(one.stems))
        if beside and strange:
            best = max(beside, key=lambda line: (len(line.stems & one.stems), -line.source, -line.span.start))
            found.append(
                Conflict(
                    kind="one origin",
                    about=_about(one, one.stems & best.stems),
                    status=Status.UNCORROBORATED,
                    sides=(_side(one, sources), _side(best, sources)),
                )
            )
    return found


def _merged(found: Sequence[Conflict]) -> list[Conflict]:
    """Conflicts of one kind that share a sentence become one with all its sides: three dates are one conflict."""
    kept: list[Conflict] = []
    for one in found:
        for place, held in enumerate(kept):
            same = held.kind == one.kind and held.status is one.status and held.status is Status.DISPUTED
            if same and set(held.sides) & set(one.sides):
                sides = tuple(dict.fromkeys((*held.sides, *one.sides)))
                kept[place] = Conflict(kind=held.kind, about=held.about, status=held.status, sides=sides)
                break
        else:
            kept.append(one)
    return kept
