"""Every page against every role, and every form against a foreign sender: nobody where they do not belong."""

import re

import pytest

from comity.access.policy import POLICY, Action, may
from comity.access.routes import declared
from tests.console.hosts import TOKEN, Pages

SHOWN = {
    "/": Action.START,
    "/static/{name:str}": Action.START,
    "/sign-in": Action.SIGN_IN,
    "/setup/{secret:str}": Action.SIGN_IN,
    "/invitation/{secret:str}": Action.SIGN_IN,
    "/link/{secret:str}": Action.SIGN_IN,
    "/sign-in/provider": Action.SIGN_IN,
    "/sign-in/provider/back": Action.SIGN_IN,
    "/invitation/{secret:str}/provider": Action.SIGN_IN,
    "/signed-out": Action.SIGN_IN,
    "/audit": Action.READ_AUDIT,
    "/break-glass": Action.READ_GLASS,
    "/account": Action.OWN_ACCOUNT,
    "/people": Action.MANAGE_ACCOUNTS,
    "/teams": Action.READ_TEAMS,
    "/host": Action.VERIFY_JOURNAL,
    "/report": Action.SUBMIT,
    "/reports": Action.READ_OWN_REPORTS,
    "/reports/{report:str}": Action.READ_OWN_REPORTS,
    "/reports/{report:str}/attachments/{sha256:str}": Action.READ_OWN_REPORTS,
    "/batches": Action.SEND_BATCH,
    "/batches/{batch:str}": Action.SEND_BATCH,
    "/batches/{batch:str}/pulse": Action.SEND_BATCH,
    "/claims": Action.CLAIM_SCANS,
    "/blind": Action.ASK_BLINDLY,
    "/queue": Action.READ_CASES,
    "/cases/{case:str}": Action.READ_CASES,
    "/cases/{case:str}/coordination": Action.READ_CASES,
    "/cases/{case:str}/pulse": Action.READ_CASES,
    "/engagements/{engagement:str}/pulse": Action.READ_ENGAGEMENTS,
    "/canaries": Action.COORDINATE,
    "/seats": Action.READ_SEATS,
    "/seats/{seat:str}": Action.READ_SEATS,
    "/seats/{seat:str}/files/{sha256:str}": Action.READ_SEATS,
    "/messages/{message:str}/files/{sha256:str}": Action.READ_SEATS,
    "/read-in/{secret:str}": Action.SIGN_IN,
    "/cases/{case:str}/preview/{format:str}": Action.READ_CASES,
    "/cases/{case:str}/duplicates": Action.READ_CASES,
    "/cases/{case:str}/statements/{sha256:str}": Action.READ_CASES,
    "/sign-in/code": Action.SIGN_IN,
    "/cases/{case:str}/why": Action.READ_CASES,
    "/capacity": Action.KEEP_CAPACITY,
    "/standing": Action.READ_STANDING,
    "/capacity/{contract:str}": Action.KEEP_CAPACITY,
    "/cases/{case:str}/patches": Action.READ_CASES,
    "/cases/{case:str}/patches/{patch:str}": Action.READ_CASES,
    "/cases/{case:str}/patches/{patch:str}/diff": Action.READ_CASES,
    "/cases/{case:str}/patches/{patch:str}/statement": Action.READ_CASES,
    "/assessments": Action.READ_ASSESSING,
    "/assessments/rules": Action.READ_ASSESSING,
    "/engagements": Action.READ_ENGAGEMENTS,
    "/engagements/{engagement:str}": Action.READ_ENGAGEMENTS,
    "/engagements/{engagement:str}/ledger": Action.READ_ENGAGEMENTS,
    "/engagements/{engagement:str}/card": Action.READ_ENGAGEMENTS,
    "/engagements/{engagement:str}/receipt": Action.READ_ENGAGEMENTS,
    "/advisories": Action.READ_PUBLISHED,
    "/advisories/{advisory:str}": Action.READ_PUBLISHED,
    "/advisories/{advisory:str}/{file:str}": Action.READ_PUBLISHED,
    "/feeds/advisories.atom": Action.READ_PUBLISHED,
    "/feeds/advisories.rss": Action.READ_PUBLISHED,
    "/feeds/advisories.json": Action.READ_PUBLISHED,
    "/following": Action.FOLLOW_NEWS,
    "/following/{hook:str}": Action.FOLLOW_NEWS,
    "/following/{hook:str}/confirm/{secret:str}": Action.FOLLOW_NEWS,
    "/sharing": Action.OWN_ACCOUNT,
    "/order": Action.READ_ORDER,
    "/search": Action.SEARCH,
    "/mirrors": Action.READ_MIRRORS,
    "/partners": Action.READ_PARTNERS,
    "/cve": Action.READ_PARTNERS,
    "/erasures": Action.ERASE_CASES,
    "/partners/received/{hand_over:str}/statements/{sha256:str}": Action.READ_CASES,
    "/cases/{case:str}/cve": Action.READ_CASES,
    "/cases/{case:str}/hand-over": Action.HAND_OVER,
    "/style": Action.START,
    "/affected": Action.ASK_AFFECTED,
    "/watch/{secret:str}": Action.ASK_AFFECTED,
    "/estate": Action.READ_ESTATE,
    "/inventories/{inventory:str}": Action.READ_ESTATE,
    "/assets/{asset:str}": Action.READ_ESTATE,
    "/assets/{asset:str}/{flaw:str}": Action.READ_ESTATE,
    "/deadlines": Action.READ_DEADLINES,
    "/deadlines/{asset:str}/{flaw:str}": Action.READ_DEADLINES,
    "/advice": Action.READ_ESTATE,
    "/advice/assets/{asset:str}": Action.READ_ESTATE,
    "/advice/assets/{asset:str}/page": Action.READ_ESTATE,
    "/advice/exports/{kind:str}": Action.READ_ESTATE,
    "/ai": Action.READ_ESTATE,
    "/what-if": Action.READ_DEADLINES,
    "/triage/{asset:str}/{flaw:str}": Action.READ_DEADLINES,
    "/triage/{asset:str}/{flaw:str}/{file:str}": Action.READ_DEADLINES,
    "/directives": Action.READ_DIRECTIVES,
    "/directives/{pack:str}": Action.READ_DIRECTIVES,
    "/directives/{pack:str}/file": Action.READ_DIRECTIVES,
    "/authoring": Action.COMMENT_DIRECTIVE,
    "/authoring/{directive:str}": Action.COMMENT_DIRECTIVE,
    "/authoring/{directive:str}/{file:str}": Action.COMMENT_DIRECTIVE,
    "/verify": Action.VERIFY_DOCUMENT,
    "/briefs": Action.READ_BRIEFS,
    "/briefs/conflicts": Action.READ_BRIEFS,
    "/briefs/corrections": Action.READ_BRIEFS,
    "/briefs/principles": Action.READ_BRIEFS,
    "/briefs/{brief:str}": Action.READ_BRIEFS,
    "/briefs/{brief:str}/{file:str}": Action.READ_BRIEFS,
    "/feeds/{name:str}": Action.READ_BRIEFS,
    "/shared/{secret:str}": Action.READ_BRIEFS,
    "/detect": Action.DETECT_TEXT,
    "/subscribe": Action.READ_BRIEFS,
    "/subscriptions/{secret:str}": Action.READ_BRIEFS,
    "/notices": Action.READ_NOTICES,
    "/drafts": Action.EDIT_BRIEFS,
    "/drafts/errors": Action.EDIT_BRIEFS,
    "/drafts/{brief:str}": Action.EDIT_BRIEFS,
    "/drafts/{brief:str}/source": Action.EDIT_BRIEFS,
}
TAKEN = {
    "/canaries": Action.COORDINATE,
    "/mirrors": Action.FETCH_MIRRORS,
    "/cases/{case:str}/coordination": Action.COORDINATE,
    "/seats/{seat:str}": Action.TAKE_PART,
    "/read-in/{secret:str}": Action.SIGN_IN,
    "/estate": Action.REGISTER,
    "/sign-in": Action.SIGN_IN,
    "/sign-out": Action.OWN_ACCOUNT,
    "/setup/{secret:str}": Action.SIGN_IN,
    "/invitation/{secret:str}": Action.SIGN_IN,
    "/link/{secret:str}": Action.SIGN_IN,
    "/account/password": Action.OWN_ACCOUNT,
    "/account/codes": Action.OWN_ACCOUNT,
    "/account/codes/confirm": Action.OWN_ACCOUNT,
    "/account/codes/recovery": Action.OWN_ACCOUNT,
    "/account/codes/end": Action.OWN_ACCOUNT,
    "/sign-in/passkey": Action.SIGN_IN,
    "/account/zone": Action.OWN_ACCOUNT,
    "/queue/filters": Action.READ_CASES,
    "/queue/filters/forget": Action.READ_CASES,
    "/account/passkeys": Action.OWN_ACCOUNT,
    "/account/passkeys/{passkey:str}/remove": Action.OWN_ACCOUNT,
    "/people/{person:str}/second-factor": Action.MANAGE_ACCOUNTS,
    "/sign-in/code": Action.SIGN_IN,
    "/account/tokens": Action.OWN_ACCOUNT,
    "/account/tokens/{token:str}/end": Action.OWN_ACCOUNT,
    "/people": Action.MANAGE_ACCOUNTS,
    "/teams": Action.KEEP_TEAMS,
    "/teams/{team:str}": Action.KEEP_TEAMS,
    "/people/{person:str}/roles": Action.MANAGE_ACCOUNTS,
    "/people/{person:str}/invitation": Action.MANAGE_ACCOUNTS,
    "/people/{person:str}/disable": Action.MANAGE_ACCOUNTS,
    "/people/{person:str}/provider": Action.MANAGE_ACCOUNTS,
    "/break-glass": Action.BREAK_GLASS,
    "/break-glass/{glass:str}/second": Action.BREAK_GLASS,
    "/break-glass/{glass:str}/end": Action.READ_GLASS,
    "/host/journal": Action.VERIFY_JOURNAL,
    "/deadlines/{asset:str}/{flaw:str}/work": Action.WORK_FINDING,
    "/deadlines/{asset:str}/{flaw:str}/inputs": Action.WORK_FINDING,
    "/advice/assets/{asset:str}/wording": Action.READ_ESTATE,
    "/advice/snapshot": Action.READ_ESTATE,
    "/ai/begin": Action.STEER_AI,
    "/ai/{entry:str}/move": Action.STEER_AI,
    "/ai/{entry:str}/measure": Action.STEER_AI,
    "/ai/{entry:str}/grant": Action.STEER_AI,
    "/ai/grants/{grant:str}/revoke": Action.STEER_AI,
    "/what-if": Action.READ_DEADLINES,
    "/triage/{asset:str}/{flaw:str}": Action.WORK_FINDING,
    "/triage/{asset:str}/{flaw:str}/leads": Action.READ_DEADLINES,
    "/directives/{pack:str}": Action.FOLLOW_DIRECTIVE,
    "/authoring": Action.AUTHOR_DIRECTIVE,
    "/authoring/{directive:str}": Action.AUTHOR_DIRECTIVE,
    "/authoring/{directive:str}/comment": Action.COMMENT_DIRECTIVE,
    "/following/webhooks": Action.FOLLOW_NEWS,
    "/following/digests": Action.FOLLOW_NEWS,
    "/following/{hook:str}/end": Action.FOLLOW_NEWS,
    "/following/{hook:str}/pause": Action.FOLLOW_NEWS,
    "/following/{hook:str}/resume": Action.FOLLOW_NEWS,
    "/following/{hook:str}/ring": Action.FOLLOW_NEWS,
    "/following/{hook:str}/deliveries/{delivery:str}/replay": Action.FOLLOW_NEWS,
    "/partners": Action.KEEP_PARTNERS,
    "/blind": Action.ASK_BLINDLY,
    "/cve": Action.KEEP_CVE_ACCOUNT,
    "/cases/{case:str}/erase": Action.ERASE_CASES,
    "/erasures/{entry:str}/agree": Action.ERASE_CASES,
    "/erasures/{entry:str}/withdraw": Action.ERASE_CASES,
    "/cve/end": Action.KEEP_CVE_ACCOUNT,
    "/cases/{case:str}/cve": Action.WORK_CVE,
    "/cases/{case:str}/cve/dry-run": Action.WORK_CVE,
    "/cases/{case:str}/cve/{entry:str}/{act:str}": Action.WORK_CVE,
    "/partners/{partner:str}/claims": Action.KEEP_PARTNERS,
    "/partners/{partner:str}/end": Action.KEEP_PARTNERS,
    "/partners/sent/{hand_over:str}/again": Action.HAND_OVER,
    "/partners/sent/{hand_over:str}/follow": Action.HAND_OVER,
    "/cases/{case:str}/hand-over": Action.HAND_OVER,
    "/sharing": Action.SHARE,
    "/sharing/{share:str}/end": Action.SHARE,
    "/report": Action.SUBMIT,
    "/cases/{case:str}/answers": Action.ANSWER_TABLES,
    "/capacity": Action.KEEP_CAPACITY,
    "/capacity/{contract:str}/confirm": Action.CONFIRM_CAPACITY,
    "/standing/appeals": Action.SUBMIT,
    "/standing/appeals/{appeal:str}": Action.DECIDE_APPEAL,
    "/cases/{case:str}/approve": Action.APPROVE,
    "/cases/{case:str}/keep": Action.APPROVE,
    "/cases/{case:str}/publish": Action.PUBLISH,
    "/cases/{case:str}/close": Action.CLOSE,
    "/cases/{case:str}/patches": Action.WORK_PATCHES,
    "/cases/{case:str}/patch-requests": Action.WORK_PATCHES,
    "/cases/{case:str}/patches/{patch:str}/review": Action.REVIEW_PATCHES,
    "/cases/{case:str}/merge": Action.REGROUP,
    "/cases/{case:str}/split": Action.REGROUP,
    "/engagements": Action.INVITE,
    "/engagements/{engagement:str}/acts/{act:str}": Action.ENGAGE,
    "/engagements/{engagement:str}/exports": Action.ENGAGE,
    "/affected/watch": Action.ASK_AFFECTED,
    "/watch/{secret:str}": Action.ASK_AFFECTED,
    "/verify": Action.VERIFY_DOCUMENT,
    "/detect": Action.DETECT_TEXT,
    "/subscribe": Action.READ_BRIEFS,
    "/subscriptions/{secret:str}/confirm": Action.READ_BRIEFS,
    "/subscriptions/{secret:str}/leave": Action.READ_BRIEFS,
    "/drafts/{brief:str}/review": Action.REVIEW_BRIEFS,
    "/drafts/{brief:str}/decisions": Action.REVIEW_BRIEFS,
    "/drafts/{brief:str}/edit": Action.EDIT_BRIEFS,
    "/drafts/{brief:str}/publish": Action.PUBLISH_BRIEFS,
    "/drafts/{brief:str}/correct": Action.PUBLISH_BRIEFS,
    "/drafts/{brief:str}/withdraw": Action.PUBLISH_BRIEFS,
    "/drafts/{brief:str}/share": Action.PUBLISH_BRIEFS,
}
"""Both written a second time on purpose: a page that changes its action must change here too."""

