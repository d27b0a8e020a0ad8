"""Decide whether somebody may do something: one total table of action x role, read by every counter and every door.

The table says what a role may attempt. Which rows it then meets is decided in the store's queries (own organisation,
TLP, read-in), where a hidden row and a missing one are the same `Missing`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from comity.errors import Forbidden, Unauthenticated
from comity.model.asset import DEFENDERS
from comity.model.handling import Tlp
from comity.model.party import Role, Viewer


class Action(StrEnum):
    """Everything that a call or a route may be about; the value reads after "may not"."""

    START = "see the first page"
    SIGN_IN = "sign in"
    READ_CONTRACT = "read the API description"
    READ_PUBLISHED = "read published advisories"
    READ_SHARED = "read shared objects"
    SHARE = "share objects with others"
    READ_LOOKS = "read who looked at what one sent"
    FOLLOW_NEWS = "be told of new advisories"
    READ_ORDER = "read the order and what serves it"
    SEARCH = "search"
    VERIFY_DOCUMENT = "verify a signed document"
    FOLLOW_RECEIPT = "ask what became of a receipt"
    OWN_ACCOUNT = "use an account of their own"
    SUBMIT = "submit reports"
    CLAIM_SCANS = "claim scans"
    ASK_BLINDLY = "ask blindly whether a finding is known"
    READ_OWN_REPORTS = "read reports"
    READ_CASES = "read the queue and its cases"
    APPROVE = "approve a draft"
    PUBLISH = "publish an advisory"
    CLOSE = "close a case"
    REGROUP = "merge and split cases"
    SEND_BATCH = "send and follow batches"
    READ_RULES = "read the rules of a project"
    SET_RULES = "set the rules of a project"
    READ_STANDING = "read how often reports held"
    DECIDE_APPEAL = "decide an appeal about standing"
    KEEP_CAPACITY = "keep capacity contracts"
    CONFIRM_CAPACITY = "confirm whose packages a capacity contract names"
    ANSWER_TABLES = "answer the questions of the decision tables"
    WORK_PATCHES = "have patches checked for a case"
    REVIEW_PATCHES = "agree with the root cause of a patch"
    COORDINATE = "coordinate a case"
    HAND_OVER = "hand cases to partner hosts"
    READ_PARTNERS = "read which hosts are partners"
    KEEP_PARTNERS = "enter and end partner hosts"
    TAKE_OVER = "bring a case that a partner host signed"
    ERASE_CASES = "erase closed cases"
    WORK_CVE = "propose and confirm what CVE Services are asked"
    KEEP_CVE_ACCOUNT = "keep the account at CVE Services"
    READ_SEATS = "read the cases they take part in"
    TAKE_PART = "take part in a case"
    READ_ESTATE = "read inventories, assets and what reaches them"
    REGISTER = "register inventories and assets"
    ACCEPT_RISK = "accept a risk for a time"
    STEER_AI = "change the register of AI defence"
    CONFIRM_EXPOSURE = "confirm who can reach an asset"
    READ_DIRECTIVES = "read directives"
    AUTHOR_DIRECTIVE = "write, sign and publish directives"
    COMMENT_DIRECTIVE = "comment on a directive in consultation"
    FOLLOW_DIRECTIVE = "follow a directive for an organisation"
    READ_DEADLINES = "read deadlines and try changes"
    WORK_FINDING = "work on findings"
    ASK_AFFECTED = "ask whether a product is affected"
    READ_BRIEFS = "read published briefs"
    DETECT_TEXT = "ask whether a text was published here"
    EDIT_BRIEFS = "make and edit briefs"
    REVIEW_BRIEFS = "review briefs"
    PUBLISH_BRIEFS = "publish, correct and withdraw briefs"
    READ_NOTICES = "read what was corrected or withdrawn after it was shared"
    READ_ASSESSING = "read how assessments work and how many there were"
    INVITE = "invite an assessment"
    READ_ENGAGEMENTS = "read assessments"
    ENGAGE = "act in an assessment"
    USE_GATEWAY = "call a model through the gateway"
    VERIFY_JOURNAL = "verify the journal"
    READ_DOCTOR = "read the host's health"
    MANAGE_ACCOUNTS = "manage accounts"
    READ_MIRRORS = "read how old the mirrors are"
    FETCH_MIRRORS = "have a mirror fetched"
    READ_TEAMS = "read which teams there are"
    KEEP_TEAMS = "make teams and say who is in them"
    READ_AUDIT = "read the trail of access"
    BREAK_GLASS = "open a withheld case together with a second person"
    READ_GLASS = "read when glass was broken"


class Scope(StrEnum):
    """What an API token may be used for; a token never does more than its person may."""

    READ = "read"
    SUBMIT = "submit"
    COORDINATE = "coordinate"
    DEFEND = "defend"
    EDIT = "edit"
    ENGAGE = "engage"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may, and which scope a token needs for it. `scope` None: no token may, only a person at a browser."""

    roles: frozenset[Role] = frozenset()
    scope: Scope | None
    is_open: bool = False
    """True: nobody has to sign in."""
    system: bool = False
    """True: a durable flow may, as `party.system`. Decisions are never a flow's."""


