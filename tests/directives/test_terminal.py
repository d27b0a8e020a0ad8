"""The terminal: a pack is checked, shown and compared; dates, what-if and triage work on the local store."""

import json
from pathlib import Path
from typing import Any

import pytest

from comity.cli.commands import run
from comity.formats import directive

BOD = directive.shipped_bytes("us.cisa.bod-26-04")


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COMITY_KEYS", str(tmp_path / "keys"))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = run(arguments)
    return status, capsys.readouterr().out


def answered(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(said(capsys, *arguments, "--json")[1])


def test_a_sound_pack_exits_0_and_another_exits_1_with_every_place(local: Path, capsys: Any) -> None:
    good, bad = local / "good.yaml", local / "bad.yaml"
    good.write_bytes(BOD)
    bad.write_bytes(BOD.replace(b"2026-08-09", b"2026-08-39").replace(b"param: exposure_unknown", b"param: unknwon"))
    status, text = said(capsys, "directive", "check", str(good))
    assert (status, "16 examples and 4 counter-examples hold" in text) == (0, True)
    status, text = said(capsys, "directive", "check", str(bad))
    assert status == 1
    assert "/phases/1/on" in text
    assert "/inputs/0/unknown/param" in text
    assert [p["code"] for p in answered(capsys, "directive", "check", str(bad))["problems"]]


def test_a_pack_is_shown_with_its_doubt_rows_and_open_questions(local: Path, capsys: Any) -> None:
    _, text = said(capsys, "directive", "show", "us.cisa.bod-26-04")
    for words in (
        "This is a transcription",
        "agreed (secondary)",
        "on_tighten=first_start",
    ):
        assert words in text.replace("\n", " ")
    _, text = said(capsys, "directive", "show", "us.cnss.deliverables")
    assert "not found in public" in text.replace("\n", " ")


def test_two_packs_differ_in_rules_and_not_in_the_order_of_rows(local: Path, capsys: Any) -> None:
    changed = local / "changed.yaml"
    text = directive.shipped_bytes("us.cisa.bod-19-02").decode()
    rows = text.split("    - {given")
    head, tail = rows[0], rows[-1].partition("outcomes:")
    swapped = [rows[2], rows[1], rows[3], tail[0]]
    changed.write_text(head + "".join(f"    - {{given{row}" for row in swapped) + "outcomes:" + tail[2])
    assert said(capsys, "directive", "diff", "us.cisa.bod-19-02", str(changed)) == (0, "They ask the same.\n")
    changed.write_text(
        text.replace("name: 15 days, unit: calendar_day, amount: 15", "name: 10 days, unit: calendar_day, amount: 10")
    )
    found = answered(capsys, "directive", "diff", "us.cisa.bod-19-02", str(changed))
    assert [one["place"] for one in found] == [
        "row: publicly_exposed yes, severity critical",
        "tier 15D",
    ]


def test_an_empty_estate_is_never_called_clean(local: Path, capsys: Any) -> None:
    status, text = said(capsys, "deadline", "list")
    assert status == 0
    assert "not the same as clean" in text.replace("\n", " ")


def test_a_directive_is_written_and_stands_on_its_clock(local: Path, capsys: Any) -> None:
    from tests.directives.test_authoring import local as filled

    file = local / "own.yaml"
    file.write_bytes(filled("fceb"))
    _, text = said(capsys, "directive", "draft", str(file))
    assert "day 1 of 30" in text
    id_ = text.split()[0]
    _, text = said(capsys, "directive", "status")
    assert id_ in text
    assert run(["directive", "sign", id_, "0" * 64]) == 2
    assert run(["directive", "draft", str(file)]) == 2
    assert run(["directive", "status", id_, "--domain", "nss"]) == 2


def test_a_day_or_a_change_that_cannot_be_read_is_told(local: Path) -> None:
    assert run(["deadline", "list", "--on", "tomorrow"]) == 2
    assert run(["what-if", "--change", "nonsense"]) == 2
