"""Compare one report with those held: the index gives candidates, pure steps weigh them. Part of the flow.

Cost is bounded whatever the pool holds: so many keys, so many reports under each, and of these only the most telling
are opened and weighed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from itertools import islice
from typing import Final

import msgspec

from comity.clearing import combine, cross, deconflict, likeness, profile
from comity.clearing.combine import Cross, Opinion, Weights
from comity.clearing.crashes import words
from comity.clearing.deconflict import Fingerprint, Strength
from comity.clearing.flow_meaning import Meaning
from comity.clearing.likeness import Model, Surroundings
from comity.clearing.profile import Profile
from comity.formats import pack
from comity.model.case import Deconfliction
from comity.model.evidence import Role
from comity.model.ids import CaseId, Digest, ReportId
from comity.model.party import system
from comity.model.report import Finding, Report
from comity.store import cases, crosses, report_keys, reports
from comity.store.engine import Store, Tx
from comity.store.report_keys import Filed
from comity.store.reports import Mark

FLOW = system("clearing-flow")
"""On whose behalf the flow reads: it sees what this desk owns."""
MARKS: Final = "fingerprint "
"""Prefix of the kinds of keyed digests that exact facts are found by."""
EACH: Final = 24
"""Reports read under one key on either side of a report's time."""
WEIGHED: Final = 16
"""Candidates that are opened and weighed: the most telling shared keys first."""
LOOKED_UP: Final = 64
"""Candidates whose cases are looked up at once, until `WEIGHED` have one."""
SPOKEN: Final = 4
"""Reports of one case that are opened because they share an identity; before a merge `MEMBERS` of it are asked."""
SPEAKING: Final = 16
"""Cases that are opened because they share an identity: two already make it a dispute."""
CROSSED: Final = 4
"""Reports of disputed cases that a new one's fix and proof are run against."""
MEMBERS: Final = 64
"""Reports of a case that are asked before a merge."""
CROWD: Final = 256
"""How far the reports under a key are counted: beyond that a thing is common, whatever the number."""
MONTH: Final = timedelta(days=30)
WEEK: Final = timedelta(days=7)

Crossed = Callable[[ReportId], Cross | None]
"""What execution showed between the report in hand and a held one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One held report that the index gave, with what was made of it."""

    report: ReportId
    case: CaseId
    opinion: Opinion


def marks_of(finding: Finding, recipe: Digest | None) -> tuple[Mark, ...]:
    """The identities that a report can be found by again, to be kept as keyed digests.

    What only hints (place, frames, commits) is a key of the index, nearest in time first, and is compared in profiles.
    """
    prints = deconflict.fingerprints(finding, recipe=recipe)
    return tuple(Mark(kind=MARKS + p.kind, text=p.value) for p in sorted(prints) if p.strength is Strength.IDENTITY)


def file(tx: Tx, held: Iterable[tuple[Report, Digest | None, Sequence[bytes]]]) -> None:
    """Put reports into the index; each with the digest of its recipe and the patches that it brings."""
    report_keys.put(tx, [_filed(profile_of(report, recipe, patches)) for report, recipe, patches in held])


def profile_of(report: Report, recipe: Digest | None, patches: Sequence[bytes]) -> Profile:
    """What is compared of a report."""
    return profile.profile_of(
        report.id,
        report.finding,
        at=report.received_at,
        organisation=report.organisation,
        recipe=recipe,
        patches=patches,
    )


def catch_up(store: Store) -> None:
    """File reports of an earlier release under the keys of this one."""
    report_keys.regroup(store, lambda held: profile.keys(msgspec.msgpack.decode(held, type=Profile)))


def _filed(one: Profile) -> Filed:
    return Filed(report=ReportId(one.report), at=one.at, keys=profile.keys(one), profile=msgspec.msgpack.encode(one))


