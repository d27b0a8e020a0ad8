"""The containment of this machine, for families whose answers are programs."""

import pytest

from comity.sandbox.containment import Containment
from comity.sandbox.tier import find


@pytest.fixture(scope="session")
def host() -> Containment:
    """Whatever this machine can do best."""
    return find()
