"""Mirrors of upstream: which this host keeps, how old each is, and a look when an operator asks for it."""

from datetime import datetime

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from comity.access.policy import Action
from comity.admin.mirroring import Mirroring, Standing
from comity.api import asking
from comity.api.asking import Ask


class MirrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """One mirror. `name` "": held, and not one that this host fetches. `state`: fresh, too old, never fetched.

    `as_of` is the date that upstream gives itself; `confirmed_at` when upstream last said that this is its newest; the
    age counts from the later of both. `is_old_copy`: its own date is further back than this source ever rests, so that
    only that date counts: the address may serve an old copy.
    """

    name: str
    source: str
    address: str
    as_of: datetime | None
    fetched_at: datetime | None
    confirmed_at: datetime | None
    age_seconds: int | None
    state: str
    digest: str | None
    facts: int
    checked_at: datetime | None
    outcome: str
    said: str
    failures: int
    next_at: datetime | None
    is_old_copy: bool


class MirrorList(msgspec.Struct, frozen=True, kw_only=True):
    """Every mirror that this host keeps or holds."""

    mirrors: tuple[MirrorBody, ...]


class LookAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which mirror is to be looked at, as the setting names it."""

    name: str


class LookAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The worker of the host looks soon; the list of mirrors tells what came of it."""

    name: str


def mirror_body(one: Standing) -> MirrorBody:
    """A mirror in the shape of the API."""
    return MirrorBody(
        name=one.name,
        source=one.source,
        address=one.address,
        as_of=one.as_of,
        fetched_at=one.fetched_at,
        confirmed_at=one.confirmed_at,
        age_seconds=None if one.age is None else int(one.age.total_seconds()),
        state=one.state,
        digest=one.digest,
        facts=one.facts,
        checked_at=one.checked_at,
        outcome=one.outcome,
        said=one.said,
        failures=one.failures,
        next_at=one.next_at,
        is_old_copy=one.is_old_copy,
    )


def routes(counter: Mirroring) -> list[HTTPRouteHandler]:
    """The operations on mirrors."""

    @get(
        "/mirrors",
        opt={"action": Action.READ_MIRRORS},
        operation_id="listMirrors",
        sync_to_thread=True,
        summary="How old the mirrors are",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> MirrorList:
        """Each with upstream's own date, when it was fetched, when it was confirmed, and what the last look said."""
        return MirrorList(mirrors=tuple(mirror_body(one) for one in counter.standing(asking.viewer_of(request))))

    @post(
        "/mirrors/looks",
        opt={"action": Action.FETCH_MIRRORS},
        operation_id="lookAtMirror",
        sync_to_thread=True,
        status_code=202,
        summary="Have a mirror looked at",
        responses=asking.ERRORS,
    )
    def look(request: Ask, data: JSONBody[LookAt]) -> LookAsked:
        """Only a mirror that the operator named in the host's settings is ever fetched."""
        counter.fetch(asking.viewer_of(request), data.name)
        return LookAsked(name=data.name)

    return [listed, look]
