"""Kill -9 inside each step of the clocks' flow, and around each commit of a coordinator's act: it ends the same."""

from pathlib import Path

import pytest

from comity.settings import Settings
from tests.durable import harness

CLOCKS = ("clearing.clocks/tick 0:", "clearing.clocks/tick 1:", "clearing.clocks:end")
SCENARIO = "tests.coordinate.travel"


@pytest.mark.timeout(900)
def test_a_kill_at_any_tick_ends_like_the_uninterrupted_run(tmp_path: Path) -> None:
    with harness.host(SCENARIO) as host:
        settings = _fresh(tmp_path / "whole")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert wanted["stage"] == "published"
        assert wanted["quiet"] == "ended"
        assert wanted["breaks"] == ["details leaked"]
        assert "embargo-warning" in wanted["clocks"]
        # how often it ticks after that depends on how wakes fall together: those that every run passes are taken
        places = [one for one in passed if one.name.startswith(CLOCKS)]
        names = {one.name for one in places}
        assert {"clearing.clocks/tick 0:begin", "clearing.clocks/tick 0:end", "clearing.clocks:end"} <= names
        for number, place in enumerate(places):
            settings = _fresh(tmp_path / f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"


def _fresh(folder: Path) -> Settings:
    return Settings(data=folder / "data", keys=folder / "keys")
