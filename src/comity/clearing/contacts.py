"""Find out how a project wants to be reached: which public files to look for, and what they propose.

Plan, act, judge: `places` says what to look for, `flow_contacts` fetches it, `read` makes proposals of it. A proposal
is words of a stranger's file. It becomes an address that is written to only when a named person says so, and why.

- security.txt of a site (RFC 9116), in `/.well-known/` first, then at the root. A file past its date, one that names
  another address as its own, and one that came from another host are proposed with that doubt beside them.
- SECURITY.md of a repository, where code hosts keep it: at the root, in `.github` and in `docs`.
- The list of CNAs that the operator gave: by the organisation's name, or where a scope names the vendor as a word.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from comity.errors import Conflict, Invalid, Missing, Problem
from comity.formats import security_txt
from comity.formats.cna_list import Authority
from comity.model.contact import Contact, Look, Origin, Standing, Way
from comity.model.coordination import Coordination
from comity.model.letter import is_address
from comity.model.product import Affected

KEPT: Final = 60
"""Proposals that one case keeps; the oldest that nobody judged go first."""
LOOKS: Final = 200
EACH: Final = 10
"""Proposals out of one file."""
MD_BYTES: Final = 65_536
QUOTE: Final = 200
SHORT: Final = 3
"""A vendor's name with fewer letters is found in every text: such a name must be the organisation's whole name."""
_NAMES: Final = ("SECURITY.md", ".github/SECURITY.md", "docs/SECURITY.md")
_RAW: Final[Mapping[str, tuple[str, ...]]] = {
    "github.com": (
        *(f"https://raw.githubusercontent.com/{{path}}/HEAD/{name}" for name in _NAMES),
        "https://raw.githubusercontent.com/{owner}/.github/HEAD/SECURITY.md",
    ),
    "gitlab.com": tuple(f"https://gitlab.com/{{path}}/-/raw/HEAD/{name}" for name in _NAMES),
}
"""Where code hosts give a file of a repository as it is; `owner` is the first part of the path."""
_OTHER: Final = tuple(f"{{root}}/{{path}}/raw/HEAD/{name}" for name in _NAMES)
"""As Forgejo and Gitea do it."""
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")
_LINK: Final = re.compile(r"https://[^\s<>()\[\]\"'`]{4,300}")
_WORDS: Final = re.compile(r"secur|vuln|advisor|disclos|bount|report|hackerone|psirt", re.IGNORECASE)
_PURLS: Final[Mapping[str, str]] = {"github": "https://github.com", "gitlab": "https://gitlab.com"}


@dataclass(frozen=True, slots=True)
class Place:
    """A file to look for. Of places with one `group` the first that is there is read, and no other."""

    origin: Origin
    address: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a coordinator gave to look by; each may be empty, one is not."""

    site: str = ""
    repository: str = ""
    vendor: str = ""


# Plan ---------------------------------------------------------------------------------------------------------------


def wanted(affected: Iterable[Affected]) -> Wanted:
    """What the reports of a case suggest to look by. Nothing is fetched on a report's word: a person sends the form."""
    repository = vendor = ""
    for one in affected:
        kind, _, path = one.purl.removeprefix("pkg:").partition("/")
        if not repository and kind in _PURLS and "/" in path:
            repository = f"{_PURLS[kind]}/{path.partition('@')[0]}"
        vendor = vendor or one.vendor
    return Wanted(repository=repository, vendor=vendor)


def places(asked: Wanted, *, private: bool = False) -> tuple[Place, ...]:
    """Which files to look for. Invalid for an address that is none; `private` lets http through, for tests."""
    problems: list[Problem] = []
    found: list[Place] = []
    if asked.site:
        root = _root("/site", asked.site, problems, private=private)
        found += [
            Place(Origin.SECURITY_TXT, f"{root}{path}", "site")
            for path in ("/.well-known/security.txt", "/security.txt")
        ]
    if asked.repository:
        root = _root("/repository", asked.repository, problems, private=private)
        address = asked.repository if "://" in asked.repository else f"https://{asked.repository}"
        parts = [one for one in urlsplit(address).path.removesuffix(".git").split("/") if one] if root else []
        host = (urlsplit(root).hostname or "").removeprefix("www.")
        if root and (len(parts) < 2 or (host == "github.com" and len(parts) != 2)):
            problems.append(Problem("/repository", "bad_address", "a repository has an owner and a name"))
        elif root:
            words = {"root": root, "path": "/".join(parts), "owner": parts[0]}
            found += [Place(Origin.SECURITY_MD, form.format(**words), "repository") for form in _RAW.get(host, _OTHER)]
    if not (asked.site or asked.repository or asked.vendor):
        problems.append(Problem("/site", "nothing_to_look_by", "give a site, a repository or a vendor's name"))
    if problems:
        raise Invalid("nothing was looked for", problems)
    return tuple(found)


