"""Scan claims as whoever asks blindly sees them, and blind claims as the host meets them.

(1) every claim of others lies on one shelf, open ones locked by the host just as blind ones were by their holders
(2) nothing is on it while too few others hold claims, so that a match is always one of several
(3) an area that somebody shows is tried on the blind claims whose holders allow that; nothing is kept of it
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from comity.clearing import blind as rules
from comity.clearing import claims as claim_rules
from comity.clearing import flow, flow_blind, flow_canaries, flow_claims, scope
from comity.clearing.claims import Met
from comity.errors import Missing
from comity.model.blind import Level, Print, Shelf
from comity.model.claim import Area, Claim, Hidden, Method
from comity.model.ids import PartyId
from comity.model.party import Viewer
from comity.sealing import blind as seals
from comity.sealing import scopes
from comity.store import blind, claims, parties
from comity.store.engine import Tx


def shelf(
    machines: flow.Machines, viewer: Viewer, id_: str, *, methods: frozenset[Method], may_be_named: bool
) -> Shelf:
    """(1) and (2) for an open question about an area, filled up to round lengths."""
    now = machines.now()
    with machines.store.write() as tx:
        question = flow_blind.still_open(machines, tx, viewer, id_)
        if any(part.level is not Level.AREA for part in question.parts):
            raise Missing(f"question {id_} is not about an area")
        blind.give(tx, id_, Level.AREA, 0, most=1)
        entries: list[bytes] = []
        states: list[bytes] = []
        others = [one for one in claims.told(tx, since=now - claim_rules.MEMORY) if _is_of(one, question.epoch)]
        holders = (one.organisation for one in others if one.is_open(now))
        if rules.is_told(holders, viewer.organisation):
            names = {one.id: one.name for one in parties.all_organisations(tx)}
            tags: dict[str, bytes] = {}
            for one in others:
                if one.organisation != viewer.organisation and claim_rules.is_worth_telling(one, now):
                    state = claim_rules.state_of(one, names.get(one.organisation, ""), now, may_be_named=may_be_named)
                    place = one.hidden or one.area
                    assert place is not None
                    _lay(tx, place, one.id, state, question.epoch, methods, tags, entries, states)
            for id_, area, state in flow_claims.heard(tx, viewer, now, may_be_named=may_be_named):
                _lay(tx, area, id_, state, question.epoch, methods, tags, entries, states)
        seed = blind.secret(tx, question.epoch) + b"scopes"
        own = flow_canaries.marked(
            tx, question.organisation, epoch=question.epoch, level=Level.AREA, bucket=0, size=scopes.SHELF_ENTRY_BYTES
        )
    return Shelf(
        entries=_filled([*entries, *own], seed + b"entry", scopes.SHELF_ENTRY_BYTES),
        states=_filled(states, seed + b"state", scopes.STATE_BYTES),
    )


def met_blindly(
    tx: Tx, area: Area, viewer: Viewer, names: Mapping[PartyId, str], now: datetime, *, may_be_named: bool
) -> tuple[Met, ...]:
    """(3) How blind claims of others meet an area that was shown. Every one of them is tried, whichever meets it."""
    epoch = blind.newest(tx)
    if epoch is None or now >= epoch.ends_at:
        return ()
    since = now - claim_rules.MEMORY
    hidden = [one for one in claims.hidden(tx, since=since) if one.organisation != viewer.organisation]
    hidden = [one for one in hidden if one.hidden is not None and one.hidden.is_compared and _is_of(one, epoch.number)]
    if not hidden:
        return ()
    tags = _tags(tx, epoch.number, scope.units(area))
    found = []
    for one in hidden:
        assert one.hidden is not None
        matched = {
            text: held[1]
            for text, tag in tags.items()
            for entry in one.hidden.entries
            if (held := scopes.opened(tag, entry)) is not None and held[0] == one.hidden.key
        }
        name = names.get(one.organisation, "")
        state = claim_rules.state_of(one, name, now, may_be_named=may_be_named)
        found.append(scope.met(area, matched, state))
    return tuple(one for one in found if one is not None)


def _is_of(one: Claim, epoch: int) -> bool:
    return one.hidden is None or one.hidden.epoch == epoch


def _lay(
    tx: Tx,
    place: Area | Hidden,
    id_: str,
    state: Met,
    epoch: int,
    methods: frozenset[Method],
    tags: dict[str, bytes],
    entries: list[bytes],
    states: list[bytes],
) -> None:
    """Lay one claim on the shelf: the entries that its holder made, or the host's own for an open one, the same each
    time. `tags`: those made before."""
    mark = bytes.fromhex(tx.master.mark("scope-mark", id_))[:16]
    if isinstance(place, Hidden):
        key, made = place.key, place.entries
    else:
        key, units = bytes.fromhex(tx.master.mark("scope-key", f"{epoch} {id_}")), scope.units(place)
        tags.update(_tags(tx, epoch, units.keys() - tags.keys()))
        made = tuple(
            scopes.entry(tags[text], key, whole=whole, nonce=_nonce(tx, key, text)) for text, whole in units.items()
        )
    held = scopes.State(
        at=state.at,
        ending=state.ending.value if state.ending else "",
        methods=tuple(sorted(method.value for method in methods & set(state.methods))),
        name=state.name[: scopes.NAME_LIMIT],
        host=state.host[: scopes.NAME_LIMIT],
        mark=mark,
    )
    states.append(scopes.state(key, held))
    entries += [scopes.checked(one, mark) for one in made]


def _nonce(tx: Tx, key: bytes, text: str) -> bytes:
    return bytes.fromhex(tx.master.mark("scope-nonce", key.hex() + text))[: scopes.NONCE_BYTES]


def _tags(tx: Tx, epoch: int, texts: Iterable[str]) -> dict[str, bytes]:
    from comity.sealing.oprf import Key

    key = Key(secret=blind.secret(tx, epoch))
    return {text: key.tag(Print(level=Level.AREA, text=text).secret_input) for text in texts}


def _filled(held: list[bytes], seed: bytes, size: int) -> tuple[bytes, ...]:
    fillers = [seals.filler(seed, place, size=size) for place in range(rules.shelf_size(len(held)) - len(held))]
    return tuple(sorted([*held, *fillers]))
