"""One served host for the tests of a module."""

from collections.abc import Iterator

import pytest

from comity.bench.loopback import Host, host
from tests.console.hosts import Pages, pages


@pytest.fixture(scope="module")
def served() -> Iterator[Host]:
    """A host on a loopback port."""
    with host() as made:
        yield made


@pytest.fixture
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Fresh pages."""
    with pages(tmp_path_factory.mktemp("pages")) as made:
        yield made
