"""Tell a made brief as text for people and as a document for programs. The label comes first in both."""

from typing import Any

from comity.brief.label import MARKS, label
from comity.brief.make import Made
from comity.model.article import Polarity, Sentence, Source, Span, Weight
from comity.model.story import Conflict


def text(made: Made) -> str:
    """Label, title, sentences with the offsets they rest on, why there is no paraphrase, and how it was made."""
    brief, source = made.brief, made.sources[0]
    lines = [label(brief, source), "", brief.title, "", _line(brief.bottom_line)]
    if brief.paraphrase:
        lines += ["", *(_line(sentence) for sentence in brief.paraphrase)]
    if brief.why_no_paraphrase:
        lines += ["", brief.why_no_paraphrase]
    if brief.quote:
        lines += ["", _line(brief.quote)]
    lines += ["", *_facts(made)]
    for one in made.conflicts:
        lines += ["", *_conflict(one)]
    lines += ["", f"Checks: {made.checked.wording}"]
    for finding in made.checked.findings:
        where = "the brief" if finding.sentence < 0 else f"sentence {finding.sentence + 1}"
        word = "BLOCKED" if finding.weight is Weight.BLOCK else "note"
        about = f" ({finding.found})" if finding.found else ""
        lines.append(f"  {word}: {finding.gate}, {where}: {finding.reason}{about}")
    if made.needs_person:
        lines += ["", "For a person:", *(f"  {why}" for why in made.needs_person)]
    lines += ["", "Sources:"]
    for place in made.story.members:
        lines += _source(made.sources[place], place)
    return "\n".join(lines)


def _line(sentence: Sentence) -> str:
    """With the offsets of its spans in the source's text, so that the place can be looked up."""
    spans = ", ".join(f"{span.start}-{span.end}" for span in sentence.spans)
    return f"{sentence.text} [{spans or 'no span'}]"


def _facts(made: Made) -> list[str]:
    kind, brief = made.kind, made.brief
    words = f" by the words {', '.join(kind.because)}" if kind.because else ""
    others = f"; also {', '.join(brief.classes)}" if brief.classes else ""
    lines = [
        f"Class: {brief.class_primary} (share of weight {kind.confidence:.2f}){words}{others}. Genre: {brief.genre}."
    ]
    shown = [f"{one.kind} {one.value}{_note(one.suggested, one.polarity)}" for one in made.mentions[:15]]
    lines.append(f"Mentions: {'; '.join(shown) if shown else 'none'}.")
    one = "" if made.story.independent == 1 else "s"
    lines.append(f"Origins: {made.story.independent} independent origin{one} in {len(made.story.members)} source(s).")
    lines += [f"  {tie.kind}: sources {tie.one + 1} and {tie.other + 1}, {tie.because}" for tie in made.story.ties]
    if made.elsewhere:
        lines.append(f"Left out: {sum(len(one.members) for one in made.elsewhere)} source(s) about other events.")
    asked = brief.asked
    lines.append(f"Model: {asked.sentence if asked else 'without a model: nobody asked for one'}.")
    return lines


def _note(suggested: bool, polarity: Polarity) -> str:
    said = ["suggestion"] if suggested else []
    if polarity is not Polarity.UNKNOWN:
        said.append(str(polarity))
    return f" ({', '.join(said)})" if said else ""


def _conflict(one: Conflict) -> list[str]:
    lines = [f"{str(one.status).capitalize()} ({one.kind}), about {one.about}:"]
    return lines + [f"  {side.name}: {side.text}" for side in one.sides]


def _source(source: Source, place: int) -> list[str]:
    published = f"{source.published_at.isoformat()} ({source.published_from})" if source.published_at else "unknown"
    lines = [f"  {place + 1}. {source.name}, {source.url}"]
    lines.append(
        f"     author {source.author or 'unknown'}; published {published}; retrieved {source.retrieved_at.isoformat()}"
    )
    agreed = "" if source.agreement is None else f", two readers agree {source.agreement:.0%}"
    lines.append(f"     {source.kind}, read by {source.extractor}{agreed}; SHA-256 {source.sha256}")
    if source.marks:
        lines.append(f"     marks of the source, kept and not relied on: {'; '.join(source.marks)}")
    if source.stripped:
        lines.append(f"     taken out unread: {', '.join(source.stripped)}")
    return lines


