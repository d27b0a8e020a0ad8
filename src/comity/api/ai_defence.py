"""The register of AI used in defence: entries, stages, measurements, coverage, and access that dies by itself."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from comity.access.policy import Action
from comity.api import advice_wire, asking
from comity.api.advice_shapes import (
    BeginAi,
    CapabilityBody,
    CoverAi,
    EnterAi,
    Entries,
    GrantAi,
    GrantBody,
    MeasureAi,
    MoveAi,
    RegisterBody,
)
from comity.api.asking import Ask
from comity.api.estate import named
from comity.defend.desk_ai import AiDefence
from comity.model.ids import AssetId


def routes(ai: AiDefence) -> list[HTTPRouteHandler]:
    """The operations on the register."""

    @get(
        "/ai-defence",
        opt={"action": Action.READ_ESTATE},
        operation_id="readAiRegister",
        sync_to_thread=True,
        summary="Every entry with stage, gate and measurement; grants; coverage",
        responses=asking.ERRORS,
    )
    def register(request: Ask) -> RegisterBody:
        """Of one's own organisation and domain."""
        return advice_wire.register(ai.register(asking.viewer_of(request)))

    @post(
        "/ai-defence",
        opt={"action": Action.STEER_AI},
        operation_id="enterAi",
        sync_to_thread=True,
        summary="Enter a tool from elsewhere, as a proposal",
        responses=asking.ERRORS,
    )
    def enter(request: Ask, data: JSONBody[EnterAi]) -> CapabilityBody:
        """It is recorded and measured here, and called by nobody here."""
        viewer = asking.viewer_of(request)
        return advice_wire.capability(ai.add(viewer, advice_wire.described(data), domain=named(data.domain)))

    @post(
        "/ai-defence/first-entries",
        opt={"action": Action.STEER_AI},
        operation_id="beginAiRegister",
        sync_to_thread=True,
        summary="Enter the uses of a model that Comity has, as proposals",
        responses=asking.ERRORS,
    )
    def begin(request: Ask, data: JSONBody[BeginAi]) -> Entries:
        """What is there already stays as it is and is not in the answer."""
        made = ai.begin(asking.viewer_of(request), domain=named(data.domain))
        return Entries(entries=tuple(advice_wire.capability(one) for one in made))

    @get(
        "/ai-defence/{entry:str}",
        opt={"action": Action.READ_ESTATE},
        operation_id="readAiEntry",
        sync_to_thread=True,
        summary="One entry",
        responses=asking.ERRORS,
    )
    def one(request: Ask, entry: FromPath[str]) -> CapabilityBody:
        """With the comparison of its present revision."""
        return advice_wire.capability(ai.entry(asking.viewer_of(request), asking.name(entry)))

    @post(
        "/ai-defence/{entry:str}/stage",
        opt={"action": Action.STEER_AI},
        operation_id="moveAiEntry",
        status_code=200,
        sync_to_thread=True,
        summary="Take an entry to another stage",
        responses=asking.ERRORS,
    )
    def move(request: Ask, entry: FromPath[str], data: JSONBody[MoveAi]) -> CapabilityBody:
        """Widening needs a measured comparison whose whole interval lies above zero: 409 otherwise."""
        to = advice_wire.stage(data.stage)
        return advice_wire.capability(ai.move(asking.viewer_of(request), asking.name(entry), to, reason=data.reason))

    @post(
        "/ai-defence/{entry:str}/comparisons",
        opt={"action": Action.STEER_AI},
        operation_id="measureAiEntry",
        status_code=200,
        sync_to_thread=True,
        summary="Hold a comparison with work without AI against an entry",
        responses=asking.ERRORS,
    )
    def measure(request: Ask, entry: FromPath[str], data: JSONBody[MeasureAi]) -> CapabilityBody:
        """On the same cases. It widens nothing by itself."""
        held = ai.measure(asking.viewer_of(request), asking.name(entry), data.pairs.encode(), measure=data.measure)
        return advice_wire.capability(held)

    @post(
        "/ai-defence/{entry:str}/coverage",
        opt={"action": Action.STEER_AI},
        operation_id="coverAssets",
        status_code=200,
        sync_to_thread=True,
        summary="Name the assets that an entry covers",
        responses=asking.ERRORS,
    )
    def cover(request: Ask, entry: FromPath[str], data: JSONBody[CoverAi]) -> CapabilityBody:
        """404 for an asset that the caller does not see."""
        named_assets = [AssetId(one) for one in data.assets]
        return advice_wire.capability(ai.cover(asking.viewer_of(request), asking.name(entry), named_assets))

    @post(
        "/ai-defence/{entry:str}/grants",
        opt={"action": Action.STEER_AI},
        operation_id="grantAiAccess",
        sync_to_thread=True,
        summary="Open an entry to a small operator for so many days and calls",
        responses=asking.ERRORS,
    )
    def grant(request: Ask, entry: FromPath[str], data: JSONBody[GrantAi]) -> GrantBody:
        """The key is in this answer and kept nowhere."""
        made, key = ai.grant(
            asking.viewer_of(request),
            asking.name(entry),
            holder=data.holder,
            purpose=data.purpose,
            days=data.days,
            calls=data.calls,
        )
        return advice_wire.grant(made, key=key)

    @post(
        "/ai-defence/grants/{grant:str}/end",
        opt={"action": Action.STEER_AI},
        operation_id="endAiAccess",
        status_code=200,
        sync_to_thread=True,
        summary="End an access now",
        responses=asking.ERRORS,
    )
    def end(request: Ask, grant: FromPath[str]) -> GrantBody:
        """Ending one that has ended changes nothing."""
        return advice_wire.grant(ai.revoke(asking.viewer_of(request), asking.name(grant)))

    return [register, enter, begin, one, move, measure, cover, grant, end]
