"""The command that runs the suites of standards: `comity conformance`."""

from typing import Annotated

from cyclopts import Parameter

from comity import settings as configuration
from comity.cli import show
from comity.cli.options import Json


def conformance(*, suite: Annotated[str, Parameter(help="Run this suite alone.")] = "", json: Json = False) -> int:
    """Run every suite of a standard that Comity claims to meet, with counts; 1 when anything failed.

    What cannot run here (a tool or a corpus is absent) is skipped, and the reason is printed.
    """
    from comity.bench import conformance as suites
    from comity.bench.corpora import folder

    result = suites.run(folder(configuration.load()), suite=suite)
    if json:
        show.document(result)
        return 0 if suites.is_good(result) else 1
    rows = [
        (row["name"], str(row["passed"]), str(row["failed"]), str(row["skipped"]), row["source"])
        for row in result["suites"]
    ]
    show.table(("suite", "passed", "failed", "skipped", "whose cases"), rows)
    for row in result["suites"]:
        for reason in row["reasons"]:
            style = "red" if row["failed"] and not reason.startswith(("skipped", "differs", "no ", "peer")) else "dim"
            show.line(f"{row['name']}: {reason}", style)
    good = suites.is_good(result)
    show.line("nothing failed" if good else "a suite failed", "green" if good else "red")
    return 0 if good else 1
