"""Plan what a model is asked for a brief, and judge what it answers. The asking itself is the flow's.

 plan    numbered sentences of the source, closed classes, a schema without room for links or identifiers of its own
 judge   every sentence rests on sentences that exist, no address, no hidden mark, at most 200 tokens in all, and every
         gate passes; whatever fails is a problem that the model hears of once, and then the keyless draft stands

A model writes words, never facts about the source: title, links, dates and label come from the record.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from comity.brief.check.budget import Budget, hidden_in
from comity.brief.check.gates import check
from comity.brief.classify import Class
from comity.brief.review import MODEL_TEXT_TOKENS, TOKENIZER, tokens
from comity.brief.sentences import sentences, words
from comity.brief.taxonomy import NONE
from comity.errors import Problem
from comity.model.article import Brief, Finding, Gate, Origin, Sentence, Source, Span, Weight
from comity.model.story import Conflict

MOST_SENTENCES: Final = 60
MOST_PARAPHRASE: Final = 5
INSTRUCTIONS: Final = (
    "Write a short brief about the article whose numbered sentences follow. `bottom_line` is one sentence. "
    "`paraphrase` has at most five sentences and at most 100 words, in your own words. Each sentence names in "
    "`rests_on` the numbers of the article's sentences that it rests on, and says nothing that is not there. Keep "
    "every hedge (may, alleged, up to, draft) and every attribution (said, according to). Copy no run of more than "
    "six words. Use no links. Choose `class` from the list by what the article is about; `unclassified` when unclear."
)
JUDGE: Final = (
    "For each numbered pair say whether the `claim` is `supported` by its `evidence`, `not_supported`, or `unclear`. "
    "Judge only by the evidence given. A changed number, name, date, negation or certainty is `not_supported`."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to send: the fields of a prompt, as values."""

    name: str
    version: str
    instructions: str
    data: Mapping[str, Any]
    schema: Mapping[str, Any]


def may_ask(source: Source) -> str:
    """Why a source must not be sent to a model; "" when it may."""
    if source.reservations:
        return f"the publisher reserves reading by machines: {'; '.join(source.reservations)}"
    return "" if source.tlp == 0 else f"the source is {source.tlp.label}"


def pieces(source: Source) -> tuple[Span, ...]:
    """The sentences that are sent, by number from 0."""
    return sentences(source.text)[:MOST_SENTENCES]


def contenders(kind: Class) -> tuple[str, ...]:
    """The classes that a model may choose from: those the rules found words for, and `unclassified`."""
    return tuple(dict.fromkeys((*(one for one in (kind.primary, *kind.others) if one != NONE), NONE)))


def plan(source: Source, kind: Class) -> Question:
    """The question for one source. A page that talks a model into a class can reach none but the rules' contenders."""
    numbered = [{"n": n, "text": source.text[span.start : span.end]} for n, span in enumerate(pieces(source))]
    line = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 10, "maxLength": 400},
            "rests_on": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0, "maximum": len(numbered) - 1},
                "minItems": 1,
                "maxItems": 4,
            },
        },
        "required": ["text", "rests_on"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {
            "bottom_line": line,
            "paraphrase": {"type": "array", "items": line, "maxItems": MOST_PARAPHRASE},
            "class": {"enum": list(contenders(kind))},
        },
        "required": ["bottom_line", "paraphrase", "class"],
        "additionalProperties": False,
    }
    return Question(
        name="brief.draft", version="2", instructions=INSTRUCTIONS, data={"article": numbered}, schema=schema
    )


