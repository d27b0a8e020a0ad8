"""Which mirrors a host keeps: the names its operator chose, each with the address that upstream publishes at.

    COMITY_MIRRORS="kev, cve, epss, osv:PyPI, csaf:example.org"
    COMITY_MIRRORS="kev=https://mirror.example.org/kev.json, osv:npm"

Nothing is fetched that is not named here. The default addresses are those that the publishers give: CISA's catalogue
page (KEV), the archive of CISA's repository of Vulnrichment (CVE records, each with the container that CISA adds),
FIRST's data page (EPSS), and the export bucket that OSV's documentation names.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from comity.errors import Invalid, Missing, Problem
from comity.formats.upstream_form import Form
from comity.model import signals

MIB: Final = 1024 * 1024


class What(StrEnum):
    """The kinds of mirror, as the setting names them."""

    KEV = "kev"
    CVE = "cve"
    EPSS = "epss"
    OSV = "osv"
    CSAF = "csaf"


ADDRESSES: Final = {
    What.KEV: "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
    What.CVE: "https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.zip",
    What.EPSS: "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
}
OSV_BUCKET: Final = "https://osv-vulnerabilities.storage.googleapis.com"
FORMS: Final = {
    What.KEV: Form.KEV,
    What.CVE: Form.CVE,
    What.EPSS: Form.EPSS,
    What.OSV: Form.OSV,
    What.CSAF: Form.CSAF,
}
SOURCES: Final = {What.KEV: signals.KEV_SOURCE, What.CVE: signals.SSVC_SOURCE, What.EPSS: signals.EPSS_SOURCE}
CSAF: Final = "CSAF "
"""Prefix of the sources of CSAF providers. They speak for their own products, never for a whole ecosystem."""
LIMITS: Final = {
    What.KEV: 64 * MIB,
    What.CVE: 2048 * MIB,
    What.EPSS: 64 * MIB,
    What.OSV: 1024 * MIB,
    What.CSAF: 16 * MIB,
}
"""Largest file; for CSAF the largest document."""
ECOSYSTEMS_LIMIT: Final = 40
NAME_LIMIT: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One mirror that the operator wants. `of` is the ecosystem or the provider, "" for the others."""

    what: What
    of: str = ""
    address: str
    """Where it is fetched; for CSAF a host, or the address of a provider's metadata."""

    @property
    def name(self) -> str:
        """As the setting names it: `kev`, `osv:PyPI`."""
        return f"{self.what}:{self.of}" if self.of else self.what.value

    @property
    def source(self) -> str:
        """What the store calls the mirror."""
        if self.what is What.OSV:
            return f"OSV {self.of}"
        if self.what is What.CSAF:
            return csaf_source(self.of)
        return SOURCES[self.what]

    @property
    def form(self) -> Form:
        """What must come."""
        return FORMS[self.what]

    @property
    def limit_bytes(self) -> int:
        """How much may come."""
        return LIMITS[self.what]


def csaf_source(provider: str) -> str:
    """What the store calls a provider, named by a host or by the address of its metadata: cut to what it holds."""
    return (CSAF + (provider.partition("://")[2].partition("/")[0] or provider))[:64]


def read(text: str) -> tuple[Wanted, ...]:
    """The mirrors that a setting names, in its order. Invalid with a problem for each name that is none."""
    found: dict[str, Wanted] = {}
    problems: list[Problem] = []
    for place, part in enumerate(one.strip() for one in text.split(",")):
        if not part:
            continue
        try:
            one = _one(part)
        except ValueError as error:
            problems.append(Problem(f"/COMITY_MIRRORS/{place}", "bad_setting", str(error)))
            continue
        if one.source in {held.source for held in found.values()}:
            problems.append(Problem(f"/COMITY_MIRRORS/{place}", "named_twice", f"{one.source} is named twice"))
        found[one.name] = one
    if problems:
        raise Invalid("the setting COMITY_MIRRORS names what is no mirror", problems)
    return tuple(found.values())


def named(wanted: tuple[Wanted, ...], name: str) -> Wanted:
    """The mirror of this name. Missing when the setting does not name it."""
    for one in wanted:
        if one.name.lower() == name.strip().lower():
            return one
    held = ", ".join(one.name for one in wanted) or "none"
    raise Missing(f"this host keeps no mirror of that name (it keeps {held}): name it in COMITY_MIRRORS")


def _one(part: str) -> Wanted:
    name, _, address = part.partition("=")
    if len(part) > NAME_LIMIT:
        raise ValueError(f"over {NAME_LIMIT} characters")
    kind, _, of = name.strip().partition(":")
    try:
        what = What(kind.strip().lower())
    except ValueError as error:
        raise ValueError(f"{kind.strip()[:40]!r} is none of {', '.join(What)}") from error
    of, address = of.strip(), address.strip()
    if what in SOURCES:
        if of:
            raise ValueError(f"write {what} alone, or {what}=ADDRESS")
        return Wanted(what=what, address=address or ADDRESSES[what])
    if not of:
        example = "osv:PyPI" if what is What.OSV else "csaf:example.org"
        raise ValueError(f"say which, such as {example}")
    if what is What.OSV:
        if len(of) > ECOSYSTEMS_LIMIT or not of.isprintable() or "/" in of or ":" in of:
            raise ValueError("an ecosystem is one of OSV's names without a release, such as PyPI or Debian")
        return Wanted(what=what, of=of, address=address or f"{OSV_BUCKET}/{quote(of)}/all.zip")
    if "://" not in of and ("/" in of or "." not in of) and not address:
        raise ValueError("name a host such as example.org, or the address of a provider-metadata.json")
    return Wanted(what=what, of=of, address=address or of)
