"""The counter of scan claims: ask before the spend, take, show progress, end with a result."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import rfc8785

from comity.access.policy import Action, allow
from comity.clearing import claims as rules
from comity.clearing.claims import Wish, ending_of
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.claim import Area, Authorisation, Claim, Ending, Method, Overlap
from comity.model.events import Event, Kind
from comity.model.ids import PartyId, ReportId, code, digest
from comity.model.party import Viewer
from comity.settings import Settings
from comity.store import blobs, claims, journal, parties
from comity.store.engine import Store, Tx

__all__ = ["Authorisation", "Claim", "Claims", "Ending", "Held", "Line", "Method", "Overlap", "Wish", "ending_of"]


class Signer(Protocol):
    """Signs on behalf of the host."""

    def scan_result(self, statement: bytes) -> bytes:
        """The signed result (DSSE envelope) of a scan claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A claim for a list, with the state that the clock gives it."""

    claim: Claim
    is_open: bool
    holder: str
    meets: int = 0
    """How many other open claims it touches; told on the map alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An organisation's claims, and how many more it may take."""

    lines: tuple[Line, ...]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The calls. A claim needs no flow: it ends by the clock, whoever looks."""

    store: Store
    settings: Settings
    signer: Signer
    now: Callable[[], datetime]
    own_report: Callable[[Viewer, str], ReportId]
    """The report behind a receipt of the viewer's own organisation; `Missing` for any other."""

    def ask(self, viewer: Viewer, wish: Wish, *, may_be_named: bool = False) -> Overlap:
        """How far others hold this area now, or have looked there lately. Nothing is kept of the question."""
        allow(viewer, Action.CLAIM_SCANS)
        with self.store.read() as tx:
            return self._overlap(tx, viewer, rules.area(wish), may_be_named=may_be_named)

    def take(
        self, viewer: Viewer, wish: Wish, authorisation: Authorisation, *, may_be_named: bool = False
    ) -> tuple[Claim, Overlap]:
        """Take a claim; an overlap is told and does not prevent it. Forbidden when the organisation holds too many."""
        allow(viewer, Action.CLAIM_SCANS)
        area, now = rules.area(wish), self.now()
        rules.authorised(authorisation, today=now.date())
        with self.store.write() as tx:
            if rules.spent(claims.of(tx, viewer.organisation), now) >= self.settings.claim_quota:
                raise Forbidden(
                    "this organisation holds as many claims as it may: end one with a result "
                    "(claims without one count for 90 days)"
                )
            claim = Claim(
                id="K-" + code(secrets.token_bytes(8), 12),
                organisation=viewer.organisation,
                person=viewer.person,
                area=area,
                authorisation=authorisation,
                may_be_named=may_be_named,
                made_at=now,
                ends_at=now + self.settings.claim_life,
                beat_at=now,
            )
            found = self._overlap(tx, viewer, area, may_be_named=may_be_named)
            claims.add(tx, claim)
            self._note(tx, viewer, Kind.SCAN_CLAIMED, claim, ends_at=claim.ends_at.isoformat())
        return claim, found

    def beat(self, viewer: Viewer, id_: str, *, progress: int) -> Claim:
        """Show progress in percent. More than before renews the claim for its whole life; the same renews nothing."""
        allow(viewer, Action.CLAIM_SCANS)
        if not 0 <= progress <= 100:
            raise Invalid("progress is a percentage", [Problem("/progress", "out_of_range", "0 to 100")])
        now = self.now()
        with self.store.write() as tx:
            claim = self._open(tx, viewer, id_, now)
            if progress < claim.progress:
                reason = f"it was {claim.progress} before: progress does not go back"
                raise Invalid("progress is a percentage", [Problem("/progress", "out_of_range", reason)])
            ends_at = now + self.settings.claim_life if progress > claim.progress else claim.ends_at
            claim = replace(claim, progress=progress, beat_at=now, ends_at=max(ends_at, claim.ends_at))
            claims.save(tx, claim)
        return claim

    def end(
        self, viewer: Viewer, id_: str, ending: Ending, *, receipts: Sequence[str] = (), coverage: str = ""
    ) -> Claim:
        """End a claim with findings (by their receipts), with nothing found (saying what was looked at), or abandon it.

        The result is signed and kept with the claim. Missing for a receipt of somebody else's.
        """
        allow(viewer, Action.CLAIM_SCANS)
        _sound(ending, receipts, coverage)
        now = self.now()
        found = tuple(self.own_report(viewer, receipt) for receipt in receipts)
        with self.store.write() as tx:
            claim = self._open(tx, viewer, id_, now)
            claim = replace(claim, ended_at=now, ending=ending, reports=found, coverage=coverage.strip())
            envelope = self.signer.scan_result(_statement(claim))
            claim = replace(claim, result=blobs.put(tx, envelope, record=claims.record(claim.id)))
            claims.save(tx, claim)
            self._note(tx, viewer, Kind.SCAN_ENDED, claim, ending=ending.value, findings=str(len(found)))
        return claim

    def result(self, viewer: Viewer, id_: str) -> bytes:
        """The signed result of one's own claim (a DSSE envelope)."""
        allow(viewer, Action.CLAIM_SCANS)
        with self.store.read() as tx:
            claim = claims.get(tx, id_, viewer.organisation)
            if claim.result is None:
                raise Conflict(f"claim {id_} has no result yet")
            return blobs.get(tx, claim.result, record=claims.record(id_))

    def own(self, viewer: Viewer) -> Held:
        """The organisation's own claims."""
        allow(viewer, Action.CLAIM_SCANS)
        now = self.now()
        with self.store.read() as tx:
            held = claims.of(tx, viewer.organisation)
        lines = tuple(Line(claim=one, is_open=one.is_open(now), holder="") for one in held)
        return Held(lines=lines, left=max(0, self.settings.claim_quota - rules.spent(held, now)))

    def map(self, viewer: Viewer) -> tuple[Line, ...]:
        """Every open claim with its holder, for coordinators alone."""
        allow(viewer, Action.READ_CASES)
        with self.store.read() as tx:
            names = _names(tx)
            held = claims.held(tx, now=self.now())
        meets = rules.meeting([one.area for one in held])
        return tuple(
            Line(claim=one, is_open=True, holder=names.get(one.organisation, ""), meets=number)
            for one, number in zip(held, meets, strict=True)
        )

    def _overlap(self, tx: Tx, viewer: Viewer, area: Area, *, may_be_named: bool) -> Overlap:
        now = self.now()
        others = claims.on(tx, area.repository, besides=viewer.organisation, since=now - rules.MEMORY)
        names = _names(tx)
        held = [(one, names.get(one.organisation, "")) for one in others]
        found = rules.overlap(area, held, now, may_be_named=may_be_named)
        return replace(found, own=rules.own(area, claims.of(tx, viewer.organisation), now))

    def _open(self, tx: Tx, viewer: Viewer, id_: str, now: datetime) -> Claim:
        claim = claims.get(tx, id_, viewer.organisation)
        if not claim.is_open(now):
            raise Conflict(f"claim {id_} is over ({ending_of(claim)}): take a new one")
        return claim

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, claim: Claim, **facts: str) -> None:
        key, at = f"{kind}:{claim.id}", self.now()
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(claim.id,), facts=facts, actor=viewer.person))


