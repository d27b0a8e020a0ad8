"""Domains do not mix: not in one pair of eyes, and not in one team."""

from comity.errors import Invalid, Problem
from comity.model.asset import DEFENDERS, mixes
from comity.model.ids import PartyId
from comity.model.party import Role
from comity.store import parties, teams
from comity.store.engine import Tx


def check_account(roles: frozenset[Role]) -> None:
    """Return for roles that one account may hold; Invalid for defenders' roles of two kinds."""
    if mixes(roles):
        problem = Problem("/roles", "mixed_domains", "give defenders of different domains an account each")
        raise Invalid("these roles would mix domains", [problem])


def check_team(tx: Tx, team: PartyId, person: PartyId, roles: frozenset[Role]) -> None:
    """Return when the person may be in the team with these roles; Invalid when its members defend another domain."""
    others = {one.person for one in teams.memberships(tx, {team}) if one.left_at is None} - {person}
    held = frozenset(role for one in others for role in parties.person(tx, one).roles & DEFENDERS)
    if mixes(held | roles):
        problem = Problem("/person", "mixed_domains", "make a team for each domain: members defend one or none")
        raise Invalid("this team would mix domains", [problem])
