"""Render pages: what comes from outside is escaped, times are in UTC, and each page knows who looks."""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response
from markupsafe import Markup, escape

from comity.access.caller import Via
from comity.access.headers import LIVE_CSP, PAGE_CSP, PASSKEY_CSP
from comity.access.routes import caller_of
from comity.console.cookies import csrf_of
from comity.console.navigation import menu
from comity.errors import Invalid
from comity.model import clock
from comity.model.evidence import Flaky, NeedsPerson, NotReproduced, Reproduced, Verdict
from comity.model.handling import Tlp
from comity.model.product import Affected, EventKind, Range

Ask: TypeAlias = Request[Any, Any, Any]
HTML: Final = "text/html"
_zone: ContextVar[str] = ContextVar("zone", default="")
"""The zone of whoever the page is made for, since filters within macros see nothing of the page."""


class _FormToken:
    """The token of a page's forms, made when a form is drawn: a page without any gives the browser no cookie."""

    def __init__(self, request: Ask) -> None:
        self.request = request

    def __html__(self) -> str:
        return csrf_of(self.request)


def page(request: Ask, template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A page for whoever asks."""
    caller = caller_of(request)
    before = _zone.set(caller.zone)
    try:
        body = ENVIRONMENT.get_template(template).render(
            caller=caller,
            is_signed_in=caller.via is Via.SESSION,
            menu=menu(caller.viewer, request.url.path),
            csrf=_FormToken(request),
            **values,
        )
    finally:
        _zone.reset(before)
    return Response(body, status_code=status, media_type=HTML, headers={"Content-Security-Policy": PAGE_CSP})


def passkey_page(request: Ask, template: str, *, asking: str, status: int = 200, **values: Any) -> Response[str]:
    """A page that may load the script which asks the browser for a passkey, unless there is nothing to ask."""
    shown = page(request, template, status=status, asking=asking, **values)
    if asking:
        shown.headers["Content-Security-Policy"] = PASSKEY_CSP
    return shown


def live_page(request: Ask, template: str, *, live: str, pulse: str, status: int = 200, **values: Any) -> Response[str]:
    """A page that brings itself up to date while something runs. `live`: the path that tells of it, "" for nothing.

    `pulse` is what that path said when the page was made. Without script the page stands as it is.
    """
    shown = page(request, template, status=status, live=live, pulse=pulse, **values)
    if live:
        shown.headers["Content-Security-Policy"] = LIVE_CSP
    return shown


def moment(value: datetime | None) -> Markup:
    """`22 Nov 2026, 12:00 UTC` as a `time` element, or in the zone of whoever looks, with UTC on hover.

    An unknown time says so.
    """
    if value is None:
        return Markup('<span class="unknown">not set</span>')
    return _told(value.astimezone(UTC), _zone.get())


@lru_cache(maxsize=4096)
def _told(at: datetime, zone: str) -> Markup:
    """A moment in UTC for whoever lives in that zone; lists tell the same moments again and again."""
    exact = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    there = _there(at, zone)
    if there is None:
        return Markup('<time datetime="{}">{}</time>').format(exact, _spoken(at))
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, _spoken(at), there)


def _there(at: datetime, name: str) -> str | None:
    """The moment in a zone; None in UTC, and for a zone that this machine's data lacks by now."""
    if not name:
        return None
    try:
        local_ = at.astimezone(clock.zone(name))
    except Invalid:
        return None
    called = local_.tzname() or ""
    return f"{local_.day} {local_:%b %Y, %H:%M} " + (f"UTC{called}" if called[:1] in "+-" else called)


def iso(value: str | None) -> Markup:
    """A moment that comes as RFC 3339 text, shown like `moment`."""
    return moment(None if value is None else datetime.fromisoformat(value))


def _spoken(at: datetime) -> str:
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def local(value: datetime | None, zone: str) -> Markup:
    """`13 Dec 2026, end of the day in America/New_York`: a due date as the day it is there."""
    if value is None:
        return Markup('<span class="unknown">none</span>')
    there = value.astimezone(clock.zone(zone))
    hour = "end of the day" if (there.hour, there.minute) == (23, 59) else f"{there:%H:%M}"
    said = f"{there.day} {there:%b %Y}, {hour} in {zone}"
    return Markup('<time datetime="{}">{}</time>').format(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), said)


def local_day(value: datetime, zone: str) -> date:
    """The calendar day there."""
    return clock.local_day(value, clock.zone(zone))


def day(value: date | None) -> Markup:
    """`2 Jul 2026` as a `time` element."""
    if value is None:
        return Markup('<span class="unknown">none</span>')
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), f"{value.day} {value:%b %Y}")


@cache
def tlp(value: Tlp) -> Markup:
    """A label in FIRST's colours; the words carry it, the colour only repeats them."""
    return Markup('<span class="tlp {}">{}</span>').format(value.name.lower().replace("_", "-"), value.label)


def paragraphs(text: str) -> Markup:
    """Plain text from outside as paragraphs: escaped, no markup understood."""
    parts = [part.strip() for part in text.replace("\r\n", "\n").split("\n\n")]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in part.split("\n")))
        for part in parts
        if part
    )


def web_link(url: str) -> Markup:
    """A link from outside: only http and https can be followed; anything else is shown as text."""
    if url.startswith(("https://", "http://")):
        return Markup('<a href="{0}" rel="noreferrer noopener nofollow">{0}</a>').format(url)
    return Markup("<code>{}</code>").format(url)


def size(count: int) -> str:
    """Bytes for people."""
    return (
        f"{count} B" if count < 1024 else f"{count / 1024:.1f} KiB" if count < 1024**2 else f"{count / 1024**2:.1f} MiB"
    )


def product(affected: Affected) -> str:
    """What is affected, by its best name."""
    return affected.purl or " ".join(part for part in (affected.vendor or affected.ecosystem, affected.name) if part)


def versions(affected: Affected) -> str:
    """Which versions, in words; nobody said: unknown, never all or none."""
    told = [", ".join(affected.versions)] if affected.versions else []
    told += [_range(one) for one in affected.ranges]
    return "; ".join(part for part in told if part) or "not said which"


def _range(one: Range) -> str:
    words = {
        EventKind.INTRODUCED: "from {}",
        EventKind.FIXED: "before {}",
        EventKind.LAST_AFFECTED: "up to {}",
        EventKind.LIMIT: "below {}",
    }
    return ", ".join(
        "from the first version"
        if e.kind is EventKind.INTRODUCED and e.version == "0"
        else words[e.kind].format(e.version)
        for e in one.events
    )


def verdict_word(verdict: Verdict | None) -> str:
    """One or two words for a badge."""
    match verdict:
        case Reproduced():
            return "reproduced"
        case NotReproduced():
            return "not reproduced"
        case Flaky():
            return "flaky"
        case NeedsPerson():
            return "needs a person"
        case None:
            return "no verdict yet"


def slug(text: str) -> str:
    """A class name out of one of our own words."""
    return "".join(c if c.isalnum() else "-" for c in text.lower())


def status_name(status: int) -> str:
    """The words of an HTTP status."""
    return HTTPStatus(status).phrase


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("comity.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: Mapping[str, Any] = {
        "moment": moment,
        "iso": iso,
        "day": day,
        "local": local,
        "local_day": local_day,
        "tlp": tlp,
        "paragraphs": paragraphs,
        "web_link": web_link,
        "size": size,
        "product": product,
        "versions": versions,
        "verdict_word": verdict_word,
        "slug": slug,
    }
    environment.filters.update(filters)
    return environment


ENVIRONMENT: Final = _environment()
