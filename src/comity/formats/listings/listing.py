"""Decide how far a component is identified, and keep every reader of inventories to the same limits.

Every component ends in exactly one state (`Identity`). For packages of a distribution the source package and the
release are what advisories are published by, so both are asked for; RPM families publish by binary package, SUSE's
apart.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TextIO
from urllib.parse import unquote

from packageurl import PackageURL

from comity.errors import Invalid, Problem
from comity.formats.parse import Limits
from comity.formats.purl import DISTRIBUTIONS, ECOSYSTEMS
from comity.formats.versions.ecosystems import UNORDERED, lacks_release, scheme, without_release
from comity.formats.versions.identity import canonical_name, package, release_of
from comity.model.inventory import Component, Identity

if TYPE_CHECKING:
    from _csv import Reader

LIMITS: Final = Limits(document_bytes=64 * 1024 * 1024, depth=64)
"""Of an inventory document. Doors may pass stricter ones."""
MOST: Final = 250_000
"""Components of one document."""
LONGEST: Final = 1024
"""Characters of a name or version; what is longer is cut, since it names no real package."""
_BY_SOURCE: Final = frozenset({"deb", "apk"})
CELL_LIMIT: Final = 1024 * 1024
"""Characters of one cell of a CSV table."""
PROBLEMS: Final = 100
"""Problems that one answer lists."""
NO_NAME: Final = frozenset({"", "NOASSERTION", "NONE", "UNKNOWN", "(unknown)", "<unknown>", "null"})
"""SPDX 2.3 section 4: NOASSERTION is not "none"; tools write the others. All of them name nothing."""


def component(
    *,
    ecosystem: str = "",
    name: str = "",
    version: str = "",
    source: str = "",
    source_version: str = "",
    kind: str = "",
    cpe: str = "",
    reference: str = "",
    place: str = "",
    development: bool = False,
    digests: Iterable[str] = (),
    upstream: Iterable[str] = (),
    purl: str = "",
    gap: str = "",
) -> Component:
    """A component and its state of identity. `gap` given: the reader knows why it is not wholly identified."""
    name, version = _named(name), _named(version)
    folded = package(ecosystem, _named(source) or name) if ecosystem else package("", _named(source) or name)
    missing = gap or _gap(ecosystem, name, version, cpe, kind)
    return Component(
        name=name,
        version=version,
        kind=kind[:64],
        ecosystem=folded.ecosystem,
        match_name=canonical_name(folded.ecosystem, folded.name) if folded.name else "",
        match_version=_named(source_version) or version,
        purl=purl,
        cpe=cpe[:LONGEST],
        reference=reference[:LONGEST],
        place=place,
        identity=Identity.IDENTIFIED if not missing else Identity.PART if name or cpe else Identity.NOT,
        gap=missing,
        development=development,
        digests=tuple(digests),
        upstream=tuple(upstream),
    )


def by_purl(
    text: str,
    *,
    name: str = "",
    version: str = "",
    source: str = "",
    source_version: str = "",
    kind: str = "",
    cpe: str = "",
    reference: str = "",
    place: str = "",
    development: bool = False,
    digests: Iterable[str] = (),
) -> Component | None:
    """A component as its package URL says. None when the text is no purl; `name` and `version` are the document's."""
    stated = read_purl(text)
    if stated is None:
        return None
    ecosystem, package_name = ecosystem_of(stated), _package_name(stated)
    qualifiers = _qualifiers(stated)
    stated_version = stated.version or version
    epoch = qualifiers.get("epoch", "")
    if epoch.isdigit() and epoch != "0" and stated.type == "rpm" and ":" not in stated_version:
        stated_version = f"{epoch}:{stated_version}"
    if stated.type in _BY_SOURCE and not source:
        source, _, source_version = unquote(qualifiers.get("upstream", "")).partition("@")
    if stated.type not in _BY_SOURCE and not ecosystem.startswith(("SUSE", "openSUSE")):
        source = source_version = ""
    return component(
        ecosystem=ecosystem or stated.type,
        name=package_name or name,
        version=stated_version,
        source=source,
        source_version=source_version,
        kind=kind,
        cpe=cpe,
        reference=reference,
        place=place,
        development=development,
        digests=digests,
        purl=stated.to_string(),
        gap="" if ecosystem else _unknown_type(stated.type),
    )


def read_purl(text: str) -> PackageURL | None:
    """The parsed package URL, or None for anything else."""
    if not text or len(text) > LONGEST:
        return None
    try:
        return PackageURL.from_string(f"pkg:{text[4:]}" if text[:4].lower() == "pkg:" else text)
    except ValueError:
        return None


