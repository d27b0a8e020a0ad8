"""Decide which package a statement or a component is about: one spelling of ecosystem and name for both sides.

Names fold as the purl type definitions say; ecosystems fold from OSV's names and from purls to one lower-case word,
with the release behind a colon for distributions.
"""

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from comity.formats import purl as purls
from comity.formats.versions.ecosystems import Names, scheme
from comity.model.product import Affected


class Package(NamedTuple):
    """What the two sides of a match are joined by; `ecosystem` "" means that nobody said."""

    ecosystem: str
    name: str


NOBODY_SAID: Final = Package("", "")
_ALIASES: Final = {
    "crates.io": "cargo",
    "go": "golang",
    "rubygems": "gem",
    "packagist": "composer",
    "conancenter": "conan",
    "swifturl": "swift",
    "github actions": "githubactions",
}
_CODENAMES: Final = {
    "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11", "bookworm": "12", "trixie": "13",
    "trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "jammy": "22.04", "noble": "24.04",
}  # fmt: skip
_PUBLISHED: Final = (
    "AlmaLinux", "Alpaquita", "Alpine", "Android", "Azure Linux", "BellSoft Hardened Containers", "Bioconductor",
    "Bitnami", "Chainguard", "CleanStart", "ConanCenter", "CRAN", "crates.io", "Debian", "Docker Hardened Images",
    "Echo", "FreeBSD", "GHC", "GitHub Actions", "Go", "Hackage", "Hex", "Julia", "Kubernetes", "Linux", "Mageia",
    "Maven", "MinimOS", "npm", "NuGet", "opam", "openEuler", "openSUSE", "OSS-Fuzz", "Packagist", "Photon OS",
    "Pub", "PyPI", "Red Hat", "Rocky Linux", "Root", "RubyGems", "SUSE", "SwiftURL", "TuxCare", "Ubuntu", "VSCode",
    "Wolfi",
)  # fmt: skip
"""OSV schema 1.7, `ecosystemName`: what records are published under."""
_RUNS: Final = re.compile(r"[-_.]+")
_ALPINE_RELEASE: Final = re.compile(r"v?([0-9]+\.[0-9]+)(?:\.[0-9]+)*")
_NUMBERED: Final = re.compile(r"([0-9]+)(?:\.[0-9]+)*")
_BY_MAJOR: Final = frozenset({"almalinux", "azure linux", "centos", "debian", "oracle linux", "rocky linux"})
"""Distributions whose advisories OSV files by the major release: 9.3 is `Rocky Linux:9`."""
_ENTERPRISE: Final = re.compile(r"(?:enterprise_linux:)?([0-9]+)(?:\.[0-9]+)*(?:::[a-z_]*)?")
"""Red Hat files by CPE, once per repository (`enterprise_linux:9::baseos`). A package list names no repository, and the
main release has one build of a package in all of them. Streams with extended support have names of their own."""
_DISTRO: Final = re.compile(r"(?:[a-z_-]+-)?(v?[0-9][0-9a-z._]*|[a-z]+)")


@lru_cache(maxsize=4096)
def canonical_ecosystem(ecosystem: str) -> str:
    """`PyPI` and `pypi` are one, so are `Alpine:v3.20` and `alpine:3.20`, and a release in os-release's words and OSV's
    (`Rocky Linux:9.3` and `:9`). Ubuntu's `:LTS` is dropped."""
    family, _, release = ecosystem.strip().lower().partition(":")
    family, release = family.strip(), release.strip().removesuffix(":lts")
    if family == "alpine" and (short := _ALPINE_RELEASE.fullmatch(release)):
        release = "v" + short[1]
    elif family in _BY_MAJOR and (major := _NUMBERED.fullmatch(release)):
        release = major[1]
    elif family == "red hat" and (main := _ENTERPRISE.fullmatch(release)):
        release = f"enterprise_linux:{main[1]}"
    elif family == "opensuse" and (leap := _NUMBERED.fullmatch(release)):
        release = "tumbleweed" if len(leap[1]) == 8 else f"leap {release}"
    family = _ALIASES.get(family, family)
    return f"{family}:{release}" if release else family


@cache
def _spellings() -> dict[str, str]:
    return {canonical_ecosystem(name): name for name in _PUBLISHED}


def published_as(ecosystem: str) -> str:
    """What OSV calls the ecosystem whose advisories reach this one ("debian:12" is of `Debian`); "" where it publishes
    none (Fedora, CentOS): no bundle to fetch would change the answer."""
    return _spellings().get(canonical_ecosystem(ecosystem).partition(":")[0], "")


@lru_cache(maxsize=65536)
def canonical_name(ecosystem: str, name: str) -> str:
    """The one spelling of a package's name in its ecosystem."""
    known = scheme(ecosystem)
    if known is None or known.names is Names.EXACT:
        return name
    return _RUNS.sub("-", name.lower()) if known.names is Names.PYPI else name.lower()


def package(ecosystem: str, name: str) -> Package:
    """A package from an ecosystem and a name as OSV writes them."""
    folded = canonical_ecosystem(ecosystem)
    return Package(folded, canonical_name(folded, name))


def package_of(affected: Affected) -> Package:
    """The package a statement is about: ecosystem and name as stated, else read from the purl."""
    if affected.ecosystem and affected.name:
        return package(affected.ecosystem, affected.name)
    return from_purl(affected.purl) if affected.purl else package(affected.ecosystem, affected.name)


@lru_cache(maxsize=65536)
def from_purl(text: str) -> Package:
    """The package of a purl, its version and subpath aside; NOBODY_SAID for what is no purl.

    For deb, rpm and apk the namespace is the distribution and the `distro` qualifier its release, by number or by the
    code names of Debian and Ubuntu; without one the release stays unknown.
    """
    try:
        stated = purls.read(text)
    except ValueError:
        return NOBODY_SAID
    ecosystem = stated.ecosystem or stated.type
    release = release_of(stated.canonical)
    return package(f"{ecosystem}:{release}" if release else ecosystem, stated.name)


def release_of(canonical: str) -> str:
    """The release that a purl's `distro` qualifier names, by number; "" without one."""
    query = canonical.partition("?")[2].partition("#")[0]
    distro = _DISTRO.fullmatch(dict(parse_qsl(query)).get("distro", "").lower())
    return _CODENAMES.get(distro[1], distro[1]) if distro else ""
