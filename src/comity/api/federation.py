"""Partner hosts: who they are, cases that go to them, and the one open address to which they bring theirs."""

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_handover import Door, HandOver, HandOvers, Incoming, Partner
from comity.errors import Invalid, Problem
from comity.model.ids import CaseId, Digest
from comity.model.party import Viewer


class PartnerBody(msgspec.Struct, frozen=True, kw_only=True):
    """A host with which this one has an agreement."""

    partner: str
    name: str
    address: str
    key_id: str
    added_at: datetime
    door: str
    """`comity`, or `tap` for the TAP intake of a host of another kind."""
    exchanges_claims: bool


class EnterPartner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A partner as somebody brings it: `key` is its key document, brought by hand, in base64. A TAP intake has a
    `tap_token` in its place: what its host gave this one to send under. Answers never hold it."""

    name: str
    address: str
    key: bytes = b""
    tap_token: str = ""


class MakeHandOver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To which partner, on which ground, why; `keep` gives a reason for each piece of personal information."""

    partner: str
    basis: str
    why: str
    keep: dict[str, str] = {}


class HandOverBody(msgspec.Struct, frozen=True, kw_only=True):
    """A case on its way out. `receipts` are the partner's: whoever holds one may ask there what became of it."""

    hand_over: str
    case: str
    partner: str
    name: str
    at: datetime
    state: str
    tries: int
    problem: str
    receipts: tuple[str, ...]
    monitors: tuple[str, ...]
    """Of a TAP intake: the path there that follows each receipt."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What a TAP intake says now of one receipt."""

    receipt: str
    said: str


