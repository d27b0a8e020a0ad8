"""Scan claims: ask before the spend, take one, show progress, end it with a result."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_claims import (
    Authorisation,
    BlindWish,
    Claim,
    Claims,
    Ending,
    Held,
    Line,
    Overlap,
    Wish,
    ending_of,
)
from comity.errors import Invalid, Problem
from comity.model.handling import Tlp


class ScanArea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where and for what. Empty lists mean everything; `commits` is empty or the first and the last one."""

    repository: str
    paths: list[str] = []
    cwes: list[str] = []
    methods: list[str] = []
    commits: list[str] = []


class ScanAuthorisation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who allowed the scan, what exactly, whom to ask, and on which days."""

    owner: str
    scope: str
    contact: str
    starts_on: date
    ends_on: date


class AskOverlap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area to ask about. With `may_be_named`, holders who agreed to be named are."""

    area: ScanArea
    may_be_named: bool = False


class TakeClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area to claim, and who allowed it. `shared`: the label under which partner hosts are told of it, such as
    TLP:GREEN; empty: they are not."""

    area: ScanArea
    authorisation: ScanAuthorisation
    may_be_named: bool = False
    shared: str = ""


class TakeBlindClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A claim without its area. `question`: of the blind check, about the area, still open. `key` (32 bytes) and one
    entry for each part of the question are made where the question was asked. Of the authorisation the dates are
    shown; all of it was committed to with the question. `is_compared`: the host may try areas that others show it."""

    question: str
    key: bytes
    entries: list[bytes]
    starts_on: date
    ends_on: date
    methods: list[str] = []
    is_compared: bool = True
    may_be_named: bool = False


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Progress in percent; more than before renews the claim."""

    progress: int


class EndClaim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ending` is one of findings (with receipts), nothing found (with coverage), abandoned. Of a blind claim the
    coverage is committed to: `coverage_sha256`, the salted digest of the line, stands for it."""

    ending: str
    receipts: list[str] = []
    coverage: str = ""
    coverage_sha256: str = ""


class LookedBefore(msgspec.Struct, frozen=True, kw_only=True):
    """A result of the same area."""

    ended_at: datetime
    ending: str
    percent: int


class OwnLookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A claim of the asker's own organisation on the area: `ending` is empty while it is open."""

    claim: str
    at: datetime
    ending: str
    percent: int
    coverage: str


class OverlapBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far others hold an area; never who, unless both sides agreed."""

    held_percent: int
    partly: int
    parts_of_repository: bool
    same_methods: tuple[str, ...]
    same_weaknesses: bool
    commits: str
    until: datetime | None
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    looked_before: tuple[LookedBefore, ...]
    own: tuple[OwnLookBody, ...]


class ClaimBody(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as its own organisation sees it. `standing` is open, or how it ended. A blind claim shows no area."""

    claim: str
    is_blind: bool
    repository: str
    paths: tuple[str, ...]
    cwes: tuple[str, ...]
    methods: tuple[str, ...]
    made_at: datetime
    ends_at: datetime
    progress: int
    standing: str
    reports: tuple[str, ...]
    has_result: bool
    shared: str


class ClaimTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The claim, and what others hold of the same area."""

    claim: ClaimBody
    overlap: OverlapBody


class ClaimsHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's claims, and how many more it may take."""

    rows: tuple[ClaimBody, ...]
    left: int


def overlap(held: Overlap) -> OverlapBody:
    """In the API's shape."""
    return OverlapBody(
        held_percent=held.held_percent,
        partly=held.partly,
        parts_of_repository=held.parts_of_repository,
        same_methods=tuple(method.value for method in held.same_methods),
        same_weaknesses=held.same_weaknesses,
        commits=held.commits,
        until=held.until,
        names=held.names,
        hosts=held.hosts,
        looked_before=tuple(
            LookedBefore(ended_at=at, ending=ending.value, percent=percent)
            for at, ending, percent in held.looked_before
        ),
        own=tuple(
            OwnLookBody(
                claim=one.claim,
                at=one.at,
                ending=one.ending.value if one.ending else "",
                percent=one.percent,
                coverage=one.coverage,
            )
            for one in held.own
        ),
    )


def body(claim: Claim, *, is_open: bool) -> ClaimBody:
    """In the API's shape."""
    area = claim.area
    return ClaimBody(
        claim=claim.id,
        is_blind=claim.hidden is not None,
        repository=area.repository if area else "",
        paths=area.paths if area else (),
        cwes=area.cwes if area else (),
        methods=tuple(method.value for method in claim.methods),
        made_at=claim.made_at,
        ends_at=claim.ends_at,
        progress=claim.progress,
        standing="open" if is_open else ending_of(claim).value,
        reports=claim.reports,
        has_result=claim.result is not None,
        shared=claim.shared.label if claim.shared is not None else "",
    )


def held_claims(held: Held) -> ClaimsHeld:
    """In the API's shape."""
    return ClaimsHeld(rows=tuple(_line(line) for line in held.lines), left=held.left)


def wish(area: ScanArea) -> Wish:
    """The area of a request, not yet looked at."""
    return Wish(
        repository=area.repository, paths=area.paths, cwes=area.cwes, methods=area.methods, commits=area.commits
    )


