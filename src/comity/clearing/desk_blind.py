"""The counter of the blind check: ask whether a finding is known without showing it, then open or withdraw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.access.policy import Action, allow
from comity.clearing import blind as rules
from comity.clearing import claims, flow, flow_blind, flow_scopes, scope
from comity.clearing.claims import Wish
from comity.clearing.desk import Accepted, Clearing, Document, Refused
from comity.clearing.flow_blind import Answered
from comity.durable.engine import Control
from comity.errors import Conflict, Invalid, Problem
from comity.formats import catalogue
from comity.formats.parse import Limits
from comity.model.blind import AREA_LIMIT, PRINT_LIMIT, Epoch, Level, Part, Print, Question, Shelf, Standing
from comity.model.claim import Area, Authorisation, Ending, Method, Overlap
from comity.model.evidence import Role
from comity.model.ids import Digest, is_digest
from comity.model.party import Viewer
from comity.sealing import blind as seals
from comity.sealing import scopes
from comity.sealing.keys import PublicKey

__all__ = ["Answered", "Asked", "Blind", "Shelf", "Terms", "area_of", "entries_of", "overlap_of", "prints_of"]


RECEIPT_LIMIT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an asker must know before asking, and what became of what they asked."""

    epoch: int
    public: bytes
    ends_at: datetime
    left: int
    """Guesses that the organisation's meter still holds."""
    quota: int
    """Of so many."""
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An epoch, running or over. The key of one that is over is destroyed."""

    epoch: Epoch
    is_key_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a receipt proves: when which question came, and that it was answered under the key that was published."""

    question: str
    asked_at: datetime
    fingerprints: int
    epoch: int
    is_published_key: bool
    signed_by: str
    is_demo: bool
    own: Question | None
    """As this host keeps it, when the question is the viewer's organisation's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One fingerprint as a caller sends it, not yet looked at."""

    level: str
    commitment: str
    element: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """The calls. A question belongs to an organisation: any of its submitters may open it, nobody else sees it."""

    machines: flow.Machines
    control: Control
    clearing: Clearing
    trusted: Callable[[], Sequence[PublicKey]] = tuple
    """This host's own keys, earlier ones too: receipts are checked with them."""

    def terms(self, viewer: Viewer) -> Terms:
        """The running epoch with its published key, and the organisation's own questions."""
        allow(viewer, Action.ASK_BLINDLY)
        epoch, questions, left = flow_blind.questions(self.machines, viewer)
        self._clock()
        return Terms(
            epoch=epoch.number,
            public=epoch.public,
            ends_at=epoch.ends_at,
            left=left,
            quota=self.machines.settings.blind_quota,
            questions=questions,
        )

    def epochs(self, viewer: Viewer) -> tuple[Past, ...]:
        """The last epochs with their published keys, newest first."""
        allow(viewer, Action.ASK_BLINDLY)
        return tuple(Past(epoch=epoch, is_key_held=held) for epoch, held in flow_blind.epochs(self.machines))

    def verify(self, viewer: Viewer, envelope: bytes) -> Verified:
        """What a receipt of this host proves. Tampered names what broke; Invalid for the asker's own sheet, which holds
        secrets and is nobody's to see."""
        allow(viewer, Action.ASK_BLINDLY)
        if len(envelope) > RECEIPT_LIMIT_BYTES:
            raise Invalid("this is no receipt: it is too large")
        if seals.is_sheet(envelope):
            raise Invalid("this is the sheet of a question, which holds its secrets; nothing of it was kept")
        proved = seals.read_receipt(envelope, self.trusted())
        receipt = proved.receipt
        public = {one.epoch.number: one.epoch.public.hex() for one in self.epochs(viewer)}
        return Verified(
            question=receipt.question,
            asked_at=receipt.asked_at,
            fingerprints=len(receipt.commitments),
            epoch=receipt.epoch,
            is_published_key=public.get(receipt.epoch) == receipt.public,
            signed_by=proved.key.organisation,
            is_demo=proved.key.demo,
            own=flow_blind.own_question(self.machines, viewer, receipt.question),
        )

    def ask(self, viewer: Viewer, *, document: str, parts: Sequence[Asked]) -> Answered:
        """Evaluate what was committed to. Invalid lists every broken part; Conflict: a commitment was used before."""
        allow(viewer, Action.ASK_BLINDLY)
        self._clock()
        return flow_blind.ask(self.machines, viewer, *_checked(document, parts))

    def shelf(self, viewer: Viewer, question: str, level: str, bucket: int) -> tuple[bytes, ...]:
        """One bucket of entries, all of one length, for an open question of the caller's organisation."""
        allow(viewer, Action.ASK_BLINDLY)
        return flow_blind.shelf(self.machines, viewer, question, _level(level), bucket)

    def claims(
        self, viewer: Viewer, question: str, *, methods: Sequence[str] = (), may_be_named: bool = False
    ) -> Shelf:
        """Every claim of others on this host, locked, for an open question about an area. Only what was asked opens.

        `methods`: those of the asker, of which the states say which they share. Missing for any other question.
        """
        allow(viewer, Action.ASK_BLINDLY)
        known = frozenset(Method(word) for word in methods if word in set(Method))
        return flow_scopes.shelf(self.machines, viewer, question, methods=known, may_be_named=may_be_named)

    def open(
        self,
        viewer: Viewer,
        question: str,
        *,
        document: bytes,
        media_type: str = "",
        salts: Sequence[bytes],
        blinds: Sequence[bytes],
    ) -> Accepted:
        """Show what was asked and file it as a report. Conflict, and a mark against the asker, when it is another."""
        allow(viewer, Action.ASK_BLINDLY)
        allow(viewer, Action.SUBMIT)
        prints = prints_of(document, media_type, limits=_limits(self.machines))
        inputs = [one.secret_input for one in prints]
        if not flow_blind.judged(
            self.machines, viewer, question, document=document, salts=salts, blinds=blinds, prints=inputs
        ):
            raise Conflict("what was opened is not what was committed to and asked: the question counts as false")
        (answer,) = self.clearing.submit(
            viewer, [Document(name="opened question", data=document, media_type=media_type)]
        )
        if isinstance(answer, Refused):
            raise Invalid("the report breaks its contract: the question stays open", answer.problems)
        assert isinstance(answer, Accepted)
        flow_blind.settle(self.machines, viewer, question, Standing.FILED, report=answer.report)
        return answer

    def withdraw(self, viewer: Viewer, question: str) -> None:
        """End a question without showing anything. It stays on the meter."""
        allow(viewer, Action.ASK_BLINDLY)
        flow_blind.settle(self.machines, viewer, question, Standing.WITHDRAWN)

    def catch_up(self) -> int:
        """Make the tags of what came in meanwhile: after deconfliction, safe at any time.

        Nothing on a host that nobody has asked yet: it has no key, and may lack the extra that makes one.
        """
        return flow_blind.catch_up(self.machines) if flow_blind.has_begun(self.machines) else 0

    def _clock(self) -> None:
        flow_blind.start_epoch(self.control, flow_blind.turned(self.machines))


