"""Find published advisories by words."""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.access.policy import Action, may
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind
from comity.store import published, words
from comity.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisorySearch:
    """Ids, title, summary, products and weakness of advisories."""

    store: Store

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """Advisories that this viewer may read; a withdrawn one says so."""
        if not may(viewer, Action.READ_PUBLISHED):
            return ()
        with self.store.read() as tx:
            found = published.find(tx, viewer, wanted, most=EACH)
        return tuple(
            Hit(
                kind=Kind.ADVISORY,
                id=one.id,
                title=one.title,
                at=one.published_at or one.modified_at,
                note="withdrawn" if one.withdrawn_at else "",
            )
            for one in found
        )

    def catch_up(self) -> None:
        """Index what was kept before there was an index."""
        words.build(self.store, "advisories", published.searched)
