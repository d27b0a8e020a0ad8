"""CVE Services: the host's account there, and what is proposed, confirmed and sent for a case."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_cve import Account, CveDesk, CveRequest, CveState, DryRun, deed_of
from comity.model.ids import CaseId
from comity.model.party import Viewer


class CveAccountBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whom this host is at CVE Services. The key is in no answer."""

    org: str
    org_id: str
    user: str
    environment: str
    address: str
    added_at: datetime


class EnterCveAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account: the organisation's short name, the user, the key, and `prod` or `test`."""

    org: str
    user: str
    key: str
    environment: str


class CveDeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be asked: reserve, publish, update, reject; a rejection has a reason and may name what replaces it.

    `seen_sha256`: the digest that the dry run showed; a proposal needs it.
    """

    deed: str
    reason: str = ""
    replaced_by: list[str] = []
    seen_sha256: str = ""


class CveSeen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The digest of the request that was looked at."""

    seen_sha256: str


class CveAdopt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which of the candidates an unanswered reservation brought."""

    cve: str


class CveWire(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it goes out but for the account's headers. `body` is its exact text."""

    method: str
    address: str
    query: dict[str, str]
    body: str
    sha256: str


class CveDryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent. Nothing was sent and nothing was kept."""

    deed: str
    cve: str
    environment: str
    org: str
    user: str
    schema: str
    request: CveWire


class CveRequestBody(msgspec.Struct, frozen=True, kw_only=True):
    """One request: who proposed and who confirmed it, what exactly, and where it stands."""

    id: str
    case: str
    deed: str
    cve: str
    standing: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    tries: int
    problem: str
    candidates: tuple[str, ...]
    settled_at: datetime | None
    request: CveWire


class CveStateBody(msgspec.Struct, frozen=True, kw_only=True):
    """The id of a case: reserved, published, rejected or none; what may be asked now, and what was."""

    case: str
    cve: str
    state: str
    todo: str
    possible: tuple[str, ...]
    requests: tuple[CveRequestBody, ...]


def account_body(held: Account | None) -> CveAccountBody | None:
    """The account in the shape of the API, None for none."""
    if held is None:
        return None
    return CveAccountBody(
        org=held.org,
        org_id=held.org_id,
        user=held.user,
        environment=held.environment,
        address=held.address,
        added_at=held.added_at,
    )


def wire_body(held: CveRequest | DryRun) -> CveWire:
    """A request, whole."""
    wire = held.wire
    return CveWire(
        method=wire.method,
        address=wire.address,
        query=dict(wire.query),
        body=wire.body.decode(),
        sha256=wire.digest,
    )


def dry_run_body(run: DryRun) -> CveDryRun:
    """A dry run in the shape of the API."""
    return CveDryRun(
        deed=run.deed.value,
        cve=run.cve,
        environment=run.environment,
        org=run.org,
        user=run.user,
        schema=run.schema,
        request=wire_body(run),
    )


def request_body(held: CveRequest) -> CveRequestBody:
    """A request in the shape of the API."""
    return CveRequestBody(
        id=held.id,
        case=held.case,
        deed=held.deed.value,
        cve=held.cve,
        standing=held.standing.value,
        proposed_by=held.proposed_by_name,
        proposed_at=held.proposed_at,
        confirmed_by=held.confirmed_by_name,
        confirmed_at=held.confirmed_at,
        tries=held.tries,
        problem=held.problem,
        candidates=held.candidates,
        settled_at=held.settled_at,
        request=wire_body(held),
    )


def state_body(held: CveState) -> CveStateBody:
    """How a case's id stands, in the shape of the API."""
    return CveStateBody(
        case=held.case,
        cve=held.cve,
        state=held.state,
        todo=held.todo,
        possible=tuple(one.value for one in held.possible),
        requests=tuple(request_body(one) for one in held.requests),
    )


def enter(counter: CveDesk, viewer: Viewer, data: EnterCveAccount) -> CveAccountBody | None:
    """Enter the account."""
    held = counter.enter(viewer, org=data.org, user=data.user, key=data.key, environment=data.environment)
    return account_body(held)


def tried(counter: CveDesk, viewer: Viewer, case: str, data: CveDeed) -> CveDryRun:
    """A dry run."""
    run = counter.dry_run(viewer, CaseId(case), deed_of(data.deed), reason=data.reason, replaced_by=data.replaced_by)
    return dry_run_body(run)


def proposed(counter: CveDesk, viewer: Viewer, case: str, data: CveDeed) -> CveRequestBody:
    """A proposal."""
    more: dict[str, Any] = {"seen": data.seen_sha256, "reason": data.reason, "replaced_by": data.replaced_by}
    return request_body(counter.propose(viewer, CaseId(case), deed_of(data.deed), **more))