def compared(
    tx: Tx, report: Report, recipe: Digest | None, patches: Sequence[bytes], meaning: Meaning | None = None
) -> tuple[Deconfliction, tuple[Seen, ...]]:
    """New, Same or Disputed against every case that holds a candidate; and what each candidate said, best first."""
    one = profile_of(report, recipe, patches)
    prints = _shared(tx, report, recipe)
    seen = weighed(tx, one, prints, meaning=meaning and partial(meaning, tx, report))
    found: dict[CaseId, list[Opinion]] = {}
    for each in seen:
        found.setdefault(each.case, []).append(each.opinion)
    for case_id in sorted({each.case for each in seen if each.opinion.identity}):
        found[case_id] += _of_members(tx, one, case_id)
    return combine.decide(weights(), found), seen


def looked(
    tx: Tx, report: Report, recipe: Digest | None, patches: Sequence[bytes], meaning: Meaning | None = None
) -> tuple[Seen, ...]:
    """What every candidate says of a report that may have a case already, likeliest first."""
    return weighed(
        tx,
        profile_of(report, recipe, patches),
        _shared(tx, report, recipe),
        crosses_of(tx, report.id),
        meaning=meaning and partial(meaning, tx, report),
    )


def crossable(tx: Tx, case_id: CaseId, report_id: ReportId) -> tuple[ReportId, ...]:
    """Reports of the cases that a case is disputed with, which bring a recipe and a patch as this report does."""

    def brings_both(name: ReportId) -> bool:
        roles = {a.role for a in reports.get(tx, name, FLOW).finding.attachments}
        return {Role.RECIPE, Role.PATCH} <= roles

    if not brings_both(report_id):
        return ()
    linked = [other for link in cases.get(tx, case_id, FLOW).links for other in link.cases]
    names = [name for other in linked for name in cases.get(tx, other, FLOW).reports[:CROSSED]]
    return tuple(name for name in dict.fromkeys(names) if brings_both(name))[:CROSSED]


def crosses_of(tx: Tx, report_id: ReportId) -> Crossed:
    """What execution showed between a report and others, out of the store."""

    def seen(other: ReportId) -> Cross | None:
        ours, theirs = crosses.of(tx, report_id, other), crosses.of(tx, other, report_id)
        if not ours and not theirs:
            return None
        return Cross(ours_silences_theirs=cross.answer(ours), theirs_silences_ours=cross.answer(theirs))

    return seen


def packages(finding: Finding) -> frozenset[str]:
    """The products of a finding as they are compared."""
    return deconflict.packages(finding)


def _of_members(tx: Tx, one: Profile, case_id: CaseId) -> list[Opinion]:
    """What the other reports of a case say: any of them may speak against a merge."""
    members = cases.get(tx, case_id, FLOW).reports[:MEMBERS]
    others = _opened(tx, members)
    return [combine.weigh(one, other, weights=weights(), model=model()) for other in others.values()]


def _opened(tx: Tx, names: Sequence[ReportId]) -> dict[ReportId, Profile]:
    """Profiles of reports; one that was received before there was an index is made from the report itself."""
    opened = report_keys.profiles(tx, names)
    found = {}
    for name in names:
        if name in opened:
            found[name] = msgspec.msgpack.decode(opened[name], type=Profile)
        else:
            found[name] = profile_of(reports.get(tx, name, FLOW), None, ())
    return found


def weighed(
    tx: Tx,
    one: Profile,
    prints: Mapping[ReportId, frozenset[Fingerprint]],
    crossed: Crossed = lambda _other: None,
    *,
    meaning: Callable[[Sequence[ReportId]], Mapping[ReportId, float]] | None = None,
) -> tuple[Seen, ...]:
    """Every candidate in a case with its opinion, likeliest first.

    Opened are the candidates of the index, and of each case the first `SPOKEN` reports that share an identity: what a
    crowd shares as a hint (a place, frames) is a key of the index too and costs no more there than its bound.
    """
    near, changed_alike = candidates(tx, one)
    identical = sorted({*prints, *changed_alike})
    held = {**near, **reports.cases_of(tx, identical)}
    spoken: Counter[CaseId] = Counter()
    names = dict.fromkeys(near)
    for name in identical:
        if name in held and spoken[held[name]] < SPOKEN and len(spoken) <= SPEAKING:
            spoken[held[name]] += 1
            names[name] = None
    others = _opened(tx, [name for name in names if name != one.report and name in held])
    meanings = meaning(tuple(others)) if meaning is not None else {}
    around: Surroundings | None = None
    seen = []
    if one.sighting is not None and any(other.sighting is not None for other in others.values()):
        around = surroundings(tx, one, others.values())
    for name, other in others.items():
        opinion = combine.weigh(
            one,
            other,
            weights=weights(),
            model=model(),
            around=around,
            prints=prints.get(name, ()),
            cross=crossed(name),
            meaning=meanings.get(name),
        )
        seen.append(Seen(report=name, case=held[name], opinion=opinion))
    return tuple(sorted(seen, key=lambda s: (not s.opinion.identity, -s.opinion.probability, s.report)))


