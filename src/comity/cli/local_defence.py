"""Answer the API's paths about inventories, dates, advice, directives and the AI register from the local counters."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import msgspec

from comity.api import (
    advice_wire,
    deadline_wire,
    deadlines,
    directive_wire,
    estate,
    estate_wire,
    triage,
)
from comity.api.advice_shapes import (
    BeginAi,
    ConfirmExposure,
    CoverAi,
    EnterAi,
    Entries,
    ExposureFacts,
    GrantAi,
    MeasureAi,
    MoveAi,
    WordedBy,
)
from comity.api.deadline_shapes import AskLeads, Changes, TriageAct, WorkDone
from comity.api.directive_shapes import Acknowledge, Adopted, Consult, Say, Sign, Withdraw
from comity.api.estate_shapes import AcceptRisk, AskWatch, AssetBody, AssetChange, WatchAsked
from comity.api.wire import shaped
from comity.app import Office
from comity.errors import Invalid, Missing, Problem
from comity.formats.listings import table as tables
from comity.model.ids import AssetId, InventoryId
from comity.model.party import Viewer

Names = tuple[str, ...]
Query = Mapping[str, Any]
NAME: Final = r"([^/]+)"


def _day(query: Query, name: str) -> date | None:
    text = str(query.get(name, ""))
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        problem = Problem(f"/{name}", "invalid_time", "a day is written 2026-12-31")
        raise Invalid("that is no day", [problem]) from error


def _many(query: Query) -> dict[str, Any]:
    return {"after": str(query.get("after", "")), "limit": int(query.get("limit", 50))}


def _asset(office: Office, viewer: Viewer, names: Names, _query: Query) -> Any:
    view = office.defend.asset(viewer, AssetId(names[0]))
    return estate_wire.asset_view(view, office.defend.machines.now())


def _inventory(office: Office, viewer: Viewer, names: Names, _query: Query) -> Any:
    view = office.defend.inventory(viewer, InventoryId(names[0]))
    return estate_wire.inventory_view(view, office.defend.machines.now())


def _deadlines(office: Office, viewer: Viewer, _names: Names, query: Query) -> Any:
    return deadlines.listed(
        office.deadlines,
        viewer,
        on=_day(query, "on"),
        only=str(query.get("only", "")),
        tier=str(query.get("tier", "")),
        **_many(query),
    )


def _deadline(office: Office, viewer: Viewer, names: Names, query: Query) -> Any:
    at = deadlines.moment(_day(query, "on"))
    return deadline_wire.finding(office.deadlines.deadline(viewer, AssetId(names[0]), names[1], at=at))


def _pack(office: Office, viewer: Viewer, names: Names, query: Query) -> Any:
    return directive_wire.pack(office.directives.pack(viewer, names[0], str(query.get("version", ""))))


def _pack_file(office: Office, viewer: Viewer, names: Names, _query: Query) -> bytes:
    source = office.directives.pack(viewer, names[0]).source
    if not source:
        raise Missing("this pack has no file of that kind")
    return source


def download(office: Office, viewer: Viewer, path: str, query: Query) -> tuple[bytes, str, int]:
    """The bytes of an export, its name, and what it leaves out."""
    kind, asset = path.removeprefix("/exports/"), str(query.get("asset", ""))
    made = office.advice.export(viewer, kind, asset=AssetId(asset) if asset else None)
    return made.data, made.name, made.left_out


def _accept(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, AcceptRisk)
    made = office.defend.accept(
        viewer, AssetId(names[0]), data.vulnerability, reason=data.reason, expires_at=data.expires_at
    )
    return estate_wire.accepted(made)


def _worded(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    grant = msgspec.convert(body, WordedBy).grant
    return advice_wire.plan(office.advice.plan(viewer, AssetId(names[0]), model=True, grant=grant))


def _propose(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, ExposureFacts)
    facts = advice_wire.facts(data.facts)
    made = office.advice.propose_exposure(viewer, AssetId(names[0]), facts, model=data.model, grant=data.grant)
    return advice_wire.proposal(made)


def _confirm(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, ConfirmExposure)
    value = estate.reach(data.value) if data.value else None
    saved = office.advice.confirm_exposure(viewer, AssetId(names[0]), advice_wire.facts(data.facts), value=value)
    return shaped(saved, AssetBody)


def _enter(office: Office, viewer: Viewer, _names: Names, body: Query) -> Any:
    data = msgspec.convert(body, EnterAi)
    return advice_wire.capability(office.ai.add(viewer, advice_wire.described(data), domain=estate.named(data.domain)))


def _begin(office: Office, viewer: Viewer, _names: Names, body: Query) -> Any:
    made = office.ai.begin(viewer, domain=estate.named(msgspec.convert(body, BeginAi).domain))
    return Entries(entries=tuple(advice_wire.capability(one) for one in made))


def _move(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, MoveAi)
    return advice_wire.capability(office.ai.move(viewer, names[0], advice_wire.stage(data.stage), reason=data.reason))


def _measure(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, MeasureAi)
    return advice_wire.capability(office.ai.measure(viewer, names[0], data.pairs.encode(), measure=data.measure))


def _cover(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    assets = [AssetId(one) for one in msgspec.convert(body, CoverAi).assets]
    return advice_wire.capability(office.ai.cover(viewer, names[0], assets))


def _grant(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, GrantAi)
    made, key = office.ai.grant(
        viewer, names[0], holder=data.holder, purpose=data.purpose, days=data.days, calls=data.calls
    )
    return advice_wire.grant(made, key=key)


def _acknowledge(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    held = office.directives.acknowledge(viewer, names[0], msgspec.convert(body, Acknowledge).version)
    return directive_wire.follower(held)


def _adopt(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, Adopted)
    return directive_wire.follower(office.directives.report(viewer, names[0], data.adoption, data.text))


def _consult(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, Consult)
    office.directives.consult(viewer, names[0], data.offices, days=data.days)
    return directive_wire.moved(office.directives, viewer, names[0])


def _comment(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    data = msgspec.convert(body, Say)
    office.directives.comment(viewer, names[0], data.text, agrees=data.agrees)
    return directive_wire.moved(office.directives, viewer, names[0])


def _sign(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    office.directives.sign(viewer, names[0], msgspec.convert(body, Sign).draft_sha256)
    return directive_wire.moved(office.directives, viewer, names[0])


def _publish(office: Office, viewer: Viewer, names: Names, _body: Query) -> Any:
    office.directives.publish(viewer, names[0])
    return directive_wire.moved(office.directives, viewer, names[0])


def _withdraw(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    office.directives.withdraw(viewer, names[0], msgspec.convert(body, Withdraw).why)
    return directive_wire.moved(office.directives, viewer, names[0])


def _triage_act(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    values = msgspec.convert(body, TriageAct).values
    return triage.acted(office.triages, viewer, AssetId(names[0]), names[1], names[2], values)


def _leads(office: Office, viewer: Viewer, names: Names, body: Query) -> Any:
    return triage.led(office.triages, viewer, AssetId(names[0]), names[1], msgspec.convert(body, AskLeads))


def _watch(office: Office, viewer: Viewer, _names: Names, body: Query) -> Any:
    data = msgspec.convert(body, AskWatch)
    office.watches.ask(viewer, data.address, data.product)
    return WatchAsked(outcome=estate.ASKED)


READS: Mapping[str, Any] = {
    "/inventories": lambda o, v, _n, q: estate_wire.inventories(o.defend.inventories(v, **_many(q))),
    f"/inventories/{NAME}": _inventory,
    "/assets": lambda o, v, _n, q: estate_wire.assets(o.defend, v, query=str(q.get("find", "")), **_many(q)),
    f"/assets/{NAME}": _asset,
    f"/assets/{NAME}/plan": lambda o, v, n, _: advice_wire.plan(o.advice.plan(v, AssetId(n[0]))),
    f"/assets/{NAME}/one-page": lambda o, v, n, _: advice_wire.one_page(o.advice.one_page(v, AssetId(n[0]))),
    "/estate": lambda o, v, _n, q: estate_wire.estate(o.defend.estate(v, day=_day(q, "as_of"))),
    "/affected": lambda o, v, _n, q: estate_wire.affected(o.defend.affected(v, str(q.get("product", "")))),
    "/deadlines": _deadlines,
    f"/deadlines/{NAME}/{NAME}": _deadline,
    f"/triage/{NAME}/{NAME}": lambda o, v, n, _: deadline_wire.triage(o.triages.view(v, AssetId(n[0]), n[1])),
    "/directives": lambda o, v, _n, _q: directive_wire.packs(o.directives.packs(v)),
    f"/directives/{NAME}": _pack,
    "/authoring": lambda o, v, _n, _q: directive_wire.drafts(o.directives, v),
    f"/authoring/{NAME}": lambda o, v, n, _: directive_wire.moved(o.directives, v, n[0]),
    "/ai-defence": lambda o, v, _n, _q: advice_wire.register(o.ai.register(v)),
    f"/ai-defence/{NAME}": lambda o, v, n, _: advice_wire.capability(o.ai.entry(v, n[0])),
}
DOWNLOADS: Mapping[str, Any] = {
    f"/triage/{NAME}/{NAME}/{NAME}": lambda o, v, n, _: triage.papers(o.triages, v, AssetId(n[0]), n[1], n[2])[0],
    f"/directives/{NAME}/file": _pack_file,
    f"/authoring/{NAME}/signature": lambda o, v, n, _: o.directives.signature(v, n[0]),
}
ACTS: Mapping[str, Any] = {
    f"/assets/{NAME}": lambda o, v, n, b: estate.changed(o.defend, v, AssetId(n[0]), msgspec.convert(b, AssetChange)),
    f"/assets/{NAME}/acceptances": _accept,
    f"/assets/{NAME}/plan": _worded,
    f"/assets/{NAME}/exposure-proposal": _propose,
    f"/assets/{NAME}/exposure-confirmation": _confirm,
    f"/deadlines/{NAME}/{NAME}/work": lambda o, v, n, b: deadlines.worked(
        o.deadlines, v, AssetId(n[0]), n[1], msgspec.convert(b, WorkDone)
    ),
    "/affected/watches": _watch,
    "/what-if": lambda o, v, _n, b: deadlines.tried(o.deadlines, v, msgspec.convert(b, Changes).changes),
    f"/triage/{NAME}/{NAME}/leads": _leads,
    f"/triage/{NAME}/{NAME}/acts/{NAME}": _triage_act,
    "/snapshots": lambda o, v, _n, _b: advice_wire.snapshot(o.attest.make(v)),
    f"/directives/{NAME}/follow": lambda o, v, n, _: directive_wire.follower(o.directives.follow(v, n[0])),
    f"/directives/{NAME}/acknowledgement": _acknowledge,
    f"/directives/{NAME}/adoption": _adopt,
    f"/authoring/{NAME}/consultation": _consult,
    f"/authoring/{NAME}/comments": _comment,
    f"/authoring/{NAME}/signature": _sign,
    f"/authoring/{NAME}/publication": _publish,
    f"/authoring/{NAME}/withdrawal": _withdraw,
    "/ai-defence": _enter,
    "/ai-defence/first-entries": _begin,
    f"/ai-defence/{NAME}/stage": _move,
    f"/ai-defence/{NAME}/comparisons": _measure,
    f"/ai-defence/{NAME}/coverage": _cover,
    f"/ai-defence/{NAME}/grants": _grant,
    f"/ai-defence/grants/{NAME}/end": lambda o, v, n, _: advice_wire.grant(o.ai.revoke(v, n[0])),
}


def send(office: Office, viewer: Viewer, path: str, data: bytes, query: Query) -> Any:
    """The shape that a POST of a document as it stands answers with."""
    said = {name: str(query.get(name, "")) for name in ("name", "domain", "file", "release", "columns", "exposure")}
    match path:
        case "/inventories":
            taken = estate.document(
                data, file=said["file"] or "document", release=said["release"], columns=said["columns"]
            )
            domain = estate.named(said["domain"] or "other")
            return estate_wire.outcome(office.defend.register(viewer, taken, name=said["name"], domain=domain))
        case "/scans":
            taken = estate.document(
                data, file=said["file"] or "document", release=said["release"], columns=said["columns"]
            )
            reach = estate.reach(said["exposure"] or "unknown")
            found = office.defend.scan(viewer, taken, day=_day(query, "as_of"), reach=reach)
            return estate_wire.scan(found, office.defend.actions(found))
        case "/scans/here":
            reach = estate.reach(said["exposure"] or "unknown")
            found = office.defend.scan(viewer, None, day=_day(query, "as_of"), reach=reach)
            return estate_wire.scan(found, office.defend.actions(found))
        case "/assets":
            chosen = tables.mapping(said["columns"], tables.ASSET_FIELDS) if said["columns"] else None
            domain = estate.named(said["domain"] or "other")
            return estate_wire.table(office.defend.import_assets(viewer, data, domain=domain, columns=chosen))
        case "/authoring":
            made = office.directives.draft(viewer, data)
            return directive_wire.moved(office.directives, viewer, made.id)
    redraft = re.fullmatch(r"/authoring/([^/]+)/draft", path)
    if redraft is None:
        raise Missing(f"no such call: {path}")
    office.directives.redraft(viewer, redraft[1], data)
    return directive_wire.moved(office.directives, viewer, redraft[1])