def routes(counter: CveDesk) -> list[HTTPRouteHandler]:
    """The operations of CVE Services."""

    @get(
        "/cve-account",
        opt={"action": Action.READ_PARTNERS},
        operation_id="showCveAccount",
        sync_to_thread=True,
        summary="Whom this host is at CVE Services",
        responses=asking.ERRORS,
    )
    def account(request: Ask) -> CveAccountBody | None:
        """Null for a host without an account. The key is never given."""
        return account_body(counter.account(asking.viewer_of(request)))

    @post(
        "/cve-account",
        opt={"action": Action.KEEP_CVE_ACCOUNT},
        operation_id="enterCveAccount",
        sync_to_thread=True,
        summary="Enter the account at CVE Services",
        responses=asking.ERRORS,
    )
    def entered(request: Ask, data: JSONBody[EnterCveAccount]) -> CveAccountBody | None:
        """It is kept once CVE Services knew it. An earlier one ends, and its key is destroyed."""
        return enter(counter, asking.viewer_of(request), data)

    @post(
        "/cve-account/end",
        opt={"action": Action.KEEP_CVE_ACCOUNT},
        operation_id="endCveAccount",
        sync_to_thread=True,
        summary="End the account at CVE Services",
        responses=asking.ERRORS,
        status_code=204,
    )
    def ended(request: Ask) -> None:
        """Its key is destroyed; nothing goes out any more."""
        counter.end(asking.viewer_of(request))

    @get(
        "/cases/{case:str}/cve",
        opt={"action": Action.READ_CASES},
        operation_id="showCve",
        sync_to_thread=True,
        summary="The CVE id of a case",
        responses=asking.ERRORS,
    )
    def state(request: Ask, case: FromPath[str]) -> CveStateBody:
        """How it stands, what may be asked now, and every request about it with its exact bytes."""
        return state_body(counter.state(asking.viewer_of(request), CaseId(asking.name(case))))

    @post(
        "/cases/{case:str}/cve/dry-run",
        opt={"action": Action.WORK_CVE},
        operation_id="tryCve",
        sync_to_thread=True,
        summary="What would be sent to CVE Services",
        responses=asking.ERRORS,
        status_code=200,
    )
    def dry_run(request: Ask, case: FromPath[str], data: JSONBody[CveDeed]) -> CveDryRun:
        """Every byte of it. Nothing is sent and nothing is kept."""
        return tried(counter, asking.viewer_of(request), asking.name(case), data)

    @post(
        "/cases/{case:str}/cve",
        opt={"action": Action.WORK_CVE},
        operation_id="proposeCve",
        sync_to_thread=True,
        summary="Propose a request to CVE Services",
        responses=asking.ERRORS,
    )
    def propose(request: Ask, case: FromPath[str], data: JSONBody[CveDeed]) -> CveRequestBody:
        """Exactly what a dry run showed. Another person must confirm it before anything is sent."""
        return proposed(counter, asking.viewer_of(request), asking.name(case), data)

    @get(
        "/cve-requests",
        opt={"action": Action.READ_CASES},
        operation_id="listCveRequests",
        sync_to_thread=True,
        summary="Requests to CVE Services that are not settled",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> list[CveRequestBody]:
        """Of cases that you see: proposed, on their way, refused, given up, or waiting for a person."""
        return [request_body(one) for one in counter.open(asking.viewer_of(request))]

    @post(
        "/cve-requests/{entry:str}/confirmation",
        opt={"action": Action.WORK_CVE},
        operation_id="confirmCve",
        sync_to_thread=True,
        summary="Confirm a request as the second person",
        responses=asking.ERRORS,
        status_code=202,
    )
    def confirm(request: Ask, entry: FromPath[str], data: JSONBody[CveSeen]) -> CveRequestBody:
        """Exactly what was proposed, by somebody else. It is sent then."""
        return request_body(counter.confirm(asking.viewer_of(request), asking.name(entry), seen=data.seen_sha256))

    @post(
        "/cve-requests/{entry:str}/withdrawal",
        opt={"action": Action.WORK_CVE},
        operation_id="withdrawCve",
        sync_to_thread=True,
        summary="Withdraw a request that is not on its way",
        responses=asking.ERRORS,
        status_code=200,
    )
    def withdraw(request: Ask, entry: FromPath[str]) -> CveRequestBody:
        """An id that an unanswered reservation may have brought stays unused."""
        return request_body(counter.withdraw(asking.viewer_of(request), asking.name(entry)))

    @post(
        "/cve-requests/{entry:str}/again",
        opt={"action": Action.WORK_CVE},
        operation_id="sendCveAgain",
        sync_to_thread=True,
        summary="Send a refused or given-up request once more",
        responses=asking.ERRORS,
        status_code=202,
    )
    def again(request: Ask, entry: FromPath[str]) -> CveRequestBody:
        """The same bytes, which two people confirmed."""
        return request_body(counter.again(asking.viewer_of(request), asking.name(entry)))

    @post(
        "/cve-requests/{entry:str}/adoption",
        opt={"action": Action.WORK_CVE},
        operation_id="adoptCve",
        sync_to_thread=True,
        summary="Say which id an unanswered reservation brought",
        responses=asking.ERRORS,
        status_code=200,
    )
    def adopt(request: Ask, entry: FromPath[str], data: JSONBody[CveAdopt]) -> CveRequestBody:
        """One of its candidates."""
        return request_body(counter.adopt(asking.viewer_of(request), asking.name(entry), cve_id=data.cve))

    return [account, entered, ended, state, dry_run, propose, listed, confirm, withdraw, again, adopt]
