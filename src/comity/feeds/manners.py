"""What a publisher asks of machines: robots.txt (RFC 9309), and reservations of text and data mining.

Pure: bytes and headers in, an answer out. Signals of reservation are those of the TDM Reservation Protocol (W3C
community group: header, meta element, `/.well-known/tdmrep.json`), of the directives `noai` and `noimageai`, of
`Content-Signal` and `Content-Usage` lines, and of `datatrainingallowed`. DSM Directive Article 4(3) asks for a machine-
readable reservation and names no form, so that any of them counts (ours).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

ROBOTS_LIMIT_BYTES: Final = 512_000
"""RFC 9309 2.5: at least 500 KiB are read; what is beyond is not."""
TDMREP_LIMIT_BYTES: Final = 512_000
_NO: Final = frozenset(("n", "no", "false", "0", "none"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Robots:
    """The rules for us. `rules` are (allow, path pattern); `delay_seconds` is asked for outside the standard."""

    rules: tuple[tuple[bool, str], ...] = ()
    signals: tuple[str, ...] = ()
    reachable: bool = True
    """False: the file could not be had (5xx or no answer). RFC 9309 2.3.1.4: then everything is disallowed."""

    def allows(self, path: str) -> bool:
        """RFC 9309 2.2.2: the longest matching rule decides, allow wins a tie, no rule allows."""
        if not self.reachable:
            return False
        best, allowed = -1, True
        for allow, pattern in self.rules:
            if _matches(pattern, path) and (len(pattern) > best or (len(pattern) == best and allow)):
                best, allowed = len(pattern), allow
        return allowed


def robots(content: bytes, agent: str) -> Robots:
    """The group for `agent` (its product token, any letter case), else the group for `*`."""
    text = content[:ROBOTS_LIMIT_BYTES].decode("utf-8-sig", "replace")
    groups: dict[str, list[tuple[bool, str]]] = {}
    signals: dict[str, list[str]] = {}
    named: list[str] = []
    fresh = True
    for line in text.splitlines():
        name, _, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "user-agent":
            named = [value.lower()] if fresh else [*named, value.lower()]
            fresh = False
            groups.setdefault(value.lower(), [])
        elif name in ("allow", "disallow"):
            fresh = True
            for one in named:
                if value:
                    groups[one].append((name == "allow", value))
        elif name in ("content-signal", "content-usage"):
            fresh = True
            for one in named or ["*"]:
                signals.setdefault(one, []).append(value.lower())
    own = agent.lower() if agent.lower() in groups else "*"
    return Robots(
        rules=tuple(groups.get(own, ())),
        signals=tuple(_usage([*signals.get(own, ()), *(signals.get("*", ()) if own != "*" else ())])),
    )


def _usage(lines: list[str]) -> Iterator[str]:
    for line in lines:
        for part in re.split(r"[,;\s]+", line):
            name, _, value = part.partition("=")
            if name in ("ai-input", "ai-train", "train-ai", "tdm", "bots") and value in _NO:
                yield f"robots.txt {name}={value}"


def _matches(pattern: str, path: str) -> bool:
    ends = pattern.endswith("$")
    parts = [unquote(part) for part in pattern.removesuffix("$").split("*")]
    whole = unquote(path)
    if not whole.startswith(parts[0]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        found = whole.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if len(parts) == 1:
        return not ends or at == len(whole)
    if ends:
        return len(whole) - len(parts[-1]) >= at and whole.endswith(parts[-1])
    return whole.find(parts[-1], at) >= 0


def reserved_by_headers(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Reservations in an answer's headers (names in lower case)."""
    found = []
    if headers.get("tdm-reservation", "").strip() == "1":
        found.append("header tdm-reservation: 1")
    tags = {tag.strip().lower().rpartition(":")[2].strip() for tag in headers.get("x-robots-tag", "").split(",")}
    found += [f"header x-robots-tag: {tag}" for tag in sorted(tags & {"noai", "none"})]
    found += [
        f"header {said.removeprefix('robots.txt ')}" for said in _usage([headers.get("content-usage", "").lower()])
    ]
    return tuple(found)


def reserved_by_tdmrep(content: bytes, url: str) -> tuple[str, ...]:
    """TDMRep 6.2: the first entry whose location matches the path decides. A file that cannot be read says nothing."""
    try:
        listed = json.loads(content[:TDMREP_LIMIT_BYTES])
    except (ValueError, RecursionError):
        return ()
    path = urlsplit(url).path or "/"
    for entry in listed if isinstance(listed, list) else []:
        location = entry.get("location") if isinstance(entry, dict) else None
        if isinstance(location, str) and _matches(location, path):
            return ("/.well-known/tdmrep.json",) if str(entry.get("tdm-reservation")) == "1" else ()
    return ()
