"""Make a brief from sources, without IO: story, class, mentions, conflicts, draft, gates, and what a person must see.

The first source given leads: its spans carry the brief. The flow may put a model's words in place of the keyless draft
(`with_model`); everything else stays what the rules found.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from comity import __version__
from comity.brief import cluster, model_draft
from comity.brief.check import gates
from comity.brief.check.budget import Budget
from comity.brief.classify import CLEAR_LEAD, LEAST_WEIGHT, Class, classify
from comity.brief.conflict import ALIKE, conflicts
from comity.brief.draft import draft
from comity.brief.extractors import AGREE
from comity.brief.likeness import COPY
from comity.brief.mentions import mentions
from comity.brief.review import MODEL_TEXT_TOKENS, TOKENIZER, tokens
from comity.model.article import Brief, Checked, Gate, Mention, Source
from comity.model.asked import Asked
from comity.model.story import Conflict, Story

PIPELINE: Final = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A draft with everything it rests on. `sources[0]` is the one that spans point into."""

    brief: Brief
    checked: Checked
    sources: tuple[Source, ...]
    story: Story
    elsewhere: tuple[Story, ...]
    """Stories of sources that were given and are not about the same event: left out of this brief."""
    kind: Class
    mentions: tuple[Mention, ...]
    conflicts: tuple[Conflict, ...]
    model_tokens: int | None
    pipeline_version: str
    config_hash: str
    forced: bool = False
    """Somebody put sources into one story that the rules would have split."""

    @property
    def needs_person(self) -> tuple[str, ...]:
        """Why a person must look, beyond the review that every brief needs."""
        found = [why for place in self.story.members for why in self.sources[place].needs_person]
        if self.sources[0].published_at is None:
            found.append("the source states no date of publication")
        if self.forced:
            found.append("by their words these sources are about different events; they were given as one story")
        if self.story.independent == 1 and len(self.story.members) > 1:
            found.append(f"{len(self.story.members)} sources, one origin: publish only as reported by it")
        return tuple(dict.fromkeys(found))


def make(
    sources: Sequence[Source], *, together: bool = False, budget: Budget | None = None, used_words: int = 0
) -> Made:
    """The keyless brief about the first source's story. ValueError without a source.

    `together`: somebody says that all sources are about one event. They are taken so, and where the rules would have
    split them a person is told.
    """
    if not sources:
        raise ValueError("a brief needs a source")
    kept = tuple(sources)
    grouped = cluster.stories(kept)
    story = next(one for one in grouped if 0 in one.members)
    split = together and len(grouped) > 1
    if split:
        story, grouped = _as_one(kept, grouped), ()
    contradictions = conflicts(kept, story.origins) if story.independent > 1 else ()
    kind = classify(kept[0])
    avoid = tuple(side.span for one in contradictions for side in one.sides if side.source == 0)
    brief = draft(kept[0], avoid=avoid, budget=budget, kind=kind)
    return Made(
        brief=brief,
        checked=gates.check(brief, kept[0], budget=budget, used_words=used_words, conflicts=contradictions),
        sources=kept,
        story=story,
        elsewhere=tuple(one for one in grouped if one is not story),
        kind=kind,
        mentions=mentions(kept[0].text),
        forced=split,
        conflicts=contradictions,
        model_tokens=None,
        pipeline_version=f"comity/{__version__} brief/{PIPELINE} gates/{gates.VERSION}",
        config_hash=config_hash(budget or Budget()),
    )


def _as_one(sources: Sequence[Source], grouped: Sequence[Story]) -> Story:
    groups, ties = cluster.origins(sources)
    keys = tuple(sorted({key for one in grouped for key in one.keys}))
    return Story(members=tuple(range(len(sources))), origins=groups, ties=ties, keys=keys, joined_by=("given",))


def with_model(
    held: Made, value: Mapping[str, Any], asked: Asked, *, budget: Budget | None = None, used_words: int = 0
) -> Made:
    """The same with a model's words, which `model_draft.judge` has let through."""
    brief = replace(model_draft.made(value, held.sources[0], held.brief, held.kind), asked=asked)
    checked = gates.check(brief, held.sources[0], budget=budget, used_words=used_words, conflicts=held.conflicts)
    return replace(held, brief=brief, checked=checked, model_tokens=tokens(model_draft.text_of(brief)))


def without_model(held: Made, asked: Asked) -> Made:
    """The keyless draft, with the record of why no model's words stand in it."""
    return replace(held, brief=replace(held.brief, asked=asked))


def judged(held: Made, value: Mapping[str, Any]) -> Made:
    """With the doubts of the optional model judge, and the judge among the gates that ran."""
    found = model_draft.opinions(value, held.brief)
    checked = Checked(gates=(*held.checked.gates, Gate.JUDGE), findings=(*held.checked.findings, *found))
    return replace(held, checked=checked)


def config_hash(budget: Budget) -> str:
    """SHA-256 over every policy parameter that a draft depends on (T12)."""
    parts = (
        repr(budget),
        AGREE,
        COPY,
        ALIKE,
        cluster.JOIN,
        cluster.HALF_LIFE_HOURS,
        cluster.MANY_KEYS,
        CLEAR_LEAD,
        LEAST_WEIGHT,
    )
    return hashlib.sha256("\n".join(str(part) for part in (*parts, TOKENIZER, MODEL_TEXT_TOKENS)).encode()).hexdigest()
