"""Directives: read packs, follow one, write, consult, sign and publish one."""

from typing import Annotated, Final

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from comity.access.policy import Action
from comity.api import asking, directive_wire
from comity.api.asking import Ask
from comity.api.directive_shapes import (
    Acknowledge,
    Adopted,
    Consult,
    DirectiveBody,
    Drafts,
    FollowerBody,
    PackBody,
    Packs,
    Say,
    Sign,
    Withdraw,
)
from comity.defend.desk_directives import Directives
from comity.errors import Missing

FILE: Final = ("application/yaml", "application/json")
WHAT: Final = (
    "A pack file as docs/directives.md describes it (YAML or JSON), read as a stranger's: 422 lists every place"
)
Version = Annotated[str, QueryParameter(name="version", max_length=40, description="a version; empty: the newest")]


def routes(desk: Directives) -> list[HTTPRouteHandler]:
    """The operations on directives."""

    @get(
        "/directives",
        opt={"action": Action.READ_DIRECTIVES},
        operation_id="listDirectives",
        sync_to_thread=True,
        summary="Every pack that the caller may read",
        responses=asking.ERRORS,
    )
    def listed(request: Ask) -> Packs:
        """Shipped ones, which are transcriptions, and those published on this host."""
        return directive_wire.packs(desk.packs(asking.viewer_of(request)))

    @get(
        "/directives/{pack:str}",
        opt={"action": Action.READ_DIRECTIVES},
        operation_id="readDirective",
        sync_to_thread=True,
        summary="One pack whole, as data",
        responses=asking.ERRORS,
    )
    def one(request: Ask, pack: FromPath[str], version: Version = "") -> PackBody:
        """With its duties, how certain it is, and what no source settles."""
        return directive_wire.pack(desk.pack(asking.viewer_of(request), asking.name(pack), version))

    @get(
        "/directives/{pack:str}/file",
        opt={"action": Action.READ_DIRECTIVES},
        operation_id="downloadDirective",
        sync_to_thread=True,
        summary="The pack's own file",
        responses={200: asking.download("The file as it was written"), **asking.ERRORS},
    )
    def file(request: Ask, pack: FromPath[str], version: Version = "") -> Response[bytes]:
        """Its SHA-256 is what a signature names. Check it with `comity directive check`."""
        view = desk.pack(asking.viewer_of(request), asking.name(pack), version)
        if not view.source:
            raise Missing("this pack has no file of that kind")
        return asking.inert(view.source, f"{view.known.pack.id}-{view.known.pack.version}.yaml")

    @post(
        "/directives/{pack:str}/follow",
        opt={"action": Action.FOLLOW_DIRECTIVE},
        operation_id="followDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Follow a pack for one's organisation",
        responses=asking.ERRORS,
    )
    def follow(request: Ask, pack: FromPath[str]) -> FollowerBody:
        """Its dates count for the assets of the domain from now on. Following twice changes nothing."""
        return directive_wire.follower(desk.follow(asking.viewer_of(request), asking.name(pack)))

    @post(
        "/directives/{pack:str}/acknowledgement",
        opt={"action": Action.FOLLOW_DIRECTIVE},
        operation_id="acknowledgeDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Confirm that one's organisation has read a version",
        responses=asking.ERRORS,
    )
    def acknowledge(request: Ask, pack: FromPath[str], data: JSONBody[Acknowledge]) -> FollowerBody:
        """In the name of whoever's token this is."""
        held = desk.acknowledge(asking.viewer_of(request), asking.name(pack), data.version)
        return directive_wire.follower(held)

    @post(
        "/directives/{pack:str}/adoption",
        opt={"action": Action.FOLLOW_DIRECTIVE},
        operation_id="reportAdoption",
        status_code=200,
        sync_to_thread=True,
        summary="Say how far one's organisation is",
        responses=asking.ERRORS,
    )
    def adoption(request: Ask, pack: FromPath[str], data: JSONBody[Adopted]) -> FollowerBody:
        """The author sees it; other followers do not."""
        held = desk.report(asking.viewer_of(request), asking.name(pack), data.adoption, data.text)
        return directive_wire.follower(held)

    return [listed, one, file, follow, acknowledge, adoption, *_writing(desk)]


