"""Look at the upstream addresses that the operator named, by a durable clock or when somebody asks.

A look asks conditionally, takes in what is new, and keeps what became of it. A look that fails, at whatever point,
leaves the mirror as it was: the last good copy stays, with its own dates, and the failure stands beside it.

The clock's moments lie on a grid of the interval, at a place in it that differs from host to host, so that not all
hosts ask one publisher in the same minute. Nothing is looked at on a host that names no mirror, or is set offline.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from comity.admin import mirrors
from comity.admin.mirrors import Expected, Taken
from comity.durable.engine import Control
from comity.durable.flows import Flow, sleep_until, step
from comity.durable.flows import flow as named
from comity.errors import ComityError, Conflict, Missing
from comity.feeds import sources
from comity.feeds.csaf import DOCUMENTS, Collector
from comity.feeds.download import TRIES, Download, Later, Unchanged
from comity.feeds.kept import Kept
from comity.feeds.sources import Wanted, What
from comity.feeds.web import Known, Reader
from comity.model.ids import digest
from comity.model.party import Viewer
from comity.settings import Settings
from comity.store import mirror_checks
from comity.store.engine import Store
from comity.store.mirror_checks import Check, Outcome

CLOCK: Final = "mirrors.clock"
ONCE: Final = "mirrors.once"
TERMINAL: Final = "terminal"
_ZERO: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What a look needs. `check` verifies a CSAF provider's OpenPGP signatures (`sealing.openpgp.signer_of`)."""

    store: Store
    settings: Settings
    now: Callable[[], datetime]
    check: Callable[[bytes, bytes, Sequence[tuple[str, bytes]]], str]
    tries: int = TRIES

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The mirrors that this host keeps."""
        return sources.read(self.settings.mirrors)

    @property
    def every(self) -> timedelta:
        """Between two looks; zero: never by itself."""
        return timedelta(hours=self.settings.mirror_hours)

    @property
    def kept(self) -> Kept:
        """Where the bytes of mirrors lie."""
        return kept(self.settings)


def kept(settings: Settings) -> Kept:
    """Where a host keeps the bytes of its mirrors: public, and no part of a backup."""
    return Kept(settings.data / "mirrors")


def flows(machines: Machines, control: Control) -> tuple[Flow, ...]:
    """The clock, which hands on before it looks, so that a look that fails ends no clock; and a look that was asked."""

    @named(CLOCK)
    def look_again(at: str) -> None:
        sleep_until(datetime.fromisoformat(at))
        following = step("plan", planned, machines, at)
        step("hand on", start_clock, control, following)
        if following:
            for name in step("list mirrors", names, machines):
                step(f"look at {name}", looked, machines, name, "")

    @named(ONCE)
    def look_once(name: str, who: str) -> None:
        step(f"look at {name}", looked, machines, name, who)

    return (look_again, look_once)


def resume(machines: Machines, control: Control) -> None:
    """At a start: the clock runs, and what was never looked at, or not for an interval, is looked at now."""
    start_clock(control, next_look(machines))
    if machines.settings.offline or not machines.every:
        return
    now = machines.now()
    with machines.store.read() as tx:
        checks = {one.name: one for one in mirror_checks.every(tx)}
    for one in machines.wanted:
        last = checks.get(one.name)
        if last is None or now - last.checked_at >= machines.every:
            since = "never" if last is None else last.checked_at.isoformat()
            control.start(ONCE, f"{one.name}:since {since}", one.name, "")


def ask(machines: Machines, control: Control, viewer: Viewer, name: str) -> None:
    """Have one mirror looked at soon. Missing for one that this host does not keep; Conflict when it is offline."""
    wanted = sources.named(machines.wanted, name)
    refuse_offline(machines.settings)
    control.start(ONCE, f"{wanted.name}:{machines.now().isoformat()}", wanted.name, viewer.person)


def refuse_offline(settings: Settings) -> None:
    """Conflict on a host that its operator set offline."""
    if settings.offline:
        raise Conflict("this host is set offline (COMITY_OFFLINE): it fetches nothing; take a bundle in instead")


def start_clock(control: Control, at: str) -> None:
    """Start the clock for one moment: once, however often it is asked for."""
    if at:
        control.start(CLOCK, at, at)


def next_look(machines: Machines) -> str:
    """The next moment of the clock (ISO); "" when it is off, or there is nothing to look at."""
    every = machines.every
    if not every or machines.settings.offline or not machines.wanted:
        return ""
    with machines.store.read() as tx:
        zero = _ZERO + every * (int(tx.master.mark("mirrors", "place in the interval")[:8], 16) / 2**32)
    return (zero + every * ((machines.now() - zero) // every + 1)).isoformat()


def planned(machines: Machines, at: str) -> str:
    """The moment after `at`; "" ends this clock: it is off now, or `at` belongs to another interval than today's."""
    following, every = next_look(machines), machines.every
    if not following or (datetime.fromisoformat(following) - datetime.fromisoformat(at)) % every:
        return ""
    return following


