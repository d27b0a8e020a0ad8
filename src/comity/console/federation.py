"""Pages of partner hosts: who they are, handing a case over, and what passed between."""

from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.clearing.desk_handover import Door, HandOvers
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, digest_named, named, see
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.ids import CaseId

DONE = {
    "added": "The partner is entered: cases may pass now.",
    "claims": "Claims are exchanged: only those whose holders agreed, and nobody's name without consent.",
    "no-claims": "Claims are exchanged no more, and what was heard is forgotten.",
    "ended": "The agreement has ended: nothing passes any more.",
    "sent": "The case is on its way. It is tried until the partner takes it, refuses it, or is given up on.",
}
NOT_DONE = "not_done"
KEY_BYTES = 16 * 1024


def add(paths: Paths, counter: HandOvers) -> None:
    """The pages and their forms."""

    def partners_shown(
        request: Ask,
        *,
        status: int = 200,
        problems: tuple[Problem, ...] = (),
        followed: tuple[str, tuple[tuple[str, str], ...]] = ("", ()),
    ) -> Response[Any]:
        viewer = caller_of(request).viewer
        listed = counter.partners(viewer)
        return page(
            request,
            "clearing/partners.html",
            status=status,
            partners=listed,
            may_keep=may(viewer, Action.KEEP_PARTNERS),
            sent=counter.sent(viewer) if may(viewer, Action.READ_CASES) else None,
            received=counter.received(viewer) if may(viewer, Action.READ_CASES) else None,
            exchanges=counter.exchanges(viewer),
            taps={one.id for one in listed if one.door is Door.TAP},
            may_send=may(viewer, Action.HAND_OVER),
            followed=followed,
            problems=problems,
            done=DONE.get(asked(request, "done"), ""),
        )

    def hand_over_shown(
        request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = (), why: str = ""
    ) -> Response[Any]:
        viewer, case = caller_of(request).viewer, CaseId(named(request, "case"))
        view = counter.clearing.case(viewer, case)
        return page(
            request,
            "clearing/hand_over.html",
            status=status,
            case=view.case,
            partners=counter.partners(viewer),
            bases=counter.bases(),
            sent=counter.sent(viewer, case=case),
            problems=problems,
            why=why,
        )

    @paths.show("/partners", Action.READ_PARTNERS)
    def partners(request: Ask) -> Response[Any]:
        return partners_shown(request)

    @paths.take("/partners", Action.KEEP_PARTNERS, limit_bytes=4 * KEY_BYTES)
    def enter(request: Ask, form: Form) -> Response[Any]:
        uploads, viewer = form.uploads("key"), caller_of(request).viewer
        name, address, token = form.text("name"), form.text("address"), form.text("tap_token").strip()
        try:
            if token:
                counter.add_tap(viewer, name=name, address=address, token=token)
            else:
                counter.add(viewer, name=name, address=address, key=uploads[0].data[:KEY_BYTES] if uploads else b"")
        except (Conflict, Invalid) as error:
            return partners_shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see("/partners?done=added")

    @paths.press("/partners/{partner:str}/end", Action.KEEP_PARTNERS)
    def end(request: Ask) -> Response[Any]:
        counter.end(caller_of(request).viewer, named(request, "partner"))
        return see("/partners?done=ended")

    @paths.take("/partners/{partner:str}/claims", Action.KEEP_PARTNERS)
    def claims(request: Ask, form: Form) -> Response[Any]:
        is_on = form.text("on") == "yes"
        try:
            counter.exchange_claims(caller_of(request).viewer, named(request, "partner"), on=is_on)
        except Conflict as error:
            return partners_shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return see(f"/partners?done={'claims' if is_on else 'no-claims'}")

    @paths.show("/cases/{case:str}/hand-over", Action.HAND_OVER)
    def hand_over(request: Ask) -> Response[Any]:
        return hand_over_shown(request)

    @paths.take("/cases/{case:str}/hand-over", Action.HAND_OVER)
    def hand(request: Ask, form: Form) -> Response[Any]:
        kept, reason, why = form.text("kept").strip(), form.text("reason").strip(), form.text("why")
        try:
            counter.hand_over(
                caller_of(request).viewer,
                CaseId(named(request, "case")),
                partner=form.text("partner"),
                basis=form.text("basis"),
                why=why,
                keep={kept: reason} if kept and reason else {},
            )
        except (Conflict, Forbidden, Invalid, Missing) as error:
            problems = told(error, code=NOT_DONE)
            return hand_over_shown(request, status=status_of(error), problems=problems, why=why[:500])
        return see("/partners?done=sent")

    @paths.show("/partners/received/{hand_over:str}/statements/{sha256:str}", Action.READ_CASES)
    def statement(request: Ask) -> Response[Any]:
        wanted = digest_named(request, "sha256")
        data = counter.statement(caller_of(request).viewer, named(request, "hand_over"), wanted)
        return download(data, f"{wanted}.dsse.json")

    @paths.press("/partners/sent/{hand_over:str}/again", Action.HAND_OVER)
    def again(request: Ask) -> Response[Any]:
        counter.again(caller_of(request).viewer, named(request, "hand_over"))
        return see("/partners?done=sent")

    @paths.press("/partners/sent/{hand_over:str}/follow", Action.HAND_OVER)
    def follow(request: Ask) -> Response[Any]:
        hand_over = named(request, "hand_over")
        try:
            said = counter.follow(caller_of(request).viewer, hand_over)
        except Conflict as error:
            return partners_shown(request, status=status_of(error), problems=told(error, code=NOT_DONE))
        return partners_shown(request, followed=(hand_over, said))
