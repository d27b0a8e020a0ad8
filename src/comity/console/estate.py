"""The defender's estate, one asset, one inventory, one finding; and the one-box question of a small operator."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal

from litestar import Response
from markupsafe import Markup

from comity.access.policy import Action
from comity.access.routes import caller_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.routing import Paths, asked, named, see
from comity.defend.desk import ClaimsTaken, Defend, Document, Estate, Registered
from comity.defend.desk_deadlines import Deadlines
from comity.defend.desk_watch import Watches
from comity.errors import Invalid, Problem
from comity.formats import chart
from comity.model.asset import Domain, domains
from comity.model.ids import AssetId, InventoryId
from comity.model.inventory import Answer

ORDER: Final = (Answer.AFFECTED, Answer.UNKNOWN, Answer.NOT_ASSESSED, Answer.NOT_AFFECTED)
TONES: Final[dict[Answer, Literal["", "good", "warn", "bad", "soft"]]] = {
    Answer.AFFECTED: "bad",
    Answer.UNKNOWN: "warn",
    Answer.NOT_ASSESSED: "warn",
    Answer.NOT_AFFECTED: "good",
}
ROWS: Final = 50


def add(paths: Paths, defend: Defend, watches: Watches, deadlines: Deadlines) -> None:
    """The pages over these counters."""

    @paths.show("/affected", Action.ASK_AFFECTED)
    def affected(request: Ask) -> Response[Any]:
        text = asked(request, "product").strip()
        viewer = caller_of(request).viewer
        reply = defend.affected(viewer, text) if text else None
        template = "defend/affected_print.html" if asked(request, "print") else "defend/affected.html"
        contact = defend.machines.settings.help_contact
        return page(request, template, text=text, reply=reply, contact=contact, may_watch=watches.is_open)

    @paths.take("/affected/watch", Action.ASK_AFFECTED)
    def watch(request: Ask, form: Form) -> Response[Any]:
        watches.ask(caller_of(request).viewer, form.text("address"), form.text("product"))
        return page(request, "defend/watch_asked.html")

    @paths.show("/watch/{secret:str}", Action.ASK_AFFECTED)
    def watched(request: Ask) -> Response[Any]:
        secret = named(request, "secret")
        return page(request, "defend/watch.html", watch=watches.held(caller_of(request).viewer, secret))

    @paths.take("/watch/{secret:str}", Action.ASK_AFFECTED)
    def decided(request: Ask, form: Form) -> Response[Any]:
        viewer, secret = caller_of(request).viewer, named(request, "secret")
        if form.text("act") == "end":
            return page(request, "defend/watch.html", watch=watches.end(viewer, secret), ended=True)
        return page(request, "defend/watch.html", watch=watches.confirm(viewer, secret), agreed=True)

    @paths.show("/estate", Action.READ_ESTATE)
    def estate(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), done: str = "") -> Response[Any]:
        viewer = caller_of(request).viewer
        day = _day(asked(request, "as_of"))
        held = defend.estate(viewer, day=day)
        query, start = asked(request, "find"), _number(asked(request, "after"))
        wanted = query.strip().casefold()
        lines = [one for one in held.lines if wanted in one.asset.name.casefold()]
        return page(
            request,
            "defend/estate.html",
            status=status,
            held=held,
            order=ORDER,
            answers=Answer,
            lines=lines[start : start + ROWS],
            total=len(lines),
            following=str(start + ROWS) if start + ROWS < len(lines) else "",
            query=query,
            inventories=defend.inventories(viewer).rows,
            charts=_charts(held),
            mix=None if held.as_of else _mix(deadlines.mix(viewer)),
            domains=sorted(domains(viewer)),
            problems=problems,
            done=done,
        )

    @paths.take("/estate", Action.REGISTER, limit_bytes=defend.machines.settings.inventory_limit_bytes)
    def register(request: Ask, form: Form) -> Response[Any]:
        viewer = caller_of(request).viewer
        files = form.uploads("document")
        if not files:
            return shown(request, status=422, problems=(Problem("/document", "missing_field", "choose a file"),))
        try:
            outcome = defend.register(
                viewer,
                Document(name=files[0].name, data=files[0].data, release=form.text("release").strip()),
                name=form.text("name").strip(),
                domain=_domain(form.text("domain")),
            )
        except Invalid as error:
            return shown(request, status=422, problems=error.problems or (Problem("", "invalid", str(error)),))
        if isinstance(outcome, Registered):
            return see(f"/inventories/{outcome.inventory.id}")
        if isinstance(outcome, ClaimsTaken):
            return shown(request, done=f"{outcome.claims} claims of {outcome.scanner} are kept beside the matches.")
        return shown(request, done=f"{outcome.new} new VEX statements are kept.")

    @paths.show("/inventories/{inventory:str}", Action.READ_ESTATE)
    def inventory(request: Ask) -> Response[Any]:
        view = defend.inventory(caller_of(request).viewer, InventoryId(named(request, "inventory")))
        only = next((one for one in Answer if one.value == asked(request, "answer")), None)
        answers = view.matched.answers if view.matched else ()
        counts = {one: sum(answer.answer is one for answer in answers) for one in ORDER}
        rows = sorted(
            ((view.contents.components[one.place], one) for one in answers if only in (None, one.answer)),
            key=lambda pair: (ORDER.index(pair[1].answer), pair[0].name.casefold()),
        )
        start = _number(asked(request, "after"))
        return page(
            request,
            "defend/inventory.html",
            view=view,
            counts=counts,
            order=ORDER,
            only=only,
            rows=rows[start : start + 200],
            total=len(rows),
            following=str(start + 200) if start + 200 < len(rows) else "",
            now=defend.machines.now(),
        )

    @paths.show("/assets/{asset:str}", Action.READ_ESTATE)
    def asset(request: Ask) -> Response[Any]:
        view = defend.asset(caller_of(request).viewer, AssetId(named(request, "asset")))
        counts = {one: sum(found.answer is one for found in view.exposures) for one in ORDER}
        found = sorted(view.exposures, key=lambda one: (ORDER.index(one.answer), one.vulnerability))
        now = defend.machines.now()
        return page(
            request, "defend/asset.html", view=view, found=found[:300], total=len(found), counts=counts, order=ORDER,
            now=now, reach=view.asset.exposure.reach(now),
        )  # fmt: skip

    @paths.show("/assets/{asset:str}/{flaw:str}", Action.READ_ESTATE)
    def exposure(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        flaw = named(request, "flaw")
        view, found = defend.exposure(viewer, AssetId(named(request, "asset")), flaw)
        names = [flaw, *(name for one in found for name in one.advisories)]
        now = defend.machines.now()
        advisories = defend.advisories(viewer, names)
        return page(request, "defend/exposure.html", view=view, flaw=flaw, found=found, advisories=advisories, now=now)


def _charts(held: Estate) -> dict[str, Markup]:
    answers = [chart.Bar(label=one.value, value=held.counts[one], tone=TONES[one]) for one in ORDER]
    ageing = [
        chart.Bar(label=name, value=number, tone="bad" if place > 2 else "")
        for place, (name, number) in enumerate(held.ageing)
    ]
    found = {"answers": Markup(chart.bars("Components by answer, over all assets", answers, unit="components"))}  # noqa: S704  escaped by the chart
    if any(one.value for one in ageing):
        found["ageing"] = Markup(chart.bars("Open weaknesses by how long they are known here", ageing, unit="open"))  # noqa: S704  as above
    if any(number for _, number in held.burn):
        found["burn"] = _burn_down(held)
    return found


def _mix(tiers: Mapping[str, int] | None) -> Markup | None:
    """Open findings by tier, as the page of deadlines has them."""
    if not tiers:
        return None
    rows = [chart.Bar(label=name, value=number) for name, number in tiers.items()]
    return Markup(chart.bars("Open findings by tier", rows, unit="findings"))  # noqa: S704  escaped by the chart


def _burn_down(held: Estate) -> Markup:
    """Open weaknesses week by week, up to the moment that the page is about."""
    points = [((at - held.at) / timedelta(weeks=1), float(number)) for at, number in held.burn]
    line = chart.Series(label="open weaknesses, once for each inventory", points=points, stepped=True)
    drawn = chart.lines(
        "Open weaknesses over the last weeks", [line], across="weeks before the moment shown", up="open"
    )
    return Markup(drawn)  # noqa: S704  our own drawing, escaped where it is made


def _domain(text: str) -> Domain:
    try:
        return Domain(text)
    except ValueError as error:
        raise Invalid(
            "no such domain", [Problem("/domain", "bad_value", "choose one of the domains listed")]
        ) from error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("no such day", [Problem("/as_of", "invalid_time", "a day is written 2024-10-10")]) from error


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
