"""Measure a subject on the generated battery at this terminal, and check somebody's card again."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured
from comity.errors import Invalid, Problem

Kind = Literal["honest", "refuse", "cheat", "sandbag"]
Quiet = Annotated[bool, Parameter(name=["--quiet"], negative="", help="no line per run")]


def run(
    into: Path,
    *,
    scripted: Annotated[
        float | None,
        Parameter(help="scripted subject, not an AI model, that solves tasks of this many minutes half the time"),
    ] = None,
    kind: Annotated[Kind, Parameter(help="how a scripted subject behaves")] = "honest",
    works: Annotated[
        bool, Parameter(negative="", help="the scripted subject works its answers out in the sandbox from public files")
    ] = False,
    model: Annotated[str, Parameter(help="any Inspect model (provider/name); needs --statement")] = "",
    base_url: Annotated[str, Parameter(help="address of the model's endpoint")] = "",
    key_file: Annotated[Path | None, Parameter(help="file with the endpoint's key")] = None,
    weights: Annotated[Path | None, Parameter(help="weights file of a small model on the shipped list")] = None,
    statement: Annotated[Path | None, Parameter(help="signed statement about the virtual machine")] = None,
    trust: Annotated[list[Path] | None, Parameter(negative="", help="key that may sign it, repeatable")] = None,
    suite: Annotated[str, Parameter(help="a public suite by its name in inspect-evals; see `battery external`")] = "",
    threshold: Annotated[float | None, Parameter(help="human minutes; without it the result is an estimate")] = None,
    family: Annotated[list[str] | None, Parameter(negative="", help="only this family, repeatable")] = None,
    per_family: Annotated[int, Parameter(help="targets per family; each has two tasks")] = 10,
    margin: Annotated[float, Parameter(help="doublings of human time that a finding must survive")] = 1.0,
    most_runs: Annotated[int | None, Parameter(help="end after so many items")] = None,
    stage: Annotated[list[int] | None, Parameter(negative="", help="tokens per run, repeatable, rising")] = None,
    most_tokens: Annotated[int, Parameter(help="tokens of the whole campaign")] = 50_000_000,
    seconds: Annotated[float, Parameter(help="wall time of one run")] = 3600.0,
    fixed: Annotated[bool, Parameter(negative="", help="the fixed form instead of adaptive choice")] = False,
    seed: Annotated[int, Parameter(help="of the choice of items")] = 0,
    at_once: Annotated[int, Parameter(help="runs side by side")] = 1,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Run a campaign on this machine and leave a signed card in INTO. Called again, it goes on where it was stopped.

    A real model starts only with a fresh signed statement that this is an attested virtual machine without a route out.
    """
    from comity.assess import desk_runs
    from comity.sealing.keys import signing_key

    held = configured()
    if held.remote:
        problem = Problem("/host", "local_only", "unset COMITY_HOST: a campaign is run on this machine")
        raise Invalid("a campaign is run here, not on a remote host", [problem])
    asked = desk_runs.Asked(
        folder=into,
        scripted_minutes=scripted,
        scripted_kind=kind,
        scripted_works=works,
        model=model,
        base_url=base_url or None,
        suite=suite,
        api_key=key_file.read_text().strip() if key_file is not None else None,
        weights=weights,
        threshold_minutes=threshold,
        families=tuple(family or ()),
        per_family=per_family,
        budget=desk_runs.Budget(
            stages=tuple(stage or (100_000, 500_000, 2_000_000)), most_tokens=most_tokens, seconds_per_run=seconds
        ),
        policy=desk_runs.Policy(most_runs=most_runs, margin_log2=margin),
        fixed=fixed,
        seed=seed,
        at_once=at_once,
        statement=statement.read_bytes() if statement is not None else None,
        trusted=tuple(path.read_bytes() for path in trust or ()),
    )
    live = not (quiet or json)
    measured = desk_runs.measure(
        asked,
        key=signing_key(held),
        settings=held,
        progress=_progress if live else None,
    )
    found = measured.card["numbers"]["determination"]
    if json:
        show.document(
            {
                "finding": found["finding"],
                "estimate": found["estimate"],
                "reasons": found["reasons"],
                "runs": len(measured.card["data"]["runs"]),
                "resumed": measured.resumed,
                "ended": measured.campaign.ended,
                "level": measured.card["level"],
                "files": [str(path) for path in measured.files],
            }
        )
        return 0
    if measured.resumed:
        show.line(f"went on after {measured.resumed} runs that were on record", "dim")
    show.line(f"{len(measured.card['data']['runs'])} runs; ended because {measured.campaign.ended or 'it was stopped'}")
    show.line(f"finding: {found['finding'].replace('_', ' ')}", "bold")
    show.line(f"horizon at even odds: {found['estimate']}")
    for reason in found["reasons"]:
        show.line(f"  {reason}", "dim")
    for path in measured.files:
        show.line(str(path))
    return 0


