"""Note who looked at a report, or passed it on, in the log that its submitter can read (`library.sharing`)."""

from collections.abc import Sequence
from datetime import datetime

from comity.clearing import flow
from comity.model.party import Viewer
from comity.model.report import Report
from comity.store import shares
from comity.store.engine import Tx


def looked(machines: flow.Machines, viewer: Viewer, members: Sequence[Report], what: str) -> None:
    """`note` in a transaction of its own, which is begun only where there is something to note."""
    if _foreign(viewer, members):
        with machines.store.write() as tx:
            note(tx, viewer, members, what, at=machines.now())


def note(tx: Tx, viewer: Viewer, members: Sequence[Report], what: str, *, at: datetime) -> None:
    """One row a day for each report of another organisation than the viewer's; flows look at nothing."""
    for one in _foreign(viewer, members):
        shares.looked(tx, owner=one.organisation, subject=one.id, person=viewer.person, what=what[:64], at=at)


def _foreign(viewer: Viewer, members: Sequence[Report]) -> list[Report]:
    return [] if viewer.is_system else [one for one in members if one.organisation != viewer.organisation]
