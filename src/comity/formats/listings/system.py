"""What a machine's package manager says is installed: dpkg status, `rpm -qa`, apk's installed database.

Advisories of Debian, Ubuntu and Alpine are by source package and release, so both are read or asked for. The release
is not in these lists; `release` gives it ("Debian:12"). A Debian list tells it by its base-files version, an RPM list
by the package that carries os-release.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from comity.errors import Problem
from comity.formats.listings import distribution, listing
from comity.formats.parse import Limits
from comity.model.inventory import Component, Contents

_DEBIAN_BASE: Final = re.compile(r"(\d{1,2})(?:\.\d+)?(?:\+deb\d+u\d+)?\Z")
_SOURCE: Final = re.compile(r"([a-z0-9][a-z0-9+.-]*)(?: \(([^()\s]+)\))?\Z")
_RPM_ARCH: Final = re.compile(
    r"\.(?:noarch|x86_64|i[3-6]86|aarch64|ppc64le|ppc64|s390x|armv7hl|riscv64|src|\(none\))\Z"
)
_RPM: Final = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.+-]*)-(?P<evr>(?:\d+:)?[^-\s:]+-[^-\s:]+)\Z")
_KEY_PACKAGE: Final = "gpg-pubkey"
"""Not a package: how rpm keeps imported keys."""


def looks_like_dpkg(text: str) -> bool:
    """True for stanzas with Package and Status, as `/var/lib/dpkg/status` has them."""
    head = text[:20_000]
    return re.search(r"^Package: ", head, re.MULTILINE) is not None and "\nStatus: " in head


def looks_like_apk(text: str) -> bool:
    """True for stanzas that start with C: or P:, as `/lib/apk/db/installed` has them."""
    head = text[:20_000]
    return (
        re.match(r"(?:[A-Za-z]:[^\n]*\n){2,}", head) is not None and re.search(r"^P:", head, re.MULTILINE) is not None
    )


def looks_like_rpm(text: str) -> bool:
    """True when every line is a name, a version and a release, with an architecture behind at least one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:50]
    return bool(lines) and all(_rpm(line) for line in lines) and any(_RPM_ARCH.search(line) for line in lines)


def dpkg(data: bytes, *, release: str = "", limits: Limits = listing.LIMITS) -> Contents:
    """Installed packages of a dpkg status file, by source package; removed ones are left out."""
    stanzas = list(_stanzas(listing.text_of(data, limits)))
    problems: list[Problem] = []
    installed: list[tuple[int, Mapping[str, str]]] = []
    gone = 0
    for line, fields in stanzas:
        if "package" not in fields:
            problems.append(Problem(f"/line/{line}", "missing_field", "a stanza of dpkg status starts with Package:"))
        elif fields.get("status", "install ok installed").split()[-1] not in {
            "installed",
            "unpacked",
            "half-configured",
        }:
            gone += 1
        elif "version" not in fields:
            problems.append(Problem(f"/line/{line}", "missing_field", "an installed package has a Version:"))
        else:
            installed.append((line, fields))
    listing.settle(problems)
    ecosystem, note = _debian(release, {fields["package"]: fields["version"] for _, fields in installed})
    components = [_dpkg_component(ecosystem, line, fields) for line, fields in installed]
    return _contents(components, "dpkg status", ecosystem, [note] if note else [], gone)


def _dpkg_component(ecosystem: str, line: int, fields: Mapping[str, str]) -> Component:
    stated = _SOURCE.match(fields.get("source", ""))
    source, source_version = (stated[1], stated[2] or "") if stated else (fields["package"], "")
    name, version, arch = fields["package"], fields["version"], fields.get("architecture", "")
    return listing.component(
        ecosystem=ecosystem,
        name=name,
        version=version,
        source=source,
        source_version=source_version,
        kind="library",
        place=f"/line/{line}",
        purl=_purl("deb", ecosystem, name, version, arch),
    )


def apk(data: bytes, *, release: str = "", limits: Limits = listing.LIMITS) -> Contents:
    """Installed packages of apk's database, by origin (Alpine's word for the source package)."""
    problems: list[Problem] = []
    components: list[Component] = []
    ecosystem = release or "Alpine"
    for line, fields in _stanzas(listing.text_of(data, limits), fold=False):
        name, version = fields.get("P", ""), fields.get("V", "")
        if not name or not version:
            problems.append(Problem(f"/line/{line}", "missing_field", "an installed package has P: and V:"))
            continue
        components.append(
            listing.component(
                ecosystem=ecosystem,
                name=name,
                version=version,
                source=fields.get("o", ""),
                kind="library",
                place=f"/line/{line}",
                purl=_purl("apk", ecosystem, name, version, fields.get("A", "")),
            )
        )
    listing.settle(problems)
    return _contents(components, "apk installed", ecosystem, [], 0)


