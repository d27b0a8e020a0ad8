"""The way about: one table of groups and links, of which each person sees what they may follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from comity.access.policy import Action, may
from comity.model.party import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry; shown to those who may follow it. `also`: paths of pages that belong to it."""

    path: str
    name: str
    action: Action
    also: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """True when the page at `path` is this one or below it."""
        return any(path == one or path.startswith(f"{one}/") for one in (self.path, *self.also))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Links that serve one piece of work."""

    name: str
    links: tuple[Link, ...]


GROUPS: Final = (
    Group(
        name="Findings",
        links=(
            Link(path="/report", name="Report a finding", action=Action.SUBMIT),
            Link(path="/reports", name="My reports", action=Action.READ_OWN_REPORTS),
            Link(path="/batches", name="My batches", action=Action.SEND_BATCH),
            Link(path="/claims", name="Scan claims", action=Action.CLAIM_SCANS),
            Link(path="/blind", name="Blind check", action=Action.ASK_BLINDLY),
            Link(path="/seats", name="Your cases", action=Action.READ_SEATS),
            Link(path="/queue", name="Case queue", action=Action.READ_CASES, also=("/cases",)),
            Link(path="/capacity", name="Capacity contracts", action=Action.KEEP_CAPACITY),
            Link(path="/standing", name="Standing", action=Action.READ_STANDING),
            Link(path="/partners", name="Partner hosts", action=Action.READ_PARTNERS),
            Link(path="/cve", name="CVE Services", action=Action.READ_PARTNERS),
            Link(path="/erasures", name="Erasures", action=Action.ERASE_CASES),
        ),
    ),
    Group(
        name="Published",
        links=(
            Link(path="/advisories", name="Advisories", action=Action.READ_PUBLISHED),
            Link(path="/following", name="Feeds and hooks", action=Action.FOLLOW_NEWS),
            Link(path="/sharing", name="Sharing", action=Action.SHARE),
            Link(path="/briefs", name="Briefs", action=Action.READ_BRIEFS),
            Link(path="/drafts", name="Brief drafts", action=Action.EDIT_BRIEFS),
        ),
    ),
    Group(
        name="Defence",
        links=(
            Link(path="/affected", name="Am I affected?", action=Action.ASK_AFFECTED),
            Link(path="/estate", name="Estate", action=Action.READ_ESTATE),
            Link(path="/deadlines", name="Deadlines", action=Action.READ_DEADLINES),
            Link(path="/advice", name="Advice", action=Action.READ_ESTATE),
            Link(path="/ai", name="AI defence", action=Action.READ_ESTATE),
            Link(path="/directives", name="Directives", action=Action.READ_DIRECTIVES),
        ),
    ),
    Group(
        name="Assessments",
        links=(
            Link(path="/assessments", name="How they work", action=Action.READ_ASSESSING),
            Link(path="/engagements", name="Engagements", action=Action.READ_ENGAGEMENTS),
        ),
    ),
    Group(
        name="Evidence",
        links=(
            Link(path="/verify", name="Verify a file", action=Action.VERIFY_DOCUMENT),
            Link(path="/order", name="The order", action=Action.READ_ORDER),
        ),
    ),
    Group(
        name="This host",
        links=(
            Link(path="/people", name="People", action=Action.MANAGE_ACCOUNTS),
            Link(path="/teams", name="Teams", action=Action.READ_TEAMS),
            Link(path="/host", name="Health", action=Action.VERIFY_JOURNAL),
            Link(path="/mirrors", name="Mirrors", action=Action.READ_MIRRORS),
            Link(path="/audit", name="Trail of access", action=Action.READ_AUDIT),
            Link(path="/break-glass", name="Break-glass", action=Action.READ_GLASS),
        ),
    ),
)
"""A new page of its own gets a line here; a page below another one needs none."""


def menu(viewer: Viewer, path: str) -> Sequence[tuple[str, Sequence[tuple[Link, bool]]]]:
    """The groups with the links this viewer may follow, each with whether it is where they are. No empty group."""
    shown = [
        (group.name, [(link, link.holds(path)) for link in group.links if may(viewer, link.action)]) for group in GROUPS
    ]
    return [(name, links) for name, links in shown if links]