ROLES = (
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
)
OPEN_AT_FIRST = {
    "/sign-in/code",
    "/affected",
    "/watch/{secret:str}",
    "/",
    "/static/{name:str}",
    "/sign-in",
    "/setup/{secret:str}",
    "/invitation/{secret:str}",
} | {
    "/sign-in/provider",
    "/sign-in/provider/back",
    "/invitation/{secret:str}/provider",
    "/signed-out",
    "/link/{secret:str}",
    "/read-in/{secret:str}",
    "/assessments",
    "/assessments/rules",
    "/advisories",
    "/advisories/{advisory:str}",
    "/advisories/{advisory:str}/{file:str}",
    "/order",
    "/search",
    "/style",
    "/verify",
    "/directives",
    "/directives/{pack:str}",
    "/directives/{pack:str}/file",
    "/briefs",
    "/briefs/conflicts",
    "/briefs/corrections",
    "/briefs/principles",
    "/briefs/{brief:str}",
    "/briefs/{brief:str}/{file:str}",
    "/feeds/{name:str}",
    "/feeds/advisories.atom",
    "/feeds/advisories.rss",
    "/feeds/advisories.json",
    "/shared/{secret:str}",
    "/detect",
    "/subscribe",
    "/subscriptions/{secret:str}",
}

