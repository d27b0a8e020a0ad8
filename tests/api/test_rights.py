"""Every operation of the API against every role: the table of `access.policy` is what the server does."""

import re

import pytest
from litestar import Litestar, get
from litestar.exceptions import ImproperlyConfiguredException

from comity.access.policy import POLICY, Action, may
from comity.access.routes import declared
from comity.api import http
from comity.settings import Settings
from tests.api.site import Site

ROUTES = {
    ("GET", "/api/v1/openapi.json"): Action.READ_CONTRACT,
    ("POST", "/api/v1/reports"): Action.SUBMIT,
    ("GET", "/api/v1/submissions/{receipt:str}"): Action.FOLLOW_RECEIPT,
    ("GET", "/api/v1/reports"): Action.READ_OWN_REPORTS,
    ("GET", "/api/v1/reports/{report:str}"): Action.READ_OWN_REPORTS,
    ("GET", "/api/v1/reports/{report:str}/attachments/{sha256:str}"): Action.READ_OWN_REPORTS,
    ("GET", "/api/v1/reports/{report:str}/standing"): Action.READ_OWN_REPORTS,
    ("POST", "/api/v1/canaries"): Action.COORDINATE,
    ("POST", "/api/v1/claims/overlap"): Action.CLAIM_SCANS,
    ("POST", "/api/v1/claims"): Action.CLAIM_SCANS,
    ("POST", "/api/v1/claims/blind"): Action.CLAIM_SCANS,
    ("GET", "/api/v1/claims"): Action.CLAIM_SCANS,
    ("POST", "/api/v1/claims/{claim:str}/heartbeat"): Action.CLAIM_SCANS,
    ("POST", "/api/v1/claims/{claim:str}/end"): Action.CLAIM_SCANS,
    ("GET", "/api/v1/claims/{claim:str}/result"): Action.CLAIM_SCANS,
    ("GET", "/api/v1/cases/{case:str}/patches"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/patches"): Action.WORK_PATCHES,
    ("GET", "/api/v1/cases/{case:str}/patch-terms"): Action.WORK_PATCHES,
    ("POST", "/api/v1/cases/{case:str}/patch-requests"): Action.WORK_PATCHES,
    ("GET", "/api/v1/cases/{case:str}/patches/{patch:str}"): Action.READ_CASES,
    ("GET", "/api/v1/cases/{case:str}/patches/{patch:str}/statement"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/patches/{patch:str}/review"): Action.REVIEW_PATCHES,
    ("GET", "/api/v1/blind"): Action.ASK_BLINDLY,
    ("POST", "/api/v1/blind/questions"): Action.ASK_BLINDLY,
    ("GET", "/api/v1/blind/questions/{question:str}/shelves/{level:str}/{bucket:int}"): Action.ASK_BLINDLY,
    ("GET", "/api/v1/blind/questions/{question:str}/claims"): Action.ASK_BLINDLY,
    ("POST", "/api/v1/blind/questions/{question:str}/opening"): Action.ASK_BLINDLY,
    ("POST", "/api/v1/blind/questions/{question:str}/withdrawal"): Action.ASK_BLINDLY,
    ("GET", "/api/v1/cases"): Action.READ_CASES,
    ("GET", "/api/v1/cases/{case:str}"): Action.READ_CASES,
    ("GET", "/api/v1/cases/{case:str}/preview"): Action.READ_CASES,
    ("GET", "/api/v1/cases/{case:str}/statements/{sha256:str}"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/approvals"): Action.APPROVE,
    ("POST", "/api/v1/cases/{case:str}/kept"): Action.APPROVE,
    ("POST", "/api/v1/cases/{case:str}/publication"): Action.PUBLISH,
    ("POST", "/api/v1/cases/{case:str}/closing"): Action.CLOSE,
    ("GET", "/api/v1/cases/{case:str}/coordination"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/coordination"): Action.COORDINATE,
    ("GET", "/api/v1/seats"): Action.READ_SEATS,
    ("GET", "/api/v1/seats/{seat:str}"): Action.READ_SEATS,
    ("POST", "/api/v1/seats/{seat:str}"): Action.TAKE_PART,
    ("GET", "/api/v1/seats/{seat:str}/files/{sha256:str}"): Action.READ_SEATS,
    ("GET", "/api/v1/messages/{message:str}/files/{sha256:str}"): Action.READ_SEATS,
    ("GET", "/api/v1/cases/{case:str}/duplicates"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/merge"): Action.REGROUP,
    ("POST", "/api/v1/cases/{case:str}/split"): Action.REGROUP,
    ("POST", "/api/v1/batches"): Action.SEND_BATCH,
    ("GET", "/api/v1/batches"): Action.SEND_BATCH,
    ("GET", "/api/v1/batches/{batch:str}"): Action.SEND_BATCH,
    ("GET", "/api/v1/batches/{batch:str}/items"): Action.SEND_BATCH,
    ("GET", "/api/v1/keys"): Action.SEND_BATCH,
    ("POST", "/api/v1/keys"): Action.SEND_BATCH,
    ("DELETE", "/api/v1/keys/{key:str}"): Action.SEND_BATCH,
    ("GET", "/api/v1/projects/rules"): Action.READ_RULES,
    ("POST", "/api/v1/projects/rules"): Action.SET_RULES,
    ("POST", "/v1/reports"): Action.SUBMIT,
    ("POST", "/v1/query"): Action.READ_PUBLISHED,
    ("POST", "/v1/querybatch"): Action.READ_PUBLISHED,
    ("GET", "/v1/vulns/{vulnerability:str}"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/provider-metadata.json"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/service.json"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/v2.0/provider-metadata.json"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/v2.0/service.json"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/v2.1/provider-metadata.json"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/csaf/v2.1/service.json"): Action.READ_PUBLISHED,
    ("GET", "/csaf/v2.1/{level:str}"): Action.READ_PUBLISHED,
    ("GET", "/csaf/v2.1/{level:str}/{name:str}"): Action.READ_PUBLISHED,
    ("GET", "/csaf/v2.1/{level:str}/{year:str}/{name:str}"): Action.READ_PUBLISHED,
    ("GET", "/.well-known/security.txt"): Action.READ_PUBLISHED,
    ("GET", "/csaf/openpgp/{name:str}"): Action.READ_PUBLISHED,
    ("GET", "/csaf/{level:str}"): Action.READ_PUBLISHED,
    ("GET", "/csaf/{level:str}/{name:str}"): Action.READ_PUBLISHED,
    ("GET", "/csaf/{level:str}/{year:str}/{name:str}"): Action.READ_PUBLISHED,
    ("GET", "/v1/submissions/{receipt:str}"): Action.FOLLOW_RECEIPT,
    ("GET", "/api/v1/assessments"): Action.READ_ASSESSING,
    ("GET", "/api/v1/assessments/rules"): Action.READ_ASSESSING,
    ("GET", "/api/v1/engagements"): Action.READ_ENGAGEMENTS,
    ("POST", "/api/v1/engagements"): Action.INVITE,
    ("GET", "/api/v1/engagements/{engagement:str}"): Action.READ_ENGAGEMENTS,
    ("POST", "/api/v1/engagements/{engagement:str}/acts/{act:str}"): Action.ENGAGE,
    ("GET", "/api/v1/engagements/{engagement:str}/ledger"): Action.READ_ENGAGEMENTS,
    ("GET", "/api/v1/engagements/{engagement:str}/papers"): Action.READ_ENGAGEMENTS,
    ("POST", "/api/v1/engagements/{engagement:str}/exports"): Action.ENGAGE,
    ("POST", "/api/v1/engagements/{engagement:str}/openings"): Action.ENGAGE,
    ("GET", "/api/v1/engagements/{engagement:str}/receipt"): Action.READ_ENGAGEMENTS,
    ("GET", "/api/v1/advisories"): Action.READ_PUBLISHED,
    ("GET", "/api/v1/advisories/{advisory:str}"): Action.READ_PUBLISHED,
    ("GET", "/api/v1/advisories/{advisory:str}/files/{file:str}"): Action.READ_PUBLISHED,
    ("GET", "/api/v1/order"): Action.READ_ORDER,
    ("GET", "/api/v1/search"): Action.SEARCH,
    ("GET", "/api/v1/mirrors"): Action.READ_MIRRORS,
    ("POST", "/api/v1/mirrors/looks"): Action.FETCH_MIRRORS,
    ("GET", "/api/v1/partners"): Action.READ_PARTNERS,
    ("POST", "/api/v1/partners"): Action.KEEP_PARTNERS,
    ("POST", "/api/v1/partners/{partner:str}/end"): Action.KEEP_PARTNERS,
    ("POST", "/api/v1/partners/{partner:str}/claims"): Action.KEEP_PARTNERS,
    ("POST", "/api/v1/claim-letters"): Action.TAKE_OVER,
    ("GET", "/api/v1/hand-overs"): Action.READ_CASES,
    ("GET", "/api/v1/erasures"): Action.ERASE_CASES,
    ("POST", "/api/v1/cases/{case:str}/erasure"): Action.ERASE_CASES,
    ("POST", "/api/v1/erasures/{entry:str}/agreement"): Action.ERASE_CASES,
    ("POST", "/api/v1/erasures/{entry:str}/withdrawal"): Action.ERASE_CASES,
    ("GET", "/api/v1/cve-account"): Action.READ_PARTNERS,
    ("POST", "/api/v1/cve-account"): Action.KEEP_CVE_ACCOUNT,
    ("POST", "/api/v1/cve-account/end"): Action.KEEP_CVE_ACCOUNT,
    ("GET", "/api/v1/cases/{case:str}/cve"): Action.READ_CASES,
    ("POST", "/api/v1/cases/{case:str}/cve"): Action.WORK_CVE,
    ("POST", "/api/v1/cases/{case:str}/cve/dry-run"): Action.WORK_CVE,
    ("GET", "/api/v1/cve-requests"): Action.READ_CASES,
    ("POST", "/api/v1/cve-requests/{entry:str}/confirmation"): Action.WORK_CVE,
    ("POST", "/api/v1/cve-requests/{entry:str}/withdrawal"): Action.WORK_CVE,
    ("POST", "/api/v1/cve-requests/{entry:str}/again"): Action.WORK_CVE,
    ("POST", "/api/v1/cve-requests/{entry:str}/adoption"): Action.WORK_CVE,
    ("POST", "/api/v1/hand-overs"): Action.TAKE_OVER,
    ("GET", "/api/v1/hand-overs/{hand_over:str}/statements/{sha256:str}"): Action.READ_CASES,
    ("POST", "/api/v1/hand-overs/{hand_over:str}/again"): Action.HAND_OVER,
    ("POST", "/api/v1/cases/{case:str}/hand-over"): Action.HAND_OVER,
    ("POST", "/api/v1/hand-overs/{hand_over:str}/follow"): Action.HAND_OVER,
    ("POST", "/api/v1/cases/{case:str}/vulnerability-reports"): Action.HAND_OVER,
    ("POST", "/api/v1/verifications"): Action.VERIFY_DOCUMENT,
    ("GET", "/api/v1/briefs"): Action.READ_BRIEFS,
    ("GET", "/api/v1/briefs/{brief:str}"): Action.READ_BRIEFS,
    ("GET", "/api/v1/briefs/{brief:str}/files/{file:str}"): Action.READ_BRIEFS,
    ("POST", "/api/v1/detections"): Action.DETECT_TEXT,
    ("GET", "/api/v1/notices"): Action.READ_NOTICES,
    ("GET", "/api/v1/drafts"): Action.EDIT_BRIEFS,
    ("GET", "/api/v1/drafts/{brief:str}"): Action.EDIT_BRIEFS,
    ("POST", "/api/v1/drafts"): Action.EDIT_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/words"): Action.EDIT_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/review"): Action.REVIEW_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/opened"): Action.EDIT_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/decisions"): Action.REVIEW_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/publication"): Action.PUBLISH_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/corrections"): Action.PUBLISH_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/withdrawal"): Action.PUBLISH_BRIEFS,
    ("POST", "/api/v1/drafts/{brief:str}/shares"): Action.PUBLISH_BRIEFS,
    ("POST", "/api/v1/inventories"): Action.REGISTER,
    ("GET", "/api/v1/inventories"): Action.READ_ESTATE,
    ("GET", "/api/v1/inventories/{inventory:str}"): Action.READ_ESTATE,
    ("POST", "/api/v1/scans"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets"): Action.REGISTER,
    ("GET", "/api/v1/assets"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets/{asset:str}"): Action.REGISTER,
    ("GET", "/api/v1/assets/{asset:str}"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets/{asset:str}/acceptances"): Action.ACCEPT_RISK,
    ("GET", "/api/v1/estate"): Action.READ_ESTATE,
    ("GET", "/api/v1/affected"): Action.ASK_AFFECTED,
    ("POST", "/api/v1/affected/watches"): Action.ASK_AFFECTED,
    ("GET", "/api/v1/deadlines"): Action.READ_DEADLINES,
    ("GET", "/api/v1/deadlines/{asset:str}/{vulnerability:str}"): Action.READ_DEADLINES,
    ("POST", "/api/v1/deadlines/{asset:str}/{vulnerability:str}/work"): Action.WORK_FINDING,
    ("POST", "/api/v1/what-if"): Action.READ_DEADLINES,
    ("GET", "/api/v1/triage/{asset:str}/{vulnerability:str}"): Action.READ_DEADLINES,
    ("POST", "/api/v1/triage/{asset:str}/{vulnerability:str}/acts/{act:str}"): Action.WORK_FINDING,
    ("POST", "/api/v1/triage/{asset:str}/{vulnerability:str}/leads"): Action.READ_DEADLINES,
    ("GET", "/api/v1/triage/{asset:str}/{vulnerability:str}/{part:str}"): Action.READ_DEADLINES,
    ("GET", "/api/v1/assets/{asset:str}/plan"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets/{asset:str}/plan"): Action.READ_ESTATE,
    ("GET", "/api/v1/assets/{asset:str}/one-page"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets/{asset:str}/exposure-proposal"): Action.READ_ESTATE,
    ("POST", "/api/v1/assets/{asset:str}/exposure-confirmation"): Action.CONFIRM_EXPOSURE,
    ("GET", "/api/v1/exports/{kind:str}"): Action.READ_ESTATE,
    ("POST", "/api/v1/snapshots"): Action.READ_ESTATE,
    ("GET", "/api/v1/directives"): Action.READ_DIRECTIVES,
    ("GET", "/api/v1/directives/{pack:str}"): Action.READ_DIRECTIVES,
    ("GET", "/api/v1/directives/{pack:str}/file"): Action.READ_DIRECTIVES,
    ("POST", "/api/v1/directives/{pack:str}/follow"): Action.FOLLOW_DIRECTIVE,
    ("POST", "/api/v1/directives/{pack:str}/acknowledgement"): Action.FOLLOW_DIRECTIVE,
    ("POST", "/api/v1/directives/{pack:str}/adoption"): Action.FOLLOW_DIRECTIVE,
    ("POST", "/api/v1/authoring"): Action.AUTHOR_DIRECTIVE,
    ("GET", "/api/v1/authoring"): Action.COMMENT_DIRECTIVE,
    ("GET", "/api/v1/authoring/{directive:str}"): Action.COMMENT_DIRECTIVE,
    ("POST", "/api/v1/authoring/{directive:str}/draft"): Action.AUTHOR_DIRECTIVE,
    ("POST", "/api/v1/authoring/{directive:str}/consultation"): Action.AUTHOR_DIRECTIVE,
    ("POST", "/api/v1/authoring/{directive:str}/comments"): Action.COMMENT_DIRECTIVE,
    ("POST", "/api/v1/authoring/{directive:str}/signature"): Action.AUTHOR_DIRECTIVE,
    ("GET", "/api/v1/authoring/{directive:str}/signature"): Action.READ_DIRECTIVES,
    ("POST", "/api/v1/authoring/{directive:str}/publication"): Action.AUTHOR_DIRECTIVE,
    ("POST", "/api/v1/authoring/{directive:str}/withdrawal"): Action.AUTHOR_DIRECTIVE,
    ("GET", "/api/v1/ai-defence"): Action.READ_ESTATE,
    ("POST", "/api/v1/ai-defence"): Action.STEER_AI,
    ("POST", "/api/v1/ai-defence/first-entries"): Action.STEER_AI,
    ("GET", "/api/v1/ai-defence/{entry:str}"): Action.READ_ESTATE,
    ("POST", "/api/v1/ai-defence/{entry:str}/stage"): Action.STEER_AI,
    ("POST", "/api/v1/ai-defence/{entry:str}/comparisons"): Action.STEER_AI,
    ("POST", "/api/v1/ai-defence/{entry:str}/coverage"): Action.STEER_AI,
    ("POST", "/api/v1/ai-defence/{entry:str}/grants"): Action.STEER_AI,
    ("POST", "/api/v1/ai-defence/grants/{grant:str}/end"): Action.STEER_AI,
    ("GET", "/api/v1/cases/{case:str}/why"): Action.READ_CASES,
    ("GET", "/api/v1/cases/{case:str}/ssvc"): Action.READ_CASES,
    ("GET", "/api/v1/questions"): Action.READ_CASES,
    ("GET", "/api/v1/standing"): Action.READ_STANDING,
    ("POST", "/api/v1/standing/appeals"): Action.SUBMIT,
    ("POST", "/api/v1/standing/appeals/{appeal:str}/decision"): Action.DECIDE_APPEAL,
    ("GET", "/api/v1/capacity"): Action.KEEP_CAPACITY,
    ("POST", "/api/v1/capacity"): Action.KEEP_CAPACITY,
    ("GET", "/api/v1/capacity/{contract:str}"): Action.KEEP_CAPACITY,
    ("POST", "/api/v1/capacity/{contract:str}/confirmation"): Action.CONFIRM_CAPACITY,
    ("POST", "/api/v1/cases/{case:str}/answers"): Action.ANSWER_TABLES,
    ("GET", "/api/v1/whoami"): Action.OWN_ACCOUNT,
    ("GET", "/api/v1/journal/verification"): Action.VERIFY_JOURNAL,
    ("GET", "/api/v1/doctor"): Action.READ_DOCTOR,
    ("GET", "/api/v1/audit"): Action.READ_AUDIT,
    ("POST", "/api/v1/sign-in/provider/logout"): Action.SIGN_IN,
    ("GET", "/api/v1/teams"): Action.READ_TEAMS,
    ("POST", "/api/v1/teams"): Action.KEEP_TEAMS,
    ("POST", "/api/v1/teams/{team:str}"): Action.KEEP_TEAMS,
}
"""Written a second time on purpose: a route that changes its action must change here too."""


def test_every_route_is_in_the_table_with_its_action(shared: Site) -> None:
    found = {(method, path): action for method, path, action in declared(shared.app)}
    assert found == ROUTES


@pytest.mark.parametrize(
    "role",
    [
        "",
        "admin",
        "coordinator",
        "submitter",
        "reader",
        "developer",
        "assessor",
        "editor",
        "defender",
        "authority",
        "auditor",
    ],
)
@pytest.mark.parametrize(("method", "path"), list(ROUTES))
def test_each_route_lets_in_exactly_the_roles_of_its_action(shared: Site, method: str, path: str, role: str) -> None:
    action = ROUTES[(method, path)]
    address = re.sub(r"\{\w+:int\}", "0", re.sub(r"\{\w+:str\}", "none", path)).removeprefix("/api/v1")
    answer = shared.call(method, address, role)
    expected = may(shared.viewers[role], action) if role else POLICY[action].is_open
    refused = answer.status_code in {401, 403}
    assert refused is not expected
    if refused:
        assert answer.status_code == (401 if not role else 403)
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_route_without_a_declared_action_keeps_the_server_from_starting() -> None:
    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return ""

    with pytest.raises(ImproperlyConfiguredException, match="GET /forgotten"):
        http.build(routes=[forgotten], settings=Settings())


def test_a_word_that_is_no_action_declares_nothing() -> None:
    @get("/word", opt={"action": "read"}, sync_to_thread=False)
    def word() -> str:
        return ""

    assert list(declared(Litestar([word], openapi_config=None))) == [("GET", "/word", None)]


def test_an_unusable_token_is_refused_even_where_none_is_needed(shared: Site) -> None:
    for header in ("Bearer nonsense", "Bearer ", "Basic YTpi", "comity_x"):
        answer = shared.call("GET", "/advisories", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_browser_session_opens_nothing_here(shared: Site) -> None:
    secret = shared.secrets["coordinator"]
    for headers in ({"Cookie": f"comity={secret}; __Host-comity={secret}"}, {"Authorization": f"Bearer {secret}"}):
        assert shared.call("GET", "/cases", headers=headers).status_code == 401


def test_the_body_is_not_read_before_the_caller_is_known(shared: Site) -> None:
    def never() -> bytes:
        raise AssertionError("the body was read")

    answer = shared.call("POST", "/reports", content=(never() for _ in range(1)), headers={"Content-Length": "9"})
    assert answer.status_code == 401
