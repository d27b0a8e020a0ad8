"""Whether a container engine answers on this host. Comity starts none and needs none; public task suites do.

A client without a running engine is no engine: the socket is asked, not the search path.
"""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SOCKETS: Final = (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
PATIENCE_SECONDS: Final = 2.0
PING: Final = b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What was found. `why` is "" when an engine answers."""

    answers: bool
    why: str


def container_engine(sockets: tuple[Path, ...] = SOCKETS) -> Engine:
    """Ask each socket in turn. Never raises."""
    why = "no container engine: there is no socket of one on this host"
    for path in sockets:
        if not path.exists():
            continue
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as call:
                call.settimeout(PATIENCE_SECONDS)
                call.connect(str(path))
                call.sendall(PING)
                if b" 200 " in call.recv(64):
                    return Engine(answers=True, why="")
            why = f"no container engine: {path.name} is there and does not answer as one"
        except OSError as error:
            why = f"no container engine: {path.name} is there and does not answer ({type(error).__name__})"
    return Engine(answers=False, why=why)
