"""Coordination: what coordinators see and do about a case, and what participants see and do with their own seat."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing import desk_acts
from comity.clearing.desk_coordination import Coordinations, Line, Said, View, Workspace
from comity.errors import Invalid, Problem
from comity.model.coordination import Coordination, Message, Participant, Terms
from comity.model.ids import CaseId, Digest


class Enclosure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file with a message, in base64."""

    name: str
    data: bytes


class CoordinationAct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act: its name, its words, and files where something is said. docs/coordination.md lists them."""

    act: str
    words: dict[str, str] = {}
    files: list[Enclosure] = []


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, in one sentence."""

    outcome: str


class TermsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Until when all keep quiet, and whose rule says so."""

    until: datetime
    source: str
    by: str
    basis: str


class SeatLine(msgspec.Struct, frozen=True, kw_only=True):
    """One participant, for coordinators."""

    seat: str
    name: str
    part: str
    tier: str
    consent: str
    handled: str
    read_in_at: datetime
    read_in_by: str
    why: str
    expires_at: datetime | None
    read_out_at: datetime | None
    team: str | None
    is_reached_by_mail: bool
    has_key: bool


class ClockLine(msgspec.Struct, frozen=True, kw_only=True):
    """One clock."""

    name: str
    due: datetime
    sentence: str
    certainty: str
    has_run_out: bool


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log."""

    at: datetime
    by: str
    act: str
    told: str
    why: str


class ThroughLine(msgspec.Struct, frozen=True, kw_only=True):
    """One person's time at a team's seat; `ended_at` null: it goes on."""

    seat: str
    team: str
    person: str
    began_at: datetime
    began_by: str
    ended_at: datetime | None
    ended_by: str


class FileLine(msgspec.Struct, frozen=True, kw_only=True):
    """One file, by digest."""

    name: str
    sha256: str
    size_bytes: int