def names(machines: Machines) -> list[str]:
    """The mirrors to look at now: not those whose host asked for patience."""
    now, found = machines.now(), []
    with machines.store.read() as tx:
        for one in machines.wanted:
            last = mirror_checks.last(tx, one.name)
            if last is None or last.not_before is None or last.not_before <= now:
                found.append(one.name)
    return found


def looked(machines: Machines, name: str, who: str) -> str:
    """Look at one mirror. Gives how it ended; a mirror that is no longer wanted ends in "gone"."""
    try:
        wanted = sources.named(machines.wanted, name)
    except Missing:
        return "gone"
    if machines.settings.offline:
        return "offline"
    return look(machines, wanted, actor=who).outcome.value


def look(machines: Machines, wanted: Wanted, *, actor: str = "") -> Check:
    """Ask upstream, take in what is new, and keep what became of it. Never raises for what upstream did."""
    at = machines.now()
    with machines.store.read() as tx:
        before = mirror_checks.last(tx, wanted.name)
    last = before or Check(name=wanted.name, address=wanted.address, checked_at=at, outcome=Outcome.FAILED)
    try:
        told = (
            _csaf(machines, wanted, at, actor) if wanted.what is What.CSAF else _file(machines, wanted, last, at, actor)
        )
        check = replace(told, name=wanted.name, checked_at=at, good_at=at)
    except ComityError as error:
        after = error.after if isinstance(error, Later) else None
        check = replace(
            last,
            checked_at=at,
            outcome=Outcome.FAILED,
            said=mirrors.sentence(error),
            failures=last.failures + 1,
            not_before=after,
        )
    except OSError as error:  # a full disk is no word of upstream's, and the other mirrors go on all the same
        said = f"this machine could not keep it: {error.strerror or 'an error of its file system'}"
        check = replace(last, checked_at=at, outcome=Outcome.FAILED, said=said, failures=last.failures + 1)
    check = replace(check, address=wanted.address, source=wanted.source)
    with machines.store.write() as tx:
        mirror_checks.put(tx, check)
    return check