def ecosystem_of(stated: PackageURL) -> str:
    """OSV's ecosystem for a purl, with the release where the `distro` qualifier gives one; "" when OSV has none."""
    namespace = (stated.namespace or "").lower()
    found = ECOSYSTEMS.get(stated.type) or DISTRIBUTIONS.get((stated.type, namespace), "")
    if not found:
        return ""
    release = release_of(stated.to_string())
    return f"{found}:{release}" if release and (stated.type in {"deb", "apk", "rpm"}) else found


def refuse_too_many(found: Sequence[object]) -> None:
    """Invalid when a document lists more components than one document may."""
    if len(found) > MOST:
        raise Invalid(
            "the document lists too many components",
            [Problem("", "too_many_items", f"more than {MOST} components in one document: send it in parts")],
        )


def text_of(data: bytes, limits: Limits) -> str:
    """The text of a line-based inventory. Invalid when it is too large, no UTF-8, or binary."""
    if len(data) > limits.document_bytes:
        raise one_problem("document_too_large", f"the document is over {limits.document_bytes} bytes: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise one_problem("invalid_utf8", f"byte {error.start} does not fit UTF-8: send text as UTF-8") from error
    if "\x00" in text:
        raise one_problem("not_text", "the document is binary: send the list as text")
    return text


def csv_rows(text: TextIO, delimiter: str) -> "Reader":
    """A reader of CSV rows with this house's limit of a cell, which Python keeps for the whole process: it is never set
    back under another reader's hands."""
    csv.field_size_limit(CELL_LIMIT)
    return csv.reader(text, delimiter=delimiter)


def refuse_repeated(headings: Sequence[str], line: int) -> None:
    """Invalid when two columns bear the same heading: which of them counts is a guess, and one would hide the other."""
    twice = sorted(one for one, count in Counter(headings).items() if one and count > 1)[:8]
    if twice:
        reason = f"two columns are called {', '.join(printable(one)[:40] for one in twice)}: keep one"
        raise one_problem("repeated_heading", reason, f"/line/{line}")


def one_problem(code: str, reason: str, pointer: str = "") -> Invalid:
    """`Invalid` with one problem."""
    return Invalid("the inventory cannot be read", [Problem(pointer, code, reason)])


def no_packages(what: str, reason: str) -> Invalid:
    """`Invalid` for a document that lists no package: `what` it is, and why that is no inventory."""
    return Invalid(f"{what} lists no packages", [Problem("", "no_packages", reason)])


def settle(problems: Sequence[Problem]) -> None:
    """Raise `Invalid` with the problems, at most `PROBLEMS` of them and how many more; nothing happens without one."""
    if problems:
        rest = len(problems) - PROBLEMS
        more = [Problem("", "more_problems", f"{rest} more lines are not listed: mend these")] if rest > 0 else []
        raise Invalid("the inventory cannot be read", [*problems[:PROBLEMS], *more])


def printable(text: str) -> str:
    """One line of printable characters, cut to a sane length: names are a stranger's text."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())[:LONGEST]


def _qualifiers(stated: PackageURL) -> Mapping[str, str]:
    held: object = stated.qualifiers
    return {str(key): str(value) for key, value in held.items()} if isinstance(held, dict) else {}


def _named(text: str) -> str:
    cleaned = printable(text) if text else ""
    return "" if cleaned in NO_NAME else cleaned


def _package_name(stated: PackageURL) -> str:
    namespace = stated.namespace or ""
    if not namespace or stated.type in {"apk", "deb", "rpm"}:
        return stated.name
    return f"{namespace}:{stated.name}" if stated.type == "maven" else f"{namespace}/{stated.name}"


def _gap(ecosystem: str, name: str, version: str, cpe: str, kind: str) -> str:
    if not name and not cpe:
        return "nothing names it"
    if kind == "file":
        return "it is a file, and files are not published as packages"
    if not ecosystem:
        if cpe:
            return "only a CPE names it, which can show that it is affected and never that it is not"
        return "the document does not say which ecosystem it is from"
    if lacks_release(ecosystem):
        return without_release(ecosystem)
    if not version:
        return "the document does not say its version"
    return ""


def _unknown_type(kind: str) -> str:
    if scheme(kind) is not None or kind in UNORDERED:
        return f"the package URL does not say which {kind} distribution it is from"
    return f"no advisories are published for package URLs of the type {kind[:32]}"
