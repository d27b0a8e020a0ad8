"""Turn packs, directives in the making and their followers into the shapes of the API."""

from comity.api import wire
from comity.api.deadline_wire import pack_note
from comity.api.directive_shapes import (
    AcknowledgedBody,
    AdoptionBody,
    CommentBody,
    DirectiveBody,
    DraftLine,
    Drafts,
    DutyBody,
    FollowerBody,
    OfficeBody,
    PackBody,
    PackLine,
    Packs,
)
from comity.defend.desk_directives import Directives, DirectiveView, DutyRow, Known, PackView
from comity.model.authoring import Follower
from comity.model.directive import Pack
from comity.model.party import Viewer


def packs(found: tuple[Known, ...]) -> Packs:
    """The list."""
    return Packs(
        rows=tuple(
            PackLine(
                pack=one.pack.id,
                version=one.pack.version,
                title=one.pack.title,
                kind=one.pack.kind.value,
                binds=one.pack.binds,
                shipped=one.shipped,
                certainty=sure(one.pack),
                followed=one.follows,
                acknowledged=one.acknowledged,
            )
            for one in found
        )
    )


def sure(pack: Pack) -> str:
    """How certain, in a few words."""
    return f"{pack.standing.certainty}{' (secondary)' if pack.standing.secondary else ''}"


def pack(view: PackView) -> PackBody:
    """One pack whole."""
    return PackBody(
        note=pack_note(view.known.pack),
        pack=wire.plain(view.known.pack),
        duties=tuple(_duty(one) for one in view.duties),
        follower=follower(view.follower) if view.follower is not None else None,
        followers=tuple(follower(one) for one in view.followers),
        may_follow=view.may_follow,
    )


def follower(one: Follower) -> FollowerBody:
    """One follower."""
    return FollowerBody(
        organisation_name=one.organisation_name,
        domain=one.domain.value,
        pack_id=one.pack_id,
        since=wire.utc(one.since),
        acknowledged=tuple(
            AcknowledgedBody(version=version, at=wire.utc(at), by_name=by) for version, at, by in one.acknowledged
        ),
        reports=tuple(
            AdoptionBody(at=wire.utc(at), adoption=adoption.value, text=text, by_name=by)
            for at, adoption, text, by in one.reports
        ),
    )


def drafts(desk: Directives, viewer: Viewer) -> Drafts:
    """What is in the making, for every door."""
    return Drafts(
        rows=tuple(
            DraftLine(
                id=one.id,
                pack_id=one.pack_id,
                pack_version=one.pack_version,
                title=one.title,
                stage=one.stage.value,
                clock=day.sentence,
                late=day.late,
            )
            for one, day in desk.drafts(viewer)
        )
    )


def directive(view: DirectiveView) -> DirectiveBody:
    """One directive as its author or a consulted office sees it."""
    held = view.directive
    return DirectiveBody(
        id=held.id,
        pack_id=held.pack_id,
        pack_version=held.pack_version,
        title=held.title,
        stage=held.stage.value,
        clock=view.day.sentence,
        late=view.day.late,
        review_due=held.review_due,
        draft_sha256=view.digest,
        offices=tuple(wire.shaped(one, OfficeBody) for one in view.offices),
        comments=tuple(wire.shaped(one, CommentBody) for one in held.comments),
        followers=tuple(follower(one) for one in view.followers),
        why_not_signed=view.why_not_signed,
        is_author=view.is_author,
        may_comment=view.may_comment,
    )


def moved(desk: Directives, viewer: Viewer, id_: str) -> DirectiveBody:
    """A directive as it now stands, after an act on it."""
    return directive(desk.directive(viewer, id_))


def _duty(one: DutyRow) -> DutyBody:
    return DutyBody(
        id=one.duty.id,
        actor=one.duty.actor,
        text=one.duty.text,
        binding_on=one.duty.binding_on,
        due_at=wire.utc(one.due_at) if one.due_at is not None else None,
        passed=one.passed,
        result=one.duty.result,
        certainty=str(one.duty.certainty),
        secondary=one.duty.secondary,
    )
