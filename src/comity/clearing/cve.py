"""Decide what may be asked of CVE Services about a case, what exactly is sent, and what an answer means.

A CVE record needs a public reference (CNA Rules 4.0.0, section 5), so a record is published after the advisory is, and
the id is reserved before, so that the advisory can name it. One case has one root cause and one fix, hence one id.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from comity.errors import Conflict, Invalid, Problem
from comity.formats import parse
from comity.formats.cve import Cve
from comity.formats.parse import Json
from comity.model.advisory import Advisory
from comity.model.case import Case, Stage
from comity.model.cve_services import CVE_ID, OPEN, Account, Answer, CveRequest, Deed, Listed, Standing, one_line

LATEST: Final = timedelta(hours=72)
SOON: Final = timedelta(hours=24)
"""A record follows disclosure within 24 hours, at the latest after 72 (CNA Rules 4.0.0, 4.5.1)."""
RECORD_EXISTS: Final = "CVE_RECORD_EXISTS"
WITH_DRAFT: Final = frozenset({Stage.COORDINATING, Stage.READY, Stage.PUBLISHED})
STATE: Final[Mapping[Deed, str]] = {Deed.PUBLISH: "PUBLISHED", Deed.UPDATE: "PUBLISHED", Deed.REJECT: "REJECTED"}


# What may be asked ---------------------------------------------------------------------------------------------------


def state_of(requests: Iterable[CveRequest], cve: str) -> str:
    """How an id stands, by what was done: `reserved`, `published`, `rejected`; "" for none."""
    done = [one for one in requests if one.standing is Standing.DONE and one.cve == cve and cve]
    if not done:
        return ""
    last = max(done, key=lambda one: (one.settled_at or one.proposed_at, one.id))
    return {"reserve": "reserved", "reject": "rejected"}.get(last.deed, "published")


def check(case: Case, deed: Deed, requests: Sequence[CveRequest], *, named: str) -> None:
    """Conflict when this may not be asked now, with what to do instead. `named`: an id that the advisory has."""
    if any(one.standing in OPEN for one in requests):
        raise Conflict("a request about this case is open already: confirm it or withdraw it first")
    if any(one.asked_from is not None for one in requests):
        raise Conflict("an earlier reservation was never answered: send it again, or withdraw it")
    state = state_of(requests, case.cve)
    match deed:
        case Deed.RESERVE:
            if case.cve:
                raise Conflict(f"this case has an id already: {case.cve}, {state or 'bound'}")
            if named:
                raise Conflict(f"the advisory names {named} already: one weakness has one id (CNA Rules 4.2)")
            if case.stage not in WITH_DRAFT:
                raise Conflict(f"case {case.id} is {case.stage}: an id is reserved once it is valid and has a draft")
        case Deed.PUBLISH:
            if state != "reserved":
                raise Conflict(f"there is no id to publish under: it is {state}" if state else "reserve an id first")
            if case.stage is not Stage.PUBLISHED:
                raise Conflict(
                    "publish the advisory first: a CVE record needs a public reference (CNA Rules, section 5)"
                )
        case Deed.UPDATE:
            if state != "published":
                raise Conflict("no record was published from here: there is nothing to update")
        case Deed.REJECT:
            if state not in ("reserved", "published"):
                raise Conflict("this case has no id that could be rejected")


def is_possible(case: Case, deed: Deed, requests: Sequence[CveRequest], *, named: str) -> bool:
    """Whether `check` lets it pass."""
    try:
        check(case, deed, requests, named=named)
    except Conflict:
        return False
    return True


def named(advisory: Advisory | None) -> str:
    """The CVE id that an advisory has already; "" for none."""
    if advisory is None:
        return ""
    return next((one for one in (advisory.id, *advisory.aliases) if CVE_ID.match(one)), "")


# What is sent --------------------------------------------------------------------------------------------------------


def container(advisory: Advisory, *, cve: str, account: Account, engine: str) -> dict[str, Json]:
    """The CNA container of a published advisory. Invalid with every violation of the shipped schema.

    The host's own way of keeping what the format has no field for stays at home: it says nothing to others.
    """
    others = tuple(one for one in advisory.aliases if one != cve)
    codec = Cve(org_id=account.org_id, short_name=account.org)
    record = codec.document_of(replace(advisory, aliases=(cve, *others)))
    problems = codec.check(parse.encode(record))
    if problems:
        raise Invalid("the advisory makes no valid CVE record", problems)
    containers = record["containers"]
    assert isinstance(containers, dict)
    cna = containers["cna"]
    assert isinstance(cna, dict)
    own = cna.get("x_comity")
    if isinstance(own, dict):
        own.pop("residue", None)
        if not own:
            cna.pop("x_comity")
    return {**cna, **_provider(account), "x_generator": {"engine": engine}}


def rejection(reason: str, replaced_by: Sequence[str], *, account: Account, engine: str) -> dict[str, Json]:
    """The container of a rejected record. Invalid without a reason, or for a replacement that is no CVE id."""
    problems = [
        Problem(f"/replaced_by/{place}", "bad_cve", "a CVE id, such as CVE-2026-12345")
        for place, one in enumerate(replaced_by)
        if not CVE_ID.match(one)
    ]
    if not reason.strip() or len(reason) > 4000 or not reason.isprintable():
        problems.append(Problem("/reason", "bad_text", "one line that says in public why the id is rejected"))
    if problems:
        raise Invalid("this is no rejection", problems)
    reasons: list[Json] = [{"lang": "en", "value": reason.strip()}]
    made: dict[str, Json] = {"rejectedReasons": reasons, **_provider(account), "x_generator": {"engine": engine}}
    if replaced_by:
        made["replacedBy"] = list(dict.fromkeys(replaced_by))
    return made


def _provider(account: Account) -> dict[str, Json]:
    return {"providerMetadata": {"orgId": account.org_id, "shortName": account.org}}


# What an answer means ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done, for this id."""

    cve: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Nobody knows yet: try again, after `wait` at least."""

    problem: str
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It was not done, and trying again would bring the same answer."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A record is there already, or the answer cannot be read: look at the record before anything is believed."""

    otherwise: Later | Refused
    """What it means when the record is not what was sent."""


