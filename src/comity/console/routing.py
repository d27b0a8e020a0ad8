"""Turn page functions into routes: each declares its action, and whatever takes a form has its token checked first."""

import re
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeAlias

from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import RawBody
from litestar.response import ServerSentEvent, ServerSentEventMessage

from comity.access.policy import Action
from comity.access.routes import ACTION
from comity.console import forms
from comity.console.cookies import keep_visit
from comity.console.forms import Form
from comity.console.pages import Ask
from comity.errors import Missing
from comity.model.ids import Digest, is_digest

Show: TypeAlias = Callable[[Ask], Response[Any]]
Pulse: TypeAlias = Callable[[Ask], str]
Take: TypeAlias = Callable[[Ask, Form], Response[Any]]

STREAM: Final = 60
"""Seconds that one stream of events lasts."""
SMALL: Final = 64 * 1024
"""Bytes of a form without files."""
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\Z")


@dataclass(slots=True, kw_only=True)
class Paths:
    """Collects routes. `is_https` decides how cookies are named and marked."""

    is_https: bool
    handlers: list[HTTPRouteHandler] = field(default_factory=list)

    def show(self, path: str, action: Action) -> Callable[[Show], Show]:
        """A page to look at."""

        def keep(function: Show) -> Show:
            @get(path, opt={ACTION: action}, sync_to_thread=True, include_in_schema=False)
            def handler(request: Request[Any, Any, Any]) -> Response[Any]:
                return self._finished(request, function(request))

            self.handlers.append(handler)
            return function

        return keep

    def follow(self, path: str, action: Action) -> Callable[[Pulse], Pulse]:
        """A stream of server-sent events: the word that a function gives, each time it is another one.

        A stream ends after `STREAM` and the browser asks for another, so that a session which has ended ends it too.
        """

        def keep(function: Pulse) -> Pulse:
            @get(path, opt={ACTION: action}, include_in_schema=False)
            async def handler(request: Request[Any, Any, Any]) -> ServerSentEvent:
                first = await to_thread.run_sync(function, request)
                return ServerSentEvent(_pulses(first, partial(function, request)), retry_duration=1000)

            self.handlers.append(handler)
            return function

        return keep

    def take(self, path: str, action: Action, *, limit_bytes: int = SMALL) -> Callable[[Take], Take]:
        """A form to send. Its body is limited before it is read, and its token is checked before `function` runs."""

        def keep(function: Take) -> Take:
            @post(
                path,
                opt={ACTION: action},
                sync_to_thread=True,
                include_in_schema=False,
                request_max_body_size=limit_bytes,
                status_code=200,
            )
            def handler(request: Request[Any, Any, Any], body: RawBody) -> Response[Any]:
                form = forms.read(request, body)
                return self._finished(request, function(request, form))

            self.handlers.append(handler)
            return function

        return keep

    def press(self, path: str, action: Action) -> Callable[[Show], Show]:
        """A button to press: a form whose address says all."""

        def keep(function: Show) -> Show:
            self.take(path, action)(lambda request, _: function(request))
            return function

        return keep

    def _finished(self, request: Ask, response: Response[Any]) -> Response[Any]:
        keep_visit(request, response, is_https=self.is_https)
        return response


async def _pulses(first: str, ask: Callable[[], str]) -> AsyncIterator[ServerSentEventMessage]:
    said = ""
    for second in range(STREAM):
        if second:
            await sleep(1)
        word = await to_thread.run_sync(ask) if second else first
        if word != said:
            said = word
            yield ServerSentEventMessage(data=word, event="pulse")


def named(request: Ask, parameter: str) -> str:
    """A name out of the address; Missing for one that could not be a name here."""
    text = str(request.path_params[parameter])
    if not NAME.match(text):
        raise Missing("there is no such page")
    return text


def digest_named(request: Ask, parameter: str) -> Digest:
    """A digest out of the address; Missing for anything else."""
    text = str(request.path_params[parameter])
    if not is_digest(text):
        raise Missing("there is no such page")
    return Digest(text)


def asked(request: Ask, parameter: str) -> str:
    """A short value out of the query; "" when it is absent or no plain text."""
    text = str(request.query_params.get(parameter, ""))
    return text if len(text) <= 400 and text.isprintable() else ""


def see(path: str) -> Response[bytes]:
    """Go and look at another page of ours after a form was taken."""
    return Response(b"", status_code=303, headers={"Location": path})
