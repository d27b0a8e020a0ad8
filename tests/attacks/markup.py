"""What a page, a feed or a file may hold: text from outside as text, and no way for it to become script.

`dangers` reads HTML as a browser reads it and names whatever could run or lead to script; `feed_dangers` reads Atom,
RSS and JSON feeds, whose readers show the markup that they carry.
"""

import json
import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

MARK = "planted7x"
"""In every text that these tests plant, so that it can be found again."""
RUNS = {"script", "iframe", "frame", "object", "embed", "applet", "base", "link", "style", "meta", "template"}
LINKS = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "background", "ping", "srcset", "cite"}
FORBIDDEN = {"srcdoc", "http-equiv", "style"}
SAFE = {"", "http", "https", "mailto"}
HEAD = re.compile(r"\A([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
DATA = {"application/ld+json", "application/json"}


def scheme(address: str) -> str:
    """The scheme as a browser takes it: white space and control characters do not hide it."""
    found = HEAD.match(re.sub(r"[\x00-\x20\x7f]", "", address))
    return found.group(1).lower() if found else ""


class _Reader(HTMLParser):
    def __init__(self, *, own_style: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.own_style = own_style
        self.data = ""
        self.held: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.data = given.get("type", "") if tag == "script" else ""
        if tag in RUNS and not self._ours(tag, given):
            self.found.append(f"<{tag}> with {given}")
        for name, value in given.items():
            own = name == "style" and self.own_style and MARK not in value
            if name.startswith("on") or (name in FORBIDDEN and not own) or MARK in name or MARK in tag:
                self.found.append(f"<{tag}> holds {name}")
            if name in LINKS and scheme(value) not in SAFE:
                self.found.append(f"<{tag} {name}> leads to {value[:60]}")

    def _ours(self, tag: str, given: dict[str, str]) -> bool:
        if tag == "script":
            own = given.get("src", "").startswith("/static/")
            return (own and set(given) <= {"src", "defer", "type"}) or self.data in DATA
        if tag == "link":
            own = given.get("href", "").startswith("/")
            return (own and not given["href"].startswith("//")) or given.get("rel", "") in {"alternate", "canonical"}
        if tag == "style":
            return self.own_style
        return tag == "meta" and "http-equiv" not in given

    def handle_data(self, data: str) -> None:
        if self.data in DATA:
            self.held.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self.data in DATA:
            try:
                json.loads("".join(self.held))
            except ValueError:
                self.found.append("a block of data that is broken off")
            self.data, self.held = "", []


def dangers(text: str, *, own_style: bool = False) -> list[str]:
    """Everything in this HTML that runs, loads or leads to script; empty for a page that holds text as text."""
    reader = _Reader(own_style=own_style)
    reader.feed(text)
    reader.close()
    return reader.found


def feed_dangers(data: bytes, kind: str) -> list[str]:
    """The same for a feed: its addresses, and the markup that a reader would show."""
    if "json" in kind:
        return list(_in_json(json.loads(data)))
    found: list[str] = []
    for element in ET.fromstring(data).iter():
        name = str(element.tag).rpartition("}")[2]
        text = element.text or ""
        for key, value in element.attrib.items():
            if key in {"href", "src", "url", "uri"} and scheme(value) not in SAFE:
                found.append(f"<{name} {key}> leads to {value[:60]}")
        if name in {"link", "uri", "url", "comments"} and scheme(text) not in SAFE:
            found.append(f"<{name}> leads to {text[:60]}")
        if element.attrib.get("type") in {"html", "xhtml"} or name in {"description", "encoded"}:
            found += dangers(text)
    return found


def _in_json(node: Any, name: str = "") -> list[str]:
    if isinstance(node, dict):
        return [one for key, value in node.items() for one in _in_json(value, key)]
    if isinstance(node, list):
        return [one for value in node for one in _in_json(value, name)]
    if not isinstance(node, str):
        return []
    if name in {"url", "external_url", "home_page_url", "feed_url", "image", "icon"} and scheme(node) not in SAFE:
        return [f"{name} leads to {node[:60]}"]
    return dangers(node) if name == "content_html" else []
