"""The index by which a new report finds those it is compared with; opened by clearing alone.

A key is kept as 63 bits of keyed digests with the time of its report, in one clustered index, so the reports under a
key nearest in time are read at a cost that does not grow with the pool. A key is words parted by spaces, and its second
word is its group (the package): the first bits are the group's, so the keys of one report lie in a few pages of the
index and not each in a page of its own. Which marks belong together is no secret: each profile's row lists its own.
What is compared (the profile) is sealed under a key of its own, like every record. A clash of digests only brings in a
report that shares nothing.
"""

import hmac
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    LargeBinary,
    Row,
    String,
    Table,
    TextClause,
    delete,
    insert,
    select,
    text,
    update,
)

from comity.model.ids import ReportId
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Store, Tx, insert_many
from comity.store.tables import constants, metadata

report_keys: Final = Table(
    "report_keys",
    metadata,
    Column("mark", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("report", String(32), primary_key=True),
    sqlite_with_rowid=False,
)

report_profiles: Final = Table(
    "report_profiles",
    metadata,
    Column("report", String(32), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("marks", LargeBinary, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

_PURPOSE: Final = "mark/report key"
_GROUPED: Final = "report keys by group"
_ALL: Final = "~"
SECONDS: Final = 1_000_000
GROUP_BITS: Final = 23
"""A clash of groups mixes two packages' pages and nothing else; 40 bits tell the keys of one group apart."""
PAGE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One report as it is filed: its keys, and the profile that is compared."""

    report: ReportId
    at: datetime
    keys: Sequence[str]
    profile: bytes


def put(tx: Tx, filed: Iterable[Filed]) -> None:
    """File reports; one that is filed already is left as it is."""
    held = list(filed)
    names = [one.report for one in held]
    known = set(
        tx.connection.execute(select(report_profiles.c.report).where(report_profiles.c.report.in_(names))).scalars()
    )
    secret = tx.master.derive(_PURPOSE)
    profiles: list[dict[str, Any]] = []
    marks: list[tuple[int, int, str]] = []
    groups: dict[str, int] = {}
    for one in held:
        if one.report in known:
            continue
        at = _micro(one.at)
        own = sorted({_mark(secret, key, groups) for key in one.keys})
        sealed = seal(tx.master, _place(one.report), one.profile)
        profiles.append(
            {
                "report": one.report,
                "at": at,
                "marks": struct.pack(f">{len(own)}q", *own),
                "wrapped": sealed.wrapped,
                "sealed": sealed.body,
            }
        )
        marks.extend((mark, at, one.report) for mark in own)
    if profiles:
        tx.connection.execute(insert(report_profiles), profiles)
    insert_many(tx, report_keys, sorted(marks))


def near(tx: Tx, keys: Mapping[str, int], at: datetime) -> dict[ReportId, tuple[str, ...]]:
    """Reports under these keys, with the keys they share: of each the given number nearest in time on either side."""
    if not keys:
        return {}
    secret, groups, names = tx.master.derive(_PURPOSE), dict[str, int](), list(keys)
    values = {"at": _micro(at)}
    for place, key in enumerate(names):
        values |= {f"m{place}": _mark(secret, key, groups), f"n{place}": keys[key]}
    found: dict[ReportId, dict[str, None]] = {}
    for place, report in tx.connection.execute(_nearest(len(names)), values).all():
        found.setdefault(ReportId(report), {})[names[place]] = None
    return {report: tuple(shared) for report, shared in found.items()}


def profiles(tx: Tx, reports: Iterable[ReportId]) -> Mapping[ReportId, bytes]:
    """The sealed profiles of these reports, opened; those that are not filed are absent."""
    query = select(report_profiles).where(report_profiles.c.report.in_(list(reports)))
    return {
        ReportId(row.report): unseal(tx.master, _place(row.report), Sealed(wrapped=row.wrapped, body=row.sealed))
        for row in tx.connection.execute(query)
    }


def counts(tx: Tx, keys: Sequence[str], *, most: int) -> Mapping[str, int]:
    """How many reports are filed under each key; counted up to `most`, in one question."""
    if not keys:
        return {}
    secret, groups = tx.master.derive(_PURPOSE), dict[str, int]()
    values = {"most": most, **{f"m{place}": _mark(secret, key, groups) for place, key in enumerate(keys)}}
    return {keys[place]: held for place, held in tx.connection.execute(_crowds(len(keys)), values).all()}


def times(tx: Tx, key: str, since: datetime, until: datetime, *, most: int) -> list[datetime]:
    """When the reports under a key came in between two moments, oldest first, at most `most`."""
    mark = _mark(tx.master.derive(_PURPOSE), key, {})
    query = (
        select(report_keys.c.at)
        .where(report_keys.c.mark == mark, report_keys.c.at >= _micro(since), report_keys.c.at <= _micro(until))
        .order_by(report_keys.c.at)
        .limit(most)
    )
    return [datetime.fromtimestamp(at / SECONDS, UTC) for at in tx.connection.execute(query).scalars()]


def regroup(store: Store, keys_of: Callable[[bytes], Sequence[str]]) -> None:
    """File what was filed before keys had groups under its present keys, once for this store.

    `keys_of` gives the keys of a profile. Each turn is one transaction with the place where the next one begins, so a
    host that stops midway goes on there, and workers that start together share the turns; a report filed meanwhile is
    filed rightly already, and is left as it is.
    """
    with store.read() as tx:
        start = _next_turn(tx)
    while start != _ALL:
        with store.write() as tx:
            start = _regroup(tx, _next_turn(tx), keys_of)


def _next_turn(tx: Tx) -> str:
    return tx.connection.execute(select(constants.c.value).where(constants.c.name == _GROUPED)).scalar() or ""


def _regroup(tx: Tx, start: str, keys_of: Callable[[bytes], Sequence[str]]) -> str:
    if start == _ALL:
        return start
    query = select(report_profiles).where(report_profiles.c.report > start).order_by(report_profiles.c.report)
    held = tx.connection.execute(query.limit(PAGE)).all()
    secret, groups = tx.master.derive(_PURPOSE), dict[str, int]()
    for row in held:
        profile = unseal(tx.master, _place(row.report), Sealed(wrapped=row.wrapped, body=row.sealed))
        was = set(struct.unpack(f">{len(row.marks) // 8}q", row.marks))
        own = sorted({_mark(secret, key, groups) for key in keys_of(profile)})
        if was == set(own):
            continue
        _unfile(tx, row)
        insert_many(tx, report_keys, [(mark, row.at, row.report) for mark in own])
        here = update(report_profiles).where(report_profiles.c.report == row.report)
        tx.connection.execute(here.values(marks=struct.pack(f">{len(own)}q", *own)))
    following = held[-1].report if len(held) == PAGE else _ALL
    tx.connection.execute(delete(constants).where(constants.c.name == _GROUPED))
    tx.connection.execute(insert(constants).values(name=_GROUPED, value=following))
    return following


def drop(tx: Tx, report: ReportId) -> None:
    """Take a report out of the index: key, profile and all. Nothing happens for one that is not filed."""
    row = tx.connection.execute(select(report_profiles).where(report_profiles.c.report == report)).first()
    if row is None:
        return
    _unfile(tx, row)
    tx.connection.execute(delete(report_profiles).where(report_profiles.c.report == report))


@lru_cache(maxsize=128)
def _nearest(number: int) -> TextClause:
    """The question of `near` for so many keys, kept: writing and reading it anew costs as much as its answer."""
    return text(
        " UNION ALL ".join(
            f"SELECT {place} AS place, report FROM (SELECT report FROM report_keys WHERE mark = :m{place} "  # noqa: S608  numbers and words fixed here
            f"AND at {way} :at ORDER BY at {order}, report LIMIT :n{place}) AS t{place}{order}"
            for place in range(number)
            for way, order in (("<=", "DESC"), (">", "ASC"))
        )
    )


@lru_cache(maxsize=128)
def _crowds(number: int) -> TextClause:
    return text(
        " UNION ALL ".join(
            f"SELECT {place} AS place, count(*) AS held FROM "  # noqa: S608  numbers and words fixed here
            f"(SELECT 1 AS one FROM report_keys WHERE mark = :m{place} LIMIT :most) AS t{place}"
            for place in range(number)
        )
    )


def _unfile(tx: Tx, row: Row[Any]) -> None:
    for mark in struct.unpack(f">{len(row.marks) // 8}q", row.marks):
        tx.connection.execute(
            delete(report_keys).where(
                report_keys.c.mark == mark, report_keys.c.at == row.at, report_keys.c.report == row.report
            )
        )


def _mark(secret: bytes, key: str, groups: dict[str, int]) -> int:
    """`GROUP_BITS` of the group, the rest of the key; `groups` keeps those that were worked out."""
    name = " ".join(key.split(" ", 2)[1:2])
    group = groups.get(name)
    if group is None:
        group = groups[name] = _number(secret, f"group {name}") >> (63 - GROUP_BITS) << (63 - GROUP_BITS)
    return group | _number(secret, key) >> GROUP_BITS


def _number(secret: bytes, text_: str) -> int:
    return int.from_bytes(hmac.digest(secret, text_.encode(), "sha256")[:8], "big") >> 1


def _micro(at: datetime) -> int:
    return int(at.timestamp() * SECONDS)


def _place(report: str) -> str:
    return f"profiles/{report}"
