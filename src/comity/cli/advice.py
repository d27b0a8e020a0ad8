"""Commands of advice: a plan with its evidence, one page, what leaves the house, and signed snapshots."""

from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from comity.api.advice_shapes import OnePageBody, PlanBody, ProposalBody, SnapshotBody
from comity.cli import show
from comity.cli.desks import desk, read
from comity.cli.options import Host, Json, configured
from comity.cli.places import plain_name
from comity.errors import Invalid, Problem

SHOWN: Final = 8
"""Records shown below one sentence."""
Asset = Annotated[str, Parameter(help="the asset's id, as `comity defend assets` lists it")]


def plan(
    asset: Asset,
    *,
    model: Annotated[
        bool, Parameter(negative="", help="let a model word it, while the register has one in use")
    ] = False,
    grant: Annotated[str, Parameter(help="key of an access grant, instead of an entry of your own")] = "",
    evidence: Annotated[bool, Parameter(negative="", help="show the records that each sentence stands on")] = False,
    host: Host = "",
    json: Json = False,
) -> None:
    """What to do about one asset: every sentence cites the records it stands on, and was held against them."""
    with desk(host) as there:
        path = f"/assets/{asset}/plan"
        answer = there.act(path, {"grant": grant}) if model or grant else there.read(path)
    if json:
        show.document(answer)
        return
    held = read(answer, PlanBody)
    show.line(f"Plan for {held.name}", "bold")
    worded = "template, without a model" if held.worded_by == "template" else held.worded_by
    show.line(
        f"{len(held.sentences)} sentences on {len(held.records)} records (evidence {held.evidence_sha256[:16]}), "
        f"worded by {worded}",
        "dim",
    )
    if held.note:
        show.line(held.note, "yellow")
    if held.accepted_left_out:
        show.line(f"{held.accepted_left_out} findings are accepted for a time and left out.", "dim")
    about = ""
    for one in held.sentences:
        if one.about != about:
            about = one.about
            show.line("")
            show.line(about, "bold")
        show.line(f"  {one.text}")
        if evidence:
            for cite in one.cites[:SHOWN]:
                record = held.records[cite]
                show.line(f"    {cite[:12]}  {record.kind}: {record.source}", "dim")
            if len(one.cites) > SHOWN:
                show.line(f"    and {len(one.cites) - SHOWN} more", "dim")


def one_page(asset: Asset, *, host: Host = "", json: Json = False) -> None:
    """One page for a small operator: one action, by when, whom to ask; then the same facts as the analyst's list."""
    with desk(host) as there:
        answer = there.read(f"/assets/{asset}/one-page")
    if json:
        show.document(answer)
        return
    page = read(answer, OnePageBody)
    show.line(f"{page.name}: {page.when}", "bold")
    show.line(page.action)
    if page.by:
        show.line(f"By {show.moment(page.by.isoformat())}.")
    if page.meanwhile:
        show.line(page.meanwhile)
    show.line(f"{page.others} more to do after that." if page.others else "Nothing more after that.")
    show.line(f"Ask: {page.contact or 'nobody is named for this system; name one'}")
    show.line("")
    show.table(
        ("vulnerability", "component", "due", "state"),
        [
            (
                one.vulnerability,
                f"{one.component} {one.version}",
                show.moment(one.due.isoformat() if one.due else None),
                one.standing,
            )
            for one in page.findings
        ],
        empty="Nothing is known to reach it.",
    )


def export(
    kind: Annotated[
        str, Parameter(help="oscal, fedramp-poam, fedramp-vdr, cdm, ics, openvex, cyclonedx-vex or csaf-vex")
    ],
    *,
    asset: Annotated[str, Parameter(help="only this asset")] = "",
    out: Annotated[Path | None, Parameter(help="where to write; else the file's own name here")] = None,
    host: Host = "",
) -> None:
    """Write what leaves the house: plan of action, dashboard rows, reports, calendar, VEX."""
    with desk(host) as there:
        data, name, left_out = there.download(f"/exports/{kind}", asset=asset)
    target = out or Path(plain_name(name))
    target.write_bytes(data)
    show.line(f"written to {target} ({len(data)} bytes)")
    if left_out:
        show.note(f"{left_out} entries have no place in this format and were left out")


