"""Tell how many organisations run what a CVE id is about: a coarse range, and nothing below a least number.

The only thing of inventories that leaves this desk. Asked by an event's reaction, never by a person. Civil domains
alone are counted: national security and Department of War systems are in no count, so none can be told from one. Which
organisation, which asset and the exact number stay here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.access.policy import Action, allow
from comity.defend import flow
from comity.errors import Forbidden
from comity.model.asset import CIVIL
from comity.model.inventory import Answer, Answered
from comity.model.party import Viewer
from comity.store import inventories

LEAST: Final = 3
"""Fewer organisations than these are not told apart from none (policy parameter)."""
RANGES: Final = ((100, "100 or more"), (30, "30 to 99"), (10, "10 to 29"), (LEAST, "3 to 9"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The one call."""

    machines: flow.Machines

    def reached(self, viewer: Viewer, names: Sequence[str]) -> Mapping[str, str | None]:
        """For each CVE id a range of organisations whose newest matching says affected; None below `LEAST`.

        For a flow alone: a person could ask again and again and watch a range move.
        """
        allow(viewer, Action.READ_ESTATE)
        if not viewer.is_system:
            raise Forbidden("counts go to the clearinghouse's own flow, to nobody at a door")
        found: dict[str, str | None] = {}
        with self.machines.store.read() as tx:
            for name in names:
                owners = set()
                for id_ in inventories.marked(tx, "vulnerability", [name], flow.FLOW):
                    held = inventories.get(tx, id_, flow.FLOW)
                    if held.domain not in CIVIL or held.organisation in owners:
                        continue
                    matched = inventories.match(tx, id_, flow.FLOW)
                    if matched is not None and any(_is_hit(one, name) for one in matched.answers):
                        owners.add(held.organisation)
                found[name] = coarse(len(owners))
        return found


def _is_hit(answered: Answered, name: str) -> bool:
    if answered.answer is not Answer.AFFECTED:
        return False
    return any(name in {hit.vulnerability, hit.advisory} for hit in answered.hits)


def coarse(number: int) -> str | None:
    """The range that is told of a number; None below `LEAST`."""
    return next((words for least, words in RANGES if number >= least), None)