ELSEWHERE = ("/api/", "/v1/", "/csaf/", "/.well-known/")
"""Other doors of the same application, each with a table of its own in `tests/api/test_rights.py`."""
BY_LINK = {
    "/sign-in/passkey",
    "/affected/watch",
    "/subscriptions/{secret:str}/confirm",
    "/subscriptions/{secret:str}/leave",
}
"""Buttons that need no account: a link to be sent, or the secret of one."""


def address(path: str) -> str:
    return re.sub(r"\{\w+:str\}", "none", path)


def test_every_page_and_form_is_in_the_table_with_its_action(shared: Pages) -> None:
    found = {(m, p): action for m, p, action in declared(shared.site.app) if not p.startswith(ELSEWHERE)}
    expected = {("GET", p): a for p, a in SHOWN.items()} | {("POST", p): a for p, a in TAKEN.items()}
    assert found == expected


def test_nothing_but_these_pages_is_open_without_signing_in() -> None:
    assert {path for path, action in SHOWN.items() if POLICY[action].is_open} == OPEN_AT_FIRST
    assert {path for path, action in TAKEN.items() if POLICY[action].is_open} <= OPEN_AT_FIRST | BY_LINK


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", list(SHOWN))
def test_each_page_lets_in_exactly_the_roles_of_its_action(shared: Pages, path: str, role: str) -> None:
    answer = shared.browser(role).get(address(path))
    if not role and not POLICY[SHOWN[path]].is_open:
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?next=%2F")
        assert answer.content == b""
    elif role and not may(shared.site.viewers[role], SHOWN[path]):
        assert answer.status_code == 403
    elif path == "/sign-in/code":  # nobody here gave a password first, so it leads back
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    else:
        assert answer.status_code in {200, 404}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", list(TAKEN))
