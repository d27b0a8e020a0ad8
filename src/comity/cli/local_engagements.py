"""Answer the API's paths about engagements from the local counter."""

import base64
from collections.abc import Mapping
from typing import Any

from comity.api.engagement_shapes import (
    Claims,
    CountsBody,
    Engagements,
    Invited,
    Outcome,
    Papers,
    body_of,
    ledger_of,
    line_of,
)
from comity.app import Office
from comity.model.ids import EngagementId
from comity.model.party import Viewer

Names = tuple[str, ...]
Query = Mapping[str, Any]
NAME = r"([^/]+)"


def _listed(office: Office, viewer: Viewer, _names: Names, query: Query) -> Engagements:
    rows, following = office.assess.page(viewer, after=str(query.get("after", "")), limit=int(query.get("limit", 50)))
    return Engagements(rows=tuple(line_of(row) for row in rows), next=following)


def _claims(office: Office, viewer: Viewer, _names: Names, _query: Query) -> Claims:
    found = office.assess.claims(viewer)
    return Claims(claims=tuple({"sentence": c.sentence, "holds": c.holds, "broken": list(c.broken)} for c in found))


def _counts(office: Office, viewer: Viewer, _names: Names, _query: Query) -> CountsBody:
    held = office.assess.counts(viewer)
    return CountsBody(under_way=held.under_way, over=held.over)


def _papers(office: Office, viewer: Viewer, names: Names, _query: Query) -> Papers:
    found = office.assess.papers(viewer, EngagementId(names[0]))
    return Papers(papers={name: base64.b64encode(data).decode() for name, data in found})


def _invite(office: Office, viewer: Viewer, _names: Names, body: Query) -> Invited:
    id_, receipt = office.assess.invite(
        viewer,
        subject=str(body.get("subject", "")),
        question=str(body.get("question", "")),
        declaration=str(body.get("declaration", "")),
        planned=str(body.get("planned_release", "")),
    )
    url = f"{office.settings.address}/engagements/{id_}"
    return Invited(id=id_, receipt=base64.b64encode(receipt).decode(), url=url)


def _act(office: Office, viewer: Viewer, names: Names, body: Query) -> Outcome:
    told = office.assess.do(viewer, EngagementId(names[0]), names[1], dict(body.get("values", {})))
    return Outcome(outcome=told.sentence, state=told.engagement.state.value, secret=told.secret)


def _export(office: Office, viewer: Viewer, names: Names, body: Query) -> dict[str, str]:
    found = office.assess.export(viewer, EngagementId(names[0]), str(body.get("what", "card")))
    return {"file": base64.b64encode(found).decode()}


READS: Mapping[str, Any] = {
    "/assessments": _counts,
    "/assessments/rules": _claims,
    "/engagements": _listed,
    f"/engagements/{NAME}": lambda o, v, n, _: body_of(o.assess.view(v, EngagementId(n[0]))),
    f"/engagements/{NAME}/ledger": lambda o, v, n, _: ledger_of(*o.assess.ledger(v, EngagementId(n[0]))),
    f"/engagements/{NAME}/papers": _papers,
}
DOWNLOADS: Mapping[str, Any] = {
    f"/engagements/{NAME}/receipt": lambda o, v, n, _: o.assess.receipt(v, EngagementId(n[0])),
}
ACTS: Mapping[str, Any] = {
    "/engagements": _invite,
    f"/engagements/{NAME}/acts/{NAME}": _act,
    f"/engagements/{NAME}/exports": _export,
    f"/engagements/{NAME}/openings": lambda o, v, n, b: o.assess.reveal(v, EngagementId(n[0]), str(b.get("leaf", ""))),
}
