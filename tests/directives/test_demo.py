"""Demo steps 8 and 9 on a host of their own: what they print is what happened, and they say when they show less."""

from pathlib import Path

from comity.admin import mirrors
from comity.app import opened
from comity.cli import demo_estate
from comity.durable.clock import JumpingClock, SystemClock
from comity.formats.pack import starter
from comity.settings import Settings


def test_the_estate_reacts_and_national_security_systems_stay_apart(tmp_path: Path) -> None:
    said: list[str] = []
    held = Settings(
        data=tmp_path / "data",
        keys=tmp_path / "keys",
        organisation="Comity demo host (not a real organisation)",
        directive_choices="kev_max_age=unlimited",
    )
    clock = JumpingClock(SystemClock().now())
    with opened(held, clock=clock, demo=True, work=False) as office:
        for data in starter():
            mirrors.take_in(office.store, data, at=office.clock.now())
        assert demo_estate.react(office, clock, lambda text, *_: said.append(text))
        assert demo_estate.apart(office, lambda text, *_: said.append(text))
    text = "\n".join(said)
    assert "NOT ASSESSED" in text
    assert "row 9, 3 days and forensic triage" in text
    assert "UNKNOWN, a person decides" in text
    assert "the same words" in text