Settled: TypeAlias = Done | Later | Refused
Outcome: TypeAlias = Settled | Compare
LONGEST_WAIT: Final = timedelta(hours=1)


def judged(request: CveRequest, answer: Answer) -> Outcome:
    """What CVE Services' answer means for a request. A 200 that shows nothing of the kind is not taken for success."""
    if answer.is_passing or 300 <= answer.status < 400 or answer.status < 200:
        return Later(problem=answer.reason(), wait=min(timedelta(seconds=answer.retry_after), LONGEST_WAIT))
    if answer.status >= 400:
        if answer.error == RECORD_EXISTS and request.deed in (Deed.PUBLISH, Deed.REJECT):
            return Compare(
                otherwise=Refused(problem="another record of this id stands there already: look at it first")
            )
        return Refused(problem=answer.reason())
    if request.deed is Deed.RESERVE:
        found = _reserved(answer.body.get("cve_ids"))
        return Done(cve=found) if found else Later(problem="the answer names no reserved id")
    for word in ("created", "updated"):
        if _is_of(answer.body.get(word), request):
            return Done(cve=request.cve)
    return Compare(otherwise=Later(problem="the answer shows no record"))


def is_sent(record: Mapping[str, Any], request: CveRequest) -> bool:
    """Whether a record that stands there is what this request says. What CVE Services add themselves does not count."""
    if not _is_of(record, request):
        return False
    containers = record.get("containers")
    there = containers.get("cna") if isinstance(containers, dict) else None
    sent = parse.decode(request.wire.body)
    ours = sent.get("cnaContainer") if isinstance(sent, dict) else None
    if not isinstance(there, dict) or not isinstance(ours, dict):
        return False
    return all(there.get(name) == value for name, value in ours.items() if name != "providerMetadata")


def fresh(listed: Iterable[Listed], *, before: AbstractSet[str], bound: AbstractSet[str], user: str) -> tuple[str, ...]:
    """Reserved ids that an unanswered request of this account may have brought: new, its own, and of no other case."""
    return tuple(
        sorted({one.cve for one in listed if one.user == user and one.cve not in before and one.cve not in bound})
    )


def _reserved(rows: object) -> str:
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
        return ""
    found = one_line(rows[0].get("cve_id"))
    return found if CVE_ID.match(found) else ""


def _is_of(record: object, request: CveRequest) -> bool:
    metadata = record.get("cveMetadata") if isinstance(record, Mapping) else None
    if not isinstance(metadata, dict):
        return False
    return metadata.get("cveId") == request.cve and metadata.get("state") == STATE.get(request.deed)


def todo(case: Case, state: str, advisory: Advisory | None, *, now: datetime) -> str:
    """What is due about the id of a case, in one sentence; "" for nothing."""
    if case.stage is Stage.CLOSED and state == "reserved":
        return "The case is closed and its id was never used: reject the id."
    if case.stage is Stage.PUBLISHED and state == "reserved" and advisory is not None and advisory.published_at:
        told = advisory.published_at + SOON
        late = " That time is over." if now > told else ""
        return (
            f"The advisory is public: the CNA Rules (4.5.1) ask for the record within 24 hours, by "
            f"{told:%Y-%m-%d %H:%M} UTC, at the latest by {advisory.published_at + LATEST:%Y-%m-%d %H:%M} UTC.{late}"
        )
    if state == "published" and advisory is not None and advisory.withdrawn_at is not None:
        return "The advisory was withdrawn: reject the id, or say in the record why it stands."
    return ""
