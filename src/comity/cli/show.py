"""How answers look in a terminal: tables and plain sentences for people, one JSON document for programs.

Much of what is shown was written by strangers. Control and direction characters are shown as their code points, so
that no report moves the cursor, renames the window or hides part of a line on a coordinator's screen.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

LONGEST_WORD: Final = 40
"""Anything longer is a link, a digest or a path: something to copy, not to read."""
STATES: Final = {"ok": ("ok", "green"), "warn": ("note", "yellow"), "bad": ("BAD", "red")}


def plain(text: str) -> str:
    """Text with control and direction characters made visible (categories Cc and Cf); a line end stays one."""
    return "".join(
        f"<U+{ord(letter):04X}>" if letter != "\n" and unicodedata.category(letter) in {"Cc", "Cf"} else letter
        for letter in text
    )


def moment(text: str | None) -> str:
    """A time of the API, to the minute, in UTC; "none" when there is none."""
    return f"{text[:16].replace('T', ' ')} UTC" if text else "none"


def document(value: Any) -> None:
    """The JSON document on standard output, and nothing else there. ASCII, so that a terminal shows it safely."""
    sys.stdout.write(json.dumps(value, indent=1, default=str) + "\n")


def problems(found: Iterable[dict[str, str]], to: Console = out) -> None:
    """A list of problems, each with its place."""
    for problem in found:
        to.print(Text(plain(f"  {problem['pointer'] or '/'}: {problem['reason']} ({problem['code']})")))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str = "") -> None:
    """A quiet table; nothing in it is read as markup. The last column takes the room that is left.

    `empty` is said instead of a table without rows.
    """
    if not rows and empty:
        line(empty)
        return
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns, 1):
        made.add_column(column, overflow="fold", no_wrap=number < len(columns))
    for row in rows:
        made.add_row(*(Text(plain(cell)) for cell in row))
    out.print(made)


def further(following: str) -> None:
    """How to see the next page of a list, when there is one."""
    if following:
        note(f"more: --after {following}")


def line(text: str, style: str = "") -> None:
    """One line of text, harmless and otherwise as it stands.

    A link or a digest is never broken (a pasted half is worse than a ragged edge), nor is anything for a pipe.
    """
    whole = not out.is_terminal or any(len(word) > LONGEST_WORD for word in text.split())
    out.print(Text(plain(text), style=style), soft_wrap=whole)


def note(text: str) -> None:
    """One line beside the answer, on standard error."""
    err.print(Text(plain(text), style="dim"))


def failed(text: str) -> None:
    """Why a command could not be carried out, on standard error."""
    err.print(Text(plain(text), style="red"), soft_wrap=True)  # whole lines, so that a log or a search finds them


def answers(found: Sequence[dict[str, Any]]) -> None:
    """What became of each finding that was sent."""
    for answer in found:
        match answer["kind"]:
            case "accepted":
                again = " (sent before: same receipt)" if answer["repeat"] else ""
                line(f"{answer['name']}: accepted{again}", "green")
                line(f"  report {answer['report']}  receipt {answer['receipt']}")
            case "checked":
                line(f"{answer['name']}: would be accepted, as {answer['format']}", "green")
            case _:
                line(f"{answer['name']}: refused, nothing was stored", "red")
                problems(answer["problems"])
                continue
        if answer["gaps"]:
            line(f"  still missing: {', '.join(answer['gaps'])}", "dim")
        problems(answer["warnings"])


def cases(rows: Sequence[dict[str, Any]], stage: str = "") -> None:
    """The queue."""
    table(
        ("case", "stage", "band", "verdict", "title"),
        [(r["id"], r["stage"], r["band"] or "-", r["verdict"].partition(":")[0] or "-", r["title"]) for r in rows],
        empty=f"No case is in stage {stage}." if stage else "The queue is empty.",
    )


def renderings(found: Sequence[dict[str, Any]]) -> None:
    """A draft in every format, with what each format's check found."""
    for one in found:
        bad = one["problems"]
        line(f"{one['format']}: {one['filename']}: {'problems' if bad else 'valid'}", "red" if bad else "green")
        problems(bad)


def case(held: dict[str, Any]) -> None:
    """One case with its evidence."""
    line(held["title"], "bold")
    line(f"{held['id']}  {held['stage']}  {held['case']['handling']['tlp']}")
    line("")
    for verdict, validation in zip(held["verdicts"], held["case"]["validations"], strict=True):
        line(verdict)
        if validation["statement"]:
            line(f"  signed statement  comity case statement {held['id']} {validation['statement'][:12]}", "dim")
    for reason in held["reasons"]:
        line(reason)
    _priority(held["case"]["priority"])
    line("")
    line("Next: " + held["todo"], "bold")
    line(held["note"], "dim")
    if held["case"]["embargo_basis"]:
        line(f"Embargo until {moment(held['case']['embargo_until'])}: {held['case']['embargo_basis']}")
    for approval in held["case"]["approvals"]:
        script = ", a script, not a person" if approval["is_script"] else ""
        line(f"Approved by {approval['person_name']}{script} at {moment(approval['at'])}")
    line("")
    table(
        ("entry", "when", "what"),
        [(str(m["sequence"]), m["at"][:19].replace("T", " "), m["sentence"]) for m in held["history"]],
    )


def _priority(priority: dict[str, Any] | None) -> None:
    if priority is None:
        return
    line("")
    line(f"{priority['band']}: {priority['why_now']}", "bold")
    table(
        ("signal", "value", "source", "as of"),
        [
            (s["name"], s["value"] or "unknown", s["source"], (s["as_of"] or "no date")[:10])
            for s in priority["signals"]
        ],
    )
    for tree in priority.get("trees", ()):
        if tree["outcome"]:
            line(f"{tree['title']}: {tree['outcome']}", "dim")
    row = priority["row"] or f"undecided between {len(priority['possible'])} rows"
    missing = f"; unknown: {', '.join(priority['missing'])}" if priority["missing"] else ""
    line(f"BOD 26-04: {row}; {priority['action'] or 'no action follows'}{missing}")


def advisory(held: dict[str, Any]) -> None:
    """One published advisory with its files."""
    text = held["advisory"]
    line(f"{held['id']}  {text['title']}", "bold")
    line(text["summary"])
    line(text["evidence"])
    line(text["approved_by"], "yellow" if "script" in text["approved_by"] else "")
    files = [(f["name"], f["sha256"][:16], f["seal"]) for f in held["files"] if not f["name"].endswith(".seal.json")]
    table(("file", "SHA-256", "seal"), files)


def health(lines: Sequence[dict[str, str]]) -> None:
    """The doctor's findings."""
    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for one in lines:
        word, style = STATES[one["state"]]
        made.add_row(Text(word, style=style), Text(plain(one["name"])), Text(plain(one["value"])))
        if one["remedy"]:
            made.add_row("", "", Text(plain(one["remedy"]), style="dim"))
    out.print(made)


def proof(held: dict[str, Any]) -> None:
    """What a check of the journal found."""
    if held["whole"]:
        line(f"The journal is whole: {held['entries']} entries, {held['checkpoints']} signed checkpoints.", "green")
        line(f"head {held['head']}", "dim")
        return
    line("The journal does not verify:", "red")
    for problem in held["problems"]:
        line(f"  {problem}", "red")


def verified(held: dict[str, Any]) -> None:
    """A signed file that holds."""
    line(held["sentence"], "yellow" if held["is_demo"] else "green")
    for fact in held["facts"]:
        line(f"  {fact['name']}: {fact['value']}", "dim")
