"""Kill -9 at each step of a hand-over, on both sides, and of a reservation: it comes once, and one id is taken."""

from pathlib import Path

import pytest

from comity.settings import Settings
from tests.durable import harness

OURS = ("clearing.hand-over/send 0:end", "clearing.cve/send 0:end", "store:before-commit", "b:store:")
"""What was done and not noted, on either side; the engine's other places are killed in the tests of other flows."""


@pytest.mark.timeout(900)
def test_a_kill_on_either_side_ends_like_the_uninterrupted_run(tmp_path: Path) -> None:
    with harness.host("tests.cve.travel") as host:
        settings = fresh(tmp_path / "whole")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert wanted == {
            "sent": "taken",
            "receipts are theirs": True,
            "came": 1,
            "reports there": 1,
            "asked": "done",
            "ids there": 1,
            "bound": True,
        }
        places = [one for one in passed if one.name.startswith(OURS)]
        names = {one.name for one in places}
        assert names == {*OURS[:3], "b:store:before-commit", "b:store:after-commit"}
        for number, place in enumerate(places):
            settings = fresh(tmp_path / f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"


def fresh(folder: Path) -> Settings:
    return Settings(data=folder / "a" / "data", keys=folder / "a" / "keys")
