"""Requests that somebody else's address would send into a network: found in the source, not in a list of forms.

Whatever field an address comes from, a request needs one of the few files that can open a connection. They are asked of
the source: a new one fails here until it says by what it is held. The guards that hold them are then tried.
"""

import ast
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import comity
from comity.errors import ComityError, Forbidden, Invalid
from comity.feeds.guard import Guard
from comity.partners import guard

ROOT = Path(comity.__file__).parent
ABLE = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpcore",
    "httpx",
    "httpx2",
    "imaplib",
    "poplib",
    "requests",
    "smtplib",
    "socket",
    "telnetlib",
    "urllib.request",
    "urllib3",
    "websockets",
    "xmlrpc.client",
}
"""Modules with which a program can ask another machine."""
HELD = {
    "partners/guard.py": "the guard itself: looks at the address that is connected to",
    "partners/carrier.py": "the guard of partners",
    "partners/cve_services.py": "the guard of partners",
    "partners/endpoint.py": "the guard of partners",
    "partners/identity.py": "the guard of partners",
    "partners/tap.py": "the guard of partners",
    "partners/webhook.py": "the guard of partners",
    "partners/host.py": "the terminal's own call, to the host that its owner signed in to",
    "feeds/guard.py": "the guard itself: looks at the address that is connected to",
    "feeds/web.py": "the guard of feeds",
    "feeds/download.py": "the guard of feeds",
    "language/ask.py": "the model endpoint of the operator's settings",
    "mail/post.py": "the mail server of the operator's settings",
    "cli/serving.py": "asks this machine whether a port is free",
    "sandbox/engine.py": "a Unix socket to the sandbox",
    "sandbox/session.py": "a Unix socket to the sandbox",
    "sandbox/session_init.py": "a Unix socket, inside the sandbox",
}
BAD = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
ODD = (
    "http://public.example/",
    "ftp://public.example/",
    "file:///etc/passwd",
    "gopher://public.example/",
    "javascript:alert(1)",
    "//public.example/",
    "https:///nothing",
    "https://user@public.example/",
    "https://user:word@public.example/",
    "",
)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("bench/"):  # measures this machine alone, and no address comes from anybody
            yield name, path


def test_every_file_that_can_open_a_connection_says_by_what_it_is_held() -> None:
    able = {name for name, path in sources() if ABLE & set(imported(path))}
    assert able == set(HELD)


@pytest.mark.parametrize("name", [name for name, by in HELD.items() if by == "the guard of partners"])
def test_partners_are_called_through_the_guard_alone(name: str) -> None:
    tree = ast.parse((ROOT / name).read_bytes())
    made = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [one for one in made if one.startswith("httpx.") and one not in {"httpx.Timeout", "httpx.URL"}]
    assert [one for one in made if one.startswith("guard.")]


@pytest.mark.parametrize("name", [name for name, by in HELD.items() if by == "the guard of feeds"])
def test_feeds_are_fetched_through_the_guard_alone(name: str) -> None:
    tree = ast.parse((ROOT / name).read_bytes())
    pools = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and "ConnectionPool" in ast.unparse(node.func)
    ]
    assert pools
    assert all(any(word.arg == "network_backend" for word in pool.keywords) for pool in pools)


@pytest.mark.parametrize("address", BAD)
def test_no_guard_connects_into_a_network(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443)), (family, 1, 6, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_ignored, **_more: found)
    with pytest.raises(Invalid):
        guard.looked_up(guard.parts("https://rebinds.example"), loopback=False, whose="the endpoint")
    with pytest.raises(Forbidden):
        Guard().address_of("rebinds.example", 443)


@pytest.mark.parametrize("url", ODD)
def test_no_odd_address_of_a_partner_is_called(url: str) -> None:
    try:
        found = guard.parts(url)
    except ComityError:
        return
    assert not guard.is_callable(found, loopback=False)
