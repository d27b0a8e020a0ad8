"""Commands of editors and readers of briefs: what is public, drafts, reviewing, publishing, correcting, detecting."""

import base64
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import After, Host, Json, Limit, configured
from comity.cli.places import Place, place
from comity.errors import Forbidden, Invalid, Missing, Problem

Numbers = Annotated[list[int] | None, Parameter(negative="", consume_multiple=True, help="numbers of lines")]
Sentences = Annotated[
    list[str] | None, Parameter(negative="", consume_multiple=True, help="the new sentences, bottom line first")
]


def listed(
    *,
    drafts: Annotated[bool, Parameter(negative="", help="the editors' queue instead of what is public")] = False,
    state: Annotated[str, Parameter(help="only drafts in this state", show_default=False)] = "",
    kind: Annotated[str, Parameter(name=["--class"], help="only public briefs of this class", show_default=False)] = "",
    after: After = "",
    limit: Limit = 50,
    host: Host = "",
    json: Json = False,
) -> None:
    """Published briefs, newest first; with `--drafts` the editors' queue."""
    with place(configured(host)) as there:
        if drafts or state:
            held = there.read("/drafts", state=state, after=after, limit=limit)
        else:
            held = there.read("/briefs", **{"class": kind}, after=after, limit=limit)
    if json:
        show.document(held)
    elif drafts or state:
        rows = [
            (one["id"], one["state"], "public" if one["is_published"] else "", one["title"]) for one in held["rows"]
        ]
        show.table(("brief", "state", "", "title"), rows, empty="No draft is held.")
        show.further(held["next"])
    else:
        for one in held["rows"]:
            show.line(one["label"], "bold")
            show.line(f"  {one['id']}  {one['title']}" + ("  (withdrawn)" if one["withdrawn"] else ""))
            if one["bottom_line"]:
                show.line(f"  {one['bottom_line']}")
        if not held["rows"]:
            show.line("No brief is published.")
        show.further(held["next"])


def shown(
    brief: str,
    *,
    draft: Annotated[bool, Parameter(negative="", help="the draft with what the gates say")] = False,
    host: Host = "",
    json: Json = False,
) -> None:
    """One published brief, label first. With `--draft`, or while nothing of it is public, the draft, for an editor."""
    with place(configured(host)) as there:
        if not draft:
            try:
                held = there.read(f"/briefs/{brief}")
                lines = [] if json else there.fetch(f"/briefs/{brief}/files/brief.txt").decode().splitlines()
            except Missing as error:
                held, lines = _behind(there, brief, error), []
                draft = True
        else:
            held = there.read(f"/drafts/{brief}")
    if json:
        show.document(held)
    elif draft:
        _draft(held)
    for line in lines if not draft else ():
        show.line(line)


def _behind(there: Place, brief: str, error: Missing) -> Any:
    """The draft, for an editor; for anybody else the brief is missing, as it was."""
    try:
        return there.read(f"/drafts/{brief}")
    except (Forbidden, Missing):
        raise error from None


def keep(
    file: Annotated[Path, Parameter(help="the page, as you fetched it")],
    *,
    url: Annotated[str, Parameter(help="its address")],
    name: Annotated[str, Parameter(help="what the source is called", show_default=False)] = "",
    open_licence: Annotated[
        str, Parameter(help="why its words may be copied, e.g. 'US government work'", show_default=False)
    ] = "",
    host: Host = "",
    json: Json = False,
) -> int:
    """Make the keyless draft of a page and keep it for review. You are its maker, so somebody else reviews it.

    Status 1 when a gate blocks it.
    """
    content = base64.b64encode(file.read_bytes()).decode()
    with place(configured(host)) as there:
        body = {"content": content, "url": url, "name": name, "open_licence": open_licence}
        held = there.act("/drafts", body)
    show.document(held) if json else _draft(held)
    return 1 if any(one["weight"] == "block" for one in held["findings"]) else 0


def review(
    brief: str,
    *,
    open_source: Annotated[bool, Parameter(negative="", help="print the source; a review needs it")] = False,
    holds: Numbers = None,
    wrong: Numbers = None,
    editor: Annotated[str, Parameter(help="id of the editor of record", show_default=False)] = "",
    reason: Annotated[str, Parameter(help="what is wrong", show_default=False)] = "",
    host: Host = "",
    json: Json = False,
) -> int:
    """Review a draft: begin, open its source, then decide on every line (`--holds 0 1 --wrong 2 --editor ID`).

    Among the lines is at least one planted error. Whoever made the text cannot review it. Status 1: not counted.
    """
    with place(configured(host)) as there:
        held = there.read(f"/drafts/{brief}")
        if held["state"] == "unreviewed" and not (holds or wrong or open_source):
            held = there.act(f"/drafts/{brief}/review")
        if open_source:
            for source in held["record"]["sources"]:
                opened = there.act(f"/drafts/{brief}/opened", {"url": source["url"]})
                show.line(f"{opened['name']}: {opened['url']}", "bold")
                for line in opened["text"].splitlines():
                    show.line(line)
            return 0
        if not (holds or wrong):
            show.document(held) if json else _lines(held, brief)
            return 0
        decisions = {str(one): "holds" for one in holds or ()} | {str(one): "wrong" for one in wrong or ()}
        body: dict[str, Any] = {"decisions": decisions, "editor_of_record": editor, "reason": reason}
        outcome = there.act(f"/drafts/{brief}/decisions", body)
    show.document(outcome) if json else show.line(f"{outcome['outcome']}: {brief} is {outcome['state']}")
    return 0 if outcome["outcome"] == "counted" else 1


