"""Epochs, questions and tags of the blind check at rest. Nothing here says what a question was about.

A tag is worth something only to whoever can compute it, so tags are kept as they are and deleted with their epoch. The
epoch's secret is sealed, and its row is emptied when the epoch ends: old tags can then never be made again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from comity.errors import Conflict, Missing
from comity.model.blind import Epoch, Level, Part, Question, Standing
from comity.model.case import Stage
from comity.model.ids import Digest, PartyId, ReportId
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.tables import Moment, case_reports, cases, metadata, reports

blind_epochs: Final = Table(
    "blind_epochs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("public", LargeBinary, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

blind_questions: Final = Table(
    "blind_questions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("organisation", String(64), nullable=False),
    Column("person", String(64), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("document", String(64), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("opens_by", Moment, nullable=False),
    Column("standing", String(16), nullable=False),
    Column("report", String(32), nullable=True),
    Index("ix_blind_questions_organisation_epoch", "organisation", "epoch"),
)

blind_parts: Final = Table(
    "blind_parts",
    metadata,
    Column("commitment", String(64), primary_key=True),
    Column("question", String(32), ForeignKey("blind_questions.id"), nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("element", LargeBinary, nullable=False),
)
"""`commitment` is the key: one commitment is answered once, whoever brings it."""

blind_shelves: Final = Table(
    "blind_shelves",
    metadata,
    Column("question", String(32), ForeignKey("blind_questions.id"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("prefix", Integer, primary_key=True),
)
"""Which buckets a question was given: as many as it has commitments of that level, and no more."""

blind_widths: Final = Table(
    "blind_widths",
    metadata,
    Column("question", String(32), ForeignKey("blind_questions.id"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("bits", Integer, nullable=False),
)
"""How many bits of a tag name a bucket for this question: told once, so it stays, whatever comes in meanwhile."""

blind_tags: Final = Table(
    "blind_tags",
    metadata,
    Column("report", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("tag", LargeBinary, primary_key=True),
    Column("prefix", Integer, nullable=False),
    Index("ix_blind_tags_level_prefix", "level", "prefix"),
)
"""Tags of the running epoch. `prefix` is the first 31 bits: buckets are ranges of it."""

blind_seen: Final = Table("blind_seen", metadata, Column("report", String(32), primary_key=True))
"""Reports whose tags of the running epoch are made, those without any fingerprint included."""

PREFIX_BITS: Final = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A bucket that an organisation was given in an epoch."""

    organisation: PartyId
    epoch: int
    level: Level
    bucket: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged:
    """One tag of one report."""

    report: ReportId
    level: Level
    tag: bytes


def newest(tx: Tx) -> Epoch | None:
    """The epoch that began last; its key may be gone already."""
    row = tx.connection.execute(select(blind_epochs).order_by(blind_epochs.c.number.desc()).limit(1)).first()
    return None if row is None else _epoch(row)


def epochs(tx: Tx, *, limit: int = 12) -> tuple[tuple[Epoch, bool], ...]:
    """The epochs that began last, newest first, each with whether its key is still kept."""
    query = select(blind_epochs).order_by(blind_epochs.c.number.desc()).limit(limit)
    return tuple((_epoch(row), row.sealed is not None) for row in tx.connection.execute(query))


def secret(tx: Tx, number: int) -> bytes:
    """The secret scalar of an epoch. Missing once it was destroyed."""
    row = tx.connection.execute(select(blind_epochs).where(blind_epochs.c.number == number)).first()
    if row is None or row.sealed is None:
        raise Missing(f"the key of epoch {number} is destroyed")
    return unseal(tx.master, _place(number), Sealed(wrapped=row.wrapped, body=row.sealed))


def begin(tx: Tx, epoch: Epoch, secret_: bytes) -> None:
    """Destroy every older key with all its tags, and keep this one."""
    tx.connection.execute(update(blind_epochs).values(wrapped=None, sealed=None))
    tx.connection.execute(delete(blind_tags))
    tx.connection.execute(delete(blind_seen))
    sealed = seal(tx.master, _place(epoch.number), secret_)
    tx.connection.execute(
        insert(blind_epochs).values(
            number=epoch.number,
            public=epoch.public,
            starts_at=epoch.starts_at,
            ends_at=epoch.ends_at,
            wrapped=sealed.wrapped,
            sealed=sealed.body,
        )
    )


