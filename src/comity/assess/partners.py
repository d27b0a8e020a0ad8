"""Trusted partners: either side proposes, both sign, either side's veto ends it, and the criteria are written down.

Order 14409 section 3(b)(iii), as reported, gives no criteria: they are the two sides' own. There is no order among
partners, and no place is for sale.
"""

from dataclasses import replace

from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.dossier import Engagement, Partner, Signed
from comity.model.engagement import Seat

SIGNERS = frozenset({Seat.SIGNATORY, Seat.COORDINATOR})


def proposed(engagement: Engagement, *, name: str, criteria: str, by: Signed) -> Engagement:
    """With a partner proposed by one side, who thereby signs. Invalid without criteria; Conflict for a known name."""
    _signer(by)
    if not name or not criteria:
        field = "/name" if not name else "/criteria"
        raise Invalid("a partner has a name and criteria", [Problem(field, "empty", "write it down")])
    if any(partner.name == name for partner in engagement.partners):
        raise Conflict(f"{name} was proposed already")
    made = Partner(name=name, criteria=criteria, proposed_by=by.seat, signatures=(by,))
    return replace(engagement, partners=(*engagement.partners, made))


def signed(engagement: Engagement, name: str, by: Signed) -> Engagement:
    """With the other side's signature. Conflict after a veto, or for a second signature of one side."""
    _signer(by)
    held = find(engagement, name)
    if held.vetoed:
        raise Conflict(f"one side does not want {name}: nobody needs to say why")
    if by.seat in {one.seat for one in held.signatures}:
        raise Conflict("your side has signed already")
    return _with(engagement, held, replace(held, signatures=(*held.signatures, by)))


def vetoed(engagement: Engagement, name: str, seat: Seat) -> Engagement:
    """Either side's no, at any time, without a reason. It also ends a place that both had signed."""
    if seat not in SIGNERS:
        raise Forbidden("a veto is the developer signatory's or the host coordinator's")
    held = find(engagement, name)
    return _with(engagement, held, replace(held, vetoed=True))


def is_admitted(partner: Partner) -> bool:
    """Both sides signed and neither said no."""
    return not partner.vetoed and {one.seat for one in partner.signatures} >= SIGNERS


def find(engagement: Engagement, name: str) -> Partner:
    """One partner by name. Missing when nobody proposed it."""
    held = next((partner for partner in engagement.partners if partner.name == name), None)
    if held is None:
        raise Missing(f"nobody proposed {name!r} here")
    return held


def _signer(by: Signed) -> None:
    if by.seat not in SIGNERS:
        raise Forbidden("partners are signed for by the developer signatory and the host coordinator")


def _with(engagement: Engagement, old: Partner, new: Partner) -> Engagement:
    return replace(engagement, partners=tuple(new if one is old else one for one in engagement.partners))
