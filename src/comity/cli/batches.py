"""Commands on batches and the rules of projects: many findings as one document, followed item by item."""

import threading
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import POLL_SECONDS, Host, Json, configured
from comity.cli.places import Local, Place, Remote, place

Key = Annotated[str, Parameter(help="idempotency key: the same again changes nothing", show_default=False)]
Sign = Annotated[bool, Parameter(negative="", help="sign the manifest with this machine's key")]
Wait = Annotated[bool, Parameter(help="stay and print each answer as it comes")]

ENDED = frozenset({"done", "refused"})
PATIENCE = 1200
"""Looks without any change after which a command stops waiting."""


def send(
    file: Path, *, key: Key = "", sign: Sign = False, wait: Wait = True, host: Host = "", json: Json = False
) -> int:
    """Send a SARIF log, a `comity-batch/1` document or an envelope: receipts stream as its items are taken in."""
    data = file.read_bytes()
    manifest = _manifest(data) if sign else b""
    with place(configured(host), work=wait) as there:
        held = _sent(there, data, file.name, key, manifest)
        if not wait:
            show.document(held) if json else show.line(f"{held['id']}: {held['state']}")
            return 0
        if json:
            _last(there, held["id"], lambda _item: None)
            batch = there.read(f"/batches/{held['id']}")
            show.document({"batch": batch, "items": list(_items(there, held["id"]))})
        else:
            show.line(f"{held['id']}: {held['bytes']} bytes received", "bold")
            batch = _last(there, held["id"], _told)
            _summed(batch)
    return 0 if batch["state"] == "done" and not batch["refused"] else 1


def shown(batch: str, *, host: Host = "", json: Json = False) -> int:
    """One batch and what became of each of its items."""
    with place(configured(host)) as there:
        held = there.read(f"/batches/{batch}")
        items = list(_items(there, batch))
    if json:
        show.document({"batch": held, "items": items})
    else:
        for item in items:
            _told(item)
        _summed(held)
    return 0 if held["state"] != "refused" else 1


def listed(*, host: Host = "", json: Json = False) -> None:
    """Batches of your organisation, newest first."""
    with place(configured(host)) as there:
        held = there.read("/batches")
    if json:
        show.document(held)
        return
    rows = [
        (b["id"], b["received_at"][:16], b["state"], str(b["taken"]), str(b["repeats"]), str(b["refused"]))
        for b in held["rows"]
    ]
    show.table(("batch", "received", "state", "taken", "repeats", "refused"), rows)


def key(document: Path, *, host: Host = "", json: Json = False) -> None:
    """Register a key that your organisation signs batches with: the file that `comity key show --out` writes."""
    import msgspec

    with place(configured(host)) as there:
        held = there.act("/keys", msgspec.json.decode(document.read_bytes()))
    show.document(held) if json else show.line(f"registered: {held['id'][:16]}", "green")


def rules(*, package: str = "", host: Host = "", json: Json = False) -> None:
    """What projects say they take; it is checked at intake, with reasons."""
    with place(configured(host)) as there:
        held = there.read("/projects/rules", package=package)
    if json:
        show.document(held)
        return
    for one in held["rows"]:
        show.line(f"{one['package']}  ({one['source']})", "bold")
        for name, value in one.items():
            if value and name not in {"package", "source", "set_by", "set_at"}:
                show.line(f"    {name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    if not held["rows"]:
        show.line("no rules are held: every project is asked by nothing but the contract")


def set_rules(file: Path, *, host: Host = "", json: Json = False) -> None:
    """Set what a project says it takes, from a JSON file (see docs/intake.md)."""
    import msgspec

    from comity.errors import Invalid

    try:
        given = msgspec.json.decode(file.read_bytes())
    except msgspec.DecodeError as error:
        raise Invalid(f"{file} is not JSON") from error
    with place(configured(host)) as there:
        held = there.act("/projects/rules", given)
    show.document(held) if json else show.line(f"the rules of {held['package']} are set", "green")


def _manifest(data: bytes) -> bytes:
    from comity.clearing.desk_batches import signed_manifest
    from comity.sealing.keys import signing_key

    return signed_manifest(data, signing_key(configured()))


def _sent(there: Place, data: bytes, name: str, key: str, manifest: bytes) -> Any:
    import base64

    import msgspec

    if isinstance(there, Remote):
        headers = {"Idempotency-Key": key} if key else {}
        if manifest:
            headers["Comity-Manifest"] = base64.b64encode(manifest).decode()
        return there.host.deliver("/batches", data, headers)
    from comity.api.batches import body_of

    assert isinstance(there, Local)
    held = there.office.batches.send(there.viewer, data, name=name, key=key, manifest=manifest)
    return msgspec.to_builtins(body_of(held))


def _items(there: Place, batch: str) -> Any:
    after: int | None = -1
    while after is not None:
        page = there.read(f"/batches/{batch}/items", after=after, limit=500)
        yield from page["items"]
        after = page["next"]


def _last(there: Place, batch: str, tell: Any) -> Any:
    """Print items as they come, until the batch is done; gives it as it is then."""
    tick, last, quiet = threading.Event(), -1, 0
    while True:
        held = there.read(f"/batches/{batch}")
        page = there.read(f"/batches/{batch}/items", after=last, limit=500)
        for item in page["items"]:
            tell(item)
            last = item["place"]
        quiet = 0 if page["items"] else quiet + 1
        if held["state"] in ENDED and not page["items"]:
            return held
        if quiet > PATIENCE:
            show.note("nothing moves: a worker must run (`comity serve`)")
            return held
        if not page["items"]:
            tick.wait(POLL_SECONDS)


def _told(item: Any) -> None:
    if item["problems"]:
        show.line(f"{item['place']:>6}  refused", "yellow")
        for problem in item["problems"][:4]:
            show.line(f"        {problem['pointer'] or '/'}: {problem['reason']}", "dim")
        return
    again = ", the one of before" if item["repeat"] else ""
    show.line(
        f"{item['place']:>6}  receipt {item['receipt'][:12]}...{again}  {item['outcome']}  {item['summary'][:60]}"
    )
    for reason in item["rules"]:
        show.line(f"        {reason}", "yellow")


def _summed(batch: Any) -> None:
    signed = f"signed by {batch['signed_by'][:16]}" if batch["signed_by"] else "unsigned"
    show.line(
        f"{batch['id']}: {batch['state']}, {batch['taken']} taken, {batch['repeats']} sent before, "
        f"{batch['refused']} refused, {signed}"
    )
    for problem in batch["problems"]:
        show.line(f"    {problem['pointer'] or '/'}: {problem['reason']}", "yellow")
