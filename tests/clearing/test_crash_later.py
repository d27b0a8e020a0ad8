"""Kill -9 at each step of what the clearinghouse does later, one start after the other: it ends as if nothing was.

Each journey is killed at every place in turn: at a step's begin, on both sides of its commits, and at its end.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.settings import Settings
from tests.clearing import ledger
from tests.clearing.later_travel import PLAYED
from tests.durable import harness

SCENARIO = "tests.clearing.later_travel"
WANTED = {
    "cross": ["case.merged"],
    "capacity": ["intake.released"] * 3,
    "epochs": ["blind.epoch-began"] * 3,
    "hand-over": ["case.hand-over-settled"],
    "claims": ["claims.told"],
    "cve": ["cve.settled"],
    "clocks": ["case.clock"] * 2,
}
"""What the journal must hold, and no more of it."""


def test_every_step_of_every_flow_is_in_some_scenario() -> None:
    claimed = [flow for flows in ledger.SCENARIOS.values() for flow in flows]
    assert sorted(claimed) == sorted(ledger.steps())
    assert all(ledger.steps().values())


@pytest.fixture(scope="module")
def process() -> Iterator[harness.Host]:
    """One process for all journeys: what it imports is paid for once."""
    with harness.host(SCENARIO) as host:
        yield host


@pytest.mark.timeout(600)
def test_kills_at_each_later_step_end_like_the_uninterrupted_run(process: harness.Host, tmp_path: Path) -> None:
    killed: list[harness.Place] = []
    for part in PLAYED:
        whole, cut = (
            Settings(data=tmp_path / n / "data", keys=tmp_path / n / "keys", organisation=part)
            for n in (f"{part}-whole", part)
        )
        places = ledger.once(SCENARIO, harness.places(process, whole))
        wanted = harness.state(process, whole)
        assert wanted["journal"] == WANTED[part]
        harness.crashed(process, cut, *places)
        assert harness.state(process, cut) == wanted, f"after kills in {part}: {places}"
        killed += places
    assert ledger.unkilled(SCENARIO, killed) == set()
