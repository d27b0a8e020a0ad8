"""The doors of mirrors: whoever works with them sees their ages; only an administrator has one looked at."""

from pathlib import Path

from comity.admin import mirrors
from tests.admin.upstreams import kev
from tests.api.site import site

HEAD = {"mirrors": "kev=https://user.example.org/kev.json?token=hidden, osv:PyPI"}


def test_ages_are_told_and_no_query_of_an_address_is(tmp_path: Path) -> None:
    with site(tmp_path, **HEAD) as held:
        now = held.clock()
        mirrors.take_in(held.accounts.store, kev(1, 2, released=now), at=now)
        answer = held.call("GET", "/mirrors", "defender").json()
    first, second = answer["mirrors"]
    assert (first["name"], first["source"], first["state"], first["facts"]) == ("kev", "CISA KEV", "fresh", 8)
    assert first["address"] == "https://user.example.org/kev.json"
    assert (second["name"], second["state"], second["fetched_at"]) == ("osv:PyPI", "never fetched", None)


def test_only_a_mirror_that_the_operator_named_is_looked_at(tmp_path: Path) -> None:
    with site(tmp_path, **HEAD) as held:
        assert held.call("POST", "/mirrors/looks", "admin", json={"name": "kev"}).status_code == 202
        assert held.call("POST", "/mirrors/looks", "admin", json={"name": "epss"}).status_code == 404
        assert held.call("POST", "/mirrors/looks", "coordinator", json={"name": "kev"}).status_code == 403


def test_an_offline_host_says_so(tmp_path: Path) -> None:
    with site(tmp_path, offline=True, **HEAD) as held:
        answer = held.call("POST", "/mirrors/looks", "admin", json={"name": "kev"})
    assert answer.status_code == 409
    assert "bundle" in answer.json()["detail"]
