"""The counter of mirrors: which are kept, how old each is, how the last look ended, and a look when it is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from comity.access import policy
from comity.access.policy import Action
from comity.admin import flow_mirrors
from comity.admin.air_gap import Bundles
from comity.admin.flow_mirrors import Machines
from comity.durable.engine import Control
from comity.feeds.sources import Wanted
from comity.model.ids import Digest
from comity.model.party import Viewer
from comity.settings import Settings
from comity.store import mirror_checks, upstream
from comity.store.mirror_checks import Check
from comity.store.upstream import Mirror

FRESH, STALE, NEVER = "fresh", "too old", "never fetched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One mirror, wanted or held or both. `name` "": held, and no longer (or never) named in the setting."""

    name: str
    source: str
    address: str
    """Without a query: that may hold a secret of the operator's."""
    as_of: datetime | None
    """The date that upstream gives itself."""
    fetched_at: datetime | None
    confirmed_at: datetime | None
    """When upstream last said that this is its newest."""
    age: timedelta | None
    """Since the later of both; None: it bears no date, or is not held."""
    state: str
    digest: Digest | None
    facts: int
    checked_at: datetime | None
    outcome: str
    said: str
    failures: int
    next_at: datetime | None
    is_old_copy: bool
    """Upstream confirms it, and its own date is further back than this source ever rests: look at the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirroring:
    """The calls. Threads share it."""

    machines: Machines
    control: Control

    def standing(self, viewer: Viewer) -> tuple[Standing, ...]:
        """Every mirror that is wanted, in the setting's order, then every other one that is held."""
        policy.allow(viewer, Action.READ_MIRRORS)
        return standing(self.machines)

    def fetch(self, viewer: Viewer, name: str) -> None:
        """Have one looked at soon, by the worker. Missing for one that is not kept; Conflict on an offline host."""
        policy.allow(viewer, Action.FETCH_MIRRORS)
        flow_mirrors.ask(self.machines, self.control, viewer, name)

    @property
    def bundles(self) -> Bundles:
        """What goes to and comes from hosts without a network; at this host's own terminal."""
        settings = self.settings
        kept = self.machines.kept
        return Bundles(store=self.machines.store, kept=kept, limit=settings.feed_age, age=settings.bundle_age)

    @property
    def settings(self) -> Settings:
        """What the host is set to."""
        return self.machines.settings

    @property
    def now(self) -> Callable[[], datetime]:
        """The host's clock."""
        return self.machines.now


def standing(machines: Machines) -> tuple[Standing, ...]:
    """As the counter, for whoever holds this host's terminal."""
    at, limit = machines.now(), machines.settings.feed_age
    wanted, clock = machines.wanted, flow_mirrors.next_look(machines)
    with machines.store.read() as tx:
        held = {one.source: one for one in upstream.all_mirrors(tx)}
        checks = {one.name: one for one in mirror_checks.every(tx)}
    found = [
        _standing(
            one,
            held.get(one.source),
            checks.get(one.name),
            at=at,
            limit=limit,
            next_at=flow_mirrors.following(machines, clock, checks.get(one.name)),
        )
        for one in wanted
    ]
    named = {one.source for one in wanted}
    found += [_standing(None, one, None, at=at, limit=limit) for name, one in held.items() if name not in named]
    return tuple(found)


def _standing(
    wanted: Wanted | None,
    held: Mirror | None,
    check: Check | None,
    *,
    at: datetime,
    limit: timedelta,
    next_at: datetime | None = None,
) -> Standing:
    since = held.current_as_of if held is not None else None
    age = None if since is None else max(at - since, timedelta(0))
    return Standing(
        name=wanted.name if wanted is not None else "",
        source=wanted.source if wanted is not None else held.source if held is not None else "",
        address=_shown(wanted.address) if wanted is not None else "",
        as_of=held.as_of if held is not None else None,
        fetched_at=held.fetched_at if held is not None else None,
        confirmed_at=held.confirmed_at if held is not None else None,
        age=age,
        state=NEVER if held is None else STALE if age is None or age > limit else FRESH,
        digest=held.digest if held is not None else None,
        facts=held.facts if held is not None else 0,
        checked_at=check.checked_at if check is not None else None,
        outcome=check.outcome.value if check is not None else "",
        said=check.said if check is not None else "",
        failures=check.failures if check is not None else 0,
        next_at=next_at,
        is_old_copy=held is not None and held.is_old_copy,
    )


def _shown(address: str) -> str:
    if "://" not in address:
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
