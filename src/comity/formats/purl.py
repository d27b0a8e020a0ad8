"""Package URLs: one canonical form, the version apart, and the OSV ecosystem and name that a purl stands for.

Source: the purl specification by way of packageurl-python; OSV's ecosystem list for the names.
"""

from dataclasses import dataclass, replace
from typing import Final

from packageurl import PackageURL

from comity.model.product import Affected

LONGEST: Final = 512
"""Bytes (TAP contract)."""

ECOSYSTEMS: Final = {
    "bitnami": "Bitnami",
    "cargo": "crates.io",
    "composer": "Packagist",
    "conan": "ConanCenter",
    "cran": "CRAN",
    "gem": "RubyGems",
    "golang": "Go",
    "hackage": "Hackage",
    "hex": "Hex",
    "julia": "Julia",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "opam": "opam",
    "pub": "Pub",
    "pypi": "PyPI",
    "swift": "SwiftURL",
    "vscode-extension": "VSCode",
}
"""purl type -> OSV ecosystem, where the type alone decides."""

DISTRIBUTIONS: Final = {
    ("apk", "alpine"): "Alpine",
    ("apk", "chainguard"): "Chainguard",
    ("apk", "wolfi"): "Wolfi",
    ("deb", "debian"): "Debian",
    ("deb", "ubuntu"): "Ubuntu",
    ("rpm", "almalinux"): "AlmaLinux",
    ("rpm", "amazon"): "Amazon Linux",
    ("rpm", "amzn"): "Amazon Linux",
    ("rpm", "azurelinux"): "Azure Linux",
    ("rpm", "mariner"): "Azure Linux",
    ("rpm", "centos"): "CentOS",
    ("rpm", "fedora"): "Fedora",
    ("rpm", "mageia"): "Mageia",
    ("rpm", "openeuler"): "openEuler",
    ("rpm", "opensuse"): "openSUSE",
    ("rpm", "opensuse-leap"): "openSUSE",
    ("rpm", "opensuse-tumbleweed"): "openSUSE",
    ("rpm", "oracle"): "Oracle Linux",
    ("rpm", "ol"): "Oracle Linux",
    ("rpm", "photon"): "Photon OS",
    ("rpm", "redhat"): "Red Hat",
    ("rpm", "rhel"): "Red Hat",
    ("rpm", "red hat"): "Red Hat",
    ("rpm", "rocky-linux"): "Rocky Linux",
    ("rpm", "rocky"): "Rocky Linux",
    ("rpm", "suse"): "SUSE",
    ("rpm", "sles"): "SUSE",
    ("rpm", "sles_sap"): "SUSE",
}
"""(purl type, namespace or ID of os-release) -> ecosystem, named as OSV does or would. The first namespace of each is
the one that is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purl:
    """A purl taken apart: `canonical` has no version; `ecosystem` is "" where OSV has no word for the type."""

    canonical: str
    version: str
    type: str
    ecosystem: str
    name: str
    """The name as OSV writes it in that ecosystem (`group:artifact` for Maven, `scope/name` for npm)."""


def read(text: str) -> Purl:
    """ValueError, in words that do not repeat the text, when it is not a package URL."""
    if len(text.encode("utf-8", "replace")) > LONGEST:
        raise ValueError(f"must be at most {LONGEST} bytes")
    try:
        parsed = PackageURL.from_string(f"pkg:{text[4:]}" if text[:4].lower() == "pkg:" else text)
        canonical = parsed._replace(version=None).to_string()
    except ValueError as error:
        raise ValueError("must be a package URL, such as pkg:pypi/name@1.0") from error
    namespace = parsed.namespace or ""
    ecosystem = ECOSYSTEMS.get(parsed.type) or DISTRIBUTIONS.get((parsed.type, namespace.lower()), "")
    return Purl(
        canonical=canonical,
        version=parsed.version or "",
        type=parsed.type,
        ecosystem=ecosystem,
        name=_name(parsed.type, namespace, parsed.name),
    )


def canonical(text: str) -> str:
    """The canonical form without a version; ValueError when it is not a package URL."""
    return read(text).canonical


def complete(affected: Affected) -> Affected:
    """The normal form: a purl that says its ecosystem and name fills them in where the document gave neither."""
    if not affected.purl or affected.ecosystem or affected.name:
        return affected
    stated = read(affected.purl)
    return replace(affected, ecosystem=stated.ecosystem, name=stated.name)


def _name(kind: str, namespace: str, name: str) -> str:
    if not namespace or kind in {"apk", "deb", "rpm"}:
        return name
    return f"{namespace}:{name}" if kind == "maven" else f"{namespace}/{name}"
