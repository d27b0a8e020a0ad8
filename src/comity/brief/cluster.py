"""Group sources on three levels and count origins instead of links.

 document   same address after canonical form, or same text
 copy       the same text with small edits: Jaccard of five-word shingles at least .8, or a shortened copy
 story      the same event: a shared identifier joins, a different one splits, else TF-IDF with a decay over 72 hours

A false merge (two weaknesses in one brief) costs more than a false split, so doubt splits. Thresholds are policy
parameters. An origin is what is left when copies and stated credit ("according to ...", "first published by ...") are
taken together: a republisher, and what its footer says of curation, adds nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from comity.brief.extract import identifiers, names
from comity.brief.likeness import Corpus, copies, cosine
from comity.brief.sentences import sentences
from comity.model.article import Source
from comity.model.story import Story, Tie

JOIN: Final = 0.30
"""Cosine, after decay, at or above which a source joins a story without a shared identifier."""
HALF_LIFE_HOURS: Final = 72.0
MANY_KEYS: Final = 5
"""A source with more identifiers is a round-up: it joins by them only when at least half of them are shared."""
_TRACKING: Final = re.compile(r"^(?:utm_\w+|fbclid|gclid|mc_[ce]id|ref|cmpid|ocid)$")
_NAMED: Final = r"[A-Z][\w&’'-]*(?:\.\w[\w&’'-]*)*"
_CREDIT: Final = re.compile(
    r"(?:according to|first reported by|originally (?:published|appeared|reported) (?:by|in|on|at)|republished from"
    r"|reprinted from|as reported by|source:|via|\bciting)\s+(?:a report (?:by|in|from)\s+)?"
    rf"(?P<who>(?:the\s+)?{_NAMED}(?:\s+(?:of\s+|for\s+|and\s+)?{_NAMED}){{0,4}})"
    rf"|(?P<wire>{_NAMED}(?:\s+{_NAMED}){{0,3}})\s+(?:first\s+)?reported\b"
    r"|^\s*(?:[A-Z][A-Z ,.]+)?\((?P<dateline>AP|Reuters|AFP|UPI)\)",
    re.MULTILINE,
)


def canonical(url: str) -> str:
    """An address in one form: host in lower case without `www.`, no fragment, no tracking."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return url.strip()
    query = urlencode(sorted((k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.match(k.lower())))
    path = re.sub(r"/(?:amp|index\.html?)?/?$", "", parts.path)
    return f"{host}{port}{path}{'?' + query if query else ''}"


def documents(sources: Sequence[Source]) -> tuple[Tie, ...]:
    """Pairs that are one document."""
    found: dict[tuple[str, str], int] = {}
    ties = []
    for place, source in enumerate(sources):
        keys = [("same text", source.text_sha256)]
        if source.kind == "page":
            keys.append(("same address", canonical(source.canonical_url or source.url)))
        for key in keys:
            if key in found and found[key] != place:
                ties.append(Tie(one=found[key], other=place, kind="same document", because=key[0]))
            found.setdefault(key, place)
    return tuple(ties)


def copied(sources: Sequence[Source]) -> tuple[Tie, ...]:
    """Pairs of which one is a copy of the other."""
    return tuple(
        Tie(one=one, other=other, kind="copy", because=f"{share:.0%} of their runs of five words are shared")
        for one, other, share in copies([source.text for source in sources])
    )


def credited(sources: Sequence[Source]) -> tuple[Tie, ...]:
    """Pairs of which one gives its information as the other's, or both as the same third party's."""
    given = [dict(_credits(source)) for source in sources]
    ties = []
    for place, credit in enumerate(given):
        for other, source in enumerate(sources):
            if other == place:
                continue
            known = {_plain(source.name), _plain(source.publisher), _plain(source.author)} - {""}
            named = next((words for who, words in credit.items() if who in known), None)
            if named is not None:
                ties.append(Tie(one=place, other=other, kind="credit", because=named))
        for other in range(place):
            shared = sorted(set(credit) & set(given[other]))
            if shared:
                ties.append(Tie(one=other, other=place, kind="credit", because=f"both give it as {shared[0]}'s"))
    return tuple(ties)


def _credits(source: Source) -> Iterator[tuple[str, str]]:
    for match in _CREDIT.finditer(source.text):
        who = match["who"] or match["wire"] or match["dateline"] or ""
        if plain := _plain(who):
            yield plain, match.group().strip()[:120]


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"^(?:the)\s+", "", name.strip().lower()).strip(" .,’'")).strip()