def _writing(desk: Directives) -> list[HTTPRouteHandler]:
    @get(
        "/authoring",
        opt={"action": Action.COMMENT_DIRECTIVE},
        operation_id="listAuthoring",
        sync_to_thread=True,
        summary="Directives that one writes, or is asked about",
        responses=asking.ERRORS,
    )
    def drafts(request: Ask) -> Drafts:
        """Each with its 30-day clock."""
        return directive_wire.drafts(desk, asking.viewer_of(request))

    @post(
        "/authoring",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="draftDirective",
        operation_class=asking.raw_body(FILE, WHAT),
        sync_to_thread=True,
        summary="Keep a pack as a draft",
        responses=asking.ERRORS,
    )
    def draft(request: Ask, body: RawBody) -> DirectiveBody:
        """The 30-day clock starts. A template is refused: its times are not filled in."""
        viewer = asking.viewer_of(request)
        return directive_wire.moved(desk, viewer, desk.draft(viewer, body).id)

    @get(
        "/authoring/{directive:str}",
        opt={"action": Action.COMMENT_DIRECTIVE},
        operation_id="readAuthoring",
        sync_to_thread=True,
        summary="One directive in the making",
        responses=asking.ERRORS,
    )
    def one(request: Ask, directive: FromPath[str]) -> DirectiveBody:
        """With who was asked and what they said; its author also sees who follows it."""
        return directive_wire.moved(desk, asking.viewer_of(request), asking.name(directive))

    @post(
        "/authoring/{directive:str}/draft",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="changeDraft",
        operation_class=asking.raw_body(FILE, WHAT),
        status_code=200,
        sync_to_thread=True,
        summary="Change the draft",
        responses=asking.ERRORS,
    )
    def redraft(request: Ask, body: RawBody, directive: FromPath[str]) -> DirectiveBody:
        """In consultation it becomes a draft again, and the offices are asked anew."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.redraft(viewer, id_, body).id)

    @post(
        "/authoring/{directive:str}/consultation",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="consultOffices",
        status_code=200,
        sync_to_thread=True,
        summary="Ask named offices for comments",
        responses=asking.ERRORS,
    )
    def consult(request: Ask, directive: FromPath[str], data: JSONBody[Consult]) -> DirectiveBody:
        """They see the draft from now on, and nobody else does."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.consult(viewer, id_, data.offices, days=data.days).id)

    @post(
        "/authoring/{directive:str}/comments",
        opt={"action": Action.COMMENT_DIRECTIVE},
        operation_id="commentDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Say something for one's own office, or agree",
        responses=asking.ERRORS,
    )
    def comment(request: Ask, directive: FromPath[str], data: JSONBody[Say]) -> DirectiveBody:
        """About the state of the draft that stands now."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.comment(viewer, id_, data.text, agrees=data.agrees).id)

    @post(
        "/authoring/{directive:str}/signature",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="signDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Sign exactly one draft",
        responses=asking.ERRORS,
    )
    def sign(request: Ask, directive: FromPath[str], data: JSONBody[Sign]) -> DirectiveBody:
        """In the name of whoever's token this is; 409 when the draft changed since it was read."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.sign(viewer, id_, data.draft_sha256).id)

    @get(
        "/authoring/{directive:str}/signature",
        opt={"action": Action.READ_DIRECTIVES},
        operation_id="downloadDirectiveSignature",
        sync_to_thread=True,
        summary="The signed statement over a directive's file",
        responses={200: asking.download("A DSSE envelope"), **asking.ERRORS},
    )
    def signature(request: Ask, directive: FromPath[str]) -> Response[bytes]:
        """Check it offline with `comity verify FILE`."""
        id_ = asking.name(directive)
        return asking.inert(desk.signature(asking.viewer_of(request), id_), f"{id_}.dsse.json")

    @post(
        "/authoring/{directive:str}/publication",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="publishDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Publish what is signed",
        responses=asking.ERRORS,
    )
    def publish(request: Ask, directive: FromPath[str]) -> DirectiveBody:
        """Whoever meets its domain can read it and follow it from now on."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.publish(viewer, id_).id)

    @post(
        "/authoring/{directive:str}/withdrawal",
        opt={"action": Action.AUTHOR_DIRECTIVE},
        operation_id="withdrawDirective",
        status_code=200,
        sync_to_thread=True,
        summary="Take a directive back, with a reason",
        responses=asking.ERRORS,
    )
    def withdraw(request: Ask, directive: FromPath[str], data: JSONBody[Withdraw]) -> DirectiveBody:
        """It gives no dates from now on; its author and its offices still read it."""
        viewer, id_ = asking.viewer_of(request), asking.name(directive)
        return directive_wire.moved(desk, viewer, desk.withdraw(viewer, id_, data.why).id)

    return [drafts, draft, one, redraft, consult, comment, sign, signature, publish, withdraw]
