"""Note who looked at a report, or passed it on, in the log that its submitter can read (`library.sharing`)."""

from collections.abc import Sequence
from datetime import datetime

from comity.model.party import Viewer
from comity.model.report import Report
from comity.store import shares
from comity.store.engine import Tx


def note(tx: Tx, viewer: Viewer, members: Sequence[Report], what: str, *, at: datetime) -> None:
    """One row a day for each report of another organisation than the viewer's; flows look at nothing."""
    if viewer.is_system:
        return
    for one in members:
        if one.organisation != viewer.organisation:
            shares.looked(tx, owner=one.organisation, subject=one.id, person=viewer.person, what=what[:64], at=at)