def document(made: Made) -> dict[str, Any]:
    """Everything, with spans by offset into the text of the first source."""
    brief, source = made.brief, made.sources[0]
    asked = brief.asked
    return {
        "label": label(brief, source),
        "id": brief.id,
        "language": brief.language,
        "title": brief.title,
        "bottom_line": _sentence(brief.bottom_line),
        "paraphrase": [_sentence(sentence) for sentence in brief.paraphrase],
        "why_no_paraphrase": brief.why_no_paraphrase,
        "quote": _sentence(brief.quote) if brief.quote else None,
        "origin": str(brief.origin),
        "digital_source_type": MARKS[brief.origin],
        "review_state": str(brief.review_state),
        "tlp": brief.tlp.label,
        "class": {
            "primary": brief.class_primary,
            "others": list(brief.classes),
            "confidence": made.kind.confidence,
            "because": list(made.kind.because),
            "spans": [_span(span) for span in made.kind.spans],
            "iptc": [code for code in (made.kind.iptc, made.kind.iptc_level2) if code],
            "genre": brief.genre,
        },
        "mentions": [
            {
                "kind": one.kind,
                "value": one.value,
                "span": _span(one.span),
                "because": one.because,
                "polarity": str(one.polarity),
                "suggested": one.suggested,
            }
            for one in made.mentions
        ],
        "story": {
            "sources": len(made.story.members),
            "independent_origins": made.story.independent,
            "keys": list(made.story.keys),
            "ties": [
                {"one": tie.one, "other": tie.other, "kind": tie.kind, "because": tie.because}
                for tie in made.story.ties
            ],
        },
        "conflicts": [
            {
                "kind": one.kind,
                "about": one.about,
                "status": str(one.status),
                "sides": [
                    {"source": s.source, "name": s.name, "span": _span(s.span), "text": s.text} for s in one.sides
                ],
            }
            for one in made.conflicts
        ],
        "checks": {
            "wording": made.checked.wording,
            "blocked": made.checked.blocked,
            "gates": [str(gate) for gate in made.checked.gates],
            "findings": [
                {
                    "gate": str(one.gate),
                    "weight": str(one.weight),
                    "sentence": one.sentence,
                    "found": one.found,
                    "reason": one.reason,
                }
                for one in made.checked.findings
            ],
        },
        "needs_person": list(made.needs_person),
        "model": None
        if asked is None
        else {
            "id": asked.model or "none",
            "prompt": asked.prompt,
            "prompt_hash": asked.prompt_hash,
            "parameters": dict(asked.parameters),
            "attempts": list(asked.attempts),
            "fell_back": asked.fell_back,
            "why": str(asked.why) if asked.why else "",
            "detail": asked.detail,
            "tokens": made.model_tokens,
        },
        "pipeline_version": made.pipeline_version,
        "config_hash": made.config_hash,
        "sources": [_facts_of(one) for one in made.sources],
    }


def _facts_of(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "url": source.url,
        "canonical_url": source.canonical_url,
        "kind": source.kind,
        "title": source.title,
        "author": source.author or "unknown",
        "publisher": source.publisher or "unknown",
        "published_at": source.published_at.isoformat() if source.published_at else "unknown",
        "published_from": source.published_from,
        "dates": [{"origin": one.origin, "role": one.role, "value": one.value} for one in source.dates],
        "retrieved_at": source.retrieved_at.isoformat(),
        "sha256": source.sha256,
        "text_sha256": source.text_sha256,
        "extractor": source.extractor,
        "agreement": source.agreement,
        "openly_licensed": source.openly_licensed,
        "licence": source.licence,
        "reservations": list(source.reservations),
        "marks": list(source.marks),
        "stripped": list(source.stripped),
        "needs_person": list(source.needs_person),
    }


def _sentence(sentence: Sentence) -> dict[str, Any]:
    spans = [_span(span) for span in sentence.spans]
    return {"text": sentence.text, "spans": spans, "template": sentence.template}


def _span(span: Span) -> list[int]:
    return [span.start, span.end]
