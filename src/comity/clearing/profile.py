"""Say what one report offers for comparing, and under which keys the store files it.

A profile holds no prose: words are kept as a few hashed minima, enough to tell how alike two texts are. It is sealed
at rest all the same. A report is compared only with reports under a shared key, and a key's crowd is bounded, so the
cost of a new report does not grow with the pool; the bounds are those of `blocking`.
"""

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from comity.clearing import blocking, deconflict
from comity.clearing.aliases import IDENTIFIER
from comity.clearing.crashes import read_kind, target_frames
from comity.clearing.likeness import Sighting
from comity.model.ids import Digest, ReportId
from comity.model.report import Finding

MINIMA: Final = 16
"""Hashed minima kept of a text: the likeness of two texts is the share of equal ones."""
BAND: Final = 4
"""Minima that must be equal together for text alone to make two reports meet (for a person's eyes, never a merge)."""
TEXT_LIMIT: Final = 8192
LIST_LIMIT: Final = 16
PATCH_LIMIT: Final = 256 * 1024
HUNKS: Final = 32
_WORD: Final = re.compile(r"[a-z_][a-z0-9_]{2,}")
_MASK: Final = 0xFFFFFFFF
_STEPS: Final = tuple(
    ((2654435761 * (2 * place + 1)) & _MASK, (40503 * (place + 7) ** 3) & _MASK) for place in range(MINIMA)
)


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is compared of one report. Lists are sorted and bounded; empty means not said."""

    report: str
    organisation: str = ""
    at: datetime = datetime.fromtimestamp(0, UTC)
    packages: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Versions said to be affected, word for word."""
    fixed_versions: tuple[str, ...] = ()
    cwes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    """`file function`, both given."""
    introduced: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    hunks: tuple[str, ...] = ()
    """Digests of the normalised hunks of the patches that the report brings, each with its file."""
    frames: tuple[str, ...] = ()
    kind: str = ""
    sanitizer: str = ""
    engine: str = ""
    target: str = ""
    last_good: datetime | None = None
    first_bad: datetime | None = None
    minima: tuple[int, ...] = ()
    recipe: str = ""
    """Digest of its one readable recipe."""

    @property
    def sighting(self) -> Sighting | None:
        """The crash as `likeness` compares it; None when there is nothing of a crash, or not exactly one package."""
        origin = (self.last_good, self.first_bad) if self.last_good and self.first_bad else None
        if len(self.packages) != 1 or not (self.frames or origin):
            return None
        return Sighting(
            id=self.report,
            package=self.packages[0],
            frames=self.frames,
            kind=read_kind(self.kind) if self.kind else None,
            sanitizer=self.sanitizer,
            engine=self.engine,
            target=self.target,
            reported=self.at,
            origin=origin,
        )


def profile_of(
    report: ReportId,
    finding: Finding,
    *,
    at: datetime,
    organisation: str = "",
    recipe: Digest | None = None,
    patches: Iterable[bytes] = (),
) -> Profile:
    """The profile of a finding; `patches` are the bytes of the patches that it brings."""
    symbols = [(deconflict.path(s.file) if s.file else "", s.function) for s in finding.symbols[:LIST_LIMIT]]
    crash = finding.crash
    return Profile(
        report=report,
        organisation=organisation,
        at=at,
        packages=_some(deconflict.packages(finding)),
        versions=_some(v for a in finding.affected for v in a.versions),
        fixed_versions=_some(v for a in finding.affected for v in a.fixed_versions),
        cwes=_some(c.upper() for c in finding.cwes),
        files=_some(file for file, _ in symbols),
        functions=_some(function for _, function in symbols),
        places=_some(f"{file} {function}" for file, function in symbols if file and function),
        introduced=_some(c.lower() for c in finding.introduced_commits),
        fixes=_some(c.lower() for c in finding.fixed_commits),
        hunks=_some(hunk for patch in patches for hunk in hunks(patch)),
        frames=target_frames(finding.crash_frames),
        kind=crash.kind,
        sanitizer=crash.sanitizer.lower(),
        engine=crash.engine.lower(),
        target=crash.target,
        last_good=crash.last_good,
        first_bad=crash.first_bad,
        minima=minima(f"{finding.summary} {finding.description} {finding.trigger} {finding.impact}"),
        recipe=recipe or "",
    )


