"""List what a source names: identifiers, products with versions, weakness classes, techniques, indicators; with spans.

An indicator enters as *mentioned*, with whose it seems to be by the words beside it (attacker, victim, benign,
unknown), and becomes an observable only when a person promotes it. A technique guessed from words is a suggestion.
Finding a thing says nothing of its being right; no mirror is asked here.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from comity.brief.extract import identifiers
from comity.brief.sentences import listed, sentences
from comity.model.article import Mention, Polarity, Span

_EXACT: Final = frozenset(listed("cve ghsa cwe capec attack cpe purl bug"))
_INDICATOR: Final = {"url": "url", "hash": "hash", "ip": "ip"}
_DEFANGED: Final = re.compile(
    r"(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\[\.\]|\(\.\)|\[dot\])){1,10}[a-z]{2,24}\b", re.IGNORECASE
)
_MAIL: Final = re.compile(
    r"\b[\w.+-]{1,64}(?:@|\[@\]|\[at\])[\w-]{1,63}(?:(?:\.|\[\.\])[\w-]{1,63}){1,10}\b", re.IGNORECASE
)
_PRODUCT: Final = re.compile(
    r"(?<![\w.])(?P<name>[A-Z][\w+-]*(?:\s+[A-Z][\w+-]*){0,4})\s+"
    r"(?P<how>(?:versions?\s+)?(?:before|prior to|up to|through|from|earlier than)?\s*(?:versions?\s+)?)"
    r"(?P<version>v?\d+(?:\.\d+)+(?:[-.+]?[a-z0-9]+)?)(?![\w.]*\d)"
)
_NO_PRODUCT: Final = frozenset(listed("Version Versions Section Chapter Figure Table Article BOD EO Page Part Release"))
_TECHNIQUES: Final[tuple[tuple[str, str], ...]] = (
    ("T1566", r"phishing|spear-?phish\w*"),
    ("T1190", r"public-facing (?:application|server)s?|internet-facing (?:server|appliance)s? (?:was|were) exploited"),
    ("T1486", r"ransomware|encrypted (?:files|systems) for ransom"),
    ("T1110", r"brute.?forc\w+|password spray\w*"),
    ("T1078", r"(?:stolen|compromised|valid) (?:credentials|accounts)"),
    ("T1195", r"supply.chain (?:attack|compromise)"),
    ("T1498", r"denial.of.service|\bddos\b"),
    ("T1059", r"powershell|command.line interpreter"),
    ("T1505", r"web shells?"),
    ("T1567", r"exfiltrat\w+"),
)
"""ATT&CK techniques whose everyday words are unmistakable. Suggestions only."""
_WEAKNESSES: Final[tuple[tuple[str, str], ...]] = (
    ("CWE-787", r"out-of-bounds write"),
    ("CWE-125", r"out-of-bounds read"),
    ("CWE-416", r"use.after.free"),
    ("CWE-89", r"sql injection"),
    ("CWE-79", r"cross.site scripting|\bxss\b"),
    ("CWE-78", r"(?:os )?command injection"),
    ("CWE-22", r"path traversal|directory traversal"),
    ("CWE-352", r"cross.site request forgery"),
    ("CWE-502", r"deserializ\w+ of untrusted|insecure deserializ\w+"),
    ("CWE-918", r"server.side request forgery|\bssrf\b"),
    ("CWE-287", r"authentication bypass|improper authentication"),
    ("CWE-120", r"buffer overflow"),
)
_BESIDE: Final[tuple[tuple[Polarity, str], ...]] = (
    (
        Polarity.BENIGN,
        (
            r"\b(?:legitimate|benign|harmless|official|download(?:ed)? the patch from|see also|advisory at|more at"
            r"|available at|false positive|not malicious|documentation|reference[sd]?)\b"
        ),
    ),
    (
        Polarity.ATTACKER,
        (
            r"\b(?:command.and.control|c2|malicious|attackers?|malware|phishing|beacon\w*|exfiltrat\w*|payload"
            r"|threat actors?|indicators? of compromise|iocs?|dropper|botnet)\b"
        ),
    ),
    (Polarity.VICTIM, r"\b(?:victims?|targeted|compromised (?:host|server|site)|infected|breached|hacked)\b"),
)
"""The first whose words stand in the same sentence. Two kinds of words in one sentence: unknown."""


def mentions(text: str) -> tuple[Mention, ...]:
    """Mentions in order of place, each value of a kind once (its first place)."""
    found: list[Mention] = []
    taken: list[Span] = []
    for one in identifiers(text):
        taken.append(one.span)
        if one.kind in _EXACT:
            found.append(Mention(kind=one.kind, value=one.value, span=one.span, because="exact pattern"))
        elif one.kind in _INDICATOR and (kind := _indicator_kind(one.kind, one.value)):
            found.append(_indicator(kind, one.value, one.span, text))
    for kind, pattern in (("email", _MAIL), ("domain", _DEFANGED)):
        for match in pattern.finditer(text):
            span = Span(match.start(), match.end())
            if not _meets(span, taken):
                taken.append(span)
                plain = re.sub(r"\[dot\]|\(\.\)|\[\.\]", ".", match.group(), flags=re.IGNORECASE).lower()
                found.append(_indicator(kind, re.sub(r"\[@\]|\[at\]", "@", plain), span, text))
    found += _products(text)
    for kind, table in (("attack", _TECHNIQUES), ("cwe", _WEAKNESSES)):
        for value, words in table:
            if hit := re.search(rf"\b(?:{words})", text, re.IGNORECASE):
                span = Span(hit.start(), hit.end())
                said = f"suggested by “{hit.group()}”"
                found.append(Mention(kind=kind, value=value, span=span, because=said, suggested=True))
    once: dict[tuple[str, str], Mention] = {}
    for mention in sorted(found, key=lambda one: (one.suggested, one.span)):
        once.setdefault((mention.kind, mention.value), mention)
    return tuple(sorted(once.values(), key=lambda one: (one.span, one.kind)))


def _indicator_kind(kind: str, value: str) -> str:
    if kind != "ip":
        return kind
    try:
        ip_address(value)
    except ValueError:
        return ""
    return "ip"


def _indicator(kind: str, value: str, span: Span, text: str) -> Mention:
    polarity, because = _polarity(span, text)
    return Mention(kind=kind, value=value, span=span, because=because, polarity=polarity)


def _polarity(span: Span, text: str) -> tuple[Polarity, str]:
    piece = next((one for one in sentences(text) if one.start <= span.start < one.end), span)
    beside = text[piece.start : span.start] + " " + text[span.end : piece.end]
    hits = [(kind, match.group()) for kind, words in _BESIDE if (match := re.search(words, beside, re.IGNORECASE))]
    if len(hits) == 1:
        return hits[0][0], f"mentioned beside “{hits[0][1]}”"
    if hits:
        return Polarity.UNKNOWN, "mentioned beside " + " and ".join(f"“{word}”" for _, word in hits)
    return Polarity.UNKNOWN, "mentioned"


def _products(text: str) -> Iterator[Mention]:
    for match in _PRODUCT.finditer(text):
        name = match["name"]
        if name.split()[-1] in _NO_PRODUCT or name.split()[0] in ("The", "In", "A"):
            name = " ".join(word for word in name.split() if word not in _NO_PRODUCT and word not in ("The", "In", "A"))
        if not name:
            continue
        start = match.start("name") + match["name"].index(name.split()[0])
        because = "capitalised name beside a version"
        yield Mention(kind="product", value=name, span=Span(start, match.end("name")), because=because)
        how = re.sub(r"\s+", " ", match["how"].lower().replace("versions", "").replace("version", "")).strip()
        value = f"{name} {how + ' ' if how else ''}{match['version']}"
        yield Mention(kind="version", value=value, span=Span(start, match.end()), because=because)


def _meets(span: Span, taken: list[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in taken)
