"""Commands about directives: check a pack, read one, compare two; write, sign and publish one; follow one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from comity.cli import show
from comity.cli.options import Json, configured
from comity.errors import Invalid

if TYPE_CHECKING:
    from comity.app import Office
    from comity.model.directive import Pack
    from comity.model.party import Viewer

Domain = Annotated[
    Literal["civil", "nss", "dow"],
    Parameter(help="whose systems you work on; domains never mix"),
]
ANSWER_DAYS = 10


def check(file: Path, *, json: Json = False) -> int:
    """Read a pack as a stranger's: limits, schema, references, table, its own examples. Exit status 1: not sound."""
    from comity.formats import directive

    try:
        pack = directive.read(file.read_bytes())
    except Invalid as error:
        found = [asdict(one) for one in error.problems]
        if json:
            show.document({"sound": False, "why": str(error), "problems": found})
        else:
            show.line(f"{file.name}: {error}", "red")
            show.problems(found)
        return 1
    if json:
        show.document({"sound": True, "pack": pack.id, "version": pack.version, "sha256": pack.digest})
        return 0
    show.line(f"{file.name}: sound: {pack.name}, {pack.kind}", "green")
    rows = f"a total table of {len(pack.table.rows)} rows" if pack.table is not None else "no table"
    show.line(
        f"  {rows}, {len(pack.duties)} duties, {len(pack.parameters)} parameters; {len(pack.examples)} examples and "
        f"{len(pack.wrong)} counter-examples hold"
    )
    show.line(f"  sha256 {pack.digest}", "dim")
    return 0


def listed(*, domain: Domain = "civil", json: Json = False) -> None:
    """Every pack you may read: shipped, and published on this host."""
    with acting(domain) as (office, viewer):
        found = office.directives.packs(viewer)
    rows = [
        {
            "pack": one.pack.id,
            "version": one.pack.version,
            "kind": one.pack.kind.value,
            "binds": one.pack.binds,
            "shipped": one.shipped,
            "certainty": _sure(one.pack),
            "followed": one.follows,
        }
        for one in found
    ]
    if json:
        show.document(rows)
        return
    show.table(
        ("pack", "version", "kind", "certainty", "here"),
        [
            (
                str(r["pack"]),
                str(r["version"]),
                str(r["kind"]),
                str(r["certainty"]),
                ("ships" if r["shipped"] else "published") + (", followed" if r["followed"] else ""),
            )
            for r in rows
        ],
    )
    show.note("what ships with Comity is a transcription: compare with the authority's own text")


def shown(pack: str, *, domain: Domain = "civil", json: Json = False) -> None:
    """One pack, by id or as a file: whom it binds, its rows, duties, and what no source settles."""
    held = _pack(pack, domain)
    if json:
        show.document(_plain(held))
        return
    show.line(held.title, "bold")
    show.line(f"{held.name}  {held.kind}  {held.authority}; binding on {held.binds}")
    until = f", until {held.until}" if held.until else ""
    show.line(f"issued {held.issued}, applies from {held.applies_from}{until}; review due {held.review_due}")
    show.line(f"{held.standing.sentence} Certainty: {_sure(held)}, as of {held.standing.as_of}.", "yellow")
    if held.table is not None:
        show.line("")
        names = [one.name.replace("_", " ") for one in held.table.inputs]
        words = [{value.key: value.name for value in one.values} for one in held.table.inputs]
        show.table(
            ("row", *names, "tier"),
            [
                (
                    str(row.number),
                    *(words[place][key] for place, key in enumerate(row.given)),
                    held.outcome(row.then).name,
                )
                for row in held.table.rows
            ],
        )
    if held.duties:
        show.line("")
    for duty in held.duties:
        unit = duty.unit.replace("_", " ") + ("" if duty.amount == 1 else "s")
        due = duty.on.isoformat() if duty.on else f"{duty.amount} {unit} after: {duty.after.replace('_', ' ')}"
        show.line(f"{duty.id}: {due}; binding on {', '.join(duty.binding_on) or 'none'}", "bold")
        show.line(f"  {duty.actor}: {duty.text}")
        if duty.result:
            show.line(f"  {duty.result}", "dim")
    if held.parameters:
        show.line("")
        show.line("What no source settles:", "bold")
    for one in held.parameters:
        show.line(f"  {one.id}={one.default} (of {', '.join(one.choices) or 'any'}): {one.why}")


def diff(before: str, after: str, *, domain: Domain = "civil", json: Json = False) -> int:
    """What differs between two packs, each by id or as a file. Exit status 1: something differs."""
    from comity.formats.directive_diff import diff as compare

    found = compare(_pack(before, domain), _pack(after, domain))
    if json:
        show.document([asdict(one) for one in found])
    else:
        for one in found:
            show.line(f"{one.place}: {one.before or 'not there'} -> {one.after or 'not there'}")
        if not found:
            show.line("They ask the same.", "green")
    return 1 if found else 0


def draft(file: Path, *, domain: Domain = "civil") -> None:
    """Keep a pack as a draft; the 30-day clock starts."""
    with acting(domain) as (office, viewer):
        made = office.directives.draft(viewer, file.read_bytes())
        _told(office, viewer, made.id)


def consult(
    directive: str,
    office: Annotated[list[str], Parameter(negative="", help="organisation to ask, repeatable")],
    *,
    days: Annotated[int, Parameter(help="days to answer")] = ANSWER_DAYS,
    domain: Domain = "civil",
) -> None:
    """Ask named offices for comments."""
    with acting(domain) as (held, viewer):
        held.directives.consult(viewer, directive, office, days=days)
        _told(held, viewer, directive)


