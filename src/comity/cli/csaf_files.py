"""CSAF files on this machine: `comity csaf check FILE`."""

from pathlib import Path

from comity.cli import show
from comity.cli.options import Json


def check(*files: Path, json: Json = False) -> int:
    """Run the mandatory tests of CSAF 2.0 or 2.1 over files: every problem with its test and place.

    Exit status 0 when no test of any file fails, 1 when one does. Nothing is stored or sent.
    """
    from comity.errors import Invalid
    from comity.formats import csaf_check

    told = []
    for file in files:
        try:
            found = csaf_check.check(file.read_bytes())
            version, tests, problems, not_run = found.version, found.tests, found.problems, dict(found.not_run)
        except Invalid as refused:
            version, tests, problems, not_run = "", 0, refused.problems, {}
        listed = [{"pointer": p.pointer, "code": p.code, "reason": p.reason} for p in problems]
        told.append({"file": str(file), "version": version, "tests": tests, "not_run": not_run, "problems": listed})
        if json:
            continue
        ran = f"CSAF {version}, {tests} mandatory tests" if version else "not read as CSAF"
        show.line(
            f"{file}: {ran}: {f'{len(listed)} problems' if listed else 'none fails'}", "red" if listed else "green"
        )
        show.problems(listed)
        for number, reason in not_run.items():
            show.line(f"{number} was not run: {reason}", "dim")
    if json:
        show.document({"files": told})
    else:
        show.line("The JSON schema of CSAF was not checked.", "dim")
    return 1 if any(one["problems"] for one in told) else 0
