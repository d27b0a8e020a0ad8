"""Decide from every signal together whether a report is one more view of a case we hold, and say why.

Each signal that both reports give adds its log-odds; the sum is a probability, and every term is a reason that a person
reads. A signal that one side does not give adds nothing: nothing is concluded from absence. Where both are crashes,
the learned model of `likeness` speaks for all that a crash shows.

`Same` is never a matter of the sum. It needs identity (one identifier, one proof, one patch, one fixing commit in one
file, or execution: each fix silences the other's proof), for exactly one case, and nothing that speaks against one
root cause with one expected fix. Everything else that is likely enough and shares a structural fact is `Disputed`:
linked, shown, not merged. Rule ids, titles, weakness classes and texts are never structural. The verdict does not
depend on the order of reports or of open cases.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comity.clearing import likeness, profile
from comity.clearing.deconflict import Fingerprint, Strength
from comity.clearing.likeness import Model, Surroundings
from comity.clearing.profile import Profile
from comity.errors import Invalid, Problem
from comity.model.case import Deconfliction, Disputed, New, Same
from comity.model.ids import CaseId

REASONS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that both reports say, and what it is worth in log-odds (negative: it speaks against)."""

    name: str
    weight: float

    @property
    def sentence(self) -> str:
        """What it says to a person."""
        return SENTENCES[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What each signal is worth, as data with its origin."""

    origin: str
    base: float
    link_at: float
    weights: Mapping[str, float]
    learned: frozenset[str]
    """Signals whose weight was fitted to data; the others are set by hand and say so in the docs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one held report says of the new one."""

    probability: float
    reasons: tuple[str, ...]
    identity: tuple[str, ...]
    """Why they are the same; empty when no identity was found."""
    bars: tuple[str, ...]
    """Why they must not be merged by the machine even with an identity."""
    structural: bool
    calibrated: bool = False
    """True where the crash model spoke, whose probabilities were measured; else the weights are set by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cross:
    """What running each fix against the other's proof showed; None where it was not run."""

    ours_silences_theirs: bool | None
    theirs_silences_ours: bool | None


IDENTITY: Final = frozenset({"identifier", "proof", "fix at place", "hunk", "execution"})
STRUCTURAL: Final = IDENTITY | {"place", "function", "file", "frames", "fix commit", "origin commit", "crash"}

SENTENCES: Final[Mapping[str, str]] = {
    "identifier": "both name the same identifier of this weakness",
    "proof": "both bring the same proof: equal recipe, equal inputs",
    "fix at place": "same fixing commit, in the same file of the same package",
    "hunk": "both bring the same change to the same file, normalised",
    "execution": "each one's fix silences the other's proof",
    "execution against": "one's fix does not silence the other's proof",
    "fix commit": "same fixing commit (one commit may fix several weaknesses)",
    "fix differs": "they name different fixing commits",
    "origin commit": "same introducing commit (a large commit brings in many)",
    "origin differs": "they name different introducing commits",
    "place": "same function of the same file",
    "function": "same function",
    "file": "same file",
    "file differs": "they name different files",
    "function differs": "they name different functions",
    "frames": "same top three crash frames",
    "crash": "alike by the crash model",
    "class": "same weakness class",
    "class differs": "different weakness classes",
    "versions": "affected versions in common",
    "versions differ": "no affected version in common",
    "fixed version": "same version named as fixed",
    "fixed version differs": "different versions named as fixed",
    "near": "reported within seven days of each other",
    "far": "reported more than a year apart",
    "text alike": "texts alike",
    "text unlike": "texts unlike",
    "meaning alike": "texts alike in meaning, by a network",
}
"""Every signal by name."""


def signals(
    one: Profile,
    other: Profile,
    *,
    prints: Iterable[Fingerprint] = (),
    cross: Cross | None = None,
    meaning: float | None = None,
) -> frozenset[str]:
    """Names of the signals that the pair gives; symmetric. `prints` are the exact fingerprints that both share.

    `meaning` is the cosine of the two texts' vectors, None where nobody asked for it. It speaks only for, and only
    where the words did not: texts of one product are all somewhat alike.
    """
    found = {print_.kind for print_ in prints if print_.strength is Strength.IDENTITY}
    if one.recipe and one.recipe == other.recipe:
        found.add("proof")
    if profile.overlap(one.hunks, other.hunks):
        found.add("hunk")
    if cross is not None:
        answers = (cross.ours_silences_theirs, cross.theirs_silences_ours)
        if answers == (True, True):
            found.add("execution")
        elif False in answers:
            found.add("execution against")
    found |= _choice(profile.overlap(one.fixes, other.fixes), "fix commit", "fix differs")
    found |= _choice(profile.overlap(one.introduced, other.introduced), "origin commit", "origin differs")
    found |= _places(one, other)
    found |= _choice(profile.overlap(one.cwes, other.cwes), "class", "class differs")
    found |= _choice(profile.overlap(one.versions, other.versions), "versions", "versions differ")
    found |= _choice(
        profile.overlap(one.fixed_versions, other.fixed_versions), "fixed version", "fixed version differs"
    )
    days = profile.apart(one, other).days
    found |= {"near"} if days < 7 else {"far"} if days > 365 else set()
    text = profile.alike(one.minima, other.minima)
    if text is not None:
        found |= {"text alike"} if text >= TEXT_ALIKE else {"text unlike"} if text <= TEXT_UNLIKE else set()
    if meaning is not None and meaning >= MEANING_ALIKE and "text alike" not in found:
        found = (found - {"text unlike"}) | {"meaning alike"}
    return frozenset(found)


TEXT_ALIKE: Final = 0.4
MEANING_ALIKE: Final = 0.75
"""Set by hand, a little above where kernel titles of one patch part from others (`bench dedupe`, levels by patch)."""
TEXT_UNLIKE: Final = 0.08


def weigh(
    one: Profile,
    other: Profile,
    *,
    weights: Weights,
    model: Model,
    around: Surroundings | None = None,
    prints: Iterable[Fingerprint] = (),
    cross: Cross | None = None,
    meaning: float | None = None,
) -> Opinion:
    """What a held report says of a new one. Different packages are never alike; a side that names none gives identity
    only (an identifier may stand without a product)."""
    names = signals(one, other, prints=prints, cross=cross, meaning=meaning)
    packages = profile.overlap(one.packages, other.packages)
    identity = tuple(sorted(SENTENCES[name] for name in names & IDENTITY))
    bars = []
    if packages is False:
        bars.append("but they name different packages")
    if "fix differs" in names:
        bars.append("but they name different fixing commits")
    if "execution against" in names:
        bars.append("but one's fix does not silence the other's proof")
    score, reasons = weights.base, []
    mine, theirs = one.sighting, other.sighting
    crash = None
    if packages and mine is not None and theirs is not None and around is not None:
        crash = likeness.assess(model, mine, theirs, around)
        names -= CRASH_SPEAKS_FOR
        score = _logit(crash.probability)
        reasons += [f"crash: {reason}" for reason in crash.reasons[:3]]
    told = sorted(
        (Signal(name=name, weight=weights.weights[name]) for name in names), key=lambda s: (-abs(s.weight), s.name)
    )
    score += math.fsum(signal.weight for signal in told)
    if packages is not True and not identity:
        return Opinion(
            probability=0.0,
            reasons=("not known to be the same package",),
            identity=(),
            bars=tuple(bars),
            structural=False,
        )
    probability = _logistic(score)
    reasons = [f"{'for' if s.weight > 0 else 'against'}: {s.sentence}" for s in told[:REASONS]] + reasons
    return Opinion(
        probability=probability if packages is not False else 0.0,
        reasons=tuple(reasons),
        identity=identity,
        bars=tuple(bars),
        structural=bool(names & STRUCTURAL) or (crash is not None and crash.structural),
        calibrated=crash is not None,
    )


CRASH_SPEAKS_FOR: Final = frozenset({"frames", "near", "far"})


def decide(weights: Weights, found: Mapping[CaseId, Iterable[Opinion]]) -> Deconfliction:
    """New, Same or Disputed over the reports of every candidate case; the strongest report of a case speaks for it,
    and what bars a merge with any of its reports bars it with the case."""
    cases = {case: tuple(opinions) for case, opinions in found.items()}
    best = {case: max(opinions, key=_strength) for case, opinions in cases.items() if opinions}
    identical = [case for case, opinion in best.items() if opinion.identity]
    barred = {case: sorted({bar for opinion in cases[case] for bar in opinion.bars}) for case in identical}
    sure = [case for case in identical if not barred[case]]
    if len(sure) == 1 == len(identical):
        held = best[sure[0]]
        return Same(case=sure[0], reasons=held.identity, probability=round(held.probability, 3))
    linked = [
        case
        for case, opinion in best.items()
        if case in identical or (opinion.structural and opinion.probability >= weights.link_at)
    ]
    if not linked:
        return New()
    reasons = {reason for case in linked for reason in (*best[case].identity, *barred.get(case, ()))}
    for case in linked:
        if case not in identical:
            reasons.update(f"{case}: {reason}" if len(linked) > 1 else reason for reason in best[case].reasons)
    if len(identical) > 1:
        reasons.add("it matches more than one open case")
    likeliest = max(best[case].probability for case in linked)
    return Disputed(cases=tuple(sorted(linked)), reasons=tuple(sorted(reasons)), probability=round(likeliest, 3))


def read_weights(data: bytes) -> Weights:
    """Weights from JSON. Invalid when a signal is unknown or missing, or a value is no finite number."""
    try:
        held: dict[str, Any] = json.loads(data)
        weights = {str(name): float(value) for name, value in held["weights"].items()}
        read = Weights(
            origin=str(held["origin"]),
            base=float(held["base"]),
            link_at=float(held["link_at"]),
            weights=weights,
            learned=frozenset(map(str, held["learned"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("no weights of signals", [Problem("", "malformed", type(error).__name__)]) from error
    wrong = sorted((SENTENCES.keys() - {"crash"}) ^ weights.keys())
    problems = [Problem(f"/weights/{name}", "unknown_or_missing", "every signal has one weight") for name in wrong]
    if not all(map(math.isfinite, (read.base, read.link_at, *weights.values()))):
        problems.append(Problem("/weights", "not_finite", "every weight is a finite number"))
    if problems:
        raise Invalid("no weights of signals", problems)
    return read


def _strength(opinion: Opinion) -> tuple[bool, bool, float, tuple[str, ...]]:
    return bool(opinion.identity), opinion.structural, opinion.probability, opinion.reasons


def _choice(answer: bool | None, yes: str, no: str) -> set[str]:
    return set() if answer is None else {yes if answer else no}


def _places(one: Profile, other: Profile) -> set[str]:
    """The most exact place that both have in common speaks alone; so does the coarsest contradiction."""
    if profile.overlap(one.places, other.places):
        return {"place"}
    files = profile.overlap(one.files, other.files)
    functions = profile.overlap(one.functions, other.functions)
    found = set() if len(one.frames) < 3 or one.frames[:3] != other.frames[:3] else {"frames"}
    if functions and files is not False:
        return found | {"function"}
    if files is False:
        return found | {"file differs"}
    if functions is False and files:
        return found | {"file", "function differs"}
    return found | ({"file"} if files else {"function differs"} if functions is False else set())


def _logit(probability: float) -> float:
    kept = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))


def _logistic(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score))))
