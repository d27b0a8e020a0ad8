"""Commands of a forensic triage: evidence before the patch, each act in the name of whoever types it."""

import hashlib
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from comity.api.deadline_shapes import LeadsBody, TriageBody
from comity.cli import show
from comity.cli.deadlines import asset_id
from comity.cli.desks import Domain, desk, read
from comity.cli.options import Host, Json
from comity.cli.places import plain_name
from comity.errors import Missing


def shown(asset: str, vulnerability: str, *, domain: Domain = "civil", host: Host = "", json: Json = False) -> int:
    """The triage of a finding: timers, evidence, queries and their coverage. Exit status 1: it cannot be told."""
    with desk(host, domain=domain) as there:
        answer = there.read(f"/triage/{asset_id(there, asset)}/{vulnerability}")
    held = read(answer, TriageBody)
    show.document(answer) if json else _triage(held)
    return 0 if held.held is not None or held.has_tier else 1


def _triage(view: TriageBody) -> None:
    held = view.held
    if held is None:
        show.line(view.locked or view.untriaged)
    else:
        show.line(f"hours count {held.counts_from}", "dim")
        show.table(
            ("step", "within", "by", "done"),
            [
                (
                    step.step,
                    f"{step.hours} h",
                    show.moment(step.due_at.isoformat()) + (" LATE" if step.late else ""),
                    f"{show.moment(step.done_at.isoformat())} by {step.by_name}" if step.done_at else "open",
                )
                for step in view.steps
            ],
        )
        for item in held.items:
            word = " (volatile)" if item.volatile else ""
            show.line(f"  {item.number}. {item.name}{word}, {item.tool}, {item.place}, sha256 {item.sha256}")
        for lead in held.leads:
            show.line(f"  search: {lead.query} (from {lead.source}, taken over by {lead.by_name})")
        if view.broken:
            show.line(f"The evidence chain does not hold: {view.broken}", "red")
        if held.ended is not None:
            show.line(f"{held.ended.compromise}, decided by {held.ended.by_name}: {held.ended.reason}", "bold")
        elif view.locked:
            show.line(f"The patch is locked: {view.locked}", "red")
    show.line(view.coverage, "dim")
    for query in view.queries:
        word = "generic" if query.generic else f"rule {query.rule} by {query.author}"
        show.line(f"[{word}] {query.title} ({query.logsource}): {query.text}")


def opened(asset: str, vulnerability: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Open the triage that a three-day tier asks for."""
    _act(host, domain, asset, vulnerability, "open")


def step(asset: str, vulnerability: str, step: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Mark a step done in your own name, such as `scope`."""
    _act(host, domain, asset, vulnerability, "step", quiet=True, step=step)
    show.line(f"{step}: done", "green")


def collect(
    asset: str,
    vulnerability: str,
    file: Path,
    *,
    tool: Annotated[str, Parameter(help="what it was collected with, and its version")],
    place: Annotated[str, Parameter(help="where it is kept")],
    name: Annotated[str, Parameter(help="what it is; else the file's name")] = "",
    stable: Annotated[bool, Parameter(negative="", help="a patch would not destroy it")] = False,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """Record a piece of evidence by its digest; the file stays where it is."""
    with file.open("rb") as held:
        sha256 = hashlib.file_digest(held, "sha256").hexdigest()
    made = _act(
        host,
        domain,
        asset,
        vulnerability,
        "collect",
        quiet=True,
        name=name or file.name,
        tool=tool,
        place=place,
        sha256=sha256,
        volatile="" if stable else "yes",
    )
    number = len(made.held.items) if made.held is not None else 0
    show.line(f"item {number} recorded, sha256 {sha256}", "green")


def leads(
    asset: str,
    vulnerability: str,
    *,
    model: Annotated[bool, Parameter(negative="", help="let a model choose among them, if one is in use")] = False,
    grant: Annotated[str, Parameter(help="key of an access grant, instead of an entry of your own")] = "",
    take: Annotated[tuple[str, ...], Parameter(help="take this one over into the triage, in your own name")] = (),
    domain: Domain = "civil",
    host: Host = "",
    json: Json = False,
) -> None:
    """What to search for: terms of public advisories, and generic queries. A model may choose among them, no more."""
    if take:
        held = _act(host, domain, asset, vulnerability, "follow", quiet=True, leads="\n".join(take))
        show.line(f"{len(held.held.leads) if held.held is not None else 0} leads are part of this triage", "green")
        return
    with desk(host, domain=domain) as there:
        answer = there.act(f"/triage/{asset_id(there, asset)}/{vulnerability}/leads", {"model": model, "grant": grant})
    if json:
        show.document(answer)
        return
    found = read(answer, LeadsBody)
    for one in found.leads:
        mark = " (the model proposes it)" if one.key in found.chosen else ""
        show.line(f"{one.key}{mark}", "bold" if mark else "")
        show.line(f"  {one.query}; from {one.source}", "dim")
    show.line(found.coverage)
    if found.note:
        show.line(found.note, "dim")
    if found.chosen:
        show.note("a proposal is nobody's word: --take KEY takes a lead over in your own name")


def override(asset: str, vulnerability: str, reason: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Let the patch go before evidence, in your own name; the reason stays in the manifest."""
    _act(host, domain, asset, vulnerability, "override", quiet=True, reason=reason)
    show.line("overridden in your name", "yellow")


def decide(
    asset: str,
    vulnerability: str,
    compromise: Literal["no evidence", "suspected", "confirmed"],
    reason: str,
    *,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """Decide in your own name; the manifest is signed with it."""
    _act(host, domain, asset, vulnerability, "decide", quiet=True, compromise=compromise, reason=reason)
    show.line(f"decided: {compromise}", "green")


def manifest(asset: str, vulnerability: str, *, into: Path = Path(), domain: Domain = "civil", host: Host = "") -> None:
    """Write the manifest and, once decided, its signature; then `comity verify` the signature."""
    with desk(host, domain=domain) as there:
        held = asset_id(there, asset)
        files = {f"triage-{held}-{vulnerability}.json": there.fetch(f"/triage/{held}/{vulnerability}/manifest")}
        try:
            files[f"triage-{held}.dsse.json"] = there.fetch(f"/triage/{held}/{vulnerability}/signature")
        except Missing:
            show.note("no decision yet, so no signature")
    into.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (into / plain_name(name.replace(":", "-"))).write_bytes(data)
        show.line(str(into / name.replace(":", "-")))


def _act(
    host: str, domain: str, asset: str, vulnerability: str, act: str, *, quiet: bool = False, **values: str
) -> TriageBody:
    with desk(host, domain=domain) as there:
        path = f"/triage/{asset_id(there, asset)}/{vulnerability}/acts/{act}"
        held = read(there.act(path, {"values": values}), TriageBody)
    if not quiet:
        _triage(held)
    return held
