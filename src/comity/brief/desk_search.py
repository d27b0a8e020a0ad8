"""Find briefs by words: public ones for everybody, drafts for editors."""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.access.policy import Action, may
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind
from comity.store import drafts, words
from comity.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefSearch:
    """The words of public briefs; of drafts the title and what they speak of."""

    store: Store

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """Public briefs that stand, and drafts within the label of an editor."""
        hits: list[Hit] = []
        with self.store.read() as tx:
            if may(viewer, Action.READ_BRIEFS):
                hits += (
                    Hit(kind=Kind.BRIEF, id=one.id, title=one.title, at=one.published_at)
                    for one in drafts.find_public(tx, wanted, most=EACH)
                )
            if may(viewer, Action.EDIT_BRIEFS):
                hits += (
                    Hit(
                        kind=Kind.DRAFT,
                        id=one.id,
                        title=one.brief.title,
                        at=one.made_at,
                        note=one.brief.review_state.value,
                    )
                    for one in drafts.find(tx, viewer, wanted, most=EACH)
                )
        return tuple(hits)

    def catch_up(self) -> None:
        """Index what was kept before there was an index."""
        words.build(self.store, "briefs", drafts.searched)
        words.build(self.store, drafts.PUBLIC, drafts.searched_public)
