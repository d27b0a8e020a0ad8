"""The rules of projects: read by whoever submits, set by whoever coordinates."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from comity.access.policy import Action
from comity.api import asking, wire
from comity.api.asking import Ask
from comity.clearing.desk_rules import Rules
from comity.model.batch import ProjectRules
from comity.model.ids import PartyId
from comity.model.party import Viewer


class RulesBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a project says it takes, transcribed from where it publishes that."""

    package: str
    """purl without a version."""
    source: str
    """Where the project publishes it."""
    classes_refused: tuple[str, ...] = ()
    classes_wanted: tuple[str, ...] = ()
    out_of_scope_paths: tuple[str, ...] = ()
    threat_model: str = ""
    not_a_weakness: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    """Gaps it takes no report with: proof, patch, trigger, severity, test, description, target, ..."""
    ai_stated: bool = False


class HeldRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of projects, by package."""

    rows: tuple[dict[str, Any], ...]


def routes(rules: Rules) -> list[HTTPRouteHandler]:
    """The operations on rules."""

    @get(
        "/projects/rules",
        opt={"action": Action.READ_RULES},
        operation_id="listProjectRules",
        sync_to_thread=True,
        summary="What projects say they take",
        responses=asking.ERRORS,
    )
    def listed(
        request: Ask,
        package: Annotated[str, QueryParameter(name="package", max_length=512, description="only this purl")] = "",
    ) -> HeldRules:
        """Checked at intake; a report is told what they say against it and is never refused for them."""
        return held(rules, asking.viewer_of(request), package)

    @post(
        "/projects/rules",
        opt={"action": Action.SET_RULES},
        operation_id="setProjectRules",
        status_code=200,
        sync_to_thread=True,
        summary="Set what a project says it takes",
        responses=asking.ERRORS,
    )
    def setting(request: Ask, data: JSONBody[RulesBody]) -> dict[str, Any]:
        """In place of the rules before. Say where the project publishes them."""
        return kept(rules, asking.viewer_of(request), data)

    return [listed, setting]


def held(rules: Rules, viewer: Viewer, package: str) -> HeldRules:
    """Rules as the API writes them."""
    rows = rules.listed(viewer)
    return HeldRules(rows=tuple(wire.plain(one) for one in rows if package in ("", one.package)))


def kept(rules: Rules, viewer: Viewer, data: RulesBody) -> dict[str, Any]:
    """Keep rules; gives them as they are held."""
    given = ProjectRules(
        **msgspec.structs.asdict(data), set_by=PartyId(""), set_at=datetime.fromtimestamp(0).astimezone()
    )
    found: dict[str, Any] = wire.plain(rules.set(viewer, given))
    return found
