"""Make what the public reads out of a record: the one value that every channel renders, and the bytes that are signed.

Label, marks and review state are computed here from the record, at every change, so no channel can say another thing.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

import rfc8785

from comity import __version__
from comity.brief import twin
from comity.brief.check import absence, gates
from comity.brief.check.gates import check
from comity.brief.extract import identifiers
from comity.brief.label import MARKS, SCHEMA_MARKS, label
from comity.brief.make import Made
from comity.model.article import Brief, Checked, Sentence, Source, Span, Weight
from comity.model.brief import Correction, Draft, Entity, GateResult, Line, Provenance, Published, Record, SourceFacts
from comity.model.ids import digest

SCHEMA: Final = "comity-brief/1"
SHORT: Final = 25
"""Words of a source that is not open which may stand beside a sentence: one short credited quotation."""


def drafted(
    brief: Brief,
    sources: Sequence[Source],
    *,
    checked: Checked | None = None,
    model_id: str = "none",
    parameters: Sequence[tuple[str, str]] = (),
    prompt_hash: str = "",
    fallback: str = "",
    facts: Sequence[SourceFacts] = (),
) -> Draft:
    """A draft with its provenance and entities. `facts` replaces what can be told from the sources themselves."""
    found = checked or check(brief, sources[0])
    entities = tuple(
        Entity(kind=one.kind, value=one.value, span=one.span)
        for one in {f"{i.kind} {i.value}": i for i in identifiers(sources[0].text)}.values()
    )
    return Draft(
        brief=brief,
        sources=tuple(sources),
        entities=entities,
        provenance=Provenance(
            pipeline_version=f"comity {__version__}",
            config_hash=config_hash(),
            model_id=model_id,
            parameters=tuple(parameters),
            prompt_hash=prompt_hash,
            sources=tuple(facts) or tuple(source_facts(source) for source in sources),
            gate_results=results(found),
            fallback=fallback,
        ),
    )


def from_made(held: Made) -> Draft:
    """What the pipeline made, as a draft to keep: its gates, mentions and model record go along."""
    asked = held.brief.asked
    return Draft(
        brief=held.brief,
        sources=held.sources,
        entities=tuple(Entity(kind=one.kind, value=one.value, span=one.span) for one in held.mentions),
        model_tokens=held.model_tokens,
        provenance=Provenance(
            pipeline_version=held.pipeline_version,
            config_hash=held.config_hash,
            model_id=asked.model if asked is not None and held.model_tokens is not None else "none",
            prompt_hash=asked.prompt_hash if asked is not None else "",
            sources=tuple(source_facts(source) for source in held.sources),
            gate_results=results(held.checked),
            fallback=str(asked.why) if asked is not None and asked.fell_back else "",
        ),
    )


def config_hash() -> str:
    """Digest of what decides a gate's answer besides the texts: the gates' version and names."""
    return hashlib.sha256(f"{gates.VERSION} {' '.join(name for name, _ in gates.SENTENCE_GATES)}".encode()).hexdigest()


def source_facts(source: Source) -> SourceFacts:
    """What is recorded of a source for good."""
    return SourceFacts(
        name=source.name,
        url=source.url,
        canonical_url=source.canonical_url or source.url,
        author=source.author,
        publisher=source.publisher,
        published_at=source.published_at,
        published_from=source.published_from,
        retrieved_at=source.retrieved_at,
        sha256=source.sha256,
        text_sha256=source.text_sha256,
        marks=source.marks,
        licence=source.licence or ("open (as registered)" if source.openly_licensed else ""),
        reservation=", ".join(source.reservations),
        extractor=source.extractor,
    )


def results(checked: Checked) -> tuple[GateResult, ...]:
    """Every gate that ran, with its outcome and reasons, in order (T12)."""
    rows = []
    for gate in checked.gates:
        found = [one for one in checked.findings if one.gate is gate]
        outcome = "passed"
        if found:
            outcome = "blocked" if any(one.weight is Weight.BLOCK for one in found) else "warned"
        evidence = tuple(f"{one.found}: {one.reason}"[:240] for one in found[:8])
        rows.append(GateResult(gate=gate.value, version=gates.VERSION, outcome=outcome, evidence=evidence))
    return tuple(rows)


def replayed(record: Record) -> tuple[GateResult, ...]:
    """The gates' answers again, from the record alone (T12)."""
    return results(check(record.brief, record.source, absences=record.absences))


def published(record: Record, checked: Checked, *, address: str, publisher: str, at: datetime) -> Published:
    """What the public reads of this record now. `at` is the moment of this state; a withdrawn brief has no words."""
    brief = record.brief
    gone = record.tombstone is not None
    return Published(
        id=brief.id,
        version=brief.version,
        language=brief.language,
        label=label(brief, record.source, more=len(record.sources) - 1),
        mark=MARKS[brief.origin],
        schema_mark=SCHEMA_MARKS[brief.origin],
        title=brief.title,
        lines=() if gone else tuple(_line(one, record.source) for one in brief.sentences),
        why_no_paraphrase="" if gone else brief.why_no_paraphrase,
        origin=brief.origin,
        review_state=brief.review_state,
        reviewer=brief.reviewer,
        editor_of_record=brief.editor_of_record,
        reviewed_at=brief.reviewed_at,
        class_primary=brief.class_primary,
        classes=brief.classes,
        entities=() if gone else record.entities,
        claims=() if gone else tuple(one for one in record.claims if one.sentence >= 0),
        conflicts=() if gone else record.conflicts,
        links=() if gone else record.links,
        absences=() if gone else absence.open_(record.absences),
        analyst=() if gone else twin.analyst(record.claims, record.source),
        plain=() if gone else twin.plain(record.claims, record.source),
        provenance=record.provenance,
        checked="" if gone else checked.wording,
        banner=record.banner,
        tlp=brief.tlp.label,
        published_at=record.published_at or at,
        modified_at=at,
        corrections=tuple(_hushed(one) if gone else one for one in record.corrections),
        supersedes=record.supersedes,
        tombstone=record.tombstone,
        url=f"{address}/briefs/{brief.id}",
        publisher=publisher,
    )


def _hushed(correction: Correction) -> Correction:
    """A correction of a withdrawn brief: its note stays, its words go."""
    return replace(correction, was=(), now=())


def _line(sentence: Sentence, source: Source) -> Line:
    places = tuple(f"characters {span.start} to {span.end}" for span in sentence.spans)
    rests_on = tuple(source.text[span.start : span.end] for span in sentence.spans)
    count = sum(len(text.split()) for text in rests_on)
    if source.openly_licensed or count <= SHORT:
        return Line(text=sentence.text, places=places, rests_on=rests_on)
    why = "the terms of the source are not open: follow the link and read it there"
    return Line(text=sentence.text, places=places, withheld=why)


def document(public: Published) -> dict[str, Any]:
    """The signed metadata as JSON values: everything that the channels show, and how it came about."""
    held: dict[str, Any] = _plain(public)
    return {"schema": SCHEMA, "text_sha256": digest(reading(public).encode()), **held}


def canonical(public: Published) -> bytes:
    """The bytes that are signed (RFC 8785)."""
    return rfc8785.dumps(document(public))


def reading(public: Published) -> str:
    """The words that a reader reads: title and sentences. This is what the text log keeps a keyed hash of."""
    return "\n".join([public.title, *(line.text for line in public.lines)])


def _plain(value: Any) -> Any:
    """JSON values: moments in UTC with Z, enums by value, spans as pairs."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Span):
        return [value.start, value.end]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
