"""Wait for the body of a request only so long: one that drips holds a connection, and a host has few of those.

The clock runs from the first look at the body to its last byte, over all of its parts together. Who is too slow gets a
408 (RFC 9110 section 15.5.9), nothing was stored, and the server ends the connection with the answer.
"""

from dataclasses import dataclass

import anyio
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send


@dataclass(slots=True)
class _Body:
    receive: Receive
    seconds: float
    ends: float = 0.0
    is_whole: bool = False

    async def __call__(self) -> ReceiveMessage:
        """The next message. After the body is whole, the wait for the other side's leaving has no end."""
        if self.is_whole:
            return await self.receive()
        self.ends = self.ends or anyio.current_time() + self.seconds
        try:
            with anyio.fail_after(max(0.0, self.ends - anyio.current_time())):
                message = await self.receive()
        except TimeoutError as error:
            self.is_whole = True
            raise HTTPException(status_code=408, headers={"Connection": "close"}) from error
        self.is_whole = message["type"] != "http.request" or not message.get("more_body")
        return message


def patient(app: ASGIApp, seconds: float) -> ASGIApp:
    """The application, whose bodies must be whole after `seconds`."""

    async def held(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, _Body(receive, seconds) if scope["type"] == ScopeType.HTTP else receive, send)

    return held
