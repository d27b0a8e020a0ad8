"""The battery's counter for this machine's terminal: verify the generators, tell what they are.

Nothing here opens a store or an engagement: items are made from seeds that belong to nobody, so no viewer is asked
for.
"""

import importlib.util
from collections.abc import Sequence

from comity.assess.battery.external import Availability, availability
from comity.assess.battery.families import FAMILIES, Prior, named, prior
from comity.assess.battery.flow_verify import Progress, Report, verify
from comity.assess.battery.task import Family
from comity.errors import Invalid, Problem
from comity.sandbox import tier
from comity.sandbox.engine import container_engine
from comity.settings import Settings

MOST_SEEDS = 100_000


def families() -> tuple[Family, ...]:
    """Every family, in the order of the documentation."""
    return tuple(FAMILIES.values())


def priors() -> dict[str, Prior]:
    """Family -> what is believed of its human minutes: a prior that nobody has calibrated."""
    return {name: prior(name) for name in FAMILIES}


def suites() -> tuple[Availability, ...]:
    """Every public suite that Comity knows, and what is in the way of running it on this host."""
    return availability(
        engine_why=container_engine().why, packages=importlib.util.find_spec("inspect_evals") is not None
    )


def verified(
    settings: Settings, chosen: Sequence[str], *, seeds: int, first: int = 0, progress: Progress
) -> tuple[Report, ...]:
    """One report per family; all families when none is chosen.

    Raises Invalid (no such family, no seeds), Forbidden and Unavailable (this host cannot contain what must run).
    """
    if not 1 <= seeds <= MOST_SEEDS or not 0 <= first <= MOST_SEEDS:
        raise Invalid("no such seeds", [Problem("/seeds", "out_of_range", f"give 1 to {MOST_SEEDS}")])
    names = [named(one).name for one in chosen] or list(FAMILIES)
    host = tier.find(settings.containment, settings.accept_without_cgroups, settings.sandbox_uid)
    return tuple(verify(name, first=first, seeds=seeds, host=host, progress=progress) for name in names)
