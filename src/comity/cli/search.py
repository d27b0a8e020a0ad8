"""Search everything one may read."""

from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place

Words = Annotated[str, Parameter(help="whole words; all of them must be there")]


def search(*words: Words, host: Host = "", json: Json = False) -> None:
    """Find cases, reports, advisories, briefs, inventories, assets, directives and assessments by words.

    Titles, names, ids, products and kinds of weakness are looked through. Descriptions and proofs are not.
    """
    with place(configured(host)) as there:
        held = there.read("/search", q=" ".join(words))
    if json:
        show.document(held)
        return
    rows = [(one["kind"], one["id"], one["note"], one["title"]) for one in held["hits"]]
    show.table(("kind", "id", "state", "title"), rows, empty="Nothing that you may read holds all these words.")
