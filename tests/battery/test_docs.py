"""What docs/battery.md says of families, caveats and public suites is what the code holds."""

from pathlib import Path

import pytest

from comity.assess.battery.external import CAVEATS, SUITES, availability
from comity.assess.battery.families import FAMILIES

PAGE = (Path(__file__).parents[2] / "docs" / "battery.md").read_text()
FLAT = " ".join(PAGE.split())


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_family_has_its_row(name):
    family = FAMILIES[name]
    assert f"| `{name}`: {family.title} | {family.offence} | {family.defence} | {family.checks} |" in PAGE


def test_every_caveat_and_every_public_suite_is_on_the_page():
    assert all(caveat in FLAT for caveat in CAVEATS)
    assert all(f"| {one.name} | {one.tasks} | {one.terms} | {one.needs} | {one.caution} |" in PAGE for one in SUITES)


def test_a_suite_that_cannot_run_here_says_so_and_is_not_counted_as_there():
    bare = availability(engine_why="no container engine", packages=True)
    assert {one.why for one in bare if one.suite.needs_containers} == {"no container engine"}
    assert not any(one.available for one in bare)
    assert not any(one.available for one in availability(engine_why="", packages=False))
    there = availability(engine_why="", packages=True)
    assert [one.suite.name for one in there if one.available] == [one.name for one in SUITES if one.adapter]
