"""A public answer that is given again is never one from before a change: restricted and new are seen at once."""

from dataclasses import replace

import pytest

from comity.bench import sample
from comity.bench.loopback import Host, call
from comity.model.handling import Handling, Tlp
from comity.store import published

MEDIA = {"Accept": "application/taxii+json;version=2.1"}
DOORS = ("/advisories", "/api/v1/advisories", "/feeds/advisories.atom", "/feeds/advisories.json")


def put(host: Host, number: int, title: str, tlp: Tlp) -> None:
    advisory = replace(
        sample.advisory(number), title=title, handling=Handling(tlp=tlp, no_equities_use=tlp is not Tlp.CLEAR)
    )
    with host.office.store.write() as tx:
        published.put(tx, advisory, [])
    host.office.exchange.take_advisory(advisory.id)


@pytest.mark.parametrize("door", DOORS)
def test_a_stranger_meets_a_restricted_advisory_no_longer_though_they_just_read_it(served: Host, door: str) -> None:
    word = f"zqkept{DOORS.index(door)}"
    number = 900 + DOORS.index(door)
    put(served, number, word, Tlp.CLEAR)
    assert all(word in call("GET", served.address + door).text for _ in range(2))
    put(served, number, word, Tlp.AMBER)
    assert word not in call("GET", served.address + door).text
    single = f"{served.address}/api/v1/advisories/{sample.advisory_id(number)}"
    assert call("GET", single).status_code == 404


def test_a_change_is_read_at_once(served: Host) -> None:
    put(served, 950, "zqbefore", Tlp.CLEAR)
    address = f"{served.address}/advisories/{sample.advisory_id(950)}"
    assert all("zqbefore" in call("GET", address).text for _ in range(2))
    put(served, 950, "zqafter", Tlp.CLEAR)
    assert "zqafter" in call("GET", address).text


def test_a_page_without_a_form_gives_a_stranger_no_cookie(served: Host) -> None:
    assert "set-cookie" not in call("GET", served.address + "/advisories").headers
    assert "set-cookie" in call("GET", served.address + "/sign-in").headers
