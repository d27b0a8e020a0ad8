"""Decide what a finding may be compared by without being shown, how coarse an answer is, and what a question costs.

Fingerprints are exact and fine: whoever has no real finding in hand cannot guess them in the numbers that the meter
allows. Both sides make them with this file, from the same report.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from comity.clearing.deconflict import crash_place, packages, path
from comity.model.blind import AREA_STEP, PRINT_LIMIT, Level, Part, Print, Prior, Question, Standing
from comity.model.case import Stage
from comity.model.ids import PartyId, digest
from comity.model.report import Finding

SHELF: Final = 512
"""Entries of a bucket at most, on average: a larger level is cut by more bits of the tag."""
LEAST_SHELF: Final = 64
"""Entries that every bucket is filled up to, so that its length says nothing of a young host."""
LEAST_HOLDERS: Final = 3
"""Other organisations that must hold open claims here before anything is told of any: an answer then says one of at
least so many (policy parameter)."""
COST: Final[Mapping[Standing, int]] = {
    Standing.OPEN: 1,
    Standing.FILED: 1,
    Standing.CLAIMED: 1,
    Standing.WITHDRAWN: 1,
    Standing.FALSE: 3,
    Standing.LAPSED: 2,
}
"""What one guess of a question of this or the last epoch takes from the meter (policy parameter)."""
PROVEN: Final = frozenset({Stage.VALID, Stage.COORDINATING, Stage.READY, Stage.PUBLISHED})
"""A filed report whose case reached one of these gives its cost back: anybody can file an invention."""
UNPROVEN: Final = 2
"""What a guess costs whose filed report was run here and did not reproduce."""

_HUNK: Final = re.compile(rb"^@@ [^\n]*$", re.MULTILINE)
_NAME: Final = re.compile(rb"^\+\+\+ (?:b/)?([^\t\n\r]+)", re.MULTILINE)
_PATCH_LIMIT: Final = 1024 * 1024


def prints(finding: Finding, patches: Iterable[bytes]) -> tuple[Print, ...]:
    """The finding's fingerprints, finest first, at most `PRINT_LIMIT`; none when it says too little to compare."""
    found: set[Print] = set()
    places = [(path(symbol.file), symbol.function) for symbol in finding.symbols if symbol.file and symbol.function]
    for file, function in places:
        for commit in finding.introduced_commits:
            found.add(Print(level=Level.ORIGIN, text=f"{commit.lower()} {file} {function}"))
        for package in packages(finding):
            for cwe in finding.cwes:
                found.add(Print(level=Level.PLACE, text=f"{package} {file} {function} {cwe.upper()}"))
    for patch in patches:
        found.update(Print(level=Level.CHANGE, text=change) for change in changes(patch))
    for place in crash_place(finding):
        found.add(Print(level=Level.CRASH, text=place))
    return tuple(sorted(found, key=lambda one: (-one.level, one.text))[:PRINT_LIMIT])


def is_told(holders: Iterable[PartyId], asker: PartyId) -> bool:
    """Whether anything is told of claims: only while enough others than the asker hold open ones."""
    return len(set(holders) - {asker}) >= LEAST_HOLDERS


def changes(patch: bytes) -> tuple[str, ...]:
    """One digest per file of a unified diff: its changed lines without blanks, context or line numbers."""
    if len(patch) > _PATCH_LIMIT:
        return ()
    names = list(_NAME.finditer(patch))
    found = []
    for place, name in enumerate(names):
        end = names[place + 1].start() if place + 1 < len(names) else len(patch)
        body = patch[name.end() : end]
        start = _HUNK.search(body)
        if start is None:
            continue
        lines = [line for line in body[start.start() :].split(b"\n") if line[:1] in (b"+", b"-")]
        lines = [line for line in lines if not line.startswith((b"--- ", b"+++ "))]
        bare = [line[:1] + b"".join(line[1:].split()) for line in lines]
        kept = sorted(line for line in bare if len(line) > 1)
        if kept:
            file = path(name[1].decode("utf-8", "replace").strip())
            found.append(digest(file.encode() + b"\0" + b"\n".join(kept)))
    return tuple(found)


def bits(entries: int) -> int:
    """How many leading bits of a tag name a bucket, so that it holds about `SHELF` entries. 0: the whole level."""
    count = 0
    while entries >> count > SHELF and count < 32:
        count += 1
    return count


def shelf_size(entries: int) -> int:
    """How many entries a bucket is filled up to: a power of two, at least `LEAST_SHELF`."""
    size = LEAST_SHELF
    while size < entries:
        size *= 2
    return size


def prior(reports: int) -> Prior:
    """How many others, in words."""
    if reports >= 5:
        return Prior.MANY
    return Prior.FEW if reports > 1 else Prior.ONE


def guesses(parts: Iterable[Part]) -> int:
    """How many places a question asks about: the most commitments that it brings at one level.

    A finding has several levels of one place and is one guess; a report that lists ten functions is ten. Of an area
    every `AREA_STEP` parts are one.
    """
    number = Counter(part.level for part in parts)
    areas = -(-number.pop(Level.AREA, 0) // AREA_STEP)
    return max(*number.values(), areas, 0)


def spent(questions: Sequence[Question], filed: Mapping[str, Stage]) -> int:
    """What an organisation's questions of this and the last epoch take from its meter.

    `filed`: where the case of a filed question's report stands; absent while it has none.
    """
    return sum(guesses(question.parts) * _cost(question.standing, filed.get(question.id)) for question in questions)


def _cost(standing: Standing, stage: Stage | None) -> int:
    if standing is Standing.FILED and stage in PROVEN:
        return 0
    if standing is Standing.FILED and stage is Stage.NOT_REPRODUCED:
        return UNPROVEN
    return COST[standing]
