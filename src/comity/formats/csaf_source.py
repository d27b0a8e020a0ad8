"""Read what a CSAF provider shows beside its documents: metadata, ROLIE feeds, change lists, hashes (CSAF 2.0, 7.1).

Bytes in, addresses out, each of them still to be looked at before it is asked. Only places that the provider marks as
open to everybody are read: what is kept here everybody may see.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from comity.errors import Invalid, Problem
from comity.formats import parse, times
from comity.formats.parse import Json

METADATA: Final = parse.Limits(document_bytes=4 * 1024 * 1024, depth=16)
FEED: Final = parse.Limits(document_bytes=64 * 1024 * 1024, depth=16)
MOST: Final = 100_000
"""Documents of one provider."""
CELL: Final = 128 * 1024
"""Characters of one field of a list. Looked at here, since Python's own limit is one for the whole process."""
OPEN: Final = frozenset({"", "UNLABELED", "WHITE", "CLEAR"})
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{40,64}\Z", re.ASCII)
_HEX: Final = {"sha512": re.compile(r"[0-9a-f]{128}"), "sha256": re.compile(r"[0-9a-f]{64}")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider's metadata. `keys` are (fingerprint in upper-case hex, address)."""

    url: str
    publisher: str
    updated: datetime | None
    role: str
    feeds: tuple[str, ...]
    directories: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A document that a provider lists. `updated` None: its list does not say when."""

    url: str
    updated: datetime | None
    hashes: Mapping[str, str]
    """sha512 or sha256 -> address of the hash file."""
    signature: str
    """Address of the signature, "" where the provider's list names none."""
    sure: bool = True
    """False: the addresses of hash and signature are where the standard puts them, and may be missing."""


def provider(data: bytes, url: str) -> Provider:
    """`provider-metadata.json`, fetched from `url`. Invalid when it is none, or when nothing of it is open."""
    document = parse.decode(data, METADATA)
    listed = document.get("distributions") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(document.get("canonical_url"), str):
        raise _not_one("/canonical_url", "this is no provider-metadata.json: look at the address")
    feeds: list[str] = []
    directories: list[str] = []
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict):
            feeds.extend(_feeds(one.get("rolie"), url))
            place = one.get("directory_url")
            if isinstance(place, str):
                directories.append(urljoin(url, place).rstrip("/") + "/")
    if not feeds and not directories:
        raise _not_one("/distributions", "it names no feed and no folder that is open to everybody")
    publisher = document.get("publisher")
    name = publisher.get("name") if isinstance(publisher, dict) else None
    keys = document.get("public_openpgp_keys")
    role = document.get("role")
    return Provider(
        url=url,
        publisher=" ".join(name.split())[:200] if isinstance(name, str) else "",
        updated=times.maybe(document.get("last_updated")),
        role=role[:40] if isinstance(role, str) else "csaf_provider",
        feeds=tuple(dict.fromkeys(feeds)),
        directories=tuple(dict.fromkeys(directories)),
        keys=tuple(_keys(keys, url)),
    )


def feed(data: bytes, url: str) -> tuple[Listed, ...]:
    """A ROLIE feed as JSON (RFC 8322), newest change first."""
    document = parse.decode(data, FEED)
    body = document.get("feed") if isinstance(document, dict) else None
    entries = body.get("entry") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise _not_one("/feed/entry", "this is no ROLIE feed: look at the address")
    if len(entries) > MOST:
        raise _not_one("/feed/entry", f"at most {MOST} documents")
    found = [one for one in (_entry(entry, url) for entry in entries) if one is not None]
    return _newest_first(found)


def changes(data: bytes, folder: str) -> tuple[Listed, ...]:
    """`changes.csv` of a folder (CSAF 2.0, 7.1.13), quoted or not."""
    try:
        rows = list(csv.reader(_text(data).splitlines()))
    except csv.Error as error:
        raise _not_one("", "its changes.csv breaks CSV") from error
    if any(len(cell) > CELL for row in rows for cell in row):
        raise _not_one("", f"its changes.csv has a field of over {CELL} characters")
    found = []
    for row in rows:
        if len(row) >= 2 and (place := _inside(folder, row[0])):
            found.append(_beside(place, times.maybe(row[1].strip())))
        if len(found) > MOST:
            raise _not_one("", f"at most {MOST} documents")
    return _newest_first(found)


