"""What a published advisory says in the three formats of VEX, CSAF's in both versions: affected and fixed versions.

An advisory knows affected versions and fixed ones; it never says "not affected". Each statement binds the exact version
or the range that the advisory names, and no other. Products without a package URL of a known type are not spoken of.
OpenVEX has no place for a range: where a product's affected versions are told by ranges alone it is not written, since
a document that held the fixed versions only would read as if nothing were affected.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from comity.errors import Invalid, Problem
from comity.formats import csaf_tree, openvex, purl, vex, vex_paper
from comity.formats.csaf import file_name
from comity.formats.csaf_read import CVE
from comity.formats.listings import listing
from comity.formats.versions import Outside, vers
from comity.formats.versions.identity import package
from comity.formats.vex_paper import KINDS, LABELLED, Paper
from comity.model.advisory import Advisory
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId
from comity.model.inventory import Vex, VexStatus
from comity.model.product import Affected, EventKind, Range, RangeKind

Format: TypeAlias = vex_paper.Format[Advisory]


def statements(advisory: Advisory) -> tuple[Vex, ...]:
    """Every statement that the advisory makes, each once; () for a withdrawn one, and for one without a publisher."""
    if advisory.withdrawn_at is not None or advisory.publisher is None or not advisory.publisher.name:
        return ()
    return tuple(dict.fromkeys(said for one in advisory.affected for said in _of(advisory, one)))


def why_not(advisory: Advisory, name: str) -> str:
    """Why the advisory is not written in this format; "" when it is."""
    said = statements(advisory)
    if not said:
        return "no product has a package URL of a known type and versions that are told"
    if name not in LABELLED and advisory.handling.tlp is not Tlp.CLEAR:
        return "the format has no label"
    if name != openvex.NAME:
        return ""
    told = {(one.ecosystem, one.name) for one in said if one.version and one.status is VexStatus.AFFECTED}
    if any((one.ecosystem, one.name) not in told for one in said if one.versions):
        return "the affected versions are told as a range, for which OpenVEX has no place"
    return ""


def _of(advisory: Advisory, one: Affected) -> Iterator[Vex]:
    known = _package(one)
    if known is None or advisory.publisher is None:
        return
    ecosystem, name = known
    scheme = purl.read(one.purl).type if one.purl else "generic"
    detail = advisory.remediation or advisory.workaround
    bounds = [(each, csaf_tree.vers(each, scheme)) for each in one.ranges if each.kind is not RangeKind.GIT]
    said = [(VexStatus.AFFECTED, version, "", detail) for version in one.versions if version]
    said += [(VexStatus.AFFECTED, "", text, detail) for _, text in bounds if text]
    said += [(VexStatus.FIXED, version, "", "") for version in _fixes(one, bounds)]
    for status, version, versions, words in said:
        yield Vex(
            vulnerability=name_of(advisory),
            status=status,
            ecosystem=ecosystem,
            name=name,
            version=version,
            versions=versions,
            detail=words,
            author=advisory.publisher.name,
            said_at=advisory.modified_at,
        )


def _fixes(one: Affected, bounds: Sequence[tuple[Range, str]]) -> Iterator[str]:
    """Versions with the fix. One that the advisory also lists as affected, or that another of its ranges holds or may
    hold, is not said to be fixed: a product is affected by the union of what is told."""
    for each, _ in bounds:
        others = [text for other, text in bounds if other is not each]
        for event in each.events:
            is_fix = event.kind is EventKind.FIXED and event.version and event.version not in one.versions
            if is_fix and all(_is_outside(text, event.version) for text in others):
                yield event.version


def _is_outside(text: str, version: str) -> bool:
    try:
        return isinstance(vers.contains(text, version), Outside)
    except ValueError:
        return False


def spellings(one: Affected) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Ecosystem and name of a product as it is given, and as a package URL of it is read back; None where VEX has no
    name for it."""
    given = vex.named(one.purl) if one.purl else (one.ecosystem, one.name, "")
    if given is None:
        return None
    try:
        back = vex.named(vex.locator(*given[:2]))
    except Invalid:
        return None
    return None if back is None else (given[:2], back[:2])


def _package(one: Affected) -> tuple[str, str] | None:
    """Ecosystem and name, of which a package URL can be made that is read back as the same package."""
    found = spellings(one)
    if found is None:
        return None
    given, back = found
    return given if package(*back) == package(*given) and listing.printable(given[1]) == given[1] else None


def name_of(advisory: Advisory) -> str:
    """The CVE id; without one the advisory's own."""
    return next((one for one in (advisory.id, *advisory.aliases) if CVE.match(one)), advisory.id)


def _paper(advisory: Advisory) -> Paper:
    publisher = advisory.publisher
    if publisher is None:
        raise Invalid("VEX needs to know who publishes", [Problem("/publisher", "missing_field", "is required")])
    return Paper(
        statements=statements(advisory),
        at=advisory.modified_at,
        publisher=publisher,
        name=f"{advisory.id}-VEX",
        title=advisory.title,
        tlp=advisory.handling.tlp,
    )


def _bound(advisory: Advisory) -> Paper:
    """The statements that name one version."""
    whole = _paper(advisory)
    return replace(whole, statements=tuple(one for one in whole.statements if one.version))


def stem(id_: AdvisoryId) -> str:
    """What the names of an advisory's VEX files begin with."""
    return file_name(id_).removesuffix(".json")


FORMATS: Final[tuple[Format, ...]] = tuple(
    vex_paper.Format(kind=kind, stem=lambda one: stem(one.id), paper=_bound if kind.name == openvex.NAME else _paper)
    for kind in KINDS
)
