"""Mirrors at this host's own terminal: from files, fetched here and now, and as bundles."""

from datetime import datetime
from typing import Any

from comity.admin import flow_mirrors, mirrors
from comity.cli.places import office
from comity.errors import Invalid, Problem
from comity.feeds import sources
from comity.settings import Settings


def add_mirror(
    settings: Settings, data: bytes, *, older_too: bool, ecosystem: str = "", fetched: str = ""
) -> dict[str, Any]:
    """Take in one upstream document. `fetched` is a day: an OSV bundle counts as of its end, never later than now."""
    with office(settings, work=False) as held:
        now = held.clock.now()
        taken = mirrors.take_in(
            held.store,
            data,
            at=now,
            older_too=older_too,
            ecosystem=ecosystem,
            as_of=_day_end(fetched, now),
            kept=flow_mirrors.kept(settings),
        )
    mirror = taken.mirror
    return {
        "source": mirror.source,
        "as_of": mirror.as_of.date().isoformat() if mirror.as_of else None,
        "fetched_at": mirror.fetched_at.date().isoformat(),
        "digest": mirror.digest,
        "facts": mirror.facts,
        "subjects": taken.subjects,
        "left_out": [{"pointer": p.pointer, "code": p.code, "reason": p.reason} for p in taken.left_out],
    }


def fetch_mirrors(settings: Settings, name: str) -> list[dict[str, Any]]:
    """Look at one mirror, or at all that the setting names, here and now."""
    with office(settings, work=False) as held:
        machines = held.mirroring.machines
        flow_mirrors.refuse_offline(settings)
        wanted = [sources.named(machines.wanted, name)] if name else list(machines.wanted)
        looks = [flow_mirrors.look(machines, one, actor=flow_mirrors.TERMINAL) for one in wanted]
    return [
        {"name": one.name, "source": one.source, "outcome": one.outcome.value, "said": one.said, "digest": one.digest}
        for one in looks
    ]


def _day_end(day: str, now: datetime) -> datetime | None:
    if not day:
        return None
    try:
        end = datetime.fromisoformat(f"{day}T23:59:59+00:00")
    except ValueError as error:
        problem = Problem("/fetched", "invalid_time", "a day is written 2026-11-24")
        raise Invalid("no such day", [problem]) from error
    return min(end, now) if end.date() <= now.date() else end
