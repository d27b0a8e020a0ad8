"""Commands of the register of AI defence: entries, stages, measurements, coverage and access grants."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comity.api.advice_shapes import CapabilityBody, RegisterBody
from comity.cli import show
from comity.cli.desks import desk, read
from comity.cli.options import Host, Json

DomainOption = Annotated[str, Parameter(name="--domain", help="fceb, critical-infrastructure, other, nss or dow")]
Reason = Annotated[str, Parameter(help="why, in one sentence")]


def listed(*, host: Host = "", json: Json = False) -> None:
    """Every entry with stage, gate and measurement; grants; and how far AI reaches."""
    with desk(host) as there:
        answer = there.read("/ai-defence")
    if json:
        show.document(answer)
        return
    register = read(answer, RegisterBody)
    show.table(
        ("entry", "name", "stage", "model", "measured", "assets"),
        [(one.id, one.name, one.stage, one.model, measured(one), str(len(one.assets))) for one in register.entries],
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
                    "ended" if one.ended else show.moment(one.ends_at.isoformat()),
                )
                for one in register.grants
            ],
        )
    show.line("")
    show.line(f"AI in use covers {register.coverage.covered} of {register.coverage.assets} assets.")


def measured(one: CapabilityBody) -> str:
    """The newest comparison of the present revision, in a few words."""
    held = one.measured
    if held is None:
        return "not measured"
    return f"{held.difference:+.2f} ({held.low:+.2f} to {held.high:+.2f}), {held.pairs} pairs"


def begin(*, domain: DomainOption = "fceb", host: Host = "") -> None:
    """Enter the uses of a model that Comity has, as proposals. What is there already stays."""
    with desk(host) as there:
        made = there.act("/ai-defence/first-entries", {"domain": domain})["entries"]
    for one in made:
        show.line(f"{one['id']}  {one['name']}: {one['stage']}")
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
    host: Host = "",
) -> None:
    """Enter a tool from elsewhere, as a proposal: it is recorded and measured here, and called by nobody here."""
    said = {
        "name": name,
        "model": model,
        "model_version": model_version,
        "tool": tool,
        "authority": authority,
        "data": data,
        "gate": gate,
        "kill_switch": kill_switch,
        "domain": domain,
    }
    with desk(host) as there:
        made = there.act("/ai-defence", said)
    show.line(f"{made['id']}  {made['name']}: {made['stage']}")


def move(
    entry: str,
    stage: Annotated[str, Parameter(help="pilot, measured, widened, stopped or proposed")],
    *,
    reason: Reason,
    host: Host = "",
) -> None:
    """Take an entry to another stage, in your name. Widening needs a comparison whose whole interval is above zero."""
    with desk(host) as there:
        moved = there.act(f"/ai-defence/{entry}/stage", {"stage": stage, "reason": reason})
    show.line(f"{moved['id']}  {moved['name']}: {moved['stage']}", "green")


def measure(
    entry: str,
    pairs: Annotated[Path, Parameter(help="CSV: case, with_ai, without (yes or no); minutes_with, minutes_without")],
    *,
    what: Annotated[str, Parameter(help="what counted as success, in one sentence")],
    host: Host = "",
) -> None:
    """Hold a comparison with work without AI on the same cases against an entry."""
    text = pairs.read_bytes().decode("utf-8-sig", "replace")
    with desk(host) as there:
        answer = there.act(f"/ai-defence/{entry}/comparisons", {"pairs": text, "measure": what})
    found = read(answer, CapabilityBody).measured
    if found is not None:
        show.line(f"{found.pairs} pairs: with AI {found.with_ai}, without {found.without} succeeded")
        show.line(
            f"difference {found.difference:+.3f}, 95 % interval {found.low:+.3f} to {found.high:+.3f} (exact, paired); "
            f"McNemar p = {found.p_value:.3g}"
        )


def cover(
    entry: str, assets: Annotated[list[str], Parameter(help="asset ids", negative="")], *, host: Host = ""
) -> None:
    """Name the assets that an entry covers."""
    with desk(host) as there:
        entered = there.act(f"/ai-defence/{entry}/coverage", {"assets": assets})
    show.line(f"{entered['name']} covers {len(entered['assets'])} assets")


def grant(
    entry: str,
    *,
    holder: Annotated[str, Parameter(help="whom the access is for")],
    days: Annotated[int, Parameter(help="how long")] = 30,
    calls: Annotated[int, Parameter(help="how many calls in all")] = 100,
    purpose: str = "",
    host: Host = "",
) -> None:
    """Open an entry to a small operator, for so many days and calls. The key is shown once."""
    said = {"holder": holder, "purpose": purpose, "days": days, "calls": calls}
    with desk(host) as there:
        made = there.act(f"/ai-defence/{entry}/grants", said)
    show.line(f"{made['id']}  {made['holder']}: {made['budget']} calls until {show.moment(made['ends_at'])}")
    show.line(f"key {made['key']}")
    show.note("the key is shown once and kept nowhere: hand it over now")


def revoke(grant: str, *, host: Host = "") -> None:
    """End an access now."""
    with desk(host) as there:
        there.act(f"/ai-defence/grants/{grant}/end")
    show.line(f"{grant} is ended")