def _root(pointer: str, text: str, problems: list[Problem], *, private: bool) -> str:
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        _ = parts.port
    except ValueError:
        problems.append(Problem(pointer, "bad_address", "this is no address"))
        return ""
    schemes = ("https", "http") if private else ("https",)
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc or len(text) > 300:
        problems.append(Problem(pointer, "bad_address", "a host name, or an address that begins with https://"))
        return ""
    return f"{parts.scheme}://{parts.netloc}"


# Judge --------------------------------------------------------------------------------------------------------------


def read(place: Place, content: bytes, *, final: str, now: datetime) -> tuple[tuple[Contact, ...], str]:
    """What a file proposes, and one sentence about the file. `final` is where it came from after redirects."""
    moved: tuple[str, ...] = ()
    if urlsplit(final).hostname != urlsplit(place.address).hostname:
        moved = (f"the file came from another host, {urlsplit(final).hostname}",)
    if place.origin is Origin.SECURITY_TXT:
        return _of_txt(content, final, moved, now)
    return _of_md(content, final, moved, now)


def _of_txt(content: bytes, final: str, moved: tuple[str, ...], now: datetime) -> tuple[tuple[Contact, ...], str]:
    try:
        held = security_txt.read(content)
    except Invalid as error:
        return (), f"no security.txt: {error.problems[0].reason}"
    doubts = [*moved]
    if held.is_stale(now) and held.expires is not None:
        doubts.append(f"the file is past its date, {held.expires:%Y-%m-%d} (RFC 9116 2.5.5: do not rely on it)")
    if held.expires is None:
        doubts.append("the file has no date until which it holds")
    if held.canonical and final not in held.canonical:
        doubts.append("the file does not name the address it came from as its own (Canonical)")
    signed = ", with a signature that was not verified" if held.signed else ""
    found = []
    for one in held.contacts[:EACH]:
        way, address = _way(one)
        wrong = (
            () if way is not Way.MAIL or is_address(address) else ("this is no mail address that can be written to",)
        )
        found.append(
            Contact(
                id="",
                way=way,
                address=address,
                origin=Origin.SECURITY_TXT,
                found_at=final,
                quote=f"Contact: {one}"[:QUOTE],
                doubts=(*doubts, *wrong),
                languages=held.languages,
                key_at=held.encryption[0] if held.encryption else "",
                looked_at=now,
            )
        )
    wrong_lines = f", {len(held.problems)} things in it are not as RFC 9116 has them" if held.problems else ""
    return tuple(found), f"read{signed}: {_counted(len(found))}{wrong_lines}"


def _of_md(content: bytes, final: str, moved: tuple[str, ...], now: datetime) -> tuple[tuple[Contact, ...], str]:
    """Mail addresses, and links whose own words speak of security. Everything else in the file is for people."""
    found: dict[str, Contact] = {}
    for line in content[:MD_BYTES].decode("utf-8", errors="replace").splitlines():
        told = "".join(mark if mark.isprintable() else " " for mark in line).strip()
        hits = [(Way.MAIL, one.strip(".")) for one in _MAIL.findall(told)]
        hits += [(Way.PAGE, one.rstrip(".,;:!?*_")) for one in _LINK.findall(told) if _WORDS.search(one)]
        for way, address in hits:
            if way is Way.MAIL and (not is_address(address) or address.lower().startswith("git@")):
                continue
            found.setdefault(
                address.lower(),
                Contact(
                    id="",
                    way=way,
                    address=address,
                    origin=Origin.SECURITY_MD,
                    found_at=final,
                    quote=told[:QUOTE],
                    doubts=moved,
                    looked_at=now,
                ),
            )
    kept = tuple(found.values())[:EACH]
    return kept, f"read: {_counted(len(kept))}"


