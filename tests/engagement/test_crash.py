"""Kill -9 around the end of the window and around the erasure: the end is the one of the uninterrupted run.

Killed are the flow's own steps (inside and at both ends of each), and both sides of every commit that they make.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from comity.settings import Settings
from tests.durable import harness

SCENARIO = "tests.engagement.travel"


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[str], Settings]:
    def make(name: str) -> Settings:
        folder = tmp_path / name
        return Settings(data=folder / "data", keys=folder / "keys")

    return make


@pytest.mark.timeout(600)
def test_a_kill_around_window_end_and_erasure_ends_like_the_uninterrupted_run(fresh: Callable[[str], Settings]) -> None:
    with harness.host(SCENARIO) as host:
        settings = fresh("whole")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert wanted["state"] == "erased"
        assert (wanted["half"], wanted["record"], wanted["files"], wanted["live keys"]) == (False, False, 0, 0)
        first = next(n for n, place in enumerate(passed) if place.name.startswith("assess.watch/tick"))
        names = {place.name.partition(":")[0] for place in passed[first:]}
        assert {"assess.watch/destroy the key", "assess.watch/erase"} <= names
        telling = ("store:", "assess.watch/tick", "assess.watch/destroy", "assess.watch/erase")  # looks change nothing
        for number, place in enumerate(one for one in passed[first:] if one.name.startswith(telling)):
            settings = fresh(f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"
