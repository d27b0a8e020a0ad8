"""Answer the API's paths on priority, capacity and standing from the local counters."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from comity.api import capacity, priorities, standing
from comity.app import Office
from comity.errors import Invalid, Problem
from comity.model.ids import CaseId
from comity.model.party import Viewer

Query = Mapping[str, Any]
NAME = r"([^/]+)"


def _why(office: Office, viewer: Viewer, names: tuple[str, ...], query: Query) -> Any:
    return priorities.why_body(office.priorities.why(viewer, CaseId(names[0]), on=day(str(query.get("on", "")))))


def day(text: str) -> date | None:
    """A day as people write it, None for "". Invalid for anything else."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("no such day", [Problem("/on", "invalid_time", "a day is written 2026-11-24")]) from error


READS = {
    "/standing": lambda o, v, _n, _q: standing.standing_body(o.standings.show(v)),
    "/capacity": lambda o, v, _n, _q: [capacity.contract_body(one) for one in o.capacity.contracts(v)],
    f"/capacity/{NAME}": lambda o, v, n, _q: capacity.queue_body(o.capacity.queue(v, n[0])),
    f"/cases/{NAME}/why": _why,
    f"/cases/{NAME}/ssvc": lambda o, v, n, _q: o.priorities.selections(v, CaseId(n[0])),
    "/questions": lambda o, _v, _n, _q: priorities.question_bodies(o.priorities),
}
ACTS = {
    "/standing/appeals": lambda o, v, _n, b: standing.appeal(o.standings, v, msgspec.convert(b, standing.MakeAppeal)),
    f"/standing/appeals/{NAME}/decision": lambda o, v, n, b: standing.decide(
        o.standings, v, n[0], msgspec.convert(b, standing.DecideAppeal)
    ),
    "/capacity": lambda o, v, _n, b: capacity.enter(o.capacity, v, msgspec.convert(b, capacity.EnterContract)),
    f"/capacity/{NAME}/confirmation": lambda o, v, n, _b: capacity.contract_body(o.capacity.confirm(v, n[0])),
    f"/cases/{NAME}/answers": lambda o, v, n, b: priorities.give(
        o.priorities, v, n[0], msgspec.convert(b, priorities.TableAnswer)
    ),
}
