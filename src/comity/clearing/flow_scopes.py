"""Scan claims as whoever asks blindly sees them, and blind claims as the host meets them.

(1) every claim of others lies on one shelf, open ones locked by the host just as blind ones were by their holders
(2) nothing is on it while too few others hold claims, so that a match is always one of several
(3) an area that somebody shows is tried on the blind claims whose holders allow that; nothing is kept of it
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from comity.clearing import blind as rules
from comity.clearing import claims as claim_rules
from comity.clearing import flow, flow_blind, flow_canaries, scope
from comity.clearing.claims import Met
from comity.errors import Missing
from comity.model.blind import Level, Print, Shelf
from comity.model.claim import Area, Claim, Ending, Method
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
            names = {one.id: one.name for one in parties.all_organisations(tx)} if may_be_named else {}
            tags: dict[str, bytes] = {}
            for one in others:
                if one.organisation != viewer.organisation and claim_rules.is_worth_telling(one, now):
                    mark = _mark(tx, one)
                    held = _state(one, now, mark, methods=methods, name=names.get(one.organisation, ""))
                    states.append(scopes.state(_key(tx, one, question.epoch), held))
                    entries += [scopes.checked(e, mark) for e in _entries(tx, one, question.epoch, tags)]
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
        name = names.get(one.organisation, "") if may_be_named and one.may_be_named else ""
        found.append(scope.met(area, matched, _as_met(one, now, name)))
    return tuple(one for one in found if one is not None)


def _is_of(one: Claim, epoch: int) -> bool:
    return one.hidden is None or one.hidden.epoch == epoch


def _as_met(one: Claim, now: datetime, name: str) -> Met:
    is_open = one.is_open(now)
    return Met(
        whole=frozenset(),
        part=frozenset(),
        same_weaknesses=False,
        same_commits=False,
        methods=one.methods,
        at=one.ends_at if is_open else one.ended_at or one.ends_at,
        ending=None if is_open else claim_rules.ending_of(one),
        name=name,
    )


def _state(one: Claim, now: datetime, mark: bytes, *, methods: frozenset[Method], name: str) -> scopes.State:
    seen = _as_met(one, now, name if one.may_be_named else "")
    ending = "" if seen.ending is None else Ending(seen.ending).value
    shared = tuple(sorted(method.value for method in methods & set(seen.methods)))
    return scopes.State(at=seen.at, ending=ending, methods=shared, name=seen.name[: scopes.NAME_LIMIT], mark=mark)


def _entries(tx: Tx, one: Claim, epoch: int, tags: dict[str, bytes]) -> Iterable[bytes]:
    """Those that its holder made, or the host's own for an open claim: the same each time. `tags`: made before."""
    if one.hidden is not None:
        return one.hidden.entries
    assert one.area is not None
    units = scope.units(one.area)
    tags.update(_tags(tx, epoch, units.keys() - tags.keys()))
    key = _key(tx, one, epoch)
    return [
        scopes.entry(
            tags[text], key, whole=whole, nonce=bytes.fromhex(tx.master.mark("scope-nonce", key.hex() + text)[:24])
        )
        for text, whole in units.items()
    ]


def _key(tx: Tx, one: Claim, epoch: int) -> bytes:
    if one.hidden is not None:
        return one.hidden.key
    return bytes.fromhex(tx.master.mark("scope-key", f"{epoch} {one.id}"))


def _mark(tx: Tx, one: Claim) -> bytes:
    return bytes.fromhex(tx.master.mark("scope-mark", one.id))[:16]


def _tags(tx: Tx, epoch: int, texts: Iterable[str]) -> dict[str, bytes]:
    from comity.sealing.oprf import Key

    key = Key(secret=blind.secret(tx, epoch))
    return {text: key.tag(Print(level=Level.AREA, text=text).secret_input) for text in texts}


def _filled(held: list[bytes], seed: bytes, size: int) -> tuple[bytes, ...]:
    fillers = [seals.filler(seed, place, size=size) for place in range(rules.shelf_size(len(held)) - len(held))]
    return tuple(sorted([*held, *fillers]))
