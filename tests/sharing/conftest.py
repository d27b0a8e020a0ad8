"""One served host for the tests of a module."""

from collections.abc import Iterator

import pytest

from comity.bench.loopback import Host, host


@pytest.fixture(scope="module")
def served() -> Iterator[Host]:
    """A host on a loopback port."""
    with host() as made:
        yield made
