"""Commands of whoever runs a host, and of whoever signs in to one."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Host, Json, configured
from comity.cli.places import place


def doctor(*, host: Host = "", json: Json = False) -> int:
    """What an operator must know: containment in force, store, keys, data and its dates, with remedies."""
    with place(configured(host)) as there:
        held = there.read("/doctor")
    show.document(held) if json else show.health(held["lines"])
    return 1 if any(one["state"] == "bad" for one in held["lines"]) else 0


def serve(
    *,
    port: Annotated[int, Parameter(help="port to bind; 0 means the setting", show_default=False)] = 0,
    work: Annotated[bool, Parameter(help="run the work in this process too")] = True,
    demo: Annotated[bool, Parameter(negative="", help="sign with the demo key")] = False,
) -> None:
    """Serve the pages and the API, and run the work. The first start prints a link that makes the administrator."""
    from comity.cli.serving import serve as serving

    held = configured()
    serving(replace(held, port=port) if port else held, work=work, demo=demo)


def worker(
    *,
    name: Annotated[str, Parameter(help="its name among the workers of this store")] = "worker-1",
    demo: Annotated[bool, Parameter(negative="", help="sign with the demo key")] = False,
) -> None:
    """Run the work without pages. Several workers may share one PostgreSQL, each under its own name."""
    from comity.cli.serving import work

    work(configured(), name, demo=demo)


def login(
    url: str,
    *,
    token: Annotated[str, Parameter(help="asked for when not given; others may see it in a process list")] = "",
) -> None:
    """Keep an API token for a remote host. Make one on your account page there."""
    import getpass

    from comity.partners.host import RemoteHost, address_of
    from comity.partners.tokens import keep

    address = address_of(url)
    secret = token or getpass.getpass(f"token for {address} (make one at {address}/account): ").strip()
    who = RemoteHost(address=address, token=secret).get("/whoami")
    path = keep(configured(), address, secret)
    show.line(f"signed in to {address} as {who['name']} ({', '.join(who['roles'])}); kept in {path}", "green")
    show.line(f"now: comity case list --host {address}", "dim")


def logout(url: str) -> None:
    """Forget the token of a remote host. Revoke it there too if it may be known to others."""
    from comity.partners.host import address_of
    from comity.partners.tokens import forget

    show.line("forgotten" if forget(configured(), address_of(url)) else "there was no token for this host")


def backup(file: Path, *, json: Json = False) -> None:
    """Copy this whole host into a new file while it works: rows and sealed files, signed, without any key."""
    from comity.cli.local_tools import take_backup

    _tell_copy(take_backup(configured(), file), f"copied to {file}", json=json)


def restore(
    file: Path,
    *,
    check: Annotated[bool, Parameter(negative="", help="only check that the copy is whole and ours")] = False,
    json: Json = False,
) -> None:
    """Put a copy back into an empty place: same keys, either engine. The settings say where."""
    from comity.cli.local_tools import check_backup, put_back

    if check:
        _tell_copy(check_backup(configured(), file), "the copy is whole", json=json)
    else:
        _tell_copy(put_back(configured(), file), "restored", json=json)


def _tell_copy(held: dict[str, Any], said: str, *, json: bool) -> None:
    if json:
        show.document(held)
        return
    show.line(said, "green")
    show.table(
        ("what", "value"),
        [
            ("taken", held["made_at"]),
            ("journal", f"{held['journal']['entries']} entries, head {held['journal']['head']}"),
            ("rows", f"{held['rows']:,}"),
            ("digest of the rows", held["digest"]),
            ("sealed files", f"{held['files']:,}"),
            ("bytes", f"{held['bytes']:,}"),
        ],
        empty="",
    )


def account_setup() -> None:
    """The single-use link that makes the first administrator; says so when there is one already."""
    from comity.cli.local_tools import setup_link

    show.line(setup_link(configured()))


def account_link(login: str) -> None:
    """A single-use sign-in link for one account, good on this machine only."""
    from comity.cli.local_tools import sign_in_link

    show.line(sign_in_link(configured(), login))


def account_audit(
    *,
    person: Annotated[str, Parameter(help="a sign-in name or an id")] = "",
    about: Annotated[str, Parameter(help="the id of an object")] = "",
    outcome: Annotated[str, Parameter(help="allowed, refused, not found, by break-glass")] = "",
    json: Json = False,
) -> None:
    """Who was let in to what, and who was refused: the newest hundred rows of this host's trail of access."""
    from comity.cli.local_tools import read_trail

    held = read_trail(configured(), person=person, about=about, outcome=outcome)
    if json:
        show.document(held)
        return
    rows = []
    for one in held:
        what = one["object"] or (f"mark {one['mark'][:8]}" if one["mark"] else "")
        often = f", {one['times']} times" if one["times"] > 1 else ""
        told = " ".join(filter(None, (one["action"], one["kind"], what)))
        who = one["name"] or one["person"] or "not signed in"
        rows.append((one["last_at"][:16], who, one["outcome"], f"{told} ({one['way']}{often})"))
    show.table(("when (UTC)", "who", "outcome", "what"), rows, empty="Nothing like that was decided.")


def account_without_code(login: str) -> None:
    """Remove the second factor of one account whose device is lost; its sessions end, and the journal keeps it."""
    from comity.cli.local_tools import remove_second_factor

    remove_second_factor(configured(), login)
    show.line(f"{login}: the second factor is removed and every session has ended.", "good")


def mcp() -> None:
    """Serve read-only tools on standard input and output: cases, exposures, deadlines, plans. Needs comity[mcp]."""
    from comity.cli.mcp_server import serve

    serve()


def demo(*, by_hand: Annotated[bool, Parameter(negative="", help="stop at each decision: you take it")] = False) -> int:
    """One thread through the whole framework, on real input. Decisions are taken by a script, and marked so."""
    from comity.cli.demo import run

    return run(by_hand=by_hand)


def bench(name: str, *arguments: Annotated[str, Parameter(allow_leading_hyphen=True)], json: Json = False) -> int:
    """Measure. `comity bench all` runs every bench in quick mode; a name runs one. See docs/benchmarks.md."""
    from comity.bench import run

    return run(name, list(arguments), as_json=json)
