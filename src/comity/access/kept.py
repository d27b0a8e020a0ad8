"""Keep answers that are the same for everybody while nothing in the store changes, and for a minute at most.

Only what somebody who is not signed in asks with GET, on a route whose action is in `SHARED`, answered with 200 and
without a cookie. Such an answer was decided by the query like every other; it is given again only while the store says
that no commit came since before it was made (`version`), so an advisory that was withdrawn or restricted meanwhile is
never given from here. A minute bounds what depends on the clock alone, such as a share that ends. Any header that
could change an answer is part of what is looked up; one that carries a secret means that nothing is looked up or kept.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from comity.access.policy import Action
from comity.access.routes import ACTION

SHARED: Final = frozenset({Action.READ_PUBLISHED, Action.READ_SHARED, Action.READ_ORDER})
"""Actions that anybody may do without signing in, and whose answers tell of published things alone."""
SECRETS: Final = frozenset({b"authorization", b"proxy-authorization", b"cookie"})
"""Headers that say who asks: such a request goes past this file."""
INDIFFERENT: Final = frozenset(
    {
        b"connection",
        b"dnt",
        b"forwarded",
        b"keep-alive",
        b"priority",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"via",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        b"x-real-ip",
        b"x-request-id",
    }
)
"""Headers on which no answer of a shared route depends. Every other one does, as far as this file is concerned."""
LONGEST_S: Final = 60.0
ANSWER: Final = 512 * 1024
"""Bytes of one answer that may be kept."""
ALL: Final = 16 * 2**20
"""Bytes of all answers that may be kept, with the questions that they answer."""

Key: TypeAlias = tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...]]


@dataclass(slots=True)
class _Answer:
    until: float
    size: int = 0
    messages: list[Message] = field(default_factory=list)


class Kept:
    """An ASGI application in front of another one.

    `version` gives a number that differs after every commit of anybody, or None where that is not known: then nothing
    is kept. It is called in the loop's own thread and must not wait.
    """

    def __init__(
        self, inner: ASGIApp, version: Callable[[], int | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.inner, self.version, self.clock = inner, version, clock
        self._of: int | None = None
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or let the application answer and keep it when that is allowed."""
        key = _key(scope)
        version = None if key is None else self.version()
        if key is None or version is None:
            await self.inner(scope, receive, send)
            return
        if version != self._of:
            self._of, self._size = version, 0
            self._answers.clear()
        held = self._answers.get(key)
        if held is not None and self.clock() < held.until:
            self._answers.move_to_end(key)
            for message in held.messages:
                await send(message)
            return
        made = _Answer(until=self.clock() + LONGEST_S, size=_size(key))

        async def noting(message: Message) -> None:
            await send(message)
            if made.size <= ANSWER:
                made.messages.append(message)
                made.size += len(message["body"]) if message["type"] == "http.response.body" else 512

        await self.inner(scope, receive, noting)
        if self._of == version and _may_keep(scope, made):
            self._keep(key, made)

    def _keep(self, key: Key, made: _Answer) -> None:
        before = self._answers.pop(key, None)
        self._size += made.size - (before.size if before else 0)
        self._answers[key] = made
        while self._size > ALL:
            self._size -= self._answers.popitem(last=False)[1].size


def _key(scope: Scope) -> Key | None:
    if scope["type"] != ScopeType.HTTP or scope["method"] != "GET":
        return None
    told = []
    for name, value in scope["headers"]:
        if name in SECRETS:
            return None
        if name not in INDIFFERENT:
            told.append((name, value))
    return scope.get("raw_path") or scope["path"].encode(), scope["query_string"], tuple(sorted(told))


def _size(key: Key) -> int:
    """Bytes of a question: who asks chooses its length, so it counts like the answer."""
    path, query, told = key
    return len(path) + len(query) + sum(64 + len(name) + len(value) for name, value in told)


def _may_keep(scope: Scope, made: _Answer) -> bool:
    """The answer of a shared route, whole, of a size to keep, a 200, and for no browser in particular."""
    action = getattr(scope.get("route_handler"), "opt", {}).get(ACTION)
    if action not in SHARED or made.size > ANSWER or not made.messages:
        return False
    start, last = made.messages[0], made.messages[-1]
    if start["type"] != "http.response.start" or start["status"] != 200:
        return False
    is_whole = last["type"] == "http.response.body" and not last.get("more_body", False)
    return is_whole and all(name.lower() != b"set-cookie" for name, _ in start["headers"])
