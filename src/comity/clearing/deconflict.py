"""Decide whether a report is new, or another view of a case we hold.

First cut: shared identifiers and exact fingerprints only; likeness comes later. Rules (clearing.md section 4): never
merge because something is absent, never on rule id, title or CWE alone, one case only for the same root cause and the
same expected fix. Below certainty the answer is `Disputed`: shown, not merged. The verdict does not depend on the order
of open cases.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from comity.model.case import Deconfliction, Disputed, New, Same
from comity.model.ids import CaseId, Digest
from comity.model.report import Finding


class Strength(IntEnum):
    """What a shared fingerprint is worth by itself."""

    HINT = 1
    """Worth a person's look: never merges."""
    IDENTITY = 2
    """Same root cause and same expected fix, when the packages agree."""


@dataclass(frozen=True, slots=True, order=True)
class Fingerprint:
    """One exact, normalised fact that two reports may share. `kind` says which, `value` is compared byte for byte."""

    kind: str
    value: str

    @property
    def strength(self) -> Strength:
        """Identity or hint, by kind."""
        return KINDS[self.kind][0]

    @property
    def reason(self) -> str:
        """The sentence that a verdict gives for sharing this."""
        return KINDS[self.kind][1]


KINDS = {
    "identifier": (Strength.IDENTITY, "both name the same identifier of this weakness"),
    "proof": (Strength.IDENTITY, "both bring the same proof: equal recipe, equal inputs"),
    "fix at place": (Strength.IDENTITY, "same fixing commit, in the same file of the same package"),
    "origin at place": (Strength.HINT, "same introducing commit, in the same file of the same package"),
    "fix": (Strength.HINT, "same fixing commit (one commit may fix several weaknesses)"),
    "place": (Strength.HINT, "same package, file, function and weakness class"),
    "frames": (Strength.HINT, "same package and same top three crash frames"),
}
"""Every kind of fingerprint, what it is worth and why; ordered by strength."""

_IDENTIFIER = re.compile(
    r"(CVE-\d{4}-\d{4,}|GHSA(-[23456789cfghjmpqrvwx]{4}){3}|[A-Z][A-Z0-9_]{1,15}-[A-Za-z0-9][A-Za-z0-9-]*)\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the store says of one case that shares at least one fingerprint with the report."""

    case: CaseId
    packages: frozenset[str]
    """Package names of all its reports, as `packages` gives them; empty when none named one."""
    shared: frozenset[Fingerprint]


def packages(finding: Finding) -> frozenset[str]:
    """Normalised package names: the purl without version and qualifiers, or `ecosystem:name`, lower case."""
    names = set()
    for affected in finding.affected:
        if affected.purl:
            names.add(affected.purl.split("?")[0].split("#")[0].split("@")[0].lower())
        elif affected.name:
            names.add(f"{affected.ecosystem or affected.vendor}:{affected.name}".lower())
    return frozenset(names)


def fingerprints(finding: Finding, *, recipe: Digest | None) -> frozenset[Fingerprint]:
    """Every fingerprint the finding offers. `related` and `upstream` identifiers are not identity and give none."""
    found: set[Fingerprint] = set()
    for alias in finding.aliases:
        name = alias.strip()
        if _IDENTIFIER.match(name):
            found.add(Fingerprint("identifier", name.upper()))
    if recipe is not None:
        found.add(Fingerprint("proof", recipe))
    files = {path(symbol.file) for symbol in finding.symbols if symbol.file}
    for package in packages(finding):
        for commit in finding.fixed_commits:
            found.add(Fingerprint("fix", f"{package} {commit.lower()}"))
            found.update(Fingerprint("fix at place", f"{package} {commit.lower()} {file}") for file in files)
        for commit in finding.introduced_commits:
            found.update(Fingerprint("origin at place", f"{package} {commit.lower()} {file}") for file in files)
        for symbol in finding.symbols:
            if symbol.file and symbol.function:
                for cwe in finding.cwes:
                    place = f"{package} {path(symbol.file)} {symbol.function} {cwe.upper()}"
                    found.add(Fingerprint("place", place))
    found.update(Fingerprint("frames", place) for place in crash_place(finding))
    return frozenset(found)


def crash_place(finding: Finding) -> tuple[str, ...]:
    """Each package with the top three crash frames; nothing for a crash of fewer."""
    if len(finding.crash_frames) < 3:
        return ()
    frames = tuple(map(_frame, finding.crash_frames[:3]))
    return tuple(" ".join((package, *frames)) for package in sorted(packages(finding)))


def compare(finding: Finding, held: Iterable[Held]) -> Deconfliction:
    """New, Same or Disputed against the cases that share something with the finding.

    Same needs exactly one case with an identity fingerprint whose packages do not contradict the finding's. Several
    such cases, a contradiction of packages, or only hints: `Disputed`, naming all of them.
    """
    ours = packages(finding)
    identical: dict[CaseId, set[str]] = {}
    doubtful: dict[CaseId, set[str]] = {}
    for case in held:
        reasons = {print_.reason for print_ in case.shared if print_.strength is Strength.IDENTITY}
        if reasons and _agree(ours, case.packages):
            identical[case.case] = reasons
        elif reasons:
            doubtful[case.case] = reasons | {"but they name different packages"}
        elif case.shared:
            doubtful[case.case] = {print_.reason for print_ in case.shared}
    if len(identical) == 1:
        ((case_id, reasons),) = identical.items()
        return Same(case=case_id, reasons=tuple(sorted(reasons)))
    if not identical and not doubtful:
        return New()
    all_reasons = set().union(*identical.values(), *doubtful.values())
    if len(identical) > 1:
        all_reasons.add("it matches more than one open case")
    return Disputed(cases=tuple(sorted({*identical, *doubtful})), reasons=tuple(sorted(all_reasons)))


def _agree(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Packages agree when they overlap; a side that names none does not contradict."""
    return not ours or not theirs or bool(ours & theirs)


def path(text: str) -> str:
    """A file's place in its repository, written one way."""
    return text.replace("\\", "/").removeprefix("file://").lstrip("./")


def _frame(text: str) -> str:
    """A frame without addresses, offsets, template arguments and parameter lists."""
    bare = re.sub(r"0x[0-9a-fA-F]+", "", text)
    bare = re.sub(r"<[^<>]*>", "", bare)
    bare = re.sub(r"\(.*\)", "", bare)
    return re.sub(r"\s+", "", bare).split("+")[0]
