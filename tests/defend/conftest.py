"""An empty host for each test that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.defend.hosts import Host, host


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Host]:
    """An empty host on SQLite."""
    with host(tmp_path) as opened:
        yield opened
