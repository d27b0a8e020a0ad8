"""Answer the API's paths of briefs from the local counter."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from comity.api import briefs as shapes
from comity.api import wire
from comity.app import Office
from comity.brief.desk import Counted, Rejected
from comity.model.party import Viewer

Names = tuple[str, ...]
Body = Mapping[str, Any]
NAME = r"([^/]+)"


def _listed(office: Office, viewer: Viewer, _: Names, query: Body) -> Any:
    found = office.briefs.published(
        viewer,
        kind=str(query.get("class", "")),
        after=str(query.get("after", "")),
        limit=int(query.get("limit", 50)),
    )
    return {"rows": [shapes.line(one) for one in found.rows], "next": found.next}


def _drafts(office: Office, viewer: Viewer, _: Names, query: Body) -> Any:
    found = office.briefs.drafts(
        viewer,
        state=str(query.get("state", "")),
        after=str(query.get("after", "")),
        limit=int(query.get("limit", 50)),
    )
    return {"rows": wire.plain(found.rows), "next": found.next}


def _draft(office: Office, viewer: Viewer, names: Names, _: Body) -> Any:
    return shapes.draft(office.briefs.draft(viewer, names[0]))


def _made(office: Office, viewer: Viewer, _: Names, body: Body) -> Any:
    held = office.briefs.take_in(
        viewer,
        base64.b64decode(body["content"]),
        url=str(body["url"]),
        name=str(body["name"]),
        open_licence=str(body["open_licence"]),
    )
    return shapes.draft(office.briefs.draft(viewer, held.id))


def _begin(office: Office, viewer: Viewer, names: Names, body: Body) -> Any:
    office.briefs.begin(viewer, names[0])
    return _draft(office, viewer, names, body)


def _decide(office: Office, viewer: Viewer, names: Names, body: Body) -> Any:
    outcome = office.briefs.decide(
        viewer,
        names[0],
        shapes.decisions_of(body["decisions"]),
        editor_of_record=str(body["editor_of_record"]),
        reason=str(body["reason"]),
    )
    word = "counted" if isinstance(outcome, Counted) else "rejected" if isinstance(outcome, Rejected) else "voided"
    return {"outcome": word, "state": outcome.record.brief.review_state.value}


def _correct(office: Office, viewer: Viewer, names: Names, body: Body) -> Any:
    return shapes.line(office.briefs.correct(viewer, names[0], **body))


Answer = Callable[[Office, Viewer, Names, Body], Any]
READS: Mapping[str, Answer] = {
    "/briefs": _listed,
    f"/briefs/{NAME}": lambda o, v, n, _: shapes.body(o.briefs.brief(v, n[0])),
    "/drafts": _drafts,
    f"/drafts/{NAME}": _draft,
    "/notices": lambda o, v, _n, _q: {"rows": wire.plain(o.briefs.notices(v))},
}
DOWNLOADS: Mapping[str, Answer] = {
    f"/briefs/{NAME}/files/{NAME}": lambda o, v, n, _: o.briefs.file(v, n[0], n[1]).data,
}
ACTS: Mapping[str, Answer] = {
    "/detections": lambda o, v, _, body: wire.plain(o.briefs.detect(v, str(body["text"]))),
    "/drafts": _made,
    f"/drafts/{NAME}/review": _begin,
    f"/drafts/{NAME}/opened": lambda o, v, n, body: wire.plain(o.briefs.open_source(v, n[0], str(body["url"]))),
    f"/drafts/{NAME}/decisions": _decide,
    f"/drafts/{NAME}/publication": lambda o, v, n, _: shapes.line(o.briefs.publish(v, n[0])),
    f"/drafts/{NAME}/corrections": _correct,
    f"/drafts/{NAME}/withdrawal": lambda o, v, n, body: shapes.line(o.briefs.withdraw(v, n[0], **body)),
}