def comment(
    directive: str,
    text: str = "",
    *,
    agree: Annotated[bool, Parameter(negative="", help="nothing to add or change")] = False,
    domain: Domain = "civil",
) -> None:
    """Say something for your own organisation on a directive in consultation, or agree."""
    with acting(domain) as (office, viewer):
        office.directives.comment(viewer, directive, text, agrees=agree)
        _told(office, viewer, directive)


def sign(directive: str, draft: str, *, domain: Domain = "civil") -> None:
    """Sign exactly the draft with this SHA-256, in your own name (DSSE, sealed by this host's key)."""
    with acting(domain) as (office, viewer):
        office.directives.sign(viewer, directive, draft)
        _told(office, viewer, directive)


def publish(directive: str, *, domain: Domain = "civil") -> None:
    """Publish a signed directive: its followers are asked to acknowledge it."""
    with acting(domain) as (office, viewer):
        office.directives.publish(viewer, directive)
        _told(office, viewer, directive)


def withdraw(directive: str, why: str, *, domain: Domain = "civil") -> None:
    """Take a directive back, with a reason."""
    with acting(domain) as (office, viewer):
        office.directives.withdraw(viewer, directive, why)
        _told(office, viewer, directive)


def status(directive: str = "", *, domain: Domain = "civil") -> None:
    """Where a directive stands on its 30-day clock; without a name, all that you write or are asked about."""
    with acting(domain) as (office, viewer):
        if directive:
            _told(office, viewer, directive)
            return
        found = office.directives.drafts(viewer)
        show.table(
            ("directive", "pack", "stage", "clock"),
            [(one.id, f"{one.pack_id} {one.pack_version}", one.stage.value, day.sentence) for one, day in found],
            empty="Nothing is in the making.",
        )


def follow(pack: str, *, domain: Domain = "civil") -> None:
    """Follow a pack for your organisation: its dates count from now on."""
    with acting(domain) as (office, viewer):
        held = office.directives.follow(viewer, pack)
    show.line(f"{held.organisation_name} follows {held.pack_id}", "green")


def acknowledge(pack: str, version: str = "", *, domain: Domain = "civil") -> None:
    """Confirm in your own name that your organisation has read a version."""
    with acting(domain) as (office, viewer):
        held = office.directives.acknowledge(viewer, pack, version)
    said, at, by = held.acknowledged[-1]
    show.line(f"{held.pack_id} {said} acknowledged by {by} at {show.moment(at.isoformat())}", "green")


def report(
    pack: str,
    adoption: Literal["not yet", "partly", "adopted", "not applicable"],
    text: str = "",
    *,
    domain: Domain = "civil",
) -> None:
    """Report how far your organisation is."""
    with acting(domain) as (office, viewer):
        held = office.directives.report(viewer, pack, adoption, text)
    show.line(f"{held.organisation_name}: {held.pack_id} {adoption}", "green")


@contextmanager
def acting(domain: str) -> Iterator[tuple["Office", "Viewer"]]:
    """The local store, and the account of the person at this shell for one domain: one person never mixes two."""
    from comity.access.caller import Via, signed_in
    from comity.cli.places import office, shell_login
    from comity.model.party import Role

    roles = {"civil": Role.DEFENDER, "nss": Role.NSS_DEFENDER, "dow": Role.DOW_DEFENDER}
    login = f"{shell_login()}-{domain}"
    with office(configured(), work=False) as held:
        person = held.accounts.provide(
            name=f"{login.removeprefix('shell-')} at the shell",
            login=login,
            organisation=held.settings.organisation,
            roles=frozenset({roles[domain], Role.AUTHORITY}),
        )
        yield held, signed_in(person, via=Via.SESSION).viewer


def _pack(name: str, domain: str) -> "Pack":
    """A pack by id or, when such a file is there, out of the file."""
    from comity.formats import directive

    path = Path(name)
    if re.search(r"\.(ya?ml|json)\Z", name) and path.exists():
        return directive.read(path.read_bytes())
    if name in (*directive.SHIPPED, "us.eo-14409"):
        return directive.shipped(name)
    with acting(domain) as (office, viewer):
        return office.directives.pack(viewer, name).known.pack


def _told(office: "Office", viewer: "Viewer", id_: str) -> None:
    view = office.directives.directive(viewer, id_)
    held = view.directive
    show.line(f"{held.id}  {held.pack_id} {held.pack_version}  {held.stage}", "bold")
    show.line(f"30-day clock: {view.day.sentence}; review due {held.review_due}", "yellow" if view.day.late else "")
    for one in view.offices:
        show.line(f"  {one.name}: {'nothing yet' if one.silent else 'agrees' if one.agrees else 'commented'}")
    for said in held.comments:
        show.line(f"  {said.office_name}, {said.by_name}: {said.text or 'agrees'}", "dim")
    show.line(f"draft sha256 {view.digest}", "dim")
    if view.why_not_signed and held.stage.value == "in consultation":
        show.line(f"not to be signed yet: {view.why_not_signed}")
    for follower in view.followers:
        read = ", ".join(version for version, _, _ in follower.acknowledged) or "not acknowledged"
        how = follower.reports[-1][1].value if follower.reports else "no report"
        show.line(f"  followed by {follower.organisation_name}: {read}; adoption: {how}")


def _sure(pack: "Pack") -> str:
    return f"{pack.standing.certainty}{' (secondary)' if pack.standing.secondary else ''}"


def _plain(pack: "Pack") -> Any:
    import msgspec

    return msgspec.to_builtins(pack, enc_hook=str)
