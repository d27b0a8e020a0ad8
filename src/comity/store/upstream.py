"""Mirrored facts from elsewhere (KEV, Vulnrichment, EPSS): each with its source, its date and when fetched.

A mirror is replaced whole, in one transaction, so a reader never meets half of two states. A fact that is not there is
unknown; that a mirror holds no row about a subject is an answer of its own (`is_mirrored`), and never means "no".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select

from comity.errors import Missing
from comity.model import signals
from comity.model.evidence import Signal
from comity.model.ids import Digest
from comity.model.signals import Fact
from comity.store.engine import Tx
from comity.store.tables import mirrors, upstream_facts

CHUNK: Final = 2000
QUIET: Final = {
    signals.KEV_SOURCE: timedelta(days=14),
    signals.SSVC_SOURCE: timedelta(days=14),
    signals.EPSS_SOURCE: timedelta(days=4),
}
"""How long a source rests at most between two dates of its own (ours, and wide: EPSS is daily)."""
QUIET_ELSE: Final = timedelta(days=180)
"""The same for one ecosystem of OSV, and for a provider of CSAF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One upstream source as it is held. `as_of` is the date the source gives itself, None when it gives none."""

    source: str
    as_of: datetime | None
    fetched_at: datetime
    digest: Digest
    facts: int
    confirmed_at: datetime | None = None
    """When upstream last said that these very bytes are its newest; None for a file that somebody brought."""

    @property
    def current_as_of(self) -> datetime | None:
        """The latest moment of which it is known that this is what the source says: what an age is counted from.

        A source that changed nothing for a week is no week old when it was asked this morning. But one whose own date
        lies further back than it ever rests is an old copy, whoever confirms it: then its own date counts.
        """
        return current_as_of(self.source, self.as_of, self.confirmed_at)

    @property
    def is_old_copy(self) -> bool:
        """Whether what upstream gave as its newest was already older, by its own date, than this source ever rests."""
        return is_old_copy(self.source, self.as_of, self.confirmed_at)


def current_as_of(source: str, as_of: datetime | None, confirmed_at: datetime | None) -> datetime | None:
    """The rule of `Mirror.current_as_of`, for dates that come from elsewhere."""
    if is_old_copy(source, as_of, confirmed_at):
        return as_of
    return max((one for one in (as_of, confirmed_at) if one is not None), default=None)


def is_old_copy(source: str, as_of: datetime | None, confirmed_at: datetime | None) -> bool:
    """The rule of `Mirror.is_old_copy`."""
    if as_of is None or confirmed_at is None:
        return False
    return confirmed_at - as_of > QUIET.get(source, QUIET_ELSE)


def replace_mirror(
    tx: Tx,
    source: str,
    facts: Iterable[Fact],
    *,
    as_of: datetime | None,
    fetched_at: datetime,
    digest: Digest,
    confirmed_at: datetime | None = None,
) -> Mirror:
    """Hold these facts as the whole of what the source says. `digest` is of the bytes that were fetched."""
    tx.connection.execute(delete(upstream_facts).where(upstream_facts.c.source == source))
    tx.connection.execute(delete(mirrors).where(mirrors.c.source == source))
    held = {"source": source, "as_of": as_of, "fetched_at": fetched_at, "digest": digest, "facts": 0}
    held["confirmed_at"] = confirmed_at
    tx.connection.execute(insert(mirrors).values(**held))
    number = 0
    for chunk in _chunks(facts):
        tx.connection.execute(insert(upstream_facts), [_row(source, fact) for fact in chunk])
        number += len(chunk)
    tx.connection.execute(mirrors.update().where(mirrors.c.source == source).values(facts=number))
    return Mirror(
        source=source, as_of=as_of, fetched_at=fetched_at, digest=digest, facts=number, confirmed_at=confirmed_at
    )


def confirm(tx: Tx, source: str, *, at: datetime) -> Mirror:
    """Upstream says that what is held is still its newest. Missing when nothing is held; never moves a date back."""
    held = mirror(tx, source)
    if held.confirmed_at is not None and held.confirmed_at >= at:
        return held
    tx.connection.execute(mirrors.update().where(mirrors.c.source == source).values(confirmed_at=at))
    return replace(held, confirmed_at=at)


def about(tx: Tx, subject: str) -> tuple[Signal, ...]:
    """What every mirror says about one subject, by source and name; a fact without a date bears its mirror's."""
    query = (
        select(upstream_facts, mirrors.c.as_of.label("mirror_as_of"))
        .join(mirrors, mirrors.c.source == upstream_facts.c.source)
        .where(upstream_facts.c.subject == subject)
        .order_by(upstream_facts.c.source, upstream_facts.c.name)
    )
    return tuple(
        Signal(name=row.name, value=row.value, source=row.source, as_of=row.as_of or row.mirror_as_of, note=row.note)
        for row in tx.connection.execute(query)
    )