def made(value: Mapping[str, Any], source: Source, keyless: Brief, kind: Class) -> Brief:
    """The model's words in a brief whose title, id and handling are the keyless draft's."""
    spans = pieces(source)

    def line(given: Mapping[str, Any]) -> Sentence:
        return Sentence(text=given["text"].strip(), spans=tuple(spans[n] for n in sorted(set(given["rests_on"]))))

    chosen = str(value["class"])
    others = tuple(dict.fromkeys(one for one in (kind.primary, *kind.others) if one not in (chosen, NONE)))[:3]
    return replace(
        keyless,
        bottom_line=line(value["bottom_line"]),
        paraphrase=tuple(line(given) for given in value["paraphrase"]),
        why_no_paraphrase="" if value["paraphrase"] else "The model wrote a bottom line only.",
        quote=None,
        origin=Origin.MODEL,
        class_primary=chosen,
        classes=others,
    )


def text_of(brief: Brief) -> str:
    """The free-form text that a model wrote."""
    return " ".join(sentence.text for sentence in brief.sentences if not sentence.template)


def judge(
    value: Mapping[str, Any],
    source: Source,
    keyless: Brief,
    kind: Class,
    *,
    budget: Budget | None = None,
    used_words: int = 0,
    conflicts: Sequence[Conflict] = (),
    place: int = 0,
) -> tuple[Problem, ...]:
    """Everything wrong with an answer that fits the schema. Reasons are ours and hold no word of the answer."""
    brief = made(value, source, keyless, kind)
    found = []
    for number, sentence in enumerate(brief.sentences):
        pointer = "/bottom_line" if number == 0 else f"/paraphrase/{number - 1}"
        if re.search(r"(?:https?|hxxps?):|www\.|\]\(", sentence.text, re.IGNORECASE):
            found.append(Problem(pointer, "link", "links come from the source record alone"))
        if hidden_in(sentence.text):
            found.append(Problem(pointer, "hidden", "hidden characters"))
        if len(sentences(sentence.text)) > 2:
            found.append(Problem(pointer, "long", "one sentence"))
    if tokens(text_of(brief)) > MODEL_TEXT_TOKENS:
        found.append(
            Problem("/paraphrase", "too_long", f"over {MODEL_TEXT_TOKENS} tokens ({TOKENIZER}) without a watermark")
        )
    checked = check(brief, source, budget=budget, used_words=used_words, conflicts=conflicts, place=place)
    for finding in checked.findings:
        if finding.weight is Weight.BLOCK:
            pointer = {-1: "", 0: "/bottom_line"}.get(finding.sentence, f"/paraphrase/{finding.sentence - 1}")
            found.append(Problem(pointer, str(finding.gate), finding.reason))
    return tuple(found)


def plan_judge(brief: Brief, source: Source) -> Question:
    """The question of the optional judge: each sentence beside the spans it rests on."""
    pairs = [
        {
            "n": n,
            "claim": sentence.text,
            "evidence": " … ".join(source.text[span.start : span.end] for span in sentence.spans),
        }
        for n, sentence in enumerate(brief.sentences)
    ]
    verdict = {
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 0, "maximum": len(pairs) - 1},
            "verdict": {"enum": ["supported", "not_supported", "unclear"]},
        },
        "required": ["n", "verdict"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"verdicts": {"type": "array", "items": verdict, "minItems": len(pairs), "maxItems": len(pairs)}},
        "required": ["verdicts"],
        "additionalProperties": False,
    }
    return Question(name="brief.judge", version="1", instructions=JUDGE, data={"pairs": pairs}, schema=schema)


def opinions(value: Mapping[str, Any], brief: Brief) -> tuple[Finding, ...]:
    """The judge's doubts as findings. They warn and never block, and `supported` adds nothing: a model is no proof."""
    said = {"not_supported": "a model finds this not supported by its span", "unclear": "a model is unsure of this"}
    return tuple(
        Finding(
            gate=Gate.JUDGE,
            weight=Weight.WARN,
            sentence=one["n"],
            found=" ".join(word.text for word in words(brief.sentences[one["n"]].text)[:8]),
            reason=said[one["verdict"]],
        )
        for one in value["verdicts"]
        if one["verdict"] in said
    )
