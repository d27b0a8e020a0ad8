"""Read detection rules that an operator brings, and turn each into a query; say which CVEs they cover, and which not.

Rules are Sigma (YAML), read by pySigma from the extra `comity[defend]`. They are somebody else's work under their own
licence (SigmaHQ: DRL 1.1): author, id and licence stay beside each query. Queries are plain text in pySigma's generic
form, to be carried over into the operator's own search. Where no rule names the CVE, generic queries by product class
are offered, and each says that it is generic.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.errors import Invalid, Problem, Unavailable
from comity.formats import parse, plain_yaml

LIMITS: Final = parse.Limits(document_bytes=256 * 1024, depth=12)
RULES: Final = 5000
_CVE = re.compile(r"cve[.\-_](\d{4})[.\-_](\d{4,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query. `generic`: it looks for the class of attack and names no vulnerability."""

    title: str
    text: str
    logsource: str
    author: str
    licence: str
    rule: str
    """Id of the rule; "" for a generic one."""
    generic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many of the catalogue's entries a set of rules names."""

    rules: int
    cves: int
    of_kev: int
    kev: int

    @property
    def sentence(self) -> str:
        """What to show beside any query."""
        share = f", {100 * self.of_kev / self.kev:.1f} %" if self.kev else ""
        return f"{self.rules} rules name {self.cves} CVEs: {self.of_kev} of {self.kev} entries in KEV{share}"


GENERIC: Final[Mapping[str, tuple[str, str, str]]] = {
    "webserver": (
        "Requests that carry path traversal or shell words",
        "webserver",
        'cs-uri-query contains any of ("../", "%2e%2e", ";wget ", ";curl ", "${jndi:") and sc-status < 400',
    ),
    "edge device": (
        "New accounts or changed configuration outside a change window",
        "network device",
        "event in (account-created, configuration-changed) and not actor in (change-window-accounts)",
    ),
    "server": (
        "A service that starts a command interpreter",
        "process creation",
        "parent-image in (service-binaries) and image in (sh, bash, cmd.exe, powershell.exe, python)",
    ),
    "any": (
        "Outbound connections of the asset to addresses it never met before",
        "network connection",
        "source is (the asset) and destination not in (addresses of the 30 days before)",
    ),
}
"""Class of product -> title, log source, and a query in words. They are ours, and a start, not a detection."""


def cves_of(data: bytes) -> frozenset[str]:
    """The CVE ids that a rule names in its tags or title. Invalid for what is no rule."""
    value = plain_yaml.read(data, LIMITS).value
    if not isinstance(value, dict) or not isinstance(value.get("detection"), dict):
        raise Invalid("this is no Sigma rule", [Problem("/detection", "missing_field", "a rule has a detection part")])
    tags = value.get("tags")
    texts = [str(value.get("title", ""))]
    texts += [str(one) for one in tags] if isinstance(tags, list) else []
    return frozenset(f"CVE-{year}-{number}" for text in texts for year, number in _CVE.findall(text))


def query(data: bytes) -> Query:
    """One rule as a query. Unavailable without pySigma; Invalid for a rule it cannot read."""
    cves_of(data)  # our limits come first
    try:
        from sigma.backends.test.backend import TextQueryTestBackend
        from sigma.collection import SigmaCollection
        from sigma.exceptions import SigmaError
    except ModuleNotFoundError as error:
        raise Unavailable("queries from rules need pySigma: install comity[defend]") from error
    try:
        rules = SigmaCollection.from_yaml(data.decode("utf-8"))
        texts = TextQueryTestBackend().convert(rules)
    except (SigmaError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = Problem("", "unreadable_rule", f"pySigma cannot read it ({type(error).__name__})")
        raise Invalid("this rule cannot be turned into a query", [problem]) from error
    rule = rules.rules[0]
    source = getattr(rule, "logsource", None)  # a correlation of rules has none
    parts = [str(getattr(source, part)) for part in ("category", "product", "service") if getattr(source, part, None)]
    return Query(
        title=str(rule.title),
        text="\n".join(str(text) for text in texts),
        logsource=" ".join(parts),
        author=str(rule.author or "not named"),
        licence="the rule's own licence (SigmaHQ: Detection Rule License 1.1); attribute its author",
        rule=str(rule.id or ""),
        generic=False,
    )


def generic(product_class: str) -> tuple[Query, ...]:
    """Generic queries for a class of product, each marked as such."""
    names = [product_class, "any"] if product_class in GENERIC and product_class != "any" else ["any"]
    return tuple(
        Query(title=title, text=text, logsource=source, author="Comity", licence="Apache-2.0", rule="", generic=True)
        for title, source, text in (GENERIC[name] for name in names)
    )


def coverage(rules: Sequence[Collection[str]], kev: Iterable[str]) -> Coverage:
    """How far rules reach: `rules` are the CVE ids each one names, `kev` the ids in the catalogue."""
    named = {cve for one in rules for cve in one}
    listed = set(kev)
    return Coverage(
        rules=sum(1 for one in rules if len(one) > 0), cves=len(named), of_kev=len(named & listed), kev=len(listed)
    )
