"""What a maintainer's VEX does with the store: kept with the coordination, and with it the draft that people approve.

A statement, the draft that holds it and the journal entry change in one transaction. The journal has ids alone.
"""

import secrets
from dataclasses import replace

from comity.clearing import embargo, flow, flow_coordination, supplier_told, supplier_vex
from comity.clearing.supplier_vex import Wish
from comity.errors import Conflict, Forbidden
from comity.model import ids
from comity.model.case import Case
from comity.model.coordination import Coordination, Part, Participant
from comity.model.ids import PartyId
from comity.store import cases
from comity.store.engine import Tx


def state(
    machines: flow.Machines, tx: Tx, case: Case, held: Coordination, one: Participant, wish: Wish, *, actor: PartyId
) -> tuple[Coordination, str]:
    """Keep a statement; the draft holds it at once unless somebody approved that draft. Gives the statement's name.

    Forbidden for a seat that is no maintainer's: VEX is a supplier's word.
    """
    if one.part is not Part.MAINTAINER:
        raise Forbidden("only a maintainer states VEX of the product: write to the coordinators")
    at = machines.now()
    made = supplier_vex.state(
        held,
        one,
        wish,
        id_=ids.statement_id(secrets.token_bytes(8)),
        person=actor,
        affected=flow.draft_of(tx, case).affected,
        host=machines.host,
        at=at,
    )
    after = supplier_vex.joined(replace(held, statements=(*held.statements, made)), case)
    told = f"stated {made.id} as VEX: {supplier_told.sentence(made.said)}"
    after = embargo.logged(after, at=at, by=one.name, act="vex", told=told)
    return _kept(machines, tx, case, held, after, act="state vex", actor=actor), made.id


def take_back(
    machines: flow.Machines, tx: Tx, case: Case, held: Coordination, one: Participant, id_: str, *, actor: PartyId
) -> Coordination:
    """Take back a statement that never went out. A draft that held it goes back to people."""
    at = machines.now()
    after = supplier_vex.joined(supplier_vex.take_back(held, one.id, id_, at=at), case)
    after = embargo.logged(after, at=at, by=one.name, act="vex", told=f"took back {id_}")
    return _kept(machines, tx, case, held, after, act="take vex back", actor=actor)


def take_in(
    machines: flow.Machines, tx: Tx, case: Case, held: Coordination, *, by: str, actor: PartyId
) -> Coordination:
    """Draft the case with every statement that stands. Conflict when it holds them already."""
    if not supplier_vex.is_waiting(held):
        raise Conflict("the draft holds every statement that stands")
    told = "took what maintainers state as VEX into the draft"
    after = embargo.logged(supplier_vex.taken(held), at=machines.now(), by=by, act="vex", told=told)
    return _kept(machines, tx, case, held, after, act="take vex in", actor=actor)


def _kept(
    machines: flow.Machines, tx: Tx, case: Case, held: Coordination, after: Coordination, *, act: str, actor: PartyId
) -> Coordination:
    saved = flow_coordination.kept(machines, tx, case, held, after, act=act, actor=actor)
    if after.drafted != held.drafted:
        cases.save(tx, flow.redrafted(machines, tx, cases.get(tx, case.id, flow.FLOW)))
    return saved
