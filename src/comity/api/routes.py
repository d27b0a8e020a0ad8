"""List what the API serves, under one prefix, behind one guard."""

from typing import Final

from litestar import Router

from comity.access.routes import token_guard
from comity.admin.counter import Accounts
from comity.api import blind as blind_calls
from comity.api import briefs as brief_calls
from comity.api import cases, engagements, host, reading, reports
from comity.api import claims as claim_calls
from comity.api.asking import Nested
from comity.assess.desk import Assess
from comity.brief.desk import Briefs
from comity.clearing.desk import Clearing
from comity.clearing.desk_blind import Blind
from comity.clearing.desk_claims import Claims
from comity.library.counter import Library
from comity.settings import Settings

PREFIX: Final = "/api/v1"


def routes(
    *,
    clearing: Clearing,
    blind: Blind,
    claims: Claims,
    assess: Assess,
    briefs: Briefs,
    library: Library,
    accounts: Accounts,
    settings: Settings,
) -> list[Router]:
    """The API over these counters."""
    handlers = [
        *reports.routes(clearing, settings),
        *cases.routes(clearing),
        *blind_calls.routes(blind),
        *claim_calls.routes(claims),
        *engagements.routes(assess, settings),
        *reading.routes(library, settings),
        *brief_calls.routes(briefs),
        *host.routes(accounts),
    ]
    return [
        Router(
            PREFIX,
            route_handlers=handlers,
            request_class=Nested,
            guards=[token_guard(accounts)],
            request_max_body_size=settings.body_limit_bytes,
        )
    ]