def exposure(
    asset: Asset,
    facts: Annotated[Path, Parameter(help="JSON list of observed facts: kind, value, source, at, expires_at")],
    *,
    model: Annotated[
        bool, Parameter(negative="", help="where the rules leave it open, let a model propose, if one is in use")
    ] = False,
    confirm: Annotated[bool, Parameter(negative="", help="take the proposal over as your own word")] = False,
    value: Annotated[str, Parameter(help="with --confirm, where the rules leave it open: public or internal")] = "",
    host: Host = "",
    json: Json = False,
) -> None:
    """Who can reach an asset, by rules over facts. A proposal changes nothing until a person confirms it."""
    said = _facts(facts.read_bytes())
    with desk(host) as there:
        answer = there.act(f"/assets/{asset}/exposure-proposal", {"facts": said, "model": model})
        if confirm:
            there.act(f"/assets/{asset}/exposure-confirmation", {"facts": said, "value": value})
    if json:
        show.document(answer | {"confirmed": confirm})
        return
    found = read(answer, ProposalBody)
    until = show.moment(found.expires_at.isoformat() if found.expires_at else None)
    show.line(f"{found.name}: {found.value}, {found.confidence}: {found.because}; until {until}")
    if found.note:
        show.line(found.note, "dim")
    if confirm:
        show.line("confirmed in your name", "green")
    elif not found.open:
        show.note("a proposal counts as unknown: --confirm takes it over in your name")


def _facts(data: bytes) -> Any:
    """The list out of the file; whether each fact can be used is said where it is read."""
    import json as text

    try:
        held = text.loads(data)
    except (ValueError, RecursionError) as error:
        raise Invalid("the facts cannot be read", [Problem("", "not_json", "give a JSON list of facts")]) from error
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in held):
        raise Invalid("the facts cannot be read", [Problem("", "wrong_type", "give a JSON list of objects")])
    return held


def snapshot_make(
    *,
    out: Annotated[Path | None, Parameter(help="where to write the bundle")] = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """A signed snapshot of all that you see: what is run, what reaches it, what is due, and what nobody knows."""
    with desk(host) as there:
        made = read(there.act("/snapshots"), SnapshotBody)
    target = out or Path(plain_name(made.name))
    target.write_bytes(made.bundle)
    if json:
        show.document({"file": str(target), "bytes": len(made.bundle), "summary": made.summary})
        return
    show.line(f"written to {target} ({len(made.bundle)} bytes)")
    _counts(made.summary)


def snapshot_verify(
    bundle: Path,
    *,
    key: Annotated[list[Path] | None, Parameter(negative="", help="exported public key to trust")] = None,
    json: Json = False,
) -> None:
    """Compute a snapshot again, offline, and say what broke. Without `--key`, this host's own keys are trusted."""
    from comity.app import trusted
    from comity.defend.desk_attest import verify
    from comity.sealing.keys import read_public

    known = tuple(read_public(path.read_bytes()) for path in key) if key else trusted(configured())
    if not known:
        raise Invalid(
            "no key to trust", [Problem("/key", "missing_field", "give --key FILE: `comity key show` writes one")]
        )
    held = verify(bundle.read_bytes(), known)
    if json:
        show.document(
            {
                "holds": True,
                "signed_for": held.key.organisation,
                "key": held.key.id,
                "own_keys": not key,
                "is_demo": held.is_demo,
                "files": held.files,
                "verdicts": held.verdicts,
                "deadlines": held.deadlines,
                "summary": dict(held.summary),
            }
        )
        return
    by = "a demo key: a script signed it, no person stands behind it" if held.is_demo else held.key.organisation
    show.line(f"The snapshot holds, signed by {by}.", "yellow" if held.is_demo else "green")
    if not key:
        show.line(
            "Checked against this machine's own keys only: whoever holds them could have made it. To check what "
            "somebody else hands over, give --key with the public key that they published.",
            "yellow",
        )
    show.line(f"computed again: {held.verdicts} verdicts, {held.deadlines} deadlines, from {held.files} signed files")
    _counts(dict(held.summary))


def _counts(summary: dict[str, Any]) -> None:
    components = ", ".join(f"{count} {answer}" for answer, count in summary["components"].items())
    show.line(f"components: {components}")
    show.line(
        f"findings: {summary['findings']}; with a date {summary['dated']}, overdue {summary['overdue']}, for a person "
        f"{summary['ask_a_person']}, not assessed {summary['not_assessed']}, under no rule {summary['not_bound']}"
    )
    show.line(
        f"filled in by a policy parameter: {summary['defaulted']}; with unknown inputs: {summary['unknown_inputs']}; "
        f"accepted {summary['accepted']}, settled by VEX {summary['settled_by_vex']}"
    )