def area_of(wish: Wish, authorisation: Authorisation | None = None) -> tuple[Area, bytes, tuple[Print, ...]]:
    """An area for a question about scan claims: canonical, as the bytes that are committed to (with who allowed it,
    when it is to be claimed), and its fingerprints. Invalid for no area, and for one of too many parts."""
    area = claims.area(wish)
    return area, claims.committed(area, authorisation), scope.prints(area)


def overlap_of(area: Area, tags: Mapping[str, bytes], shelf: Shelf, now: datetime) -> Overlap:
    """How far others hold an area, read by the asker alone from what opens under the tags of its parts."""
    found = []
    for one in scopes.found(tags, shelf):
        held = one.state
        state = claims.Met(
            methods=tuple(Method(word) for word in held.methods if word in set(Method)),
            at=held.at,
            ending=Ending(held.ending) if held.ending in set(Ending) else None,
            name=held.name,
            host=held.host,
        )
        found.append(scope.met(area, one.matched, state))
    return claims.overlap(area, (one for one in found if one is not None), now)


def entries_of(area: Area, tags: Mapping[str, bytes], key: bytes) -> tuple[bytes, ...]:
    """The entries of a claim on this area, as many as the question had parts: those of its fillers open to nobody."""
    units = scope.units(area)
    return scopes.entries({tags[text]: whole for text, whole in units.items()}, key, size=len(tags))


def prints_of(document: bytes, media_type: str = "", *, limits: Limits | None = None) -> tuple[Print, ...]:
    """The fingerprints of a report that brings exactly one finding. Both sides call this; nothing is kept."""
    _, reading = catalogue.read(document, media_type, limits or Limits())
    if len(reading.findings) != 1:
        number = len(reading.findings)
        problem = Problem("", "one_finding", f"it holds {number}: ask about one finding at a time")
        raise Invalid("this document cannot be asked about", [problem])
    (finding,) = reading.findings
    held: Mapping[Digest, bytes] = reading.attachments
    patches = [held[a.digest] for a in finding.attachments if a.role is Role.PATCH and a.digest in held]
    return rules.prints(finding, patches)


def _limits(machines: flow.Machines) -> Limits:
    settings = machines.settings
    return Limits(document_bytes=settings.body_limit_bytes, attachment_bytes=settings.attachment_limit_bytes)


def _checked(document: str, parts: Sequence[Asked]) -> tuple[Digest, tuple[Part, ...]]:
    problems = []
    if not is_digest(document):
        problems.append(
            Problem("/document", "bad_digest", "the commitment to the report is 64 lower-case hex characters")
        )
    areas = sum(part.level == Level.AREA.name.lower() for part in parts)
    most = AREA_LIMIT if areas == len(parts) else PRINT_LIMIT
    if not 1 <= len(parts) <= most:
        problems.append(Problem("/parts", "too_many_items", f"ask with 1 to {most} fingerprints"))
    if areas not in (0, len(parts)):
        problems.append(Problem("/parts", "mixed_levels", "ask about an area or about a finding, not about both"))
    names = {level.name.lower() for level in Level}
    for place, part in enumerate(parts):
        if part.level not in names:
            reason = f"one of {', '.join(sorted(names))}"
            problems.append(Problem(f"/parts/{place}/level", "unknown_level", reason))
        if not is_digest(part.commitment):
            reason = "a commitment is 64 lower-case hex characters"
            problems.append(Problem(f"/parts/{place}/commitment", "bad_digest", reason))
        if len(part.element) != 32:
            problems.append(Problem(f"/parts/{place}/element", "bad_element", "a blinded element has 32 bytes"))
    if problems:
        raise Invalid("this question breaks its contract", problems)
    held = tuple(
        Part(level=_level(part.level), commitment=Digest(part.commitment), element=part.element) for part in parts
    )
    return Digest(document), held


def _level(text: str) -> Level:
    try:
        return Level[text.upper()]
    except KeyError as error:
        raise Invalid("there is no such level", [Problem("/level", "unknown_level", "see the terms")]) from error
