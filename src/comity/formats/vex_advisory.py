"""What a published advisory says in the three formats of VEX, CSAF's in both versions: affected and fixed versions.

An advisory knows affected versions and fixed ones; it never says "not affected". Each statement binds the exact version
or the range that the advisory names, and no other. Products without a package URL of a known type are not spoken of.
OpenVEX has no place for a range: where a product's affected versions are told by ranges alone it is not written, since
a document that held the fixed versions only would read as if nothing were affected.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import csaf_tree, csaf_vex, cyclonedx_vex, openvex, purl, vex
from comity.formats.csaf import file_name
from comity.formats.csaf_dialect import V2_0, V2_1, Dialect
from comity.formats.csaf_read import CVE
from comity.formats.listings import cyclonedx, listing
from comity.formats.parse import decode
from comity.formats.versions import Outside, vers
from comity.formats.versions.identity import package
from comity.model.advisory import Advisory
from comity.model.handling import Tlp
from comity.model.inventory import Vex, VexStatus
from comity.model.product import Affected, EventKind, Range, RangeKind

NEWER: Final = f"{csaf_vex.NAME}-{V2_1.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One way to write them. `check` gives what is wrong with a document; `suffix` ends the file's name."""

    name: str
    media_type: str
    suffix: str
    write: Callable[[Advisory], bytes]
    check: Callable[[bytes, Advisory], tuple[Problem, ...]]

    def file_name(self, advisory: Advisory) -> str:
        """The name of its file beside the advisory's others."""
        return file_name(advisory.id).removesuffix(".json") + self.suffix


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
    if name != openvex.NAME:
        return "" if name in (csaf_vex.NAME, NEWER) or advisory.handling.tlp is Tlp.CLEAR else "the format has no label"
    if advisory.handling.tlp is not Tlp.CLEAR:
        return "the format has no label"
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


def _package(one: Affected) -> tuple[str, str] | None:
    """Ecosystem and name, of which a package URL can be made that is read back as the same package."""
    if one.purl:
        found = vex.named(one.purl)
        if found is None:
            return None
        ecosystem, name = found[:2]
    else:
        ecosystem, name = one.ecosystem, one.name
    try:
        back = vex.named(vex.locator(ecosystem, name))
    except Invalid:
        return None
    is_same = back is not None and package(*back[:2]) == package(ecosystem, name)
    return (ecosystem, name) if is_same and listing.printable(name) == name else None


def name_of(advisory: Advisory) -> str:
    """The CVE id; without one the advisory's own."""
    return next((one for one in (advisory.id, *advisory.aliases) if CVE.match(one)), advisory.id)


def _csaf(advisory: Advisory, dialect: Dialect = V2_0) -> bytes:
    publisher = advisory.publisher
    if publisher is None:
        raise Invalid("CSAF needs to know who publishes", [Problem("/publisher", "missing_field", "is required")])
    return csaf_vex.write(
        statements(advisory),
        publisher=publisher,
        at=advisory.modified_at,
        name=f"{advisory.id}-VEX",
        title=advisory.title,
        tlp=advisory.handling.tlp,
        dialect=dialect,
    )


def _open(advisory: Advisory) -> bytes:
    return openvex.write(statements_bound(advisory), at=advisory.modified_at)


def statements_bound(advisory: Advisory) -> tuple[Vex, ...]:
    """The statements that name one version."""
    return tuple(one for one in statements(advisory) if one.version)


def _cyclonedx(advisory: Advisory) -> bytes:
    return cyclonedx_vex.write(statements(advisory), at=advisory.modified_at)


def same(found: Sequence[Vex], wanted: Sequence[Vex]) -> tuple[Problem, ...]:
    """Read back, each statement is there as it was said, and no other."""
    if sorted(map(_key, found)) == sorted(map(_key, wanted)):
        return ()
    return (Problem("", "not_read_back", "the document does not say what the advisory says"),)


def _key(one: Vex) -> tuple[str, ...]:
    return one.vulnerability, str(one.status), *package(one.ecosystem, one.name), one.version, one.versions


def _check_csaf(data: bytes, advisory: Advisory) -> tuple[Problem, ...]:
    return csaf_vex.check(data) or same(csaf_vex.read(data).statements, statements(advisory))


def _check_open(data: bytes, advisory: Advisory) -> tuple[Problem, ...]:
    return same(openvex.read(data).statements, statements_bound(advisory))


def _check_cyclonedx(data: bytes, advisory: Advisory) -> tuple[Problem, ...]:
    return same(cyclonedx.read(decode(data)).statements, statements(advisory))


FORMATS: Final = (
    Format(
        name=csaf_vex.NAME,
        media_type=f"application/csaf+json;profile=vex;version={V2_0.version}",
        suffix=".csaf-vex.json",
        write=_csaf,
        check=_check_csaf,
    ),
    Format(
        name=NEWER,
        media_type=f"application/csaf+json;profile=vex;version={V2_1.version}",
        suffix=".csaf-vex-2.1.json",
        write=partial(_csaf, dialect=V2_1),
        check=_check_csaf,
    ),
    Format(
        name=openvex.NAME,
        media_type="application/json",
        suffix=".openvex.json",
        write=_open,
        check=_check_open,
    ),
    Format(
        name=cyclonedx_vex.NAME,
        media_type=cyclonedx_vex.MEDIA_TYPE,
        suffix=".vex.cdx.json",
        write=_cyclonedx,
        check=_check_cyclonedx,
    ),
)
"""CSAF's is labelled with the advisory's own TLP; the two others have no label and are written for TLP:CLEAR alone."""
