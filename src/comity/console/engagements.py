"""Assessments: the public page, the list, and one engagement as a workspace: what is next, and whose turn it is."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.assess.desk import ACTS, Assess, Open, View
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, live_page, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem, Tampered, Unavailable
from comity.model import engagement as table
from comity.model.engagement import DEVELOPER_SIDE, MEANING, MOVES, NAMED, State
from comity.model.ids import EngagementId

BUSY = frozenset({State.OPEN, State.CLOSED})
"""States in which runs are made and weighed: the page follows them."""
FORM_LIMIT = 16 * 1024 * 1024
ROAD = (
    State.ENQUIRY,
    State.TERMS,
    State.AGREED,
    State.FROZEN,
    State.OPEN,
    State.CLOSED,
    State.WEIGHED,
    State.COMMENT,
    State.ENDED,
)
"""The states of an engagement that goes its whole way, in order."""


def add(paths: Paths, assess: Assess) -> None:
    """The pages of assessments."""

    @paths.show("/assessments", Action.READ_ASSESSING)
    def about(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "assess/about.html",
            counts=assess.counts(viewer),
            can_invite=may(viewer, Action.INVITE),
            can_read=may(viewer, Action.READ_ENGAGEMENTS),
        )

    @paths.show("/assessments/rules", Action.READ_ASSESSING)
    def rules(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "assess/rules.html",
            claims=assess.claims(viewer),
            times=assess.times(viewer),
            states=tuple(State),
            moves=MOVES,
            meanings=MEANING,
            named=NAMED,
            apart=sorted(seat.value for seat in table.APART),
            rules=assess.rules(viewer),
        )

    @paths.show("/engagements", Action.READ_ENGAGEMENTS)
    def listed(request: Ask) -> Response[Any]:
        return _list(request)

    @paths.take("/engagements", Action.INVITE)
    def invite(request: Ask, form: Form) -> Response[Any]:
        names = ("subject", "question", "declaration", "planned")
        values = {name: form.text(name) for name in names}
        try:
            id_, _ = assess.invite(caller_of(request).viewer, **values)
        except Invalid as error:
            return _list(request, status=422, problems=told(error), values=values)
        return see(f"/engagements/{id_}?done=invited")

    def _list(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), values: Mapping[str, str] | None = None
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        rows, following = assess.page(viewer, after=asked(request, "after"))
        return page(
            request,
            "assess/list.html",
            status=status,
            rows=rows,
            following=following,
            can_invite=may(viewer, Action.INVITE),
            problems=problems,
            values=values or {},
        )

    @paths.show("/engagements/{engagement:str}", Action.READ_ENGAGEMENTS)
    def one(request: Ask) -> Response[Any]:
        done = (
            "Your enquiry is in. It decides nothing, and you may end it at any time." if asked(request, "done") else ""
        )
        return _shown(request, EngagementId(named(request, "engagement")), done=done)

    @paths.follow("/engagements/{engagement:str}/pulse", Action.READ_ENGAGEMENTS)
    def pulse(request: Ask) -> str:
        return assess.pulse(caller_of(request).viewer, EngagementId(named(request, "engagement")))

    def _shown(
        request: Ask,
        id_: EngagementId,
        *,
        status: int = 200,
        problems: tuple[Problem, ...] = (),
        done: str = "",
        secret: str = "",
        tried: str = "",
        values: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        pulse = assess.pulse(viewer, id_)  # before the rest is read: a change in between is then told
        view = assess.view(viewer, id_)
        return live_page(
            request,
            "assess/engagement.html",
            live=f"/engagements/{id_}/pulse" if view.state in BUSY else "",
            pulse=pulse,
            status=status,
            view=view,
            parts=_parts(view),
            road=ROAD,
            chosen=_chosen(view),
            choices=_choices(view),
            main=_main(view),
            other=tuple(one for one in view.acts if one not in _main(view)),
            is_developer=bool(set(view.seats) & DEVELOPER_SIDE),
            problems=problems,
            done=done,
            secret=secret,
            tried=tried,
            values=values or {},
        )

    @paths.take("/engagements/{engagement:str}/acts/{act:str}", Action.ENGAGE, limit_bytes=FORM_LIMIT)
    def act(request: Ask, form: Form) -> Response[Any]:
        id_, name = EngagementId(named(request, "engagement")), named(request, "act")
        known = ACTS.get(name)
        if known is None and name != "take":
            raise Missing("there is no such act")
        fields = ("declaration",) if known is None else tuple(field.name for field in known.fields)
        values = {field: form.text(field) for field in fields}
        try:
            done = assess.do(caller_of(request).viewer, id_, name, values)
        except (Conflict, Invalid, Forbidden, Unavailable, Tampered) as error:
            return _shown(request, id_, status=status_of(error), problems=told(error), tried=name, values=values)
        return _shown(request, id_, done=done.sentence, secret=done.secret)

    @paths.show("/engagements/{engagement:str}/ledger", Action.READ_ENGAGEMENTS)
    def ledger(request: Ask) -> Response[Any]:
        id_ = EngagementId(named(request, "engagement"))
        lines, head = assess.ledger(caller_of(request).viewer, id_)
        return page(request, "assess/ledger.html", id=id_, lines=lines, head=head)

    @paths.show("/engagements/{engagement:str}/card", Action.READ_ENGAGEMENTS)
    def card(request: Ask) -> Response[Any]:
        """To read here, with the reader's mark. Taking a copy out is another thing, and takes two persons."""
        id_ = EngagementId(named(request, "engagement"))
        text = assess.card_page(caller_of(request).viewer, id_)
        return Response(
            text, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _own_style(text)}
        )

    @paths.take("/engagements/{engagement:str}/exports", Action.ENGAGE)
    def export(request: Ask, form: Form) -> Response[Any]:
        id_, what = EngagementId(named(request, "engagement")), form.text("what")
        try:
            data = assess.export(caller_of(request).viewer, id_, what)
        except (Conflict, Invalid, Forbidden) as error:
            status = 403 if isinstance(error, Forbidden) else 422
            return _shown(request, id_, status=status, problems=told(error))
        return download(data, f"{id_}.{what}.json")

    @paths.show("/engagements/{engagement:str}/receipt", Action.READ_ENGAGEMENTS)
    def receipt(request: Ask) -> Response[Any]:
        id_ = EngagementId(named(request, "engagement"))
        return download(assess.receipt(caller_of(request).viewer, id_), f"{id_}.erasure.dsse.json")


