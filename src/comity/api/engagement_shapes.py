"""The JSON shapes of engagements, and how the counter's answers become them. The terminal uses the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from comity.assess.desk import LedgerLine, Row, View


class Invitation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a developer asks. `planned_release` is the developer's own date, RFC 3339, or empty."""

    subject: str
    question: str
    declaration: str
    planned_release: str = ""


class Invited(Struct, frozen=True, kw_only=True):
    """The engagement's id and a signed receipt (a DSSE envelope, base64)."""

    id: str
    receipt: str
    url: str


class CountsBody(Struct, frozen=True, kw_only=True):
    """All that is public about engagements."""

    under_way: int
    over: int


class Claims(Struct, frozen=True, kw_only=True):
    """Promises of the table of states and moves; `holds` is what a check found just now."""

    claims: tuple[dict[str, Any], ...]


class EngagementLine(Struct, frozen=True, kw_only=True):
    """One line of the list."""

    id: str
    state: str
    subject: str
    developer: str
    since: datetime
    opened_at: datetime
    seats: tuple[str, ...]


class Engagements(Struct, frozen=True, kw_only=True):
    """A page of engagements, newest first; `next` goes into `after`, "" at the end."""

    rows: tuple[EngagementLine, ...]
    next: str


class FieldBody(Struct, frozen=True, kw_only=True):
    """One field of an act."""

    name: str
    label: str
    choices: tuple[str, ...]
    needed: bool


class ActLine(Struct, frozen=True, kw_only=True):
    """One act that the caller may do now."""

    name: str
    label: str
    says: str
    seat: str
    fields: tuple[FieldBody, ...]


class EngagementBody(Struct, frozen=True, kw_only=True):
    """One engagement. `parts` holds what the caller's seats may see, by name; `mark` is the caller's own watermark."""

    id: str
    state: str
    meaning: str
    since: datetime
    opened_at: datetime
    subject: str
    developer: str
    seats: tuple[str, ...]
    undeclared: bool
    clock: str
    clock_ends: datetime | None
    waits_for: tuple[str, ...]
    next: str
    acts: tuple[ActLine, ...]
    parts: dict[str, Any]
    can_take: bool
    mark: str
    erased: bool
    version: int


class ActBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of an act, each as text."""

    values: dict[str, str] = {}


class Outcome(Struct, frozen=True, kw_only=True):
    """What an act did. `secret` is a gateway key, shown this once; else empty."""

    outcome: str
    state: str
    secret: str = ""


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """One access."""

    place: int
    at: datetime
    who: str
    seat: str
    what: str
    why: str
    parts: tuple[str, ...]
    hash: str


class LedgerBody(Struct, frozen=True, kw_only=True):
    """The whole access ledger and the hash that stands for it."""

    entries: tuple[LedgerEntry, ...]
    head: str


class Papers(Struct, frozen=True, kw_only=True):
    """Signed statements by name, base64."""

    papers: dict[str, str]


class Opening(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which leaf to open: its name, `analysis plan` or `threshold`."""

    leaf: str


class Export(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which copy: `card`, or `released` for the sections that both sides released."""

    what: str = "card"


def line_of(row: Row) -> EngagementLine:
    """A line of the list."""
    return EngagementLine(
        id=row.id,
        state=row.state.value,
        subject=row.subject,
        developer=row.developer,
        since=row.since,
        opened_at=row.opened_at,
        seats=tuple(seat.value for seat in row.seats),
    )


def body_of(view: View) -> EngagementBody:
    """One engagement."""
    return EngagementBody(
        id=view.id,
        state=view.state.value,
        meaning=view.meaning,
        since=view.since,
        opened_at=view.opened_at,
        subject=view.subject,
        developer=view.developer,
        seats=tuple(seat.value for seat in view.seats),
        undeclared=view.undeclared,
        clock=view.due.clock.value if view.due else "",
        clock_ends=view.due.at if view.due else None,
        waits_for=view.waits_for,
        next=view.next,
        acts=tuple(
            ActLine(
                name=one.act.name,
                label=one.act.label,
                says=one.act.says,
                seat=one.seat.value,
                fields=tuple(
                    FieldBody(name=f.name, label=f.label, choices=f.choices, needed=f.is_needed) for f in one.act.fields
                ),
            )
            for one in view.acts
        ),
        parts=dict(view.parts),
        can_take=view.can_take,
        mark=view.mark.line if view.mark else "",
        erased=view.receipt is not None,
        version=view.version,
    )


def ledger_of(lines: Sequence[LedgerLine], head: str) -> LedgerBody:
    """The access ledger."""
    return LedgerBody(
        entries=tuple(
            LedgerEntry(
                place=one.place,
                at=one.at,
                who=one.who,
                seat=one.seat,
                what=one.what,
                why=one.why,
                parts=one.parts,
                hash=one.hash,
            )
            for one in lines
        ),
        head=head,
    )
