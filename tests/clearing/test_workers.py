"""Three workers share one queue on PostgreSQL, one is killed and started again: every report is judged exactly once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.bench import workers
from tests.store.cluster import Cluster, running


@pytest.fixture
def postgres() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster


@pytest.mark.postgres
@pytest.mark.timeout(700)
def test_three_workers_share_the_queue_and_a_killed_one_costs_nothing(postgres: Cluster, tmp_path: Path) -> None:
    told = workers.measured(postgres.fresh(), tmp_path, jobs=24, numbers=())
    assert (told["lost"], told["doubled"]) == (0, 0)
    assert told["held_when_killed"] > 0
    assert "0 lost, 0 doubled" in workers.table(told)
