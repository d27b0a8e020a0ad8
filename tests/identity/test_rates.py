"""How often somebody may ask the API: a bucket for a person over all tokens, one for a network of strangers."""

import pytest

from comity.access.policy import Scope
from comity.access.rates import MEMORY, Rates
from tests.api.site import site


class Seconds:
    """A clock that moves by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_comes_at_once_and_then_the_pace_is_kept() -> None:
    clock = Seconds()
    rates = Rates(per_person=60, clock=clock)
    assert [rates.person("ann") for _ in range(61)] == [0] * 60 + [1]
    clock.now = 1.0
    assert (rates.person("ann"), rates.person("ann")) == (0, 1)
    clock.now = 600.0
    assert [rates.person("ann") for _ in range(61)].count(0) == 60


def test_the_wait_that_is_named_is_enough() -> None:
    clock = Seconds()
    rates = Rates(per_person=7, clock=clock)
    for _ in range(7):
        assert rates.person("ann") == 0
    clock.now = rates.person("ann")
    assert rates.person("ann") == 0


def test_people_and_networks_have_buckets_of_their_own() -> None:
    rates = Rates(per_person=1, per_network=1, clock=Seconds())
    assert (rates.person("ann"), rates.person("bob"), rates.stranger("ann")) == (0, 0, 0)
    assert rates.stranger("2001:db8::1") == 0
    assert rates.stranger("2001:db8::ffff") == 60
    assert rates.stranger("2001:db8:0:1::1") == 0


def test_who_comes_by_ipv4_to_a_socket_of_both_kinds_shares_a_bucket_with_nobody_else() -> None:
    rates = Rates(per_network=1, clock=Seconds())
    assert (rates.stranger("::ffff:192.0.2.1"), rates.stranger("::ffff:192.0.2.2")) == (0, 0)
    assert rates.stranger("192.0.2.1") == 60


def test_no_limit_is_no_limit_and_a_flood_of_names_costs_bounded_memory() -> None:
    assert {Rates().person("ann") for _ in range(5000)} == {0}
    rates = Rates(per_person=1, clock=Seconds())
    for number in range(MEMORY + 50):
        rates.person(str(number))
    assert len(rates._buckets) == MEMORY


def test_the_api_tells_who_asks_too_often_how_long_to_wait_whatever_token_is_shown(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with site(tmp_path_factory.mktemp("rates"), api_per_minute=3, api_open_per_minute=2) as made:
        another, _ = made.accounts.make_token(made.viewers["reader"], label="b", scopes=frozenset({Scope.READ}), days=1)
        answers = [made.call("GET", "/whoami", "reader") for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 200]
        late = made.call("GET", "/whoami", headers={"Authorization": f"Bearer {another}"})
        assert late.status_code == 429
        assert 1 <= int(late.headers["retry-after"]) <= 20
        assert late.headers["content-type"] == "application/problem+json"
        assert made.call("GET", "/whoami", "defender").status_code == 200

        wrong = {"Authorization": "Bearer comity_guess"}
        assert [made.call("GET", "/whoami", headers=wrong).status_code for _ in range(3)] == [401, 401, 429]
        assert made.call("GET", "/order").status_code == 429


def test_behind_a_proxy_strangers_have_no_common_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    with site(tmp_path_factory.mktemp("proxy"), api_open_per_minute=1, public_url="https://comity.example") as made:
        assert {made.call("GET", "/order").status_code for _ in range(3)} == {200}
