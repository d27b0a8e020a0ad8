"""Read a page as data: what a reader sees of it, what it states of itself, and the page again without what hides.

Elements that hide (attributes `hidden`, `aria-hidden`, inline styles that make text vanish, comments, templates,
scripts, frames) and invisible characters are left out and named by kind, before anything else reads the page. Nothing
of a page is an instruction. Style sheets are not evaluated, so text hidden by a class is not seen as hidden.
"""

import json
import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import Final, NamedTuple

from comity.brief.check.budget import hidden_in, without_hidden
from comity.brief.sentences import listed
from comity.errors import TooLarge
from comity.model.article import SeenDate

LIMIT_BYTES: Final = 4_000_000
LIMIT_DEPTH: Final = 400
_VOID: Final = frozenset(listed("area base br col embed hr img input link meta source track wbr"))
_GONE: Final = frozenset(listed("script style template noscript iframe object svg canvas"))
"""Never text: left out of everything."""
_FRAME: Final = frozenset(listed("form nav aside footer button select"))
"""Around an article rather than in it: left out by our own reader; other readers weigh them themselves."""
_BLOCKS: Final = frozenset(listed("p div li h1 h2 h3 h4 article section blockquote tr br td"))
_KEPT: Final = frozenset(
    listed("href class id itemprop itemtype itemscope property rel role datetime lang cite style name type")
)
"""Attributes that other readers weigh; no other attribute reaches them."""
_VANISHING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?(?:\s*[;!]|\s*$)|font-size\s*:\s*0(?!\.\d*[1-9])"
    r"|clip\s*:\s*rect|text-indent\s*:\s*-\d{3}|(?:left|top)\s*:\s*-\d{3}"
    r"|(?<![-\w])color\s*:\s*(?:white|#fff(?:fff)?|transparent)\b",
    re.IGNORECASE,
)
_PUBLISHED: Final = listed(
    "article:published_time datepublished date dc.date dc.date.issued dcterms.date dcterms.issued pubdate "
    "publish-date parsely-pub-date sailthru.date citation_publication_date"
)
_MODIFIED: Final = listed("article:modified_time datemodified dcterms.modified last-modified og:updated_time")
_URL_DAY: Final = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?:[/-]|$)")


