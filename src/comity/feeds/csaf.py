"""Collect the documents of a CSAF provider: what it lists, what changed since, each checked against its own hash.

(1) find the metadata: the well-known address, `security.txt`, then the DNS name (CSAF 2.0, 7.1.8 to 7.1.10)
(2) read what it lists: its open ROLIE feeds, else `changes.csv` or `index.txt` of its folders
(3) keep what has not changed since the last time; ask for the rest, newest first, one at a time; where a list says
    nothing of when, for what is not held first, then for the rest again
(4) a document counts when its hash fits, and its signature where the provider signs; one that does not is left out,
    and an earlier version of it that did is kept
Everything is asked for through `web`, with its manners, limits and guard.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from comity.errors import ComityError, Forbidden, Invalid, Problem, Tampered, TooLarge, Unavailable
from comity.feeds import download
from comity.feeds.web import Fetched, Reader
from comity.formats import csaf_archive, csaf_source
from comity.formats.csaf_archive import Entry, Listing
from comity.formats.csaf_source import Listed, Provider

DOCUMENTS: Final = 2000
"""Asked for in one run; a larger provider is caught up with over several."""
GIVE_UP: Final = 10
"""Failures in a row after which the provider is left for now."""
SIGNERS: Final = frozenset({"csaf_trusted_provider"})
"""Roles whose documents all bear a signature (CSAF 2.0, 7.2.3)."""
HASHES: Final = {"sha512": hashlib.sha512, "sha256": hashlib.sha256}

Check: TypeAlias = Callable[[bytes, bytes, Sequence[tuple[str, bytes]]], str]
"""Document, signature, keys as (fingerprint, key): gives the fingerprint that signed. Raises Tampered; Unavailable
where nothing here can check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a run brought. `archive` is what is to be held; `waiting` documents come with the next run."""

    archive: bytes
    provider: Provider
    documents: int
    fetched: int
    waiting: int
    unchecked: int
    """Documents with a signature that nothing here could check."""
    left_out: tuple[Problem, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything that the provider lists is held in the listed version."""
        return not self.waiting and not self.left_out


