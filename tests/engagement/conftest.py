"""A fresh host for each test, without a worker: its clock is ticked by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engagement.hosts import Host, host


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path) as made:
        yield made
