"""What a defender does in a terminal is the same on the local store and through a served host's API."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer, Served, Terminal
from tests.cli.test_places import both
from tests.defend.hosts import SALT, bom

FLAW = "CVE-2020-11651"


@pytest.fixture(scope="session")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SBOM with a known-exploited version of salt, assets that run it, and facts about them."""
    folder = tmp_path_factory.mktemp("lists")
    (folder / "salt.json").write_bytes(bom("pkg:pypi/salt@3000.1", "pkg:npm/left-pad@1.3.0"))
    (folder / "assets.csv").write_text("asset,exposure,inventory\nmaster-1,yes,masters\n")
    record = {"modified": f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", **SALT}
    (folder / "osv.jsonl").write_text(json.dumps(record))
    fact = {"kind": "no-route", "source": "network plan", "at": "2026-11-01T00:00:00Z"}
    (folder / "facts.json").write_text(json.dumps([fact]))
    return folder


@pytest.fixture
def kept(comity: Terminal, host: Served, lists: Path) -> str:
    """The id of an asset that was registered through the API."""
    there = ("--host", host.address)
    assert comity("mirror", "add", lists / "osv.jsonl").status == 0
    comity("defend", "register", lists / "salt.json", "--name", "masters", "--domain", "fceb", *there)
    comity("defend", "assets", lists / "assets.csv", "--domain", "fceb", *there)
    return str(comity("defend", "assets", "--json", *there).json[0]["id"])


@pytest.mark.parametrize(
    "arguments",
    [
        "defend inventories",
        "defend assets",
        "defend asset {asset}",
        "defend estate",
        "defend plan {asset}",
        "defend one-page {asset}",
        "deadline list",
        "deadline list --only silent",
        "directive list",
        "directive status",
        "ai list",
    ],
)
def test_a_read_is_the_same_here_and_there(comity: Terminal, host: Served, kept: str, arguments: str) -> None:
    words = arguments.format(asset=kept).split()
    here, there = both(comity, host, *words, "--json")
    assert here.status == there.status == 0, (here.err, there.err)
    assert still(here.json) == still(there.json)
    said = both(comity, host, *words)
    assert [one.status for one in said] == [0, 0]
    assert all(one.out.strip() for one in said)


def still(value: Any) -> Any:
    """Without what moves by itself: the moment of the answer, and digests over it."""
    if isinstance(value, dict):
        return {k: still(v) for k, v in value.items() if k not in {"at", "evidence_sha256", "cites", "records", "burn"}}
    return [still(one) for one in value] if isinstance(value, list) else value


def test_a_list_is_scanned_alike_and_not_kept(comity: Terminal, host: Served, lists: Path) -> None:
    before = len(comity("defend", "inventories", "--json").json)
    here, there = both(comity, host, "defend", "scan", lists / "salt.json", "--json", "--exposure", "public")
    assert still(here.json) == still(there.json)
    assert here.json["components"][0]["name"] == "salt"
    strict = both(comity, host, "defend", "scan", lists / "salt.json", "--strict")
    assert [one.status for one in strict] == [1, 1]
    assert all("This is not a clean result" in one.out for one in strict)
    assert len(comity("defend", "inventories", "--json").json) == before


def test_a_question_about_a_product_needs_no_token(
    comity: Terminal, host: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMITY_TOKEN")
    here, there = both(comity, host, "affected", "Salt 3000.1", "--json")
    assert here.json == there.json
    assert here.status == there.status == 1


def test_work_is_done_from_afar_and_seen_here(comity: Terminal, host: Served, kept: str, lists: Path) -> None:
    told = comity("defend", "exposure", kept, lists / "facts.json", "--confirm", "--host", host.address)
    assert (told.status, "confirmed in your name" in told.out) == (0, True), told.err
    assert comity("defend", "asset", kept, "--json").json["reach"] == "internal"
    made = comity("directive", "follow", "us.cisa.bod-26-04", "--host", host.address)
    assert made.status == 0, made.err
    done = comity("deadline", "mitigated", "master-1", FLAW, "let nobody in", "--host", host.address)
    assert (done.status, "recorded as mitigated" in done.out) == (0, True), done.err
    assert comity("deadline", "show", "master-1", FLAW, "--json").json["asset_name"] == "master-1"
    tried = both(comity, host, "what-if", "--change", "exposure master-1 yes", "--json")
    assert still(tried[0].json) == still(tried[1].json)


def test_files_that_leave_the_house_have_their_own_names_here_and_there(
    comity: Terminal, host: Served, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ((), ("--host", host.address)):
        told: Answer = comity("defend", "export", "oscal", *place)
        assert told.status == 0, told.err
    (made,) = tmp_path.glob("poam-*.json")
    assert "plan-of-action-and-milestones" in json.loads(made.read_text())
    bundle = tmp_path / "snapshot.zip"
    assert comity("snapshot", "make", "--out", bundle, "--host", host.address).status == 0
    checked = comity("snapshot", "verify", bundle)
    assert "own keys only" in checked.out.replace("\n", " ")
    assert comity("snapshot", "verify", bundle, "--json").json["own_keys"] is True


def test_what_looks_at_this_machine_is_not_asked_elsewhere(comity: Terminal, host: Served) -> None:
    answer = comity("defend", "scan", "--here", "--host", host.address)
    assert (answer.status, "--here looks at this machine" in answer.err) == (2, True)


def test_what_another_host_refuses_lists_its_places(comity: Terminal, host: Served, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("asset,exposure\nx,perhaps\n")
    answer = comity("defend", "assets", tmp_path / "bad.csv", "--host", host.address)
    assert answer.status == 2
    assert "/line/2" in answer.err
