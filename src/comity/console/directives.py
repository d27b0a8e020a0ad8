"""The packs that anybody may read; for an authority the way to a signed directive; for a follower what to confirm."""

from collections.abc import Callable
from typing import Any

from litestar import Response

from comity.access.policy import Action, may
from comity.access.routes import caller_of
from comity.console.downloads import download
from comity.console.forms import Form
from comity.console.pages import Ask, page
from comity.console.refusals import status_of, told
from comity.console.routing import Paths, asked, named, see
from comity.defend.desk_directives import Directives
from comity.errors import Conflict, Forbidden, Invalid, Missing, Problem
from comity.model.authoring import Adoption
from comity.model.party import Viewer

FILE_BYTES = 512 * 1024


def add(paths: Paths, directives: Directives) -> None:
    """The pages over the counter for directives."""

    @paths.show("/directives", Action.READ_DIRECTIVES)
    def listed(request: Ask) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "directives/list.html",
            packs=directives.packs(viewer),
            may_follow=may(viewer, Action.FOLLOW_DIRECTIVE),
            may_comment=may(viewer, Action.COMMENT_DIRECTIVE),
        )

    @paths.show("/directives/{pack:str}", Action.READ_DIRECTIVES)
    def one(request: Ask) -> Response[Any]:
        return shown(request)

    def shown(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        view = directives.pack(caller_of(request).viewer, named(request, "pack"), asked(request, "version"))
        return page(
            request,
            "directives/pack.html",
            status=status,
            view=view,
            pack=view.known.pack,
            adoptions=tuple(Adoption),
            problems=problems,
            done="Recorded." if asked(request, "done") else "",
        )

    @paths.show("/directives/{pack:str}/file", Action.READ_DIRECTIVES)
    def file(request: Ask) -> Response[Any]:
        view = directives.pack(caller_of(request).viewer, named(request, "pack"), asked(request, "version"))
        if not view.source:
            raise Missing("this pack has no file of this kind")
        return download(view.source, f"{view.known.pack.id}-{view.known.pack.version}.yaml")

    @paths.take("/directives/{pack:str}", Action.FOLLOW_DIRECTIVE)
    def followed(request: Ask, form: Form) -> Response[Any]:
        name = named(request, "pack")
        acts: dict[str, Callable[[Viewer], object]] = {
            "follow": lambda v: directives.follow(v, name),
            "acknowledge": lambda v: directives.acknowledge(v, name, form.text("version")),
            "report": lambda v: directives.report(v, name, form.text("adoption"), form.text("text")),
        }
        try:
            acts[form.text("act")](caller_of(request).viewer)
        except KeyError:
            return shown(request, status=422, problems=(Problem("/act", "unknown", "load the page again"),))
        except (Conflict, Invalid) as error:
            return shown(request, status=status_of(error), problems=told(error))
        return see(f"/directives/{name}?done=yes")

    @paths.show("/authoring", Action.COMMENT_DIRECTIVE)
    def drafts(request: Ask) -> Response[Any]:
        return drafted(request)

    def drafted(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        viewer = caller_of(request).viewer
        return page(
            request,
            "directives/drafts.html",
            status=status,
            drafts=directives.drafts(viewer),
            may_author=may(viewer, Action.AUTHOR_DIRECTIVE),
            problems=problems,
        )

    @paths.take("/authoring", Action.AUTHOR_DIRECTIVE, limit_bytes=FILE_BYTES)
    def draft(request: Ask, form: Form) -> Response[Any]:
        try:
            made = directives.draft(caller_of(request).viewer, file_of(form))
        except (Conflict, Invalid) as error:
            return drafted(request, status=status_of(error), problems=told(error))
        except Forbidden as error:
            return drafted(request, status=403, problems=(Problem("/domain", "not_yours", str(error)),))
        return see(f"/authoring/{made.id}")

    @paths.show("/authoring/{directive:str}", Action.COMMENT_DIRECTIVE)
    def directive(request: Ask) -> Response[Any]:
        return held(request)

    def held(request: Ask, *, status: int = 200, problems: tuple[Problem, ...] = ()) -> Response[Any]:
        view = directives.directive(caller_of(request).viewer, named(request, "directive"))
        return page(
            request,
            "directives/directive.html",
            status=status,
            view=view,
            directive=view.directive,
            pack=view.pack,
            problems=problems,
            done="Recorded." if asked(request, "done") else "",
        )

    @paths.take("/authoring/{directive:str}/comment", Action.COMMENT_DIRECTIVE)
    def comment(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "directive")
        agrees = form.text("agrees") == "yes"
        return decided(request, lambda v: directives.comment(v, id_, form.text("text"), agrees=agrees))

    @paths.take("/authoring/{directive:str}", Action.AUTHOR_DIRECTIVE, limit_bytes=FILE_BYTES)
    def act(request: Ask, form: Form) -> Response[Any]:
        id_ = named(request, "directive")
        days = form.text("days")
        acts: dict[str, Callable[[Viewer], object]] = {
            "redraft": lambda v: directives.redraft(v, id_, file_of(form)),
            "consult": lambda v: directives.consult(
                v, id_, form.all("office"), days=int(days) if days.isdigit() and len(days) < 4 else 0
            ),
            "sign": lambda v: directives.sign(v, id_, form.text("draft")),
            "publish": lambda v: directives.publish(v, id_),
            "withdraw": lambda v: directives.withdraw(v, id_, form.text("why")),
        }
        chosen = acts.get(form.text("act"))
        if chosen is None:
            return held(request, status=422, problems=(Problem("/act", "unknown", "load the page again"),))
        return decided(request, chosen)

    def decided(request: Ask, decide: Callable[[Viewer], object]) -> Response[Any]:
        """Do it, or show the directive with the reason why it cannot be done now."""
        try:
            decide(caller_of(request).viewer)
        except (Conflict, Invalid) as error:
            return held(request, status=status_of(error), problems=told(error))
        return see(f"/authoring/{named(request, 'directive')}?done=yes")

    @paths.show("/authoring/{directive:str}/{file:str}", Action.COMMENT_DIRECTIVE)
    def piece(request: Ask) -> Response[Any]:
        viewer, id_ = caller_of(request).viewer, named(request, "directive")
        if named(request, "file") == "signature":
            return download(directives.signature(viewer, id_), f"{id_}.dsse.json")
        view = directives.directive(viewer, id_)
        return download(view.directive.pack, f"{view.pack.id}-{view.pack.version}.yaml")


def file_of(form: Form) -> bytes:
    """The pack that was sent: a file, or pasted text."""
    uploads = form.uploads("file")
    return uploads[0].data if uploads else form.text("pasted").replace("\r\n", "\n").encode()
