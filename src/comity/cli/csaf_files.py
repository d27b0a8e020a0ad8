"""CSAF files on this machine: `comity csaf check FILE`."""

from pathlib import Path

from comity.cli import show
from comity.cli.options import Json


def check(*files: Path, json: Json = False) -> int:
    """Hold files against the JSON schema and the mandatory tests of CSAF 2.0 or 2.1: every problem with its place.

    Exit status 0 when nothing in any file is wrong, 1 when something is. Nothing is stored or sent.
    """
    from comity.errors import Invalid, Problem
    from comity.formats import csaf_check

    if not files:
        raise Invalid("there is nothing to check", [Problem("/files", "missing_field", "name one file or more")])
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
        ran = f"CSAF {version}, schema and {tests} mandatory tests" if version else "not read as CSAF"
        show.line(f"{file}: {ran}: {_count(len(listed))}", "red" if listed else "green")
        show.problems(listed)
        for number, reason in not_run.items():
            show.line(f"{number} was not run: {reason}", "dim")
    if json:
        show.document({"files": told})
    return 1 if any(one["problems"] for one in told) else 0


def _count(number: int) -> str:
    return {0: "no problem", 1: "1 problem"}.get(number, f"{number} problems")
