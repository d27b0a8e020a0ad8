"""One model call through the gateway, from key to answer: looked at, reserved, made, checked, counted, written down.

Key and window are read in the transaction that reserves the cost, and once more in the one that settles it: an answer
that comes after the developer's stop, or after the window's end, is not handed on. The developer's key is opened here
for the time of one call and goes nowhere else.
"""

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from comity.assess import admit, moves, probes, window
from comity.assess.admit import Admitted, Refused, Used
from comity.assess.flow import FLOW, Machines, note, nudge, write
from comity.durable.engine import Control
from comity.errors import ComityError, Invalid, Missing, TooLarge, Unavailable
from comity.formats.parse import Limits, decode
from comity.model.dossier import Engagement, Logging, Probe, Terms
from comity.model.engagement import Move, Seat, State
from comity.model.ids import EngagementId, digest
from comity.store import engagement_calls, engagements, parties
from comity.store.engagement_calls import Key
from comity.store.engine import Tx

BODY_LIMIT: Final = Limits(document_bytes=4 * 1024 * 1024, depth=32)
ENDPOINT_KEY: Final = "endpoint-key"
"""Name of the file that holds the developer's key."""
OK: Final = 200
DEAD: Final = Refused(status=401, code="invalid_api_key", reason="this key is not known, or its time is over")
SHUT: Final = Refused(status=403, code="window_closed", reason="the access window is closed: no call is made")
LARGE: Final = Refused(status=413, code=admit.TOO_LARGE, reason=f"at most {BODY_LIMIT.document_bytes} bytes a call")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the endpoint said, whole and checked."""

    data: bytes


Completed: TypeAlias = Answer | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A call that was let through and written down."""

    call: str
    url: str
    key: str = field(repr=False)
    body: bytes = field(repr=False)
    terms: Terms
    secret: str = field(repr=False)
    begun: datetime


def complete(machines: Machines, control: Control, secret: str, *, run: str, data: bytes) -> Completed:
    """Make one call with a gateway key. What is refused was not sent, or its answer was not handed on.

    The key is looked at first, without the write lock: whoever has none costs the host no more than that. What programs
    print goes through whole, control characters too, or a subject could break its own run by printing one.
    """
    with machines.store.read() as tx:
        known = _engaged(machines, tx, secret, machines.now())
    if isinstance(known, Refused):
        return known
    if len(data) > BODY_LIMIT.document_bytes:
        return LARGE
    try:
        asked = decode(data, BODY_LIMIT, controls=True)
    except Invalid as error:
        return Refused(status=400, code="invalid_request", reason=str(error))
    call = secrets.token_hex(16)
    with machines.store.write() as tx:
        ready = _reserve(machines, tx, call, secret, run=run, asked=asked)
    if isinstance(ready, Refused):
        return ready
    try:
        reply = machines.endpoint.complete(ready.url, ready.key, ready.body)
    except (Unavailable, TooLarge, Invalid) as error:
        return _settled(machines, control, ready, Refused(status=502, code="endpoint_failed", reason=str(error)), b"")
    if reply.status != OK:
        reason = f"the developer's endpoint answered {reply.status}"
        return _settled(
            machines, control, ready, Refused(status=502, code="endpoint_failed", reason=reason), reply.data
        )
    return _settled(machines, control, ready, None, reply.data)


def models(machines: Machines, secret: str) -> tuple[str, ...] | Refused:
    """The one model id that a key is about."""
    with machines.store.read() as tx:
        found = _engaged(machines, tx, secret, machines.now())
    return found if isinstance(found, Refused) else (found[2].model,)


def probe(machines: Machines, held: Engagement, key: str) -> Probe:
    """Ask the fixed prompts. Unavailable when the endpoint does not answer as the agreed model."""
    terms, endpoint = held.in_hand, held.endpoint
    assert terms is not None
    assert endpoint is not None
    answers, fingerprint = [], ""
    for prompt in probes.PROMPTS:
        body = json.dumps(
            {
                "model": terms.model,
                "messages": [{"role": "user", "content": prompt}],
                "temperature": 0,
                "max_tokens": 32,
            }
        ).encode()
        reply = machines.endpoint.complete(endpoint.url, key, body)
        judged = admit.judge(reply.data, terms, body) if reply.status == OK else None
        if judged is None or isinstance(judged, Refused):
            said = judged.reason if isinstance(judged, Refused) else f"it answered {reply.status}"
            raise Unavailable(f"the developer's endpoint did not pass the probe: {said}")
        answer = json.loads(reply.data)
        fingerprint = str(answer.get("system_fingerprint") or "")[:200]
        answers.append(digest(_text_of(answer).strip().encode()))
    return Probe(
        block=0,
        moment="start",
        model=terms.model,
        fingerprint=fingerprint,
        answers=tuple(answers),
        at=machines.now(),
    )


def endpoint_key(machines: Machines, tx: Tx, id_: EngagementId) -> str:
    """The developer's key. Missing when none was registered."""
    return engagements.file(tx, machines.custody, id_, ENDPOINT_KEY).decode()


