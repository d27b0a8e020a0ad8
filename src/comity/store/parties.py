"""Organisations, people, their roles and passwords, and the sessions and tokens they act with.

Secrets are kept as digests only: passwords as the Argon2 text that `access` makes, sessions and tokens (256 random
bits, so no slow hash is needed) as SHA-256. A session or token opens nothing after its end, its revocation, or once its
person is disabled.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from comity.errors import Conflict, Missing
from comity.model.ids import PartyId
from comity.model.party import Organisation, Person, Role
from comity.store.engine import Tx
from comity.store.tables import organisations, people, person_roles, sessions, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token as listed: never the token itself. `scopes` are words of the API, such as `report:write`."""

    id: str
    person: PartyId
    label: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


def add_organisation(tx: Tx, organisation: Organisation) -> None:
    """Keep a new organisation. Conflict when the id or the name is taken."""
    _insert(tx, insert(organisations).values(id=organisation.id, name=organisation.name), "organisation id or name")


def organisation(tx: Tx, id_: PartyId) -> Organisation:
    """One organisation. Missing when there is none."""
    row = tx.connection.execute(select(organisations).where(organisations.c.id == id_)).first()
    if row is None:
        raise Missing(f"no organisation {id_}")
    return Organisation(id=PartyId(row.id), name=row.name)


def all_organisations(tx: Tx) -> tuple[Organisation, ...]:
    """Every organisation, in name order."""
    found = tx.connection.execute(select(organisations).order_by(organisations.c.name))
    return tuple(Organisation(id=PartyId(row.id), name=row.name) for row in found)


def add_person(tx: Tx, person: Person, *, login: str, password_hash: str | None) -> None:
    """Keep a new person. `password_hash` None: no sign-in by password. Conflict when the id or login is taken."""
    values = {
        "id": person.id,
        "name": person.name,
        "login": login,
        "organisation": person.organisation,
        "is_script": person.is_script,
        "password_hash": password_hash,
        "disabled_at": person.disabled_at,
    }
    _insert(tx, insert(people).values(**values), "person id or login")
    set_roles(tx, person.id, person.roles)


def person(tx: Tx, id_: PartyId) -> Person:
    """One person. Missing when there is none."""
    row = tx.connection.execute(select(people).where(people.c.id == id_)).first()
    if row is None:
        raise Missing(f"no person {id_}")
    return _person(tx, row)


def by_login(tx: Tx, login: str) -> tuple[Person, str | None]:
    """The person of a login name and the hash of their password. Missing when there is none."""
    row = tx.connection.execute(select(people).where(people.c.login == login)).first()
    if row is None:
        raise Missing("no such login")
    return _person(tx, row), row.password_hash


def login_of(tx: Tx, id_: PartyId) -> str:
    """The login name of a person. Missing when there is none."""
    login: str | None = tx.connection.execute(select(people.c.login).where(people.c.id == id_)).scalar()
    if login is None:
        raise Missing(f"no person {id_}")
    return login


def logins(tx: Tx) -> dict[PartyId, str]:
    """The login name of everybody."""
    return {PartyId(id_): login for id_, login in tx.connection.execute(select(people.c.id, people.c.login))}


def has_password(tx: Tx, id_: PartyId) -> bool:
    """Whether this person can sign in by themselves. False for an unknown one."""
    held = select(people.c.id).where(people.c.id == id_, people.c.password_hash.is_not(None))
    return tx.connection.execute(held).first() is not None


def all_people(tx: Tx) -> tuple[Person, ...]:
    """Everybody, disabled ones too, in name order."""
    return tuple(_person(tx, row) for row in tx.connection.execute(select(people).order_by(people.c.name, people.c.id)))


def count_people(tx: Tx) -> int:
    """How many people are known: 0 means that this is the first start."""
    return tx.connection.execute(select(func.count()).select_from(people)).scalar_one()


def set_roles(tx: Tx, id_: PartyId, roles: Iterable[Role]) -> None:
    """Give the person exactly these roles."""
    tx.connection.execute(delete(person_roles).where(person_roles.c.person == id_))
    values = [{"person": id_, "role": role.value} for role in sorted(set(roles))]
    if values:
        tx.connection.execute(insert(person_roles), values)


def set_password(tx: Tx, id_: PartyId, password_hash: str) -> None:
    """Change the password; every session of the person ends. Missing when there is no such person."""
    _change(tx, id_, password_hash=password_hash)
    tx.connection.execute(delete(sessions).where(sessions.c.person == id_))


