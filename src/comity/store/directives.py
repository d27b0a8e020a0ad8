"""Directives, their followers, and the work on findings, at rest. Opened by defend alone; every read takes the viewer.

Who sees a directive: its own organisation; a consulted office while it is one; everybody once it is published. On top,
always: a directive of a domain is seen only by those who meet that domain, so that a national security draft, a
published national security pack and no pack are one and the same answer to a civil viewer. Decided in the query.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Row, Table, and_, delete, false, func, insert, or_, select, true, update

from comity.errors import Conflict, Missing, Tampered
from comity.model.asset import CIVIL, Domain, domains
from comity.model.authoring import Directive, Follower, Stage
from comity.model.ids import AssetId, PartyId
from comity.model.party import Viewer
from comity.model.triage import Work
from comity.store import rows
from comity.store.crypt import Sealed, seal, unseal
from comity.store.directives_tables import directive_followers, directive_offices, directives, works
from comity.store.engine import Tx

T = TypeVar("T")
NO_DOMAIN: Final = ""
CHUNK: Final = 500

# Directives ----------------------------------------------------------------------------------------------------------


def add(tx: Tx, directive: Directive) -> Directive:
    """Keep a new directive. Conflict when its organisation has this version of this pack already."""
    taken = select(directives.c.id).where(
        directives.c.organisation == directive.organisation,
        directives.c.pack == directive.pack_id,
        directives.c.pack_version == directive.pack_version,
    )
    if tx.connection.execute(taken).first() is not None:
        name = f"{directive.pack_id} {directive.pack_version}"
        raise Conflict(f"{name} exists already: a changed rule is a new version")
    stored = replace(directive, version=1)
    tx.connection.execute(insert(directives).values(id=stored.id, **_columns(tx, stored)))
    _put_offices(tx, stored)
    return stored


def save(tx: Tx, directive: Directive) -> Directive:
    """Store its next state. Conflict when somebody else saved it since it was read."""
    stored = replace(directive, version=directive.version + 1)
    changed = tx.connection.execute(
        update(directives)
        .where(directives.c.id == directive.id, directives.c.version == directive.version)
        .values(**_columns(tx, stored))
    )
    if changed.rowcount != 1:
        raise Conflict(f"directive {directive.id} changed since it was read: read it again, then decide")
    _put_offices(tx, stored)
    return stored


def get(tx: Tx, id_: str, viewer: Viewer) -> Directive:
    """One directive. Missing when there is none for this viewer."""
    row = tx.connection.execute(select(directives).where(directives.c.id == id_, _sees(viewer))).first()
    if row is None or row.sealed is None:
        raise Missing(f"no directive {id_}")
    return _open(tx, Directive, f"directives/{row.id}", row)


def every(tx: Tx, viewer: Viewer, *, stage: Stage | None = None) -> tuple[Directive, ...]:
    """The directives this viewer sees, newest first."""
    query = select(directives).where(_sees(viewer)).order_by(directives.c.begun_at.desc(), directives.c.id)
    if stage is not None:
        query = query.where(directives.c.stage == stage.value)
    return tuple(
        _open(tx, Directive, f"directives/{row.id}", row)
        for row in tx.connection.execute(query)
        if row.sealed is not None
    )


def published(tx: Tx, pack: str, viewer: Viewer) -> tuple[Directive, ...]:
    """Every published version of a pack that this viewer sees, newest first."""
    return tuple(one for one in every(tx, viewer, stage=Stage.PUBLISHED) if one.pack_id == pack)


def _columns(tx: Tx, directive: Directive) -> dict[str, Any]:
    sealed = _seal(tx, Directive, f"directives/{directive.id}", directive)
    return {
        "organisation": directive.organisation,
        "domain": NO_DOMAIN if directive.domain is None else directive.domain.value,
        "pack": directive.pack_id,
        "pack_version": directive.pack_version,
        "stage": directive.stage.value,
        "begun_at": directive.begun_at,
        "version": directive.version,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }


def _put_offices(tx: Tx, directive: Directive) -> None:
    tx.connection.execute(delete(directive_offices).where(directive_offices.c.directive == directive.id))
    if directive.offices:
        values = [{"directive": directive.id, "organisation": office} for office, _ in directive.offices]
        tx.connection.execute(insert(directive_offices), values)


def _sees(viewer: Viewer) -> ColumnElement[bool]:
    """Own, consulted or published; and of no domain, of a civil one where it is published, or of one's own domain."""
    held = sorted(domain.value for domain in domains(viewer))
    own = directives.c.domain.in_([NO_DOMAIN, *held])
    if viewer.is_system:
        return own
    public = and_(
        directives.c.stage == Stage.PUBLISHED.value,
        or_(own, directives.c.domain.in_(sorted(domain.value for domain in CIVIL))),
    )
    if not viewer.organisation:
        return public
    consulted = directives.c.id.in_(
        select(directive_offices.c.directive).where(directive_offices.c.organisation == viewer.organisation)
    )
    not_draft = directives.c.stage != Stage.DRAFT.value
    return or_(public, and_(own, or_(directives.c.organisation == viewer.organisation, and_(consulted, not_draft))))


