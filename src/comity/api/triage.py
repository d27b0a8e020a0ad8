"""Forensic triage of a finding: timers, evidence, queries, the decision, and its signed manifest."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import asking, deadline_wire
from comity.api.asking import Ask
from comity.api.deadline_shapes import AskLeads, LeadsBody, TriageAct, TriageBody
from comity.defend.desk_triage import Triages
from comity.errors import Missing
from comity.model.ids import AssetId
from comity.model.party import Viewer

Act = Callable[[Triages, Viewer, AssetId, str, Mapping[str, str]], Any]
ACTS: Final[Mapping[str, Act]] = {
    "open": lambda d, v, a, c, _: d.open(v, a, c),
    "step": lambda d, v, a, c, said: d.step(v, a, c, said.get("step", "")),
    "collect": lambda d, v, a, c, said: d.collect(v, a, c, said),
    "follow": lambda d, v, a, c, said: d.follow(v, a, c, said.get("leads", "").splitlines()),
    "override": lambda d, v, a, c, said: d.override(v, a, c, said.get("reason", "")),
    "decide": lambda d, v, a, c, said: d.decide(v, a, c, said.get("compromise", ""), said.get("reason", "")),
}
"""The acts of a triage, by name."""


def acted(
    desk: Triages, viewer: Viewer, asset: AssetId, vulnerability: str, act: str, said: Mapping[str, str]
) -> TriageBody:
    """One act of a triage, for every door. Missing for an act that there is none of."""
    if act not in ACTS:
        raise Missing("there is no such act")
    ACTS[act](desk, viewer, asset, vulnerability, said)
    return deadline_wire.triage(desk.view(viewer, asset, vulnerability))


def led(desk: Triages, viewer: Viewer, asset: AssetId, vulnerability: str, data: AskLeads) -> LeadsBody:
    """What to search for, for every door."""
    return deadline_wire.leads(desk.leads(viewer, asset, vulnerability, model=data.model, grant=data.grant))


def routes(desk: Triages) -> list[HTTPRouteHandler]:
    """The operations on triage."""

    @get(
        "/triage/{asset:str}/{vulnerability:str}",
        opt={"action": Action.READ_DEADLINES},
        operation_id="readTriage",
        sync_to_thread=True,
        summary="The triage of one finding",
        responses=asking.ERRORS,
    )
    def triage(request: Ask, asset: FromPath[str], vulnerability: FromPath[str]) -> TriageBody:
        """Timers, evidence by digest, queries with their coverage, the decision."""
        named = AssetId(asking.name(asset))
        return deadline_wire.triage(desk.view(asking.viewer_of(request), named, asking.flaw(vulnerability)))

    @post(
        "/triage/{asset:str}/{vulnerability:str}/leads",
        opt={"action": Action.READ_DEADLINES},
        operation_id="readLeads",
        status_code=200,
        sync_to_thread=True,
        summary="What to search for, out of public advisories",
        responses=asking.ERRORS,
    )
    def leads(request: Ask, asset: FromPath[str], vulnerability: FromPath[str], data: JSONBody[AskLeads]) -> LeadsBody:
        """Nothing is changed. A model may choose among the leads, if it is asked to and in use; it adds none."""
        named = AssetId(asking.name(asset))
        viewer = asking.viewer_of(request)
        return led(desk, viewer, named, asking.flaw(vulnerability), data)

    @post(
        "/triage/{asset:str}/{vulnerability:str}/acts/{act:str}",
        opt={"action": Action.WORK_FINDING},
        operation_id="actInTriage",
        status_code=200,
        sync_to_thread=True,
        summary="Do one act of a triage",
        responses=asking.ERRORS,
    )
    def act(
        request: Ask, asset: FromPath[str], vulnerability: FromPath[str], act: FromPath[str], data: JSONBody[TriageAct]
    ) -> TriageBody:
        """open, step, collect, follow, override or decide, in the name of whoever's token this is."""
        named = AssetId(asking.name(asset))
        viewer = asking.viewer_of(request)
        return acted(desk, viewer, named, asking.flaw(vulnerability), asking.name(act), data.values)

    @get(
        "/triage/{asset:str}/{vulnerability:str}/{part:str}",
        opt={"action": Action.READ_DEADLINES},
        operation_id="downloadTriage",
        sync_to_thread=True,
        summary="The manifest of a triage, or its signature",
        responses={200: asking.download("The manifest, or a DSSE envelope"), **asking.ERRORS},
    )
    def download(
        request: Ask, asset: FromPath[str], vulnerability: FromPath[str], part: FromPath[str]
    ) -> Response[bytes]:
        """`manifest` or `signature`; the second exists once a person decided. Check it with `comity verify`."""
        named = AssetId(asking.name(asset))
        data, name = papers(desk, asking.viewer_of(request), named, asking.flaw(vulnerability), asking.name(part))
        return asking.inert(data, name)

    return [triage, leads, act, download]


def papers(desk: Triages, viewer: Viewer, asset: AssetId, vulnerability: str, part: str) -> tuple[bytes, str]:
    """The manifest or its signature with a file name, for every door. Missing for what is not there."""
    manifest, envelope = desk.manifest(viewer, asset, vulnerability)
    found = {
        "manifest": (manifest, f"triage-{asset}-{vulnerability}.json"),
        "signature": (envelope, f"triage-{asset}-{vulnerability}.dsse.json"),
    }.get(part)
    if found is None or not found[0]:
        raise Missing("there is no such part, or not yet")
    return found
