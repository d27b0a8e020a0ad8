"""Kill -9 at every place of a correction and its notices: each receiver is told once, with the same receipt."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.brief import telling
from tests.durable import harness

from comity.settings import Settings


@pytest.mark.timeout(600)
def test_a_kill_at_any_place_tells_every_receiver_once(tmp_path: Path) -> None:
    base = Settings(data=tmp_path / "whole" / "data", keys=tmp_path / "whole" / "keys")
    telling.prepare(base)

    def fresh(name: str) -> Settings:
        folder = tmp_path / name
        shutil.copytree(tmp_path / "whole", folder)
        return replace(base, data=folder / "data", keys=folder / "keys")

    with harness.host("tests.brief.telling") as host:
        settings = fresh("uninterrupted")
        passed = harness.places(host, settings)
        wanted = harness.state(host, settings)
        assert [receiver for receiver, _, _ in wanted["told"]] == [
            "feed:atom",
            "feed:json",
            "feed:rss",
            "organisation:member",
        ]
        assert wanted["journal"].count("brief.notified") == 4
        assert wanted["corrections"] == [telling.NOTE]
        names = {place.name for place in passed}
        assert {"brief.notify/list receivers:begin", "brief.notify/tell 0:begin", "brief.notify/tell 3:end"} <= names
        for number, place in enumerate(passed):
            settings = fresh(f"killed-{number}")
            harness.crashed(host, settings, place)
            assert harness.state(host, settings) == wanted, f"after a kill at {place}"
