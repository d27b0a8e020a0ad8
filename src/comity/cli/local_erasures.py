"""Answer the API's paths on erasure from the local counter."""

from collections.abc import Callable, Mapping
from typing import Any

from comity.api import erasures
from comity.app import Office
from comity.model.ids import CaseId
from comity.model.party import Viewer

Answer = Callable[[Office, Viewer, tuple[str, ...], Mapping[str, Any]], Any]
NAME = r"([^/]+)"

READS: Mapping[str, Answer] = {
    "/erasures": lambda o, v, _n, _q: [erasures.erasure_body(one) for one in o.erasures.listed(v)],
}
ACTS: Mapping[str, Answer] = {
    f"/cases/{NAME}/erasure": lambda o, v, n, b: erasures.erasure_body(
        o.erasures.ask(v, CaseId(n[0]), why=str(b.get("why", "")))
    ),
    f"/erasures/{NAME}/agreement": lambda o, v, n, _b: erasures.erasure_body(o.erasures.agree(v, n[0])),
    f"/erasures/{NAME}/withdrawal": lambda o, v, n, _b: erasures.erasure_body(o.erasures.withdraw(v, n[0])),
}
