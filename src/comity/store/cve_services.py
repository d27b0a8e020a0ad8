"""The account at CVE Services and what was asked there, at rest. Opened by clearing alone.

An account that ended has lost its key's data key: nothing here opens it again. Which id is bound to which case is a
keyed digest, and no id is bound twice.
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, LargeBinary, Row, String, Table, func, insert, select, update

from comity.errors import Conflict, Missing
from comity.model.cve_services import Account, CveRequest, Deed, Standing
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.engine import Tx
from comity.store.seen import sees_case
from comity.store.tables import Moment, cases, metadata

cve_accounts: Final = Table(
    "cve_accounts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("added_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)

cve_requests: Final = Table(
    "cve_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), nullable=False, index=True),
    Column("standing", String(16), nullable=False, index=True),
    Column("proposed_at", Moment, nullable=False),
    Column("asking", String(16), nullable=False, server_default=""),
    Column("cve_mark", String(64), nullable=True, unique=True),
    Column("wrapped", LargeBinary, nullable=True),
    Column("sealed", LargeBinary, nullable=True),
)
"""`asking` is "reserve" while a reservation may have been heard that is not noted yet. `cve_mark` stands with the
reservation that brought an id. `wrapped` and `sealed` are emptied when the case is erased."""

# The account ---------------------------------------------------------------------------------------------------------


def enter(tx: Tx, account: Account) -> None:
    """Keep the account from now on; an earlier one ends, and its key is gone."""
    end(tx, at=account.added_at)
    sealed = seal(tx.master, f"cve_accounts/{account.id}", rows.encode(account, Account))
    tx.connection.execute(
        insert(cve_accounts).values(
            id=account.id, added_at=account.added_at, wrapped=sealed.wrapped, sealed=sealed.body
        )
    )


def end(tx: Tx, *, at: datetime) -> None:
    """End the account that is held, if any: its key is gone."""
    tx.connection.execute(
        update(cve_accounts).where(cve_accounts.c.ended_at.is_(None)).values(ended_at=at, wrapped=None, sealed=None)
    )


def account(tx: Tx) -> Account | None:
    """The account that this host uses, if any."""
    row = tx.connection.execute(select(cve_accounts).where(cve_accounts.c.ended_at.is_(None))).first()
    if row is None:
        return None
    place = f"cve_accounts/{row.id}"
    return rows.decode(Account, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))


# Requests ------------------------------------------------------------------------------------------------------------


def add(tx: Tx, one: CveRequest) -> None:
    """Keep a new request."""
    tx.connection.execute(
        insert(cve_requests).values(id=one.id, case_id=one.case, proposed_at=one.proposed_at, **_columns(tx, one))
    )


def save(tx: Tx, one: CveRequest) -> None:
    """Store the next state of a request. Conflict when its id is another case's; Missing once it was erased."""
    columns = _columns(tx, one)
    mark = columns["cve_mark"]
    if mark is not None:
        held = select(cve_requests.c.id).where(cve_requests.c.cve_mark == mark, cve_requests.c.id != one.id)
        if tx.connection.execute(held).first() is not None:
            raise Conflict("this id is bound to another case")
    here = (cve_requests.c.id == one.id, cve_requests.c.sealed.is_not(None))
    if tx.connection.execute(update(cve_requests).where(*here).values(**columns)).rowcount != 1:
        raise Missing(f"no request {one.id}")


def get(tx: Tx, id_: str, viewer: Viewer) -> CveRequest:
    """One request about a case that this viewer sees. Missing for any other, and once the case was erased."""
    row = tx.connection.execute(_seen(viewer).where(cve_requests.c.id == id_)).first()
    if row is None:
        raise Missing(f"no request {id_}")
    return _open(tx, row)


def of(tx: Tx, case: CaseId, viewer: Viewer) -> tuple[CveRequest, ...]:
    """The requests about a case, newest first; none for a viewer who does not see it."""
    query = _seen(viewer).where(cve_requests.c.case_id == case)
    query = query.order_by(cve_requests.c.proposed_at.desc(), cve_requests.c.id.desc())
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def standing(tx: Tx, viewer: Viewer, *which: Standing, limit: int = 200) -> tuple[CveRequest, ...]:
    """Requests about cases that this viewer sees, in one of these states, oldest first."""
    query = _seen(viewer).where(cve_requests.c.standing.in_([one.value for one in which]))
    query = query.order_by(cve_requests.c.proposed_at, cve_requests.c.id).limit(limit)
    return tuple(_open(tx, row) for row in tx.connection.execute(query))


def given_up(tx: Tx) -> int:
    """How many requests nobody answered until the last try."""
    query = select(func.count()).select_from(cve_requests).where(cve_requests.c.standing == Standing.GIVEN_UP.value)
    return tx.connection.execute(query).scalar_one()


def asking(tx: Tx, but: str) -> bool:
    """Whether another reservation may have been heard and is not noted yet: one is asked for at a time."""
    query = select(cve_requests.c.id).where(cve_requests.c.asking != "", cve_requests.c.id != but)
    return tx.connection.execute(query.limit(1)).first() is not None


def is_bound(tx: Tx, cve: str) -> bool:
    """Whether a reservation of this host brought this id."""
    query = select(cve_requests.c.id).where(cve_requests.c.cve_mark == _mark(tx, cve))
    return tx.connection.execute(query).first() is not None


def erase(tx: Tx, case: CaseId) -> None:
    """Destroy what is held of the requests about a case. That an id was bound once, and is not bound again, stays."""
    tx.connection.execute(
        update(cve_requests)
        .where(cve_requests.c.case_id == case)
        .values(wrapped=None, sealed=None, asking="", standing=Standing.WITHDRAWN.value)
    )


# Below ---------------------------------------------------------------------------------------------------------------


def _seen(viewer: Viewer) -> Any:
    joined = select(cve_requests).join(cases, cases.c.id == cve_requests.c.case_id)
    return joined.where(sees_case(viewer), cve_requests.c.sealed.is_not(None))


def _mark(tx: Tx, cve: str) -> str:
    return tx.master.mark("cve-id", cve)


def _columns(tx: Tx, one: CveRequest) -> dict[str, Any]:
    sealed = seal(tx.master, f"cve_requests/{one.id}", rows.encode(one, CveRequest))
    is_reservation = one.deed is Deed.RESERVE
    return {
        "standing": one.standing.value,
        "asking": one.deed.value if is_reservation and one.asked_from is not None else "",
        "cve_mark": _mark(tx, one.cve) if is_reservation and one.standing is Standing.DONE else None,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _open(tx: Tx, row: Row[Any]) -> CveRequest:
    place = f"cve_requests/{row.id}"
    return rows.decode(CveRequest, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
