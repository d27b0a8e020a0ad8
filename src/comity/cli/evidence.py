"""Commands of whoever checks: published advisories, signed files, the journal, the host's key."""

import base64
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import After, Host, Json, Limit, configured
from comity.cli.places import place, plain_name, remote
from comity.errors import Invalid, Problem


def advisories(*, after: After = "", limit: Limit = 50, host: Host = "", json: Json = False) -> None:
    """Published advisories, newest first."""
    with place(configured(host)) as there:
        held = there.read("/advisories", after=after, limit=limit)
    if json:
        show.document(held)
        return
    rows = [(a["id"], (a["published_at"] or "")[:10], a["title"]) for a in held["rows"]]
    show.table(("advisory", "published", "title"), rows, empty="Nothing is published yet.")
    show.further(held["next"])


def advisory(advisory: str, *, host: Host = "", json: Json = False) -> None:
    """One published advisory with its files."""
    with place(configured(host)) as there:
        held = there.read(f"/advisories/{advisory}")
    show.document(held) if json else show.advisory(held)


def get(advisory: str, *, into: Path = Path(), host: Host = "") -> None:
    """Download every file of an advisory, with its seals."""
    into.mkdir(parents=True, exist_ok=True)
    with place(configured(host)) as there:
        for file in there.read(f"/advisories/{advisory}")["files"]:
            name = plain_name(file["name"])
            (into / name).write_bytes(there.fetch(f"/advisories/{advisory}/files/{name}"))
            show.line(str(into / name))


def verify(
    file: Path,
    *,
    seal: Annotated[Path | None, Parameter(help="the file's seal, when it is not beside it")] = None,
    key: Annotated[list[Path] | None, Parameter(negative="", help="exported public key to trust")] = None,
    host: Annotated[str, Parameter(help="let this host check, against its own keys")] = "",
    json: Json = False,
) -> None:
    """Check a signed file offline: a statement by itself, any other file against its seal (`FILE.seal.json`).

    Without `--key`, this host's own keys are trusted.
    """
    if host and key:
        raise Invalid("--host asks that host with its own keys; --key checks here: give one of the two")
    document = file.read_bytes()
    beside = seal or file.with_name(file.name + ".seal.json")
    envelope = beside.read_bytes() if seal is not None or beside.exists() else None
    held = _asked(host, document, envelope) if host else _here(document, envelope, key)
    show.document(held) if json else show.verified(held)


def _here(document: bytes, envelope: bytes | None, key: list[Path] | None) -> Any:
    import msgspec

    from comity.api import wire
    from comity.app import trusted
    from comity.library.check import checker
    from comity.sealing.keys import read_public

    known = tuple(read_public(path.read_bytes()) for path in key) if key else trusted(configured())
    return msgspec.to_builtins(wire.verified(checker(lambda: known)(document, envelope)))


def _asked(host: str, document: bytes, envelope: bytes | None) -> Any:
    body = {"document": base64.b64encode(document).decode()}
    if envelope is not None:
        body["seal"] = base64.b64encode(envelope).decode()
    there = remote(configured(host))
    show.note(f"checked by {there.name}, not on this machine")
    return there.act("/verifications", body)


def journal(*, host: Host = "", json: Json = False) -> int:
    """Read every entry and every signed checkpoint, and name what was edited, swapped, cut or rewritten."""
    with place(configured(host)) as there:
        held = there.read("/journal/verification")
    show.document(held) if json else show.proof(held)
    return 0 if held["whole"] else 1


def key(*, out: Path | None = None) -> None:
    """This host's public key as a document to hand to whoever verifies."""
    from comity.sealing.keys import signing_key

    document = signing_key(configured()).public.export()
    if out is None:
        show.out.out(document.decode(), end="")
        return
    out.write_bytes(document)
    show.line(f"written to {out}")


def rotate(
    which: Literal["signing", "master"],
    *,
    to: Annotated[Path | None, Parameter(help="a file with the new master key, where a setting gives it")] = None,
) -> None:
    """Change a key of this host while nothing of it runs. Cut off midway, the same command ends it."""
    from comity.cli.local_tools import change_master_key, change_signing_key

    if which == "signing":
        if to is not None:
            raise Invalid("a signing key is made here", [Problem("/to", "not_taken", "leave --to out")])
        done = change_signing_key(configured())
        show.line(f"signing key {done.old} gave way to {done.new}; what the old one signed goes on verifying", "green")
        show.line(
            "now: comity key show --out host-key.json, and hand it to whoever verifies; partners pin it anew", "dim"
        )
        return
    done = change_master_key(configured(), to)
    show.line(f"master key {done.old} gave way to {done.new}; {done.rewrapped:,} data keys were wrapped anew", "green")
    if done.beyond:
        show.line(f"{done.beyond} erased engagements were left as they are: nothing opens them")
    if done.kept is not None:
        show.line(
            f"the old key lies at {done.kept}: only copies made before need it. Move it to where it is safe", "dim"
        )
    else:
        show.line(
            "now give the new key in COMITY_MASTER_KEY or by the command; the old one opens only older copies", "dim"
        )
