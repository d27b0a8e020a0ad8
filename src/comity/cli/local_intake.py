"""Answer the API's paths on batches, rules and duplicates from the local counters."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from comity.api import batches, regroup, rules
from comity.app import Office
from comity.model.ids import BatchId, CaseId
from comity.model.party import Viewer

Answer = Callable[[Office, Viewer, tuple[str, ...], Mapping[str, Any]], Any]
NAME = r"([^/]+)"

READS: Mapping[str, Answer] = {
    "/batches": lambda o, v, _n, _q: batches.BatchList(rows=tuple(batches.body_of(b) for b in o.batches.listed(v))),
    f"/batches/{NAME}": lambda o, v, n, _q: batches.body_of(o.batches.batch(v, BatchId(n[0]))),
    f"/batches/{NAME}/items": lambda o, v, n, q: batches.items_of(
        o.batches.answers(v, BatchId(n[0]), after=int(q.get("after", -1)), limit=int(q.get("limit", 200)))
    ),
    "/keys": lambda o, v, _n, _q: batches.KeyList(keys=tuple(batches.key_of(k) for k in o.batches.keys(v))),
    "/projects/rules": lambda o, v, _n, q: rules.held(o.rules, v, str(q.get("package", ""))),
    f"/cases/{NAME}/duplicates": lambda o, v, n, _q: regroup.shown(o.regroup.beside(v, CaseId(n[0]))),
}
ACTS: Mapping[str, Answer] = {
    "/keys": lambda o, v, _n, b: batches.key_of(o.batches.add_key(v, msgspec.json.encode(b))),
    "/projects/rules": lambda o, v, _n, b: rules.kept(o.rules, v, msgspec.convert(b, rules.RulesBody)),
    f"/cases/{NAME}/merge": lambda o, v, n, b: regroup.merged(
        o.regroup, v, CaseId(n[0]), msgspec.convert(b, regroup.Merge)
    ),
    f"/cases/{NAME}/split": lambda o, v, n, b: regroup.parted(
        o.regroup, v, CaseId(n[0]), msgspec.convert(b, regroup.Split)
    ),
}
