"""`comity csaf check`: every problem with its place and test, and an exit status that a script can use."""

import json
from pathlib import Path

import pytest

from comity.cli import csaf_files
from comity.errors import Invalid
from comity.formats.csaf import Csaf
from tests.formats.values import ADVISORY


def test_a_file_that_we_wrote_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good.json").write_bytes(Csaf().write(ADVISORY))
    assert csaf_files.check(tmp_path / "good.json", json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert (told["version"], told["tests"], told["problems"]) == ("2.0", 43, [])


def test_each_problem_has_its_place_and_its_test_and_the_exit_status_says_no(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(Csaf().write(ADVISORY))
    document["document"]["tracking"]["version"] = "9"
    (tmp_path / "bad.json").write_text(json.dumps(document))
    (tmp_path / "none.json").write_text("[")
    assert csaf_files.check(tmp_path / "bad.json", tmp_path / "none.json", json=True) == 1
    bad, none = json.loads(capsys.readouterr().out)["files"]
    assert ("/document/tracking/version", "csaf_6.1.16") in {(p["pointer"], p["code"]) for p in bad["problems"]}
    assert none["version"] == ""
    assert none["problems"]


def test_a_person_reads_the_same_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(Csaf().write(ADVISORY))
    document["document"]["tracking"]["version"] = "9"
    (tmp_path / "bad.json").write_text(json.dumps(document))
    assert csaf_files.check(tmp_path / "bad.json") == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "43 mandatory tests" in out
    assert "csaf_6.1.16" in out
    assert "schema and 43 mandatory tests" in out


def test_no_file_is_no_success() -> None:
    with pytest.raises(Invalid):
        csaf_files.check()
