"""Kill -9 at every place of the clearing's flows: inside each step, on both sides of the store's commit, before the
engine's own. The end is the one of the uninterrupted run, on SQLite and on PostgreSQL.
"""

from collections.abc import Callable

from comity.settings import Settings
from tests.clearing import ledger
from tests.durable import harness

SCENARIO = "tests.clearing.travel"


def kill_everywhere(fresh: Callable[[str], Settings]) -> None:
    """Kill the scenario once at each place that an uninterrupted run passes, and compare how it ends."""
    with harness.host(SCENARIO) as host:
        settings = fresh("whole")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert wanted["stage"] == "published"
        assert wanted["reports"] == ["REPORT-lab", "REPORT-rival"]
        assert ledger.unkilled(SCENARIO, passed) == set()
        for number, place in enumerate(passed):
            settings = fresh(f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"