PARTS = (
    *("question", "seats", "terms", "signatures", "digests", "endpoint", "containment", "window", "probes", "progress"),
    *("usage", "partners", "agreements", "flags", "card", "comment", "ledger"),
)
"""Names of the parts of an engagement, as the counter gives them."""
MAIN = {
    State.ENQUIRY: ("declare", "negotiate"),
    State.TERMS: ("declare", "sign", "draft"),
    State.AGREED: ("declare", "endpoint", "generate", "attest", "countersign", "seat"),
    State.FROZEN: ("declare", "attest", "open"),
    State.OPEN: ("declare", "key", "probe", "close"),
    State.CLOSED: ("declare", "score", "recompute"),
    State.WEIGHED: ("declare", "record", "analyse"),
    State.COMMENT: ("declare", "comment"),
    State.ENDED: ("declare", "release"),
    State.LAPSED: ("declare", "renew"),
}
"""Acts that carry a state on: shown first, and open. Everything else is folded beneath."""


def _own_style(text: str) -> str:
    """A stand-alone page brings one style sheet of its own: exactly that one may act, and nothing else at all."""
    style = text.partition("<style>")[2].partition("</style>")[0]
    held = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{held}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def _parts(view: View) -> dict[str, Any]:
    """Every part by name, None for those that are not shown to this viewer: the page asks for each."""
    return {**dict.fromkeys(PARTS), **view.parts}


def _main(view: View) -> tuple[Open, ...]:
    wanted = MAIN.get(view.state, ())
    if not view.parts.get("terms"):
        wanted = tuple(sorted(wanted, key=lambda name: name == "sign"))  # nothing is signed before it is written
    found = [one for one in view.acts if one.act.name in wanted]
    return tuple(sorted(found, key=lambda one: wanted.index(one.act.name)))


def _chosen(view: View) -> dict[str, dict[str, str]]:
    """Values that a form begins with or waits for: the digest that is signed or recomputed, the terms in hand."""
    made: dict[str, dict[str, str]] = {}
    terms = view.parts.get("terms") or []
    if terms:
        last = terms[-1]
        made["sign"] = {"digest": str(last["digest"])}
        flat = {**last, **last["limits"]}
        made["draft"] = {
            name: ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
            for name, value in flat.items()
            if name not in {"limits", "digest", "number"}
        }
    if card := view.parts.get("card"):
        made["recompute"] = {"digest": str(card["digest"])}
    digests = view.parts.get("digests") or []
    if digests:
        made["countersign"] = {"root": str(digests[-1]["battery_root"])}
    return made


def _choices(view: View) -> dict[str, dict[str, list[str]]]:
    """What a field of a form may be in this engagement: sections, partners and flags are chosen, not typed."""
    card = view.parts.get("card")
    partners = [one for one in view.parts.get("partners") or [] if not one["vetoed"]]
    flags = [one["name"] for one in view.parts.get("flags") or []]
    return {
        "release": {"section": [one for one in card["sections"] if one not in card["released"]] if card else []},
        "admit": {"partner": [one["name"] for one in partners if not one["admitted"]]},
        "veto": {"partner": [one["name"] for one in partners]},
        "overrule": {"flag": flags},
        "confirm": {"flag": flags},
    }
