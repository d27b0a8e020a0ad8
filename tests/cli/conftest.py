"""A served host on a store in a temporary folder, and a bare store of its own for each test that asks."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from comity import settings as configuration
from comity.access.policy import Scope
from comity.app import opened
from comity.cli.commands import run
from comity.cli.demo_findings import finding_of
from comity.cli.places import shell_user
from comity.formats.recipe_archive import shipped_cases
from comity.formats.report import ReportDocument
from comity.model.ids import digest

SHIPPED = "ledger-page-traversal"
"""A fault written for this project: needs no network, and no compiler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command line gave back."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Runs commands in this process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Answer:
        self.capture.readouterr()
        status = run([str(one) for one in arguments])
        said = self.capture.readouterr()
        return Answer(status=status, out=said.out, err=said.err)


@pytest.fixture
def comity(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """`comity(...)` carries out a command line."""
    return Terminal(capsys)


def report(name: str, *, changed: dict[str, Any] | None = None, recipe: bool = True) -> bytes:
    """A report of ours about a shipped case, as a lab would send it; `changed` replaces whole top-level parts."""
    case = next(one for one in shipped_cases() if one.id == name)
    document = ReportDocument().write(finding_of(case), {digest(case.recipe): case.recipe, **case.attached})
    held = json.loads(document)
    if not recipe:
        held["evidence"].pop("attachments")
    return json.dumps(held | (changed or {})).encode()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports on disk: with and without a recipe, broken in two ways, and hostile to a terminal."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "public.json").write_bytes(report(SHIPPED, changed={"exposure": {"public": "yes"}}))
    (folder / "bare.json").write_bytes(report(SHIPPED, changed={"own_id": "bare"}, recipe=False))
    (folder / "cut-off.json").write_bytes(report(SHIPPED)[:300])
    (folder / "wrong.json").write_bytes(
        report(SHIPPED, changed={"claim": {"summary": 7}, "handling": {"tlp": "TLP:PURPLE"}})
    )
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running `comity serve`, with a token of the person at this shell."""

    address: str
    token: str
    folder: Path


def store_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Point Comity's settings at a store of its own in this folder, and at nothing else on this machine."""
    for name in list(os.environ):
        if name.startswith("COMITY_") and name != "COMITY_CORPORA":
            patch.delenv(name)
    patch.setenv("COMITY_DATA", str(folder / "data"))
    patch.setenv("COMITY_KEYS", str(folder / "keys"))
    patch.setenv("COMITY_OFFLINE", "yes")
    patch.setenv("COMITY_APPROVALS", "1")
    patch.setenv("COLUMNS", "100")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One host for the whole suite, ended by SIGTERM as a service manager would."""
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as patch:
        store_in(folder, patch)
        with opened(configuration.load(), work=False) as office:
            who = shell_user(office)
            token, _ = office.accounts.make_token(who, label="test", scopes=frozenset(Scope), days=1)
        port = free_port()
        command = [sys.executable, "-m", "comity", "serve", "--port", str(port)]
        with (folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        await_answer(address, process)
        yield Served(address=address, token=token, folder=folder)
    finally:
        process.terminate()
        status = process.wait(30)
    assert status == 0, (folder / "serve.log").read_text()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def await_answer(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Until the host answers, or for three minutes: a busy machine takes more than one to start it."""
    end = time.monotonic() + 180
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(address + "/api/v1/openapi.json", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the host at {address} did not come up")


@pytest.fixture
def host(server: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The served host; commands without `--host` act on the same store, those with it go through the API."""
    store_in(server.folder, monkeypatch)
    monkeypatch.setenv("COMITY_PORT", server.address.rpartition(":")[2])
    monkeypatch.setenv("COMITY_TOKEN", server.token)
    return server


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store with nobody else on it. Gives its folder."""
    store_in(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture(scope="session")
def sent(server: Served, files: Path) -> dict[str, str]:
    """A reproduced, public report on the served host: its `receipt`, `report` and `case`."""

    def ask(*arguments: Sequence[str] | str | Path) -> Any:
        made = subprocess.run(
            [sys.executable, "-m", "comity", *map(str, arguments), "--json", "--host", server.address],
            env={"COMITY_TOKEN": server.token, "PATH": "/usr/bin:/bin", "HOME": str(server.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        assert made.stdout, made.stderr.decode()
        return json.loads(made.stdout)

    containment = next(line for line in ask("doctor")["lines"] if line["name"] == "containment")
    if containment["state"] == "bad":
        pytest.skip(f"not on this kernel: nothing can be contained here ({containment['value']})")
    answer = ask("submit", files / "public.json")["answers"][0]
    case = ask("report", "show", answer["report"])["case"]
    return {"receipt": answer["receipt"], "report": answer["report"], "case": case}
