"""Decide what a small operator hears who asks by a product's name: yes, no, or cannot tell, and what to do about it.

No inventory is needed. Names are matched with tolerance for spelling; where two products fit about as well, one
question is asked back. "No" needs the version, fresh data, and every statement about the product decided; "cannot
tell" is never shown as good news. Three advisory tiers in plain words, which bind nobody: now, this month, with the
next upgrade.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias

from comity.defend.dotted import DOTTED, reached_by
from comity.defend.scan import OPEN_TIER, Signals, Source, tier
from comity.formats import cpe
from comity.formats.cpe import Name
from comity.model.asset import Reach
from comity.model.decision import Table
from comity.model.signals import ProductStatement

NEAR: Final = 0.75
"""From here on two spellings count as one word, by how close they are."""
FITS: Final = 0.82
"""Least likeness of a name for it to be the product that was meant."""
CLOSE: Final = 0.06
"""Two products whose likeness differs by less are asked back about."""
CHOICES: Final = 6
_VERSION: Final = re.compile(r"v?(\d+(?:\.\d+){0,5}[A-Za-z0-9.-]*)\Z")
_ENDED: Final = re.compile(r"end[- ]of[- ](?:life|service|support)|should be disconnected", re.IGNORECASE)
_WORDS: Final = re.compile(r"[a-z]+|\d+")
_FILLERS: Final = frozenset({"the", "inc", "corp", "corporation", "software", "and", "of", "for", "server", "version"})


Reached: TypeAlias = Callable[[Sequence[ProductStatement], str], tuple[bool | None, str, tuple[str, ...]]]
"""Whether what is said under one CVE id reaches a version, why, and the versions without it."""
BY_NAME: Final = "Ask again by the product's name and version, such as “Product 1.2”."


class Word(StrEnum):
    """The answer. Only NO may ever look like good news."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


class Urgency(StrEnum):
    """Advisory tiers in plain words."""

    NOW = "now"
    MONTH = "this month"
    UPGRADE = "with the next upgrade"
    NONE = "nothing to do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, taken apart. `version` "": none was given."""

    text: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One weakness of the product, and whether this version has it. `reached` None: it could not be decided."""

    name: str
    title: str
    reached: bool | None
    why: str
    in_kev: bool
    kev_added: str
    due: str
    action: str
    summary: str
    ransomware: bool
    urgency: Urgency
    fixed: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the operator hears. `choices` is the one question asked back; the answer is then "cannot tell"."""

    question: Question
    word: Word
    sentence: str
    product: str = ""
    urgency: Urgency = Urgency.NONE
    action: str = ""
    mitigation: str = ""
    due: date | None = None
    """Day by which to have acted, to plan by; it binds nobody."""
    kev_due: str = ""
    choices: tuple[str, ...] = ()
    sharpen: str = ""
    """What would make the answer sharper."""
    weaknesses: tuple[Weakness, ...] = ()
    sources: tuple[Source, ...] = ()
    at: datetime
    stale: bool = False

    @property
    def key(self) -> str:
        """Stands for what the answer says: a watch is told when it changes."""
        reached = ",".join(one.name for one in self.weaknesses if one.reached)
        return f"{self.word}|{self.urgency}|{reached}"


def read(text: str) -> Question:
    """`Product 1.2` as name and version. A number that belongs to the name (Windows Server 2016) may stay there."""
    plain = " ".join(text.split())[:200]
    words = plain.split(" ")
    found = _VERSION.match(words[-1]) if len(words) > 1 else None
    if found is None:
        return Question(text=plain, name=plain, version="")
    return Question(text=plain, name=" ".join(words[:-1]), version=found[1])


def by_name_of(name: Name) -> Question:
    """The question that a CPE name asks."""
    version = cpe.plain(name.version) if cpe.is_exact(name.version) else ""
    return Question(text=cpe.write(name), name=f"{cpe.words(name.vendor)} {cpe.words(name.product)}", version=version)