def recompute(
    card: Path,
    *,
    key: Annotated[Path | None, Parameter(help="exported public key that must have signed it")] = None,
    page: Annotated[Path | None, Parameter(help="the card's page, to check that it shows this card")] = None,
    json: Json = False,
) -> int:
    """Open a card file and work every number out again, without the battery's secrets. Exit status 1 when it differs.

    Needs no store. Without `--key` it says whose key signed the card, and you decide whether you know it.
    """
    from comity.assess import desk_runs

    opened, again = desk_runs.check(
        card.read_bytes(),
        trusted=key.read_bytes() if key is not None else None,
        drawn=page.read_bytes() if page is not None else None,
    )
    if json:
        show.document(
            {
                "same": again.same,
                "finding": again.finding,
                "estimate": again.estimate,
                "compared": again.numbers,
                "differences": list(again.differences),
                "key": opened.key.id,
                "organisation": opened.key.organisation,
                "demo": opened.key.demo,
                "trusted": opened.trusted,
                "developer_signed": list(opened.own),
                "mark": opened.mark,
            }
        )
        return 0 if again.same else 1
    for difference in again.differences:
        show.failed(difference)
    if not again.same:
        return 1
    show.line(f"same: {again.numbers} numbers and words worked out again", "green")
    show.line(f"finding: {again.finding.replace('_', ' ')}; horizon at even odds: {again.estimate}")
    who = opened.key.organisation or "nobody named"
    demo = ", a demonstration key" if opened.key.demo else ""
    state = "the key you named" if opened.trusted else "not held against a key you trust (--key)"
    show.line(f"signed by {opened.key.id[:16]} of {who}{demo}: {state}")
    if opened.mark:
        show.line(opened.mark, "yellow")
    if opened.own:
        named = str(opened.card["developer"]["key"])[:16]
        show.line(f"the developer's own key {named} signed its terms and digests: {', '.join(opened.own)}")
    else:
        show.line("no own signature of the developer: the host states who signed", "dim")
    return 0


def attest(
    image: str, *, into: Annotated[Path, Parameter(help="where the statement goes")] = Path("machine.statement.json")
) -> None:
    """State, signed with this host's key, that the virtual machine runs the image of this SHA-256 and has no route out.

    For whoever runs the machine: Comity inside it cannot see from within that this is true.
    """
    from datetime import UTC, datetime

    from comity.assess import desk_runs
    from comity.sealing.keys import signing_key

    into.write_bytes(desk_runs.attest(image, key=signing_key(configured()), at=datetime.now(UTC)))  # noqa: TID251  # a door
    show.line(str(into))


def _progress(seen: object) -> None:
    from comity.assess.desk_runs import Progress

    assert isinstance(seen, Progress)
    above = "" if seen.above is None else f"  P(above) {seen.above:.2f}"
    show.line(
        f"{seen.done:>4}  {seen.family:<12} {seen.outcome:<14} {seen.horizon_minutes:7.3g} min "
        f"({seen.low_minutes:.3g} to {seen.high_minutes:.3g}){above}  {seen.tokens:,} tokens"
    )
