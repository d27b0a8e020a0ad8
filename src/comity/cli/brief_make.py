"""Briefs at the terminal: make one from a file or an address, on this machine, and print it."""

from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured
from comity.errors import Invalid, Problem
from comity.settings import Settings


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
    keep: Annotated[bool, Parameter(negative="", help="keep it as an unreviewed draft here")] = False,
    json: Json = False,
) -> int:
    """Make a brief from a file or an address. More of them are further sources of the same story.

    Nothing is published, and nothing is stored without `--keep`. Exit status 1 when a gate blocks the brief.
    """
    from comity.brief import desk_make

    settings = configured()
    held = desk_make.made((source, *further), settings, name=name, open_licence=open_licence, judge=judge)
    if keep:
        _keep(held, settings)
    if json:
        show.document(desk_make.as_document(held))
    else:
        for line in desk_make.as_text(held).split("\n"):
            show.line(line)
    return 1 if held.checked.blocked else 0


def recheck(*, json: Json = False) -> int:
    """Look again at the sources of every public brief here, conditionally. A serving host does it by itself.

    Changed and gone sources reopen what rests on them. Exit status 1 when a brief was reopened.
    """
    from comity.cli.places import Local, place

    settings = configured()
    if settings.remote:
        problem = Problem("/host", "local_only", "unset COMITY_HOST: the host looks itself")
        raise Invalid("sources are looked at from the host, not from here", [problem])
    with place(settings) as there:
        assert isinstance(there, Local)
        found = there.office.briefs.recheck(there.viewer)
    if json:
        show.document([{"url": one.url, "outcome": one.outcome, "reopened": list(one.reopened)} for one in found])
    else:
        rows = [(one.url, one.outcome, " ".join(one.reopened)) for one in found]
        show.table(("source", "now", "reopened"), rows, empty="No public brief rests on an address.")
    return 1 if any(one.reopened for one in found) else 0


def _keep(held: Any, settings: Settings) -> None:
    from comity.brief import desk_make
    from comity.cli.places import Local, place

    if settings.remote:
        problem = Problem("/host", "local_only", "unset COMITY_HOST: a draft is kept on this machine")
        raise Invalid("a draft is kept here, not on a remote host", [problem])
    with place(settings) as there:
        assert isinstance(there, Local)
        kept = there.office.briefs.keep(there.viewer, desk_make.as_draft(held))
    show.note(f"kept as draft {kept.brief.id}: somebody else reviews it (comity brief review)")
