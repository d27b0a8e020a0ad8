"""Commands about assessments: invite one, follow it, and do each act of the table of acts, here or on a remote host."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from comity.cli import own_keys, show
from comity.cli.options import After, Host, Json, Limit, configured
from comity.cli.places import Place, place, plain_name
from comity.errors import Conflict, Invalid, Problem

ACTS: Final = {
    "take": "take the coordinator's seat of an engagement that has nobody in it",
    "declare": "declare your conflicts of interest",
    "negotiate": "go from the enquiry into terms",
    "seat": "name somebody for a seat",
    "draft": "write the next version of the terms",
    "sign": "sign exactly the terms in hand",
    "reopen": "reopen signed terms",
    "endpoint": "register the model's endpoint and its key",
    "seal": "seal battery, plan and threshold",
    "generate": "seal a generated battery, made for this engagement alone",
    "attest-containment": "attest containment",
    "countersign": "countersign protocol and digests",
    "open": "open the access window",
    "key": "get a key for the gateway",
    "probe": "probe the model's version",
    "close": "close the window now; the developer's stop",
    "window": "move the end of the window inside its cap",
    "propose": "propose a trusted partner",
    "admit": "sign for a proposed partner",
    "veto": "veto a partner",
    "agree": "agree to an act that takes two persons",
    "flag": "raise a misfit or cheat flag",
    "overrule": "overrule a flag, after two persons agreed",
    "confirm": "confirm a cheat flag, after two persons agreed",
    "weakness": "hand a real weakness to the clearinghouse",
    "score": "score what is held and hand the card over",
    "hand-over": "hand over a card made elsewhere on this host",
    "recompute-held": "recompute the card in hand, as the second person",
    "analyse": "ask for more analysis of what is held",
    "record": "record an outcome, or none, with reasons",
    "comment": "comment on the card and finish",
    "release": "sign for the release of a section",
    "renew": "take up lapsed terms again",
    "end": "end an engagement",
    "withdraw": "withdraw: alone, at once, without a reason",
    "erase": "erase the evidence before its clock, with a second person",
}
"""Command -> what it does. A test holds this list to the counter's table."""
RENAMED: Final = {"recompute-held": "recompute", "attest-containment": "attest"}
"""Commands whose act has another name: `recompute` and `attest` themselves are about card files and machines."""
FILLED: Final = {"sign": ("digest", "terms", "digest"), "countersign": ("root", "digests", "battery_root")}
"""Act -> field, and where its value stands in what was read: the newest terms, the newest sealing."""

OwnKey = Annotated[
    Path | None, Parameter(help="sign, countersign or comment with your own key in this file", show_default=False)
]
Fields = Annotated[str, Parameter(help="NAME=TEXT, or NAME=@FILE for a file's content", show_default=False)]


