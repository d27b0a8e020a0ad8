"""Connect only to addresses of the open internet, decided on the address that is really connected to.

A name is resolved once, every address it has is looked at, and the connection goes to the address that was looked at:
a name that changes its answer between look and call (DNS rebinding) gains nothing.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

import httpcore

from comity.errors import Forbidden, Unavailable
from comity.model.address import is_public


@dataclass(frozen=True, slots=True)
class Guard(httpcore.NetworkBackend):
    """Resolves, looks, connects. `private` lets private and loopback addresses through: for tests."""

    private: bool = False

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
        return httpcore.SyncBackend().connect_tcp(address, port, timeout, local_address, socket_options)

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