def publish(brief: str, *, host: Host = "", json: Json = False) -> None:
    """Publish a reviewed brief in every channel, signed and logged."""
    with place(configured(host)) as there:
        held = there.act(f"/drafts/{brief}/publication")
    if json:
        show.document(held)
        return
    show.line(held["label"], "bold")
    show.line(f"published: {held['url']}", "green")


def correct(
    brief: str,
    *,
    note: Annotated[str, Parameter(help="what was wrong; readers see it for good")],
    sentence: Sentences = None,
    title: Annotated[str, Parameter(help="another title", show_default=False)] = "",
    whose: Annotated[str, Parameter(help="whose error: ours or source")] = "ours",
    host: Host = "",
    json: Json = False,
) -> None:
    """Correct a public brief: a new version, unreviewed until somebody reviews it, and a note that stays."""
    with place(configured(host), work=True) as there:
        held = there.read(f"/drafts/{brief}")["record"]["brief"]
        words = sentence or [held["bottom_line"]["text"], *(one["text"] for one in held["paraphrase"])]
        body = {"note": note, "title": title or held["title"], "sentences": words, "whose": whose}
        changed = there.act(f"/drafts/{brief}/corrections", body)
    show.document(changed) if json else show.line(f"corrected: version {changed['version']}. {changed['label']}")


def withdraw(
    brief: str,
    *,
    reason: Annotated[str, Parameter(help="why; readers see it for good")],
    whose: Annotated[str, Parameter(help="whose error: ours or source")] = "ours",
    host: Host = "",
    json: Json = False,
) -> None:
    """Withdraw a public brief: its words leave every channel, a tombstone stays, everybody it reached is told once."""
    with place(configured(host), work=True) as there:
        gone = there.act(f"/drafts/{brief}/withdrawal", {"reason": reason, "whose": whose})
    show.document(gone) if json else show.line(f"withdrawn: {gone['url']}")


def detect(
    file: Annotated[Path | None, Parameter(help="a text file; without it, standard input")] = None,
    *,
    host: Host = "",
    json: Json = False,
) -> int:
    """Whether a text was published here: yes, near or no (status 1). Nothing of it is kept."""
    text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8", errors="replace")
    if not text.strip():
        raise Invalid("there is nothing to ask about", [Problem("/file", "empty", "give a text")])
    with place(configured(host)) as there:
        held = there.act("/detections", {"text": text})
    if json:
        show.document(held)
    elif held["answer"] == "no":
        show.line("no: nothing published here is close to it; that says nothing about who wrote it")
    else:
        show.line(f"{held['answer']}: brief {held['brief']}, version {held['version']}, {held['url']}")
        show.line(held["label"], "bold")
    return 1 if held["answer"] == "no" else 0


def _draft(held: dict[str, Any]) -> None:
    record = held["record"]
    show.line(f"{held['id']}  {held['state']}", "bold")
    show.line(record["brief"]["title"])
    for one in (record["brief"]["bottom_line"], *record["brief"]["paraphrase"]):
        show.line(f"  {one['text']}")
    show.line(f"checks: {held['checks']}")
    for finding in held["findings"]:
        show.line(f"  {finding['gate']} ({finding['weight']}): {finding['found']}: {finding['reason']}", "yellow")
    for one in record["conflicts"]:
        show.line(
            f"  disputed: {one['subject']}, {one['predicate']}: {one['ours']['value']} / {one['theirs']['value']}"
        )
    for one in record["absences"]:
        if not one["found"]:
            show.line(
                f"  No {one['scope']} names {one['subject']} ({one['searched']} searched on {one['at'][:10]}).", "dim"
            )
    if record["banner"]:
        show.line(record["banner"], "yellow")
    if held["hindrance"]:
        show.line(f"not publishable now: {held['hindrance']}")


def _lines(held: dict[str, Any], brief: str) -> None:
    if not held["lines"]:
        show.line(f"{brief} is {held['state']}; nothing of it is yours to review now")
        return
    for one in held["lines"]:
        show.line(f"{one['number']}  {one['text']}", "bold")
        for words in one["rests_on"]:
            show.line(f"   rests on: {words}", "dim")
    editors = ", ".join(f"{one['id']} ({one['name']})" for one in held["editors"])
    show.line("At least one line is a planted error. Next:")
    show.line(f"  comity brief review {brief} --open-source")
    show.line(f"  comity brief review {brief} --holds N N --wrong N --editor ID   (editors: {editors})")
