"""Briefs at the terminal: make one from a file or an address, on this machine, and print it."""

from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured


def make(
    source: str,
    *further: str,
    name: Annotated[str, Parameter(help="what the source is called; else the site's name")] = "",
    open_licence: Annotated[
        str, Parameter(help="why the source is openly licensed, e.g. 'US government work'; empty means it is not")
    ] = "",
    judge: Annotated[
        bool, Parameter(negative="", help="let the configured model doubt sentences; it never blocks")
    ] = False,
    json: Json = False,
) -> int:
    """Make a brief from a file or an address. More of them are further sources of the same story.

    Nothing is stored or published. Exit status 1 when a gate blocks the brief.
    """
    from comity.brief import desk_make

    held = desk_make.made((source, *further), configured(), name=name, open_licence=open_licence, judge=judge)
    if json:
        show.document(desk_make.as_document(held))
    else:
        for line in desk_make.as_text(held).split("\n"):
            show.line(line)
    return 1 if held.checked.blocked else 0
