"""The index by which a new report finds those it is compared with; opened by clearing alone.

A key is kept as 63 bits of a keyed digest with the time of its report, in one clustered index, so the reports under a
key nearest in time are read at a cost that does not grow with the pool. What is compared (the profile) is sealed under
a key of its own, like every record. A clash of digests only brings in a report that shares nothing.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, delete, func, insert, select, text

from comity.model.ids import ReportId
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import metadata

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
SECONDS: Final = 1_000_000


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
    marks: list[dict[str, Any]] = []
    for one in held:
        if one.report in known:
            continue
        at = _micro(one.at)
        own = sorted({_mark(secret, key) for key in one.keys})
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
        marks.extend({"mark": mark, "at": at, "report": one.report} for mark in own)
    if profiles:
        tx.connection.execute(insert(report_profiles), profiles)
    if marks:
        marks.sort(key=lambda row: (row["mark"], row["at"]))
        tx.connection.execute(insert(report_keys), marks)


def near(tx: Tx, keys: Sequence[str], at: datetime, *, each: int) -> Mapping[ReportId, tuple[str, ...]]:
    """Reports under these keys, with the keys they share: of every key the `each` nearest in time before and after."""
    if not keys:
        return {}
    secret = tx.master.derive(_PURPOSE)
    moment = _micro(at)
    parts: list[str] = []
    values = {"at": moment, "each": each}
    for place, key in enumerate(keys):
        values[f"m{place}"] = _mark(secret, key)
        for way, order in (("<=", "DESC"), (">", "ASC")):
            parts.append(
                f"SELECT {place} AS place, report FROM (SELECT report FROM report_keys WHERE mark = :m{place} "  # noqa: S608  numbers and words fixed here
                f"AND at {way} :at ORDER BY at {order}, report LIMIT :each) AS t{len(parts)}"
            )
    found: dict[ReportId, dict[str, None]] = {}
    for row in tx.connection.execute(text(" UNION ALL ".join(parts)), values):
        found.setdefault(ReportId(row.report), {})[keys[row.place]] = None
    return {report: tuple(shared) for report, shared in found.items()}


def profiles(tx: Tx, reports: Iterable[ReportId]) -> Mapping[ReportId, bytes]:
    """The sealed profiles of these reports, opened; those that are not filed are absent."""
    query = select(report_profiles).where(report_profiles.c.report.in_(list(reports)))
    return {
        ReportId(row.report): unseal(tx.master, _place(row.report), Sealed(wrapped=row.wrapped, body=row.sealed))
        for row in tx.connection.execute(query)
    }


def count(tx: Tx, key: str, *, most: int) -> int:
    """How many reports are filed under a key; counted up to `most`."""
    mark = _mark(tx.master.derive(_PURPOSE), key)
    some = select(report_keys.c.report).where(report_keys.c.mark == mark).limit(most).subquery()
    return int(tx.connection.execute(select(func.count()).select_from(some)).scalar() or 0)


def times(tx: Tx, key: str, since: datetime, until: datetime, *, most: int) -> list[datetime]:
    """When the reports under a key came in between two moments, oldest first, at most `most`."""
    mark = _mark(tx.master.derive(_PURPOSE), key)
    query = (
        select(report_keys.c.at)
        .where(report_keys.c.mark == mark, report_keys.c.at >= _micro(since), report_keys.c.at <= _micro(until))
        .order_by(report_keys.c.at)
        .limit(most)
    )
    return [datetime.fromtimestamp(at / SECONDS, UTC) for at in tx.connection.execute(query).scalars()]


def drop(tx: Tx, report: ReportId) -> None:
    """Take a report out of the index: key, profile and all. Nothing happens for one that is not filed."""
    row = tx.connection.execute(select(report_profiles).where(report_profiles.c.report == report)).first()
    if row is None:
        return
    for mark in struct.unpack(f">{len(row.marks) // 8}q", row.marks):
        tx.connection.execute(
            delete(report_keys).where(
                report_keys.c.mark == mark, report_keys.c.at == row.at, report_keys.c.report == report
            )
        )
    tx.connection.execute(delete(report_profiles).where(report_profiles.c.report == report))


def _mark(secret: bytes, key: str) -> int:
    return int.from_bytes(hmac.digest(secret, key.encode(), hashlib.sha256)[:8], "big") >> 1


def _micro(at: datetime) -> int:
    return int(at.timestamp() * SECONDS)


def _place(report: str) -> str:
    return f"profiles/{report}"
