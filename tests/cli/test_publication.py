"""From a reproduced report to a published advisory that verifies, by the commands a coordinator types."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Served, Terminal


@pytest.fixture
def published(comity: Terminal, host: Served, sent: dict[str, str]) -> str:
    """The advisory of the sent report: approved on the local store, published through the host."""
    rows = comity("advisory", "list", "--json").json["rows"]
    if not rows:
        assert comity("approve", sent["case"]).status == 0
        answer = comity("publish", sent["case"], "--host", host.address)
        assert answer.status == 0, answer.err
        rows = comity("advisory", "list", "--json").json["rows"]
    return str(rows[0]["id"])


def test_an_approved_case_is_published_with_every_file_sealed(
    comity: Terminal, host: Served, published: str, tmp_path: Path
) -> None:
    assert comity("advisory", "get", published, "--into", tmp_path, "--host", host.address).status == 0
    files = sorted(path for path in tmp_path.iterdir() if not path.name.endswith(".seal.json"))
    assert any(published in path.name and json.loads(path.read_bytes())["id"].endswith(published) for path in files)
    assert len(files) == 3
    for path in files:
        answer = comity("verify", path)
        assert answer.status == 0, answer.err
    assert "at the shell" in comity("advisory", "show", published).out


def test_one_changed_byte_is_named_and_the_exit_status_says_no(
    comity: Terminal, host: Served, published: str, tmp_path: Path
) -> None:
    comity("advisory", "get", published, "--into", tmp_path)
    file = next(path for path in tmp_path.iterdir() if not path.name.endswith(".seal.json"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    for where in ((), ("--host", host.address)):
        answer = comity("verify", file, *where)
        assert answer.status == (1 if not where else 2), answer.err
        assert answer.out == ""
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert comity("verify", file).status == 0
    assert comity("verify", file, "--host", host.address).status == 0


def test_a_statement_verifies_with_the_exported_key_alone(
    comity: Terminal, host: Served, sent: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = comity("case", "show", sent["case"], "--json").json
    start = held["case"]["validations"][0]["statement"][:12]
    statement, key = tmp_path / "statement.json", tmp_path / "key.json"
    assert comity("case", "statement", sent["case"], start, "--out", statement).status == 0
    assert comity("key", "show", "--out", key).status == 0
    monkeypatch.setenv("COMITY_KEYS", str(tmp_path / "other-keys"))
    monkeypatch.setenv("COMITY_DATA", str(tmp_path / "other-data"))
    assert "10" in comity("verify", statement, "--key", key).out
    answer = comity("verify", statement)
    assert answer.status == 1
    assert answer.err.startswith("does not verify:")


def test_host_and_key_together_are_refused(comity: Terminal, host: Served, files: Path) -> None:
    answer = comity("verify", files / "bare.json", "--key", files / "bare.json", "--host", host.address)
    assert answer.status == 2
    assert "give one of the two" in answer.err


def test_an_unknown_statement_is_no_file(comity: Terminal, host: Served, sent: dict[str, str], tmp_path: Path) -> None:
    answer = comity("case", "statement", sent["case"], "0000", "--out", tmp_path / "no.json")
    assert answer.status == 2
    assert not (tmp_path / "no.json").exists()


def test_the_draft_is_written_in_every_format_with_json_too(
    comity: Terminal, host: Served, sent: dict[str, str], tmp_path: Path
) -> None:
    answer = comity("case", "preview", sent["case"], "--into", tmp_path, "--json")
    assert answer.status == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {one["filename"] for one in answer.json["renderings"]}
