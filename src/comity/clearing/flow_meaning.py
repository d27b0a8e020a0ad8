"""How alike two reports' texts are in meaning, by a network on this machine. Part of the flow; off unless set.

Only candidates that the index gave are embedded: at most `WEIGHED` texts beside the new one, whatever the pool holds.
A likeness is one signal more; it is no fact, and neither merges nor links by itself. Vectors stay in this process's
memory for a while and rest nowhere.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from comity.clearing.aliases import IDENTIFIER
from comity.language import embed
from comity.language.embed import Vector
from comity.model.ids import Digest, ReportId, digest
from comity.model.party import system
from comity.model.report import Finding, Report
from comity.settings import Settings
from comity.store import reports
from comity.store.engine import Tx

FLOW: Final = system("clearing-flow")
KEPT: Final = 1024
"""Vectors kept in memory, 384 numbers each."""

Meaning = Callable[[Tx, Report, Sequence[ReportId]], Mapping[ReportId, float]]
"""How alike each of these reports is to the one in hand, -1 to 1; one of two empty texts is absent."""

_held: OrderedDict[Digest, Vector] = OrderedDict()


def reader(settings: Settings) -> Meaning | None:
    """What reads meanings, or None when the host has not asked for it. Unavailable when it did and cannot have it."""
    if not settings.embeddings:
        return None
    embed.ready()
    return near


def near(tx: Tx, report: Report, names: Sequence[ReportId]) -> Mapping[ReportId, float]:
    """As `Meaning` says."""
    own = text_of(report.finding)
    texts = {name: text_of(reports.get(tx, name, FLOW).finding) for name in names}
    told = {name: text for name, text in texts.items() if text and own}
    if not told:
        return {}
    vectors = _vectors([own, *told.values()])
    return {name: embed.alike(vectors[own], vectors[text]) for name, text in told.items()}


def text_of(finding: Finding) -> str:
    """The prose of a finding, without identifiers of weaknesses (those would decide by name)."""
    text = f"{finding.summary}. {finding.description} {finding.trigger} {finding.impact}"[: embed.TEXT_LIMIT]
    return " ".join(IDENTIFIER.sub(" ", text).split())


def _vectors(texts: Sequence[str]) -> Mapping[str, Vector]:
    found: dict[str, Vector] = {}
    new = []
    for text in dict.fromkeys(texts):
        held = _held.get(digest(text.encode()))
        if held is None:
            new.append(text)
        else:
            found[text] = held
    for text, vector in zip(new, embed.vectors(new), strict=True) if new else ():
        found[text] = vector
        _held[digest(text.encode())] = vector
    while len(_held) > KEPT:
        _held.popitem(last=False)
    return found
