"""The access table: who may attempt what, for people, tokens, flows and strangers."""

import itertools

import pytest

from comity.access.policy import CLEARANCE, POLICY, Action, Scope, allow, clearance, may, within
from comity.errors import Forbidden, Unauthenticated
from comity.model.handling import Tlp
from comity.model.ids import PartyId
from comity.model.party import ANONYMOUS, Role, Viewer, system

EXPECTED = {
    Action.START: "everyone",
    Action.SIGN_IN: "everyone",
    Action.READ_CONTRACT: "everyone",
    Action.READ_PUBLISHED: "everyone",
    Action.READ_SHARED: "everyone",
    Action.SHARE: "coordinator submitter",
    Action.READ_LOOKS: "coordinator submitter",
    Action.FOLLOW_NEWS: " ".join(role.value for role in Role),
    Action.READ_ORDER: "everyone",
    Action.SEARCH: "everyone",
    Action.HAND_OVER: "coordinator",
    Action.READ_PARTNERS: "admin coordinator",
    Action.KEEP_PARTNERS: "admin",
    Action.TAKE_OVER: "everyone",
    Action.VERIFY_DOCUMENT: "everyone",
    Action.FOLLOW_RECEIPT: "everyone",
    Action.READ_BRIEFS: "everyone",
    Action.DETECT_TEXT: "everyone",
    Action.EDIT_BRIEFS: "editor",
    Action.REVIEW_BRIEFS: "editor",
    Action.PUBLISH_BRIEFS: "editor",
    Action.READ_NOTICES: " ".join(role.value for role in Role),
    Action.OWN_ACCOUNT: "auditor admin coordinator reader submitter editor developer assessor "
    "defender nss-defender dow-defender authority maintainer",
    Action.SUBMIT: "coordinator submitter",
    Action.REGROUP: "coordinator",
    Action.SEND_BATCH: "coordinator submitter",
    Action.READ_RULES: "coordinator submitter",
    Action.SET_RULES: "coordinator",
    Action.CLAIM_SCANS: "coordinator submitter",
    Action.ASK_BLINDLY: "coordinator submitter",
    Action.WORK_PATCHES: "coordinator",
    Action.REVIEW_PATCHES: "coordinator",
    Action.READ_OWN_REPORTS: "coordinator submitter",
    Action.READ_CASES: "coordinator",
    Action.APPROVE: "coordinator",
    Action.PUBLISH: "coordinator",
    Action.CLOSE: "coordinator",
    Action.COORDINATE: "coordinator",
    Action.READ_SEATS: " ".join(role.value for role in Role),
    Action.TAKE_PART: " ".join(role.value for role in Role),
    Action.ANSWER_TABLES: "coordinator",
    Action.READ_STANDING: "coordinator submitter",
    Action.DECIDE_APPEAL: "coordinator",
    Action.KEEP_CAPACITY: "coordinator maintainer",
    Action.CONFIRM_CAPACITY: "coordinator",
    Action.READ_ESTATE: "defender nss-defender dow-defender",
    Action.REGISTER: "defender nss-defender dow-defender",
    Action.ACCEPT_RISK: "defender nss-defender dow-defender",
    Action.STEER_AI: "defender nss-defender dow-defender",
    Action.CONFIRM_EXPOSURE: "defender nss-defender dow-defender",
    Action.READ_DIRECTIVES: "everyone",
    Action.AUTHOR_DIRECTIVE: "authority",
    Action.COMMENT_DIRECTIVE: "authority defender nss-defender dow-defender",
    Action.FOLLOW_DIRECTIVE: "defender nss-defender dow-defender",
    Action.READ_DEADLINES: "defender nss-defender dow-defender",
    Action.WORK_FINDING: "defender nss-defender dow-defender",
    Action.ASK_AFFECTED: "everyone",
    Action.READ_ASSESSING: "everyone",
    Action.INVITE: "developer",
    Action.READ_ENGAGEMENTS: "developer assessor coordinator",
    Action.ENGAGE: "developer assessor coordinator",
    Action.USE_GATEWAY: "everyone",
    Action.VERIFY_JOURNAL: "admin coordinator",
    Action.READ_DOCTOR: "admin",
    Action.MANAGE_ACCOUNTS: "admin",
    Action.READ_AUDIT: "auditor",
    Action.READ_TEAMS: "coordinator admin",
    Action.KEEP_TEAMS: "admin",
    Action.BREAK_GLASS: "coordinator",
    Action.READ_GLASS: "coordinator admin auditor",
    Action.ERASE_CASES: "coordinator",
    Action.WORK_CVE: "coordinator",
    Action.KEEP_CVE_ACCOUNT: "admin",
    Action.READ_MIRRORS: "coordinator editor defender nss-defender dow-defender admin",
    Action.FETCH_MIRRORS: "admin",
}
"""The table written a second time, from the roles of order.md section 5, so that a slip in one of them shows."""


def viewer(*roles: Role) -> Viewer:
    return Viewer(person=PartyId("p-1"), organisation=PartyId("o-1"), roles=frozenset(roles))


def test_every_action_has_a_rule_and_every_role_a_clearance() -> None:
    assert set(POLICY) == set(Action) == set(EXPECTED)
    assert set(CLEARANCE) == set(Role)


@pytest.mark.parametrize(("action", "role"), list(itertools.product(Action, Role)))
def test_each_role_may_attempt_exactly_what_the_table_says(action: Action, role: Role) -> None:
    expected = EXPECTED[action] == "everyone" or role.value in EXPECTED[action].split()
    assert may(viewer(role), action) is expected


@pytest.mark.parametrize("action", list(Action))
def test_a_stranger_is_asked_to_sign_in_for_all_that_is_not_open(action: Action) -> None:
    if EXPECTED[action] == "everyone":
        allow(ANONYMOUS, action)
    else:
        with pytest.raises(Unauthenticated, match="sign in"):
            allow(ANONYMOUS, action)


def test_a_known_caller_without_the_role_is_told_which_role_it_takes() -> None:
    with pytest.raises(Forbidden, match=r"approve a draft.*coordinator"):
        allow(viewer(Role.ADMIN), Action.APPROVE)


def test_a_durable_flow_decides_nothing() -> None:
    flow = system("flow:clearing")
    assert may(flow, Action.SUBMIT)
    for decision in (Action.APPROVE, Action.PUBLISH, Action.CLOSE, Action.MANAGE_ACCOUNTS):
        with pytest.raises(Forbidden):
            allow(flow, decision)


def test_a_token_is_good_for_its_scopes_only() -> None:
    within(frozenset({Scope.SUBMIT}), Action.SUBMIT)
    with pytest.raises(Forbidden, match="scope coordinate"):
        within(frozenset({Scope.SUBMIT, Scope.READ}), Action.PUBLISH)


@pytest.mark.parametrize("action", [Action.MANAGE_ACCOUNTS, Action.SIGN_IN])
def test_no_token_of_any_scope_manages_accounts_or_signs_in(action: Action) -> None:
    with pytest.raises(Forbidden, match="browser"):
        within(frozenset(Scope), action)


def test_roles_together_reach_the_strictest_label_of_each() -> None:
    assert clearance(frozenset()) is Tlp.CLEAR
    assert clearance(frozenset({Role.ADMIN, Role.READER})) is Tlp.GREEN
    assert clearance(frozenset({Role.READER, Role.COORDINATOR})) is Tlp.RED
