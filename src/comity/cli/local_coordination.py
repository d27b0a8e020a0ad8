"""Coordination for commands that act on this machine's store, in the shapes of the API."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from comity.api import coordination
from comity.api.coordination import CoordinationAct, Seats
from comity.app import Office
from comity.model.ids import CaseId
from comity.model.party import Viewer

Answer = Callable[[Office, Viewer, tuple[str, ...], Mapping[str, Any]], Any]
NAME = r"([^/]+)"
READS: Mapping[str, Answer] = {
    f"/cases/{NAME}/coordination": lambda o, v, n, _: coordination.shown(o.coordination.view(v, CaseId(n[0]))),
    "/seats": lambda o, v, _n, _q: Seats(rows=tuple(coordination.seat_body(one) for one in o.coordination.seats(v))),
    f"/seats/{NAME}": lambda o, v, n, _: coordination.seat_body(o.coordination.seat(v, n[0])),
}
ACTS: Mapping[str, Answer] = {
    f"/cases/{NAME}/coordination": lambda o, v, n, b: coordination.acted(o.coordination, v, n[0], _read(b)),
    f"/seats/{NAME}": lambda o, v, n, b: coordination.own(o.coordination, v, n[0], _read(b)),
}


def _read(body: Mapping[str, Any]) -> CoordinationAct:
    return msgspec.convert(body, CoordinationAct)
