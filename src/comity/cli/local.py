"""Answer the API's paths from the local counters, for commands that act on this machine's store."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from comity.admin.teams import Teams
from comity.api import blind, canaries, claims, federation, patches, reports, search, teams, wire
from comity.api.blind import BlindOpening, BlindQuestion, BlindSettled, BlindShelf
from comity.api.cases import REASONS
from comity.api.mirrors import MirrorList, mirror_body
from comity.api.shapes import Advisories, Cases, Doctor, Outcome, Previews, Reports
from comity.app import Office
from comity.cli import (
    local_briefs,
    local_coordination,
    local_cve,
    local_defence,
    local_engagements,
    local_erasures,
    local_intake,
    local_priority,
)
from comity.errors import Invalid, Missing, Problem
from comity.model.case import Stage
from comity.model.ids import AdvisoryId, CaseId, Digest, ReportId, is_digest
from comity.model.party import Viewer

Query = Mapping[str, Any]


def read(office: Office, viewer: Viewer, path: str, query: Query) -> Any:
    """The shape that a GET of this path answers with."""
    answer, names = _match(READS, path)
    return answer(office, viewer, names, query)


def fetch(office: Office, viewer: Viewer, path: str) -> bytes:
    """The bytes that a download of this path answers with."""
    answer, names = _match(DOWNLOADS, path)
    data: bytes = answer(office, viewer, names, {})
    return data


def act(office: Office, viewer: Viewer, path: str, body: Query) -> Any:
    """The shape that a POST of this path answers with."""
    answer, names = _match(ACTS, path)
    return answer(office, viewer, names, body)


Answer = Callable[[Office, Viewer, tuple[str, ...], Query], Any]


def _match(table: Mapping[str, Answer], path: str) -> tuple[Answer, tuple[str, ...]]:
    for pattern, answer in table.items():
        found = re.fullmatch(pattern, path)
        if found is not None:
            return answer, found.groups()
    raise Missing(f"no such call: {path}")


def _paged(query: Query) -> dict[str, Any]:
    return {"after": str(query.get("after", "")), "limit": int(query.get("limit", 50))}


def _cases(office: Office, viewer: Viewer, _names: tuple[str, ...], query: Query) -> Cases:
    stage = str(query.get("stage", ""))
    if stage and stage not in set(Stage):
        raise Invalid("no such stage", [Problem("/stage", "unknown_stage", f"one of {', '.join(Stage)}")])
    page = office.clearing.cases(viewer, stage=Stage(stage) if stage else None, **_paged(query))
    return Cases(rows=tuple(wire.case_line(row) for row in page.rows), next=page.next)


def _reports(office: Office, viewer: Viewer, _names: tuple[str, ...], query: Query) -> Reports:
    rows, following = office.clearing.reports(viewer, **_paged(query))
    own = viewer.organisation
    return Reports(rows=tuple(wire.report(row, is_own=row.report.organisation == own) for row in rows), next=following)


def _advisories(office: Office, viewer: Viewer, _names: tuple[str, ...], query: Query) -> Advisories:
    page = office.library.advisories(viewer, **_paged(query))
    return Advisories(rows=tuple(wire.advisory_line(row) for row in page.rows), next=page.next)


def _close(office: Office, viewer: Viewer, names: tuple[str, ...], body: Query) -> Any:
    reason = REASONS.get(str(body.get("reason", "")))
    if reason is None:
        problem = Problem("/reason", "unknown_reason", f"one of {', '.join(REASONS)}")
        raise Invalid("this is no reason to close a case", [problem])
    return wire.plain(office.clearing.close(viewer, CaseId(names[0]), reason))


def _approve(office: Office, viewer: Viewer, names: tuple[str, ...], body: Query) -> Any:
    draft = str(body.get("draft_sha256", ""))
    if not is_digest(draft):
        problem = Problem("/draft_sha256", "bad_digest", "64 lower-case hex characters")
        raise Invalid("the draft is named by its SHA-256", [problem])
    return wire.plain(office.clearing.approve(viewer, CaseId(names[0]), Digest(draft)))


def _ask_blindly(office: Office, viewer: Viewer, _names: tuple[str, ...], body: Query) -> Any:
    data = msgspec.convert(body, BlindQuestion)
    return blind.answer(office.blind.ask(viewer, document=data.document, parts=blind.asked(data)))


def _open_blindly(office: Office, viewer: Viewer, names: tuple[str, ...], body: Query) -> Any:
    data = msgspec.convert(body, BlindOpening)
    taken = office.blind.open(viewer, names[0], document=data.document, salts=data.salts, blinds=data.blinds)
    return BlindSettled(question=names[0], standing="filed", receipt=taken.receipt, report=taken.report)


def _withdraw_blindly(office: Office, viewer: Viewer, names: tuple[str, ...], _body: Query) -> Any:
    office.blind.withdraw(viewer, names[0])
    return BlindSettled(question=names[0], standing="withdrawn")


def _overlap(office: Office, viewer: Viewer, _names: tuple[str, ...], body: Query) -> Any:
    data = msgspec.convert(body, claims.AskOverlap)
    return claims.overlap(office.claims.ask(viewer, claims.wish(data.area), may_be_named=data.may_be_named))


def _beat(office: Office, viewer: Viewer, names: tuple[str, ...], body: Query) -> Any:
    data = msgspec.convert(body, claims.Heartbeat)
    return claims.body(office.claims.beat(viewer, names[0], progress=data.progress), is_open=True)


NAME = r"([^/]+)"
READS: Mapping[str, Answer] = {
    **local_briefs.READS,
    **local_engagements.READS,
    **local_coordination.READS,
    **local_cve.READS,
    **local_erasures.READS,
    **local_defence.READS,
    **local_intake.READS,
    **local_priority.READS,
    "/cases": _cases,
    "/teams": lambda o, v, _n, _q: teams.listed(Teams(o.accounts), v),
    "/partners": lambda o, v, _n, _q: [federation.partner_body(one) for one in o.hand_overs.partners(v)],
    "/hand-overs": lambda o, v, _n, _q: federation.passed(o.hand_overs, v),
    "/search": lambda o, v, _n, q: search.found(o.searching, v, str(q.get("q", ""))),
    f"/cases/{NAME}": lambda o, v, n, _: wire.case_body(o.clearing.case(v, CaseId(n[0]))),
    f"/cases/{NAME}/preview": lambda o, v, n, _: Previews(
        renderings=tuple(wire.preview(r) for r in o.clearing.preview(v, CaseId(n[0])))
    ),
    f"/submissions/{NAME}": lambda o, v, n, _q: reports.followed(o.clearing, v, n[0]),
    "/reports": _reports,
    f"/reports/{NAME}": lambda o, v, n, _: wire.report(o.clearing.report(v, ReportId(n[0])), is_own=True),
    "/advisories": _advisories,
    f"/advisories/{NAME}": lambda o, v, n, _: wire.advisory_body(
        o.library.advisory(v, AdvisoryId(n[0])), address=o.settings.address
    ),
    "/journal/verification": lambda o, v, _n, _q: wire.journal_proof(o.accounts.verify_journal(v)),
    "/mirrors": lambda o, v, _n, _q: MirrorList(mirrors=tuple(map(mirror_body, o.mirroring.standing(v)))),
    "/doctor": lambda o, v, _n, _q: Doctor(lines=tuple(wire.health(line) for line in o.accounts.doctor(v))),
    "/claims": lambda o, v, _n, _q: claims.held_claims(o.claims.own(v)),
    f"/cases/{NAME}/patches": lambda o, v, n, _: patches.listing(o.patches.listed(v, CaseId(n[0]))),
    f"/cases/{NAME}/patches/{NAME}": lambda o, v, n, _: patches.view(o.patches.one(v, CaseId(n[0]), n[1])),
    f"/cases/{NAME}/patch-terms": lambda o, v, n, q: patches.terms(
        o.patches.consent(v, CaseId(n[0]), model=str(q.get("model", "")))
    ),
    "/blind": lambda o, v, _n, _q: blind.terms(o.blind.terms(v)),
    f"/blind/questions/{NAME}/shelves/{NAME}/([0-9]+)": lambda o, v, n, _: BlindShelf(
        entries=o.blind.shelf(v, n[0], n[1], int(n[2]))
    ),
    f"/blind/questions/{NAME}/claims": lambda o, v, n, q: blind.claims(
        o.blind, v, n[0], methods=str(q.get("methods", "")), may_be_named=q.get("may_be_named") == "true"
    ),
    "/order": lambda o, v, _n, _q: wire.plain(o.library.order(v)),
}
DOWNLOADS: Mapping[str, Answer] = {
    **local_briefs.DOWNLOADS,
    **local_engagements.DOWNLOADS,
    **local_defence.DOWNLOADS,
    f"/advisories/{NAME}/files/{NAME}": lambda o, v, n, _: o.library.file(v, AdvisoryId(n[0]), n[1]).data,
    f"/claims/{NAME}/result": lambda o, v, n, _: o.claims.result(v, n[0]),
    f"/cases/{NAME}/patches/{NAME}/statement": lambda o, v, n, _: o.patches.statement(v, CaseId(n[0]), n[1]),
    f"/hand-overs/{NAME}/statements/{NAME}": lambda o, v, n, _: o.hand_overs.statement(v, n[0], Digest(n[1])),
    f"/cases/{NAME}/statements/{NAME}": lambda o, v, n, _: o.clearing.statement(v, CaseId(n[0]), Digest(n[1])),
    f"/reports/{NAME}/attachments/{NAME}": lambda o, v, n, _: o.clearing.attachment(v, ReportId(n[0]), Digest(n[1]))[1],
}
ACTS: Mapping[str, Answer] = {
    "/teams": lambda o, v, _n, b: teams.make(Teams(o.accounts), v, msgspec.convert(b, teams.NewTeam)),
    f"/teams/{NAME}": lambda o, v, n, b: teams.change(Teams(o.accounts), v, n[0], msgspec.convert(b, teams.TeamChange)),
    "/partners": lambda o, v, _n, b: federation.enter(o.hand_overs, v, msgspec.convert(b, federation.EnterPartner)),
    f"/partners/{NAME}/end": lambda o, v, n, _b: o.hand_overs.end(v, n[0]),
    f"/partners/{NAME}/claims": lambda o, v, n, b: federation.partner_body(
        o.hand_overs.exchange_claims(v, n[0], on=msgspec.convert(b, federation.ExchangeClaims).on)
    ),
    f"/cases/{NAME}/hand-over": lambda o, v, n, b: federation.make(
        o.hand_overs, v, n[0], msgspec.convert(b, federation.MakeHandOver)
    ),
    f"/hand-overs/{NAME}/follow": lambda o, v, n, _b: federation.follow(o.hand_overs, v, n[0]),
    f"/cases/{NAME}/vulnerability-reports": lambda o, v, n, b: federation.vulnerability_reports(
        o.hand_overs, v, n[0], msgspec.convert(b, federation.TakeReports)
    ),
    f"/hand-overs/{NAME}/again": lambda o, v, n, _b: federation.hand_over_body(o.hand_overs.again(v, n[0])),
    **local_briefs.ACTS,
    **local_engagements.ACTS,
    **local_coordination.ACTS,
    **local_cve.ACTS,
    **local_erasures.ACTS,
    **local_defence.ACTS,
    **local_intake.ACTS,
    **local_priority.ACTS,
    f"/cases/{NAME}/approvals": _approve,
    f"/cases/{NAME}/publication": lambda o, v, n, _: Outcome(outcome=o.clearing.publish(v, CaseId(n[0]))),
    f"/cases/{NAME}/closing": _close,
    f"/cases/{NAME}/patches": lambda o, v, n, b: patches.offered(
        o.patches, v, n[0], msgspec.convert(b, patches.OfferPatch)
    ),
    f"/cases/{NAME}/patch-requests": lambda o, v, n, b: patches.asked(
        o.patches, v, n[0], msgspec.convert(b, patches.AskForPatch)
    ),
    f"/cases/{NAME}/patches/{NAME}/review": lambda o, v, n, b: patches.reviewed(
        o.patches, v, n[0], n[1], msgspec.convert(b, patches.ReviewPatch)
    ),
    "/canaries": lambda o, v, _n, b: canaries.looked(o.canaries, v, msgspec.convert(b, canaries.LookForCanaries)),
    "/claims/overlap": _overlap,
    "/claims": lambda o, v, _n, b: claims.take(o.claims, v, msgspec.convert(b, claims.TakeClaim)),
    "/claims/blind": lambda o, v, _n, b: claims.take_blindly(o.claims, v, msgspec.convert(b, claims.TakeBlindClaim)),
    f"/claims/{NAME}/heartbeat": _beat,
    f"/claims/{NAME}/end": lambda o, v, n, b: claims.end(o.claims, v, n[0], msgspec.convert(b, claims.EndClaim)),
    "/blind/questions": _ask_blindly,
    f"/blind/questions/{NAME}/opening": _open_blindly,
    f"/blind/questions/{NAME}/withdrawal": _withdraw_blindly,
}