class TakeReports(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`keep` gives a reason for each piece of personal information that goes along."""

    keep: dict[str, str] = {}


class VulnerabilityReport(msgspec.Struct, frozen=True, kw_only=True):
    """One report as a vulnerability report of CSAF 2.1, in base64."""

    report: str
    document: bytes


class IncomingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A case that came in: the letter's own words, and this host's receipts for its reports."""

    hand_over: str
    name: str
    at: datetime
    their_case: str
    by: str
    why: str
    ground: str
    tlp: str
    embargo_until: datetime | None
    embargo_basis: str
    receipts: tuple[str, ...]
    mark: str
    """SHA-256 of the signed letter: it names what came with it."""
    statements: tuple[str, ...]
    """SHA-256 of each signed statement that came with it."""


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What went out and what came in, newest first."""

    sent: tuple[HandOverBody, ...]
    received: tuple[IncomingBody, ...]


class Brought(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed letter (DSSE envelope) and the documents that it names, in its order, each in base64."""

    letter: bytes
    documents: list[bytes]


class ExchangeClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the two hosts tell each other of scan claims."""

    on: bool


class BroughtClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed letter about scan claims (DSSE envelope), in base64."""

    letter: bytes


class BroughtReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The signed receipt (DSSE envelope), in base64."""

    receipt: bytes


def partner_body(one: Partner) -> PartnerBody:
    """A partner in the shape of the API."""
    return PartnerBody(
        partner=one.id,
        name=one.name,
        address=one.address,
        key_id=one.key_id if one.door is Door.COMITY else "",
        added_at=one.added_at,
        door=one.door.value,
        exchanges_claims=one.exchanges_claims,
    )


def hand_over_body(one: HandOver) -> HandOverBody:
    """A hand-over in the shape of the API: no document and no letter."""
    return HandOverBody(
        hand_over=one.id,
        case=one.case,
        partner=one.partner,
        name=one.partner_name,
        at=one.at,
        state=one.state.value,
        tries=one.tries,
        problem=one.problem,
        receipts=one.receipts,
        monitors=one.monitors,
    )


def incoming_body(one: Incoming) -> IncomingBody:
    """What came in, in the shape of the API."""
    letter = one.letter
    return IncomingBody(
        hand_over=letter.id,
        name=one.taken.partner_name,
        at=one.taken.at,
        their_case=letter.case,
        by=letter.by,
        why=letter.why,
        ground=letter.ground.sentence,
        tlp=letter.tlp.label,
        embargo_until=letter.embargo_until,
        embargo_basis=letter.embargo_basis,
        receipts=one.taken.receipts,
        mark=one.taken.mark,
        statements=one.statements,
    )


def passed(counter: HandOvers, viewer: Viewer) -> Passed:
    """Both directions."""
    return Passed(
        sent=tuple(hand_over_body(one) for one in counter.sent(viewer)),
        received=tuple(incoming_body(one) for one in counter.received(viewer)),
    )


def enter(counter: HandOvers, viewer: Viewer, data: EnterPartner) -> PartnerBody:
    """Enter a partner: a Comity host with its key, or a TAP intake with a token."""
    if bool(data.key) == bool(data.tap_token):
        reason = "a key document of a Comity host, or the token of a TAP intake"
        raise Invalid("one of the two is needed", [Problem("/key", "not_one", reason)])
    if data.tap_token:
        made = counter.add_tap(viewer, name=data.name, address=data.address, token=data.tap_token)
        return partner_body(made)
    return partner_body(counter.add(viewer, name=data.name, address=data.address, key=data.key))


def make(counter: HandOvers, viewer: Viewer, case: str, data: MakeHandOver) -> HandOverBody:
    """Hand a case over."""
    made = counter.hand_over(viewer, CaseId(case), partner=data.partner, basis=data.basis, why=data.why, keep=data.keep)
    return hand_over_body(made)


def follow(counter: HandOvers, viewer: Viewer, hand_over: str) -> list[Followed]:
    """What a TAP intake says of each receipt."""
    return [Followed(receipt=receipt, said=said) for receipt, said in counter.follow(viewer, hand_over)]


def vulnerability_reports(
    counter: HandOvers, viewer: Viewer, case: str, data: TakeReports
) -> list[VulnerabilityReport]:
    """The reports of a case, each as one document."""
    made = counter.vulnerability_reports(viewer, CaseId(case), keep=data.keep)
    return [VulnerabilityReport(report=id_, document=document) for id_, document in made]


def routes(counter: HandOvers) -> list[HTTPRouteHandler]:
    """The operations of partner hosts."""

    @get(
        "/partners",
        opt={"action": Action.READ_PARTNERS},
        operation_id="listPartners",
        sync_to_thread=True,
        summary="Partner hosts",
        responses=asking.ERRORS,
    )
    def partners(request: Ask) -> list[PartnerBody]:
        """Hosts with which this one has an agreement."""
        return [partner_body(one) for one in counter.partners(asking.viewer_of(request))]

    @post(
        "/partners",
        opt={"action": Action.KEEP_PARTNERS},
        operation_id="enterPartner",
        sync_to_thread=True,
        summary="Enter a partner host",
        responses=asking.ERRORS,
    )
    def add(request: Ask, data: JSONBody[EnterPartner]) -> PartnerBody:
        """With the key document that somebody brought by hand: from now on cases may pass both ways.

        A TAP intake is entered with a token in its place: it takes reports and brings none.
        """
        return enter(counter, asking.viewer_of(request), data)

    @post(
        "/partners/{partner:str}/end",
        opt={"action": Action.KEEP_PARTNERS},
        operation_id="endPartner",
        sync_to_thread=True,
        summary="End the agreement with a partner host",
        responses=asking.ERRORS,
        status_code=204,
    )
    def end(request: Ask, partner: FromPath[str]) -> None:
        """Nothing passes any more, in either direction. What was, stays."""
        counter.end(asking.viewer_of(request), asking.name(partner))

    @post(
        "/partners/{partner:str}/claims",
        opt={"action": Action.KEEP_PARTNERS},
        operation_id="exchangeClaims",
        sync_to_thread=True,
        summary="Exchange scan claims with a partner host, or stop",
        responses=asking.ERRORS,
        status_code=200,
    )
    def exchange(request: Ask, partner: FromPath[str], data: JSONBody[ExchangeClaims]) -> PartnerBody:
        """Only claims whose holders agreed pass, and no holder's name without consent."""
        return partner_body(counter.exchange_claims(asking.viewer_of(request), asking.name(partner), on=data.on))

    @post(
        "/claim-letters",
        opt={"action": Action.TAKE_OVER},
        operation_id="tellOfClaims",
        sync_to_thread=True,
        summary="Tell of scan claims, as a partner host",
        responses=asking.ERRORS,
        status_code=200,
    )
    def hear(data: JSONBody[BroughtClaims]) -> BroughtReceipt:
        """Nobody signs in: the letter's own signature says whose claims these are. It is the whole of what is told."""
        return BroughtReceipt(receipt=counter.take_claims(data.letter))

    @get(
        "/hand-overs",
        opt={"action": Action.READ_CASES},
        operation_id="listHandOvers",
        sync_to_thread=True,
        summary="Cases that passed between hosts",
        responses=asking.ERRORS,
    )
    def both(request: Ask) -> Passed:
        """What went out of cases that you see, and what came in within your label."""
        return passed(counter, asking.viewer_of(request))

    @post(
        "/cases/{case:str}/hand-over",
        opt={"action": Action.HAND_OVER},
        operation_id="handCaseOver",
        sync_to_thread=True,
        summary="Hand a case to a partner host",
        responses=asking.ERRORS,
        status_code=202,
    )
    def hand(request: Ask, case: FromPath[str], data: JSONBody[MakeHandOver]) -> HandOverBody:
        """Every report with its files and handling, the signed statements, the embargo. It is tried until settled."""
        return make(counter, asking.viewer_of(request), asking.name(case), data)

    @post(
        "/hand-overs/{hand_over:str}/again",
        opt={"action": Action.HAND_OVER},
        operation_id="handOverAgain",
        sync_to_thread=True,
        summary="Send again what was refused or given up",
        responses=asking.ERRORS,
        status_code=202,
    )
    def again(request: Ask, hand_over: FromPath[str]) -> HandOverBody:
        """The same letter, byte for byte."""
        return hand_over_body(counter.again(asking.viewer_of(request), asking.name(hand_over)))

    @post(
        "/hand-overs/{hand_over:str}/follow",
        opt={"action": Action.HAND_OVER},
        operation_id="followHandOver",
        sync_to_thread=True,
        summary="Ask a TAP intake what became of its receipts",
        responses=asking.ERRORS,
        status_code=200,
    )
    def follows(request: Ask, hand_over: FromPath[str]) -> list[Followed]:
        """Asked now, over the monitor link of each receipt; nothing of the answers is kept."""
        return follow(counter, asking.viewer_of(request), asking.name(hand_over))

    @post(
        "/cases/{case:str}/vulnerability-reports",
        opt={"action": Action.HAND_OVER},
        operation_id="takeVulnerabilityReports",
        sync_to_thread=True,
        summary="The reports of a case as CSAF vulnerability reports",
        responses=asking.ERRORS,
        status_code=200,
    )
    def documents(request: Ask, case: FromPath[str], data: JSONBody[TakeReports]) -> list[VulnerabilityReport]:
        """CSAF 2.1 (a draft), profile `csaf_vulnerability_report`, for another coordinator. The submitter sees that."""
        return vulnerability_reports(counter, asking.viewer_of(request), asking.name(case), data)

    @post(
        "/hand-overs",
        opt={"action": Action.TAKE_OVER},
        operation_id="takeCaseOver",
        sync_to_thread=True,
        summary="Bring a case, as a partner host",
        responses=asking.ERRORS,
        status_code=200,
    )
    def take(data: JSONBody[Brought]) -> BroughtReceipt:
        """Nobody signs in: the letter's own signature says who brings it. The same letter gets the same receipt."""
        return BroughtReceipt(receipt=counter.take(data.letter, data.documents))

    @get(
        "/hand-overs/{hand_over:str}/statements/{sha256:str}",
        opt={"action": Action.READ_CASES},
        operation_id="getStatementThatCame",
        sync_to_thread=True,
        summary="A signed statement that came with a case",
        responses={200: asking.download("A DSSE envelope with an in-toto statement"), **asking.ERRORS},
    )
    def statement(request: Ask, hand_over: FromPath[str], sha256: FromPath[str]) -> Response[bytes]:
        """As the partner sent it (DSSE); `hand_over` is the letter's mark. The partner's key verifies it."""
        wanted = Digest(asking.digest_name(sha256))
        data = counter.statement(asking.viewer_of(request), asking.name(hand_over), wanted)
        return asking.inert(data, f"{wanted}.dsse.json")

    return [partners, add, end, exchange, hear, both, hand, again, follows, documents, take, statement]
