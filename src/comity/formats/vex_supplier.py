"""A maintainer's own VEX beside an advisory: one document for each maintainer, edition and format.

The writers are those of the host's own VEX. Publisher and author are the maintainer, of category "vendor"; the label is
the advisory's. A file name says whose it is and which edition: an earlier edition stays under its own name, unchanged.
OpenVEX has no place for a range: one statement about a range keeps the whole document out of it, since a file that held
the others only would read as if nothing else had been said.
"""

import re
from dataclasses import dataclass
from typing import Final

from comity.formats import openvex
from comity.formats.vex_advisory import stem
from comity.formats.vex_paper import KINDS, LABELLED, Format, Paper
from comity.model.advisory import Publisher, Revision
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId
from comity.model.inventory import Vex

CATEGORY: Final = "vendor"
_NAME: Final = re.compile(r"\.maintainer-([1-9][0-9]{0,3})\.v([1-9][0-9]{0,5})\.[a-z0-9.-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one maintainer says of one advisory's weakness. `place` tells the maintainers of a case apart, from 1.

    `revisions` are its editions, oldest first; the last one is this document.
    """

    advisory: AdvisoryId
    title: str
    tlp: Tlp
    place: int
    publisher: Publisher
    statements: tuple[Vex, ...]
    revisions: tuple[Revision, ...]

    @property
    def number(self) -> int:
        """Which edition this is."""
        return len(self.revisions)

    @property
    def name(self) -> str:
        """What its files have in common, after the advisory's id."""
        return f"maintainer-{self.place}.v{self.number}"


def edition_of(name: str) -> tuple[int, int] | None:
    """Whose document a published file is, and which edition; None for a file that is no maintainer's."""
    found = _NAME.search(name)
    return (int(found[1]), int(found[2])) if found else None


def why_not(sheet: Sheet, name: str) -> str:
    """Why the sheet is not written in this format; "" when it is."""
    if name not in LABELLED and sheet.tlp is not Tlp.CLEAR:
        return "the format has no label"
    if name == openvex.NAME and any(one.versions for one in sheet.statements):
        return "a statement is about a range, for which OpenVEX has no place"
    return ""


def _paper(sheet: Sheet) -> Paper:
    return Paper(
        statements=sheet.statements,
        at=sheet.revisions[-1].at,
        publisher=sheet.publisher,
        name=f"{sheet.advisory}-VEX-MAINTAINER-{sheet.place}",
        title=f"{sheet.publisher.name} on {sheet.advisory}: {sheet.title}",
        tlp=sheet.tlp,
        revisions=sheet.revisions,
    )


FORMATS: Final[tuple[Format[Sheet], ...]] = tuple(
    Format(kind=kind, stem=lambda one: f"{stem(one.advisory)}.{one.name}", paper=_paper) for kind in KINDS
)