_ALL = frozenset(Role)
_COORDINATOR = frozenset({Role.COORDINATOR})
_EDITOR = frozenset({Role.EDITOR})
_ENGAGED = frozenset({Role.DEVELOPER, Role.ASSESSOR, Role.COORDINATOR})
"""Who may have a part in assessments; which of them, and which part, their seats say."""

POLICY: Final[Mapping[Action, Rule]] = {
    Action.START: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.SIGN_IN: Rule(scope=None, is_open=True),
    Action.READ_CONTRACT: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.READ_PUBLISHED: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.READ_SHARED: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.SHARE: Rule(scope=Scope.SUBMIT, roles=_COORDINATOR | {Role.SUBMITTER}, system=True),
    Action.READ_LOOKS: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.FOLLOW_NEWS: Rule(scope=Scope.READ, roles=_ALL),
    Action.SEARCH: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.READ_ORDER: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.VERIFY_DOCUMENT: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.FOLLOW_RECEIPT: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.OWN_ACCOUNT: Rule(scope=Scope.READ, roles=_ALL),
    Action.SUBMIT: Rule(scope=Scope.SUBMIT, roles=_COORDINATOR | {Role.SUBMITTER}, system=True),
    Action.CLAIM_SCANS: Rule(scope=Scope.SUBMIT, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.ASK_BLINDLY: Rule(scope=Scope.SUBMIT, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.READ_OWN_REPORTS: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.SUBMITTER}, system=True),
    Action.READ_CASES: Rule(scope=Scope.READ, roles=_COORDINATOR, system=True),
    Action.APPROVE: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.PUBLISH: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.CLOSE: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.REGROUP: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.SEND_BATCH: Rule(scope=Scope.SUBMIT, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.READ_RULES: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.SET_RULES: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.READ_STANDING: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.SUBMITTER}),
    Action.DECIDE_APPEAL: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.KEEP_CAPACITY: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR | {Role.MAINTAINER}),
    Action.CONFIRM_CAPACITY: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.ANSWER_TABLES: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.WORK_PATCHES: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.REVIEW_PATCHES: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.COORDINATE: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.HAND_OVER: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.READ_PARTNERS: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.ADMIN}),
    Action.KEEP_PARTNERS: Rule(scope=Scope.OPERATE, roles=frozenset({Role.ADMIN})),
    Action.TAKE_OVER: Rule(scope=None, is_open=True),
    Action.ERASE_CASES: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.WORK_CVE: Rule(scope=Scope.COORDINATE, roles=_COORDINATOR),
    Action.KEEP_CVE_ACCOUNT: Rule(scope=Scope.OPERATE, roles=frozenset({Role.ADMIN})),
    Action.READ_SEATS: Rule(scope=Scope.READ, roles=_ALL),
    Action.TAKE_PART: Rule(scope=Scope.SUBMIT, roles=_ALL),
    Action.READ_ESTATE: Rule(scope=Scope.READ, roles=DEFENDERS, system=True),
    Action.REGISTER: Rule(scope=Scope.DEFEND, roles=DEFENDERS, system=True),
    Action.ACCEPT_RISK: Rule(scope=Scope.DEFEND, roles=DEFENDERS),
    Action.STEER_AI: Rule(scope=Scope.DEFEND, roles=DEFENDERS),
    Action.CONFIRM_EXPOSURE: Rule(scope=Scope.DEFEND, roles=DEFENDERS),
    Action.READ_DIRECTIVES: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.AUTHOR_DIRECTIVE: Rule(scope=Scope.DEFEND, roles=frozenset({Role.AUTHORITY})),
    Action.COMMENT_DIRECTIVE: Rule(scope=Scope.DEFEND, roles=DEFENDERS | {Role.AUTHORITY}),
    Action.FOLLOW_DIRECTIVE: Rule(scope=Scope.DEFEND, roles=DEFENDERS),
    Action.READ_DEADLINES: Rule(scope=Scope.READ, roles=DEFENDERS, system=True),
    Action.WORK_FINDING: Rule(scope=Scope.DEFEND, roles=DEFENDERS),
    Action.ASK_AFFECTED: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.READ_BRIEFS: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.DETECT_TEXT: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.EDIT_BRIEFS: Rule(scope=Scope.EDIT, roles=_EDITOR, system=True),
    Action.REVIEW_BRIEFS: Rule(scope=Scope.EDIT, roles=_EDITOR),
    Action.PUBLISH_BRIEFS: Rule(scope=Scope.EDIT, roles=_EDITOR),
    Action.READ_NOTICES: Rule(scope=Scope.READ, roles=_ALL, system=True),
    Action.READ_ASSESSING: Rule(scope=Scope.READ, is_open=True, system=True),
    Action.INVITE: Rule(scope=Scope.ENGAGE, roles=frozenset({Role.DEVELOPER})),
    Action.READ_ENGAGEMENTS: Rule(scope=Scope.READ, roles=_ENGAGED, system=True),
    Action.ENGAGE: Rule(scope=Scope.ENGAGE, roles=_ENGAGED),
    Action.USE_GATEWAY: Rule(scope=None, is_open=True),
    Action.VERIFY_JOURNAL: Rule(scope=Scope.OPERATE, roles=_COORDINATOR | {Role.ADMIN}),
    Action.READ_DOCTOR: Rule(scope=Scope.OPERATE, roles=frozenset({Role.ADMIN})),
    Action.READ_MIRRORS: Rule(scope=Scope.READ, roles=_COORDINATOR | _EDITOR | DEFENDERS | {Role.ADMIN}),
    Action.FETCH_MIRRORS: Rule(scope=Scope.OPERATE, roles=frozenset({Role.ADMIN})),
    Action.MANAGE_ACCOUNTS: Rule(scope=None, roles=frozenset({Role.ADMIN})),
    Action.READ_TEAMS: Rule(scope=Scope.READ, roles=_COORDINATOR | {Role.ADMIN}),
    Action.KEEP_TEAMS: Rule(scope=Scope.OPERATE, roles=frozenset({Role.ADMIN})),
    Action.READ_AUDIT: Rule(scope=Scope.OPERATE, roles=frozenset({Role.AUDITOR})),
    Action.BREAK_GLASS: Rule(scope=None, roles=_COORDINATOR),
    Action.READ_GLASS: Rule(scope=None, roles=_COORDINATOR | {Role.ADMIN, Role.AUDITOR}),
}
"""Total over `Action` (tested). An admin runs the host and sees no report by that role alone (order.md section 5)."""

