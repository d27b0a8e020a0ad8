"""Inspect's own conformance suite against our sandbox; every deviation is listed here with its reason."""

import asyncio
import inspect as introspection
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.util import SandboxUnavailableError
from inspect_ai.util._sandbox import self_check

from comity.evals import provider
from comity.evals.challenge import LIMITS, Challenge
from comity.sandbox.policy import MIB, Tier
from comity.sandbox.tier import find

CHECKS = {name: getattr(self_check, name) for name in self_check.__all__}
DEVIATIONS = {
    "test_exec_as_user": "one user lives inside and no other can be made: dropped privileges cannot be taken up again",
}


@pytest.fixture(scope="module")
def host():
    found = find()
    if found.tier is not Tier.FULL:
        pytest.skip(f"this machine has no tier full: {'; '.join(found.reasons)}")
    return found


def inside(host: Any, check: Callable[[Any], Any], challenge: Challenge | None = None) -> None:
    """Run an async check in a fresh sandbox."""
    asked = challenge or Challenge(id="check", family="", prompt="", limits=replace(LIMITS, disk_bytes=128 * MIB))

    async def act() -> None:
        with provider.ready("check", asked, host, shipped=False):
            made = await provider.ComitySandbox.sample_init("check", None, {"sample": "check"})
            try:
                await check(made["default"])
            finally:
                await provider.ComitySandbox.sample_cleanup("check", None, made, False)

    asyncio.run(act())


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in DEVIATIONS])
def test_inspects_own_check_holds(name: str, host: Any) -> None:
    inside(host, CHECKS[name])


@pytest.mark.parametrize("name", DEVIATIONS)
def test_a_listed_deviation_is_one(name: str, host: Any) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        inside(host, CHECKS[name])


def test_every_check_of_inspect_is_run_or_listed() -> None:
    assert len(CHECKS) >= 40
    assert set(DEVIATIONS) <= set(CHECKS)
    assert all(introspection.iscoroutinefunction(check) for check in CHECKS.values())


def test_what_runs_out_of_memory_says_so_and_the_sandbox_goes_on(host: Any) -> None:
    async def check(sandbox: Any) -> None:
        eaten = await sandbox.exec(["python3", "-c", "x = [bytearray(b'x' * (64 << 20)) for _ in range(64)]"])
        assert (eaten.returncode, "memory limit" in eaten.stderr) == (137, True)
        assert (await sandbox.exec(["echo", "on"])).stdout == "on\n"

    inside(host, check)


def test_files_of_a_challenge_are_there_and_only_collected_ones_come_out(host: Any) -> None:
    asked = Challenge(id="x", family="", prompt="", files={"plain": b"a", "folder/deep": b"b"})

    async def check(sandbox: Any) -> None:
        said = await sandbox.exec(["sh", "-c", "cat plain folder/deep; echo c > answer; ln -s /etc/passwd link"])
        assert said.stdout == "ab"
        out = await sandbox.artefacts(("answer", "link"))
        assert (dict(out.files), dict(out.refused_files)) == ({"answer": b"c\n"}, {"link": "symbolic link"})
        with pytest.raises(SandboxUnavailableError):
            await sandbox.exec(["true"])

    inside(host, check, asked)


def test_there_is_no_network_and_loopback_works(host: Any) -> None:
    lines = (
        "import socket\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(listener.getsockname(), timeout=2)\n"
        "print('loopback')\n"
        "try:\n    socket.create_connection(('192.0.2.1', 80), timeout=2)\n"
        "except OSError as error:\n    print(error.errno)\n"
    )

    async def check(sandbox: Any) -> None:
        assert (await sandbox.exec(["python3", "-c", lines])).stdout == "loopback\n101\n"

    inside(host, check)


def test_links_and_pipes_that_a_subject_plants_lead_nowhere_outside(host: Any, tmp_path: Path) -> None:
    """Reading and writing happen inside the namespace: what has the same name on the host is another file."""
    outside = tmp_path / "outside"
    passwd = Path("/etc/passwd").read_bytes()
    plant = f"ln -s /etc/passwd p; ln -s /etc e; mkfifo f; ln -s /dev/zero z; ln -s {outside} o"

    async def check(sandbox: Any) -> None:
        await sandbox.exec(["bash", "-c", plant])
        assert await sandbox.read_file("p", text=False) != passwd
        for name in ("e/shadow", "f", "z"):
            with pytest.raises(OSError):  # each kind of file is refused in its own words
                await sandbox.read_file(name, text=False)
        for name in ("e/planted", "o"):
            with suppress(OSError):
                await sandbox.write_file(name, b"x")

    inside(host, check)
    assert not outside.exists()
    assert not Path("/etc/planted").exists()


def test_a_sample_waits_for_no_turn_that_inspect_would_draw_at_random() -> None:
    assert provider.ComitySandbox.default_concurrency() is None  # any number makes Inspect sleep `random()` first
