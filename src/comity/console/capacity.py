"""Capacity contracts: the form of a maintainer, and the queue that says honestly where each case stands."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_capacity import ASSUMES, WORDS, Capacity, Wish, pause
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Problem
from comity.model.evidence import Level

FIELDS = ("maintainer", "packages", "weekly", "at_once", "zone", "pauses", "wanted", "refused", "evidence", "on_word")

BLANK = {**dict.fromkeys(FIELDS, ""), "zone": "UTC", "evidence": "E3"}


def add(paths: Paths, capacity: Capacity) -> None:
    """The list with its form, and the page of one contract."""

    @paths.show("/capacity", Action.KEEP_CAPACITY)
    def listed(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), form: Form | None = None
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "clearing/capacity.html",
            status=status,
            contracts=capacity.contracts(viewer),
            given={name: form.text(name) for name in FIELDS} if form else BLANK,
            chosen=form.all("escalates") if form else ("exploited", "kev"),
            through=bool(form and form.text("through_pauses")),
            problems=problems,
            is_coordinator=may(viewer, Action.CONFIRM_CAPACITY),
            reasons=WORDS,
            levels=tuple(Level),
            contract=form.text("contract") if form else "",
        )

    @paths.show("/capacity/{contract:str}", Action.KEEP_CAPACITY)
    def one(request: Ask) -> Response[Any]:
        return queue(request)

    def queue(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        found = capacity.queue(viewer, named(request, "contract"))
        held = found.contract
        return page(
            request,
            "clearing/capacity_queue.html",
            status=status,
            found=found,
            held=held,
            problems=problems,
            assumes=ASSUMES,
            is_coordinator=may(viewer, Action.CONFIRM_CAPACITY),
            reasons=WORDS,
            levels=tuple(Level),
            given={
                "maintainer": held.maintainer,
                "packages": "\n".join(held.packages),
                "weekly": held.weekly,
                "at_once": held.at_once or "",
                "zone": held.zone,
                "pauses": "\n".join(f"{p.first} {p.last or 'open'} {p.note}".strip() for p in held.pauses),
                "wanted": " ".join(held.wanted),
                "refused": " ".join(held.refused),
                "evidence": held.evidence.name,
                "on_word": held.on_word,
            },
            chosen=tuple(WORDS[one] for one in held.escalates),
            through=held.through_pauses,
            contract=held.id,
            done="The contract is in force." if asked(request, "done") else "",
        )

    @paths.take("/capacity", Action.KEEP_CAPACITY)
    def enter(request: Ask, form: Form) -> Response[Any]:
        try:
            kept = capacity.enter(caller_of(request).viewer, _wish(form), id_=form.text("contract"))
        except Invalid as error:
            return shown(request, status=422, problems=error.problems, form=form)
        except Conflict as error:
            return shown(request, status=409, problems=(Problem("", "not_now", str(error)),), form=form)
        return see(f"/capacity/{kept.id}")

    @paths.press("/capacity/{contract:str}/confirm", Action.CONFIRM_CAPACITY)
    def confirm(request: Ask) -> Response[Any]:
        name = named(request, "contract")
        try:
            capacity.confirm(caller_of(request).viewer, name)
        except (Conflict, Forbidden) as error:
            return queue(request, status=409, problems=(Problem("", "not_now", str(error)),))
        return see(f"/capacity/{name}?done=confirmed")


def _wish(form: Form) -> Wish:
    return Wish(
        maintainer=form.text("maintainer"),
        packages=form.text("packages").split(),
        weekly=_number(form.text("weekly"), "weekly") or 0,
        at_once=_number(form.text("at_once"), "at_once"),
        zone=form.text("zone") or "UTC",
        pauses=[pause(line) for line in form.text("pauses").splitlines() if line.strip()],
        wanted=form.text("wanted").replace(",", " ").split(),
        refused=form.text("refused").replace(",", " ").split(),
        evidence=form.text("evidence") or "E3",
        escalates=list(form.all("escalates")),
        through_pauses=bool(form.text("through_pauses")),
        on_word=form.text("on_word"),
    )


def _number(text: str, name: str) -> int | None:
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Invalid("this is no number", [Problem(f"/{name}", "bad_number", "a whole number")]) from error
