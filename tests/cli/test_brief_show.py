"""`comity brief show` finds the draft for an editor while nothing is public, and tells nobody else."""

import json
from pathlib import Path
from typing import Any

import pytest

from comity.cli import briefs
from comity.errors import ComityError, Forbidden, Missing
from tests.cli.conftest import Terminal

PAGE = """<html><head><title>Notice</title></head><body><article><p>The agency said on 3 November 2026 that operators
should install version 3.0.2 of Northwind Gateway. The agency gave no other date.</p></article></body></html>"""


def test_an_editor_finds_a_draft_by_its_id_alone(comity: Terminal, alone: Path, tmp_path: Path) -> None:
    page = tmp_path / "notice.html"
    page.write_text(PAGE)
    kept = comity("brief", "keep", str(page), "--url", "https://example.org/notice", "--name", "Agency", "--json")
    id_ = json.loads(kept.out)["id"]
    shown = comity("brief", "show", id_)
    assert shown.status == 0
    assert id_ in shown.out
    assert shown.out == comity("brief", "show", id_, "--draft").out
    gone = comity("brief", "show", "b-nothing")
    assert gone.status != 0
    assert "no brief" in gone.err


@pytest.mark.parametrize("error", [Forbidden("an editor may"), Missing("no such draft")])
def test_for_anybody_else_a_hidden_draft_and_none_are_the_same_answer(error: ComityError) -> None:
    class Stranger:
        def read(self, path: str, **_asked: Any) -> Any:
            assert path == "/drafts/b-1"
            raise error

    said = Missing("there is no brief b-1")
    with pytest.raises(Missing) as caught:
        briefs._behind(Stranger(), "b-1", said)  # type: ignore[arg-type]  # the one call that is made
    assert caught.value is said
    assert caught.value.__suppress_context__
