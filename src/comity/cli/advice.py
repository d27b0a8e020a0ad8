"""Commands of advice: a plan with its evidence, one page, what leaves the house, and signed snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured
from comity.cli.places import office, plain_name, shell_user
from comity.errors import Conflict, Invalid, Problem
from comity.model.ids import AssetId

if TYPE_CHECKING:
    from comity.app import Office
    from comity.model.party import Viewer

SHOWN: Final = 8
"""Records shown below one sentence."""
Asset = Annotated[str, Parameter(help="the asset's id, as `comity defend assets` lists it")]


@contextmanager
def desk() -> Iterator[tuple["Office", "Viewer"]]:
    """The local store, on behalf of the person at the shell."""
    settings = configured()
    if settings.remote:
        raise Conflict("this command works on the store of this machine: run it on the host itself, without --host")
    with office(settings, work=False) as held:
        yield held, shell_user(held)


def plan(
    asset: Asset,
    *,
    model: Annotated[
        bool, Parameter(negative="", help="let a model word it, while the register has one in use")
    ] = False,
    grant: Annotated[str, Parameter(help="key of an access grant, instead of an entry of your own")] = "",
    evidence: Annotated[bool, Parameter(negative="", help="show the records that each sentence stands on")] = False,
    json: Json = False,
) -> None:
    """What to do about one asset: every sentence cites the records it stands on, and was held against them."""
    with desk() as (held, viewer):
        view = held.advice.plan(viewer, AssetId(asset), model=model, grant=grant)
    if json:
        show.document(
            {
                "asset": view.asset.id,
                "at": view.plan.at.isoformat(),
                "evidence_sha256": view.plan.evidence,
                "worded_by": view.plan.worded_by or "template",
                "note": view.plan.note,
                "accepted_left_out": view.accepted,
                "sentences": [
                    {"kind": str(one.kind), "about": one.about, "text": one.text, "cites": list(one.cites)}
                    for one in view.plan.sentences
                ],
                "records": {
                    record.digest: {"kind": str(record.kind), "facts": dict(record.facts), "source": record.source}
                    for record in view.pack.records
                },
            }
        )
        return
    show.line(f"Plan for {view.asset.name}", "bold")
    show.line(
        f"{len(view.plan.sentences)} sentences on {len(view.pack.records)} records "
        f"(evidence {view.plan.evidence[:16]}), "
        f"worded by {view.plan.worded_by or 'template, without a model'}",
        "dim",
    )
    if view.plan.note:
        show.line(view.plan.note, "yellow")
    if view.accepted:
        show.line(f"{view.accepted} findings are accepted for a time and left out.", "dim")
    about = ""
    for one in view.plan.sentences:
        if one.about != about:
            about = one.about
            show.line("")
            show.line(about, "bold")
        show.line(f"  {one.text}")
        if evidence:
            records = view.records(one.cites)
            for record in records[:SHOWN]:
                show.line(f"    {record.digest[:12]}  {record.kind}: {record.source}", "dim")
            if len(records) > SHOWN:
                show.line(f"    and {len(records) - SHOWN} more", "dim")


def one_page(asset: Asset, *, json: Json = False) -> None:
    """One page for a small operator: one action, by when, whom to ask; then the same facts as the analyst's list."""
    with desk() as (held, viewer):
        page = held.advice.one_page(viewer, AssetId(asset))
    if json:
        show.document(
            {
                "asset": page.asset.id,
                "when": page.when,
                "action": page.action,
                "by": page.by.isoformat() if page.by else None,
                "meanwhile": page.meanwhile,
                "others": page.others,
                "contact": page.contact,
                "findings": [one.id for one in page.remedies],
            }
        )
        return
    show.line(f"{page.asset.name}: {page.when}", "bold")
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
                str(one.standing),
            )
            for one in page.remedies
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
) -> None:
    """Write what leaves the house: plan of action, dashboard rows, reports, calendar, VEX."""
    with desk() as (held, viewer):
        made = held.advice.export(viewer, kind, asset=AssetId(asset) if asset else None)
    target = out or Path(plain_name(made.name))
    target.write_bytes(made.data)
    show.line(f"written to {target} ({len(made.data)} bytes)")
    if made.left_out:
        show.note(f"{made.left_out} entries have no place in this format and were left out")


def exposure(
    asset: Asset,
    facts: Annotated[Path, Parameter(help="JSON list of observed facts: kind, value, source, at, expires_at")],
    *,
    confirm: Annotated[bool, Parameter(negative="", help="take the proposal over as your own word")] = False,
) -> None:
    """Who can reach an asset, by rules over facts. A proposal changes nothing until a person confirms it."""
    data = facts.read_bytes()
    with desk() as (held, viewer):
        named, proposal = held.advice.propose_exposure(viewer, AssetId(asset), data)
        saved = held.advice.confirm_exposure(viewer, AssetId(asset), data) if confirm else None
    until = show.moment(proposal.expires_at.isoformat() if proposal.expires_at else None)
    show.line(f"{named.name}: {proposal.value}, {proposal.likely}: {proposal.because}; until {until}")
    if saved is not None:
        show.line("confirmed in your name", "green")
    elif not proposal.is_open:
        show.note("a proposal counts as unknown: --confirm takes it over in your name")


def snapshot_make(
    *, out: Annotated[Path | None, Parameter(help="where to write the bundle")] = None, json: Json = False
) -> None:
    """A signed snapshot of all that you see: what is run, what reaches it, what is due, and what nobody knows."""
    with desk() as (held, viewer):
        made = held.attest.make(viewer)
    target = out or Path(plain_name(made.name.lower()))
    target.write_bytes(made.data)
    if json:
        show.document({"file": str(target), "bytes": len(made.data), "summary": dict(made.summary)})
        return
    show.line(f"written to {target} ({len(made.data)} bytes)")
    _counts(dict(made.summary))


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
