"""Write and read OSCAL plans of action and milestones (NIST, model version 1.2.1).

One remedy becomes a POA&M item, linked to a risk (what is due, what is planned) and to an observation (how it was
found). Ids are made from the remedy's own id, so the same item keeps its UUID over exports. Reading keeps every field
that Comity has no word for, and writing puts it back: a plan that was made elsewhere passes through unharmed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.formats import leftovers, parse, times
from comity.formats.node import Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.model.remedy import Remedy, Standing
from comity.model.report import Unknown

NAME: Final = "oscal-poam"
MEDIA_TYPE: Final = "application/oscal+json"
VERSION: Final = "1.2.1"
NAMESPACE: Final = uuid.UUID("5f0c5bd2-8f4e-5b4c-9c7e-2f5f3c1f6a10")
"""Comity's own namespace for name-based UUIDs (RFC 9562 version 5)."""
OWN: Final = "https://comity.invalid/ns/oscal"
"""The namespace of Comity's properties. The name is a name: nothing is fetched from it."""
_ROOT: Final = "plan-of-action-and-milestones"
_STATUS: Final = {
    Standing.OPEN: "open",
    Standing.MITIGATED: "remediating",
    Standing.DONE: "closed",
    Standing.ACCEPTED: "deviation-approved",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a plan. `risks` and `observations` are UUIDs of the plan's own."""

    uuid: str
    title: str
    description: str
    risks: tuple[str, ...] = ()
    observations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What may happen, how far its treatment is, and until when. `deadline` is kept as written: OSCAL bears a zone."""

    uuid: str
    title: str
    description: str
    statement: str
    status: str
    deadline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """How something was found. `collected` is kept as written."""

    uuid: str
    description: str
    methods: tuple[str, ...]
    collected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Poam:
    """A plan as it was read, with everything else it held in `unknown`."""

    uuid: str
    title: str
    last_modified: str
    version: str
    oscal_version: str
    items: tuple[Item, ...]
    risks: tuple[Risk, ...] = ()
    observations: tuple[Observation, ...] = ()
    unknown: tuple[Unknown, ...] = ()


def uuid_for(*names: str) -> str:
    """The same names, the same UUID."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(names)))


def of(remedies: Sequence[Remedy], *, system: str, title: str, at: datetime) -> bytes:
    """The plan for these remedies. `system` names the information system. ValueError for no remedies: the model
    forbids an empty plan, and "nothing to do" is said by a snapshot, not by a POA&M."""
    if not remedies:
        raise ValueError("OSCAL has no plan without items")
    plan: dict[str, Json] = {
        "uuid": uuid_for("plan", system, times.write(at)),
        "metadata": {
            "title": title,
            "last-modified": times.write(at),
            "version": times.write(at),
            "oscal-version": VERSION,
        },
        "system-id": {"identifier-type": OWN, "id": system},
        "observations": [_observation(remedy, at) for remedy in remedies],
        "risks": [_risk(remedy) for remedy in remedies],
        "poam-items": [_item(remedy) for remedy in remedies],
    }
    return parse.encode({_ROOT: plan})


def read(data: bytes, limits: Limits = LIMITS) -> Poam:
    """A plan; Invalid with every violation of what Comity relies on."""
    sheet = Sheet()
    root = Node.root(parse.decode(data, limits), sheet)
    plan = root.child(_ROOT)
    if plan is None:
        sheet.problem("", "missing_field", f"the document must hold `{_ROOT}`")
        plan = Node({}, f"/{_ROOT}", sheet)
    metadata = plan.child("metadata") or Node({}, plan.at("metadata"), sheet)
    poam = Poam(
        uuid=plan.text("uuid", required=True, line=True),
        title=metadata.text("title", required=True),
        last_modified=metadata.text("last-modified", required=True, line=True),
        version=metadata.text("version", required=True, line=True),
        oscal_version=metadata.text("oscal-version", required=True, line=True),
        observations=tuple(_read_observation(node) for node in plan.children("observations")),
        risks=tuple(_read_risk(node) for node in plan.children("risks")),
        items=tuple(_read_item(node) for node in plan.children("poam-items")),
    )
    if not poam.items:
        sheet.problem(f"/{_ROOT}/poam-items", "missing_field", "a plan has at least one item")
    sheet.settle("the document is no OSCAL plan of action and milestones")
    return Poam(
        **{name: getattr(poam, name) for name in poam.__dataclass_fields__ if name != "unknown"},
        unknown=leftovers.gather(sheet, NAME),
    )


def write(poam: Poam) -> bytes:
    """The plan with everything it came with: `read(write(p)) == p`."""
    document: dict[str, Json] = {
        _ROOT: {
            "uuid": poam.uuid,
            "metadata": {
                "title": poam.title,
                "last-modified": poam.last_modified,
                "version": poam.version,
                "oscal-version": poam.oscal_version,
            },
            **_listed("observations", [_written_observation(one) for one in poam.observations]),
            **_listed("risks", [_written_risk(one) for one in poam.risks]),
            **_listed("poam-items", [_written_item(one) for one in poam.items]),
        }
    }
    leftovers.restore(document, poam.unknown, NAME)
    return parse.encode(document)


def _listed(key: str, values: list[dict[str, Json]]) -> dict[str, Json]:
    return {key: list(values)} if values else {}


def _line(text: str) -> str:
    """OSCAL titles are one line and not blank."""
    return " ".join(text.split()) or "no title"


def _prop(name: str, value: str) -> Json:
    return {"name": name, "ns": OWN, "value": " ".join(value.split())}


def _observation(remedy: Remedy, at: datetime) -> Json:
    return {
        "uuid": uuid_for("observation", remedy.id),
        "title": _line(f"{remedy.vulnerability} on {remedy.asset}"),
        "description": f"{remedy.component} {remedy.version} on {remedy.asset} is affected, says {remedy.advisory}.",
        "props": [_prop("found-by", remedy.found_by or "unknown"), _prop("asset", remedy.asset)],
        "methods": ["TEST"],
        "types": ["finding"],
        "collected": times.write(remedy.found_at or at),
        **(
            {}
            if remedy.found_at
            else {"remarks": "The time of detection is not known: this is when the plan was made."}
        ),
    }


def _risk(remedy: Remedy) -> Json:
    props = [
        ("tier", remedy.tier),
        ("directive", remedy.directive),
        ("row", "" if remedy.row is None else str(remedy.row)),
        ("binding", "yes" if remedy.binding else "no"),
        ("exposure", remedy.exposure),
        ("in-kev", remedy.in_kev),
        ("automatable", remedy.automatable),
        ("technical-impact", remedy.impact),
        ("kev-due", remedy.kev_due.isoformat() if remedy.kev_due else ""),
        ("forensic-triage", "yes" if remedy.triage else ""),
        ("defaulted", "; ".join(remedy.defaulted)),
        ("unknown-inputs", "; ".join(remedy.unknown)),
        ("overdue", "yes" if remedy.overdue else ""),
    ]
    risk: dict[str, Json] = {
        "uuid": uuid_for("risk", remedy.id),
        "title": _line(remedy.title or remedy.vulnerability),
        "description": f"{remedy.vulnerability} reaches {remedy.component} {remedy.version} on {remedy.asset}.",
        "statement": _statement(remedy),
        "props": [_prop(name, value) for name, value in props if value],
        "status": _STATUS[remedy.standing],
        "remediations": [
            {
                "uuid": uuid_for("response", remedy.id),
                "lifecycle": "completed" if remedy.standing is Standing.DONE else "planned",
                "title": _line(f"Treatment of {remedy.vulnerability}"),
                "description": remedy.action or "No action is known.",
                **({"props": [_prop("fixed-version", remedy.fix)]} if remedy.fix else {}),
            }
        ],
        "related-observations": [{"observation-uuid": uuid_for("observation", remedy.id)}],
    }
    if remedy.due is not None:
        risk["deadline"] = times.write(remedy.due)
    return risk


def _statement(remedy: Remedy) -> str:
    if not remedy.directive:
        return "No directive gives a date for it."
    if remedy.due is None:
        return f"{remedy.directive} asks: {remedy.tier or 'nothing that could be said yet'}."
    return f"{remedy.directive} asks: {remedy.tier}; the clock was started by: {remedy.started_by or 'unknown'}."


def _item(remedy: Remedy) -> Json:
    return {
        "uuid": uuid_for("item", remedy.id),
        "title": _line(f"{remedy.vulnerability}: {remedy.component} on {remedy.asset}"),
        "description": remedy.action or "No action is known.",
        "props": [_prop("tracking-id", remedy.id)],
        "related-observations": [{"observation-uuid": uuid_for("observation", remedy.id)}],
        "related-risks": [{"risk-uuid": uuid_for("risk", remedy.id)}],
    }


def _links(node: Node, key: str, name: str) -> tuple[str, ...]:
    return tuple(link.text(name, required=True, line=True) for link in node.children(key))


def _read_item(node: Node) -> Item:
    return Item(
        uuid=node.text("uuid", line=True),
        title=node.text("title", required=True),
        description=node.text("description", required=True),
        observations=_links(node, "related-observations", "observation-uuid"),
        risks=_links(node, "related-risks", "risk-uuid"),
    )


def _read_risk(node: Node) -> Risk:
    return Risk(
        uuid=node.text("uuid", required=True, line=True),
        title=node.text("title", required=True),
        description=node.text("description", required=True),
        statement=node.text("statement", required=True),
        status=node.text("status", required=True, line=True),
        deadline=node.text("deadline", line=True),
    )


def _read_observation(node: Node) -> Observation:
    return Observation(
        uuid=node.text("uuid", required=True, line=True),
        description=node.text("description", required=True),
        methods=node.texts("methods"),
        collected=node.text("collected", required=True, line=True),
    )


def _written_item(one: Item) -> dict[str, Json]:
    return {
        **({"uuid": one.uuid} if one.uuid else {}),
        "title": one.title,
        "description": one.description,
        **_listed("related-observations", [{"observation-uuid": link} for link in one.observations]),
        **_listed("related-risks", [{"risk-uuid": link} for link in one.risks]),
    }


def _written_risk(one: Risk) -> dict[str, Json]:
    return {
        "uuid": one.uuid,
        "title": one.title,
        "description": one.description,
        "statement": one.statement,
        "status": one.status,
        **({"deadline": one.deadline} if one.deadline else {}),
    }


def _written_observation(one: Observation) -> dict[str, Json]:
    return {
        "uuid": one.uuid,
        "description": one.description,
        "methods": list(one.methods),
        "collected": one.collected,
    }
