"""Scanning without keeping: in the terminal, by starter data, as of a day; nothing incomplete is ever called clean."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from comity.defend import flow_scan
from comity.defend.desk import Document
from comity.errors import Invalid
from comity.formats.pack import STARTER_DAY
from comity.model.asset import Reach
from comity.model.inventory import Answer
from tests.cli.conftest import Terminal
from tests.defend.hosts import CIVIL, SALT, Host, answers, bom

OLD = bom("pkg:pypi/salt@3000.1", "pkg:pypi/six@1.16.0", "pkg:npm/left-pad@1.3.0")


@pytest.fixture
def comity(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on a store of its own."""
    monkeypatch.setenv("COMITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_KEYS", str(tmp_path / "keys"))
    return Terminal(capsys)


def test_the_starter_data_has_known_exploited_hits_on_its_own_day(here: Host) -> None:
    found = here.desk.scan(CIVIL, Document(name="x", data=OLD), day=STARTER_DAY, reach=Reach.PUBLIC)
    assert found.as_of
    assert found.counts[Answer.AFFECTED] == 1
    assert found.counts[Answer.NOT_AFFECTED] == 1
    assert found.counts[Answer.NOT_ASSESSED] == 1
    assert found.missing == ("npm",)
    assert {one.vulnerability for one in found.found if one.in_kev} == {
        "CVE-2020-11651",
        "CVE-2020-11652",
        "CVE-2020-16846",
    }
    assert not found.whole
    assert here.desk.actions(found)[0].in_kev == 3


def test_today_the_starter_data_assesses_nothing_and_hides_nothing(here: Host) -> None:
    found = here.desk.scan(CIVIL, Document(name="x", data=OLD))
    assert found.counts == {Answer.AFFECTED: 0, Answer.NOT_AFFECTED: 0, Answer.UNKNOWN: 0, Answer.NOT_ASSESSED: 3}
    assert all(one.stale for one in found.sources)
    assert any(one.vulnerability == "CVE-2020-11651" and one.in_kev for one in found.found)


def test_what_is_dated_later_is_left_out_of_an_earlier_day(here: Host) -> None:
    before = here.desk.scan(CIVIL, Document(name="x", data=OLD), day=date(2020, 4, 29))
    assert "CVE-2020-11651" not in {one.vulnerability for one in before.found}
    listed = here.desk.scan(CIVIL, Document(name="x", data=OLD), day=date(2021, 11, 2))
    assert not any(one.in_kev for one in listed.found)


def test_a_fresh_mirror_is_used_instead_of_the_starter_data(here: Host) -> None:
    here.mirror(SALT)
    found = here.desk.scan(CIVIL, Document(name="x", data=bom("pkg:pypi/salt@3000.1")))
    assert [one.name for one in found.sources if "OSV" in one.name] == ["OSV PyPI"]
    assert found.whole
    assert found.counts[Answer.AFFECTED] == 1