def spelled(name: Name, dictionary: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The pairs of the dictionary that are this very vendor and product in another spelling."""
    vendor, product = (_tokens(cpe.words(one)) for one in (name.vendor, name.product))
    return tuple(
        pair
        for pair in dictionary
        if _tokens(pair[0]) == vendor and _tokens(pair[1]) in (product, (*vendor, *product)) and product
    )


def unreadable(text: str, why: str, *, now: datetime) -> Reply:
    """What is heard by somebody whose CPE name is none."""
    question = Question(text=text[:200], name=text[:200], version="")
    sentence = f"That is no CPE name: {why}."
    return Reply(question=question, word=Word.CANNOT_TELL, sentence=sentence, sharpen=BY_NAME, at=now)


def candidates(question: Question, dictionary: Iterable[tuple[str, str]]) -> list[tuple[float, str, str]]:
    """Products that the name may mean, likest first: likeness from 0 to 1, vendor, product."""
    whole, short = _tokens(question.text), _tokens(question.name)
    found = []
    for vendor, product in dictionary:
        names = (_tokens(product), _tokens(f"{vendor} {product}"))
        like = max(max(_likeness(short, name), _likeness(whole, name) if whole != short else 0.0) for name in names)
        if like >= FITS - 0.1:
            found.append((like, vendor, product))
    return sorted(found, key=lambda one: (-one[0], one[1].casefold(), one[2].casefold()))


def chosen(
    question: Question, found: Sequence[tuple[float, str, str]]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The pairs that are the product (spellings of one), or the names to ask back about."""
    fitting = [one for one in found if one[0] >= FITS]
    if not fitting:
        return (), ()
    best = fitting[0][0]
    near = [one for one in fitting if best - one[0] < CLOSE]
    groups: dict[str, list[tuple[str, str]]] = {}
    for _, vendor, product in near:
        groups.setdefault(_folded(vendor, product), []).append((vendor, product))
    if len(groups) > 1:
        exact = [pairs for pairs in groups.values() if any(_is_exact(question, *pair) for pair in pairs)]
        if len(exact) == 1:
            return tuple(exact[0]), ()
        return (), tuple(_shown(*pairs[0]) for pairs in list(groups.values())[:CHOICES])
    return tuple(next(iter(groups.values()))), ()


def reply(
    question: Question,
    pairs: Sequence[tuple[str, str]],
    choices: Sequence[str],
    statements: Sequence[tuple[str, ProductStatement]],
    said: Signals,
    *,
    table: Table,
    now: datetime,
    dictionary_size: int,
    reached: Reached | None = None,
) -> Reply:
    """Weigh everything that is said of the product. `reached` decides by another key than the version alone (a CPE).

    By such a key nothing is ever clean: what it does not find may be filed under another name.
    """
    base = Reply(question=question, word=Word.CANNOT_TELL, sentence="", sources=said.sources, at=now)
    stale = any(one.stale for one in said.sources)
    if choices:
        return replace(base, sentence="Which of these do you mean?", choices=tuple(choices), stale=stale)
    if not pairs:
        sentence = (
            f"No source held here names it. {dictionary_size} products are known here; that is not a clean answer."
        )
        return replace(
            base, sentence=sentence, sharpen="Try the maker's name and the product's full name.", stale=stale
        )
    named = any(_in_name(question, product) for _, product in pairs)
    version = "" if named else question.version
    found = _weaknesses(statements, version, said, table, reached or reached_by)
    weaknesses = tuple(sorted(found, key=lambda one: (one.reached is False, one.reached is None, not one.in_kev)))
    product = _shown(*pairs[0])
    hit = [one for one in weaknesses if one.reached]
    open_ = [one for one in weaknesses if one.reached is None]
    base = replace(base, product=product, weaknesses=weaknesses, stale=stale)
    if hit:
        return _yes(base, hit, now)
    if open_ or not version:
        return _open(base, open_, version, now)
    if stale:
        return replace(
            base,
            sentence=f"By data that is too old to trust, no known weakness reaches {product} {version}.",
            sharpen="Ask whoever runs this host to fetch the data again, then ask again.",
        )
    if reached is not None:
        sentence = f"None of the {len(weaknesses)} weaknesses filed under this CPE name reaches version {version}."
        return replace(
            base, sentence=f"{sentence} A CPE name shows what reaches it, never that nothing does.", sharpen=BY_NAME
        )
    return replace(
        base,
        word=Word.NO,
        sentence=f"None of the {len(weaknesses)} weaknesses of {product} known here reaches version {version}.",
    )


def _yes(base: Reply, reached: Sequence[Weakness], now: datetime) -> Reply:
    worst = _worst(reached)
    exploited = sum(one.in_kev for one in reached)
    kev = f", {exploited} of them used in attacks" if exploited else ""
    number = "1 known weakness reaches" if len(reached) == 1 else f"{len(reached)} known weaknesses reach"
    return replace(
        base,
        word=Word.YES,
        sentence=f"{number} {base.product} {base.question.version}{kev}.",
        urgency=worst.urgency,
        action=_upgrade(reached, base.question.version) or worst.action or "Ask the maker for an update.",
        mitigation=_mitigation(reached),
        due=_by(worst.urgency, now),
        kev_due=min((one.due for one in reached if one.due), default=""),
    )


def _upgrade(reached: Sequence[Weakness], version: str) -> str:
    """The least version that fixes all of them; "" where a maker ended the product, or one has no fix that is named."""
    ended = next((one.action for one in reached if _ENDED.search(one.action)), "")
    if ended:
        return ended
    wanted: list[tuple[tuple[int, ...], str]] = []
    for one in reached:
        above = sorted(
            (_numbers(fix), fix) for fix in one.fixed if DOTTED.match(fix) and _numbers(fix) > _numbers(version)
        )
        if not above:
            return ""
        wanted.append(above[0])
    return f"Upgrade to {max(wanted)[1]} or later." if wanted else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if DOTTED.match(version) else ()


def _open(base: Reply, open_: Sequence[Weakness], version: str, now: datetime) -> Reply:
    exploited = [one for one in open_ if one.in_kev]
    sharpen = (
        "Say which version you run, such as “Product 1.2”."
        if not version
        else ("The sources do not say which versions are affected: ask the maker, or look at the product's own page.")
    )
    if not open_:
        return replace(
            base, sentence=f"{base.product} is known here, and no weakness of it that is not decided.", sharpen=sharpen
        )
    kev = f", {len(exploited)} of them used in attacks" if exploited else ""
    worst = _worst(open_)
    return replace(
        base,
        sentence=f"{len(open_)} known weaknesses may reach your {base.product}{kev}.",
        urgency=worst.urgency,
        action=worst.action or "Bring it to the newest version, or ask the maker.",
        mitigation=_mitigation(open_),
        due=_by(worst.urgency, now),
        kev_due=min((one.due for one in exploited if one.due), default=""),
        sharpen=sharpen,
    )


def _worst(some: Sequence[Weakness]) -> Weakness:
    return min(some, key=lambda one: (list(Urgency).index(one.urgency), not one.in_kev, one.name))


def _mitigation(some: Sequence[Weakness]) -> str:
    if any(one.in_kev for one in some):
        return (
            "Until then: take it off the internet, or let only those reach it who must. If neither is possible, "
            "switch it off."
        )
    return "Until then: let only those reach it who must, and keep a copy of its data apart."


def _by(urgency: Urgency, now: datetime) -> date | None:
    days = {Urgency.NOW: 3, Urgency.MONTH: 30}.get(urgency)
    return None if days is None else date.fromordinal(now.date().toordinal() + days)


def _weaknesses(
    statements: Sequence[tuple[str, ProductStatement]], version: str, said: Signals, table: Table, decide: Reached
) -> Iterable[Weakness]:
    by_name: dict[str, list[tuple[str, ProductStatement]]] = {}
    for source, one in statements:
        by_name.setdefault(one.subject, []).append((source, one))
    for name in sorted(by_name, reverse=True):
        some = by_name[name]
        kev = next((one for _, one in some if one.added), None)
        reached, why, fixed = decide([one for _, one in some], version)
        in_kev = kev is not None or name in said.kev
        outcome = tier(
            table, reach=Reach.UNKNOWN, in_kev=in_kev if in_kev or said.kev_fresh else None,
            automatable=said.automatable.get(name), impact=said.impact.get(name),
        )  # fmt: skip
        best = kev or some[0][1]
        yield Weakness(
            name=name,
            title=best.title or name,
            reached=reached,
            why=why,
            in_kev=in_kev,
            kev_added=kev.added if kev else "",
            due=kev.due if kev else "",
            action=next((one.action for _, one in some if one.action), ""),
            summary=next((one.summary for _, one in some if one.summary), ""),
            ransomware=bool(kev and kev.ransomware.casefold() == "known"),
            urgency=_urgency(outcome, in_kev=in_kev),
            fixed=fixed,
            source=", ".join(dict.fromkeys(source for source, _ in some)),
        )


def _urgency(outcome: str, *, in_kev: bool) -> Urgency:
    if in_kev or outcome.startswith("3 days"):
        return Urgency.NOW
    if outcome.startswith("14 days") or outcome == OPEN_TIER:
        return Urgency.MONTH
    return Urgency.UPGRADE


@lru_cache(maxsize=65_536)
def _tokens(text: str) -> tuple[str, ...]:
    found = [word for word in _WORDS.findall(text.casefold()) if word not in _FILLERS]
    return tuple(dict.fromkeys(found))


def _likeness(asked: tuple[str, ...], name: tuple[str, ...]) -> float:
    """How well the words asked for cover the name and are covered by it; close spellings count by how close."""
    if not asked or not name:
        return 0.0
    forward = sum(_best(word, name) for word in asked) / len(asked)
    backward = sum(_best(word, asked) for word in name) / len(name)
    return 0.75 * forward + 0.25 * backward


def _best(word: str, words: tuple[str, ...]) -> float:
    if word in words:
        return 1.0
    if word.isdigit():
        return 0.0
    return max((_close(word, other) for other in words if not other.isdigit()), default=0.0)


@lru_cache(maxsize=65_536)
def _close(word: str, other: str) -> float:
    """How close two spellings are, 0 when they are not. Lengths and letters alone rule most pairs out first."""
    pair = SequenceMatcher(None, word, other)
    if pair.real_quick_ratio() < NEAR or pair.quick_ratio() < NEAR:
        return 0.0
    ratio = pair.ratio()
    return ratio if ratio >= NEAR else 0.0


def _folded(vendor: str, product: str) -> str:
    tokens = [word for word in _tokens(product) if word not in _tokens(vendor)] or list(_tokens(product))
    return " ".join(sorted(tokens))


def _is_exact(question: Question, vendor: str, product: str) -> bool:
    return _tokens(question.name) in (_tokens(product), _tokens(f"{vendor} {product}"))


def _in_name(question: Question, product: str) -> bool:
    """The last word asked for is part of the product's name, so that it is no version."""
    return bool(question.version) and question.version.casefold() in _tokens(product)


def _shown(vendor: str, product: str) -> str:
    return product if product.casefold().startswith(vendor.casefold()) or not vendor else f"{vendor} {product}"
