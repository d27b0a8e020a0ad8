"""Find records by words without keeping the words: each is a keyed digest, bound to the kind of record.

A full-text index of the engines keeps the text it indexes, in clear, beside the sealed record it came from. Here
a copied database shows how often a word it does not know occurs, and no more; the words of a record go when it is
erased.
Every question is a condition inside the query that decides who sees what, so what is hidden is never counted.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from comity.model.party import system
from comity.model.words import words
from comity.store.engine import Store, Tx, insert_many
from comity.store.tables import constants, metadata

MARK_BYTES: Final = 16

record_words = Table(
    "record_words",
    metadata,
    Column("place", String(16), primary_key=True),
    Column("mark", LargeBinary(MARK_BYTES), primary_key=True),
    Column("record", String(64), primary_key=True),
    Index("ix_record_words_place_record", "place", "record"),
    sqlite_with_rowid=False,
)
"""`mark`: keyed digest of one word. `place`: the table whose rows are meant."""

EVERYTHING: Final = system("search")
"""On whose behalf an index is built."""
CHUNK: Final = 400
MANY: Final = 1000
"""Records that hold a word, from which on it is looked up row by row."""
Piece: TypeAlias = "tuple[Mapping[str, Iterable[str]], str | None]"
"""Records of one page, each with its texts, and where the next page starts (None: this was the last)."""


def keep(tx: Tx, place: str, records: Mapping[str, Iterable[str]]) -> None:
    """Make these records of one place findable by the words of their texts, and no longer by earlier ones."""
    ids = list(records)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        wanted = {(mark, id_) for id_ in some for mark in _marks(tx, place, words(records[id_]))}
        here = and_(record_words.c.place == place, record_words.c.record.in_(some))
        rows = tx.connection.execute(select(record_words.c.mark, record_words.c.record).where(here))
        held = {(row.mark, row.record) for row in rows}
        for mark, id_ in held - wanted:
            tx.connection.execute(
                delete(record_words).where(
                    record_words.c.place == place, record_words.c.mark == mark, record_words.c.record == id_
                )
            )
        _insert(tx, place, wanted - held)


def add(tx: Tx, place: str, records: Mapping[str, Iterable[str]]) -> None:
    """As `keep`, for records that were never kept: no look at what is held."""
    _insert(tx, place, ((mark, id_) for id_, texts in records.items() for mark in _marks(tx, place, words(texts))))


def build(store: Store, place: str, read: Callable[[Tx, str | None], Piece]) -> None:
    """Index every record of a place, once for this store: what was kept before there was an index.

    `read` gives one page from a start. Cut off midway it begins again; records kept meanwhile are found either way.
    Workers that start together may all be at it: what another one finished is not done again.
    """
    done = f"words of {place}"
    with store.read() as tx:
        if _is_noted(tx, done):
            return
    start: str | None = None
    while True:
        with store.write() as tx:
            if _is_noted(tx, done):
                return
            records, start = read(tx, start)
            keep(tx, place, records)
            if start is None:
                tx.connection.execute(insert(constants).values(name=done, value="1"))
                return


def _is_noted(tx: Tx, name: str) -> bool:
    return tx.connection.execute(select(constants.c.name).where(constants.c.name == name)).first() is not None


def forget(tx: Tx, place: str, id_: str) -> None:
    """Nothing finds this record any more."""
    tx.connection.execute(delete(record_words).where(record_words.c.place == place, record_words.c.record == id_))


def holding(tx: Tx, place: str, id_: Column[str], wanted: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a row of `place` holds all these words, or is the one that a single word names by its id.

    A word that few records hold leads to them. One that many hold is looked up for each row that the query meets in
    its own order, so that the newest hits are found without laying all of them out. ValueError for no word: that would
    be every row.
    """
    if not wanted:
        raise ValueError("a search needs a word")
    here = []
    for mark in _marks(tx, place, wanted):
        held = select(record_words.c.record).where(record_words.c.place == place, record_words.c.mark == mark)
        some = select(func.count()).select_from(held.limit(MANY).subquery())
        is_common = tx.connection.execute(some).scalar_one() == MANY
        here.append(exists(held.where(record_words.c.record == id_)) if is_common else id_.in_(held))
    return and_(*here) if len(wanted) > 1 else or_(*here, id_ == wanted[0].upper())


def _marks(tx: Tx, place: str, found: Iterable[str]) -> list[bytes]:
    """Keyed BLAKE2b (RFC 7693): this is asked a dozen times for each record, and costs a quarter of HMAC-SHA256."""
    key = tx.master.derive(f"word/{place}")
    return [hashlib.blake2b(word.encode(), key=key, digest_size=MARK_BYTES).digest() for word in found]


def _insert(tx: Tx, place: str, pairs: Iterable[tuple[bytes, str]]) -> None:
    insert_many(tx, record_words, [(place, mark, id_) for mark, id_ in sorted(pairs)])