def test_no_form_is_taken_without_its_token_whoever_sends_it(shared: Pages, path: str, role: str) -> None:
    for data in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
        answer = shared.browser(role).site.client.post(
            address(path),
            data=data,
            headers={"Cookie": f"comity={shared.site.secrets[role]}"} if role else {},
            follow_redirects=False,
        )
        closed_to_strangers = not role and not POLICY[TAKEN[path]].is_open
        assert answer.status_code in ({401} if closed_to_strangers else {403, 415})


def test_the_token_of_another_browser_does_not_fit(shared: Pages) -> None:
    theirs = TOKEN.search(shared.browser("second").get("/account").text)
    assert theirs is not None
    answer = shared.browser("coordinator").post(
        "/account/tokens", {"csrf": theirs.group(1), "label": "x"}, page="/account"
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_sent_from_another_site_is_refused_even_with_the_right_token(
    shared: Pages, headers: dict[str, str]
) -> None:
    browser = shared.browser("coordinator")
    answer = browser.post(
        "/account/tokens", {"label": "x", "scope": "read", "days": "1"}, page="/account", headers=headers
    )
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_a_form_from_our_own_page_is_taken(shared: Pages) -> None:
    headers = {"Origin": shared.site.settings.address, "Sec-Fetch-Site": "same-origin"}
    data = {"label": "x", "scope": "read", "days": "1"}
    answer = shared.browser("reader").post("/account/tokens", data, page="/account", headers=headers)
    assert answer.status_code == 200
    assert "comity_" in answer.text


def test_an_api_token_opens_no_page(shared: Pages) -> None:
    headers = {"Authorization": f"Bearer {shared.site.tokens['admin']}"}
    assert shared.browser().get("/people", headers=headers).status_code == 303


def test_a_report_that_is_hidden_looks_like_one_that_is_missing(shared: Pages) -> None:
    rival = shared.browser("rival")
    hidden, missing = rival.get("/reports/R-0000-0000-0001"), rival.get("/reports/R-0000-0000-0002")
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert hidden.text.replace("0001", "0002") == missing.text
