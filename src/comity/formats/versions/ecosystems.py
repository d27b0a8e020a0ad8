"""Which order and which name rule belong to which ecosystem, and what those that have none get told.

An ecosystem is named as OSV names it ("PyPI", "Debian:12", "Alpine:v3.20"), or by its purl type or VERS scheme ("pypi",
"deb"); case does not count, what follows the first colon is the release.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from comity.formats.versions import (
    alpine,
    conan,
    debian,
    dotted,
    maven,
    openssl,
    packagist,
    pep440,
    plain,
    rpm,
    rubygems,
    semver,
)


class Names(StrEnum):
    """How two spellings of one package name are told to be one (the purl type definitions)."""

    EXACT = "exact"
    LOWER = "lower case"
    PYPI = "lower case, runs of - _ . are one -"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One version order. `distribution`: advisories are for source packages of one release of a distribution."""

    vers: str
    """The VERS scheme's name, which is the purl type where there is one."""
    key: Callable[[str], bytes | None]
    """The order-preserving key of a version, or None when the text is no version of this scheme."""
    names: Names = Names.EXACT
    distribution: bool = False


PYPI: Final = Scheme(vers="pypi", key=pep440.key, names=Names.PYPI)
NPM: Final = Scheme(vers="npm", key=semver.key, names=Names.LOWER)
CARGO: Final = Scheme(vers="cargo", key=semver.key)
GO: Final = Scheme(vers="golang", key=semver.go_key)
HEX: Final = Scheme(vers="hex", key=semver.key, names=Names.LOWER)
SEMVER: Final = Scheme(vers="semver", key=semver.key)
PUB: Final = Scheme(vers="pub", key=semver.pub_key, names=Names.LOWER)
NUGET: Final = Scheme(vers="nuget", key=semver.nuget_key, names=Names.LOWER)
MAVEN: Final = Scheme(vers="maven", key=maven.key)
GEM: Final = Scheme(vers="gem", key=rubygems.key)
COMPOSER: Final = Scheme(vers="composer", key=packagist.key, names=Names.LOWER)
HACKAGE: Final = Scheme(vers="hackage", key=dotted.hackage_key)
CRAN: Final = Scheme(vers="cran", key=dotted.cran_key)
CONAN: Final = Scheme(vers="conan", key=conan.key, names=Names.LOWER)
OPENSSL: Final = Scheme(vers="openssl", key=openssl.key)
NGINX: Final = Scheme(vers="nginx", key=semver.key)
LEXICOGRAPHIC: Final = Scheme(vers="lexicographic", key=plain.lexicographic_key)
DATETIME: Final = Scheme(vers="datetime", key=plain.datetime_key)
DEB: Final = Scheme(vers="deb", key=debian.key, names=Names.LOWER, distribution=True)
RPM: Final = Scheme(vers="rpm", key=rpm.key, distribution=True)
APK: Final = Scheme(vers="apk", key=alpine.key, names=Names.LOWER, distribution=True)

SCHEMES: Final = {
    "pypi": PYPI,
    "npm": NPM,
    "crates.io": CARGO, "cargo": CARGO,
    "go": GO, "golang": GO,
    "hex": HEX,
    "semver": SEMVER, "bitnami": SEMVER, "swifturl": SEMVER, "swift": SEMVER, "julia": SEMVER, "vscode": SEMVER,
    "github actions": SEMVER, "githubactions": SEMVER, "kubernetes": SEMVER,
    "pub": PUB,
    "nuget": NUGET,
    "maven": MAVEN,
    "rubygems": GEM, "gem": GEM,
    "packagist": COMPOSER, "composer": COMPOSER,
    "hackage": HACKAGE, "ghc": HACKAGE,
    "cran": CRAN, "bioconductor": CRAN,
    "conancenter": CONAN, "conan": CONAN,
    "openssl": OPENSSL,
    "nginx": NGINX,
    "lexicographic": LEXICOGRAPHIC,
    "datetime": DATETIME,
    "debian": DEB, "ubuntu": DEB, "deb": DEB, "echo": DEB,
    "red hat": RPM, "almalinux": RPM, "rocky linux": RPM, "suse": RPM, "opensuse": RPM, "openeuler": RPM,
    "mageia": RPM, "photon os": RPM, "azure linux": RPM, "amazon linux": RPM, "oracle linux": RPM, "fedora": RPM,
    "centos": RPM, "rpm": RPM,
    "alpine": APK, "wolfi": APK, "chainguard": APK, "minimos": APK, "alpaquita": APK,
    "bellsoft hardened containers": APK, "apk": APK,
}  # fmt: skip

ROLLING: Final = frozenset({"wolfi", "chainguard", "minimos", "echo"})
"""Distributions without releases: their ecosystem is complete without one."""

BY_PRODUCT: Final = {
    "suse": "SUSE publishes by product and module (Linux Enterprise Server 15 SP5), which a number does not name",
    "openeuler": "openEuler publishes by release with its service pack (24.03-LTS-SP1), which a number does not name",
}
"""Families whose releases OSV names in words, and why a bare number is none of them: by it nothing would ever be found,
and everything would look clean."""
_NUMBER: Final = re.compile(r"[0-9.]+")

UNORDERED: Final = {
    "android": "security patch levels, not versions of one order",
    "linux": "kernel branches receive fixes side by side: a commit graph is needed",
    "git": "commits: a commit graph is needed",
    "oss-fuzz": "tags of many projects: no common order; the explicit list decides",
    "opam": "no comparison fixtures were at hand to check an order against",
    "freebsd": "no comparison fixtures were at hand to check an order against",
    "alpm": "no comparison fixtures were at hand to check an order against",
    "gentoo": "no comparison fixtures were at hand to check an order against",
    "conda": "no comparison fixtures were at hand to check an order against",
    "cpan": "two orders live side by side (decimal and dotted), told apart by quoting only",
    "root": "hierarchical variants of other ecosystems",
    "tuxcare": "patched packages of several other ecosystems",
    "cleanstart": "no published order",
    "docker hardened images": "no published order",
}
"""Ecosystems without a key here, and why. Their explicit version lists still match; anything else is `unknown`."""


@lru_cache(maxsize=4096)
def scheme(ecosystem: str) -> Scheme | None:
    """The scheme of an ecosystem, or None when its versions have no order we can stand behind (see UNORDERED)."""
    return SCHEMES.get(ecosystem.partition(":")[0].strip().lower())


def why_unordered(ecosystem: str) -> str:
    """One sentence for a person, for an ecosystem whose `scheme` is None."""
    family = ecosystem.partition(":")[0].strip()
    return f"{family or 'this ecosystem'} has no version order here: {UNORDERED.get(family.lower(), 'not known to us')}"


def lacks_release(ecosystem: str) -> bool:
    """True for a distribution named without its release: its advisories differ by release, so nothing is decidable."""
    family, colon, release = ecosystem.partition(":")
    known = scheme(ecosystem)
    if known is None or not known.distribution or family.lower() in ROLLING:
        return False
    return not (colon and release) or (family.lower() in BY_PRODUCT and _NUMBER.fullmatch(release) is not None)


def without_release(ecosystem: str) -> str:
    """One sentence for a person, where `lacks_release`."""
    family, colon, release = ecosystem.partition(":")
    if colon and release and family.lower() in BY_PRODUCT:
        return BY_PRODUCT[family.lower()]
    return f"advisories of {ecosystem} differ by release, and the inventory does not say which release"