CLEARANCE: Final[Mapping[Role, Tlp]] = {
    Role.ADMIN: Tlp.CLEAR,
    Role.READER: Tlp.GREEN,
    Role.SUBMITTER: Tlp.RED,
    Role.COORDINATOR: Tlp.RED,
    Role.EDITOR: Tlp.AMBER,
    Role.DEFENDER: Tlp.GREEN,
    Role.NSS_DEFENDER: Tlp.GREEN,
    Role.DOW_DEFENDER: Tlp.GREEN,
    Role.DEVELOPER: Tlp.GREEN,
    Role.ASSESSOR: Tlp.GREEN,
    Role.AUTHORITY: Tlp.GREEN,
    Role.AUDITOR: Tlp.CLEAR,
    Role.MAINTAINER: Tlp.RED,
}
"""The strictest label a role may meet, before the queries narrow it to rows it has a part in.

A submitter's own reports are RED at intake, and so is what a maintainer was read in to. Readers and defenders are part
of the community that GREEN means and of
nothing closer. Which domain's inventories a defender meets is `model.asset.domains`, asked in the queries.
"""


def may(viewer: Viewer, action: Action) -> bool:
    """Whether this viewer may attempt the action at all."""
    rule = POLICY[action]
    return rule.is_open or (viewer.is_system and rule.system) or not rule.roles.isdisjoint(viewer.roles)


def allow(viewer: Viewer, action: Action) -> None:
    """Return when the viewer may attempt the action; else `Unauthenticated` for a stranger, `Forbidden` for others."""
    if may(viewer, action):
        return
    if viewer.is_anonymous:
        raise Unauthenticated(f"sign in to {action}")
    needed = " or ".join(sorted(role.value for role in POLICY[action].roles)) or "nobody's"
    raise Forbidden(f"this account may not {action}: that takes the role {needed}")


def within(scopes: frozenset[Scope], action: Action) -> None:
    """Return when a token of these scopes may be used for the action, else `Forbidden`."""
    needed = POLICY[action].scope
    if needed is None:
        raise Forbidden(f"no token may be used to {action}: sign in with a browser")
    if needed not in scopes:
        raise Forbidden(f"this token may not be used to {action}: make one with the scope {needed}")


def clearance(roles: frozenset[Role]) -> Tlp:
    """The strictest label that these roles together may meet; CLEAR for none."""
    return max((CLEARANCE[role] for role in roles), default=Tlp.CLEAR)
