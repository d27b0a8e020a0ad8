"""The walk-through of docs/taxii.md, run as it stands: curl and both clients, on a loopback host."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from comity.bench import sample
from comity.bench.loopback import Host
from comity.bench.suites import clients
from comity.model.party import Role
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "taxii.md").read_text("utf-8")
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(TEXT) if found == kind]


@pytest.fixture(scope="module")
def walked(served: Host) -> Host:
    clients.prepared(served)
    return served


def test_the_curl_commands_are_answered(walked: Host, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("peer not installed: curl")
    _, token = walked.person("walker", Role.SUBMITTER, "Walk Lab")
    (tmp_path / "envelope.json").write_text(json.dumps({"objects": [sample.vulnerability(900)]}))
    (script,) = blocks("sh")
    environment = {"HOST": walked.address, "NAME": "walker", "TOKEN": token, "PATH": "/usr/bin:/bin"}
    answers = []
    for line in script.strip().splitlines():
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=True
        )
        answers.append(json.loads(done.stdout))
    discovery, collections, reports, status = answers
    assert discovery["default"] == f"{walked.address}/taxii2/comity/"
    assert len(collections["collections"]) == 2
    assert {one["type"] for one in reports["objects"]} == {"report"}
    assert status["success_count"] == 1


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", [0, 1])
def test_the_clients_run_as_written(walked: Host, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("taxii2client", reason="peer not installed: taxii2-client")
    pytest.importorskip("cytaxii2", reason="peer not installed: cytaxii2")
    _, token = walked.person("walker", Role.SUBMITTER, "Walk Lab")
    code = blocks("python")[number]
    exec(compile(code, "docs/taxii.md", "exec"), {"HOST": walked.address, "NAME": "walker", "TOKEN": token})
    told = capsys.readouterr().out
    assert ("vulnerability vulnerability--" in told) if number == 0 else re.match(r"\d+ ", told)
