"""The blind check seen from a browser: what was asked, what the meter holds, keys, and whether a receipt holds.

Asking has no form. A form would send the finding, or the area, to the host that must not see it, and these pages carry
no script that could blind it first: the terminal does.
"""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_blind import RECEIPT_LIMIT_BYTES, Blind, Verified
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths
from comity.errors import Invalid, Problem, Tampered, Unavailable
from comity.settings import Settings

ROOM = 16 * 1024
"""Bytes that the rest of the form may take beside the receipt."""


def add(paths: Paths, blind: Blind, settings: Settings) -> None:
    """The page, and the check of a receipt on it."""

    def shown(
        request: Ask, *, status: int = 200, found: Verified | None = None, problems: tuple[Problem, ...] = ()
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        try:
            terms, epochs, missing = blind.terms(viewer), blind.epochs(viewer), ""
        except Unavailable as error:
            terms, epochs, missing = None, (), str(error)
        return page(
            request,
            "clearing/blind.html",
            status=status,
            terms=terms,
            epochs=epochs,
            missing=missing,
            address=settings.address,
            found=found,
            problems=problems,
        )

    @paths.show("/blind", Action.ASK_BLINDLY)
    def looked(request: Ask) -> Response[Any]:
        return shown(request)

    @paths.take("/blind", Action.ASK_BLINDLY, limit_bytes=RECEIPT_LIMIT_BYTES + ROOM)
    def verified(request: Ask, form: Form) -> Response[Any]:
        files = form.uploads("receipt")
        if not files:
            nothing = Problem("/receipt", "empty", "choose the file that `comity blind receipt` wrote")
            return shown(request, status=422, problems=(nothing,))
        try:
            found = blind.verify(caller_of(request).viewer, files[0].data)
        except (Invalid, Tampered) as error:
            return shown(request, status=status_of(error), problems=told(error, code="no_receipt"))
        return shown(request, found=found)