# Followers -----------------------------------------------------------------------------------------------------------


def follower(tx: Tx, organisation: PartyId, domain: Domain, pack: str, viewer: Viewer) -> Follower:
    """One organisation's following of a pack. Missing when it follows none of that name, or not for this viewer."""
    place = _follower_place(organisation, domain, pack)
    query = select(directive_followers).where(
        directive_followers.c.organisation == organisation,
        directive_followers.c.domain == domain.value,
        directive_followers.c.pack == pack,
        _in_domain(viewer, directive_followers),
    )
    row = tx.connection.execute(query).first()
    if row is None or row.sealed is None:
        raise Missing(f"{pack} is not followed here")
    return _open(tx, Follower, place, row)


def followers(tx: Tx, pack: str, viewer: Viewer) -> tuple[Follower, ...]:
    """Who follows a pack, among the domains this viewer meets: for the authority that published it."""
    query = (
        select(directive_followers)
        .where(directive_followers.c.pack == pack, _in_domain(viewer, directive_followers))
        .order_by(directive_followers.c.organisation, directive_followers.c.domain)
    )
    return tuple(_follower(tx, row) for row in tx.connection.execute(query) if row.sealed is not None)


def followed(tx: Tx, organisation: PartyId, viewer: Viewer) -> tuple[Follower, ...]:
    """What one organisation follows, among the domains this viewer meets."""
    query = (
        select(directive_followers)
        .where(directive_followers.c.organisation == organisation, _in_domain(viewer, directive_followers))
        .order_by(directive_followers.c.pack, directive_followers.c.domain)
    )
    return tuple(_follower(tx, row) for row in tx.connection.execute(query) if row.sealed is not None)


def put_follower(tx: Tx, one: Follower) -> None:
    """Store the following as it now is."""
    sealed = _seal(tx, Follower, _follower_place(one.organisation, one.domain, one.pack_id), one)
    key = {"organisation": one.organisation, "domain": one.domain.value, "pack": one.pack_id}
    tx.connection.execute(delete(directive_followers).filter_by(**key))
    tx.connection.execute(insert(directive_followers).values(**key, wrapped=sealed.wrapped, sealed=sealed.body))


def _follower(tx: Tx, row: Row[Any]) -> Follower:
    return _open(tx, Follower, _follower_place(row.organisation, Domain(row.domain), row.pack), row)


def _follower_place(organisation: str, domain: Domain, pack: str) -> str:
    return f"directive_followers/{organisation}/{domain.value}/{pack}"


def _in_domain(viewer: Viewer, table: Table) -> ColumnElement[bool]:
    held = sorted(domain.value for domain in domains(viewer))
    return table.c.domain.in_(held) if held else false()


# Work ----------------------------------------------------------------------------------------------------------------