@dataclass(slots=True, kw_only=True)
class Collector:
    """One run over one provider."""

    reader: Reader
    check: Check
    most: int = DOCUMENTS
    _keys: list[tuple[str, bytes]] = field(default_factory=list)
    _must_sign: bool = False

    def collect(self, address: str, before: bytes | None) -> Collected:
        """All that the provider lists now. `before`: the archive of the last run, None for the first.

        `address` is a host or the address of a `provider-metadata.json`. Raises Invalid for what is no provider,
        Unavailable when it cannot be read now: then what is held stays.
        """
        found = self._provider(address)
        listed = self._listed(found)
        if not listed:
            reason = "its lists name no document: what is held is held still"
            raise Invalid("this CSAF provider cannot be read", [Problem("", "says_nothing", reason)])
        self._keys = [(mark, data) for mark, place in found.keys if (data := self._maybe(place)) is not None]
        self._must_sign = bool(found.keys) and found.role in SIGNERS
        if self._must_sign and not self._keys:
            raise Unavailable(f"{found.publisher or address} signs its documents, and its key cannot be had now")
        return self._caught_up(found, listed, before)

    def _caught_up(self, found: Provider, listed: Sequence[Listed], archive: bytes | None) -> Collected:
        listing, documents = (None, {}) if archive is None else csaf_archive.unpack(archive)
        before = {one.url: one for one in listing.entries} if listing is not None else {}
        entries: list[Entry] = []
        left_out: list[Problem] = []
        fetched = waiting = unchecked = in_a_row = 0
        first = sorted(listed, key=lambda one: one.updated is None and one.url in before)
        for place, one in enumerate(first):
            held = before.get(one.url)
            if held is not None and one.updated is not None and held.updated == one.updated:
                entries.append(held)
                continue
            if fetched + len(left_out) >= self.most:
                waiting += 1
                entries.extend([held] if held is not None else [])
                continue
            try:
                entry, body, missed = self._document(one)
            except ComityError as error:
                in_a_row = in_a_row + 1 if isinstance(error, Unavailable) else 0
                if in_a_row >= GIVE_UP:
                    raise Unavailable(f"{GIVE_UP} documents in a row could not be had: {error}") from error
                code = "wrong_digest" if isinstance(error, Tampered) else "not_fetched"
                left_out.append(Problem(f"/documents/{place}", code, str(error)))
                entries.extend([held] if held is not None else [])
                continue
            in_a_row = 0
            fetched += 1
            unchecked += missed
            entries.append(entry)
            documents[entry.sha256] = body
        now = Listing(
            format=csaf_archive.FORMAT,
            provider=found.url,
            publisher=found.publisher,
            updated=found.updated,
            entries=tuple(sorted(entries, key=lambda one: one.url)),
        )
        return Collected(
            archive=archive if archive is not None and now == listing else csaf_archive.write(now, documents),
            provider=found,
            documents=len(entries),
            fetched=fetched,
            waiting=waiting,
            unchecked=unchecked,
            left_out=tuple(left_out),
        )

    def _provider(self, address: str) -> Provider:
        # (1)
        if "://" in address:
            place = download.address(address, private=self.reader.private)
            return csaf_source.provider(self._must(place), place)
        places = (
            f"https://{address}/.well-known/csaf/provider-metadata.json",
            f"https://{address}/.well-known/security.txt",
            f"https://csaf.data.security.{address}/",
        )
        for place in places:
            data = self._maybe(place)
            if data is None:
                continue
            if place.endswith("/security.txt"):
                named = csaf_source.security_txt(data)
                if named:
                    return self._provider(named if "://" in named else f"https://{address}/{named.lstrip('/')}")
                continue
            return csaf_source.provider(data, place)
        raise Unavailable(f"{address} shows no CSAF provider at the addresses that the standard names")

    def _listed(self, found: Provider) -> tuple[Listed, ...]:
        # (2)
        held: dict[str, Listed] = {}
        for place in found.feeds:
            for one in csaf_source.feed(self._must(place), place):
                held.setdefault(one.url, one)
        if held:
            return tuple(held.values())
        for folder in found.directories:
            dated = self._maybe(f"{folder}changes.csv")
            if dated is not None:
                listed = csaf_source.changes(dated, folder)
            else:
                listed = csaf_source.index(self._must(f"{folder}index.txt"), folder)
            for one in listed:
                held.setdefault(one.url, one)
        return tuple(held.values())

    def _document(self, one: Listed) -> tuple[Entry, bytes, bool]:
        # (4)
        body = self._must(one.url)
        checked = ""
        for name in ("sha512", "sha256"):
            place = one.hashes.get(name)
            said = self._maybe(place) if place else None
            if said is None:
                if place and one.sure:
                    raise Unavailable(f"its {name} file cannot be had")
                continue
            if csaf_source.stated_hash(said, name) != HASHES[name](body).hexdigest():
                raise Tampered(f"its {name} is not the one that the provider states: left out")
            checked = name
            break
        signed, missed = "", False
        signature = self._maybe(one.signature) if one.signature and self._keys else None
        if signature is None and self._must_sign:
            raise Tampered("the provider signs its documents, and this one has no signature: left out")
        if signature is not None:
            try:
                signed = self.check(body, signature, self._keys)
            except Unavailable:
                missed = True
        entry = Entry(
            url=one.url,
            updated=one.updated,
            sha256=hashlib.sha256(body).hexdigest(),
            checked=checked,
            signed=signed,
        )
        return entry, body, missed

    def _must(self, place: str) -> bytes:
        got = self.reader.fetch(download.address(place, private=self.reader.private))
        if not isinstance(got, Fetched):
            raise Unavailable(f"{urlsplit(place).hostname} does not give {urlsplit(place).path[-80:]} to machines now")
        return got.content

    def _maybe(self, place: str) -> bytes | None:
        """None for what is not there. A host that cannot be reached, or leads inside a network, is no document."""
        try:
            return self._must(place)
        except (Unavailable, Forbidden, Invalid, TooLarge):
            return None