class MessageBody(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the thread."""

    message: str
    at: datetime
    name: str
    text: str
    tlp: str
    readers: tuple[str, ...]
    files: tuple[FileLine, ...]


class LetterLine(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to a participant, and how it stands."""

    to: str
    purpose: str
    state: str
    made_at: datetime
    tries: int
    problem: str


class ContactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach the project, as a file of its own states it; written to only once a person confirmed it."""

    contact: str
    way: str
    address: str
    origin: str
    found_at: str
    quote: str
    doubts: tuple[str, ...]
    languages: tuple[str, ...]
    key_at: str
    looked_at: datetime
    standing: str
    judged_by: str
    why: str


class VexLine(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a maintainer as VEX, and how it stands. `is_against`: it meets what was reproduced."""

    statement: str
    seat: str
    by: str
    author: str
    product: str
    words: str
    detail: str
    said_at: datetime
    state: str
    is_against: bool
    may_take_back: bool


class VexDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What a maintainer may state: products of the case, versions that the draft names, and who must agree."""

    products: tuple[str, ...]
    bounds: tuple[str, ...]
    unspoken: tuple[str, ...]
    rule: str
    author: str
    namespace: str
    statements: tuple[VexLine, ...]


class LookLine(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was looked for."""

    at: datetime
    by: str
    origin: str
    address: str
    outcome: str


class CoordinationBody(msgspec.Struct, frozen=True, kw_only=True):
    """All of a case's coordination."""

    case: str
    embargo: str
    terms: TermsBody | None
    proposed: TermsBody | None
    agreed: tuple[str, ...]
    """Seats that agreed to what is proposed."""
    world: tuple[str, ...]
    withheld: bool
    can_mail: bool
    participants: tuple[SeatLine, ...]
    clocks: tuple[ClockLine, ...]
    thread: tuple[MessageBody, ...]
    letters: tuple[LetterLine, ...]
    contacts: tuple[ContactLine, ...]
    looks: tuple[LookLine, ...]
    vex: tuple[VexLine, ...]
    vex_waits: bool
    """Whether a statement stands that the draft does not hold: the act `take-vex` takes it in."""
    log: tuple[LogLine, ...]
    through_teams: tuple[ThroughLine, ...]


class SharedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report as this seat may see it."""

    report: str
    summary: str
    description: str
    files: tuple[FileLine, ...]


class SeatBody(msgspec.Struct, frozen=True, kw_only=True):
    """A case as one participant sees it. What is not theirs is absent."""

    seat: str
    part: str
    tier: str
    label: str
    why: str
    may_read: bool
    embargo: str
    terms: TermsBody | None
    proposed: TermsBody | None
    consent: str
    handled: str
    moves: tuple[str, ...]
    title: str
    stage: str
    advisory: str
    affected: tuple[str, ...]
    verdicts: tuple[str, ...]
    shared: tuple[SharedReport, ...]
    draft: str
    """The draft's summary; empty where the tier does not have it."""
    thread: tuple[MessageBody, ...]
    reference: str
    """What stands in this copy alone; empty while there is nothing to read."""
    vex: VexDesk | None
    """For maintainers alone."""


class Seats(msgspec.Struct, frozen=True, kw_only=True):
    """The viewer's seats."""

    rows: tuple[SeatBody, ...]


def shown(view: View) -> CoordinationBody:
    """In the API's shape."""
    held: Coordination = view.held
    return CoordinationBody(
        case=held.case,
        embargo=str(held.quiet),
        terms=_terms(held.terms),
        proposed=_terms(held.proposal.terms if held.proposal else None),
        agreed=held.proposal.agreed if held.proposal else (),
        world=tuple(sorted(str(fact) for fact in held.world)),
        withheld=view.withheld,
        can_mail=view.mail,
        participants=tuple(_participant(one) for one in held.participants),
        clocks=tuple(
            ClockLine(
                name=one.name,
                due=one.due,
                sentence=one.sentence,
                certainty=one.certainty,
                has_run_out=one.name in view.late,
            )
            for one in view.clocks
        ),
        thread=tuple(_message(one) for one in view.thread),
        letters=tuple(
            LetterLine(
                to=one.to,
                purpose=one.purpose,
                state=one.state,
                made_at=one.made_at,
                tries=one.tries,
                problem=one.problem,
            )
            for one in view.letters
        ),
        contacts=tuple(
            ContactLine(
                contact=one.id,
                way=one.way,
                address=one.address,
                origin=one.origin,
                found_at=one.found_at,
                quote=one.quote,
                doubts=one.doubts,
                languages=one.languages,
                key_at=one.key_at,
                looked_at=one.looked_at,
                standing=one.standing,
                judged_by=one.judged_by,
                why=one.why,
            )
            for one in held.contacts
        ),
        looks=tuple(
            LookLine(at=one.at, by=one.by, origin=one.origin, address=one.address, outcome=one.outcome)
            for one in held.looks
        ),
        vex=tuple(_stated(one) for one in view.stated),
        vex_waits=view.vex_waits,
        log=tuple(LogLine(at=one.at, by=one.by, act=one.act, told=one.told, why=one.why) for one in view.log),
        through_teams=tuple(
            ThroughLine(
                seat=one.seat,
                team=one.team,
                person=one.person,
                began_at=one.began_at,
                began_by=one.began_by,
                ended_at=one.ended_at,
                ended_by=one.ended_by,
            )
            for one in view.through
        ),
    )


def seat_body(space: Workspace) -> SeatBody:
    """In the API's shape."""
    return SeatBody(
        seat=space.seat,
        part=str(space.part),
        tier=str(space.tier),
        label=space.label.label,
        why=space.why,
        may_read=space.may_read,
        embargo=str(space.quiet),
        terms=_terms(space.terms),
        proposed=_terms(space.proposal.terms if space.proposal else None),
        consent=str(space.consent),
        handled=str(space.handled),
        moves=tuple(str(one) for one in space.moves),
        title=space.title,
        stage=space.stage,
        advisory=space.advisory,
        affected=tuple(one.purl or one.name for one in space.affected),
        verdicts=space.verdicts,
        shared=tuple(
            SharedReport(
                report=one.report,
                summary=one.finding.summary if one.finding else "",
                description=one.finding.description if one.finding else "",
                files=tuple(FileLine(name=f.filename, sha256=f.digest, size_bytes=f.size_bytes) for f in one.files),
            )
            for one in space.shared
        ),
        draft=space.draft.summary if space.draft is not None else "",
        thread=tuple(_message(one) for one in space.thread),
        reference=space.reference,
        vex=None
        if space.vex is None
        else VexDesk(
            products=space.vex.products,
            bounds=space.vex.bounds,
            unspoken=space.vex.unspoken,
            rule=space.vex.rule,
            author=space.vex.author,
            namespace=space.vex.namespace,
            statements=tuple(_stated(one) for one in space.vex.lines),
        ),
    )


def acted(counter: Coordinations, viewer: Any, case: str, data: CoordinationAct) -> Done:
    """A coordinator's act, for every door."""
    return Done(outcome=desk_acts.act(counter, viewer, CaseId(case), data.act, data.words, _files(data)))


def own(counter: Coordinations, viewer: Any, seat: str, data: CoordinationAct) -> Done:
    """A participant's act, for every door."""
    return Done(outcome=desk_acts.own(counter, viewer, seat, data.act, data.words, _files(data)))


def _stated(one: Line) -> VexLine:
    return VexLine(
        statement=one.id,
        seat=one.seat,
        by=one.by,
        author=one.author,
        product=one.product,
        words=one.words,
        detail=one.detail,
        said_at=one.said_at,
        state=one.state,
        is_against=one.is_against,
        may_take_back=one.may_take_back,
    )


def _files(data: CoordinationAct) -> tuple[Said, ...]:
    if data.files and data.act not in ("say", "answer"):
        raise Invalid("files go with words alone", [Problem("/files", "no_files", "say or answer takes files")])
    return tuple(Said(name=one.name, data=one.data) for one in data.files)


def _terms(held: Terms | None) -> TermsBody | None:
    return None if held is None else TermsBody(until=held.until, source=held.source, by=held.by, basis=held.basis)


def _participant(one: Participant) -> SeatLine:
    return SeatLine(
        seat=one.id,
        name=one.name,
        part=one.part,
        tier=one.tier,
        consent=one.consent,
        handled=one.handled,
        read_in_at=one.read_in_at,
        read_in_by=one.read_in_by,
        why=one.why,
        expires_at=one.expires_at,
        read_out_at=one.read_out_at,
        team=one.team,
        is_reached_by_mail=bool(one.contact),
        has_key=bool(one.openpgp),
    )


def _message(one: Message) -> MessageBody:
    return MessageBody(
        message=one.id,
        at=one.at,
        name=one.name,
        text=one.text,
        tlp=one.tlp.label,
        readers=one.readers,
        files=tuple(FileLine(name=f.name, sha256=f.digest, size_bytes=f.size_bytes) for f in one.enclosed),
    )


def routes(counter: Coordinations) -> list[HTTPRouteHandler]:
    """The operations of coordination."""

    @get(
        "/cases/{case:str}/coordination",
        opt={"action": Action.READ_CASES},
        operation_id="getCoordination",
        sync_to_thread=True,
        summary="Who takes part, until when all keep quiet, what runs out when",
        responses=asking.ERRORS,
    )
    def view(request: Ask, case: FromPath[str]) -> CoordinationBody:
        """Participants with tiers and why they were read in, embargo, clocks, thread, letters, log."""
        return shown(counter.view(asking.viewer_of(request), CaseId(asking.name(case))))

    @post(
        "/cases/{case:str}/coordination",
        opt={"action": Action.COORDINATE},
        operation_id="coordinate",
        status_code=200,
        sync_to_thread=True,
        summary="Read in or out, set dates, declare a break, look for a contact, write",
        responses=asking.ERRORS,
    )
    def coordinate(request: Ask, case: FromPath[str], data: JSONBody[CoordinationAct]) -> Done:
        """One act of a coordinator, with its reason; it goes into the case's log under their name."""
        return acted(counter, asking.viewer_of(request), asking.name(case), data)

    @get(
        "/seats",
        opt={"action": Action.READ_SEATS},
        operation_id="listSeats",
        sync_to_thread=True,
        summary="The cases you take part in",
        responses=asking.ERRORS,
    )
    def seats(request: Ask) -> Seats:
        """Each as your tier may see it."""
        return Seats(rows=tuple(seat_body(one) for one in counter.seats(asking.viewer_of(request))))

    @get(
        "/seats/{seat:str}",
        opt={"action": Action.READ_SEATS},
        operation_id="getSeat",
        sync_to_thread=True,
        summary="One case you take part in",
        responses=asking.ERRORS,
    )
    def seat(request: Ask, seat: FromPath[str]) -> SeatBody:
        """A seat names no case: two participants learn nothing of each other by it."""
        return seat_body(counter.seat(asking.viewer_of(request), asking.name(seat)))

    @post(
        "/seats/{seat:str}",
        opt={"action": Action.TAKE_PART},
        operation_id="takePart",
        status_code=200,
        sync_to_thread=True,
        summary="Agree, refuse, ask for another date, move the report on, answer, state VEX",
        responses=asking.ERRORS,
    )
    def take_part(request: Ask, seat: FromPath[str], data: JSONBody[CoordinationAct]) -> Done:
        """One act of a participant on their own seat."""
        return own(counter, asking.viewer_of(request), asking.name(seat), data)

    @get(
        "/seats/{seat:str}/files/{sha256:str}",
        opt={"action": Action.READ_SEATS},
        operation_id="getSeatFile",
        sync_to_thread=True,
        summary="A report's file that this seat may see",
        responses={**asking.ERRORS, 200: asking.download("The file, never rendered")},
    )
    def file(request: Ask, seat: FromPath[str], sha256: FromPath[str]) -> Response[bytes]:
        """Always a download."""
        found = counter.file(asking.viewer_of(request), asking.name(seat), Digest(asking.digest_name(sha256)))
        return asking.inert(found[1], found[0])

    @get(
        "/messages/{message:str}/files/{sha256:str}",
        opt={"action": Action.READ_SEATS},
        operation_id="getMessageFile",
        sync_to_thread=True,
        summary="A file of the thread",
        responses={**asking.ERRORS, 200: asking.download("The file, never rendered")},
    )
    def enclosed(request: Ask, message: FromPath[str], sha256: FromPath[str]) -> Response[bytes]:
        """Always a download."""
        digest = Digest(asking.digest_name(sha256))
        found = counter.enclosed(asking.viewer_of(request), asking.name(message), digest)
        return asking.inert(found[1], found[0])

    return [view, coordinate, seats, seat, take_part, file, enclosed]
