"""Find assessments by words. They are few and each has its own key, so there is no index: they are looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.access.policy import Action, may
from comity.assess.desk import Assess
from comity.model.party import Viewer
from comity.model.search import EACH, Hit, Kind
from comity.model.words import holds

LOOKED_AT: Final = 500
"""The newest ones; older ones are found in their list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentSearch:
    """Id, subject and developer, as the list of assessments shows them to this person."""

    assess: Assess

    def search(self, viewer: Viewer, wanted: Sequence[str]) -> tuple[Hit, ...]:
        """Assessments that this viewer has a part in."""
        if not may(viewer, Action.READ_ENGAGEMENTS):
            return ()
        rows, _ = self.assess.page(viewer, limit=LOOKED_AT)
        return tuple(
            Hit(
                kind=Kind.ENGAGEMENT,
                id=row.id,
                title=row.subject or row.developer,
                at=row.opened_at,
                note=row.state.value,
            )
            for row in rows
            if holds((row.id, row.subject, row.developer), wanted)
        )[:EACH]

    def catch_up(self) -> None:
        """Nothing to do."""
