"""Decide where a call on a stranger's word may go: the name is looked up once, looked at, and called as it was found.

Plain http and this machine are for tests and scripted parties only, and only where a setting of the host says so.
"""

import socket
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from comity.errors import Invalid, Problem, Unavailable
from comity.model.address import is_public


def parts(url: str, what: str = "an https address") -> SplitResult:
    """The address in parts. Invalid for what is none; `what` says what was wanted."""
    try:
        found = urlsplit(url.strip().rstrip("/"))
        _ = found.port
    except ValueError as error:
        raise Invalid("this is no address", [Problem("/url", "bad_address", what)]) from error
    return found


def is_callable(found: SplitResult, *, loopback: bool) -> bool:
    """Whether it is https, or with `loopback` http to this machine, and carries no user name."""
    ok = found.scheme == "https" or (found.scheme == "http" and loopback and is_here(found.hostname or ""))
    return bool(found.hostname) and ok and not found.username and not found.password


def looked_up(found: SplitResult, *, loopback: bool, whose: str) -> str:
    """The host's own address, looked up once and used as it is. Invalid for one that is no public address."""
    name, port = found.hostname or "", found.port or (443 if found.scheme == "https" else 80)
    try:
        addresses = {str(one[4][0]) for one in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"the name of {whose} is not known here: check the address") from error
    for one in addresses:
        if not (is_public(one) or (loopback and ip_address(one).is_loopback)):
            reason = "the name leads into a private network"
            raise Invalid("this endpoint may not be called", [Problem("/url", "private_address", reason)])
    chosen = min(addresses)
    return f"[{chosen}]:{port}" if ":" in chosen else f"{chosen}:{port}"


def is_here(name: str) -> bool:
    """Whether a name means this machine."""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