def listed(authorities: Iterable[Authority], vendor: str, *, now: datetime) -> tuple[Contact, ...]:
    """CNAs that answer for a vendor: those of that name, else those whose scope has the name as a word."""
    name = " ".join(vendor.split()).casefold()
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    everyone = tuple(authorities)
    exact = [one for one in everyone if name in (one.name.casefold(), one.short.casefold())]
    doubt: tuple[str, ...] = ()
    if not exact and len(name) > SHORT:
        exact = [one for one in everyone if word.search(one.name) or word.search(one.scope)]
        doubt = ("found by a word of its name or scope: read whether it answers for this product",)
    found = [
        Contact(
            id="",
            way=way,
            address=address,
            origin=Origin.CNA_LIST,
            found_at=one.id or one.short or one.name,
            quote=f"{one.name}: {' '.join(one.scope.split())}"[:QUOTE],
            doubts=doubt,
            looked_at=now,
        )
        for one in exact[:EACH]
        for way, addresses in ((Way.MAIL, one.mails), (Way.PAGE, one.pages))
        for address in addresses
        if (is_address(address) if way is Way.MAIL else _LINK.fullmatch(address))
    ]
    return tuple(found[:EACH])


def _way(address: str) -> tuple[Way, str]:
    scheme, _, rest = address.partition(":")
    if scheme == "mailto":
        return Way.MAIL, unquote(rest.partition("?")[0])
    return (Way.PHONE, rest) if scheme == "tel" else (Way.PAGE, address)


def _counted(number: int) -> str:
    return {0: "no way to reach anybody in it", 1: "one proposal"}.get(number, f"{number} proposals")


# Kept with the case -------------------------------------------------------------------------------------------------


def added(held: Coordination, looks: Iterable[Look], found: Iterable[Contact]) -> Coordination:
    """The case with what was looked for and found. An address that is known keeps its number and its judgement."""
    contacts = list(held.contacts)
    used = max((int(one.id[1:]) for one in contacts), default=0)
    for one in found:
        known = next((at for at, old in enumerate(contacts) if _same(old, one)), None)
        if known is not None:
            old = contacts[known]
            contacts[known] = replace(
                one, id=old.id, standing=old.standing, judged_by=old.judged_by, judged_at=old.judged_at, why=old.why
            )
            continue
        used += 1
        contacts.append(replace(one, id=f"c{used}"))
    for one in [one for one in contacts if one.standing is Standing.PROPOSED][: max(0, len(contacts) - KEPT)]:
        contacts.remove(one)
    return replace(held, contacts=tuple(contacts), looks=(*held.looks, *looks)[-LOOKS:])


def judged(held: Coordination, id_: str, standing: Standing, *, by: str, why: str, at: datetime) -> Coordination:
    """A person's word on a proposal: confirmed or refused. Missing for none; Conflict for an address nobody can use."""
    one = next((one for one in held.contacts if one.id == id_), None)
    if one is None:
        raise Missing("no such proposal")
    if standing is Standing.CONFIRMED and one.way is Way.MAIL and not is_address(one.address):
        raise Conflict("this is no mail address that can be written to: refuse it, or ask the project")
    said = replace(one, standing=standing, judged_by=by, judged_at=at, why=why)
    return replace(held, contacts=tuple(said if old.id == id_ else old for old in held.contacts))


def check_writable(held: Coordination, address: str) -> None:
    """Conflict for an address that came out of a file and that nobody confirmed, or that somebody refused."""
    same = [c for c in held.contacts if c.way is Way.MAIL and c.address.casefold() == address.casefold()]
    if same and not any(one.standing is Standing.CONFIRMED for one in same):
        one = same[0]
        raise Conflict(
            f"this address was found in {one.origin} and is {one.standing}: confirm {one.id} before you write to it"
        )


def _same(old: Contact, new: Contact) -> bool:
    return (old.way, old.address.casefold(), old.origin, old.found_at) == (
        new.way,
        new.address.casefold(),
        new.origin,
        new.found_at,
    )