def candidates(tx: Tx, one: Profile) -> tuple[dict[ReportId, CaseId], tuple[ReportId, ...]]:
    """The reports to weigh, each with its case: those with a case that share the most telling keys, nearest in time
    under each, at most `WEIGHED`. Reports of a batch that wait for their own screening take nobody's place.

    The second value names those that share an identity by their keys, whatever else was more telling."""
    asked = {key: CROWD if profile.is_identity(key) else EACH for key in profile.asked(one)}
    near = report_keys.near(tx, asked, one.at)
    near.pop(ReportId(one.report), None)
    heavy = sorted(near, key=lambda report: (-sum(map(profile.telling, near[report])), report))
    found: dict[ReportId, CaseId] = {}
    for start in range(0, len(heavy), LOOKED_UP):
        cases_ = reports.cases_of(tx, heavy[start : start + LOOKED_UP])
        found |= {name: cases_[name] for name in heavy[start : start + LOOKED_UP] if name in cases_}
        if len(found) >= WEIGHED:
            break
    identical = tuple(name for name, keys in near.items() if any(map(profile.is_identity, keys)))
    return dict(islice(found.items(), WEIGHED)), identical


def surroundings(tx: Tx, one: Profile, others: Iterable[Profile]) -> Surroundings:
    """How common things are in the package: counts from the index, up to `CROWD`; parts of names among candidates."""
    (package,) = one.packages
    sightings = [s for s in (one.sighting, *(other.sighting for other in others)) if s is not None]
    frames = {frame for s in sightings for frame in s.frames}
    own = one.sighting
    assert own is not None
    origins = {own.origin} if own.origin is not None else set()

    crowd = f"package {package}"
    common = {frame: f"frame {package} {frame}" for frame in sorted(frames & set(own.frames))}
    windows = {origin: " ".join(("origin", package, *(end.isoformat() for end in origin))) for origin in origins}
    number = report_keys.counts(tx, [crowd, *common.values(), *windows.values()], most=CROWD)
    near = report_keys.times(tx, crowd, one.at - MONTH, one.at + WEEK, most=CROWD)
    return Surroundings(
        reports=max(number[crowd], len(sightings)),
        frames={frame: max(1, number[key]) for frame, key in common.items()},
        words=Counter(word for s in sightings for frame in s.frames for word in words(frame)),
        origins={origin: max(1, number[key]) for origin, key in windows.items()},
        targets={own.target: sum(s.target == own.target for s in sightings)} if own.target else {},
        days=sorted(at.timestamp() / 86400 for at in near),
    )


def _shared(tx: Tx, report: Report, recipe: Digest | None) -> dict[ReportId, frozenset[Fingerprint]]:
    """Held reports with a case that share an identity with this one, and which."""
    marks = marks_of(report.finding, recipe)
    found: dict[ReportId, set[Fingerprint]] = {}
    for mark, holders in reports.marked(tx, marks, FLOW, most=CROWD, in_case=True).items():
        print_ = Fingerprint(mark.kind.removeprefix(MARKS), mark.text)
        for holder in holders:
            if holder != report.id:
                found.setdefault(holder, set()).add(print_)
    return {name: frozenset(prints) for name, prints in found.items()}


@cache
def weights() -> Weights:
    """What each signal is worth."""
    return combine.read_weights(pack.shipped("likeness/findings.json"))


@cache
def model() -> Model:
    """What crash facts are worth."""
    return likeness.read_model(pack.shipped("likeness/crashes.json"))