def _sound(ending: Ending, receipts: Sequence[str], coverage: str) -> None:
    problems = []
    if ending is Ending.EXPIRED:
        problems.append(Problem("/ending", "unknown_ending", "only the clock lets a claim expire"))
    if (ending is Ending.FINDINGS) != bool(receipts):
        reason = "findings are named by the receipts of their reports, and only they are"
        problems.append(Problem("/receipts", "missing_field", reason))
    if ending is Ending.NOTHING_FOUND and not coverage.strip():
        problems.append(Problem("/coverage", "missing_field", "say in one line what was looked at"))
    if len(coverage) > rules.TEXT_LIMIT or not coverage.isprintable():
        problems.append(Problem("/coverage", "bad_text", f"one line of at most {rules.TEXT_LIMIT} characters"))
    if problems:
        raise Invalid("a claim does not end like this", problems)


def _statement(claim: Claim) -> bytes:
    """What is signed: times, counts and a digest of the area. Whoever knows the area can check the digest."""
    area = claim.area
    whole = {
        "repository": area.repository,
        "paths": list(area.paths),
        "cwes": list(area.cwes),
        "methods": [method.value for method in area.methods],
        "commits": list(area.commits or ()),
    }
    return rfc8785.dumps(
        {
            "claim": claim.id,
            "area_sha256": digest(rfc8785.dumps(whole)),
            "made_at": claim.made_at.isoformat(),
            "ended_at": claim.ended_at.isoformat() if claim.ended_at else "",
            "ending": claim.ending.value if claim.ending else "",
            "findings": len(claim.reports),
            "coverage_sha256": digest(claim.coverage.encode()),
        }
    )


def _names(tx: Tx) -> dict[PartyId, str]:
    return {one.id: one.name for one in parties.all_organisations(tx)}
