"""The IO of a scan: which advisories and signals to ask (the mirrors, else the starter data), and this machine's lists.

With an earlier day asked about, what is dated later is left out, and a mirror that is newer than that day counts as of
that day. The answer says so.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

from comity.defend import answer, by_cpe, scan
from comity.defend.answer import Knowledge
from comity.defend.flow import Machines
from comity.defend.flow_register import own_advisories, releases, shelf
from comity.defend.scan import Scan, Signals, Source
from comity.defend.segments import Feed
from comity.errors import Missing, Unavailable
from comity.formats import osv_bundle, pack, times
from comity.formats import upstream as reader
from comity.formats.listings import distribution, python, system
from comity.formats.upstream import Upstream
from comity.formats.versions.identity import Package, canonical_ecosystem, canonical_name
from comity.model import ids, signals
from comity.model.advisory import Advisory
from comity.model.asset import Reach
from comity.model.ids import Digest
from comity.model.inventory import Contents
from comity.model.signals import Fact
from comity.store import mirrored, upstream
from comity.store.engine import Tx
from comity.store.upstream import Mirror

DPKG: Final = Path("/var/lib/dpkg/status")
APK: Final = (Path("/usr/lib/apk/db/installed"), Path("/lib/apk/db/installed"))
"""The newer place first."""
RPM: Final = (Path("/usr/lib/sysimage/rpm"), Path("/var/lib/rpm"))
"""Where RPM keeps its database, a binary one: it is named, not read."""
RPM_UNREAD: Final = (
    "RPM's database; to have it, scan the list that `(cat /etc/os-release; rpm -qa) > packages.txt` makes"
)
SYSTEM_UNREAD: Final = "the system's own packages: no list of dpkg or apk is here; name an SBOM of the machine instead"
_NAME: Final = re.compile(rb'"name":"([^"\\\\]{1,512})"')
"""Names of packages in a line of the starter data, which holds no escape in them."""
OS_RELEASE: Final = Path("/etc/os-release")


def run(machines: Machines, contents: Contents, *, day: date | None, reach: Reach) -> Scan:
    """Scan an inventory now, or as of the end of an earlier day."""
    now = machines.now()
    at = now if day is None else min(now, datetime.combine(day, time(23, 59, 59), tzinfo=UTC))
    names = answer.packages([contents])
    with machines.store.read() as tx:
        known, sources = knowledge_at(tx, machines, names, at=at, cut=day is not None, named=by_cpe.keys([contents]))
        said = signals_at(tx, machines, at=at, cut=day is not None)
    return scan.scan(
        contents,
        known,
        said,
        now=at,
        max_age=machines.settings.feed_age,
        table=pack.shipped_table(pack.BOD_26_04),
        reach=reach,
        as_of=day is not None,
        sources=sources,
    )


def here() -> Contents:
    """What is installed on this machine: the system's packages where its list is known, and this Python's. Unavailable
    when there is neither."""
    parts: list[Contents] = []
    if DPKG.exists():
        parts.append(system.dpkg(DPKG.read_bytes(), release=_release()))
    elif installed := next((one for one in APK if one.exists()), None):
        parts.append(system.apk(installed.read_bytes(), release=_release()))
    has_system = bool(parts)
    pairs = sorted({(one.name, one.version) for one in metadata.distributions() if one.name and one.version})
    if pairs:
        parts.append(python.environment(pairs, subject="this Python"))
    if not parts:
        raise Unavailable("no package list of this machine can be read: name a file instead")
    notes = [note for part in parts for note in part.notes]
    has_rpm = any(folder.is_dir() and any(folder.iterdir()) for folder in RPM)
    unread = (RPM_UNREAD,) if has_rpm else () if has_system else (SYSTEM_UNREAD,)
    notes += [f"not read: {one}" for one in unread]
    notes.append("read: " + ", ".join(f"{part.format} ({len(part.components)})" for part in parts))
    return Contents(
        components=tuple(component for part in parts for component in part.components),
        subject="this machine",
        format=" and ".join(part.format for part in parts),
        notes=tuple(notes),
        unread=unread,
    )


def _release() -> str:
    """`Debian:12` out of this machine's os-release; "" where it has none."""
    if not OS_RELEASE.exists():
        return ""
    return distribution.of_os_release(OS_RELEASE.read_text(encoding="utf-8", errors="replace"))


def knowledge_at(
    tx: Tx,
    machines: Machines,
    names: Iterable[Package],
    *,
    at: datetime,
    cut: bool,
    named: Iterable[by_cpe.Key] = (),
) -> tuple[Knowledge, list[Source]]:
    """What the mirrors (else the starter data) and this host say about these packages, as known at a moment."""
    wanted = frozenset(names)
    held = mirrored.feeds(tx)
    named_releases = releases(tx, held, wanted)
    feeds: list[tuple[Feed, Digest]] = []
    sources: list[Source] = []
    advisories: list[Advisory]
    if held:
        stated = [(one.ecosystem, one.source, one.as_of, one.digest) for one in held]
        advisories = [advisory for _, advisory in mirrored.about(tx, wanted)]
    else:
        stated, advisories = _starter(wanted)
    for ecosystem, name, dated, stamp in stated:
        is_cut = cut and dated is not None and dated > at
        as_of = min(dated, at) if dated is not None and cut else dated
        feed = Feed(ecosystem=ecosystem, source=name, as_of=as_of or times.EPOCH, releases=named_releases.get(name))
        feeds.append((feed, stamp))
        stale = as_of is None or as_of > at or at - as_of > machines.settings.feed_age
        sources.append(Source(name=name, as_of=as_of, stale=stale, cut=is_cut))
    own = own_advisories(tx)
    if cut:
        advisories = [one for one in advisories if scan.known_by(one, at)]
        own = tuple(one for one in own if scan.known_by(one, at))
    return answer.knowledge(advisories, feeds, own, at=at, cpes=_cpes(tx, frozenset(named), at=at, cut=cut)), sources


