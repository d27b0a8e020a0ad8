"""What a person states for a pack: it gives FedRAMP's rows their dates, is dated itself, and stays in its domain."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.defend.due import Due, NotBound
from comity.errors import Forbidden, Invalid, Missing
from comity.model.asset import Domain
from tests.directives.hosts import LOG4SHELL, OTHER, START, Host, host, viewer

ADA, GRACE, CARL = viewer("ada"), viewer("grace"), viewer("carl")
FEDRAMP = "us.fedramp.vdr"
NAMES = {"certification_level", "likely_exploitable", "internet_reachable", "potential_impact", "evaluated"}


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Host]:
    with host(tmp_path) as made:
        yield made


def test_nothing_is_asked_of_a_person_until_a_pack_in_force_asks_it(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    assert held.deadlines.deadline(ADA, web, LOG4SHELL).questions == ()
    held.directives.follow(ADA, FEDRAMP)
    view = held.deadlines.deadline(ADA, web, LOG4SHELL)
    assert {one.name for one in view.questions} == NAMES
    assert all(one.stated is None for one in view.questions)


def test_a_stated_evaluation_starts_fedramps_clock_and_gives_its_row(held: Host) -> None:
    web, files = held.estate("agency", Domain.OTHER)
    held.directives.follow(ADA, FEDRAMP)
    before = held.deadlines.deadline(ADA, web, LOG4SHELL)
    fed = [one for one in (before.answer, *before.also) if one.pack == FEDRAMP]
    assert not any(isinstance(one, Due) for one in fed)
    held.clock.jump(timedelta(days=1))
    given = {
        "certification_level": "high",
        "potential_impact": "N5",
        "likely_exploitable": "yes",
        "evaluated": "2026-12-15",
    }
    held.deadlines.state(ADA, web, LOG4SHELL, given)
    view = held.deadlines.deadline(ADA, web, LOG4SHELL)
    (answer,) = [one for one in (view.answer, *view.also) if isinstance(one, Due) and one.pack == FEDRAMP]
    assert (answer.tier, answer.table_due) == ("12H", datetime(2026, 12, 15, 17, tzinfo=UTC))  # noon in New York
    assert {one.input: one.source for one in answer.known}["potential_impact"] == "stated by Ada"
    other = held.deadlines.deadline(ADA, web, OTHER)
    level = next(one for one in other.questions if one.name == "certification_level")
    assert level.stated is not None  # what is of the asset holds for all its findings
    assert next(one for one in other.questions if one.name == "potential_impact").stated is None
    assert all(one.stated is None for one in held.deadlines.deadline(ADA, files, LOG4SHELL).questions)
    listed = held.deadlines.deadlines(ADA).rows
    for row in listed:
        assert row.answer == held.deadlines.deadline(ADA, row.asset, row.vulnerability).answer
    past = held.deadlines.deadline(ADA, web, LOG4SHELL, at=START)
    assert all(one.stated is None for one in past.questions)


def test_what_cannot_be_taken_is_listed_and_nothing_is_kept(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.directives.follow(ADA, FEDRAMP)
    wrong = {"potential_impact": "N9", "colour": "blue", "evaluated": "2027-01-01", "certification_level": "high"}
    with pytest.raises(Invalid) as refused:
        held.deadlines.state(ADA, web, LOG4SHELL, wrong)
    assert {one.pointer for one in refused.value.problems} == {"/potential_impact", "/colour", "/evaluated"}
    for blank in ({}, {"potential_impact": " "}, {"evaluated": "2026-12-15T09:00:00"}, {"evaluated": "soon"}):
        with pytest.raises(Invalid):
            held.deadlines.state(ADA, web, LOG4SHELL, blank)
    assert all(one.stated is None for one in held.deadlines.deadline(ADA, web, LOG4SHELL).questions)


def test_others_neither_state_nor_see_it(held: Host) -> None:
    web, _ = held.estate("agency", Domain.FCEB)
    held.directives.follow(ADA, FEDRAMP)
    with pytest.raises(Missing):
        held.deadlines.state(GRACE, web, LOG4SHELL, {"potential_impact": "N3"})
    with pytest.raises(Forbidden):
        held.deadlines.state(CARL, web, LOG4SHELL, {"potential_impact": "N3"})
    assert not isinstance(held.deadlines.deadline(ADA, web, LOG4SHELL).answer, NotBound)
