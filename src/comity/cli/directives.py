"""Commands about directives: check a pack, read one, compare two; write, sign and publish one; follow one."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from comity.api.directive_shapes import DirectiveBody
from comity.cli import show
from comity.cli.desks import Domain, desk, read
from comity.cli.options import Host, Json
from comity.errors import Invalid

if TYPE_CHECKING:
    from comity.model.directive import Pack

ANSWER_DAYS = 10


def check(file: Path, *, json: Json = False) -> int:
    """Read a pack as a stranger's: limits, schema, references, table, its own examples. Exit status 1: not sound."""
    from comity.formats import directive

    try:
        pack = directive.read(file.read_bytes())
    except Invalid as error:
        found = [asdict(one) for one in error.problems]
        if json:
            show.document({"sound": False, "why": str(error), "problems": found})
        else:
            show.line(f"{file.name}: {error}", "red")
            show.problems(found)
        return 1
    if json:
        show.document({"sound": True, "pack": pack.id, "version": pack.version, "sha256": pack.digest})
        return 0
    show.line(f"{file.name}: sound: {pack.name}, {pack.kind}", "green")
    rows = f"a total table of {len(pack.table.rows)} rows" if pack.table is not None else "no table"
    show.line(
        f"  {rows}, {len(pack.duties)} duties, {len(pack.parameters)} parameters; {len(pack.examples)} examples and "
        f"{len(pack.wrong)} counter-examples hold"
    )
    show.line(f"  sha256 {pack.digest}", "dim")
    return 0


def listed(*, domain: Domain = "civil", host: Host = "", json: Json = False) -> None:
    """Every pack you may read: shipped, and published on this host."""
    with desk(host, domain=domain) as there:
        rows = there.read("/directives")["rows"]
    if json:
        show.document(rows)
        return
    show.table(
        ("pack", "version", "kind", "certainty", "here"),
        [
            (
                str(r["pack"]),
                str(r["version"]),
                str(r["kind"]),
                str(r["certainty"]),
                ("ships" if r["shipped"] else "published") + (", followed" if r["followed"] else ""),
            )
            for r in rows
        ],
    )
    show.note("what ships with Comity is a transcription: compare with the authority's own text")


def shown(pack: str, *, domain: Domain = "civil", host: Host = "", json: Json = False) -> None:
    """One pack, by id or as a file: whom it binds, its rows, duties, and what no source settles."""
    held = _pack(pack, domain, host)
    if json:
        show.document(_plain(held))
        return
    show.line(held.title, "bold")
    show.line(f"{held.name}  {held.kind}  {held.authority}; binding on {held.binds}")
    until = f", until {held.until}" if held.until else ""
    show.line(f"issued {held.issued}, applies from {held.applies_from}{until}; review due {held.review_due}")
    show.line(f"{held.standing.sentence} Certainty: {_sure(held)}, as of {held.standing.as_of}.", "yellow")
    if held.table is not None:
        show.line("")
        names = [one.name.replace("_", " ") for one in held.table.inputs]
        words = [{value.key: value.name for value in one.values} for one in held.table.inputs]
        show.table(
            ("row", *names, "tier"),
            [
                (
                    str(row.number),
                    *(words[place][key] for place, key in enumerate(row.given)),
                    held.outcome(row.then).name,
                )
                for row in held.table.rows
            ],
        )
    if held.duties:
        show.line("")
    for duty in held.duties:
        unit = duty.unit.replace("_", " ") + ("" if duty.amount == 1 else "s")
        due = duty.on.isoformat() if duty.on else f"{duty.amount} {unit} after: {duty.after.replace('_', ' ')}"
        show.line(f"{duty.id}: {due}; binding on {', '.join(duty.binding_on) or 'none'}", "bold")
        show.line(f"  {duty.actor}: {duty.text}")
        if duty.result:
            show.line(f"  {duty.result}", "dim")
    if held.parameters:
        show.line("")
        show.line("What no source settles:", "bold")
    for one in held.parameters:
        show.line(f"  {one.id}={one.default} (of {', '.join(one.choices) or 'any'}): {one.why}")


def diff(before: str, after: str, *, domain: Domain = "civil", host: Host = "", json: Json = False) -> int:
    """What differs between two packs, each by id or as a file. Exit status 1: something differs."""
    from comity.formats.directive_diff import diff as compare

    found = compare(_pack(before, domain, host), _pack(after, domain, host))
    if json:
        show.document([asdict(one) for one in found])
    else:
        for one in found:
            show.line(f"{one.place}: {one.before or 'not there'} -> {one.after or 'not there'}")
        if not found:
            show.line("They ask the same.", "green")
    return 1 if found else 0


def draft(file: Path, *, domain: Domain = "civil", host: Host = "") -> None:
    """Keep a pack as a draft; the 30-day clock starts."""
    with desk(host, domain=domain) as there:
        _told(there.send("/authoring", file.read_bytes()))


