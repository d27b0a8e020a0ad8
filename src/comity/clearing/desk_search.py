"""Find cases and reports by words."""

from collections.abc import Sequence
from dataclasses import dataclass

from comity.access.policy import Action, may
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind
from comity.store import cases, reports, words
from comity.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSearch:
    """Titles and ids of cases; of reports the one line, ids, products and weakness. No description and no proof."""

    store: Store

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """Cases for who reads the queue; reports for who reads reports: their organisation's, or all in reach."""
        hits: list[Hit] = []
        with self.store.read() as tx:
            if may(viewer, Action.READ_CASES):
                hits += (
                    Hit(kind=Kind.CASE, id=one.id, title=one.title, at=one.opened_at, note=one.stage.value)
                    for one in cases.find(tx, viewer, wanted, most=EACH)
                )
            if may(viewer, Action.READ_OWN_REPORTS):
                hits += (
                    Hit(kind=Kind.REPORT, id=one.id, title=one.finding.summary, at=one.received_at)
                    for one in reports.find(tx, viewer, wanted, most=EACH)
                )
        return tuple(hits)

    def catch_up(self) -> None:
        """Index what was kept before there was an index."""
        words.build(self.store, "cases", cases.searched)
        words.build(self.store, "reports", reports.searched)
