"""Every desk's counters as one value: what the composition root hands to the doors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from comity.admin.counter import Accounts
from comity.admin.glass import Glass
from comity.admin.mirroring import Mirroring
from comity.admin.trail import Trail
from comity.assess.desk import Assess
from comity.brief.desk import Briefs
from comity.clearing.desk import Clearing
from comity.clearing.desk_batches import Batches
from comity.clearing.desk_blind import Blind
from comity.clearing.desk_canaries import Canaries
from comity.clearing.desk_capacity import Capacity
from comity.clearing.desk_claims import Claims
from comity.clearing.desk_coordination import Coordinations
from comity.clearing.desk_cve import CveDesk
from comity.clearing.desk_erase import Erasures
from comity.clearing.desk_handover import HandOvers
from comity.clearing.desk_patches import Patches
from comity.clearing.desk_priority import Priorities
from comity.clearing.desk_regroup import Regroup
from comity.clearing.desk_rules import Rules
from comity.clearing.desk_standing import Standings
from comity.defend.desk import Defend
from comity.defend.desk_advice import Advice
from comity.defend.desk_ai import AiDefence
from comity.defend.desk_attest import Attest
from comity.defend.desk_counts import Counts
from comity.defend.desk_deadlines import Deadlines
from comity.defend.desk_directives import Directives
from comity.defend.desk_triage import Triages
from comity.defend.desk_watch import Watches
from comity.library.counter import Library
from comity.library.exchange import Exchange
from comity.library.hooks import Hooks
from comity.library.osv import OsvAnswers
from comity.library.provider import Provider
from comity.library.searching import Searching
from comity.library.sharing import Sharing
from comity.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """A door takes the counters it serves, and no more; a new counter is a new line here and in `app`."""

    settings: Settings
    now: Callable[[], datetime]

    clearing: Clearing
    coordination: Coordinations
    canaries: Canaries
    regroup: Regroup
    batches: Batches
    rules: Rules
    blind: Blind
    claims: Claims
    priorities: Priorities
    capacity: Capacity
    patches: Patches
    standings: Standings
    assess: Assess
    defend: Defend
    directives: Directives
    deadlines: Deadlines
    triages: Triages
    ai: AiDefence
    advice: Advice
    attest: Attest
    counts: Counts
    watches: Watches
    briefs: Briefs
    library: Library
    provider: Provider
    osv: OsvAnswers
    exchange: Exchange
    hooks: Hooks
    sharing: Sharing
    hand_overs: HandOvers
    erasures: Erasures
    cve: CveDesk
    searching: Searching
    accounts: Accounts
    trail: Trail
    glass: Glass
    mirroring: Mirroring
