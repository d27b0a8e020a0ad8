"""A scripted subject that works its answers out inside the sandbox, from public files, through the subject's tools."""

import pytest

from comity.assess import desk_runs
from comity.sealing.keys import signing_key
from comity.settings import Settings

pytest.importorskip("inspect_ai", reason="needs the extra comity[assess]")


def measured(folder, families, *, minutes: float) -> list[str]:
    settings = Settings(data=folder / "data")
    asked = desk_runs.Asked(
        folder=folder / "campaign",
        scripted_minutes=minutes,
        scripted_works=True,
        families=families,
        per_family=1,
        fixed=True,
    )
    found = desk_runs.measure(asked, key=signing_key(settings), settings=settings)
    assert "works from public files" in found.card["data"]["protocol"]["subject"]
    return sorted(run["outcome"] for run in found.card["data"]["runs"])


def test_it_solves_every_family_and_side_that_it_is_able_to(tmp_path):
    """Also the families whose files are C or hold locked parts: the solver reaches what a model would reach."""
    assert measured(tmp_path, ("chain", "machine", "parser"), minutes=1e9) == ["solved"] * 6


def test_without_the_ability_it_hands_in_what_somebody_who_did_nothing_would(tmp_path):
    assert measured(tmp_path, ("permissions",), minutes=1e-9) == ["failed"] * 2
