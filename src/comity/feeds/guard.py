"""Connect only to addresses of the open internet, decided on the address that is really connected to.

A name is resolved once, every address it has is looked at, and the connection goes to the address that was looked at:
a name that changes its answer between look and call (DNS rebinding) gains nothing. A connection has an end: a wait for
each read is none, since a head of many small parts begins that wait again and again.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore

from comity.errors import Forbidden, Unavailable
from comity.model.address import is_public


@dataclass(frozen=True, slots=True)
class Guard(httpcore.NetworkBackend):
    """Resolves, looks, connects. `private` lets private and loopback addresses through: for tests.

    `ends`: on the monotonic clock, after which nothing more is read or written.
    """

    private: bool = False
    ends: float = math.inf

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises Forbidden for an address that is not public, Unavailable for a name without an address."""
        address = self.address_of(host, port)
        made = httpcore.SyncBackend().connect_tcp(address, port, timeout, local_address, socket_options)
        return made if self.ends == math.inf else _Ending(made, self.ends)

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the interface's signature
        timeout: float | None = None,  # noqa: ARG002 - the interface's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the interface's signature
    ) -> httpcore.NetworkStream:
        """Never."""
        raise Forbidden("sockets of this machine are not fetched from")

    def address_of(self, host: str, port: int) -> str:
        """The address to connect to. One address that is not public makes the whole name refused."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unavailable(f"the name {host} has no address now: try again later") from error
        addresses = [str(one[4][0]) for one in found]
        if not addresses:
            raise Unavailable(f"the name {host} has no address now: try again later")
        if not self.private and not all(is_public(one) for one in addresses):
            raise Forbidden(f"{host} is no address of the open internet: Comity does not fetch from inside networks")
        return addresses[0]


@dataclass(frozen=True, slots=True)
class _Ending(httpcore.NetworkStream):
    """A connection that is of no use after `ends`: then each call is a timeout."""

    stream: httpcore.NetworkStream
    ends: float

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As the interface has it."""
        return self.stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the interface has it."""
        self.stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        """As the interface has it."""
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """As the interface has it; what comes of it has the same end."""
        return _Ending(self.stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self.ends)

    def get_extra_info(self, info: str) -> Any:
        """As the interface has it."""
        return self.stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self.ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this call is over")
        return left if timeout is None else min(left, timeout)
