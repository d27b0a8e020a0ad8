"""From whose copies a text was made that turned up outside."""

import base64
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place


def canary(
    file: Annotated[
        Path, Parameter(help="the text as it turned up; - reads standard input", allow_leading_hyphen=True)
    ],
    *,
    host: Host = "",
    json: Json = False,
) -> int:
    """Whose copies a text from outside was made from. Exit status 0: no reference stands in it; 1: one does."""
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    with place(configured(host)) as there:
        found = there.act("/canaries", {"text": base64.b64encode(data).decode()})
    if json:
        show.document(found)
    else:
        rows = [(c["reference"], c["name"], f"{c['part']}, tier {c['tier']}", c["case"]) for c in found["copies"]]
        if rows:
            show.table(("reference", "copy of", "part", "case"), rows, empty="")
        for shelf in found["shelves"]:
            show.line(f"{shelf['entries']} entries of the blind check that {shelf['organisation']} alone was given")
        show.line(found["says"])
    return 1 if found["copies"] or found["shelves"] else 0