def index(data: bytes, folder: str) -> tuple[Listed, ...]:
    """`index.txt` of a folder (CSAF 2.0, 7.1.12): it says nothing of when."""
    places = [place for line in _text(data).splitlines()[: MOST + 1] if (place := _inside(folder, line))]
    return tuple(_beside(place, None) for place in places[:MOST])


def stated_hash(data: bytes, algorithm: str) -> str:
    """The digest that a hash file states in its first word; "" when it states none of this kind."""
    first = data[:1024].decode("ascii", "replace").split()
    return first[0].lower() if first and _HEX[algorithm].fullmatch(first[0].lower()) else ""


def security_txt(data: bytes) -> str:
    """The first `CSAF:` line of a `security.txt` (CSAF 2.0, 7.1.8); "" without one."""
    for line in data[:65536].decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "csaf":
            return value.strip()
    return ""


def _feeds(rolie: Json, url: str) -> Iterator[str]:
    listed = rolie.get("feeds") if isinstance(rolie, dict) else None
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(place := one.get("url"), str):
            label = one.get("tlp_label")
            if (label.upper() if isinstance(label, str) else "") in OPEN:
                yield urljoin(url, place)


def _keys(listed: Json, url: str) -> Iterator[tuple[str, str]]:
    for one in listed if isinstance(listed, list) else []:
        place = one.get("url") if isinstance(one, dict) else None
        mark = one.get("fingerprint") if isinstance(one, dict) else None
        if isinstance(place, str) and isinstance(mark, str) and _FINGERPRINT.match(mark.upper()):
            yield mark.upper(), urljoin(url, place)


def _entry(entry: Json, url: str) -> Listed | None:
    if not isinstance(entry, dict):
        return None
    content = entry.get("content")
    place = content.get("src") if isinstance(content, dict) else None
    hashes: dict[str, str] = {}
    signature = ""
    links = entry.get("link")
    for link in links if isinstance(links, list) else []:
        href = link.get("href") if isinstance(link, dict) else None
        if not isinstance(link, dict) or not isinstance(href, str):
            continue
        match link.get("rel"):
            case "self":
                place = place if isinstance(place, str) else href
            case "hash":
                kind = next((name for name in _HEX if href.endswith(f".{name}")), "")
                if kind:
                    hashes[kind] = urljoin(url, href)
            case "signature":
                signature = urljoin(url, href)
    if not isinstance(place, str) or not urlsplit(place).path.endswith(".json"):
        return None
    return Listed(
        url=urljoin(url, place), updated=times.maybe(entry.get("updated")), hashes=hashes, signature=signature
    )


def _inside(folder: str, path: str) -> str:
    """The address of a listed file; "" for what is no CSAF file below the folder."""
    name = path.strip()
    if not name.endswith(".json") or "://" in name or name.startswith("/") or ".." in name.split("/"):
        return ""
    return urljoin(folder, name)


def _beside(place: str, updated: datetime | None) -> Listed:
    hashes = {name: f"{place}.{name}" for name in _HEX}
    return Listed(url=place, updated=updated, hashes=hashes, signature=f"{place}.asc", sure=False)


def _newest_first(found: list[Listed]) -> tuple[Listed, ...]:
    """Each address once, by its newest change."""
    dated = sorted(found, key=lambda one: (one.updated is not None, one.updated or times.EPOCH), reverse=True)
    held: dict[str, Listed] = {}
    for one in dated:
        held.setdefault(one.url, one)
    return tuple(held.values())


def _text(data: bytes) -> str:
    if len(data) > FEED.document_bytes:
        raise _not_one("", f"over {FEED.document_bytes} bytes")
    if data[:64].lstrip()[:1] == b"<":
        raise _not_one("", "a web page came instead: look at the address")
    return data.decode("utf-8-sig", "replace")


def _not_one(pointer: str, reason: str) -> Invalid:
    return Invalid("this CSAF provider cannot be read", [Problem(pointer, "unknown_format", reason)])
