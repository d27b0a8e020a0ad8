"""The counter of scan claims: ask before the spend, take, show progress, end with a result."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

import rfc8785

from comity.access.policy import Action, allow
from comity.clearing import claims as rules
from comity.clearing import flow_claims, flow_scopes
from comity.clearing.claims import Wish, authorised, ending_of
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.blind import Level, Standing
from comity.model.claim import Area, Authorisation, Claim, Ending, Hidden, Method, Overlap
from comity.model.events import Event, Kind
from comity.model.handling import Tlp
from comity.model.ids import Digest, PartyId, ReportId, code, digest, is_digest
from comity.model.party import Viewer
from comity.sealing import scopes
from comity.settings import Settings
from comity.store import blind, blobs, claims, journal, parties
from comity.store.engine import Store, Tx

__all__ = [
    "Authorisation",
    "BlindWish",
    "Claim",
    "Claims",
    "Ending",
    "Held",
    "Line",
    "Method",
    "Overlap",
    "Wish",
    "authorised",
    "ending_of",
]


class Signer(Protocol):
    """Signs on behalf of the host."""

    def scan_result(self, statement: bytes) -> bytes:
        """The signed result (DSSE envelope) of a scan claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindWish:
    """A claim as its holder sends it, without the area: made with `sealing.scopes` from the answer to a question."""

    question: str
    key: bytes = field(repr=False)
    entries: Sequence[bytes] = field(repr=False)
    starts_on: date
    ends_on: date
    methods: Sequence[str] = ()
    is_compared: bool = True
    may_be_named: bool = False


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
    tell: Callable[[], None] = lambda: None
    """Has partner hosts told of what changed among the claims that they may hear of."""

    def ask(self, viewer: Viewer, wish: Wish, *, may_be_named: bool = False) -> Overlap:
        """How far others hold this area now, or have looked there lately. Nothing is kept of the question."""
        allow(viewer, Action.CLAIM_SCANS)
        with self.store.read() as tx:
            return self._overlap(tx, viewer, rules.area(wish), may_be_named=may_be_named)

    def take(
        self,
        viewer: Viewer,
        wish: Wish,
        authorisation: Authorisation,
        *,
        may_be_named: bool = False,
        shared: Tlp | None = None,
    ) -> tuple[Claim, Overlap]:
        """Take a claim; an overlap is told and does not prevent it. Forbidden when the organisation holds too many.

        `shared`: partner hosts are told of it too, under this label.
        """
        allow(viewer, Action.CLAIM_SCANS)
        area, now = rules.area(wish), self.now()
        rules.authorised(authorisation, today=now.date())
        claim = Claim(
            id=_fresh(),
            organisation=viewer.organisation,
            person=viewer.person,
            area=area,
            authorisation=authorisation,
            may_be_named=may_be_named,
            made_at=now,
            ends_at=now + self.settings.claim_life,
            beat_at=now,
            shared=shared,
        )
        with self.store.write() as tx:
            self._room(tx, viewer, now)
            found = self._overlap(tx, viewer, area, may_be_named=may_be_named)
            claims.add(tx, claim)
            self._note(tx, viewer, Kind.SCAN_CLAIMED, claim, ends_at=claim.ends_at.isoformat())
        self._changed(claim)
        return claim, found

    def take_blindly(self, viewer: Viewer, given: BlindWish) -> Claim:
        """Take a claim without showing where: with a question about the area, which was committed to and metered.

        Missing for a question of somebody else's; Conflict for one that is over, is about a finding, or was asked under
        another key, and for entries that are a claim's already; Invalid lists what is wrong with the rest.
        """
        allow(viewer, Action.CLAIM_SCANS)
        now = self.now()
        rules.authorised_on(given.starts_on, given.ends_on, today=now.date())
        methods = _methods(given.methods)
        with self.store.write() as tx:
            self._room(tx, viewer, now)
            epoch = blind.newest(tx)
            question = blind.question(tx, given.question, viewer.organisation)
            if question.standing is not Standing.OPEN or now > question.opens_by:
                raise Conflict(f"question {question.id} is over: ask anew, and claim with that")
            if epoch is None or question.epoch != epoch.number or now >= epoch.ends_at:
                raise Conflict("this question was asked under a key that has ended: ask anew, and claim with that")
            if any(part.level is not Level.AREA for part in question.parts):
                raise Conflict(f"question {question.id} is about a finding: ask about the area, and claim with that")
            _sound_entries(given, number=len(question.parts))
            held = [one.hidden for one in claims.hidden(tx, since=now - rules.MEMORY) if one.hidden is not None]
            taken = {entry for one in held for entry in one.entries}
            if any(one.key == given.key for one in held) or taken & set(given.entries):
                raise Conflict("these entries are those of another claim: make them anew, with a key of their own")
            hidden = Hidden(
                question=question.id,
                commitment=question.document,
                epoch=question.epoch,
                key=given.key,
                entries=tuple(sorted(given.entries)),
                methods=methods,
                is_compared=given.is_compared,
                results_by=now + self.settings.claim_life,
            )
            claim = Claim(
                id=_fresh(),
                organisation=viewer.organisation,
                person=viewer.person,
                area=None,
                authorisation=None,
                may_be_named=given.may_be_named,
                made_at=now,
                ends_at=min(hidden.results_by, epoch.ends_at),
                beat_at=now,
                hidden=hidden,
            )
            blind.settle(tx, question.id, Standing.CLAIMED)
            claims.add(tx, claim)
            self._note(tx, viewer, Kind.SCAN_CLAIMED, claim, ends_at=claim.ends_at.isoformat(), blind="yes")
        return claim

    def beat(self, viewer: Viewer, id_: str, *, progress: int) -> Claim:
        """Show progress in percent. More than before renews the claim for its whole life; the same renews nothing."""
        allow(viewer, Action.CLAIM_SCANS)
        if not 0 <= progress <= 100:
            raise Invalid("progress is a percentage", [Problem("/progress", "out_of_range", "0 to 100")])
        now = self.now()
        with self.store.write() as tx:
            claim = self._held(tx, viewer, id_, now)
            if progress < claim.progress:
                reason = f"it was {claim.progress} before: progress does not go back"
                raise Invalid("progress is a percentage", [Problem("/progress", "out_of_range", reason)])
            if progress > claim.progress:
                claim = self._renewed(tx, claim, now + self.settings.claim_life)
            claim = replace(claim, progress=progress, beat_at=now)
            claims.save(tx, claim)
        self._changed(claim)
        return claim

    def _changed(self, claim: Claim) -> None:
        if claim.shared is not None:
            self.tell()

    def _renewed(self, tx: Tx, claim: Claim, until: datetime) -> Claim:
        """Held until then; a blind claim no longer than the key under which it can be found."""
        if claim.hidden is None:
            return replace(claim, ends_at=max(until, claim.ends_at))
        epoch = blind.newest(tx)
        ends_at = min(until, epoch.ends_at) if epoch is not None else until
        hidden = replace(claim.hidden, results_by=max(until, claim.hidden.results_by))
        return replace(claim, ends_at=max(ends_at, claim.ends_at), hidden=hidden)

    def end(
        self,
        viewer: Viewer,
        id_: str,
        ending: Ending,
        *,
        receipts: Sequence[str] = (),
        coverage: str = "",
        coverage_sha256: str = "",
    ) -> Claim:
        """End a claim with findings (by their receipts), with nothing found (saying what was looked at), or abandon it.

        What was looked at under a blind claim is committed to and not shown: `coverage_sha256` is the salted digest of
        the line. The result is signed and kept with the claim. Missing for a receipt of somebody else's.
        """
        allow(viewer, Action.CLAIM_SCANS)
        now = self.now()
        found = tuple(self.own_report(viewer, receipt) for receipt in receipts)
        with self.store.write() as tx:
            claim = self._held(tx, viewer, id_, now, for_result=True)
            _sound(ending, receipts, coverage, coverage_sha256, is_blind=claim.hidden is not None)
            if claim.hidden is not None and coverage_sha256:
                claim = replace(claim, hidden=replace(claim.hidden, coverage=Digest(coverage_sha256)))
            claim = replace(claim, ended_at=now, ending=ending, reports=found, coverage=coverage.strip())
            envelope = self.signer.scan_result(_statement(claim))
            claim = replace(claim, result=blobs.put(tx, envelope, record=claims.record(claim.id)))
            claims.save(tx, claim)
            self._note(tx, viewer, Kind.SCAN_ENDED, claim, ending=ending.value, findings=str(len(found)))
        self._changed(claim)
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
        shown = [one for one in held if one.area is not None]
        numbers = rules.meeting([one.area for one in shown if one.area is not None])
        meets = {one.id: number for one, number in zip(shown, numbers, strict=True)}
        return tuple(
            Line(claim=one, is_open=True, holder=names.get(one.organisation, ""), meets=meets.get(one.id, 0))
            for one in held
        )

    def _overlap(self, tx: Tx, viewer: Viewer, area: Area, *, may_be_named: bool) -> Overlap:
        now = self.now()
        others = claims.on(tx, area.repository, besides=viewer.organisation, since=now - rules.MEMORY)
        names = _names(tx)
        shown = [
            (one.area, rules.state_of(one, names.get(one.organisation, ""), now, may_be_named=may_be_named))
            for one in others
            if one.area is not None
        ]
        shown += [(their, state) for _, their, state in flow_claims.heard(tx, viewer, now, may_be_named=may_be_named)]
        met = [rules.met(area, their, state) for their, state in shown]
        blindly = flow_scopes.met_blindly(tx, area, viewer, names, now, may_be_named=may_be_named)
        found = rules.overlap(area, [*(one for one in met if one is not None), *blindly], now)
        return replace(found, own=rules.own(area, claims.of(tx, viewer.organisation), now))

    def _room(self, tx: Tx, viewer: Viewer, now: datetime) -> None:
        if rules.spent(claims.of(tx, viewer.organisation), now) >= self.settings.claim_quota:
            raise Forbidden(
                "this organisation holds as many claims as it may: end one with a result "
                "(claims without one count for 90 days)"
            )

    def _held(self, tx: Tx, viewer: Viewer, id_: str, now: datetime, *, for_result: bool = False) -> Claim:
        claim = claims.get(tx, id_, viewer.organisation)
        if not (claim.takes_result(now) if for_result else claim.is_open(now)):
            raise Conflict(f"claim {id_} is over ({ending_of(claim)}): take a new one")
        return claim

    def _note(self, tx: Tx, viewer: Viewer, kind: Kind, claim: Claim, **facts: str) -> None:
        key, at = f"{kind}:{claim.id}", self.now()
        journal.append(tx, Event(kind=kind, key=key, at=at, subjects=(claim.id,), facts=facts, actor=viewer.person))


