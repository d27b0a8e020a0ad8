"""The counter of CVE Services: the account, dry runs, proposals, and the second person who confirms them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity import __version__
from comity.access.policy import Action, allow
from comity.clearing import cve, flow, flow_cve
from comity.durable.engine import Control
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.advisory import Advisory
from comity.model.case import Case, Stage
from comity.model.cve_services import (
    AGAIN,
    CVE_ID,
    OPEN,
    ORG,
    WORD,
    Account,
    CveRequest,
    Deed,
    Standing,
    Wire,
)
from comity.model.events import Event, Kind
from comity.model.ids import CaseId, Digest, code
from comity.model.party import Viewer
from comity.store import cases, cve_services, journal, parties, published
from comity.store.engine import Tx

__all__ = ["Account", "CveDesk", "CveRequest", "CveState", "Deed", "DryRun", "Standing", "deed_of"]

ENGINE: Final = f"comity {__version__}"
NO_ACCOUNT: Final = "this host has no account at CVE Services: an administrator enters it (`comity cve account`)"


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What would be sent, whole. `digest` names it: a proposal and its confirmation are of exactly that."""

    deed: Deed
    cve: str
    environment: str
    org: str
    user: str
    wire: Wire
    schema: str
    """The CVE Program's schema that the container was held against, by version."""

    @property
    def digest(self) -> Digest:
        """SHA-256 of the request."""
        return self.wire.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CveState:
    """How the id of a case stands, and what was asked about it."""

    case: CaseId
    cve: str
    state: str
    """reserved, published, rejected, or "" for none."""
    requests: tuple[CveRequest, ...]
    todo: str
    possible: tuple[Deed, ...]
    """What may be asked now; empty without an account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CveDesk:
    """The calls. Nothing goes out but through `confirm` and `again`."""

    machines: flow_cve.Machines
    control: Control

    def account(self, viewer: Viewer) -> Account | None:
        """Whom this host is at CVE Services; the key is never given."""
        allow(viewer, Action.READ_PARTNERS)
        with self.machines.store.read() as tx:
            held = cve_services.account(tx)
        return None if held is None else replace(held, key="")

    def enter(self, viewer: Viewer, *, org: str, user: str, key: str, environment: str) -> Account:
        """Keep the account after CVE Services knew it. An earlier one ends, and its key is destroyed.

        Invalid for words that cannot be such; Forbidden when CVE Services do not know the account; Unavailable when
        nothing answers or `cvelib` is not installed.
        """
        allow(viewer, Action.KEEP_CVE_ACCOUNT)
        wrong = [("/org", ORG.match(org)), ("/user", WORD.match(user)), ("/key", WORD.match(key))]
        problems = [
            Problem(place, "bad_word", "as CVE Services give it, without spaces") for place, ok in wrong if not ok
        ]
        if problems:
            raise Invalid("this is no account", problems)
        at = self.machines.now()
        made = Account(
            id="A-" + code(secrets.token_bytes(8), 12),
            org=org,
            org_id="",
            user=user,
            key=key,
            environment=environment,
            address=self.machines.services.address(environment),
            added_by=viewer.person,
            added_at=at,
        )
        made = replace(made, org_id=self.machines.services.organisation(made))
        with self.machines.store.write() as tx:
            cve_services.enter(tx, made)
            self._changed(tx, viewer, made, "entered", at)
        return replace(made, key="")

    def end(self, viewer: Viewer) -> None:
        """End the account: its key is destroyed, and nothing goes out any more. Missing when there is none."""
        allow(viewer, Action.KEEP_CVE_ACCOUNT)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = _account(tx)
            cve_services.end(tx, at=at)
            self._changed(tx, viewer, held, "ended", at)

    def state(self, viewer: Viewer, case: CaseId) -> CveState:
        """The id of a case, how it stands, and every request about it, newest first."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            held = cases.get(tx, case, viewer)
            requests = cve_services.of(tx, case, viewer)
            advisory = _advisory(tx, held)
            has_account = cve_services.account(tx) is not None
        state = cve.state_of(requests, held.cve)
        may_be = [deed for deed in Deed if cve.is_possible(held, deed, requests, named=cve.named(advisory))]
        return CveState(
            case=case,
            cve=held.cve,
            state=state,
            requests=requests,
            todo=cve.todo(held, state, advisory, now=self.machines.now()),
            possible=tuple(may_be) if has_account else (),
        )

    def open(self, viewer: Viewer) -> tuple[CveRequest, ...]:
        """Requests that wait for a person or are on their way, of cases that this viewer sees, oldest first."""
        allow(viewer, Action.READ_CASES)
        with self.machines.store.read() as tx:
            return cve_services.standing(tx, viewer, *OPEN, *AGAIN)

    def dry_run(
        self, viewer: Viewer, case: CaseId, deed: Deed, *, reason: str = "", replaced_by: Sequence[str] = ()
    ) -> DryRun:
        """What would be sent, without sending or keeping anything. Conflict and Invalid say what stands in the way."""
        allow(viewer, Action.WORK_CVE)
        with self.machines.store.read() as tx:
            return self._composed(tx, viewer, case, deed, reason=reason, replaced_by=replaced_by)

    def propose(
        self,
        viewer: Viewer,
        case: CaseId,
        deed: Deed,
        *,
        seen: str,
        reason: str = "",
        replaced_by: Sequence[str] = (),
    ) -> CveRequest:
        """Propose exactly what a dry run showed: `seen` is its digest. Conflict when it would be something else now."""
        allow(viewer, Action.WORK_CVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            run = self._composed(tx, viewer, case, deed, reason=reason, replaced_by=replaced_by)
            if run.digest != seen:
                raise Conflict("this is not what the dry run showed: make a dry run and propose what it shows")
            made = CveRequest(
                id="V-" + code(secrets.token_bytes(8), 12),
                case=case,
                deed=deed,
                cve=run.cve,
                account=_account(tx).place,
                wire=run.wire,
                proposed_by=viewer.person,
                proposed_by_name=self._named(tx, viewer),
                proposed_at=at,
            )
            cve_services.add(tx, made)
            flow_cve.note(tx, Kind.CVE_PROPOSED, made, at=at, actor=viewer.person)
        return made

    def confirm(self, viewer: Viewer, request: str, *, seen: str) -> CveRequest:
        """Agree, as a second person, to exactly those bytes; they go out then.

        Conflict for who proposed it, for other bytes than the proposed ones, and when they would be others now: the
        advisory was changed since.
        """
        allow(viewer, Action.WORK_CVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = cve_services.get(tx, request, viewer)
            if held.standing is not Standing.PROPOSED:
                raise Conflict(f"this request is {held.standing}")
            if held.proposed_by == viewer.person:
                raise Conflict("you proposed this: another person must confirm it")
            if held.wire.digest != seen:
                raise Conflict("this is not what was proposed: look at it again, then confirm")
            self._still(tx, viewer, held)
            agreed = replace(
                held,
                standing=Standing.CONFIRMED,
                confirmed_by=viewer.person,
                confirmed_by_name=self._named(tx, viewer),
                confirmed_at=at,
            )
            cve_services.save(tx, agreed)
            flow_cve.note(tx, Kind.CVE_CONFIRMED, agreed, at=at, actor=viewer.person)
        flow_cve.start(self.control, agreed)
        return agreed

    def withdraw(self, viewer: Viewer, request: str) -> CveRequest:
        """Give a request up that is not on its way. What an unanswered reservation may have brought stays unused."""
        allow(viewer, Action.WORK_CVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = cve_services.get(tx, request, viewer)
            if held.standing not in AGAIN | {Standing.PROPOSED, Standing.UNSURE}:
                raise Conflict(f"this request is {held.standing}")
            gone = replace(held, standing=Standing.WITHDRAWN, asked_from=None, settled_at=at)
            cve_services.save(tx, gone)
            flow_cve.note(tx, Kind.CVE_WITHDRAWN, gone, at=at, actor=viewer.person)
        return gone

    def again(self, viewer: Viewer, request: str) -> CveRequest:
        """Send once more what was refused or given up: the same bytes, which two people confirmed."""
        allow(viewer, Action.WORK_CVE)
        at = self.machines.now()
        with self.machines.store.write() as tx:
            held = cve_services.get(tx, request, viewer)
            if held.standing not in AGAIN:
                raise Conflict(f"this request is {held.standing}")
            self._not_a_script(viewer)
            more = replace(held, standing=Standing.CONFIRMED, round=held.round + 1, problem="", settled_at=None)
            cve_services.save(tx, more)
            flow_cve.note(tx, Kind.CVE_CONFIRMED, more, at=at, actor=viewer.person, again="yes")
        flow_cve.start(self.control, more)
        return more

    def adopt(self, viewer: Viewer, request: str, *, cve_id: str) -> CveRequest:
        """Say which of the new ids an unanswered reservation brought. Conflict for any but one of its candidates."""
        allow(viewer, Action.WORK_CVE)
        with self.machines.store.read() as tx:
            held = cve_services.get(tx, request, viewer)
        if held.standing is not Standing.UNSURE:
            raise Conflict(f"this request is {held.standing}")
        if not CVE_ID.match(cve_id) or cve_id not in held.candidates:
            raise Conflict(f"one of {', '.join(held.candidates)}")
        return flow_cve.settle(self.machines, held, cve_id, actor=viewer.person)

    def _composed(
        self, tx: Tx, viewer: Viewer, case: CaseId, deed: Deed, *, reason: str, replaced_by: Sequence[str]
    ) -> DryRun:
        held = cases.get(tx, case, viewer)
        account = _account(tx)
        advisory = _advisory(tx, held)
        requests = cve_services.of(tx, case, flow.FLOW)
        cve.check(held, deed, requests, named=cve.named(advisory))
        return self._run(account, held, deed, advisory, requests, reason=reason, replaced_by=replaced_by)

    def _run(
        self,
        account: Account,
        held: Case,
        deed: Deed,
        advisory: Advisory | None,
        requests: Sequence[CveRequest],
        *,
        reason: str,
        replaced_by: Sequence[str],
    ) -> DryRun:
        container = {}
        if deed is Deed.REJECT:
            container = cve.rejection(reason, replaced_by, account=account, engine=ENGINE)
        elif deed is not Deed.RESERVE:
            assert advisory is not None
            container = cve.container(advisory, cve=held.cve, account=account, engine=ENGINE)
        services = self.machines.services
        wire = services.wire(
            account,
            deed,
            cve=held.cve,
            year=self.machines.now().year,
            container=container,
            stands=cve.state_of(requests, held.cve) == "published",
        )
        return DryRun(
            deed=deed,
            cve="" if deed is Deed.RESERVE else held.cve,
            environment=account.environment,
            org=account.org,
            user=account.user,
            wire=wire,
            schema=services.schema(),
        )

    def _still(self, tx: Tx, viewer: Viewer, held: CveRequest) -> None:
        """Conflict when what was proposed is not what would be sent now. A rejection is its own words."""
        account = _account(tx)
        if account.place != held.account:
            raise Conflict("the account at CVE Services is another one now: withdraw this and propose it anew")
        case = cases.get(tx, held.case, viewer)
        advisory = _advisory(tx, case)
        others = [one for one in cve_services.of(tx, held.case, flow.FLOW) if one.id != held.id]
        cve.check(case, held.deed, others, named=cve.named(advisory))
        if held.deed in (Deed.PUBLISH, Deed.UPDATE):
            run = self._run(account, case, held.deed, advisory, others, reason="", replaced_by=())
            if run.digest != held.wire.digest:
                raise Conflict("the advisory was changed since this was proposed: withdraw it and propose it anew")

    def _named(self, tx: Tx, viewer: Viewer) -> str:
        self._not_a_script(viewer)
        return parties.person(tx, viewer.person).name

    def _not_a_script(self, viewer: Viewer) -> None:
        if viewer.is_script and not self.machines.desk.demo:
            raise Forbidden("a script sends nothing to CVE Services on a host that signs as itself: a person must")

    def _changed(self, tx: Tx, viewer: Viewer, account: Account, what: str, at: datetime) -> None:
        facts = {"what": what, "org": account.org, "environment": account.environment}
        key = f"cve-account:{account.id}:{what}"
        event = Event(
            kind=Kind.CVE_ACCOUNT_CHANGED, key=key, at=at, subjects=(account.id,), facts=facts, actor=viewer.person
        )
        journal.append(tx, event)


def deed_of(word: str) -> Deed:
    """The deed of this name. Invalid for none."""
    if word not in set(Deed):
        raise Invalid("no such deed", [Problem("/deed", "unknown_deed", f"one of {', '.join(Deed)}")])
    return Deed(word)


def _account(tx: Tx) -> Account:
    held = cve_services.account(tx)
    if held is None:
        raise Conflict(NO_ACCOUNT)
    return held


def _advisory(tx: Tx, case: Case) -> Advisory | None:
    """The advisory as it is public, or the draft while it is not; None while there is none."""
    if case.stage in (Stage.PUBLISHED, Stage.CLOSED) and case.advisory is not None:
        try:
            return published.get(tx, case.advisory, flow.FLOW)
        except Missing:
            return None
    return flow.draft_of(tx, case) if case.draft is not None else None
