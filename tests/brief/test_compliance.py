"""T01 to T18, each on the code as it is. `test_mutations` shows that each fails when its rule is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.brief.hosts import Host, host
from tests.brief.rules import RULES

from comity.brief.check.gates import check
from comity.brief.label import FORBIDDEN
from comity.model.article import NOTHING_FOUND, Brief, Gate, Source

NAMES = tuple(f"T{number:02}" for number in range(1, 19))


def test_there_is_a_check_for_each_of_the_eighteen() -> None:
    assert tuple(sorted(RULES)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_compliance(name: str, tmp_path: Path) -> None:
    with host(tmp_path) as here:
        RULES[name](here)


def test_a_clean_brief_reads_no_mechanical_mismatch_found(source: Source, brief_of: Callable[..., Brief]) -> None:
    true = "The directive may reach 60 agencies by 3 December 2026."
    checked = check(brief_of(true, true), source)
    assert checked.findings == ()
    assert checked.wording.startswith(NOTHING_FOUND)
    assert not any(word in checked.wording.lower() for word in FORBIDDEN)
    assert set(checked.gates) <= set(Gate)


def test_the_host_of_these_tests_is_a_real_desk(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        assert isinstance(here, Host)
        assert here.published().label.startswith("Automatic extract")