def invite(
    *,
    subject: Annotated[str, Parameter(help="working name of the model")],
    question: Annotated[str, Parameter(help="what you would like to know")],
    declaration: Annotated[str, Parameter(help="your conflicts of interest, or none")] = "none",
    planned: Annotated[str, Parameter(help="your own date for partners, UTC; shortens the window")] = "",
    receipt: Annotated[Path | None, Parameter(help="where the signed receipt goes")] = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """Invite an assessment, from the developer's side: an enquiry that decides nothing. A receipt may be all of it."""
    body = {"subject": subject, "question": question, "declaration": declaration, "planned_release": planned}
    with place(configured(host), work=True) as there:
        held = there.act("/engagements", body)
    file = receipt or Path(f"{plain_name(held['id'])}.receipt.dsse.json")
    file.write_bytes(base64.b64decode(held["receipt"]))
    if json:
        show.document(held)
        return
    show.line(f"{held['id']}: the enquiry is in", "green")
    show.line(f"signed receipt in {file}; check it with `comity verify {file}`")
    show.line(f"next: comity assess show {held['id']}  ({held['url']})", "dim")


def listed(*, after: After = "", limit: Limit = 50, host: Host = "", json: Json = False) -> None:
    """Engagements that you have a part in, newest first."""
    with place(configured(host)) as there:
        held = there.read("/engagements", after=after, limit=limit)
    if json:
        show.document(held)
        return
    rows = [(r["id"], r["state"], ", ".join(r["seats"]) or "-", r["developer"], r["subject"]) for r in held["rows"]]
    show.table(("engagement", "state", "your seat", "developer", "model"), rows, empty="You have no part in any.")
    show.further(held["next"])


def shown(engagement: str, *, host: Host = "", json: Json = False) -> None:
    """One engagement: where it stands, what is next, whose turn it is, what you can do."""
    with place(configured(host)) as there:
        held = there.read(f"/engagements/{engagement}")
    show.document(held) if json else told(held)


def told(held: dict[str, Any]) -> None:
    """One engagement, for people."""
    show.line(f"{held['id']}  {held['state']}", "bold")
    show.line(held["meaning"])
    if held["mark"]:
        show.line(held["mark"], "dim")
    show.line("")
    show.line("Next: " + held["next"], "bold")
    if held["waits_for"]:
        show.line("Waits for " + "; ".join(held["waits_for"]))
    if held["clock"]:
        show.line(f"The clock {held['clock']} ends {show.moment(held['clock_ends'])}.")
    parts = held["parts"]
    if parts.get("window"):
        show.line(f"Window until {show.moment(parts['window']['end'])}, cap {show.moment(parts['window']['cap'])}.")
    if parts.get("terms"):
        show.line(f"Terms, version {parts['terms'][-1]['number']}, digest {parts['terms'][-1]['digest']}")
    for one in parts.get("digests") or []:
        show.line(f"Battery root {one['battery_root']}, {one['leaves']} leaves")
    if held["can_take"]:
        show.line(f"The coordinator's seat is free: comity assess take {held['id']} declaration=none")
    if held["acts"]:
        show.line("")
        names = {served: command for command, served in RENAMED.items()}
        rows = [
            (
                names.get(a["name"], a["name"]),
                a["seat"],
                " ".join(f"{f['name']}=" for f in a["fields"]) or "-",
                a["label"],
            )
            for a in held["acts"]
        ]
        show.table(("comity assess ...", "as", "fields", "what it does"), rows)


def check(*, host: Host = "", json: Json = False) -> int:
    """Walk the table of states and moves and say of each promise whether it holds. Exit status 1 when one does not."""
    with place(configured(host)) as there:
        held = there.read("/assessments/rules")
    if json:
        show.document(held)
    else:
        for claim in held["claims"]:
            word = "holds " if claim["holds"] else "BROKEN"
            show.line(f"{word}  {claim['sentence']}", "green" if claim["holds"] else "red")
            for broken in claim["broken"]:
                show.line(f"        by {broken}", "red")
    return 0 if all(claim["holds"] for claim in held["claims"]) else 1


def ledger(engagement: str, *, host: Host = "", json: Json = False) -> None:
    """Who looked at what, when and in which seat: the access ledger, checked as a chain."""
    with place(configured(host)) as there:
        held = there.read(f"/engagements/{engagement}/ledger")
    if json:
        show.document(held)
        return
    rows = [(str(e["place"]), show.moment(e["at"]), e["who"], e["seat"], e["what"]) for e in held["entries"]]
    show.table(("entry", "when", "who", "seat", "what"), rows)
    show.line(f"head {held['head']}", "dim")


def papers(engagement: str, *, into: Path, host: Host = "") -> None:
    """The host's signed statements about who signed what, into a folder. Check each with `comity verify`."""
    with place(configured(host)) as there:
        held = there.read(f"/engagements/{engagement}/papers")
    into.mkdir(parents=True, exist_ok=True)
    for name, data in held["papers"].items():
        file = into / f"{plain_name(name)}.dsse.json"
        file.write_bytes(base64.b64decode(data))
        show.line(str(file))


def card(
    engagement: str,
    *,
    released: Annotated[bool, Parameter(negative="", help="the released sections instead of the whole card")] = False,
    out: Path | None = None,
    host: Host = "",
) -> None:
    """Take out a copy of the signed card, marked as yours. Work it out again with `comity assess recompute FILE`.

    Two persons agree first, for you by name: `comity assess agree ENGAGEMENT act="export anything" subject="card for
    LOGIN"`, one of them coordinator or auditor, the other of the developer's side.
    """
    what = "released" if released else "card"
    with place(configured(host), work=True) as there:
        held = there.act(f"/engagements/{engagement}/exports", {"what": what})
    file = out or Path(f"{plain_name(engagement)}.{what}.json")
    file.write_bytes(base64.b64decode(held["file"]))
    show.line(f"written to {file}")


def receipt(engagement: str, *, out: Path | None = None, host: Host = "") -> None:
    """The signed erasure receipt. Check it with `comity verify FILE`."""
    _fetch(f"/engagements/{engagement}/receipt", out or Path(f"{plain_name(engagement)}.erasure.dsse.json"), host)


def leaf(engagement: str, leaf: str, *, host: Host = "") -> None:
    """Open one sealed leaf, after two persons agreed to exactly that: an item's name, `threshold`, `analysis plan`."""
    with place(configured(host)) as there:
        show.document(there.act(f"/engagements/{engagement}/openings", {"leaf": leaf}))


def gateway(
    *, port: Annotated[int, Parameter(help="port to bind; 0 means the setting", show_default=False)] = 0
) -> None:
    """Serve the model gateway on this machine: calls to engaged models, with short-lived keys."""
    from comity.cli.serving import serve_gateway

    serve_gateway(configured(), port=port)


def conduct(
    engagement: str,
    *,
    scripted: Annotated[float | None, Parameter(help="a scripted subject, not an AI model, of this horizon")] = None,
    gateway: Annotated[str, Parameter(help="address of the gateway, up to /v1, for the engaged model")] = "",
    key_file: Annotated[Path | None, Parameter(help="file with your gateway key")] = None,
    statement: Annotated[Path | None, Parameter(help="signed statement about the virtual machine")] = None,
    trust: Annotated[list[Path] | None, Parameter(negative="", help="key that may sign it, repeatable")] = None,
) -> None:
    """Make the runs of an engagement on this machine, inside its window. Called again, it goes on. For the operator.

    A real model is reached through the gateway and starts only with a fresh statement about an attested machine.
    """
    from comity.assess.desk import Subject
    from comity.cli.places import office, shell_user
    from comity.model.ids import EngagementId

    held = configured()
    if held.remote:
        raise Invalid("runs are made on the host itself", [Problem("/host", "local_only", "unset COMITY_HOST")])
    if (scripted is None) == (not gateway):
        raise Invalid("name one subject", [Problem("/subject", "subject", "--scripted or --gateway, one of them")])
    subject = Subject(
        scripted_minutes=scripted,
        gateway=gateway,
        gateway_key=key_file.read_text().strip() if key_file is not None else "",
        statement=statement.read_bytes() if statement is not None else None,
        trusted=tuple(path.read_bytes() for path in trust or ()),
    )
    with office(held, work=False) as opened:
        found = opened.assess.conduct(shell_user(opened), EngagementId(engagement), subject, progress=_progress)
    show.line(f"{found.runs} runs, {found.tokens:,} tokens; ended because {found.ended or 'it was stopped'}", "green")


def _progress(seen: Any) -> None:
    show.line(
        f"{seen.done:>4}  {seen.family:<12} {seen.outcome:<14} {seen.horizon_minutes:7.3g} min "
        f"({seen.low_minutes:.3g} to {seen.high_minutes:.3g})  {seen.tokens:,} tokens"
    )


def demo() -> int:
    """A whole engagement, offline: terms, consent, digests, live items, card, comment; another withdraws mid-run."""
    from comity.cli.demo_assess import run

    return run()


def register(group: App) -> None:
    """Every command about engagements, under `comity assess`."""
    group.command(invite)
    group.command(listed, name="list")
    group.command(shown, name="show")
    group.command(own_keys.own_key)
    for one in (check, ledger, papers, card, receipt, leaf, conduct, gateway, demo):
        group.command(one)
    for name, says in ACTS.items():
        group.command(_acting(name, says), name=name, help=f"{says[:1].upper()}{says[1:]}.")


def _acting(name: str, says: str) -> Callable[..., None]:
    def act(engagement: str, *fields: Fields, own_key: OwnKey = None, host: Host = "", json: Json = False) -> None:
        values = _values(fields)
        with place(configured(host), work=True) as there:
            filled = FILLED.get(name)
            if filled is not None and filled[0] not in values:
                values[filled[0]] = _newest(there, engagement, filled)
            if own_key is not None:
                values["signature"] = own_keys.signed(own_key, name, there.read(f"/engagements/{engagement}"), values)
            held = there.act(f"/engagements/{engagement}/acts/{RENAMED.get(name, name)}", {"values": values})
        if json:
            show.document(held)
            return
        show.line(held["outcome"], "green")
        if held["secret"]:
            show.line(held["secret"])

    act.__doc__ = says
    return act


def _newest(there: Place, engagement: str, filled: tuple[str, str, str]) -> str:
    """The digest of what lies there now: the command says which, so that a person sees what they sign."""
    field, part, key = filled
    found = there.read(f"/engagements/{engagement}")["parts"].get(part) or []
    if not found:
        raise Conflict(f"there is nothing to {field} yet: `comity assess show {engagement}` says what comes next")
    show.note(f"{field}: {found[-1][key]}")
    return str(found[-1][key])


def _values(fields: tuple[str, ...]) -> dict[str, str]:
    made: dict[str, str] = {}
    for one in fields:
        name, sign, text = one.partition("=")
        if not sign or not name:
            raise Invalid(f"{one!r} is no field", [Problem(f"/{name}", "no_value", "NAME=TEXT or NAME=@FILE")])
        made[name] = Path(text[1:]).read_text("utf-8") if text.startswith("@") else text
    return made


def _fetch(path: str, file: Path, host: str) -> None:
    with place(configured(host)) as there:
        file.write_bytes(there.fetch(path))
    show.line(f"written to {file}")
