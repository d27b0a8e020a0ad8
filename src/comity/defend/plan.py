"""Write a remediation plan for one asset from a closed pack of records: by template, or from a model's wording of it.

The template is complete and first class: it needs no model, no network and no key. A model may word, order and shorten
it. It is given the forms of words with their slots and nothing else (no name, version, date, id or text of a record
leaves the house), so it has nothing to be misled by; what it sends back is held against the records like any plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from comity.defend.plan_facts import DUE, UNDECIDED, UPGRADE, Tables, Unfounded, about, slots, solution
from comity.defend.plan_forms import FORMS, filled, written
from comity.defend.solve import NoFix, Partial, Step, Upgrade
from comity.model.plan import EvidencePack, Plan, Record, RecordKind, Sentence, SentenceKind

INSTRUCTIONS: Final = (
    "Below are the sentences of a work plan for a systems administrator. Each has a number and a text with slots in "
    "braces. Reword them so that the plan reads well: you may change the order of sentences, choose simpler words and "
    "leave out a sentence marked as optional. Keep every slot of a sentence exactly as it is written, with the words "
    "right before it. Add no fact, no number and no advice. Answer with the sentences you keep."
)
SCHEMA: Final[Mapping[str, Any]] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["sentences"],
    "properties": {
        "sentences": {
            "type": "array",
            "maxItems": 400,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["number", "text"],
                "properties": {
                    "number": {"type": "integer", "minimum": 1},
                    "text": {"type": "string", "minLength": 1, "maxLength": 600},
                },
            },
        }
    },
}


_LEAVES_OPEN: Final = frozenset({SentenceKind.NO_FIX, SentenceKind.PARTIAL, SentenceKind.UNSOLVED})


def compose(pack: EvidencePack, tables: Tables) -> Plan:
    """The plan in Comity's own words. ValueError for a pack that is not about exactly one asset.

    Unfounded when a deadline does not hold on counting again: a plan without a date it owes is no plan.
    """
    assets = list(pack.of(RecordKind.ASSET))
    if len(assets) != 1:
        raise ValueError("a plan is about one asset")
    return Plan(
        asset=assets[0].fact("asset"),
        evidence=pack.digest,
        at=pack.at,
        sentences=tuple(_sentences(pack, assets[0], tables)),
    )


def to_word(plan: Plan) -> dict[str, Any]:
    """What a model is given: numbered forms with slots, and which may be left out."""
    return {
        "sentences": [
            {"number": number, "text": FORMS[sentence.kind].words, "optional": FORMS[sentence.kind].may_go}
            for number, sentence in enumerate(plan.sentences, 1)
        ]
    }


def worded(plan: Plan, answer: Mapping[str, Any], pack: EvidencePack, tables: Tables, *, model: str) -> Plan:
    """The plan in a model's words: its texts with our values in their slots. Check it before anybody reads it.

    A number that the plan does not have, or has twice, makes a sentence that no check lets pass.
    """
    sentences: list[Sentence] = []
    for one in answer["sentences"]:
        number = int(one["number"])
        if not 1 <= number <= len(plan.sentences):
            sentences.append(Sentence(kind=SentenceKind.COUNT, text=str(one["text"]), cites=()))
            continue
        original = plan.sentences[number - 1]
        values = slots(original.kind, [pack.by_digest[cite] for cite in original.cites], pack, tables)
        text = filled(str(one["text"]), values)
        sentences.append(Sentence(kind=original.kind, text=text, cites=original.cites, about=original.about))
    return replace(plan, sentences=tuple(sentences), worded_by=model)


def expected(pack: EvidencePack, tables: Tables) -> Iterator[Sentence]:
    """Every sentence that a plan over this pack has to hold in some wording: duties may not be shortened away."""
    return (sentence for sentence in compose(pack, tables).sentences if not FORMS[sentence.kind].may_go)


def _sentences(pack: EvidencePack, asset: Record, tables: Tables) -> Iterator[Sentence]:
    deadlines = sorted(pack.of(RecordKind.DEADLINE), key=_urgency)
    yield from _say(SentenceKind.COUNT, [asset, *deadlines], pack, tables)
    for rule in _once(deadlines, "directive"):
        yield from _say(SentenceKind.ADVICE_ONLY, [rule], pack, tables)
    for deadline in _once([d for d in deadlines if d.fact("triage") == "yes"], "vulnerability"):
        yield from _say(SentenceKind.TRIAGE, [deadline], pack, tables, about=deadline.fact("vulnerability"))
    shielded = False
    for component in _by_urgency(pack, deadlines):
        for sentence in _actions(pack, asset, component, tables):
            yield sentence
            if sentence.kind in _LEAVES_OPEN and not shielded:
                shielded = True
                yield from _say(
                    SentenceKind.SHIELD, [asset, *pack.of(RecordKind.EXPOSURE)], pack, tables, about=sentence.about
                )
    for deadline in deadlines:
        yield from _dates(pack, asset, deadline, tables)


def _urgency(deadline: Record) -> tuple[int, str, str]:
    """What a person must decide first, since nothing else can be planned before; then by due moment."""
    rank = {UNDECIDED: 0, DUE: 1}.get(deadline.fact("state"), 2)
    return (rank, deadline.fact("due"), deadline.fact("vulnerability"))


def _once(records: Iterable[Record], fact: str) -> Iterator[Record]:
    seen: set[str] = set()
    for record in records:
        if record.fact(fact) not in seen:
            seen.add(record.fact(fact))
            yield record


def _by_urgency(pack: EvidencePack, deadlines: Iterable[Record]) -> list[Record]:
    rank = {deadline.fact("vulnerability"): place for place, deadline in reversed(list(enumerate(deadlines)))}
    last = len(rank)

    def first(component: Record) -> tuple[int, str, str]:
        named = [rank.get(advisory.fact("vulnerability"), last) for advisory in about(component, pack)]
        return (min(named, default=last), component.fact("name"), component.fact("version"))

    return sorted(pack.of(RecordKind.COMPONENT), key=first)


def _say(
    kind: SentenceKind, cited: Iterable[Record], pack: EvidencePack, tables: Tables, *, about: str = ""
) -> Iterator[Sentence]:
    """The sentence, when the records carry it."""
    records = list(cited)
    try:
        values = slots(kind, records, pack, tables)
    except Unfounded:
        return
    yield Sentence(kind=kind, text=written(kind, values), cites=tuple(r.digest for r in records), about=about)


def _must(
    kinds: tuple[SentenceKind, ...], cited: Iterable[Record], pack: EvidencePack, tables: Tables, *, about: str
) -> Iterator[Sentence]:
    """The first of these sentences that the records carry. Unfounded, with the last reason, when there is none."""
    records = list(cited)
    reason = ""
    for kind in kinds:
        try:
            values = slots(kind, records, pack, tables)
        except Unfounded as error:
            reason = str(error)
            continue
        yield Sentence(kind=kind, text=written(kind, values), cites=tuple(r.digest for r in records), about=about)
        return
    raise Unfounded(f"{about}: {reason}")


def _actions(pack: EvidencePack, asset: Record, component: Record, tables: Tables) -> Iterator[Sentence]:
    advisories = about(component, pack)
    feeds = [f for f in pack.of(RecordKind.FEED) if f.fact("ecosystem") == component.fact("feed")]
    if len(feeds) != 1:
        return
    cited = [asset, component, feeds[0], *advisories]
    label = f"{component.fact('name')} {component.fact('version')}"
    try:
        found = solution(component, feeds[0], advisories, pack)
    except Unfounded:
        return
    match found:
        case Upgrade():
            yield from _say(SentenceKind.UPGRADE, cited, pack, tables, about=label)
        case Partial():
            yield from _say(SentenceKind.PARTIAL, cited, pack, tables, about=label)
        case NoFix(decided=True):
            yield from _say(SentenceKind.NO_FIX, cited, pack, tables, about=label)
        case NoFix():
            yield from _say(SentenceKind.UNSOLVED, cited, pack, tables, about=label)
        case _:
            return
    if isinstance(found, Upgrade | Partial) and found.step is not Step.MINOR:
        yield from _say(SentenceKind.MAJOR, cited, pack, tables, about=label)


def _dates(pack: EvidencePack, asset: Record, deadline: Record, tables: Tables) -> Iterator[Sentence]:
    vulnerability = deadline.fact("vulnerability")
    kev = list(pack.of(RecordKind.KEV, vulnerability=vulnerability))
    ssvc = list(pack.of(RecordKind.SSVC, vulnerability=vulnerability))
    exposure = list(pack.of(RecordKind.EXPOSURE))

    def say(kind: SentenceKind, *cited: Record) -> Iterator[Sentence]:
        return _say(kind, cited, pack, tables, about=vulnerability)

    def must(*kinds: SentenceKind, cited: Iterable[Record]) -> Iterator[Sentence]:
        return _must(kinds, cited, pack, tables, about=vulnerability)

    findings = sorted(pack.of(RecordKind.FINDING, vulnerability=vulnerability), key=lambda found: found.fact("day"))
    for component in (c for f in findings for c in pack.of(RecordKind.COMPONENT, component=f.fact("component"))):
        for advisory in (a for a in about(component, pack) if a.fact("vulnerability") == vulnerability):
            hit = [*say(SentenceKind.REACHED, asset, component, advisory)]
            yield from hit or say(SentenceKind.POSSIBLE, asset, component, advisory)
    if kev:
        yield from say(SentenceKind.EXPLOITED, *kev)
    match deadline.fact("state"):
        case "due":
            yield from must(SentenceKind.DUE, cited=(deadline, *findings[:1], *kev))
            yield from say(SentenceKind.OVERDUE, deadline)
            if deadline.fact("conflict") == "yes":
                yield from say(SentenceKind.KEV_DUE, deadline, *kev)
        case _ if deadline.fact("state") == UPGRADE:
            yield from must(SentenceKind.NEXT_UPGRADE, SentenceKind.NO_UPGRADE_DATE, cited=(deadline, asset))
        case _ if deadline.fact("state") == UNDECIDED:
            yield from must(SentenceKind.UNDECIDED, cited=(deadline,))
        case _:
            yield from must(SentenceKind.UNTIMED, cited=(deadline,))
    yield from say(SentenceKind.ROW, deadline, *kev, *exposure, *ssvc)
    yield from say(SentenceKind.ASSUMED, deadline)
