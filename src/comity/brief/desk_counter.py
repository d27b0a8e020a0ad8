"""What the counters of briefs share: the machines, who may decide, who can answer for a brief."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from comity.brief import flow
from comity.brief.desk_views import (
    Editor,
    Notice,
)
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.article import Brief, Checked, Origin, Sentence
from comity.model.brief import Record
from comity.model.ids import PartyId
from comity.model.party import Role, Viewer
from comity.store import drafts, parties
from comity.store.engine import Tx

TEXT_LIMIT: Final = 20_000
"""Characters of a text that somebody asks about, and of anything an editor writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The flow's machines; `control` starts the notices."""

    machines: flow.Machines
    control: Control

    def no_script(self, viewer: Viewer) -> None:
        """A demo host lets a script decide; any other refuses one."""
        if viewer.is_script and not self.machines.demo:
            raise Forbidden("a script decides nothing on a host that signs as itself: a person must")

    def editors(self, tx: Tx) -> tuple[Editor, ...]:
        """Everybody who can be the editor of record."""
        return tuple(
            Editor(id=one.id, name=one.name, is_script=one.is_script)
            for one in parties.all_people(tx)
            if Role.EDITOR in one.roles and one.disabled_at is None
        )

    def editor(self, tx: Tx, id_: str) -> tuple[PartyId, str]:
        """One of them as (id, name); both empty for anybody else."""
        for one in self.editors(tx):
            if one.id == id_:
                return PartyId(one.id), one.name
        return PartyId(""), ""

    def hindrance(self, record: Record, found: Checked) -> str:
        """Why this cannot be published now; "" when it can."""
        try:
            flow.may_publish(self.machines, record, found)
        except Conflict as error:
            return str(error)
        return ""


def with_words(brief: Brief, title: str, sentences: Sequence[str], class_primary: str) -> Brief:
    """The brief with other words. Each sentence keeps the spans of the one in its place; what is new has none yet."""
    said = [one.strip() for one in sentences if one.strip()]
    problems = []
    if not title.strip():
        problems.append(Problem("/title", "missing", "give a title of your own"))
    if not said:
        problems.append(Problem("/sentences", "missing", "a brief has at least its bottom line"))
    if sum(len(one) for one in (title, *said)) > TEXT_LIMIT:
        problems.append(Problem("/sentences", "too_long", f"at most {TEXT_LIMIT} characters"))
    if problems:
        raise Invalid("this is no brief", problems)
    before = brief.sentences
    made = []
    for place, words in enumerate(said):
        held = before[min(place, len(before) - 1)]
        made.append(held if held.text == words and place < len(before) else Sentence(text=words, spans=held.spans))
    changed = tuple(made) != before or title.strip() != brief.title
    origin = brief.origin
    if changed:
        origin = Origin.MODEL_HUMAN if origin in (Origin.MODEL, Origin.MODEL_HUMAN) else Origin.HUMAN
    return replace(
        brief,
        title=title.strip(),
        bottom_line=made[0],
        paraphrase=tuple(made[1:]),
        why_no_paraphrase="" if made[1:] else brief.why_no_paraphrase,
        origin=origin,
        class_primary=class_primary or brief.class_primary,
    )


def told(one: drafts.Notice) -> Notice:
    """A notice as its reader sees it."""
    return Notice(
        brief=one.brief, number=one.number, receiver=one.receiver, receipt=one.receipt, kind=one.kind, at=one.at
    )