def work(tx: Tx, asset: AssetId, vulnerability: str, viewer: Viewer) -> Work | None:
    """What was done about one finding; None when nothing was, and when it is not this viewer's to see."""
    query = select(works).where(
        works.c.asset == asset, works.c.vulnerability_mark == _mark(tx, vulnerability), _own(viewer)
    )
    row = tx.connection.execute(query).first()
    return None if row is None or row.sealed is None else _open(tx, Work, _work_place(row), row)


def every_work(tx: Tx, viewer: Viewer) -> tuple[Work, ...]:
    """Every work this viewer sees."""
    return tuple(_works(tx, _own(viewer)))


def works_of(tx: Tx, ids: Sequence[AssetId], viewer: Viewer) -> Iterator[Work]:
    """Every work on these assets that this viewer sees."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), CHUNK):
        yield from _works(tx, and_(works.c.asset.in_(wanted[start : start + CHUNK]), _own(viewer)))


def _works(tx: Tx, which: ColumnElement[bool]) -> Iterator[Work]:
    for row in tx.connection.execute(select(works).where(which).order_by(works.c.asset, works.c.vulnerability_mark)):
        if row.sealed is not None:
            yield _open(tx, Work, _work_place(row), row)


def put_work(tx: Tx, held: Work) -> Work:
    """Store the work as it now is. Conflict when somebody else saved it since it was read."""
    stored = replace(held, version=held.version + 1)
    mark = _mark(tx, stored.vulnerability)
    sealed = _seal(tx, Work, f"works/{stored.asset}/{mark}", stored)
    values = {
        "organisation": stored.organisation,
        "domain": stored.domain.value,
        "version": stored.version,
        "wrapped": sealed.wrapped,
        "sealed": sealed.body,
    }
    if held.version == 0:
        there = select(works.c.asset).where(works.c.asset == stored.asset, works.c.vulnerability_mark == mark)
        if tx.connection.execute(there).first() is not None:
            raise Conflict("this finding changed since it was read: read it again, then decide")
        tx.connection.execute(insert(works).values(asset=stored.asset, vulnerability_mark=mark, **values))
        return stored
    changed = tx.connection.execute(
        update(works)
        .where(works.c.asset == stored.asset, works.c.vulnerability_mark == mark, works.c.version == held.version)
        .values(**values)
    )
    if changed.rowcount != 1:
        raise Conflict("this finding changed since it was read: read it again, then decide")
    return stored


def stamp(tx: Tx, viewer: Viewer) -> tuple[object, ...]:
    """Another value after any change of the work or the directives that this viewer sees, or of what they follow."""
    done = select(func.count(), func.sum(works.c.version)).where(_own(viewer))
    written = select(func.count(), func.sum(directives.c.version)).where(_sees(viewer))
    following = (
        select(directive_followers.c.wrapped)
        .where(directive_followers.c.organisation == viewer.organisation, _in_domain(viewer, directive_followers))
        .order_by(directive_followers.c.pack, directive_followers.c.domain)
    )
    counts = [tx.connection.execute(query).one() for query in (done, written)]
    return *((number, int(total or 0)) for number, total in counts), *tx.connection.execute(following).scalars()


def _own(viewer: Viewer) -> ColumnElement[bool]:
    owner = true() if viewer.is_system else works.c.organisation == viewer.organisation
    return and_(_in_domain(viewer, works), owner)


def _mark(tx: Tx, vulnerability: str) -> str:
    return tx.master.mark("work vulnerability", vulnerability)


def _work_place(row: Row[Any]) -> str:
    return f"works/{row.asset}/{row.vulnerability_mark}"


def _seal(tx: Tx, kind: type[T], place: str, value: T) -> Sealed:
    return seal(tx.master, place, rows.encode(value, kind))


def _open(tx: Tx, kind: type[T], place: str, row: Row[Any]) -> T:
    if row.sealed is None or row.wrapped is None:
        raise Tampered(f"{place} has lost its key")
    return rows.decode(kind, unseal(tx.master, place, Sealed(wrapped=row.wrapped, body=row.sealed)))
