"""Serve pages and API in this process, and run the work beside them, until somebody ends it."""

import asyncio
import resource
import signal
import socket
import threading
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar.types import ASGIApp

from comity.app import Office, opened
from comity.cli import show
from comity.cli.places import shell_login
from comity.errors import Invalid, Unavailable
from comity.settings import Settings

BACKLOG: Final = 1024
"""Connections that the system holds until the server takes them."""
OTHER_FILES: Final = 200
"""Files that a process has open besides its connections: the store, programs in the sandbox, sockets of its own."""


def serve(settings: Settings, *, work: bool = True, demo: bool = False) -> None:
    """Serve until interrupted; with `work` this process runs the flows too.

    Refuses to listen beyond this machine without a public https address.
    """
    if not _is_loopback(settings.host) and not settings.public_url.startswith("https://"):
        raise Invalid(
            f"not listening on {settings.host}: set COMITY_PUBLIC_URL to the https address of the proxy in front, "
            "since passwords and tokens would travel in clear"
        )
    _check_free(settings.host, settings.port)
    with opened(settings, work=work, demo=demo) as office:
        secret = office.accounts.first_secret()
        if secret is not None:
            show.line("No administrator yet. Open this once, it is good for one use:")
            show.line(f"  {settings.address}/setup/{secret}")
        else:
            show.line(f"Sign in on this machine with a single-use link: comity account link {shell_login()}")
        show.line(f"Serving {settings.address}  (end with Ctrl-C)")
        listen(office)


def serve_gateway(settings: Settings, *, port: int = 0) -> None:
    """Serve the model gateway until interrupted. It listens on this machine; a proxy in front adds https."""
    held = replace(settings, port=port or settings.gateway_port)
    if not _is_loopback(held.host) and not held.public_url.startswith("https://"):
        raise Invalid(
            f"not listening on {held.host}: keys would travel in clear; set COMITY_PUBLIC_URL to the proxy's address"
        )
    with opened(held, work=False) as office:
        show.line(f"Gateway at http://{held.host}:{held.port}/v1  (end with Ctrl-C)")
        _run(office.gateway(), held)


def work(settings: Settings, name: str, *, demo: bool = False) -> None:
    """Run the flows in this process until somebody ends it."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with opened(settings, worker=name, demo=demo):
        show.line(f"{name} is at work on {settings.data}  (end with Ctrl-C)")
        ended.wait()


def listen(office: Office) -> None:
    """Run the web server in this thread until SIGTERM or SIGINT. Unavailable when the port is taken."""
    _run(office.front(), office.settings)


def _run(web: ASGIApp, held: Settings) -> None:
    _check_free(held.host, held.port)
    server = Server(
        web,
        address=held.host,
        port=held.port,
        interface=Interfaces.ASGI,
        log_enabled=False,
        backlog=BACKLOG,
        backpressure=_room(held.connections),
    )

    async def until_ended() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ended.set)
        serving = asyncio.create_task(server.serve())
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not serving.done():
            server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await serving

    asyncio.run(until_ended())
    show.note("stopped; the work goes on at the next start")


def _room(wanted: int) -> int:
    """How many connections this process may hold: as many as wanted, or as the system lets it have files.

    The server's own measure would be 128, and everybody after them would wait for good.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + OTHER_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(wanted, soft - OTHER_FILES))


def _check_free(host: str, port: int) -> None:
    """The server itself would share a taken port in silence, and half the requests would reach somebody else."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            remedy = "end what listens there, or choose another with --port or COMITY_PORT"
            raise Unavailable(f"cannot listen on {host}:{port} ({error.strerror}): {remedy}") from error


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