def _fresh() -> str:
    return "K-" + code(secrets.token_bytes(8), 12)


def _methods(words: Sequence[str]) -> tuple[Method, ...]:
    unknown = [place for place, word in enumerate(words) if word not in set(Method)]
    if unknown:
        reason = f"one of: {', '.join(Method)}"
        raise Invalid("unknown methods", [Problem(f"/methods/{p}", "unknown_method", reason) for p in unknown])
    return tuple(sorted({Method(word) for word in words}))


def _sound_entries(given: BlindWish, *, number: int) -> None:
    problems = []
    if len(given.key) != scopes.KEY_BYTES:
        problems.append(Problem("/key", "bad_key", f"a claim's key has {scopes.KEY_BYTES} bytes"))
    if len(set(given.entries)) != number or len(given.entries) != number:
        reason = f"one entry for each part of the question, none twice: {number}"
        problems.append(Problem("/entries", "wrong_number", reason))
    for place, one in enumerate(given.entries):
        if len(one) != scopes.ENTRY_BYTES:
            reason = f"an entry has {scopes.ENTRY_BYTES} bytes"
            problems.append(Problem(f"/entries/{place}", "bad_entry", reason))
    if problems:
        raise Invalid("this is no blind claim", problems)


def _sound(ending: Ending, receipts: Sequence[str], coverage: str, coverage_sha256: str, *, is_blind: bool) -> None:
    problems = []
    if ending is Ending.EXPIRED:
        problems.append(Problem("/ending", "unknown_ending", "only the clock lets a claim expire"))
    if (ending is Ending.FINDINGS) != bool(receipts):
        reason = "findings are named by the receipts of their reports, and only they are"
        problems.append(Problem("/receipts", "missing_field", reason))
    if is_blind and coverage.strip():
        reason = "it would show where you looked: send the digest that `comity claim end` makes where you took it"
        problems.append(Problem("/coverage", "shows_the_area", reason))
    if not is_blind and coverage_sha256:
        problems.append(Problem("/coverage_sha256", "field_not_allowed", "of blind claims alone: say it in words"))
    if coverage_sha256 and not is_digest(coverage_sha256):
        problems.append(Problem("/coverage_sha256", "bad_digest", "64 lower-case hex characters"))
    if ending is Ending.NOTHING_FOUND and not (coverage_sha256 if is_blind else coverage.strip()):
        pointer = "/coverage_sha256" if is_blind else "/coverage"
        problems.append(Problem(pointer, "missing_field", "say in one line what was looked at"))
    if len(coverage) > rules.TEXT_LIMIT or not coverage.isprintable():
        problems.append(Problem("/coverage", "bad_text", f"one line of at most {rules.TEXT_LIMIT} characters"))
    if problems:
        raise Invalid("a claim does not end like this", problems)


def _statement(claim: Claim) -> bytes:
    """What is signed: times, counts and a digest of the area. Whoever knows the area can check the digest; that of a
    blind claim is the commitment of its question, which its holder alone can open."""
    hidden, where = claim.hidden, dict[str, str]()
    if claim.area is not None:
        where |= {
            "area_sha256": digest(rfc8785.dumps(rules.plain(claim.area))),
            "coverage_sha256": digest(claim.coverage.encode()),
        }
    else:
        assert hidden is not None
        where |= {"area_commitment": hidden.commitment, "coverage_commitment": hidden.coverage or ""}
    return rfc8785.dumps(
        {
            **where,
            "claim": claim.id,
            "made_at": claim.made_at.isoformat(),
            "ended_at": claim.ended_at.isoformat() if claim.ended_at else "",
            "ending": claim.ending.value if claim.ending else "",
            "findings": len(claim.reports),
        }
    )


def _names(tx: Tx) -> dict[PartyId, str]:
    return {one.id: one.name for one in parties.all_organisations(tx)}
