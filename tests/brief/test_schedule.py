"""Sources of public briefs are looked at again by a durable clock: every day, and once after days missed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.brief.hosts import EDITH, MEMBER, Host, host
from tests.brief.test_recheck import WORDS, article, shown
from tests.feeds.site import Site, site

from comity.brief import flow_recheck
from comity.brief.flow_recheck import CLOCK
from comity.durable.clock import JumpingClock
from comity.durable.engine import Control, connect, launch
from comity.model.article import ReviewState

DAY = timedelta(days=1)


@contextmanager
def working(here: Host, at: datetime) -> Iterator[tuple[Control, JumpingClock]]:
    """A worker of this host, from `at` on, as `app` starts it."""
    control, clock = connect(here.settings), JumpingClock(at)
    machines = replace(here.machines, now=clock.now)
    worker = launch(here.settings, flow_recheck.flows(machines, control), clock=clock, poll=timedelta(milliseconds=50))
    try:
        replace(here.desk, machines=machines, control=control).resume()
        yield control, clock
    finally:
        worker.stop()
        control.close()


def sleeping(control: Control) -> list[str]:
    """Moments that clocks wait for."""
    return [one.id.partition(":")[2] for one in control.unfinished() if one.id.startswith(CLOCK)]


def until(held: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not held():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def asked(served: Site) -> int:
    return served.asked.count("/notice")


def test_a_public_brief_is_looked_at_every_day_and_a_change_reopens_it_without_any_timer(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        public = shown(here, served)
        with working(here, here.clock.at) as (control, clock):
            until(lambda: len(sleeping(control)) == 1)
            [first] = sleeping(control)
            assert here.clock.at < datetime.fromisoformat(first) <= here.clock.at + DAY
            assert asked(served) == 0, "nothing is asked before the moment"
            clock.jump_to(datetime.fromisoformat(first))
            following = (datetime.fromisoformat(first) + DAY).isoformat()
            until(lambda: sleeping(control) == [following])
            assert asked(served) == 1
            assert here.desk.brief(MEMBER, public.id).public.review_state is ReviewState.REVIEWED
            served.pages["/notice"] = article(WORDS.replace("3.0.2", "3.0.3"), '"two"')
            clock.jump_to(datetime.fromisoformat(following))
            until(lambda: here.desk.brief(MEMBER, public.id).public.review_state is ReviewState.UNREVIEWED)
            assert asked(served) == 2


def test_a_host_that_was_down_for_a_week_looks_once(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        shown(here, served)
        with working(here, here.clock.at) as (control, _clock):
            until(lambda: len(sleeping(control)) == 1)
        later = here.clock.at + 7 * DAY
        with working(here, later) as (control, _clock):
            until(lambda: asked(served) and len(sleeping(control)) == 1)
            assert asked(served) == 1
            assert datetime.fromisoformat(sleeping(control)[0]) > later


@pytest.mark.parametrize("off", [{"brief_recheck": timedelta(0)}, {"offline": True}])
def test_off_or_offline_asks_nobody(tmp_path: Path, off: dict[str, Any]) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True, **off) as here:
        shown(here, served)
        moment = flow_recheck.next_look(here.machines)
        assert bool(moment) is ("offline" in off)
        assert flow_recheck.sites(here.machines) == [] or not moment
        with working(here, here.clock.at) as (control, clock):
            clock.jump_to(here.clock.at + 3 * DAY)
            until(lambda: len(sleeping(control)) == ("offline" in off))
        assert asked(served) == 0


def test_a_clock_of_another_interval_ends_and_looks_at_nothing(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        assert flow_recheck.next_look(here.machines) == "", "nothing is public yet"
        shown(here, served)
        moment = flow_recheck.next_look(here.machines)
        assert (CLOCK, moment, moment) in here.control.started, "publishing starts the clock"
        assert flow_recheck.planned(here.machines, moment) == moment
        changed = replace(here.machines, settings=replace(here.settings, brief_recheck=timedelta(hours=7)))
        assert flow_recheck.planned(changed, moment) == ""
        here.desk.withdraw(EDITH, here.desk.published(MEMBER).rows[0].id, reason="Wrong.")
        assert flow_recheck.sites(here.machines) == []


def test_hosts_look_at_different_minutes_and_pages_of_one_site_are_looked_at_in_one_go(tmp_path: Path) -> None:
    with site({"/notice": article()}) as served, host(tmp_path, fetch_private=True) as here:
        shown(here, served)
        [name] = flow_recheck.sites(here.machines)
        assert served.address.endswith(name)
        assert flow_recheck.looked_at(here.machines, name) == 0
        assert flow_recheck.looked_at(here.machines, "elsewhere.example") == 0
        assert asked(served) == 1
