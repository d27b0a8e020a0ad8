"""Partner hosts, what goes out to them and what came from them, at rest. Opened by clearing alone."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import Column, LargeBinary, Row, String, Table, delete, func, insert, select, update

from comity.errors import Conflict, Missing
from comity.model.federation import ClaimLetter, Delivery, HandOver, Partner, Taken, Way
from comity.model.ids import CaseId, Digest, Receipt
from comity.model.party import Viewer
from comity.store import blobs, rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_case
from comity.store.tables import Moment, cases, metadata

T = TypeVar("T")

partner_hosts: Final = Table(
    "partner_hosts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key_id", String(64), nullable=False, index=True),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

hand_overs: Final = Table(
    "hand_overs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), nullable=False, index=True),
    Column("state", String(16), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

taken_over: Final = Table(
    "taken_over",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("partner", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

claim_letters: Final = Table(
    "claim_letters",
    metadata,
    Column("partner", String(32), primary_key=True),
    Column("way", String(8), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

# Partners ------------------------------------------------------------------------------------------------------------


def add(tx: Tx, partner: Partner) -> None:
    """Keep a partner. Conflict when one with this key is held already."""
    if by_key(tx, partner.key_id) is not None:
        raise Conflict("a partner with this key is here already: end that one first")
    tx.connection.execute(insert(partner_hosts).values(id=partner.id, **_partner_columns(tx, partner)))


def save(tx: Tx, partner: Partner) -> None:
    """Store the next state of a partner."""
    tx.connection.execute(
        update(partner_hosts).where(partner_hosts.c.id == partner.id).values(**_partner_columns(tx, partner))
    )


def get(tx: Tx, id_: str) -> Partner:
    """A partner that has not ended. Missing for any other."""
    here = (partner_hosts.c.id == id_, partner_hosts.c.ended_at.is_(None))
    row = tx.connection.execute(select(partner_hosts).where(*here)).first()
    if row is None:
        raise Missing(f"no partner {id_}")
    return _open(tx, Partner, f"partner_hosts/{row.id}", row)


def by_key(tx: Tx, key_id: str) -> Partner | None:
    """The partner with this key that has not ended."""
    here = (partner_hosts.c.key_id == key_id, partner_hosts.c.ended_at.is_(None))
    row = tx.connection.execute(select(partner_hosts).where(*here)).first()
    return None if row is None else _open(tx, Partner, f"partner_hosts/{row.id}", row)


def every(tx: Tx) -> tuple[Partner, ...]:
    """Partners that have not ended, in the order of their ids."""
    query = select(partner_hosts).where(partner_hosts.c.ended_at.is_(None)).order_by(partner_hosts.c.id)
    return tuple(_open(tx, Partner, f"partner_hosts/{row.id}", row) for row in tx.connection.execute(query))


# Out -----------------------------------------------------------------------------------------------------------------


def hand_over(tx: Tx, one: HandOver, documents: Iterable[bytes]) -> None:
    """Keep a case on its way out, and what travels with it."""
    tx.connection.execute(insert(hand_overs).values(id=one.id, case_id=one.case, at=one.at, **_out_columns(tx, one)))
    for data in documents:
        blobs.put(tx, data, record=_out_record(one.id))


def documents(tx: Tx, one: HandOver, names: Iterable[Digest]) -> tuple[bytes, ...]:
    """What travels with it, in this order. Missing once it was taken."""
    return tuple(blobs.get(tx, name, record=_out_record(one.id)) for name in names)


def move(tx: Tx, one: HandOver) -> None:
    """Store the next state of a hand-over. One that was taken lets go of its documents: the other side has them."""
    tx.connection.execute(update(hand_overs).where(hand_overs.c.id == one.id).values(**_out_columns(tx, one)))
    if one.state is Delivery.TAKEN:
        blobs.release(tx, _out_record(one.id))


def out(tx: Tx, id_: str, viewer: Viewer) -> HandOver:
    """One hand-over of a case that this viewer sees. Missing for any other."""
    query = select(hand_overs).join(cases, cases.c.id == hand_overs.c.case_id)
    row = tx.connection.execute(query.where(hand_overs.c.id == id_, sees_case(viewer))).first()
    if row is None:
        raise Missing(f"no hand-over {id_}")
    return _open(tx, HandOver, f"hand_overs/{row.id}", row)


def sent(tx: Tx, viewer: Viewer, *, case: CaseId | None = None, limit: int = 200) -> tuple[HandOver, ...]:
    """Hand-overs of cases that this viewer sees, newest first; with `case` those of one."""
    query = select(hand_overs).join(cases, cases.c.id == hand_overs.c.case_id).where(sees_case(viewer))
    if case is not None:
        query = query.where(hand_overs.c.case_id == case)
    query = query.order_by(hand_overs.c.at.desc(), hand_overs.c.id).limit(limit)
    return tuple(_open(tx, HandOver, f"hand_overs/{row.id}", row) for row in tx.connection.execute(query))


def waiting(tx: Tx) -> tuple[str, ...]:
    """Ids of hand-overs that are not settled."""
    query = select(hand_overs.c.id).where(hand_overs.c.state == Delivery.WAITING.value).order_by(hand_overs.c.id)
    return tuple(tx.connection.execute(query).scalars())


def given_up(tx: Tx) -> int:
    """How many hand-overs nobody answered until the last try."""
    query = select(func.count()).select_from(hand_overs).where(hand_overs.c.state == Delivery.GIVEN_UP.value)
    return tx.connection.execute(query).scalar_one()


# In ------------------------------------------------------------------------------------------------------------------


def take(tx: Tx, one: Taken, statements: Iterable[bytes]) -> None:
    """Keep what came in; its reports went over the counter, its signed statements stay with it."""
    sealed = _seal(tx, Taken, f"taken_over/{one.mark}", one)
    tx.connection.execute(
        insert(taken_over).values(
            mark=one.mark, partner=one.partner, at=one.at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )
    for data in statements:
        blobs.put(tx, data, record=_in_record(one.mark))


def statements(tx: Tx, one: Taken, names: Iterable[Digest]) -> tuple[bytes, ...]:
    """The signed statements that came with it, in this order. Missing for one that did not."""
    return tuple(blobs.get(tx, name, record=_in_record(one.mark)) for name in names)


def taken(tx: Tx, mark: Digest) -> Taken | None:
    """What came in with this letter, if it did."""
    row = tx.connection.execute(select(taken_over).where(taken_over.c.mark == mark)).first()
    return None if row is None else _open(tx, Taken, f"taken_over/{row.mark}", row)


def received(tx: Tx, *, limit: int = 200) -> tuple[Taken, ...]:
    """What came in and was not erased since, newest first."""
    query = select(taken_over).order_by(taken_over.c.at.desc(), taken_over.c.mark).limit(limit)
    found = (_open(tx, Taken, f"taken_over/{row.mark}", row) for row in tx.connection.execute(query))
    return tuple(one for one in found if one.letter)


# Claims --------------------------------------------------------------------------------------------------------------


def keep_claim_letter(tx: Tx, one: ClaimLetter) -> None:
    """Keep a letter about scan claims in the place of the one before."""
    here = (claim_letters.c.partner == one.partner, claim_letters.c.way == one.way.value)
    tx.connection.execute(delete(claim_letters).where(*here))
    sealed = _seal(tx, ClaimLetter, f"claim_letters/{one.partner}/{one.way.value}", one)
    tx.connection.execute(
        insert(claim_letters).values(
            partner=one.partner, way=one.way.value, at=one.at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )


def claim_letter(tx: Tx, partner: str, way: Way) -> ClaimLetter | None:
    """The last one that went this way, if any did."""
    here = (claim_letters.c.partner == partner, claim_letters.c.way == way.value)
    row = tx.connection.execute(select(claim_letters).where(*here)).first()
    return None if row is None else _open(tx, ClaimLetter, f"claim_letters/{partner}/{way.value}", row)


def forget_claims(tx: Tx, partner: str) -> None:
    """Delete what was told and heard: claims are exchanged no more."""
    tx.connection.execute(delete(claim_letters).where(claim_letters.c.partner == partner))


# Erasure -------------------------------------------------------------------------------------------------------------


def erase_out(tx: Tx, case: CaseId) -> None:
    """Destroy what went out of a case, letters and documents. What partners have, they have: the journal says who."""
    for id_ in tx.connection.execute(select(hand_overs.c.id).where(hand_overs.c.case_id == case)).scalars().all():
        blobs.release(tx, _out_record(id_))
    tx.connection.execute(delete(hand_overs).where(hand_overs.c.case_id == case))


def erase_in(tx: Tx, is_gone: Callable[[Receipt], bool]) -> None:
    """Destroy the words and statements of letters all of whose reports are gone. That they came, and what was
    answered, stays: the same letter gets the same receipt, and brings nothing anew."""
    for row in tx.connection.execute(select(taken_over)).all():
        held = _open(tx, Taken, f"taken_over/{row.mark}", row)
        if not held.letter or not all(is_gone(one) for one in held.receipts):
            continue
        blobs.release(tx, _in_record(held.mark))
        sealed = _seal(tx, Taken, f"taken_over/{held.mark}", replace(held, letter=b""))
        values = {"wrapped": sealed.wrapped, "sealed": sealed.body}
        tx.connection.execute(update(taken_over).where(taken_over.c.mark == held.mark).values(**values))


# Below ---------------------------------------------------------------------------------------------------------------


def _out_record(id_: str) -> str:
    return f"hand_overs/{id_}"


def _in_record(mark: Digest) -> str:
    return f"taken_over/{mark}"


def _partner_columns(tx: Tx, partner: Partner) -> dict[str, Any]:
    sealed = _seal(tx, Partner, f"partner_hosts/{partner.id}", partner)
    return {
        "key_id": partner.key_id,
        "ended_at": partner.ended_at,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _out_columns(tx: Tx, one: HandOver) -> dict[str, Any]:
    sealed = _seal(tx, HandOver, f"hand_overs/{one.id}", one)
    return {"state": one.state.value, "wrapped": sealed.wrapped, "sealed": sealed.body}


def _seal(tx: Tx, kind: type[T], place: str, value: T) -> Sealed:
    return seal(tx.master, place, rows.encode(value, kind))


def _open(tx: Tx, kind: type[T], place: str, row: Row[Any]) -> T:
    return rows.decode(kind, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
