"""From whose copies a text was made that turned up outside: for coordinators."""

from typing import Any

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from comity.access.policy import Action
from comity.api import asking
from comity.api.asking import Ask
from comity.clearing.desk_canaries import Canaries, Traced


class LookForCanaries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text that turned up outside, in base64: up to 256 KiB."""

    text: bytes


class CopyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient whose reference stands in the text."""

    case: str
    seat: str
    name: str
    part: str
    tier: str
    reference: str


class ShelfBody(msgspec.Struct, frozen=True, kw_only=True):
    """A member whose marked entries of the blind check stand in the text."""

    organisation: str
    entries: int


class CanariesBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; `says` is what it shows and what it does not."""

    sha256: str
    copies: tuple[CopyBody, ...]
    shelves: tuple[ShelfBody, ...]
    says: str


def routes(canaries: Canaries) -> tuple[HTTPRouteHandler, ...]:
    """The calls."""

    @post(
        "/canaries",
        opt={"action": Action.COORDINATE},
        operation_id="lookForCanaries",
        sync_to_thread=True,
        status_code=200,
        summary="Whose copies a text from outside was made from",
        responses=asking.ERRORS,
    )
    def look(request: Ask, data: JSONBody[LookForCanaries]) -> CanariesBody:
        """Whose copies a text was made from, among the cases that you see. A hit is logged with its case."""
        return body(canaries.look(asking.viewer_of(request), data.text))

    return (look,)


def body(found: Traced) -> CanariesBody:
    """In the API's shape."""
    return CanariesBody(
        sha256=found.sha256,
        copies=tuple(
            CopyBody(
                case=one.case,
                seat=one.seat,
                name=one.name,
                part=str(one.part),
                tier=str(one.tier),
                reference=one.reference,
            )
            for one in found.copies
        ),
        shelves=tuple(ShelfBody(organisation=one.organisation, entries=one.entries) for one in found.shelves),
        says=found.says,
    )


def looked(canaries: Canaries, viewer: Any, data: LookForCanaries) -> CanariesBody:
    """For the terminal's local store."""
    return body(canaries.look(viewer, data.text))