def _cpes(tx: Tx, named: frozenset[by_cpe.Key], *, at: datetime, cut: bool) -> by_cpe.Shelf:
    """What CVE records say by CPE. Of records newer than the day asked about nothing: they bear no day of their own."""
    if not named:
        return by_cpe.Shelf()
    try:
        own_date = upstream.mirror(tx, signals.SSVC_SOURCE).as_of
        found = shelf(tx, named)
    except Missing:
        ssvc = _starter_signals()[1]
        own_date = ssvc.as_of
        source = f"starter data: {ssvc.source}"
        found = by_cpe.shelf(((source, one) for one in ssvc.products), named, {source: ssvc.as_of})
    if not cut:
        return found
    if own_date is None or own_date > at:
        return by_cpe.Shelf()
    return replace(found, dates={name: min(dated or own_date, at) for name, dated in found.dates.items()})


def _starter(
    names: frozenset[Package],
) -> tuple[list[tuple[str, str, datetime | None, Digest]], list[Advisory]]:
    """The starter advisories that may name one of these packages; whole records are read of those alone."""
    stated: list[tuple[str, str, datetime | None, Digest]] = []
    found: list[Advisory] = []
    for ecosystem, lines, at, stamp in _starter_lines():
        stated.append((ecosystem, f"starter data: OSV {ecosystem}", at, stamp))
        wanted = {name for family, name in names if family == canonical_ecosystem(ecosystem)}
        kept = b"\n".join(line for line, named in lines if not named.isdisjoint(wanted))
        if kept:
            found.extend(record.advisory for record in osv_bundle.read(kept).records)
    return stated, found


@cache
def _starter_lines() -> tuple[tuple[str, tuple[tuple[bytes, frozenset[str]], ...], datetime, Digest], ...]:
    held = []
    for data, at in pack.starter_advisories():
        lines = [line for line in data.splitlines() if line]
        ecosystem = osv_bundle.read(lines[0]).ecosystem
        held.append(
            (
                ecosystem,
                tuple(
                    (line, frozenset(canonical_name(ecosystem, name.decode()) for name in _NAME.findall(line)))
                    for line in lines
                ),
                at,
                ids.digest(data),
            )
        )
    return tuple(held)


def signals_at(tx: Tx, machines: Machines, *, at: datetime, cut: bool) -> Signals:
    """What upstream says of vulnerabilities, as known at a moment."""
    kev, kev_source = _facts(tx, machines, signals.KEV_SOURCE, at=at, cut=cut)
    ssvc, ssvc_source = _facts(tx, machines, signals.SSVC_SOURCE, at=at, cut=cut)
    return Signals(
        kev={
            fact.subject: date.fromisoformat(fact.value) if fact.value else None
            for fact in kev
            if fact.name == signals.KEV_ADDED
        },
        automatable={fact.subject: fact.value for fact in ssvc if fact.name == signals.AUTOMATABLE and fact.value},
        impact={fact.subject: fact.value for fact in ssvc if fact.name == signals.IMPACT and fact.value},
        sources=(kev_source, ssvc_source),
        kev_fresh=not kev_source.stale,
    )


def _facts(tx: Tx, machines: Machines, source: str, *, at: datetime, cut: bool) -> tuple[tuple[Fact, ...], Source]:
    try:
        mirror = upstream.mirror(tx, source)
        facts = _held(tx, source, mirror)
        found = Upstream(source=source, as_of=mirror.current_as_of, facts=facts, subjects=0)
        name = source
    except Missing:
        kev, ssvc = _starter_signals()
        found = kev if source == signals.KEV_SOURCE else ssvc
        name = f"starter data: {source}"
    later = found.as_of is not None and found.as_of > at
    if cut:
        found = scan.cut(found, at)
    stale = found.as_of is None or found.as_of > at or at - found.as_of > machines.settings.feed_age
    return found.facts, Source(name=name, as_of=found.as_of, stale=stale, cut=cut and later)


def _held(tx: Tx, source: str, mirror: Mirror) -> tuple[Fact, ...]:
    """The facts of this state of a mirror: the newest state that was read of each is kept, since every page asks."""
    state = (mirror.digest, mirror.fetched_at, mirror.facts)
    kept = _KEPT.get((tx.store_id, source))
    if kept is None or kept[0] != state:
        names = (signals.KEV_ADDED, signals.AUTOMATABLE, signals.IMPACT)
        kept = (state, tuple(fact for name in names for fact in upstream.facts(tx, source, name)))
        while len(_KEPT) >= SOURCES:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[tx.store_id, source] = kept
    return kept[1]


SOURCES: Final = 8
"""States of mirrors that one process keeps."""
_KEPT: dict[tuple[str, str], tuple[object, tuple[Fact, ...]]] = {}


@cache
def _starter_signals() -> tuple[Upstream, Upstream]:
    kev, ssvc = pack.starter()
    return reader.kev(kev), reader.cve_records(ssvc)