class Seen(NamedTuple):
    """`text` is our own reader's; `html` is the page without what hides, for other readers."""

    title: str
    text: str
    html: str
    meta: dict[str, str]
    linked: dict[str, object]
    canonical: str
    times: tuple[str, ...]
    stripped: tuple[str, ...]
    claims: tuple[str, ...]
    """Sentences in which the page speaks of its making by AI or of Article 50: kept as a mark; they prove nothing."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.html: list[str] = []
        self.footer: list[str] = []
        self.title: list[str] = []
        self.meta: dict[str, str] = {}
        self.linked: list[str] = []
        self.canonical = ""
        self.times: list[str] = []
        self.stripped: set[str] = set()
        self._open: list[tuple[str, str, bool]] = []
        self._why = ""
        self._framed = 0
        self._head = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "meta":
            name = (given.get("name") or given.get("property") or given.get("itemprop", "")).lower()
            if name:
                self.meta.setdefault(name, given.get("content", ""))
        elif tag == "link" and "canonical" in given.get("rel", "").lower().split() and not self.canonical:
            self.canonical = given.get("href", "")
        elif tag == "time" and given.get("datetime") and not self._why:
            self.times.append(given["datetime"])
        if tag in _BLOCKS:
            self.parts.append("\n\n" if tag != "br" else "\n")
        why = self._why or self._hides(tag, given)
        if not why and tag not in ("html", "head", "body"):
            kept = "".join(f' {n}="{escape(v)}"' for n, v in given.items() if n in _KEPT) if attrs else ""
            self.html.append(f"<{tag}{kept}>")
        if tag in _VOID:
            return
        if len(self._open) >= LIMIT_DEPTH:
            raise TooLarge(f"a page nests at most {LIMIT_DEPTH} elements")
        framed = tag in _FRAME
        self._framed += framed
        self._head += tag == "head"
        self._open.append((tag, self._why, framed))
        self._why = why

    @staticmethod
    def _hides(tag: str, given: dict[str, str]) -> str:
        if tag == "script" and given.get("type", "").lower() == "application/ld+json":
            return "linked data"
        if tag in _GONE:
            return f"element {tag}"
        if not given:
            return ""
        hides = (
            "hidden" in given
            or given.get("aria-hidden", "").lower() == "true"
            or _VANISHING.search(given.get("style", ""))
        )
        return "hidden element" if hides else ""

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                for name, why, framed in reversed(self._open[place:]):
                    if not self._why and name not in ("html", "head", "body"):
                        self.html.append(f"</{name}>")
                    self._why = why
                    self._framed -= framed
                    self._head -= name == "head"
                del self._open[place:]
                break
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002 - the parser's signature; a comment is dropped unread
        self.stripped.add("comment")

    def handle_data(self, data: str) -> None:
        if self._why == "linked data":
            self.linked.append(data)
        elif self._why:
            self.stripped.add(self._why)
        elif any(tag == "title" for tag, _, _ in self._open[-1:]):
            if not self.title or self._head:
                self.title.append(data)
        elif not self._head:
            self.html.append(escape(data, quote=False))
            if self._framed:
                self.footer.append(data)
                self.stripped.add(f"element {next(tag for tag, _, framed in self._open if framed)}")
            else:
                self.parts.append(data)


def see(html: str) -> Seen:
    """The page as a reader sees it. TooLarge over the limit of depth."""
    page = _Page()
    page.feed(html)
    page.close()
    raw = "".join(page.parts)
    stripped = set(page.stripped)
    if hidden_in(raw + "".join(page.title)):
        stripped.add("invisible characters")
    title = clean("".join(page.title) or page.meta.get("og:title", ""))
    text = clean(raw)
    rest = clean(" ".join(page.footer))
    body = without_hidden("".join(page.html))
    return Seen(
        title=title,
        text=text,
        html=f"<html><head><title>{escape(title)}</title></head><body>{body}</body></html>",
        meta=page.meta,
        linked=_linked(page.linked),
        canonical=page.canonical.strip(),
        times=tuple(page.times[:5]),
        stripped=tuple(sorted(stripped)),
        claims=tuple(_claims(f"{text}\n{rest}")),
    )


def clean(text: str) -> str:
    """Without invisible characters; runs of space become one, empty lines at most one."""
    lines = [re.sub(r"[^\S\n]+", " ", line).strip() for line in without_hidden(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


_CLAIM: Final = re.compile(r"\b(?:Article 50|AI[- ](?:assisted|generated|curated|curation))\b", re.IGNORECASE)
_CLAIM_REACH: Final = 120


def _claims(text: str) -> Iterator[str]:
    """The words around the first three claims, to the ends of their sentences."""
    for match in list(_CLAIM.finditer(text))[:3]:
        before = re.split(r"[.\n]", text[max(0, match.start() - _CLAIM_REACH) : match.start()])[-1]
        after = re.split(r"[.\n]", text[match.end() : match.end() + _CLAIM_REACH])[0]
        yield f"stated by the page: {(before + match.group() + after).strip()}"


def _linked(blocks: list[str]) -> dict[str, object]:
    for block in blocks:
        try:
            value = json.loads(block)
        except (ValueError, RecursionError):
            continue
        graph = value.get("@graph", [value]) if isinstance(value, dict) else value
        for item in graph if isinstance(graph, list) else []:
            if isinstance(item, dict) and "datePublished" in item:
                return item
    return {}


def name_of(value: object) -> str:
    """A name in linked data: text, `{"name": ...}`, or a list of either."""
    first = value[0] if isinstance(value, list) and value else value
    named = first.get("name", "") if isinstance(first, dict) else first
    return named if isinstance(named, str) else ""


def dates(seen: Seen, url: str) -> tuple[SeenDate, ...]:
    """Every date the page states of itself: linked data, then meta elements, `time` elements, and its address."""
    found: list[SeenDate] = []
    for key, role in (("datePublished", "published"), ("dateModified", "modified")):
        if isinstance(value := seen.linked.get(key), str):
            found.append(SeenDate("linked data", role, value.strip()[:40]))
    for role, names in (("published", _PUBLISHED), ("modified", _MODIFIED)):
        found += [SeenDate("meta", role, seen.meta[name].strip()[:40]) for name in names if seen.meta.get(name)]
    found += [SeenDate("time element", "unknown", value.strip()[:40]) for value in seen.times]
    if match := _URL_DAY.search(url):
        found.append(SeenDate("address", "published", "-".join(match.groups())))
    return tuple(dict.fromkeys(found))


def marks(seen: Seen) -> tuple[str, ...]:
    """T11: provenance marks of the page, kept as they are: IPTC and schema.org types, C2PA references, claims."""
    named = [
        value for name, value in seen.meta.items() if name in ("digitalsourcetype", "iptc:digitalsourcetype", "c2pa")
    ]
    stated = [seen.linked.get(key) for key in ("digitalSourceType", "creditText")]
    kept = [one for one in (*named, *stated, *seen.claims) if isinstance(one, str) and one]
    return tuple(sorted({clean(one)[:300] for one in kept}))


def reservations(seen: Seen) -> tuple[str, ...]:
    """Reservations and a paywall that the page states of itself (see `feeds.manners` for those outside the page)."""
    found = []
    if seen.meta.get("tdm-reservation", "").strip() == "1":
        found.append("meta tdm-reservation")
    tags = {tag.strip().lower() for tag in re.split(r"[,\s]+", seen.meta.get("robots", ""))}
    found += [f"meta robots {tag}" for tag in sorted(tags & {"noai"})]
    if seen.meta.get("datatrainingallowed", "").strip().lower() in ("false", "no", "0"):
        found.append("meta datatrainingallowed")
    if str(seen.linked.get("isAccessibleForFree", "")).strip().lower() == "false":
        found.append("paywall (isAccessibleForFree is false)")
    return tuple(found)
