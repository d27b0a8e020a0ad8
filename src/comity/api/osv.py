"""The OSV API over this host's public and mirrored advisories: `/v1/query`, `/v1/querybatch`, `/v1/vulns/{id}`.

Shapes are OSV's own (google.github.io/osv.dev/api), so that its clients ask here by changing one address. Open to all.
"""

from typing import Any, Final

import msgspec
from anyio import to_thread
from litestar import Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.caller import STRANGER
from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.errors import Invalid, Problem
from comity.library.osv import Found, OsvAnswers, Question

BODY_BYTES: Final = 1024 * 1024
Connection = ASGIConnection[Any, Any, Any, Any]


class OsvPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A package: ecosystem and name, or a purl."""

    ecosystem: str = ""
    name: str = ""
    purl: str = ""


class OsvQuery(msgspec.Struct, frozen=True, kw_only=True):
    """One query. `commit` is read only to say that it cannot be answered here."""

    package: OsvPackage = OsvPackage()
    version: str = ""
    commit: str = ""
    page_token: str = ""


class OsvBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Up to 1,000 queries."""

    queries: list[OsvQuery]


class OsvFound(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Records; for a batch only their ids and times."""

    vulns: list[dict[str, Any]] = []
    next_page_token: str = ""


class OsvResults(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each query, in order."""

    results: list[OsvFound]


def router(answers: OsvAnswers) -> Router:
    """The door. Nobody signs in here: what it holds is public."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        connection.scope["state"]["caller"] = STRANGER
        STRANGER.check(handler.opt["action"])

    @post(
        "/query",
        opt={"action": Action.READ_PUBLISHED},
        operation_id="osvQuery",
        summary="Which public advisories affect a package at a version",
        status_code=200,
        responses=asking.ERRORS,
    )
    async def query(request: Ask, data: JSONBody[OsvQuery]) -> OsvFound:
        """OSV's own call. A record whose versions cannot be decided is in the answer, and says so."""
        return _told(await to_thread.run_sync(answers.query, asking.viewer_of(request), _question(data, "")))

    @post(
        "/querybatch",
        opt={"action": Action.READ_PUBLISHED},
        operation_id="osvQueryBatch",
        summary="The same for up to 1,000 packages",
        status_code=200,
        responses=asking.ERRORS,
    )
    async def querybatch(request: Ask, data: JSONBody[OsvBatch]) -> OsvResults:
        """Ids and times alone, in the order of the queries, each with its own next page."""
        asked = [_question(one, f"/queries/{place}") for place, one in enumerate(data.queries)]
        found = await to_thread.run_sync(answers.batch, asking.viewer_of(request), asked)
        return OsvResults(results=[_told(one) for one in found])

    @get(
        "/vulns/{vulnerability:str}",
        opt={"action": Action.READ_PUBLISHED},
        operation_id="osvRecord",
        sync_to_thread=True,
        summary="One record in OSV",
        responses=asking.ERRORS,
    )
    def record(request: Ask, vulnerability: FromPath[str]) -> Response[Any]:
        """By its own id, as OSV has it."""
        return Response(answers.record(asking.viewer_of(request), vulnerability[:256]))

    return Router("/v1", route_handlers=[query, querybatch, record], guards=[guard], request_max_body_size=BODY_BYTES)


def _question(asked: OsvQuery, place: str) -> Question:
    if asked.commit:
        reason = "commits are not answered here: ask by package and version"
        raise Invalid("this query cannot be answered", [Problem(f"{place}/commit", "not_served", reason)])
    held = asked.package
    return Question(
        ecosystem=held.ecosystem, name=held.name, purl=held.purl, version=asked.version, page_token=asked.page_token
    )


def _told(found: Found) -> OsvFound:
    return OsvFound(vulns=[dict(one) for one in found.records], next_page_token=found.next)