def _file(machines: Machines, wanted: Wanted, last: Check, at: datetime, actor: str) -> Check:
    """A mirror that is one file."""
    held = mirrors.held_of(machines.store, wanted.source)
    is_ours = held is not None and held.digest == last.digest and last.address == wanted.address
    has_bytes = held is not None and machines.kept.has(held.digest)
    known = Known(etag=last.etag, last_modified=last.last_modified) if is_ours and has_bytes else None
    line = Download(
        folder=machines.settings.data / "mirrors" / "parts",
        now=at,
        private=machines.settings.fetch_private,
        contact=machines.settings.public_url,
        tries=machines.tries,
    )
    got = line.fetch(wanted.address, limit_bytes=wanted.limit_bytes, known=known)
    if isinstance(got, Unchanged):
        mirrors.confirm(machines.store, wanted.source, at=at, actor=actor)
        return replace(last, source=wanted.source, outcome=Outcome.SAME, said="upstream has nothing newer", failures=0)
    try:
        data = got.path.read_bytes()
    finally:
        got.path.unlink(missing_ok=True)
    about = Check(
        name=wanted.name,
        address=wanted.address,
        source=wanted.source,
        checked_at=at,
        outcome=Outcome.SAME,
        said="upstream gave the same file again",
        etag=got.known.etag,
        last_modified=got.known.last_modified,
        digest=got.digest,
    )
    held = mirrors.held_of(machines.store, wanted.source)  # again: a file may have been brought while this one came
    if held is not None and held.digest == got.digest:
        machines.kept.put(data)
        mirrors.confirm(machines.store, wanted.source, at=at, actor=actor)
        return about
    taken = mirrors.take_in(
        machines.store,
        data,
        at=at,
        ecosystem=wanted.of if wanted.what is What.OSV else "",
        expected=Expected(form=wanted.form, source=wanted.source),
        fetched_at=at,
        confirmed_at=at,
        kept=machines.kept,
        actor=actor,
    )
    more = f"; {got.resumed} of its bytes had come before" if got.resumed else ""
    return replace(about, outcome=Outcome.CHANGED, said=_told(taken) + more)


def _csaf(machines: Machines, wanted: Wanted, at: datetime, actor: str) -> Check:
    """A mirror that is many documents, kept as one archive."""
    held = mirrors.held_of(machines.store, wanted.source)
    before = machines.kept.get(held.digest) if held is not None else None
    reader = Reader(
        now=at,
        private=machines.settings.fetch_private,
        limit_bytes=wanted.limit_bytes,
        contact=machines.settings.public_url,
    )
    got = Collector(reader=reader, check=machines.check, most=DOCUMENTS).collect(wanted.address, before)
    about = Check(
        name=wanted.name,
        address=wanted.address,
        source=wanted.source,
        checked_at=at,
        outcome=Outcome.SAME,
        said=f"{got.documents} documents, none changed",
        digest=digest(got.archive),
    )
    whole = at if got.is_whole else None
    if held is not None and held.digest == about.digest:
        if whole is not None:
            mirrors.confirm(machines.store, wanted.source, at=at, actor=actor)
        return replace(about, said=about.said + _missing(got.waiting, len(got.left_out)))
    taken = mirrors.take_in(
        machines.store,
        got.archive,
        at=at,
        older_too=True,
        expected=Expected(form=wanted.form, source=wanted.source, may_shrink=True),
        fetched_at=at,
        confirmed_at=whole,
        kept=machines.kept,
        actor=actor,
    )
    unchecked = f"; {got.unchecked} signatures could not be checked here (comity[server])" if got.unchecked else ""
    said = f"{got.documents} documents, {got.fetched} of them fetched now, {taken.mirror.facts} weaknesses"
    missing = _missing(got.waiting, len(got.left_out) + len(taken.left_out))
    return replace(about, outcome=Outcome.CHANGED, said=said + missing + unchecked)


def _missing(waiting: int, left_out: int) -> str:
    told = f"; {waiting} more come with the next looks" if waiting else ""
    return told + (f"; {left_out} left out" if left_out else "")


def _told(taken: Taken) -> str:
    left = f"; {len(taken.left_out)} could not be read in full" if taken.left_out else ""
    return f"{taken.subjects} entries, {taken.mirror.facts} facts{left}"


def following(machines: Machines, at: str, check: Check | None) -> datetime | None:
    """When this mirror is looked at next by itself, where `at` is the next moment of the clock; None when never."""
    if not at:
        return None
    moment = datetime.fromisoformat(at)
    patience = check.not_before if check is not None else None
    while patience is not None and moment < patience:
        moment += machines.every
    return moment
