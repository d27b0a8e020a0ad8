"""One VEX document in every format there is, and each read back: does it say what was said, and nothing else?

Who makes one says for whom: an advisory (`vex_advisory`), or a maintainer beside it (`vex_supplier`). CSAF's is
labelled with a TLP; OpenVEX and CycloneDX have no place for a label.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Generic, TypeVar

from comity.errors import Problem
from comity.formats import csaf_vex, cyclonedx_vex, openvex
from comity.formats.csaf_dialect import V2_0, V2_1, Dialect
from comity.formats.listings import cyclonedx
from comity.formats.parse import decode
from comity.formats.versions.identity import package
from comity.model.advisory import Publisher, Revision
from comity.model.handling import Tlp
from comity.model.inventory import Vex

T = TypeVar("T")
NEWER: Final = f"{csaf_vex.NAME}-{V2_1.version}"
LABELLED: Final = frozenset({csaf_vex.NAME, NEWER})
"""The formats that have a place for a TLP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a document says. CSAF alone has a place for `publisher`, `name`, `title`, `tlp` and `revisions`."""

    statements: tuple[Vex, ...]
    at: datetime
    publisher: Publisher
    name: str
    title: str
    tlp: Tlp
    revisions: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One format. `check` gives what is wrong with a document; `suffix` ends the file's name."""

    name: str
    media_type: str
    suffix: str
    write: Callable[[Paper], bytes]
    check: Callable[[bytes, Paper], tuple[Problem, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Generic[T]):
    """One format for one sort of author: `paper` is what they say in it, `stem` begins the file's name."""

    kind: Kind
    stem: Callable[[T], str]
    paper: Callable[[T], Paper]

    @property
    def name(self) -> str:
        """The format's name."""
        return self.kind.name

    @property
    def media_type(self) -> str:
        """The media type of its documents."""
        return self.kind.media_type

    def file_name(self, one: T) -> str:
        """The name of its file beside the advisory's others."""
        return self.stem(one) + self.kind.suffix

    def write(self, one: T) -> bytes:
        """The document."""
        return self.kind.write(self.paper(one))

    def check(self, data: bytes, one: T) -> tuple[Problem, ...]:
        """What is wrong with a document."""
        return self.kind.check(data, self.paper(one))


def _same(found: Sequence[Vex], paper: Paper) -> tuple[Problem, ...]:
    """Read back, each statement is there as it was said, and no other."""
    if sorted(map(_key, found)) == sorted(map(_key, paper.statements)):
        return ()
    return (Problem("", "not_read_back", "the document does not say what the advisory says"),)


def _key(one: Vex) -> tuple[str, ...]:
    return one.vulnerability, str(one.status), *package(one.ecosystem, one.name), one.version, one.versions


def _csaf(paper: Paper, dialect: Dialect = V2_0) -> bytes:
    return csaf_vex.write(
        paper.statements,
        publisher=paper.publisher,
        at=paper.at,
        name=paper.name,
        title=paper.title,
        tlp=paper.tlp,
        revisions=paper.revisions,
        dialect=dialect,
    )


def _check_csaf(data: bytes, paper: Paper) -> tuple[Problem, ...]:
    return csaf_vex.check(data) or _same(csaf_vex.read(data).statements, paper)


KINDS: Final = (
    Kind(
        name=csaf_vex.NAME,
        media_type=f"application/csaf+json;profile=vex;version={V2_0.version}",
        suffix=".csaf-vex.json",
        write=_csaf,
        check=_check_csaf,
    ),
    Kind(
        name=NEWER,
        media_type=f"application/csaf+json;profile=vex;version={V2_1.version}",
        suffix=".csaf-vex-2.1.json",
        write=partial(_csaf, dialect=V2_1),
        check=_check_csaf,
    ),
    Kind(
        name=openvex.NAME,
        media_type="application/json",
        suffix=".openvex.json",
        write=lambda paper: openvex.write(paper.statements, at=paper.at),
        check=lambda data, paper: _same(openvex.read(data).statements, paper),
    ),
    Kind(
        name=cyclonedx_vex.NAME,
        media_type=cyclonedx_vex.MEDIA_TYPE,
        suffix=".vex.cdx.json",
        write=lambda paper: cyclonedx_vex.write(paper.statements, at=paper.at),
        check=lambda data, paper: _same(cyclonedx.read(decode(data)).statements, paper),
    ),
)