def authorisation(given: ScanAuthorisation) -> Authorisation:
    """The authorisation of a request, not yet looked at."""
    return Authorisation(
        owner=given.owner,
        scope=given.scope,
        contact=given.contact,
        starts_on=given.starts_on,
        ends_on=given.ends_on,
    )


def ending(text: str) -> Ending:
    """The ending that a word names; Invalid for any other."""
    try:
        return Ending(text.replace("-", " "))
    except ValueError as error:
        words = ", ".join(one for one in Ending if one is not Ending.EXPIRED)
        raise Invalid("a claim does not end like this", [Problem("/ending", "unknown_ending", words)]) from error


def take(claims: Claims, viewer: Any, data: TakeClaim) -> ClaimTaken:
    """Take a claim, for every door."""
    labels = {tlp.label: tlp for tlp in Tlp}
    if data.shared and data.shared not in labels:
        raise Invalid("no such label", [Problem("/shared", "unknown_label", f"one of {', '.join(labels)}")])
    claim, found = claims.take(
        viewer,
        wish(data.area),
        authorisation(data.authorisation),
        may_be_named=data.may_be_named,
        shared=labels.get(data.shared),
    )
    return ClaimTaken(claim=body(claim, is_open=True), overlap=overlap(found))


def take_blindly(claims: Claims, viewer: Any, data: TakeBlindClaim) -> ClaimBody:
    """Take a claim without its area, for every door."""
    given = BlindWish(
        question=data.question,
        key=data.key,
        entries=data.entries,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        methods=data.methods,
        is_compared=data.is_compared,
        may_be_named=data.may_be_named,
    )
    return body(claims.take_blindly(viewer, given), is_open=True)


def end(claims: Claims, viewer: Any, name: str, data: EndClaim) -> ClaimBody:
    """End a claim, for every door."""
    done = claims.end(
        viewer,
        name,
        ending(data.ending),
        receipts=data.receipts,
        coverage=data.coverage,
        coverage_sha256=data.coverage_sha256,
    )
    return body(done, is_open=False)


def _line(line: Line) -> ClaimBody:
    return body(line.claim, is_open=line.is_open)


def routes(claims: Claims) -> list[HTTPRouteHandler]:
    """The operations on scan claims."""

    @post(
        "/claims/overlap",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="askOverlap",
        sync_to_thread=True,
        status_code=200,
        summary="How far others hold an area",
        responses=asking.ERRORS,
    )
    def ask(request: Ask, data: JSONBody[AskOverlap]) -> OverlapBody:
        """Before the spend. Nothing is kept of the question."""
        found = claims.ask(asking.viewer_of(request), wish(data.area), may_be_named=data.may_be_named)
        return overlap(found)

    @post(
        "/claims",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="takeClaim",
        sync_to_thread=True,
        summary="Claim an area for a scan",
        responses=asking.ERRORS,
    )
    def taken(request: Ask, data: JSONBody[TakeClaim]) -> ClaimTaken:
        """Advice to others, never exclusive: an overlap is told and prevents nothing. Needs an authorisation."""
        return take(claims, asking.viewer_of(request), data)

    @post(
        "/claims/blind",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="takeBlindClaim",
        sync_to_thread=True,
        summary="Claim an area without showing it",
        responses=asking.ERRORS,
    )
    def taken_blindly(request: Ask, data: JSONBody[TakeBlindClaim]) -> ClaimBody:
        """With a blind question about the area, once. The claim ends with the key of its question at the latest."""
        return take_blindly(claims, asking.viewer_of(request), data)

    @get(
        "/claims",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="listClaims",
        sync_to_thread=True,
        summary="One's own claims",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> ClaimsHeld:
        """The newest end first."""
        return held_claims(claims.own(asking.viewer_of(request)))

    @post(
        "/claims/{claim:str}/heartbeat",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="beatClaim",
        sync_to_thread=True,
        status_code=200,
        summary="Show progress, and so renew a claim",
        responses=asking.ERRORS,
    )
    def beat(request: Ask, claim: FromPath[str], data: JSONBody[Heartbeat]) -> ClaimBody:
        """Without progress nothing is renewed."""
        done = claims.beat(asking.viewer_of(request), asking.name(claim), progress=data.progress)
        return body(done, is_open=True)

    @post(
        "/claims/{claim:str}/end",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="endClaim",
        sync_to_thread=True,
        status_code=200,
        summary="End a claim with its result",
        responses=asking.ERRORS,
    )
    def ended(request: Ask, claim: FromPath[str], data: JSONBody[EndClaim]) -> ClaimBody:
        """Nothing found is a result: say what was looked at. The result is signed."""
        return end(claims, asking.viewer_of(request), asking.name(claim), data)

    @get(
        "/claims/{claim:str}/result",
        opt={"action": Action.CLAIM_SCANS},
        operation_id="downloadClaimResult",
        sync_to_thread=True,
        summary="The signed result of one's own claim",
        responses={200: asking.download("A DSSE envelope"), **asking.ERRORS},
    )
    def result(request: Ask, claim: FromPath[str]) -> Response[bytes]:
        """Times, counts, and digests of area and coverage."""
        name = asking.name(claim)
        return asking.inert(claims.result(asking.viewer_of(request), name), f"{name}.dsse.json")

    return [ask, taken, taken_blindly, listed, beat, ended, result]
