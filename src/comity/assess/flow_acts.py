"""Acts that need more than the record: somebody's account, a file, a call to the endpoint, a recomputation."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import rfc8785

from comity.assess import commit, flow_gateway, moves, pairs, papers, probes, scope, window
from comity.assess.commit import Leaf, Opening
from comity.assess.flow import FLOW, Machines, finish
from comity.assess.papers import Done, Hand, Named, Values
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.formats.parse import Limits, decode
from comity.model import ids
from comity.model.dossier import Card, Endpoint, Engagement, Joint, Probe, Sealing
from comity.model.engagement import Move, Seat, State
from comity.model.events import Event, Kind
from comity.model.ids import EngagementId
from comity.model.party import Viewer
from comity.store import engagement_calls, engagements, journal, parties
from comity.store.engagement_calls import Key
from comity.store.engine import Tx

LEAVES: Final = "leaves"
CARD: Final = "card"
KEY_PREFIX: Final = "cgw_"
LEAF_LIMIT: Final = 5000
BATTERY_LIMIT: Final = Limits(document_bytes=12 * 1024 * 1024, depth=16)
THRESHOLD_SHAPE: Final = "minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an act did. `secret` is shown once and kept nowhere."""

    engagement: Engagement
    sentence: str
    secret: str = ""


Handler = Callable[[Machines, Viewer, EngagementId, Seat, Values], Told]


def hand(tx: Tx, machines: Machines, viewer: Viewer, seat: Seat) -> Hand:
    """Who acts. A script acts only on a host that signs with a demo key, and is called one wherever it signed."""
    if viewer.is_script and not machines.demo:
        raise Forbidden("a script holds no seat on a host that signs as itself: a person must")
    person = parties.person(tx, viewer.person)
    return Hand(
        person=person.id,
        login=parties.login_of(tx, person.id),
        name=person.name,
        organisation=person.organisation,
        is_script=person.is_script,
        seat=seat,
        at=machines.now(),
    )