def values(tx: Tx, source: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Every subject about which a source states this fact, with the value; in subject order."""
    query = (
        select(upstream_facts.c.subject, upstream_facts.c.value)
        .where(upstream_facts.c.source == source, upstream_facts.c.name == name)
        .order_by(upstream_facts.c.subject)
    )
    for row in tx.connection.execute(query):
        yield row.subject, row.value


def several(tx: Tx, subjects: Iterable[str]) -> dict[str, dict[tuple[str, str], Fact]]:
    """What every mirror says about these subjects: subject -> (source, name) -> fact."""
    found: dict[str, dict[tuple[str, str], Fact]] = {}
    wanted = sorted(set(subjects))
    for start in range(0, len(wanted), 500):
        query = select(upstream_facts).where(upstream_facts.c.subject.in_(wanted[start : start + 500]))
        for row in tx.connection.execute(query):
            fact = Fact(subject=row.subject, name=row.name, value=row.value, as_of=row.as_of, note=row.note)
            found.setdefault(row.subject, {})[row.source, row.name] = fact
    return found


def facts(tx: Tx, source: str, name: str) -> Iterator[Fact]:
    """Every statement of one kind that a source makes, in subject order, each with its own date where it bears one."""
    query = (
        select(upstream_facts)
        .where(upstream_facts.c.source == source, upstream_facts.c.name == name)
        .order_by(upstream_facts.c.subject)
    )
    for row in tx.connection.execute(query):
        yield Fact(subject=row.subject, name=row.name, value=row.value, as_of=row.as_of, note=row.note)


def mirror(tx: Tx, source: str) -> Mirror:
    """One mirror's state. Missing when this source was never fetched."""
    row = tx.connection.execute(select(mirrors).where(mirrors.c.source == source)).first()
    if row is None:
        raise Missing(f"{source} was never fetched: fetch it or import an offline bundle")
    return _mirror(row)


def all_mirrors(tx: Tx) -> tuple[Mirror, ...]:
    """Every mirror that is held, in source order."""
    return tuple(_mirror(row) for row in tx.connection.execute(select(mirrors).order_by(mirrors.c.source)))


def is_mirrored(tx: Tx, source: str, subject: str) -> bool:
    """True when the source, as held here, has a row about this subject."""
    query = select(upstream_facts.c.name).where(upstream_facts.c.source == source, upstream_facts.c.subject == subject)
    return tx.connection.execute(query.limit(1)).first() is not None


def _chunks(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    chunk: list[Fact] = []
    for fact in facts:
        chunk.append(fact)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _mirror(row: Row[Any]) -> Mirror:
    return Mirror(
        source=row.source,
        as_of=row.as_of,
        fetched_at=row.fetched_at,
        digest=Digest(row.digest),
        facts=row.facts,
        confirmed_at=row.confirmed_at,
    )


def _row(source: str, fact: Fact) -> dict[str, object]:
    return {
        "source": source,
        "subject": fact.subject,
        "name": fact.name,
        "value": fact.value,
        "as_of": fact.as_of,
        "note": fact.note,
    }
