"""The batches of one's organisation, and how far each is while a job takes it in."""

from typing import Any, Final

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing.desk_batches import Batches
from comity.console.pages import Ask, live_page, page
from comity.console.routing import Paths, asked, named
from comity.model.batch import BatchState
from comity.model.ids import BatchId

PAGE: Final = 100
"""Items on one page."""
ENDED: Final = frozenset({BatchState.DONE, BatchState.REFUSED})
"""States in which no count moves any more: the page follows every other."""


def add(paths: Paths, batches: Batches) -> None:
    """The pages of batches."""

    @paths.show("/batches", Action.SEND_BATCH)
    def listed(request: Ask) -> Response[Any]:
        return page(request, "clearing/batches.html", rows=batches.listed(caller_of(request).viewer))

    @paths.show("/batches/{batch:str}", Action.SEND_BATCH)
    def one(request: Ask) -> Response[Any]:
        viewer, id_ = caller_of(request).viewer, BatchId(named(request, "batch"))
        pulse = batches.pulse(viewer, id_)  # before the rest is read: a change in between is then told
        held = batches.batch(viewer, id_)
        after = asked(request, "after")
        answers, following = batches.answers(
            viewer, id_, after=int(after) if after.isdecimal() and len(after) < 10 else -1, limit=PAGE
        )
        return live_page(
            request,
            "clearing/batch.html",
            live="" if held.state in ENDED else f"/batches/{id_}/pulse",
            pulse=pulse,
            batch=held,
            answers=answers,
            following=following,
        )

    @paths.follow("/batches/{batch:str}/pulse", Action.SEND_BATCH)
    def pulse(request: Ask) -> str:
        return batches.pulse(caller_of(request).viewer, BatchId(named(request, "batch")))
