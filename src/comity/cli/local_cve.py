"""Answer the API's paths on CVE Services from the local counters."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from comity.api import cve_services
from comity.app import Office
from comity.model.ids import CaseId
from comity.model.party import Viewer

Answer = Callable[[Office, Viewer, tuple[str, ...], Mapping[str, Any]], Any]
NAME = r"([^/]+)"

READS: Mapping[str, Answer] = {
    "/cve-account": lambda o, v, _n, _q: cve_services.account_body(o.cve.account(v)),
    "/cve-requests": lambda o, v, _n, _q: [cve_services.request_body(one) for one in o.cve.open(v)],
    f"/cases/{NAME}/cve": lambda o, v, n, _q: cve_services.state_body(o.cve.state(v, CaseId(n[0]))),
}
ACTS: Mapping[str, Answer] = {
    "/cve-account": lambda o, v, _n, b: cve_services.enter(o.cve, v, msgspec.convert(b, cve_services.EnterCveAccount)),
    "/cve-account/end": lambda o, v, _n, _b: o.cve.end(v),
    f"/cases/{NAME}/cve/dry-run": lambda o, v, n, b: cve_services.tried(
        o.cve, v, n[0], msgspec.convert(b, cve_services.CveDeed)
    ),
    f"/cases/{NAME}/cve": lambda o, v, n, b: cve_services.proposed(
        o.cve, v, n[0], msgspec.convert(b, cve_services.CveDeed)
    ),
    f"/cve-requests/{NAME}/confirmation": lambda o, v, n, b: cve_services.request_body(
        o.cve.confirm(v, n[0], seen=str(b.get("seen_sha256", "")))
    ),
    f"/cve-requests/{NAME}/withdrawal": lambda o, v, n, _b: cve_services.request_body(o.cve.withdraw(v, n[0])),
    f"/cve-requests/{NAME}/again": lambda o, v, n, _b: cve_services.request_body(o.cve.again(v, n[0])),
    f"/cve-requests/{NAME}/adoption": lambda o, v, n, b: cve_services.request_body(
        o.cve.adopt(v, n[0], cve_id=str(b.get("cve", "")))
    ),
}