def keys(one: Profile) -> tuple[str, ...]:
    """Under which keys a report is filed and looked for, most telling first.

    A hunk is an identity, so every one is a key, whatever the package; other keys need a package and are at most
    `KEY_LIMIT`.
    """
    found: dict[str, None] = {}
    for package in one.packages[:4]:
        groups: Sequence[tuple[str, Sequence[str]]] = (
            ("fix", one.fixes),
            ("origin", one.introduced),
            ("place", one.places[:4]),
            ("function", one.functions[:4]),
            ("frame", one.frames[: blocking.FRAMES]),
            ("file", one.files[:4]),
            ("class", one.cwes[:2]),
            ("words", _bands(one.minima)),
        )
        for kind, values in groups:
            for value in values:
                found[f"{kind} {package} {value}"] = None
        found[f"package {package}"] = None
    sighting = one.sighting
    for parts in blocking.stored_keys(sighting) if sighting is not None else ():
        if parts[0] != "frame":
            found[" ".join(parts)] = None
    return (*(f"hunk {value}" for value in one.hunks), *tuple(found)[: blocking.KEY_LIMIT])


def asked(one: Profile) -> tuple[str, ...]:
    """The keys to look under: those it is filed under, and for a crash the neighbouring slots of time."""
    sighting = one.sighting
    more = blocking.asked_keys(sighting) if sighting is not None else ()
    return tuple(dict.fromkeys((*keys(one), *(" ".join(parts) for parts in more if parts[0] != "frame"))))


TELLING: Final = {
    "hunk": 8.0, "fix": 6.0, "origin": 4.0, "place": 5.0, "function": 3.0, "frame": 2.0, "file": 2.0, "class": 1.0,
    "words": 1.5, "week": 0.5, "target": 0.5, "package": 0.1,
}  # fmt: skip
"""How telling a shared key is, for choosing whom to compare with. No part of any verdict."""


def telling(key: str) -> float:
    """The weight of a shared key."""
    return TELLING.get(key.partition(" ")[0], 0.5)


def is_identity(key: str) -> bool:
    """Whether two reports under this key share an identity: no bound on candidates may leave one out."""
    return key.startswith("hunk ")


def hunks(patch: bytes) -> frozenset[str]:
    """Digests of a unified diff's hunks, each with its file: added and removed lines without layout.

    Line numbers and context are left out, so the same change against another revision is equal. A patch over
    `PATCH_LIMIT` gives none: a bulk change says nothing about one weakness.
    """
    if len(patch) > PATCH_LIMIT:
        return frozenset()
    file = ""
    lines: list[str] = []
    found: set[str] = set()

    def close() -> None:
        if file and lines:
            text = "\n".join([file, *lines])
            found.add(hashlib.blake2b(text.encode(), digest_size=12).hexdigest())
        lines.clear()

    for line in patch.decode("utf-8", "replace").splitlines():
        if line.startswith("+++ "):
            close()
            file = deconflict.path(line[4:].split("\t")[0].strip()).removeprefix("b/")
        elif line.startswith(("@@", "diff ", "--- ")):
            close()
        elif line[:1] in {"+", "-"} and line[1:].strip():
            lines.append(line[0] + "".join(line[1:].split()))
        if len(found) > HUNKS:
            return frozenset()
    close()
    return frozenset(found)


def minima(text: str) -> tuple[int, ...]:
    """Minwise hashes of the text's words, without identifiers of weaknesses (those would decide by name)."""
    seen = {zlib.crc32(word.encode()) for word in _WORD.findall(IDENTIFIER.sub(" ", text[:TEXT_LIMIT]).lower())}
    if len(seen) < BAND:
        return ()
    return tuple([min([(value * a + b) & _MASK for value in seen]) for a, b in _STEPS])


def alike(one: Sequence[int], other: Sequence[int]) -> float | None:
    """Share of equal minima, 0 to 1, which estimates the words in common; None when one text says too little."""
    if not one or not other:
        return None
    return sum(a == b for a, b in zip(one, other, strict=True)) / MINIMA


def overlap(one: Sequence[str], other: Sequence[str]) -> bool | None:
    """Whether two lists share an entry; None when one is empty: nobody said."""
    return bool(set(one) & set(other)) if one and other else None


def apart(one: Profile, other: Profile) -> timedelta:
    """Time between the two."""
    return abs(one.at - other.at)


def _some(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))[:LIST_LIMIT]


def _bands(held: Sequence[int]) -> list[str]:
    bands = [held[start : start + BAND] for start in range(0, len(held), BAND)][:4]
    return ["-".join(f"{value:x}" for value in band) for band in bands]
