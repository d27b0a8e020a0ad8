"""Partner hosts at the terminal: who they are, handing a case over, and what passed."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place, plain_name
from comity.errors import Invalid, Problem

Keep = Annotated[
    list[str] | None,
    Parameter(negative="", help="TEXT=REASON for a piece of personal information that goes along; repeat it"),
]


def listed(*, host: Host = "", json: Json = False) -> None:
    """Hosts with which this one has an agreement."""
    with place(configured(host)) as there:
        held = there.read("/partners")
    if json:
        show.document(held)
        return
    rows = [
        (
            p["partner"],
            p["name"],
            p["address"],
            p["key_id"][:16] or "TAP intake",
            "yes" if p["exchanges_claims"] else "no",
        )
        for p in held
    ]
    show.table(("partner", "name", "address", "key", "claims pass"), rows, empty="No partner: `comity partner add`.")


def add(
    name: str,
    address: str,
    *,
    key: Annotated[Path | None, Parameter(help="its key document, brought by hand")] = None,
    tap_token: Annotated[Path | None, Parameter(help="for a TAP intake: a file with the token that it gave us")] = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """Enter a partner host. Compare the key's id with the other side over another way before you do."""
    if (key is None) == (tap_token is None):
        raise Invalid("one of the two is needed", [Problem("/key", "not_one", "give --key, or --tap-token")])
    body = {"name": name, "address": address}
    if key is not None:
        body["key"] = b64encode(key.read_bytes()).decode()
    if tap_token is not None:
        body["tap_token"] = tap_token.read_text("utf-8").strip()
    with place(configured(host)) as there:
        held = there.act("/partners", body)
    if json:
        show.document(held)
        return
    how = f"key {held['key_id']}" if held["key_id"] else "its TAP intake"
    show.line(f"{held['partner']}: {held['name']} at {held['address']}, {how}", "green")


def end(partner: str, *, host: Host = "") -> None:
    """End an agreement: nothing passes any more, in either direction."""
    with place(configured(host)) as there:
        there.act(f"/partners/{partner}/end")
    show.line(f"{partner}: ended")


def exchange_claims(
    partner: str,
    *,
    off: Annotated[bool, Parameter(negative="", help="stop, and forget what was heard")] = False,
    host: Host = "",
) -> None:
    """Tell a partner host of scan claims whose holders agreed, and hear of theirs."""
    with place(configured(host)) as there:
        held = there.act(f"/partners/{partner}/claims", {"on": not off})
    show.line(f"{held['name']}: claims are {'exchanged' if held['exchanges_claims'] else 'not exchanged'}")


def hand_over(
    case: str,
    *,
    to: Annotated[str, Parameter(help="the partner, as `comity partner list` names it")],
    basis: Annotated[str, Parameter(help="the ground: cisa-2015, contract, nda, community-terms, consent")],
    why: Annotated[str, Parameter(help="why, in one line that the partner reads")],
    keep: Keep = None,
    host: Host = "",
    json: Json = False,
) -> None:
    """Hand a case to a partner host: reports with files and handling, signed statements, the embargo."""
    with place(configured(host)) as there:
        body = {"partner": to, "basis": basis, "why": why, "keep": _kept(keep)}
        held = there.act(f"/cases/{case}/hand-over", body)
    show.document(held) if json else show.line(f"{held['hand_over']}: on its way to {held['name']}", "green")


def csaf(
    case: str,
    *,
    out: Annotated[Path, Parameter(help="the folder for the files")] = Path(),
    keep: Keep = None,
    host: Host = "",
) -> None:
    """Write each report of a case as a CSAF 2.1 vulnerability report, for another coordinator. It holds what is not
    public: its label says for whom."""
    with place(configured(host)) as there:
        held = there.act(f"/cases/{case}/vulnerability-reports", {"keep": _kept(keep)})
    out.mkdir(parents=True, exist_ok=True)
    for one in held:
        target = out / f"{plain_name(one['report']).lower()}.csaf-2.1.json"
        target.write_bytes(b64decode(one["document"]))
        show.line(f"written to {target}")


def follow(hand_over: str, *, host: Host = "", json: Json = False) -> None:
    """Ask a TAP intake what became of the reports that it took."""
    with place(configured(host)) as there:
        held = there.act(f"/hand-overs/{hand_over}/follow")
    if json:
        show.document(held)
        return
    rows = [(one["receipt"], one["said"]) for one in held]
    show.table(("receipt", "the intake says"), rows, empty="It took nothing so far.")


def _kept(keep: list[str] | None) -> dict[str, str]:
    pairs = [one.partition("=")[::2] for one in keep or ()]
    if any(not text or not reason for text, reason in pairs):
        raise Invalid("a reason is missing", [Problem("/keep", "bad_pair", "write --keep TEXT=REASON")])
    return dict(pairs)


def passed(*, host: Host = "", json: Json = False) -> None:
    """Cases that went to partners and came from them."""
    with place(configured(host)) as there:
        held = there.read("/hand-overs")
    if json:
        show.document(held)
        return
    rows = [
        (one["hand_over"], one["case"], one["name"], one["state"], one["problem"] or ", ".join(one["receipts"]))
        for one in held["sent"]
    ]
    show.table(("hand-over", "case", "to", "state", "their receipts, or why not"), rows, empty="Nothing was sent.")
    came = [
        (
            one["hand_over"],
            one["their_case"],
            one["name"],
            one["tlp"],
            ", ".join(one["receipts"]),
            ", ".join(sha256[:16] for sha256 in one["statements"]),
        )
        for one in held["received"]
    ]
    columns = ("hand-over", "their case", "from", "label", "receipts given", "signed statements")
    show.table(columns, came, empty="Nothing came.")


def statement(hand_over: str, statement: str, *, out: Path | None = None, host: Host = "") -> None:
    """A signed statement that came with a case (the start of its digest is enough). The partner's key verifies it."""
    with place(configured(host)) as there:
        held = [one for one in there.read("/hand-overs")["received"] if one["hand_over"] == hand_over]
        wanted = [(one["mark"], sha) for one in held for sha in one["statements"] if sha.startswith(statement)]
        if len(wanted) != 1:
            raise Invalid("no such statement", [Problem("/statement", "unknown_statement", "see `comity partner log`")])
        ((mark, sha256),) = wanted
        data = there.fetch(f"/hand-overs/{mark}/statements/{sha256}")
    target = out or Path(f"{plain_name(sha256)[:16]}.dsse.json")
    target.write_bytes(data)
    show.line(f"written to {target}")


def again(hand_over: str, *, host: Host = "") -> None:
    """Send again what was refused or given up: the same letter."""
    with place(configured(host)) as there:
        held = there.act(f"/hand-overs/{hand_over}/again")
    show.line(f"{held['hand_over']}: on its way to {held['name']} again", "green")
