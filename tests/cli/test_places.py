"""The same command gives the same answer on the local store and through a served host's API."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Answer, Served, Terminal


def both(comity: Terminal, host: Served, *arguments: str | Path) -> tuple[Answer, Answer]:
    """The answer of the local store, and of the host that serves the same store."""
    return comity(*arguments), comity(*arguments, "--host", host.address)


def filled(arguments: str, sent: dict[str, str]) -> list[str]:
    """A command line with the ids of the report that was sent."""
    return arguments.format(**sent).split()


@pytest.mark.parametrize(
    "arguments",
    [
        "status {receipt}",
        "report list",
        "report show {report}",
        "case list",
        "case list --stage closed",
        "case list --limit 1",
        "case show {case}",
        "advisory list",
        "journal verify",
        "doctor",
    ],
)
def test_a_read_is_the_same_here_and_there(
    comity: Terminal, host: Served, sent: dict[str, str], arguments: str
) -> None:
    here, there = both(comity, host, *filled(arguments, sent), "--json")
    assert (here.status, there.status) == (0, 0)
    assert steady(here.json) == steady(there.json)


def steady(answer: Any) -> Any:
    """An answer without what moves between two looks: what is free on the disk, where others write meanwhile."""
    for line in answer.get("lines", ()) if isinstance(answer, dict) else ():
        if line["name"] == "disk":
            line["value"] = line["value"].lstrip("0123456789.")
    return answer


@pytest.mark.parametrize(
    "arguments",
    [
        "case show C-0000-0000-0000",
        "report show R-0000-0000-0000",
        "status SUB-0000",
        "advisory show COMITY-2026-9999",
        "close {case} --reason boredom",
        "approve {case} --draft 00",
    ],
)
def test_an_error_is_the_same_here_and_there(
    comity: Terminal, host: Served, sent: dict[str, str], arguments: str
) -> None:
    here, there = both(comity, host, *filled(arguments, sent))
    assert (here.status, there.status) == (2, 2)
    assert here.err == there.err
    assert (here.out, there.out) == ("", "")


@pytest.mark.parametrize(("arguments", "pointer"), [("--stage sideways", "/stage:"), ("--limit 0", "/limit:")])
def test_a_bad_value_is_refused_at_the_same_place(comity: Terminal, host: Served, arguments: str, pointer: str) -> None:
    for answer in both(comity, host, "case", "list", *arguments.split()):
        assert answer.status == 2
        assert pointer in answer.err


def test_a_draft_is_the_same_here_and_there_but_for_the_moment_it_is_rendered_at(
    comity: Terminal, host: Served, sent: dict[str, str]
) -> None:
    here, there = both(comity, host, "case", "preview", sent["case"], "--json")
    assert (here.status, there.status) == (0, 0)
    for one, other in zip(here.json["renderings"], there.json["renderings"], strict=True):
        assert one | {"text": ""} == other | {"text": ""}
        assert _keys(json.loads(one["text"])) == _keys(json.loads(other["text"]))


def test_people_read_the_same_here_and_there(comity: Terminal, host: Served, sent: dict[str, str]) -> None:
    here, there = both(comity, host, "case", "show", sent["case"])
    assert here.out == there.out
    assert "vulnerable 10/10, fixed 0/10" in here.out


def test_a_repeat_is_known_by_whichever_way_it_comes(
    comity: Terminal, host: Served, sent: dict[str, str], files: Path
) -> None:
    for answer in both(comity, host, "submit", files / "public.json", "--json"):
        assert answer.status == 0
        one = answer.json["answers"][0]
        assert (one["receipt"], one["repeat"]) == (sent["receipt"], True)


def test_a_refusal_has_the_same_problems_here_and_there(comity: Terminal, host: Served, files: Path) -> None:
    broken = (files / "cut-off.json", files / "wrong.json")
    here, there = both(comity, host, "submit", "--dry-run", *broken, "--json")
    assert (here.status, there.status) == (1, 1)
    assert _problems(here.json) == _problems(there.json)
    assert [len(found) > 0 for found in _problems(here.json)] == [True, True]


def test_one_good_file_among_broken_ones_is_answered_alike(comity: Terminal, host: Served, files: Path) -> None:
    mixed = (files / "cut-off.json", files / "bare.json")
    here, there = both(comity, host, "submit", "--dry-run", *mixed, "--json")
    assert here.json == there.json
    assert [one["kind"] for one in here.json["answers"]] == ["refused", "checked"]


def _keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _keys(inner) for key, inner in value.items()}
    return [_keys(inner) for inner in value] if isinstance(value, list) else None


def _problems(held: dict[str, Any]) -> list[list[dict[str, str]]]:
    return [one["problems"] for one in held["answers"]]
