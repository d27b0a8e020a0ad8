"""Propose who can reach an asset, from facts that somebody observed: rules, no guess, and never more than a proposal.

Each fact has a source, a time and an end. The strongest open door wins: one fresh sighting from outside is enough for
"public", while "internal" needs a fact that closes the way in and none that opens it. A fact that has ended says
nothing, and a proposal ends with the first fact that it rests on. A person confirms it, or nobody does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from comity.errors import Invalid
from comity.formats import parse
from comity.formats.node import Node, Sheet
from comity.model.asset import Confidence, ExposureTag, Reach

LONGEST: Final = timedelta(days=90)
"""Policy parameter: a fact without an end of its own counts this long."""
_MOST: Final = 200
KINDS: Final = (
    "scan-from-outside",
    "public-address",
    "listener",
    "dns-name",
    "firewall-open",
    "firewall-closed",
    "no-route",
)
"""What may be observed. The first opens by itself; address, listener, name and open firewall open together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One observation. `value` is an address, a port or a name; "" where the kind says all."""

    kind: str
    value: str
    source: str
    at: datetime
    expires_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it says anything at `now`."""
        return self.at <= now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the facts propose, with why and how sure. UNKNOWN when they do not say."""

    value: Reach
    because: str
    likely: Confidence
    facts: tuple[Fact, ...]
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        """True when nothing is proposed."""
        return self.value is Reach.UNKNOWN

    @property
    def tag(self) -> ExposureTag:
        """The proposal as a tag: it counts as unknown until a person confirms it."""
        return ExposureTag(
            value=self.value, confidence=Confidence.PROPOSED, source=self.because, expires_at=self.expires_at
        )


def read_facts(data: bytes) -> tuple[Fact, ...]:
    """Facts from JSON: `[{"kind", "value", "source", "at", "expires_at"}]`. Invalid lists every violation."""
    sheet = Sheet()
    root = Node.root({"facts": parse.decode(data, parse.Limits(document_bytes=256 * 1024, depth=6))}, sheet)
    found = []
    for node in root.children("facts", most=_MOST):
        kind = node.choice("kind", {kind: kind for kind in KINDS}, absent="")
        if not kind and not node.has("kind"):
            node.problem("kind", "missing_field", f"one of: {', '.join(KINDS)}")
        at = node.when("at", required=True)
        ends = node.when("expires_at")
        value, source = node.text("value", line=True), node.text("source", required=True, line=True)
        if kind == "public-address" and value and not _is_public(value):
            node.problem("value", "not_public", "this address is not reachable over public networks, or is none")
        if kind and at is not None:
            latest = at + LONGEST
            found.append(
                Fact(kind=kind, value=value, source=source, at=at, expires_at=min(ends, latest) if ends else latest)
            )
    sheet.settle("the facts cannot be read")
    if not found:
        raise Invalid("there is no fact to propose anything from")
    return tuple(found)


def propose(facts: Sequence[Fact], *, at: datetime) -> Proposal:
    """What the facts that hold at `at` propose."""
    held = [fact for fact in facts if fact.holds(at)]
    kinds = {fact.kind for fact in held}
    seen = [fact for fact in held if fact.kind == "scan-from-outside"]
    if seen:
        return _proposal(Reach.PUBLIC, "seen from outside", Confidence.CONFIRMED, seen)
    opening = [fact for fact in held if fact.kind in {"public-address", "listener", "dns-name", "firewall-open"}]
    closing = [fact for fact in held if fact.kind in {"firewall-closed", "no-route"}]
    if {"public-address", "listener"} <= kinds and "firewall-closed" not in kinds:
        return _proposal(Reach.PUBLIC, "it has a public address and listens", Confidence.LIKELY, opening)
    if {"listener", "firewall-open"} <= kinds:
        return _proposal(Reach.PUBLIC, "it listens and the firewall lets the port through", Confidence.LIKELY, opening)
    if "no-route" in kinds and "public-address" not in kinds and "firewall-open" not in kinds:
        return _proposal(Reach.INTERNAL, "no public network has a route to it", Confidence.LIKELY, closing)
    if "firewall-closed" in kinds and "firewall-open" not in kinds:
        return _proposal(Reach.INTERNAL, "the firewall lets nothing in", Confidence.LIKELY, closing)
    return Proposal(
        value=Reach.UNKNOWN,
        because="the facts that hold now do not say who can reach it",
        likely=Confidence.UNKNOWN,
        facts=tuple(held),
        expires_at=None,
    )


def _proposal(value: Reach, because: str, likely: Confidence, facts: Sequence[Fact]) -> Proposal:
    sources = ", ".join(dict.fromkeys(fact.source for fact in facts))
    return Proposal(
        value=value,
        because=f"{because} ({sources})",
        likely=likely,
        facts=tuple(facts),
        expires_at=min(fact.expires_at for fact in facts),
    )


def _is_public(text: str) -> bool:
    try:
        return ip_address(text).is_global
    except ValueError:
        return False
