"""Commands of the register of AI defence: entries, stages, measurements, coverage and access grants."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.advice import desk
from comity.cli.options import Json
from comity.errors import Invalid, Problem
from comity.model.asset import Domain
from comity.model.capability import Capability, Stage, Task
from comity.model.ids import AssetId

DomainOption = Annotated[str, Parameter(name="--domain", help="fceb, critical-infrastructure, other, nss or dow")]
Reason = Annotated[str, Parameter(help="why, in one sentence")]


def _domain(text: str) -> Domain:
    if text not in set(Domain):
        raise Invalid("no such domain", [Problem("/domain", "unknown_domain", f"one of {', '.join(Domain)}")])
    return Domain(text)


def listed(*, json: Json = False) -> None:
    """Every entry with stage, gate and measurement; grants; and how far AI reaches."""
    with desk() as (held, viewer):
        register = held.ai.register(viewer)
    if json:
        show.document(
            {
                "entries": [document(one) for one in register.entries],
                "grants": [
                    {
                        "id": one.id,
                        "capability": one.capability,
                        "holder": one.holder,
                        "ends_at": one.ends_at.isoformat(),
                        "used": one.used,
                        "budget": one.budget,
                        "ended": one.revoked_at is not None,
                    }
                    for one in register.grants
                ],
                "coverage": {
                    "assets": register.coverage.assets,
                    "covered": register.coverage.covered,
                    "median_days_covered": register.coverage.median_days_with,
                    "median_days_other": register.coverage.median_days_without,
                },
            }
        )
        return
    show.table(
        ("entry", "name", "stage", "model", "measured", "assets"),
        [
            (one.id, one.name, str(one.stage), one.model, measured(one), str(len(one.assets)))
            for one in register.entries
        ],
        empty="The register is empty: `comity ai begin` enters the uses of a model that Comity has, as proposals.",
    )
    if register.grants:
        show.line("")
        show.table(
            ("grant", "for", "capability", "used", "ends"),
            [
                (
                    one.id,
                    one.holder,
                    one.capability,
                    f"{one.used} of {one.budget}",
                    "ended" if one.revoked_at else show.moment(one.ends_at.isoformat()),
                )
                for one in register.grants
            ],
        )
    show.line("")
    show.line(f"AI in use covers {register.coverage.covered} of {register.coverage.assets} assets.")


def measured(one: Capability) -> str:
    """The newest comparison of the present revision, in a few words."""
    held = one.measured
    if held is None:
        return "not measured"
    return f"{held.difference:+.2f} ({held.low:+.2f} to {held.high:+.2f}), {held.pairs} pairs"


def document(one: Capability) -> dict[str, Any]:
    """An entry for programs."""
    held = one.measured
    return {
        "id": one.id,
        "name": one.name,
        "task": str(one.task),
        "stage": str(one.stage),
        "model": one.model,
        "model_version": one.model_version,
        "authority": one.authority,
        "data": list(one.data),
        "gate": one.gate,
        "kill_switch": one.kill_switch,
        "assets": list(one.assets),
        "measured": None
        if held is None
        else {
            "pairs": held.pairs,
            "difference": held.difference,
            "low": held.low,
            "high": held.high,
            "p_value": held.p_value,
        },
    }


def begin(*, domain: DomainOption = "fceb") -> None:
    """Enter the uses of a model that Comity has, as proposals. What is there already stays."""
    with desk() as (held, viewer):
        made = held.ai.begin(viewer, domain=_domain(domain))
    for one in made:
        show.line(f"{one.id}  {one.name}: {one.stage}")
    if not made:
        show.line("they are all in the register already")


def add(
    name: str,
    *,
    model: str,
    authority: Annotated[str, Parameter(help="what it may do")],
    data: Annotated[list[str], Parameter(help="what it is given to see; may be repeated", negative="")],
    gate: Annotated[str, Parameter(help="who confirms each output")],
    kill_switch: Annotated[str, Parameter(help="how it is stopped, and by whom")],
    tool: str = "its own",
    model_version: str = "",
    domain: DomainOption = "fceb",
) -> None:
    """Enter a tool from elsewhere, as a proposal: it is recorded and measured here, and called by nobody here."""
    from comity.defend.desk_ai import Description

    said = Description(
        name=name,
        task=Task.OTHER,
        model=model,
        model_version=model_version,
        tool=tool,
        authority=authority,
        data=tuple(data),
        gate=gate,
        kill_switch=kill_switch,
    )
    with desk() as (held, viewer):
        made = held.ai.add(viewer, said, domain=_domain(domain))
    show.line(f"{made.id}  {made.name}: {made.stage}")


def move(
    entry: str,
    stage: Annotated[str, Parameter(help="pilot, measured, widened, stopped or proposed")],
    *,
    reason: Reason,
) -> None:
    """Take an entry to another stage, in your name. Widening needs a comparison whose whole interval is above zero."""
    if stage not in set(Stage):
        raise Invalid("no such stage", [Problem("/stage", "unknown_stage", f"one of {', '.join(Stage)}")])
    with desk() as (held, viewer):
        moved = held.ai.move(viewer, entry, Stage(stage), reason=reason)
    show.line(f"{moved.id}  {moved.name}: {moved.stage}", "green")


def measure(
    entry: str,
    pairs: Annotated[Path, Parameter(help="CSV: case, with_ai, without (yes or no); minutes_with, minutes_without")],
    *,
    what: Annotated[str, Parameter(help="what counted as success, in one sentence")],
) -> None:
    """Hold a comparison with work without AI on the same cases against an entry."""
    with desk() as (held, viewer):
        entered = held.ai.measure(viewer, entry, pairs.read_bytes(), measure=what)
    found = entered.measured
    if found is not None:
        show.line(f"{found.pairs} pairs: with AI {found.with_ai}, without {found.without} succeeded")
        show.line(
            f"difference {found.difference:+.3f}, 95 % interval {found.low:+.3f} to {found.high:+.3f} (exact, paired); "
            f"McNemar p = {found.p_value:.3g}"
        )


def cover(entry: str, assets: Annotated[list[str], Parameter(help="asset ids", negative="")]) -> None:
    """Name the assets that an entry covers."""
    with desk() as (held, viewer):
        entered = held.ai.cover(viewer, entry, [AssetId(one) for one in assets])
    show.line(f"{entered.name} covers {len(entered.assets)} assets")


def grant(
    entry: str,
    *,
    holder: Annotated[str, Parameter(help="whom the access is for")],
    days: Annotated[int, Parameter(help="how long")] = 30,
    calls: Annotated[int, Parameter(help="how many calls in all")] = 100,
    purpose: str = "",
) -> None:
    """Open an entry to a small operator, for so many days and calls. The key is shown once."""
    with desk() as (held, viewer):
        made, key = held.ai.grant(viewer, entry, holder=holder, purpose=purpose, days=days, calls=calls)
    show.line(f"{made.id}  {made.holder}: {made.budget} calls until {show.moment(made.ends_at.isoformat())}")
    show.line(f"key {key}")
    show.note("the key is shown once and kept nowhere: hand it over now")


def revoke(grant: str) -> None:
    """End an access now."""
    with desk() as (held, viewer):
        held.ai.revoke(viewer, grant)
    show.line(f"{grant} is ended")