def disable(tx: Tx, id_: PartyId, *, at: datetime) -> None:
    """The person may no longer act: sessions end and tokens are revoked. Missing when there is no such person."""
    _change(tx, id_, disabled_at=at)
    tx.connection.execute(delete(sessions).where(sessions.c.person == id_))
    live = tokens.c.person == id_, tokens.c.revoked_at.is_(None)
    tx.connection.execute(update(tokens).where(*live).values(revoked_at=at))


def add_session(tx: Tx, secret: str, id_: PartyId, *, at: datetime, expires_at: datetime) -> None:
    """Begin a session under a secret of 256 random bits; sessions that have ended are cleared on the way."""
    tx.connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    tx.connection.execute(
        insert(sessions).values(token_hash=_hash(secret), person=id_, created_at=at, expires_at=expires_at)
    )


def by_session(tx: Tx, secret: str, *, at: datetime) -> Person | None:
    """Whose session this is; None for an unknown or ended one and for a disabled person."""
    row = tx.connection.execute(
        select(people)
        .join(sessions, sessions.c.person == people.c.id)
        .where(sessions.c.token_hash == _hash(secret), sessions.c.expires_at > at, people.c.disabled_at.is_(None))
    ).first()
    return None if row is None else _person(tx, row)


def end_session(tx: Tx, secret: str) -> None:
    """Sign out; nothing happens for an unknown session."""
    tx.connection.execute(delete(sessions).where(sessions.c.token_hash == _hash(secret)))


def end_sessions(tx: Tx, id_: PartyId) -> None:
    """Sign the person out everywhere."""
    tx.connection.execute(delete(sessions).where(sessions.c.person == id_))


def add_token(tx: Tx, secret: str, token: Token) -> None:
    """Keep a new API token; `secret` is shown once to its owner and kept as a digest only."""
    tx.connection.execute(
        insert(tokens).values(
            id=token.id,
            token_hash=_hash(secret),
            person=token.person,
            label=token.label,
            scopes=json.dumps(sorted(token.scopes)),
            created_at=token.created_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
        )
    )


def by_token(tx: Tx, secret: str, *, at: datetime) -> tuple[Person, Token] | None:
    """Whose token this is; None for an unknown, ended or revoked one and for a disabled person: never said which."""
    row = tx.connection.execute(
        select(tokens)
        .join(people, people.c.id == tokens.c.person)
        .where(tokens.c.token_hash == _hash(secret), tokens.c.expires_at > at)
        .where(tokens.c.revoked_at.is_(None), people.c.disabled_at.is_(None))
    ).first()
    return None if row is None else (person(tx, PartyId(row.person)), _token(row))


def tokens_of(tx: Tx, id_: PartyId) -> tuple[Token, ...]:
    """Every token of a person, revoked and ended ones too, newest first."""
    query = select(tokens).where(tokens.c.person == id_).order_by(tokens.c.created_at.desc(), tokens.c.id)
    return tuple(_token(row) for row in tx.connection.execute(query))


def revoke_token(tx: Tx, token_id: str, *, owner: PartyId, at: datetime) -> None:
    """End one token of its owner; revoking twice keeps the first time. Missing when the owner has no such token."""
    mine = tokens.c.id == token_id, tokens.c.person == owner
    if tx.connection.execute(select(tokens.c.id).where(*mine)).first() is None:
        raise Missing(f"no token {token_id}")
    tx.connection.execute(update(tokens).where(*mine, tokens.c.revoked_at.is_(None)).values(revoked_at=at))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _insert(tx: Tx, statement: Any, what: str) -> None:
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(statement)
    except IntegrityError as error:
        raise Conflict(f"this {what} is taken, or its organisation is not known") from error


def _change(tx: Tx, id_: PartyId, **values: object) -> None:
    if tx.connection.execute(update(people).where(people.c.id == id_).values(**values)).rowcount != 1:
        raise Missing(f"no person {id_}")


def _person(tx: Tx, row: Row[Any]) -> Person:
    held = tx.connection.execute(select(person_roles.c.role).where(person_roles.c.person == row.id)).scalars()
    return Person(
        id=PartyId(row.id),
        name=row.name,
        organisation=PartyId(row.organisation),
        roles=frozenset(Role(role) for role in held),
        is_script=row.is_script,
        disabled_at=row.disabled_at,
    )


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        person=PartyId(row.person),
        label=row.label,
        scopes=frozenset(json.loads(row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
