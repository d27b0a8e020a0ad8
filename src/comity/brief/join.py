"""Say what a brief is joined to: published advisories, the order's clauses, and what mirrored sources state.

Values in, links out: the flow looks things up, and only in published rows and mirrors, so an embargoed case can be
reached from no brief. A link remembers what it said when it was made, so that a change shows.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from comity.model import signals
from comity.model.advisory import Advisory
from comity.model.article import Source
from comity.model.brief import Entity, Link
from comity.model.evidence import Signal
from comity.model.ids import digest

CLAUSES: Final[tuple[tuple[str, str, str], ...]] = (
    ("EO-2d", r"gold eagle|(?:ai |cybersecurity )+clearinghouse", "the AI cybersecurity clearinghouse"),
    ("EO-2c.i", r"bod[- ]26-04|binding operational directive 26-04", "directives that speed and order the defence"),
    ("EO-3b.i", r"voluntary framework", "the voluntary framework for covered frontier models"),
    ("EO-3a", r"covered frontier model", "benchmarking of covered frontier models"),
    ("EO-1", r"executive order 14409|eo 14409", "the order as a whole"),
)
"""Clause of Executive Order 14409, the words that point to it, and what it is about."""
_SAID: Final = (signals.KEV, signals.KEV_ADDED, signals.KEV_DUE, signals.EXPLOITATION)


def named(entities: Iterable[Entity]) -> tuple[str, ...]:
    """Weakness ids that a brief names, each once."""
    return tuple(dict.fromkeys(one.value for one in entities if one.kind in ("cve", "ghsa")))


def advisories(found: Sequence[tuple[str, Advisory, str]], address: str) -> tuple[Link, ...]:
    """One link for each published advisory (`found`: the name that joins, the advisory, its case or "")."""
    links = []
    for name, advisory, case in found:
        url = f"{address}/advisories/{advisory.id}"
        withdrawn = "withdrawn: " if advisory.withdrawn_at else ""
        state = f"{advisory.modified_at.isoformat()} {withdrawn}"
        links.append(
            Link(
                kind="advisory",
                target=advisory.id,
                because=name,
                says=f"{withdrawn}{advisory.title}",
                url=url,
                state=digest(state.encode()),
            )
        )
        if case:
            says = f"published as {advisory.id}"
            links.append(Link(kind="case", target=case, because=name, says=says, url=url, state=""))
    return tuple(links)


def clauses(source: Source) -> tuple[Link, ...]:
    """Clauses of the order that the source's words point to."""
    links = []
    for clause, pattern, about in CLAUSES:
        seen = re.search(pattern, source.text, re.IGNORECASE)
        if seen is not None:
            links.append(
                Link(kind="clause", target=clause, because=seen.group(), says=about, url=f"/order#{clause}", state="")
            )
    return tuple(links)


def mirrored(facts: Mapping[str, Sequence[Signal]]) -> tuple[Link, ...]:
    """What mirrors say of each weakness: the due date as a deadline, the rest as facts. A mirror's own date is none."""
    links = []
    for name, said in facts.items():
        held = {one.name: one for one in said if one.name in _SAID and one.value}
        for one in held.values():
            kind = "deadline" if one.name == signals.KEV_DUE else "mirror"
            dated = f", as of {one.as_of:%Y-%m-%d}" if one.as_of else ""
            links.append(
                Link(
                    kind=kind,
                    target=name,
                    because=name,
                    says=f"{one.source}: {one.name} {one.value}{dated}",
                    state=digest(f"{one.source} {one.name} {one.value}".encode()),
                )
            )
    return tuple(links)


def changed(before: Sequence[Link], now: Sequence[Link]) -> str:
    """What is different now, in a sentence; "" when nothing that bears on the brief is."""

    def key(link: Link) -> tuple[str, str, str]:
        return link.kind, link.target, link.state

    old, new = {key(one) for one in before}, {key(one) for one in now}
    fresh = [one for one in now if key(one) not in old]
    gone = [one for one in before if key(one) not in new]
    if fresh:
        return f"{fresh[0].kind} {fresh[0].target}: {fresh[0].says}"
    if gone:
        return f"no longer held: {gone[0].kind} {gone[0].target}, {gone[0].says}"
    return ""