def origins(
    sources: Sequence[Source], members: Iterable[int] | None = None
) -> tuple[tuple[tuple[int, ...], ...], tuple[Tie, ...]]:
    """Groups of places that are one origin each, and the ties that made them."""
    kept = sorted(range(len(sources)) if members is None else members)
    some = [sources[place] for place in kept]
    ties = [
        Tie(one=kept[tie.one], other=kept[tie.other], kind=tie.kind, because=tie.because)
        for tie in (*documents(some), *copied(some), *credited(some))
    ]
    root = {place: place for place in kept}

    def find(place: int) -> int:
        while root[place] != place:
            place = root[place]
        return place

    for tie in ties:
        root[max(find(tie.one), find(tie.other))] = min(find(tie.one), find(tie.other))
    groups: dict[int, list[int]] = {}
    for place in kept:
        groups.setdefault(find(place), []).append(place)
    return tuple(tuple(group) for group in groups.values()), tuple(ties)


def keys(source: Source) -> frozenset[str]:
    """Identifiers that say which event it is: CVE, GHSA and names of directives and bugs."""
    found = identifiers(f"{source.title}\n{source.text}")
    return frozenset(one.value for one in found if one.kind in ("cve", "ghsa", "bug"))


def stories(sources: Sequence[Source]) -> tuple[Story, ...]:
    """Every source in exactly one story. Stories come in the order of their first member; the input's order is kept."""
    order = sorted(range(len(sources)), key=lambda place: (_at(sources[place]), place))
    corpus = Corpus()
    for source in sources:
        corpus.learn(_about(source))
    held: list[_Open] = []
    copies_of = _pairs((*documents(sources), *copied(sources)))
    for place in order:
        vector = corpus.vector(_about(sources[place]))
        best, why, worth = None, "", 0.0
        for one in held:
            reason, value = _joins(one, place, sources, vector, copies_of)
            if value > worth:
                best, why, worth = one, reason, value
        if best is None:
            best = _Open()
            held.append(best)
            why = "first"
        best.add(place, vector, keys(sources[place]), _at(sources[place]), why)
    return tuple(one.closed(sources) for one in held)


class _Open:
    """A story while it is being put together."""

    def __init__(self) -> None:
        self.members: list[int] = []
        self.vectors: list[dict[str, float]] = []
        self.keys: set[str] = set()
        self.last = 0.0
        self.why: list[str] = []

    def add(self, place: int, vector: dict[str, float], found: frozenset[str], at: float, why: str) -> None:
        self.members.append(place)
        self.vectors.append(vector)
        if len(found) <= MANY_KEYS or not self.keys:
            self.keys |= found
        self.last = max(self.last, at)
        self.why.append(why)

    def closed(self, sources: Sequence[Source]) -> Story:
        groups, ties = origins(sources, self.members)
        return Story(
            members=tuple(self.members),
            origins=groups,
            ties=ties,
            keys=tuple(sorted(self.keys)),
            joined_by=tuple(self.why),
        )


def _joins(
    one: _Open, place: int, sources: Sequence[Source], vector: dict[str, float], pairs: frozenset[tuple[int, int]]
) -> tuple[str, float]:
    if any((min(place, member), max(place, member)) in pairs for member in one.members):
        return "copy", 3.0
    mine = keys(sources[place])
    shared = mine & one.keys
    close = max(cosine(vector, other) for other in one.vectors)
    if mine and one.keys:
        if not shared:
            return "", 0.0
        if len(mine) <= MANY_KEYS or len(shared) * 2 >= len(mine | one.keys):
            return f"shares {', '.join(sorted(shared)[:3])}", 2.0 + close
        return "", 0.0
    hours = abs(_at(sources[place]) - one.last) / 3600
    value = close * 0.5 ** (hours / HALF_LIFE_HOURS)
    return (f"likeness {value:.2f}", value) if value >= JOIN else ("", 0.0)


def _about(source: Source) -> str:
    """Title twice, the first four sentences, and the names: what an event is told by."""
    lead = " ".join(source.text[span.start : span.end] for span in sentences(source.text)[:4])
    return f"{source.title}. {source.title}. {lead} {' '.join(name.text for name in names(source.text)[:20])}"


def _at(source: Source) -> float:
    at: datetime = source.published_at or source.retrieved_at
    return at.timestamp()


def _pairs(ties: Iterable[Tie]) -> frozenset[tuple[int, int]]:
    return frozenset((min(tie.one, tie.other), max(tie.one, tie.other)) for tie in ties)