def seat(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """Name a person of this host for a seat."""
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        login = scope.text(values, "login", most=scope.SHORT_LIMIT)
        try:
            found = parties.by_login(tx, login)[0]
        except Missing as error:
            raise Invalid("no such account", [Problem("/login", "unknown_login", "an account of this host")]) from error
        named = Named(
            person=found.id,
            login=login,
            name=found.name,
            organisation=found.organisation,
            is_script=found.is_script,
        )
        by = hand(tx, machines, viewer, as_)
        done = papers.appoint(held, by, values, named)
        return told(finish(machines, tx, held, done, by, act="seat"), done)


def endpoint(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """Keep the address in the record, and the key in a sealed file that only the gateway opens."""
    url = machines.endpoint.checked(scope.text(values, "url", most=scope.SHORT_LIMIT))
    key = scope.text(values, "key", most=4000)
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        terms = held.in_hand
        if terms is None:
            raise Conflict("write the terms first: they name the model")
        by = hand(tx, machines, viewer, as_)
        engagements.keep_file(tx, machines.custody, id_, flow_gateway.ENDPOINT_KEY, key.encode())
        made = replace(held, endpoint=Endpoint(url=url, model=terms.model, at=by.at))
        done = Done(engagement=made, sentence="The endpoint is registered and its key sealed.")
        return told(finish(machines, tx, held, done, by, act="endpoint"), done)


def seal(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """Commit to battery, plan and threshold: salted leaves, one root. The salts and bodies are sealed."""
    bodies = battery(values.get("battery", "").encode())
    plan = scope.text(values, "plan", most=100_000)
    threshold = threshold_of(values)
    leaves = [salted(name, body) for name, body in [*bodies, (commit.PLAN, plan.encode())]]
    if threshold is not None:
        leaves.append(salted(commit.THRESHOLD, threshold_body(threshold)))
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        terms = moves.digest_in_hand(held)
        if held.state is not State.AGREED or terms is None:
            raise Conflict("seal under agreed terms: both sides sign first")
        by = hand(tx, machines, viewer, as_)
        root = commit.root(leaves)
        made = Sealing(
            terms=terms,
            battery_root=root,
            leaves=len(leaves),
            plan=next(leaf.digest for leaf in leaves if leaf.name == commit.PLAN),
            threshold=next((leaf.digest for leaf in leaves if leaf.name == commit.THRESHOLD), None),
            threshold_label=scope.text(values, "label", least=0, most=scope.SHORT_LIMIT),
            sealed_by=by.signed(root),
        )
        engagements.keep_file(tx, machines.custody, id_, f"{LEAVES}-{root[:16]}", kept(leaves))
        after = replace(held, sealings=(*held.sealings, made), runs_planned=len(bodies))
        done = Done(engagement=after, sentence=f"{len(leaves)} leaves are sealed under {root[:16]}.", signs=root)
        return told(finish(machines, tx, held, done, by, act="seal"), done)


def open_window(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, _values: Values) -> Told:
    """The first call that the key answers begins the window."""
    first = _probed(machines, viewer, id_)
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        terms = held.in_hand
        assert terms is not None
        begun = replace(first, block=1 + max((p.block for p in held.probes), default=0))
        made = window.opened(first.at, days=terms.window_days, planned=terms.planned_release)
        probed = replace(held, probes=(*held.probes, begun), window=made)
        moved = moves.by_seat(probed, Move.OPEN, as_, now=by.at)
        done = Done(engagement=moved, sentence=f"The window runs until {made.end:%Y-%m-%d %H:%M} UTC.")
        return told(finish(machines, tx, held, done, by, act="open"), done)


def probe(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, _values: Values) -> Told:
    """The end probe of the running block, or the start probe of the next one."""
    seen = _probed(machines, viewer, id_)
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        if held.state is not State.OPEN or not window.is_open(held.window, by.at):
            raise Conflict("the window is not open")
        block = max((p.block for p in held.probes), default=0)
        has_ended = any(p.block == block and p.moment == "end" for p in held.probes)
        made = replace(seen, block=block + 1 if has_ended else block, moment="start" if has_ended else "end")
        after = replace(held, probes=(*held.probes, made))
        if made.moment == "start":
            sentence = f"Block {made.block} begins."
        else:
            last = probes.blocks(after.probes)[-1]
            sentence = f"Block {made.block} {'stands' if last.stands else 'does not stand'}: {last.reason}."
        done = Done(engagement=after, sentence=sentence)
        return told(finish(machines, tx, held, done, by, act="probe"), done)


def key(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, _values: Values) -> Told:
    """A fresh gateway key for this person; an earlier one ends."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        if held.window is None or not window.is_open(held.window, by.at):
            raise Conflict("the window is not open")
        terms = held.in_hand
        if terms is None or by.login not in terms.people:
            raise Forbidden("the signed terms do not name you among the people who may call the model")
        end = min(held.window.end, by.at + timedelta(hours=machines.settings.gateway_key_hours))
        made = Key(engagement=id_, person=by.person, expires_at=end)
        engagement_calls.add_key(tx, secret, made, at=by.at)
        done = Done(
            engagement=held, sentence=f"Shown once. It ends {end:%Y-%m-%d %H:%M} UTC, or sooner with the window."
        )
        made_known = told(finish(machines, tx, held, done, by, act="key"), done)
    return replace(made_known, secret=secret)


def weakness(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """Keep the report sealed with the engagement, and tell by an event that there is one."""
    report = values.get("report", "")
    if not report.strip():
        raise Invalid("there is no report", [Problem("/report", "empty", "a report in any format that is taken")])
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        number = held.weaknesses + 1
        engagements.keep_file(tx, machines.custody, id_, f"weakness-{number}", report.encode())
        done = Done(
            engagement=replace(held, weaknesses=number),
            sentence="Handed to the clearinghouse, sealed. It does not go on the card.",
        )
        made_known = told(finish(machines, tx, held, done, by, act="weakness"), done)
        event = Event(
            kind=Kind.WEAKNESS_FOUND,
            key=f"weakness:{id_}:{number}",
            at=by.at,
            subjects=(id_,),
            actor=FLOW.person,
        )
        journal.append(tx, event)
    return made_known


def hand_card_over(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """The operator's card: read and verified before it is kept."""
    data = values.get("card", "").encode()
    read = machines.cards.read(data)
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if held.state is not State.CLOSED:
            raise Conflict("a card is handed over when the window is closed")
        by = hand(tx, machines, viewer, as_)
        made = Card(
            digest=ids.digest(data),
            sections=read.sections,
            recommended=read.recommended,
            handed_by=by.person,
            handed_name=by.name,
            at=by.at,
        )
        engagements.keep_file(tx, machines.custody, id_, CARD, data)
        done = Done(
            engagement=replace(pairs.without_copies(held), card=made),
            sentence="The card is handed over. Another person recomputes it next.",
            signs=made.digest,
        )
        return told(finish(machines, tx, held, done, by, act="hand-over"), done)


def recompute(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, _values: Values) -> Told:
    """Another person gets the same figures out of the card's own data, or it goes nowhere."""
    with machines.store.read() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if held.card is None or held.state is not State.CLOSED:
            raise Conflict("there is no card to recompute: the operator hands it over first")
        if held.card.handed_by == viewer.person:
            raise Forbidden("whoever handed the card over does not also recompute it")
        data = engagements.file(tx, machines.custody, id_, CARD)
    differences = machines.cards.recompute(data)
    if differences:
        raise Conflict(f"the card's figures do not come out again: {'; '.join(differences[:3])}")
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        assert held.card is not None
        if held.card.digest != ids.digest(data):
            raise Conflict("the card changed meanwhile: recompute it again")
        checked = replace(held.card, recomputed_by=by.person, recomputed_name=by.name, recomputed_at=by.at)
        moved = moves.by_seat(replace(held, card=checked), Move.WEIGH, as_, now=by.at)
        done = Done(
            engagement=moved, sentence="The same figures. The card lies before the determiner.", signs=checked.digest
        )
        return told(finish(machines, tx, held, done, by, act="recompute"), done)


def erase_early(machines: Machines, viewer: Viewer, id_: EngagementId, as_: Seat, values: Values) -> Told:
    """One of the two persons; the flow erases when both agreed."""
    with machines.store.write() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        by = hand(tx, machines, viewer, as_)
        done = papers.ask_erasure(held, by, values)
        return told(finish(machines, tx, held, done, by, act="erase"), done)


HANDLERS: Final[Mapping[str, Handler]] = {
    "seat": seat,
    "endpoint": endpoint,
    "seal": seal,
    "open": open_window,
    "probe": probe,
    "key": key,
    "weakness": weakness,
    "hand-over": hand_card_over,
    "recompute": recompute,
    "erase": erase_early,
}


def battery(data: bytes) -> list[tuple[str, bytes]]:
    """Read a battery: a JSON list of leaves, each an object with `name` and `body` (any JSON value)."""
    held = decode(data, BATTERY_LIMIT)
    if not isinstance(held, list) or not 1 <= len(held) <= LEAF_LIMIT:
        raise Invalid("no battery", [Problem("/battery", "bad_battery", f"a JSON list of 1 to {LEAF_LIMIT} leaves")])
    made: list[tuple[str, bytes]] = []
    for number, leaf in enumerate(held):
        if not isinstance(leaf, dict) or set(leaf) != {"name", "body"} or not isinstance(leaf["name"], str):
            where = f"/battery/{number}"
            raise Invalid("no battery", [Problem(where, "bad_leaf", "an object with name and body")])
        body = leaf["body"]  # text stands for exactly its bytes; other values for their canonical form
        made.append((leaf["name"], body.encode() if isinstance(body, str) else rfc8785.dumps(body)))
    reserved = {commit.PLAN, commit.THRESHOLD}
    if any(name in reserved or not name or len(name) > scope.SHORT_LIMIT for name, _ in made):
        raise Invalid("no battery", [Problem("/battery", "bad_name", "names of 1 to 200 characters, none reserved")])
    return made


def salted(name: str, body: bytes) -> Leaf:
    """A leaf with a fresh salt."""
    return Leaf(name=name, salt=secrets.token_bytes(commit.SALT_BYTES), body=body)


def threshold_body(minutes: float) -> bytes:
    """The threshold as it is committed to. The bytes say what they are, since a leaf's name is not hashed."""
    return json.dumps({"leaf": commit.THRESHOLD, THRESHOLD_SHAPE: minutes}).encode()


def leaves_of(tx: Tx, machines: Machines, held: Engagement) -> list[Leaf]:
    """What was sealed, with salts: for whoever two persons let open it."""
    if held.sealing is None:
        raise Missing("nothing is sealed yet")
    data = engagements.file(tx, machines.custody, held.id, f"{LEAVES}-{held.sealing.battery_root[:16]}")
    rows: list[dict[str, str]] = json.loads(data)
    return [Leaf(name=row["name"], salt=bytes.fromhex(row["salt"]), body=base64.b64decode(row["body"])) for row in rows]


def opening(tx: Tx, machines: Machines, held: Engagement, name: str) -> Opening:
    """One leaf as it was sealed. A name is not hashed, so a threshold is held against its own countersigned digest too:
    another leaf of the same battery cannot be called the threshold afterwards. Conflict when it is not that.
    """
    shown, sealing = commit.opening(leaves_of(tx, machines, held), name), held.sealing
    assert sealing is not None
    named = {commit.THRESHOLD: sealing.threshold, commit.PLAN: sealing.plan}
    if not commit.holds(sealing.battery_root, shown) or named.get(name, shown.leaf.digest) != shown.leaf.digest:
        raise Conflict("what is kept is not what was sealed")
    return shown


def reveal(
    tx: Tx, machines: Machines, held: Engagement, joint: Joint, name: str, *, by: Hand
) -> tuple[Engagement, dict[str, Any]]:
    """Open one leaf under its pair of persons: the opening as JSON, checked against the root first.

    Not before the window has begun: in `frozen` digests are journalled and nothing has run, and what was seen there
    could still be changed by reopening the terms. Two persons may agree beforehand; their consent waits.
    """
    if held.window is None:
        raise Conflict("the window has not begun: what is sealed is opened after that")
    shown = opening(tx, machines, held, name)
    assert held.sealing is not None
    used = pairs.used(held, joint, name, at=by.at, reader=by.person)
    seen: dict[str, Any] = {
        "name": shown.leaf.name,
        "salt": shown.leaf.salt.hex(),
        "body": base64.b64encode(shown.leaf.body).decode(),
        "place": shown.place,
        "leaves": shown.leaves,
        "path": list(shown.path),
        "root": held.sealing.battery_root,
    }
    return used, seen


def _probed(machines: Machines, viewer: Viewer, id_: EngagementId) -> Probe:
    with machines.store.read() as tx:
        held = engagements.get(tx, machines.custody, id_, viewer)
        if held.endpoint is None:
            raise Conflict("the developer registers an endpoint first")
        if held.state not in {State.FROZEN, State.OPEN}:
            raise Conflict(f"engagement {id_} is in {held.state}: no call goes out from there")
        if held.state is State.OPEN and not window.is_open(held.window, machines.now()):
            raise Conflict("the window is not open")
        opened = flow_gateway.endpoint_key(machines, tx, id_)
    return flow_gateway.probe(machines, held, opened)


def threshold_of(values: Values) -> float | None:
    """The threshold in human minutes that somebody wrote, None for none."""
    found = values.get("threshold", "").strip()
    if not found:
        return None
    try:
        minutes = float(found)
    except ValueError:
        minutes = 0.0
    if not 0.01 <= minutes <= 1e6:
        raise Invalid("no threshold", [Problem("/threshold", "out_of_range", "human minutes, 0.01 to 1000000")])
    return minutes


def kept(leaves: list[Leaf]) -> bytes:
    """Leaves with salts, as they are sealed."""
    rows = [
        {"name": leaf.name, "salt": leaf.salt.hex(), "body": base64.b64encode(leaf.body).decode()} for leaf in leaves
    ]
    return json.dumps(rows).encode()


def told(saved: Engagement, done: Done) -> Told:
    """What an act answers with."""
    return Told(engagement=saved, sentence=done.sentence)