def ask(tx: Tx, question: Question) -> None:
    """Keep a question. Conflict when one of its commitments was answered before."""
    tx.connection.execute(
        insert(blind_questions).values(
            id=question.id,
            organisation=question.organisation,
            person=question.person,
            epoch=question.epoch,
            document=question.document,
            asked_at=question.asked_at,
            opens_by=question.opens_by,
            standing=question.standing.value,
        )
    )
    values = [
        {
            "commitment": part.commitment,
            "question": question.id,
            "place": place,
            "level": int(part.level),
            "element": part.element,
        }
        for place, part in enumerate(question.parts)
    ]
    try:
        tx.connection.execute(insert(blind_parts), values)
    except IntegrityError as error:
        raise Conflict("one of these commitments was answered before: commit anew, with a fresh salt") from error


def question(tx: Tx, id_: str, organisation: PartyId) -> Question:
    """A question of this organisation. Missing for any other."""
    row = tx.connection.execute(
        select(blind_questions).where(blind_questions.c.id == id_, blind_questions.c.organisation == organisation)
    ).first()
    if row is None:
        raise Missing(f"no question {id_}")
    return _question(tx, row)


def asked(tx: Tx, organisation: PartyId, *, since_epoch: int) -> tuple[Question, ...]:
    """An organisation's questions from this epoch on, oldest first."""
    query = (
        select(blind_questions)
        .where(blind_questions.c.organisation == organisation, blind_questions.c.epoch >= since_epoch)
        .order_by(blind_questions.c.asked_at, blind_questions.c.id)
    )
    return tuple(_question(tx, row) for row in tx.connection.execute(query).all())


def filed(tx: Tx, organisation: PartyId, *, since_epoch: int) -> Mapping[str, Stage]:
    """Where the cases of an organisation's filed questions stand, by question; those without a case are absent."""
    query = (
        select(blind_questions.c.id, cases.c.stage)
        .join(case_reports, case_reports.c.report == blind_questions.c.report)
        .join(cases, cases.c.id == case_reports.c.case_id)
        .where(blind_questions.c.organisation == organisation, blind_questions.c.epoch >= since_epoch)
    )
    return {row.id: Stage(row.stage) for row in tx.connection.execute(query)}


def settle(tx: Tx, id_: str, standing: Standing, report: ReportId | None = None) -> None:
    """End an open question, with the report that was filed. Conflict when it is not open any more."""
    changed = tx.connection.execute(
        update(blind_questions)
        .where(blind_questions.c.id == id_, blind_questions.c.standing == Standing.OPEN.value)
        .values(standing=standing.value, report=report)
    )
    if changed.rowcount != 1:
        raise Conflict(f"question {id_} is settled already")


def lapse(tx: Tx, *, now: datetime) -> int:
    """Let every open question whose time is over lapse. Gives how many."""
    return tx.connection.execute(
        update(blind_questions)
        .where(blind_questions.c.standing == Standing.OPEN.value, blind_questions.c.opens_by < now)
        .values(standing=Standing.LAPSED.value)
    ).rowcount


def untagged(tx: Tx, *, limit: int) -> tuple[ReportId, ...]:
    """Reports in cases whose tags of the running epoch are not made yet, in id order."""
    query = (
        select(reports.c.id)
        .join(case_reports, case_reports.c.report == reports.c.id)
        .outerjoin(blind_seen, blind_seen.c.report == reports.c.id)
        .where(blind_seen.c.report.is_(None), reports.c.sealed.is_not(None))
        .order_by(reports.c.id)
        .limit(limit)
    )
    return tuple(ReportId(id_) for id_ in tx.connection.execute(query).scalars())


def tag(tx: Tx, seen: Iterable[ReportId], tags: Iterable[Tagged]) -> None:
    """Keep the tags of these reports, and that they were looked at."""
    tx.connection.execute(insert(blind_seen), [{"report": report} for report in seen])
    values = [
        {"report": one.report, "level": int(one.level), "tag": one.tag, "prefix": prefix(one.tag, PREFIX_BITS)}
        for one in tags
    ]
    if values:
        tx.connection.execute(insert(blind_tags), values)


