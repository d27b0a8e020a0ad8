"""A maintainer's own VEX beside an advisory: one document for each maintainer, edition and format.

The writers are those of the host's own VEX. Publisher and author are the maintainer, of category "vendor"; the label is
the advisory's. A file name says whose it is and which edition: an earlier edition stays under its own name, unchanged.
OpenVEX has no place for a range: one statement about a range keeps the whole document out of it, since a file that held
the others only would read as if nothing else had been said.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from comity.errors import Problem
from comity.formats import csaf_vex, cyclonedx_vex, openvex
from comity.formats.csaf import file_name
from comity.formats.csaf_dialect import V2_0, V2_1, Dialect
from comity.formats.listings import cyclonedx
from comity.formats.parse import decode
from comity.formats.vex_advisory import FORMATS as OWN
from comity.formats.vex_advisory import NEWER, same
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write a sheet. `check` gives what is wrong with a document."""

    name: str
    media_type: str
    suffix: str
    write: Callable[[Sheet], bytes]
    check: Callable[[bytes, Sheet], tuple[Problem, ...]]

    def file_name(self, sheet: Sheet) -> str:
        """The name of its file beside the advisory's others."""
        return f"{file_name(sheet.advisory).removesuffix('.json')}.{sheet.name}{self.suffix}"


def edition_of(name: str) -> tuple[int, int] | None:
    """Whose document a published file is, and which edition; None for a file that is no maintainer's."""
    found = _NAME.search(name)
    return (int(found[1]), int(found[2])) if found else None


def why_not(sheet: Sheet, name: str) -> str:
    """Why the sheet is not written in this format; "" when it is."""
    if name in (csaf_vex.NAME, NEWER):
        return ""
    if sheet.tlp is not Tlp.CLEAR:
        return "the format has no label"
    if name == openvex.NAME and any(one.versions for one in sheet.statements):
        return "a statement is about a range, for which OpenVEX has no place"
    return ""


def _csaf(sheet: Sheet, dialect: Dialect = V2_0) -> bytes:
    return csaf_vex.write(
        sheet.statements,
        publisher=sheet.publisher,
        at=sheet.revisions[-1].at,
        name=f"{sheet.advisory}-VEX-MAINTAINER-{sheet.place}",
        title=f"{sheet.publisher.name} on {sheet.advisory}: {sheet.title}",
        tlp=sheet.tlp,
        revisions=sheet.revisions,
        dialect=dialect,
    )


def _check_csaf(data: bytes, sheet: Sheet) -> tuple[Problem, ...]:
    return csaf_vex.check(data) or same(csaf_vex.read(data).statements, sheet.statements)


def _open(sheet: Sheet) -> bytes:
    return openvex.write(sheet.statements, at=sheet.revisions[-1].at)


def _check_open(data: bytes, sheet: Sheet) -> tuple[Problem, ...]:
    return same(openvex.read(data).statements, sheet.statements)


def _cyclonedx(sheet: Sheet) -> bytes:
    return cyclonedx_vex.write(sheet.statements, at=sheet.revisions[-1].at)


def _check_cyclonedx(data: bytes, sheet: Sheet) -> tuple[Problem, ...]:
    return same(cyclonedx.read(decode(data)).statements, sheet.statements)


_HOW: Final[Mapping[str, tuple[Callable[[Sheet], bytes], Callable[[bytes, Sheet], tuple[Problem, ...]]]]] = {
    csaf_vex.NAME: (_csaf, _check_csaf),
    NEWER: (partial(_csaf, dialect=V2_1), _check_csaf),
    openvex.NAME: (_open, _check_open),
    cyclonedx_vex.NAME: (_cyclonedx, _check_cyclonedx),
}
FORMATS: Final = tuple(
    Format(
        name=one.name, media_type=one.media_type, suffix=one.suffix, write=_HOW[one.name][0], check=_HOW[one.name][1]
    )
    for one in OWN
    if one.name in _HOW
)
"""In the order, with the media types and the file names of the host's own."""
