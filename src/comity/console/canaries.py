"""From whose copies a text was made that turned up outside: a form for coordinators."""

from typing import Any

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_canaries import TEXT_LIMIT, Canaries
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths
from comity.errors import Problem, TooLarge

ROOM = 64 * 1024
"""Bytes that the rest of the form may take beside the text."""


def add(paths: Paths, canaries: Canaries) -> None:
    """The form and its answer. Of the text nothing is shown again and nothing kept but its digest."""

    @paths.show("/canaries", Action.COORDINATE)
    def form(request: Ask) -> Response[Any]:
        return page(request, "clearing/canaries.html", found=None, problems=())

    @paths.take("/canaries", Action.COORDINATE, limit_bytes=TEXT_LIMIT + ROOM)
    def looked(request: Ask, form: Form) -> Response[Any]:
        files = form.uploads("file")
        data = files[0].data if files else form.text("text").encode()
        if not data.strip():
            nothing = Problem("/text", "empty", "paste the text, or choose the file")
            return page(request, "clearing/canaries.html", status=422, found=None, problems=(nothing,))
        try:
            found = canaries.look(caller_of(request).viewer, data)
        except TooLarge as error:
            return page(request, "clearing/canaries.html", status=status_of(error), found=None, problems=told(error))
        return page(request, "clearing/canaries.html", found=found, problems=())
