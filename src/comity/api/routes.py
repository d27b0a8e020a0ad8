"""List what the API serves, under one prefix, behind one guard."""

from typing import Final

from litestar import Router

from comity.access.rates import Rates
from comity.access.routes import token_guard
from comity.admin.provider import configured
from comity.admin.teams import Teams
from comity.api import (
    advice,
    ai_defence,
    audit,
    canaries,
    capacity,
    cases,
    csaf,
    cve_services,
    deadlines,
    directives,
    engagements,
    erasures,
    estate,
    federation,
    host,
    mirrors,
    osv,
    priorities,
    reading,
    reports,
    search,
    sign_out,
    standing,
    tap,
    triage,
)
from comity.api import batches as batch_calls
from comity.api import blind as blind_calls
from comity.api import briefs as brief_calls
from comity.api import claims as claim_calls
from comity.api import coordination as coordination_calls
from comity.api import patches as patch_calls
from comity.api import regroup as regroup_calls
from comity.api import rules as rule_calls
from comity.api import teams as team_calls
from comity.api.asking import Nested
from comity.counters import Counters

PREFIX: Final = "/api/v1"


def routes(counters: Counters) -> list[Router]:
    """The API over these counters."""
    settings = counters.settings
    open_rate = 0 if settings.public_url else settings.api_open_per_minute
    rates = Rates(per_person=settings.api_per_minute, per_network=open_rate)
    handlers = [
        *reports.routes(counters.clearing, settings),
        *cases.routes(counters.clearing),
        *regroup_calls.routes(counters.regroup),
        *coordination_calls.routes(counters.coordination),
        *federation.routes(counters.hand_overs),
        *cve_services.routes(counters.cve),
        *erasures.routes(counters.erasures),
        *batch_calls.routes(counters.batches, settings),
        *rule_calls.routes(counters.rules),
        *priorities.routes(counters.priorities),
        *capacity.routes(counters.capacity),
        *standing.routes(counters.standings),
        *blind_calls.routes(counters.blind),
        *canaries.routes(counters.canaries),
        *claim_calls.routes(counters.claims),
        *patch_calls.routes(counters.patches),
        *engagements.routes(counters.assess, settings),
        *reading.routes(counters.library, settings),
        *search.routes(counters.searching),
        *brief_calls.routes(counters.briefs),
        *estate.routes(counters.defend, counters.watches, settings),
        *deadlines.routes(counters.deadlines),
        *triage.routes(counters.triages),
        *advice.routes(counters.advice, counters.attest),
        *directives.routes(counters.directives),
        *ai_defence.routes(counters.ai),
        *host.routes(counters.accounts),
        *team_calls.routes(Teams(counters.accounts)),
        *sign_out.routes(configured(settings, counters.accounts)),
        *audit.routes(counters.trail),
        *mirrors.routes(counters.mirroring),
    ]
    return [
        Router(
            PREFIX,
            route_handlers=handlers,
            request_class=Nested,
            guards=[token_guard(counters.accounts, rates)],
            request_max_body_size=settings.body_limit_bytes,
        ),
        tap.router(counters.clearing, counters.accounts, settings),
        osv.router(counters.osv),
        csaf.router(counters.provider, counters.accounts),
    ]
