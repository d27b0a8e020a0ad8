"""Tell the trail of access what a web door decided: who, by what, which action, the kind and id of the object, outcome.

Never an address, a query, a body or a secret: of the path only the route's own parameter that names an object is read.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from anyio import to_thread
from litestar.types import Message, Scope

from comity.access.caller import STRANGER, Caller
from comity.access.policy import POLICY, Action
from comity.access.routes import ACTION, REFUSED

KINDS: Final = frozenset(
    {
        "advisory",
        "appeal",
        "asset",
        "batch",
        "brief",
        "case",
        "claim",
        "collection",
        "contract",
        "directive",
        "engagement",
        "entry",
        "glass",
        "grant",
        "hand_over",
        "hook",
        "id",
        "inventory",
        "key",
        "message",
        "pack",
        "partner",
        "passkey",
        "patch",
        "person",
        "question",
        "report",
        "seat",
        "share",
        "token",
        "vulnerability",
    }
)
"""Parameters of routes that name an object. Any other (a secret, a receipt, a file, a format) is not read."""
PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
DOORS: Final = (
    ("/api/", "api"),
    ("/v1/", "tap and osv"),
    ("/csaf/", "csaf"),
    ("/.well-known/", "csaf"),
    ("/taxii2", "taxii"),
    ("/feeds/", "feeds"),
)


class Notes(Protocol):
    """Takes one decision: `outcome` is a status of HTTP, `opened` says that break-glass was open for the caller."""

    def __call__(
        self, *, at: datetime, caller: Caller, way: str, action: Action, kind: str, object_: str, status: int
    ) -> None: ...


class TrailHook:
    """A hook for every message that goes out of a web application."""

    def __init__(self, notes: Notes, clock: Callable[[], datetime], *, way: str = "") -> None:
        self.notes, self.clock, self.way = notes, clock, way

    async def __call__(self, message: Message, scope: Scope) -> None:
        """Note the decision when its answer starts."""
        if message["type"] != "http.response.start":
            return
        action = _action(scope)
        state = scope.get("state", {})
        status = 403 if state.get(REFUSED) else int(message["status"])
        caller = state.get("caller", STRANGER)
        if action is None or (POLICY[action].is_open and status not in {401, 403}):
            return
        kind, object_ = _object(scope.get("path_params", {}))
        told: dict[str, Any] = {"at": self.clock(), "caller": caller, "way": self.way or _door(scope["path"])}
        told |= {"action": action, "kind": kind, "object_": object_, "status": status}
        if caller.viewer.opened:
            await to_thread.run_sync(lambda: self.notes(**told))
        else:
            self.notes(**told)


def _action(scope: Scope) -> Action | None:
    handler = scope.get("route_handler")
    action = getattr(handler, "opt", {}).get(ACTION)
    return action if isinstance(action, Action) else None


def _object(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The kind and the id of what was asked for. An id that is none is not kept."""
    for name, value in parameters.items():
        if name in KINDS:
            return name, value if isinstance(value, str) and PLAIN.match(value) else ""
    return "", ""


def _door(path: str) -> str:
    return next((door for start, door in DOORS if path.startswith(start)), "pages")
