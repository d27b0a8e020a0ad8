"""What is due when and why, and what a change would move: the pages of a defender."""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from litestar import Response
from markupsafe import Markup

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.defend.desk_deadlines import PAGE, Deadlines
from comity.errors import Conflict, Invalid, Problem
from comity.formats import chart
from comity.model.ids import AssetId

VIEWS = {
    "": "with a date",
    "overdue": "overdue",
    "upcoming": "to come",
    "triage": "triage asked for",
    "ask": "a person decides",
    "silent": "no answer",
    "done": "done",
}
TONES: Final[Mapping[str, Literal["", "good", "warn", "bad", "soft"]]] = {"3DF": "bad", "3D": "bad", "14D": "warn"}
EXAMPLES = (
    "exposure ASSET no",
    "kev CVE-2024-0001",
    "ssvc CVE-2024-0001 automatable=yes impact=total",
    "upgrade ASSET 2027-03-01",
    "choose on_tighten=change_date",
)


def add(paths: Paths, deadlines: Deadlines) -> None:
    """The pages over the counter for deadlines."""

    @paths.show("/deadlines", Action.READ_DEADLINES)
    def listed(request: Ask) -> Response[Any]:
        only = asked(request, "only")
        only = only if only in VIEWS else ""
        after = asked(request, "after")
        start = int(after) if after.isdigit() and len(after) < 9 else 0
        tier = asked(request, "tier")
        at, problems = moment_of(request)
        found = deadlines.deadlines(caller_of(request).viewer, at=at, tier=tier, only=only or "dated", after=start)
        following = str(start + PAGE) if found.total > start + PAGE else ""
        return page(
            request,
            "defend/deadlines.html",
            status=422 if problems else 200,
            found=found,
            views=VIEWS,
            only=only,
            tier=tier,
            following=following,
            mix=mix(found.summary.tiers),
            month=month(found.days, asked(request, "month"), found.at),
            day=asked(request, "day"),
            problems=problems,
        )

    @paths.show("/deadlines/{asset:str}/{flaw:str}", Action.READ_DEADLINES)
    def one(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), done: str = "") -> Response[Any]:
        viewer = caller_of(request).viewer
        asset, flaw = place(request)
        at, wrong = moment_of(request)
        view = deadlines.deadline(viewer, asset, flaw, at=at)
        return page(
            request,
            "defend/deadline.html",
            status=422 if wrong else status,
            view=view,
            answer=view.answer,
            kind=type(view.answer).__name__,
            also=[(type(answer).__name__, answer) for answer in view.also],
            problems=(*problems, *wrong),
            done=done or ("Recorded." if asked(request, "done") else ""),
            day=asked(request, "day"),
            may_work=may(viewer, Action.WORK_FINDING),
        )

    @paths.take("/deadlines/{asset:str}/{flaw:str}/work", Action.WORK_FINDING)
    def work(request: Ask, form: Form) -> Response[Any]:
        asset, flaw = place(request)
        act = deadlines.patched if form.text("kind") == "fix" else deadlines.mitigated
        try:
            act(caller_of(request).viewer, asset, flaw, form.text("how"))
        except (Conflict, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see(f"/deadlines/{asset}/{flaw}?done=yes")

    @paths.take("/deadlines/{asset:str}/{flaw:str}/inputs", Action.WORK_FINDING)
    def state(request: Ask, form: Form) -> Response[Any]:
        asset, flaw = place(request)
        viewer = caller_of(request).viewer
        wanted = [one.name for one in deadlines.deadline(viewer, asset, flaw).questions]
        try:
            deadlines.state(viewer, asset, flaw, {name: form.text(f"input-{name}") for name in wanted})
        except (Conflict, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see(f"/deadlines/{asset}/{flaw}?done=yes")

    @paths.show("/what-if", Action.READ_DEADLINES)
    def asking(request: Ask) -> Response[Any]:
        return tried(request, asked(request, "change"))

    @paths.take("/what-if", Action.READ_DEADLINES)
    def trying(request: Ask, form: Form) -> Response[Any]:
        return tried(request, form.text("changes"), run=True)

    def tried(request: Ask, text: str, *, run: bool = False) -> Response[Any]:
        viewer = caller_of(request).viewer
        problems: tuple[Problem, ...] = ()
        difference = None
        texts = [line.strip() for line in text.splitlines() if line.strip()]
        if run:
            try:
                difference = deadlines.what_if(viewer, deadlines.changes(viewer, texts[:50]))
            except Invalid as error:
                problems = told(error)
        listed = deadlines.deadlines(viewer)
        return page(
            request,
            "defend/whatif.html",
            status=422 if problems else 200,
            text=text,
            difference=difference,
            problems=problems,
            packs=listed.packs,
            zone=listed.zone,
            examples=EXAMPLES,
        )


def place(request: Ask) -> tuple[AssetId, str]:
    """The asset and the vulnerability of the address."""
    return AssetId(named(request, "asset")), named(request, "flaw")


def moment_of(request: Ask) -> tuple[datetime | None, tuple[Problem, ...]]:
    """The past day that is asked about: its end, in UTC. None for now."""
    text = asked(request, "day")
    if not text:
        return None, ()
    try:
        return datetime.combine(date.fromisoformat(text), time(23, 59, 59), tzinfo=UTC), ()
    except ValueError:
        return None, (Problem("/day", "no_such_day", "give a day as 2026-12-31"),)


def mix(tiers: Mapping[str, int]) -> Markup | None:
    """The tier mix as a chart; the numbers stand in the table beside it."""
    rows = [chart.Bar(label=key, value=count, tone=TONES.get(key, "")) for key, count in tiers.items()]
    return Markup(chart.bars("Open findings by tier", rows, unit="findings")) if rows else None  # noqa: S704  our own SVG, its labels are escaped there


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One day of the grid: how many open findings are due on it."""

    day: date
    number: int
    within: bool
    """False for a day of the month before or after, which fills the week."""
    past: bool
    today: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month of due dates: weeks from Monday to Sunday, and the months beside it as `2026-12`."""

    name: str
    before: str
    after: str
    weeks: tuple[tuple[Cell, ...], ...]
    earlier: int
    """Open findings that were due before this month."""
    later: int


def month(days: Mapping[date, int], text: str, at: datetime) -> Month:
    """The month that is asked for, as `2026-12`; else that of the moment."""
    wanted = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text)
    year, number = (int(wanted[1]), int(wanted[2])) if wanted else (at.year, at.month)
    weeks = calendar.Calendar().monthdatescalendar(year, number)
    first, last = date(year, number, 1), date(year, number, calendar.monthrange(year, number)[1])
    return Month(
        name=f"{first:%B %Y}",
        before=f"{first - timedelta(days=1):%Y-%m}",
        after=f"{last + timedelta(days=1):%Y-%m}",
        weeks=tuple(
            tuple(
                Cell(
                    day=one,
                    number=days.get(one, 0) if first <= one <= last else 0,
                    within=first <= one <= last,
                    past=one < at.date(),
                    today=one == at.date(),
                )
                for one in week
            )
            for week in weeks
        ),
        earlier=sum(count for one, count in days.items() if one < first),
        later=sum(count for one, count in days.items() if one > last),
    )