def consult(
    directive: str,
    office: Annotated[list[str], Parameter(negative="", help="organisation to ask, repeatable")],
    *,
    days: Annotated[int, Parameter(help="days to answer")] = ANSWER_DAYS,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """Ask named offices for comments."""
    _act(host, domain, f"/authoring/{directive}/consultation", {"offices": office, "days": days})


def comment(
    directive: str,
    text: str = "",
    *,
    agree: Annotated[bool, Parameter(negative="", help="nothing to add or change")] = False,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """Say something for your own organisation on a directive in consultation, or agree."""
    _act(host, domain, f"/authoring/{directive}/comments", {"text": text, "agrees": agree})


def sign(directive: str, draft: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Sign exactly the draft with this SHA-256, in your own name (DSSE, sealed by the host's key)."""
    _act(host, domain, f"/authoring/{directive}/signature", {"draft_sha256": draft})


def publish(directive: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Publish a signed directive: its followers are asked to acknowledge it."""
    _act(host, domain, f"/authoring/{directive}/publication", {})


def withdraw(directive: str, why: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Take a directive back, with a reason."""
    _act(host, domain, f"/authoring/{directive}/withdrawal", {"why": why})


def status(directive: str = "", *, domain: Domain = "civil", host: Host = "", json: Json = False) -> None:
    """Where a directive stands on its 30-day clock; without a name, all that you write or are asked about."""
    with desk(host, domain=domain) as there:
        answer = there.read(f"/authoring/{directive}" if directive else "/authoring")
    if json:
        show.document(answer)
    elif directive:
        _told(answer)
    else:
        show.table(
            ("directive", "pack", "stage", "clock"),
            [
                (one["id"], f"{one['pack_id']} {one['pack_version']}", one["stage"], one["clock"])
                for one in answer["rows"]
            ],
            empty="Nothing is in the making.",
        )


def follow(pack: str, *, domain: Domain = "civil", host: Host = "") -> None:
    """Follow a pack for your organisation: its dates count from now on."""
    with desk(host, domain=domain) as there:
        held = there.act(f"/directives/{pack}/follow")
    show.line(f"{held['organisation_name']} follows {held['pack_id']}", "green")


def acknowledge(pack: str, version: str = "", *, domain: Domain = "civil", host: Host = "") -> None:
    """Confirm in your own name that your organisation has read a version."""
    with desk(host, domain=domain) as there:
        held = there.act(f"/directives/{pack}/acknowledgement", {"version": version})
    said = held["acknowledged"][-1]
    show.line(
        f"{held['pack_id']} {said['version']} acknowledged by {said['by_name']} at {show.moment(said['at'])}", "green"
    )


def report(
    pack: str,
    adoption: Literal["not yet", "partly", "adopted", "not applicable"],
    text: str = "",
    *,
    domain: Domain = "civil",
    host: Host = "",
) -> None:
    """Report how far your organisation is."""
    with desk(host, domain=domain) as there:
        held = there.act(f"/directives/{pack}/adoption", {"adoption": adoption, "text": text})
    show.line(f"{held['organisation_name']}: {held['pack_id']} {adoption}", "green")


def _act(host: str, domain: str, path: str, body: Mapping[str, Any]) -> None:
    with desk(host, domain=domain) as there:
        _told(there.act(path, body))


def _pack(name: str, domain: str, host: str) -> "Pack":
    """A pack by id or, when such a file is there, out of the file. A remote host's is read from its own file."""
    from comity.formats import directive

    path = Path(name)
    if re.search(r"\.(ya?ml|json)\Z", name) and path.exists():
        return directive.read(path.read_bytes())
    if name in (*directive.SHIPPED, "us.eo-14409"):
        return directive.shipped(name)
    with desk(host, domain=domain) as there:
        return directive.read(there.fetch(f"/directives/{name}/file"))


def _told(answer: Any) -> None:
    held = read(answer, DirectiveBody)
    show.line(f"{held.id}  {held.pack_id} {held.pack_version}  {held.stage}", "bold")
    show.line(f"30-day clock: {held.clock}; review due {held.review_due}", "yellow" if held.late else "")
    for one in held.offices:
        show.line(f"  {one.name}: {'nothing yet' if one.silent else 'agrees' if one.agrees else 'commented'}")
    for said in held.comments:
        show.line(f"  {said.office_name}, {said.by_name}: {said.text or 'agrees'}", "dim")
    show.line(f"draft sha256 {held.draft_sha256}", "dim")
    if held.why_not_signed and held.stage == "in consultation":
        show.line(f"not to be signed yet: {held.why_not_signed}")
    for follower in held.followers:
        done = ", ".join(one.version for one in follower.acknowledged) or "not acknowledged"
        how = follower.reports[-1].adoption if follower.reports else "no report"
        show.line(f"  followed by {follower.organisation_name}: {done}; adoption: {how}")


def _sure(pack: "Pack") -> str:
    return f"{pack.standing.certainty}{' (secondary)' if pack.standing.secondary else ''}"


def _plain(pack: "Pack") -> Any:
    import msgspec

    return msgspec.to_builtins(pack, enc_hook=str)
