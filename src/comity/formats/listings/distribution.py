"""Decide which distribution and release a package list is from, named as OSV names ecosystems ("Rocky Linux:9").

Said by whoever sends the list; else by os-release in front of the list (`cat /etc/os-release; rpm -qa`); else by the
package that carries that file. Fields of os-release: os-release(5). Names: OSV schema, "Defined ecosystems".
"""

import re
from collections.abc import Mapping
from typing import Final

from comity.formats.listings import listing
from comity.formats.purl import DISTRIBUTIONS
from comity.formats.versions.ecosystems import scheme

_LINE: Final = re.compile(r"(?P<key>[A-Z][A-Z0-9_]*)=(?P<value>.*)\Z")
_HEAD: Final = 100
"""Lines of os-release; real ones have under 30."""
_STATED: Final = re.compile(
    r"(?P<family>[A-Za-z][A-Za-z_ -]{1,40})(?::(?P<release>[0-9A-Za-z][0-9A-Za-z._: -]{0,63}))?\Z"
)
_FAMILIES: Final = {word: name for (_, word), name in DISTRIBUTIONS.items()}
_RELEASE_PACKAGES: Final = {
    "almalinux-release": "AlmaLinux", "azurelinux-release": "Azure Linux", "centos-stream-release": "CentOS",
    "fedora-release-common": "Fedora", "mageia-release-common": "Mageia", "openEuler-release": "openEuler",
    "openSUSE-release": "openSUSE", "oraclelinux-release": "Oracle Linux", "photon-release": "Photon OS",
    "redhat-release": "Red Hat", "rocky-release": "Rocky Linux", "sles-release": "SUSE",
}  # fmt: skip
"""The package that owns os-release -> OSV ecosystem; its version is the release."""
REMEDY: Final = "give --release, e.g. Rocky Linux:9, or put os-release before it: (cat /etc/os-release; rpm -qa)"


def stated(text: str) -> str:
    """What somebody said, in OSV's words; an ID of os-release is taken too ("rocky:9.3"). Invalid when it names no
    distribution known here: under such a name nothing would ever be matched."""
    found = _STATED.match(text.strip())
    family = family_of(found["family"]) if found else ""
    if found is None or not family:
        reason = "a release is written like Debian:12, Ubuntu:22.04 or Rocky Linux:9, by a distribution known here"
        raise listing.one_problem("bad_release", reason)
    return f"{family}:{found['release']}" if found["release"] else family


def family_of(word: str) -> str:
    """OSV's ecosystem for its own name or an ID of os-release; "" when it is no distribution."""
    folded = word.strip().lower()
    family = _FAMILIES.get(folded, "")
    if family:
        return family
    known = scheme(folded)
    return word.strip() if known is not None and known.distribution else ""


def of_os_release(text: str) -> str:
    """`Debian:12` out of os-release; "" when it names no distribution known here."""
    fields = _fields(text.splitlines())
    family, version = family_of(fields.get("ID", "")), fields.get("VERSION_ID", "")
    if family == "openEuler" and (service := re.search(r"\((LTS(?:-SP\d+)?)\)", fields.get("VERSION", ""))):
        version = f"{version}-{service[1]}"
    return f"{family}:{version}" if family and version else family


def of_packages(versions: Mapping[str, str]) -> tuple[str, str]:
    """The release that an RPM list's own release package tells, and which package that was; ("", "") without one."""
    for name, family in _RELEASE_PACKAGES.items():
        if name in versions:
            return f"{family}:{versions[name].rpartition(':')[2].partition('-')[0]}", name
    return "", ""


def split(text: str) -> tuple[str, str]:
    """os-release in front of a list, and the list. Its lines stay as empty ones, so that line numbers hold."""
    lines = text.splitlines()
    end = 0
    for line in lines[:_HEAD]:
        if line.strip() and not line.startswith("#") and _LINE.match(line) is None:
            break
        end += 1
    if "ID" not in _fields(lines[:end]):
        return "", text
    return "\n".join(lines[:end]), "\n" * end + "\n".join(lines[end:])


def _fields(lines: list[str]) -> dict[str, str]:
    found = (_LINE.match(line.strip()) for line in lines)
    return {one["key"]: one["value"].strip().strip("\"'") for one in found if one is not None}