BASH: dict[str, object] = {
    "id": "DSA-1",
    "affected": [
        {
            "package": {"ecosystem": "Debian:12", "name": "bash"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.2-1"}]}],
        }
    ],
}


@pytest.mark.parametrize(
    ("release", "answer"),
    [("12", Answer.AFFECTED), ("99", Answer.NOT_ASSESSED)],
)
def test_a_release_that_no_record_names_is_never_clean(here: Host, release: str, answer: Answer) -> None:
    here.mirror(BASH)
    packages = bom(*(f"pkg:deb/debian/{name}@5.1-1?distro=debian-{release}" for name in ("bash", "coreutils")))
    found = here.desk.scan(CIVIL, Document(name="x", data=packages))
    assert found.counts[answer] == (1 if release == "12" else 2)
    assert found.whole is (release == "12")
    kept = here.register(packages)
    assert answers(kept).count(answer) == found.counts[answer]


def test_vex_in_the_document_itself_is_heard(here: Host) -> None:
    here.mirror(SALT)
    document = json.loads(bom("pkg:pypi/salt@3000.1"))
    document["vulnerabilities"] = [
        {
            "id": "CVE-2020-11651",
            "analysis": {"state": "not_affected", "justification": "code_not_present"},
            "affects": [{"ref": "pkg:pypi/salt@3000.1"}],
        }
    ]
    found = here.desk.scan(CIVIL, Document(name="x", data=json.dumps(document).encode()))
    assert [one.answer for one in found.found] == [Answer.NOT_AFFECTED]


def test_a_vex_or_a_scanner_export_is_nothing_to_scan(here: Host) -> None:
    for data in (b"Plugin ID,CVE,Risk,Host,Name\n1,CVE-2020-11651,High,host-1,Salt\n",):
        with pytest.raises(Invalid, match="nothing to scan"):
            here.desk.scan(CIVIL, Document(name="x", data=data))


def test_the_terminal_never_prints_clean_for_what_it_could_not_assess(comity: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_bytes(OLD)
    answer = comity("defend", "scan", file)
    assert answer.status == 0
    assert "3 not assessed" in answer.out
    assert "This is not a clean result" in answer.out
    assert "comity mirror add FILE" in answer.out
    assert comity("defend", "scan", file, "--strict").status == 1
    held = comity("defend", "scan", file, "--json", "--as-of", "2024-10-10").json
    assert held["counts"] == {"affected": 1, "not affected": 1, "unknown": 0, "not assessed": 1}
    assert not held["whole"]
    file.write_bytes(b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}')
    refused = comity("defend", "scan", file)
    assert refused.status == 2
    assert "lists no packages" in refused.err


def test_the_terminal_offers_bundles_by_the_name_that_osv_gives_them(comity: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_bytes(bom("pkg:deb/debian/bash@5.1-1?distro=debian-12", "pkg:rpm/fedora/bash@5.1-1?distro=fedora-40"))
    told = comity("defend", "scan", file).out
    assert "the OSV bundle of Debian" in told
    assert "no bundle of advisories is published for: fedora" in told
    assert "the OSV bundle of fedora" not in told


def test_a_machine_whose_rpm_database_was_not_read_is_never_clean(
    here: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rpm").mkdir()
    (tmp_path / "rpm" / "rpmdb.sqlite").touch()
    monkeypatch.setattr(flow_scan, "RPM", (tmp_path / "rpm",))
    monkeypatch.setattr(flow_scan, "DPKG", tmp_path / "none")
    read = flow_scan.here()
    assert len(read.unread) == 1
    assert any("rpm -qa" in note for note in read.notes)
    here.mirror(SALT)
    found = here.desk.scan(CIVIL, Document(name="x", data=bom("pkg:pypi/salt@3000.3")))
    assert found.whole
    assert not replace(found, contents=replace(found.contents, unread=read.unread)).whole


def test_a_machine_without_any_list_of_its_system_s_packages_is_never_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert flow_scan.here().unread == ()
    monkeypatch.setattr(flow_scan, "DPKG", tmp_path / "none")
    assert flow_scan.here().unread == (flow_scan.SYSTEM_UNREAD,)


def test_an_apk_list_is_read_at_its_newer_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = tmp_path / "installed"
    newer.write_text("P:musl\nV:1.2.5-r0\n\n")
    monkeypatch.setattr(flow_scan, "DPKG", tmp_path / "none")
    monkeypatch.setattr(flow_scan, "APK", (newer, tmp_path / "older"))
    read = flow_scan.here()
    assert read.unread == ()
    assert "musl" in {one.name for one in read.components}


def test_this_machine_is_scanned_for_real(comity: Terminal) -> None:
    held = comity("defend", "scan", "--here", "--as-of", "2024-10-10", "--json").json
    names = {one["name"].lower() for one in held["components"]}
    assert "litestar" in names
    assert sum(held["counts"].values()) == len(held["components"])


def test_the_terminal_keeps_shows_and_asks(comity: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "bom.json"
    file.write_bytes(OLD)
    made = comity("defend", "register", file, "--name", "web", "--domain", "fceb", "--json").json
    table = tmp_path / "assets.csv"
    table.write_text("asset,inventory,exposure\nweb-1,web,yes\n")
    assert "web-1" in comity("defend", "assets", table, "--domain", "fceb").out
    assert comity("defend", "inventories").out.count(made["id"]) == 1
    assert "not assessed" in comity("defend", "inventory", made["id"]).out
    assert comity("defend", "estate", "--as-of", "2024-10-10", "--json").json["known_exploited"]
    line = comity("defend", "assets", "--json").json[0]
    assert "web-1" in comity("defend", "asset", line["id"]).out
    asked = comity("affected", "Fortinet FortiOS 7.0.1")
    assert asked.status == 1
    assert asked.out.startswith("YES")
    assert comity("defend", "register", file, "--domain", "nss").status == 2
