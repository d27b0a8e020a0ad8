"""The blind check from the terminal, between two parties and one served host."""

import json
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from comity import settings as configuration
from comity.access.policy import Scope
from comity.app import opened
from comity.clearing.desk_claims import Authorisation, Wish
from comity.cli.demo_findings import finding_of
from comity.formats.recipe_archive import shipped_cases
from comity.formats.report import ReportDocument
from comity.model.ids import PartyId
from comity.model.party import Role, Viewer
from tests.cli.conftest import SHIPPED, Served, Terminal, store_in

ALLOWED = Authorisation(
    owner="Example Foundation",
    scope="all",
    contact="security@example.org",
    starts_on=date(2020, 1, 1),
    ends_on=date(2040, 1, 1),
)


@pytest.fixture
def rival(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A lab with a token for the served host and a store of its own. Gives the host's address."""
    from comity.access.caller import Via, signed_in

    with pytest.MonkeyPatch.context() as patch:
        store_in(server.folder, patch)
        with opened(configuration.load(), work=False) as office:
            person = office.accounts.provide(
                name="rival", login="rival", organisation="Rival Lab", roles=frozenset({Role.SUBMITTER})
            )
            viewer = signed_in(person, via=Via.SESSION).viewer
            token, _ = office.accounts.make_token(viewer, label="test", scopes=frozenset(Scope), days=1)
    store_in(tmp_path, monkeypatch)
    monkeypatch.setenv("COMITY_TOKEN", token)
    return server.address


def report(folder: Path, name: str, **changed: object) -> Path:
    """What somebody else would write about the shipped fault, without its recipe."""
    case = next(one for one in shipped_cases() if one.id == SHIPPED)
    finding = replace(finding_of(case), summary=f"{name}, in other words", attachments=(), own_id="", **changed)
    path = folder / f"{name}.json"
    path.write_bytes(ReportDocument().write(finding, {}))
    return path


def test_a_rival_learns_that_a_finding_is_known_and_files_it(
    comity: Terminal, rival: str, sent: dict[str, str], tmp_path: Path
) -> None:
    assert sent["case"]
    same = report(tmp_path, "same")
    answer = comity("blind", "check", same, "--host", rival, "--json")
    assert answer.status == 1
    assert answer.json["known"] is True
    assert (answer.json["level"], answer.json["published"]) == ("place", False)
    question = answer.json["question"]
    sheet = tmp_path / "data" / "blind" / f"{question}.json"
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    assert [one.name for one in sheet.parent.iterdir()] == [sheet.name]
    listed = comity("blind", "list", "--host", rival, "--json")
    assert (question, "open") in {(q["question"], q["standing"]) for q in listed.json["questions"]}
    other = report(tmp_path, "other")
    refused = comity("blind", "open", question, other, "--host", rival)
    assert refused.status == 2
    assert "not the report that was asked about" in " ".join(refused.err.split())
    filed = comity("blind", "open", question, same, "--host", rival, "--json")
    assert filed.status == 0
    assert filed.json["receipt"].startswith("SUB-")


def test_an_unknown_finding_is_not_known_and_may_be_withdrawn(
    comity: Terminal, rival: str, sent: dict[str, str], tmp_path: Path
) -> None:
    assert sent["case"]
    new = report(tmp_path, "new", cwes=("CWE-9999",))
    answer = comity("blind", "check", new, "--host", rival)
    assert answer.status == 0
    assert "not known to" in answer.out
    question = answer.out.split("question ")[1].split(":")[0]
    assert comity("blind", "withdraw", question, "--host", rival).out == f"withdrawn: {question}\n"
    again = comity("blind", "withdraw", question, "--host", rival)
    assert again.status == 2
    assert "settled" in again.err or "not open any more" in " ".join(again.err.split())


def test_priority_is_proved_offline_by_sheet_report_and_receipt(
    comity: Terminal, rival: str, server: Served, sent: dict[str, str], tmp_path: Path
) -> None:
    assert sent["case"]
    same = report(tmp_path, "proved")
    question = comity("blind", "check", same, "--host", rival, "--json").json["question"]
    with pytest.MonkeyPatch.context() as patch:
        store_in(server.folder, patch)
        assert comity("key", "show", "--out", tmp_path / "key.json").status == 0
    shown = comity("blind", "prove", question, same, "--key", tmp_path / "key.json", "--json")
    assert shown.status == 0
    assert shown.json["question"] == question
    assert comity("blind", "prove", question, same).status == 1  # the asker's own keys signed nothing
    changed = tmp_path / "changed.json"
    changed.write_bytes(same.read_bytes() + b"\n")
    answer = comity("blind", "prove", question, changed, "--key", tmp_path / "key.json")
    assert answer.status == 1
    assert "is not the report" in " ".join(answer.err.split())
    sheet = tmp_path / "data" / "blind" / f"{question}.json"
    held = json.loads(sheet.read_text())
    sheet.write_text(json.dumps(held | {"salt": held["lines"][0]["salt"]}))
    assert comity("blind", "prove", question, same, "--key", tmp_path / "key.json").status == 1


def test_a_question_without_its_sheet_is_nobodys(comity: Terminal, alone: Path, tmp_path: Path) -> None:
    answer = comity("blind", "withdraw", "Q-0000-0000-0000")
    assert answer.status == 2
    assert "only who asked can open it" in " ".join(answer.err.split())
    assert comity("blind", "withdraw", "../../etc/passwd").status == 2


def test_a_rival_hears_blindly_whether_somebody_claims_a_repository(
    comity: Terminal, rival: str, server: Served, tmp_path: Path
) -> None:
    target = "https://git.example.org/closed/firmware"
    quiet = comity("claim", "ask", target, "--blind", "--host", rival)
    assert quiet.status == 0
    assert "0 % of the repository is held by others" in quiet.out
    with pytest.MonkeyPatch.context() as patch:
        store_in(server.folder, patch)
        with opened(configuration.load(), work=False) as office:
            for name in ("one", "two", "three"):
                viewer = Viewer(person=PartyId(name), organisation=PartyId(name), roles=frozenset({Role.SUBMITTER}))
                office.claims.take(viewer, Wish(repository=target), ALLOWED)
    found = comity("claim", "ask", target, "--blind", "--host", rival, "--json")
    assert (found.status, found.json["held_percent"], found.json["names"]) == (1, 100, [])
    asked = comity("blind", "list", "--host", rival, "--json").json["questions"]
    assert {one["standing"] for one in asked if "area" in one["levels"]} == {"withdrawn"}
    finer = comity(
        "claim", "ask", target, "--blind", "--path", "src", "--path", "doc", "--cwe", "CWE-121", "--host", rival
    )
    assert finer.status == 1
    assert "100 % of your paths held until" in finer.out
    many = [part for number in range(61) for part in ("--path", f"src/{number}")]
    refused = comity("claim", "ask", target, "--blind", *many, "--host", rival)
    assert refused.status != 0
    assert "too fine" in refused.out + refused.err


ALLOWED_AS = (
    "--owner", "Example Foundation", "--scope", "all branches", "--contact", "security@example.org",
    "--from", "2020-01-01", "--until", "2040-01-01",
)  # fmt: skip


def test_a_claim_is_taken_renewed_and_ended_without_the_host_learning_where(
    comity: Terminal, rival: str, server: Served, tmp_path: Path
) -> None:
    target = "https://git.example.org/closed/secret-firmware"
    path = ("--path", "src/boot", "--cwe", "CWE-787", "--method", "fuzzing")
    taken = comity("claim", "take", target, *path, *ALLOWED_AS, "--blind", "--host", rival, "--json")
    assert taken.status == 0
    claim = taken.json["claim"]["claim"]
    kept = tmp_path / "data" / "claims" / f"{claim}.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "git.example.org/closed/secret-firmware(blind)" in "".join(
        comity("claim", "list", "--host", rival).out.split()
    )
    with pytest.MonkeyPatch.context() as patch:
        store_in(server.folder, patch)
        with opened(configuration.load(), work=False) as office:
            other = Viewer(person=PartyId("w"), organisation=PartyId("w"), roles=frozenset({Role.SUBMITTER}))
            told = office.claims.ask(other, Wish(repository=target, paths=["src", "doc"]))
            assert (told.held_percent, told.partly, told.names) == (0, 1, ())
    assert comity("claim", "beat", claim, "--progress", "40", "--host", rival).status == 0
    line = "every entry point of src/boot"
    done = comity("claim", "end", claim, "--nothing-found", line, "--host", rival, "--json")
    assert (done.status, done.json["standing"], done.json["has_result"]) == (0, "nothing found", True)
    assert line in kept.read_text()
    rest = b"".join(one.read_bytes() for one in server.folder.rglob("*") if one.is_file() and "claims" not in str(one))
    for word in (b"secret-firmware", b"src/boot"):
        assert word not in rest


def test_a_blind_claim_needs_an_authorisation_before_anything_is_sent(
    comity: Terminal, rival: str, tmp_path: Path
) -> None:
    late = [one.replace("2040", "2021") for one in ALLOWED_AS]
    refused = comity("claim", "take", "https://git.example.org/a/b", *late, "--blind", "--host", rival)
    assert refused.status == 2
    assert "only with an authorisation" in " ".join(refused.err.split())
    assert not (tmp_path / "data" / "blind").exists()
    assert comity("claim", "take", "https://git.example.org/a/b", *ALLOWED_AS, "--unmatched").status == 2
