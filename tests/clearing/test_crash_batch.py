"""Kill -9 within the job of a batch: no receipt is lost or doubled, and the end is that of the uninterrupted run."""

from collections.abc import Callable

import pytest

from comity.settings import Settings
from tests.clearing import ledger
from tests.durable import harness

SCENARIO = "tests.clearing.bulk_travel"
STEPS = ("survey", "take 0", "take 1", "list reports", "deconflict 0", "hand on 0", "close")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("fresh", ["sqlite"], indirect=True)
def test_a_kill_within_the_job_of_a_batch_ends_like_the_uninterrupted_run(fresh: Callable[[str], Settings]) -> None:
    with harness.host(SCENARIO) as host:
        settings = fresh("whole")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert wanted["counts"] == [2, 1, 0]
        assert wanted["receipts"] == 2
        names = [place.name for place in passed]
        killed = []
        for name in STEPS:
            begin, end = (names.index(f"clearing.take/{name}:{edge}") for edge in ("begin", "end"))
            assert begin < end
            inside = [place for place in passed[begin:end] if place.name == "store:after-commit"]
            for place in (passed[begin], *inside[-1:], passed[end]):
                killed.append(place)
                settings = fresh(f"{name} {place.name} {place.nth}".replace(" ", "-").replace("/", "-"))
                harness.crashed(host, settings, place)
                assert harness.state(host, settings) == wanted, f"after a kill at {place}"
        assert ledger.unkilled(SCENARIO, killed) == set()
