"""The generated battery at the terminal: list the families, prove that their items and graders hold."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured


def verify(
    *,
    family: Annotated[
        list[str] | None, Parameter(name=["--family"], negative="", help="only this family, repeatable")
    ] = None,
    seeds: Annotated[int, Parameter(help="seeds per family")] = 20,
    first: Annotated[int, Parameter(name=["--from"], help="the first seed")] = 0,
    json: Json = False,
) -> int:
    """Prove the generated battery here: regeneration, references, mutants, patches and hostile answers.

    For every seed: made again, also by another process, an item is the same byte for byte; its references pass on
    both sides; doing nothing, every mutant and every hostile answer fail; nothing sealed lies in its public files.
    Exit status 1 when anything does not hold.
    """
    from comity.assess.battery.desk import verified

    def said(name: str, done: int, of: int) -> None:
        if done == of or done % 25 == 0:
            show.note(f"{name}: {done} of {of} seeds")

    reports = verified(configured(), family or [], seeds=seeds, first=first, progress=said)
    rows: list[dict[str, Any]] = [
        {
            "family": one.family,
            "seeds": one.seeds,
            "answers": one.trials,
            "hostile": one.hostile,
            "faults": [{"seed": fault.seed, "what": fault.what} for fault in one.faults],
            "seconds": one.seconds,
        }
        for one in reports
    ]
    faults = sum(len(row["faults"]) for row in rows)
    if json:
        show.document({"families": rows, "faults": faults})
        return 1 if faults else 0
    show.table(
        ("family", "seeds", "answers graded", "hostile", "seconds", "faults"),
        [
            (
                r["family"],
                str(r["seeds"]),
                str(r["answers"]),
                str(r["hostile"]),
                f"{r['seconds']:.1f}",
                str(len(r["faults"])),
            )
            for r in rows
        ],
    )
    for row in rows:
        for fault in row["faults"][:20]:
            show.line(f"{row['family']} seed {fault['seed']}: {fault['what']}", "red")
    show.line("Everything holds." if not faults else f"{faults} faults.", "green" if not faults else "red")
    return 1 if faults else 0


def external(*, json: Json = False) -> None:
    """Public task suites beside the generated battery: what each is, and whether it can run on this host, or why not.

    One that is available runs with `comity assess run FOLDER --suite NAME` and a real model's usual conditions.
    """
    from comity.assess.battery.desk import suites

    found = suites()
    if json:
        show.document(
            [
                {
                    "name": one.suite.name,
                    "package": one.suite.package,
                    "available": one.available,
                    "why": one.why,
                    "tasks": one.suite.tasks,
                    "terms": one.suite.terms,
                    "needs": one.suite.needs,
                    "caution": one.suite.caution,
                }
                for one in found
            ]
        )
        return
    for one in found:
        word = ("available here", "green") if one.available else (f"not available here: {one.why}", "yellow")
        show.line(f"{one.suite.name} ({one.suite.package})", "bold")
        show.line(f"  {word[0]}", word[1])
        show.line(f"  {one.suite.tasks}; {one.suite.terms}; needs {one.suite.needs}")
        show.line(f"  {one.suite.caution}", "dim")
    show.line("")
    show.line(f"{sum(one.available for one in found)} of {len(found)} can run here. None of them is counted as run.")


def families(*, json: Json = False) -> None:
    """The families of generated tasks: what either side does, what the oracle checks, what makes them harder."""
    from comity.assess.battery.desk import families as known
    from comity.assess.battery.desk import priors

    believed = priors()

    if json:
        show.document(
            [
                {
                    "family": one.name,
                    "version": one.version,
                    "title": one.title,
                    "offence": one.offence,
                    "defence": one.defence,
                    "checks": one.checks,
                    "executes": one.executes,
                    "uncalibrated_prior": {
                        "least_minutes": believed[one.name].least_minutes,
                        "most_minutes": believed[one.name].most_minutes,
                        "one_item_factor": believed[one.name].one_item_factor,
                        "source": believed[one.name].source,
                    },
                    "knobs": [
                        {"name": k.name, "low": k.low, "high": k.high, "default": k.default, "says": k.says}
                        for k in one.knobs
                    ],
                }
                for one in known()
            ]
        )
        return
    for one in known():
        show.line(f"{one.name}: {one.title}", "bold")
        show.line(f"  offence  {one.offence}")
        show.line(f"  defence  {one.defence}")
        show.line(f"  checked  {one.checks}")
        held = believed[one.name]
        show.line(
            f"  minutes  {held.least_minutes:.0f} to {held.most_minutes:.0f} (uncalibrated prior; one item, 95 %: "
            f"times or divided by {held.one_item_factor:.0f})"
        )
        show.line(f"  from     {held.source}", "dim")
        show.line(f"  harder   {', '.join(f'{k.name} {k.low}-{k.high}' for k in one.knobs)}", "dim")