def forget(tx: Tx, report: ReportId) -> None:
    """Delete the tags of a report that was erased."""
    tx.connection.execute(delete(blind_tags).where(blind_tags.c.report == report))


def tags_held(tx: Tx, level: Level) -> int:
    """How many different tags this level holds."""
    query = select(func.count(func.distinct(blind_tags.c.tag))).where(blind_tags.c.level == int(level))
    return int(tx.connection.execute(query).scalar_one())


def shelf(tx: Tx, level: Level, *, bucket: int, bits: int) -> tuple[Tagged, ...]:
    """The tags of one bucket, in tag order: all of the level when `bits` is 0."""
    width = PREFIX_BITS - bits
    query = (
        select(blind_tags)
        .where(
            blind_tags.c.level == int(level),
            blind_tags.c.prefix >= bucket << width,
            blind_tags.c.prefix < (bucket + 1) << width,
        )
        .order_by(blind_tags.c.tag, blind_tags.c.report)
    )
    return tuple(
        Tagged(report=ReportId(row.report), level=level, tag=bytes(row.tag)) for row in tx.connection.execute(query)
    )


def widen(tx: Tx, id_: str, widths: Mapping[Level, int]) -> None:
    """Keep what a question was told of its shelves' widths."""
    rows_ = [{"question": id_, "level": int(level), "bits": bits_} for level, bits_ in widths.items()]
    tx.connection.execute(insert(blind_widths), rows_)


def width(tx: Tx, id_: str, level: Level) -> int | None:
    """The width a question was told for a level; None for a question from before widths were kept."""
    query = select(blind_widths.c.bits).where(blind_widths.c.question == id_, blind_widths.c.level == int(level))
    found = tx.connection.execute(query).scalar()
    return None if found is None else int(found)


def give(tx: Tx, id_: str, level: Level, bucket: int, *, most: int) -> None:
    """Note that a question is given this bucket. Conflict for one bucket more than it has commitments."""
    given = tx.connection.execute(
        select(blind_shelves.c.prefix).where(blind_shelves.c.question == id_, blind_shelves.c.level == int(level))
    ).scalars()
    held = set(given)
    if bucket in held:
        return
    if len(held) >= most:
        raise Conflict("this question was given as many shelves as it has commitments: ask a new one")
    tx.connection.execute(insert(blind_shelves).values(question=id_, level=int(level), prefix=bucket))


def given(tx: Tx) -> tuple[Given, ...]:
    """Every bucket that anybody was given, once for each organisation and epoch."""
    query = (
        select(blind_questions.c.organisation, blind_questions.c.epoch, blind_shelves.c.level, blind_shelves.c.prefix)
        .join(blind_shelves, blind_shelves.c.question == blind_questions.c.id)
        .distinct()
        .order_by(
            blind_questions.c.organisation, blind_questions.c.epoch, blind_shelves.c.level, blind_shelves.c.prefix
        )
    )
    return tuple(
        Given(organisation=PartyId(row.organisation), epoch=row.epoch, level=Level(row.level), bucket=row.prefix)
        for row in tx.connection.execute(query)
    )


def prefix(tag_: bytes, bits: int) -> int:
    """The first bits of a tag as a number."""
    return int.from_bytes(tag_[:4], "big") >> (32 - bits)


def _place(number: int) -> str:
    return f"blind_epochs/{number}"


def _epoch(row: Row[Any]) -> Epoch:
    return Epoch(number=row.number, public=bytes(row.public), starts_at=row.starts_at, ends_at=row.ends_at)


def _question(tx: Tx, row: Row[Any]) -> Question:
    parts = tx.connection.execute(
        select(blind_parts).where(blind_parts.c.question == row.id).order_by(blind_parts.c.place)
    )
    return Question(
        id=row.id,
        organisation=PartyId(row.organisation),
        person=PartyId(row.person),
        epoch=row.epoch,
        document=Digest(row.document),
        parts=tuple(
            Part(level=Level(part.level), commitment=Digest(part.commitment), element=bytes(part.element))
            for part in parts
        ),
        asked_at=row.asked_at,
        opens_by=row.opens_by,
        standing=Standing(row.standing),
    )