def rpm(data: bytes, *, release: str = "", limits: Limits = listing.LIMITS) -> Contents:
    """`rpm -qa`, one name-[epoch:]version-release.arch a line, or with tabs: name, epoch:version-release, arch."""
    problems: list[Problem] = []
    packages: list[tuple[int, str, str, str]] = []
    keys = 0
    for number, line in enumerate(listing.text_of(data, limits).splitlines(), 1):
        if not line.strip():
            continue
        found = _rpm(line.strip())
        if found is None:
            problems.append(
                Problem(f"/line/{number}", "not_a_package", "a line of `rpm -qa` is name-version-release.architecture")
            )
            continue
        name, version, arch = found
        if name == _KEY_PACKAGE:
            keys += 1
            continue
        packages.append((number, name, version, arch))
    listing.settle(problems)
    notes = [f"{keys} signing keys in the list are no packages"] if keys else []
    gap = ""
    if not release:
        release, by = distribution.of_packages({name: version for _, name, version, _ in packages})
        gap = "" if release else "the list does not say which RPM distribution and release it is from"
        notes.append(f"{gap}: {distribution.REMEDY}" if gap else f"the release, {release}, was read from {by}")
    ecosystem = release or "rpm"
    components = [
        listing.component(
            ecosystem=ecosystem,
            name=name,
            version=version,
            kind="library",
            place=f"/line/{number}",
            purl=_purl("rpm", ecosystem, name, version, arch),
            gap=gap,
        )
        for number, name, version, arch in packages
    ]
    return _contents(components, "rpm -qa", release, notes, 0)


def _rpm(line: str) -> tuple[str, str, str] | None:
    parts = line.split("\t")
    if len(parts) in {3, 4}:
        name, version, arch = parts[0].strip(), parts[1].strip().removeprefix("(none):"), parts[2].strip()
        return (name, version, arch) if name and version else None
    found = _RPM_ARCH.search(line)
    arch = found[0][1:] if found else ""
    stated = _RPM.match(line[: found.start()] if found else line)
    return (stated["name"], stated["evr"].removeprefix("0:"), arch) if stated else None


def _debian(release: str, versions: Mapping[str, str]) -> tuple[str, str]:
    if release:
        return release, ""
    base = versions.get("base-files", "")
    found = _DEBIAN_BASE.match(base)
    if found:
        return f"Debian:{found[1]}", f"the release, Debian {found[1]}, was read from base-files {base}"
    return (
        "Debian",
        "the list does not say which Debian or Ubuntu release it is from: give --release, e.g. Ubuntu:22.04",
    )


def _stanzas(text: str, *, fold: bool = True) -> Iterator[tuple[int, dict[str, str]]]:
    """Paragraphs of `Key: value` lines with the line they start at. Continued lines are dropped."""
    fields: dict[str, str] = {}
    start = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            if fields:
                yield start, fields
            fields, start = {}, number + 1
            continue
        if line[0] in " \t":
            continue
        key, colon, value = line.partition(":")
        if colon and len(key) <= 64:
            fields.setdefault(key.lower() if fold else key, value.strip())
    if fields:
        yield start, fields


def _purl(kind: str, ecosystem: str, name: str, version: str, arch: str) -> str:
    from packageurl import PackageURL

    family, _, number = ecosystem.partition(":")
    namespace = {"rpm": "", "Red Hat": "redhat"}.get(family, family.lower().replace(" ", "-"))
    qualifiers = {"arch": arch, "distro": f"{namespace}-{number.removeprefix('v')}" if number and namespace else ""}
    kept = {key: value for key, value in qualifiers.items() if value}
    try:
        return PackageURL(kind, namespace or None, name, version, kept or None).to_string()
    except ValueError:
        return ""


def _contents(components: list[Component], format_: str, subject: str, notes: list[str], gone: int) -> Contents:
    listing.refuse_too_many(components)
    if not components:
        raise listing.no_packages("the list", "no installed package was found in it")
    if gone:
        notes = [*notes, f"{gone} packages are removed and only their configuration is left: not listed"]
    return Contents(components=tuple(components), subject=subject, format=format_, notes=tuple(notes))
