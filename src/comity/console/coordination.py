"""Coordination of a case for its coordinators, and a participant's own seat."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from litestar import Response

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.clearing import desk_acts
from comity.clearing.desk_coordination import Coordinations, Part, Said, Source, Tier
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, digest_named, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.formats.vex import JUSTIFICATIONS
from comity.model.coordination import TIERS_OF, Breach, Duty, Fact
from comity.model.ids import CaseId
from comity.model.inventory import VexStatus

UPLOADS: Final = 9 * 1024 * 1024
"""Bytes of a form with files: eight files of the usual limit, and the words."""
NO_WORDS: Final[Mapping[str, str]] = MappingProxyType({})


def add(paths: Paths, counter: Coordinations) -> None:
    """The pages of coordination."""

    def shown(
        request: Ask, case: CaseId, *, status: int = 200, problems: tuple[Problem, ...] = (), done: str = ""
    ) -> Response[Any]:
        return page(
            request,
            "clearing/coordination.html",
            status=status,
            case=case,
            view=counter.view(caller_of(request).viewer, case),
            parts=tuple(Part),
            tiers=tuple(Tier),
            tiers_of=TIERS_OF,
            codes={kind.__name__: desk_acts.CODES[kind] for kind in (Breach, Duty, Fact, Source)},
            problems=problems,
            done=done or asked(request, "done"),
        )

    @paths.show("/cases/{case:str}/coordination", Action.READ_CASES)
    def coordination(request: Ask) -> Response[Any]:
        return shown(request, CaseId(named(request, "case")))

    @paths.take("/cases/{case:str}/coordination", Action.COORDINATE, limit_bytes=UPLOADS)
    def coordinate(request: Ask, form: Form) -> Response[Any]:
        case = CaseId(named(request, "case"))
        try:
            act, words = _words(form)
            done = desk_acts.act(counter, caller_of(request).viewer, case, act, words, _files(form))
        except (Invalid, Conflict, Forbidden) as error:
            return shown(request, case, status=status_of(error), problems=told(error))
        if act == "take-vex":
            return see(f"/cases/{case}?done=drafted#draft")
        return see(f"/cases/{case}/coordination?done={'On its way' if done.startswith('on its way') else 'Done'}")

    def own(
        request: Ask,
        seat: str,
        *,
        status: int = 200,
        problems: tuple[Problem, ...] = (),
        done: str = "",
        words: Mapping[str, str] = NO_WORDS,
    ) -> Response[Any]:
        space = counter.seat(caller_of(request).viewer, seat)
        return page(
            request,
            "clearing/seat.html",
            status=status,
            space=space,
            statuses=VexStatus,
            justifications=JUSTIFICATIONS,
            words=words,
            problems=problems,
            done=done or asked(request, "done"),
        )

    @paths.show("/seats", Action.READ_SEATS)
    def seats(request: Ask) -> Response[Any]:
        return page(request, "clearing/seats.html", rows=counter.seats(caller_of(request).viewer))

    @paths.show("/seats/{seat:str}", Action.READ_SEATS)
    def seat(request: Ask) -> Response[Any]:
        return own(request, named(request, "seat"))

    @paths.take("/seats/{seat:str}", Action.TAKE_PART, limit_bytes=UPLOADS)
    def take_part(request: Ask, form: Form) -> Response[Any]:
        name = named(request, "seat")
        act, words = "", dict(NO_WORDS)
        try:
            act, words = _words(form)
            desk_acts.own(counter, caller_of(request).viewer, name, act, words, _files(form))
        except (Invalid, Conflict, Forbidden) as error:
            kept = words if act == "vex" else NO_WORDS
            return own(request, name, status=status_of(error), problems=told(error), words=kept)
        return see(f"/seats/{name}?done=Done")

    @paths.show("/seats/{seat:str}/files/{sha256:str}", Action.READ_SEATS)
    def file(request: Ask) -> Response[Any]:
        found = counter.file(caller_of(request).viewer, named(request, "seat"), digest_named(request, "sha256"))
        return download(found[1], found[0])

    @paths.show("/messages/{message:str}/files/{sha256:str}", Action.READ_SEATS)
    def enclosed(request: Ask) -> Response[Any]:
        message = named(request, "message")
        found = counter.enclosed(caller_of(request).viewer, message, digest_named(request, "sha256"))
        return download(found[1], found[0])


def _words(form: Form) -> tuple[str, dict[str, str]]:
    """The act and its words, out of a form. Several readers come as several fields of one name."""
    act = form.text("act")
    words = {name: form.text(name) for name in form.fields if name not in ("csrf", "act", "readers")}
    readers = form.all("readers")
    if readers:
        words["readers"] = " ".join(readers)
    return act, words


def _files(form: Form) -> tuple[Said, ...]:
    return tuple(Said(name=one.name, data=one.data) for one in form.uploads("files"))
