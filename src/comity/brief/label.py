"""Say how a brief came about, for people and for machines. Both are computed from the record and never typed.

Basis: Regulation (EU) 2024/1689 Article 50(2), (4), (5); IPTC digital source types. The label stands before the first
sentence in every channel, and it claims neither that a brief is right nor that it complies with anything.
"""

from typing import Final

from comity.errors import Invalid, Problem
from comity.model.article import Brief, Origin, ReviewState, Source

_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
MARKS: Final[dict[Origin, str]] = {
    Origin.HUMAN: "",
    Origin.EXTRACTIVE: _IPTC + "algorithmicMedia",
    Origin.MODEL: _IPTC + "trainedAlgorithmicMedia",
    Origin.MODEL_HUMAN: _IPTC + "compositeWithTrainedAlgorithmicMedia",
}
"""The one machine mark of each origin, the same in every channel (T07). Text by a person carries none."""

SCHEMA_MARKS: Final[dict[Origin, str]] = {
    Origin.HUMAN: "",
    Origin.EXTRACTIVE: "https://schema.org/AlgorithmicMediaDigitalSource",
    Origin.MODEL: "https://schema.org/TrainedAlgorithmicMediaDigitalSource",
    Origin.MODEL_HUMAN: "https://schema.org/CompositeWithTrainedAlgorithmicMediaDigitalSource",
}
"""The same mark as a member of schema.org's IPTCDigitalSourceEnumeration."""

HEADER: Final = "Digital-Source-Type"
"""The one HTTP and mail header that carries the mark; absent where there is none."""

FORBIDDEN: Final = ("verified", "fact-checked", "confirmed", "accurate", "compliant")
"""Words that a label of ours never says of a brief."""

_WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "extractive": "Automatic extract of {source}, no AI text; {state}.",
        "model": "AI-generated summary of {source}; {state}.",
        "model+human": "Written by {editor} about {source}, AI-modified; {state}.",
        "human": "Written by {editor} about {source}, no AI text; {state}.",
        "reviewed": "reviewed by {reviewer} on {day}",
        "unreviewed": "not reviewed by a person",
        "editor": "an editor",
        "and": "{first} and {more} more",
    },
    "de": {
        "extractive": "Automatischer Auszug aus {source}, kein AI-Text (KI); {state}.",
        "model": "AI-generierte Zusammenfassung (KI) von {source}; {state}.",
        "model+human": "Verfasst von {editor} über {source}, AI-bearbeitet (KI); {state}.",
        "human": "Verfasst von {editor} über {source}, kein AI-Text (KI); {state}.",
        "reviewed": "geprüft von {reviewer} am {day}",
        "unreviewed": "nicht von einem Menschen geprüft",
        "editor": "der Redaktion",
        "and": "{first} und {more} weiteren",
    },
    "fr": {
        "extractive": "Extrait automatique de {source}, sans texte d'AI (IA) ; {state}.",
        "model": "Résumé de {source} généré par AI (IA) ; {state}.",
        "model+human": "Rédigé par {editor} sur {source}, modifié par AI (IA) ; {state}.",
        "human": "Rédigé par {editor} sur {source}, sans texte d'AI (IA) ; {state}.",
        "reviewed": "relu par {reviewer} le {day}",
        "unreviewed": "non relu par une personne",
        "editor": "la rédaction",
        "and": "{first} et {more} autres",
    },
}
LANGUAGES: Final = tuple(_WORDS)
"""Languages that a label can be said in. A brief in any other is refused, never labelled in English silently."""


def label(brief: Brief, source: Source, *, more: int = 0) -> str:
    """T03: the letters AI, how the text was made, and the state of its review, in the brief's own language.

    `more` is how many further sources there are. Invalid for a language without a label.
    """
    said = _WORDS.get(brief.language)
    if said is None:
        reason = f"one of {', '.join(LANGUAGES)}"
        raise Invalid("no label exists in this language", [Problem("/language", "unknown_language", reason)])
    name = source.name or source.url
    state = said["unreviewed"]
    if brief.review_state is ReviewState.REVIEWED and brief.reviewed_at is not None:
        day = brief.reviewed_at.date().isoformat()
        state = said["reviewed"].format(reviewer=brief.reviewer, day=day)
    return said[brief.origin.value].format(
        source=said["and"].format(first=name, more=more) if more else name,
        editor=brief.editor_of_record or said["editor"],
        state=state,
    )


def plain_text(brief: Brief, source: Source) -> str:
    """The brief as text: label, title, bottom line, paraphrase or why there is none, source and dates (T02, T13)."""
    published = source.published_at.date().isoformat() if source.published_at else "unknown"
    lines = [label(brief, source), "", brief.title, "", brief.bottom_line.text]
    if brief.paraphrase:
        lines += ["", " ".join(sentence.text for sentence in brief.paraphrase)]
    elif brief.why_no_paraphrase:
        lines += ["", brief.why_no_paraphrase]
    lines += ["", f"Source: {source.name}, {source.url}", f"Author: {source.author or 'unknown'}"]
    lines += [f"Published: {published}. Retrieved: {source.retrieved_at.isoformat(timespec='seconds')}"]
    return "\n".join(lines)