def _engaged(machines: Machines, tx: Tx, secret: str, now: datetime) -> tuple[Key, Engagement, Terms] | Refused:
    """Whose key this is and for which terms."""
    key = engagement_calls.key_of(tx, secret, at=now)
    if key is None:
        return DEAD
    try:
        held = engagements.get(tx, machines.custody, key.engagement, FLOW)
    except Missing:
        return DEAD
    terms = _terms(tx, key, held, now)
    return terms if isinstance(terms, Refused) else (key, held, terms)


def _terms(tx: Tx, key: Key, held: Engagement, now: datetime) -> Terms | Refused:
    """The terms under which a key's person may call now: the window is open, the person is active and has a seat."""
    terms = held.in_hand
    if terms is None or held.state is not State.OPEN or not window.is_open(held.window, now):
        return SHUT
    if parties.person(tx, key.person).disabled_at is not None:
        return DEAD
    seats = held.seats_of(key.person) & {Seat.OPERATOR, Seat.ENGINEER, Seat.PARTNER}
    login = next((one.login for one in held.seats if one.person == key.person), "")
    if not seats or login not in terms.people:
        return DEAD
    return terms


def _reserve(machines: Machines, tx: Tx, call: str, secret: str, *, run: str, asked: Any) -> _Ready | Refused:
    now = machines.now()
    found = _engaged(machines, tx, secret, now)
    if isinstance(found, Refused):
        return found
    key, held, terms = found
    if held.endpoint is None:
        return SHUT
    used = Used(
        run_tokens=engagement_calls.spent(tx, held.id, run=run).tokens,
        total_tokens=engagement_calls.spent(tx, held.id).tokens,
        last_minute=engagement_calls.lately(tx, held.id, at=now),
        failed=engagement_calls.failed(tx, held.id, endings=admit.FAILURES),
    )
    decision = admit.decide(asked, terms, used)
    if isinstance(decision, Admitted):
        engagement_calls.begin(tx, call, key, run=run, reserve=decision.reserve, at=now)
        return _Ready(
            call=call,
            url=held.endpoint.url,
            key=endpoint_key(machines, tx, held.id),
            body=decision.body,
            terms=terms,
            secret=secret,
            begun=now,
        )
    return decision


def _settled(machines: Machines, control: Control, ready: _Ready, refused: Refused | None, data: bytes) -> Completed:
    """Count the call, keep its record as agreed, and decide once more whether the answer goes out."""
    judged = refused or admit.judge(data, ready.terms, ready.body)
    now = machines.now()
    nudged: Engagement | None = None
    with machines.store.write() as tx:
        call = engagement_calls.call(tx, ready.call)
        if isinstance(judged, Refused):
            tokens, ending = call.tokens if data else 0, judged.code
        else:
            tokens, ending = judged.tokens, "answered"
        engagement_calls.settle(tx, ready.call, tokens=tokens, ending=ending)
        try:
            held = engagements.get(tx, machines.custody, call.engagement, FLOW)
        except ComityError:
            return SHUT  # erased meanwhile
        if held.state is not State.OPEN or not window.is_open(held.window, now):
            return replace(SHUT, reason="the window closed while the model answered: the answer is cut")
        key = engagement_calls.key_of(tx, ready.secret, at=ready.begun)  # it may run out meanwhile, but not be ended
        if key is None or isinstance(_terms(tx, key, held, now), Refused):
            judged = replace(DEAD, reason="this key ended while the model answered: the answer is cut")
        if ready.terms.logging is Logging.RECORDS:
            record = json.dumps(
                {"asked": ready.body.decode(), "answered": data.decode("utf-8", "replace"), "ending": ending}
            )
            engagements.keep_file(tx, machines.custody, held.id, f"call-{ready.call}", record.encode())
        limits = ready.terms.limits
        if engagement_calls.spent(tx, held.id).tokens >= limits.total_tokens:
            nudged = _spent(machines, tx, held, "budget spent")
        elif engagement_calls.failed(tx, held.id, endings=admit.FAILURES) >= limits.failed_calls:
            nudged = _spent(machines, tx, held, "the endpoint failed as many calls as were agreed")
    if nudged is not None:
        nudge(control, nudged.id, nudged.version)
    if isinstance(judged, Refused):
        return judged
    return Answer(data=data)


def _spent(machines: Machines, tx: Tx, held: Engagement, because: str) -> Engagement:
    """An agreed budget is spent, of tokens or of failures: the window closes, as it does by its clock."""
    moved = replace(moves.by_clock(held, Move.CLOSE, now=machines.now()), ended_because=because)
    saved = write(machines, tx, held, moved)
    note(tx, held.id, at=machines.now(), person="gateway", seat="gateway", what=because, why="", parts=("state",))
    return saved


def _text_of(answer: Any) -> str:
    try:
        return str(answer["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError):
        return ""
