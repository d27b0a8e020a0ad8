"""Passkeys: bound to one address and one person, good once, off when copied, and never the way to lose a factor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.access import passkeys as webauthn
from comity.access.attempts import FREE
from comity.access.passkeys import CHALLENGE_LIFE, site_of
from comity.admin.counter import Accounts
from comity.admin.passkeys import MOST, Passkeys
from comity.admin.second_factor import SecondFactors
from comity.admin.views import HalfWay, Refused, SignedIn
from comity.errors import Conflict, Forbidden, Invalid, Missing
from comity.model.party import Role, Viewer
from comity.store import journal
from tests.admin.hosts import PASSWORD, Clock, accounts, first_admin, somebody, viewer
from tests.identity.authenticator import Device

SITE = site_of("https://comity.example", name="Test Host")
HERE = "192.0.2.1"


@dataclass(slots=True)
class Host:
    """A host with Ada and Bob, and the counters of their second factors."""

    accounts: Accounts
    factors: SecondFactors
    passkeys: Passkeys
    clock: Clock
    admin: Viewer
    ada: Viewer
    bob: Viewer

    def register(self, who: Viewer, device: Device | None = None, name: str = "key") -> Device:
        device = device or Device()
        answer = device.make(self.passkeys.ask_to_make(who))
        self.passkeys.make(who, name=name, password=PASSWORD, address=HERE, text=answer)
        return device

    def half_way(self, login: str = "ada") -> str:
        answer = self.accounts.sign_in(login, PASSWORD, address=HERE)
        assert isinstance(answer, HalfWay)
        return answer.secret

    def alone(self, device: Device, **wrong: Any) -> SignedIn | Refused:
        return self.passkeys.sign_in(device.prove(self.passkeys.ask_to_sign_in(), **wrong), address=HERE)

    def changes(self) -> list[str]:
        with self.accounts.store.read() as tx:
            return [e.event.facts.get("change", "") for e in journal.after(tx, 0, limit=200)]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        admin = viewer(held, first_admin(held))
        ada, bob = (viewer(held, somebody(held, admin, name, Role.COORDINATOR)) for name in ("ada", "bob"))
        factors = SecondFactors(held)
        yield Host(
            accounts=held,
            factors=factors,
            passkeys=Passkeys(factors=factors, site=SITE),
            clock=clock,
            admin=admin,
            ada=ada,
            bob=bob,
        )


def test_a_passkey_signs_in_by_itself_as_its_own_person(host: Host) -> None:
    signed = host.alone(host.register(host.ada))
    assert isinstance(signed, SignedIn)
    assert viewer(host.accounts, signed).person == host.ada.person
    (kept,) = host.passkeys.mine(host.ada)
    assert (kept.count, kept.used_at) == (2, host.clock())


def test_a_passkey_is_asked_for_beside_the_password(host: Host) -> None:
    device = host.register(host.ada)
    attempt = host.half_way()
    assert host.accounts.by_session(attempt) is None
    assert isinstance(host.passkeys.finish(attempt, device.prove(host.passkeys.ask_half_way(attempt))), SignedIn)
    with pytest.raises(Missing):
        host.passkeys.finish(attempt, "{}")


def test_several_are_kept_each_under_its_name_and_each_signs_in(host: Host) -> None:
    devices = [host.register(host.ada, name=name) for name in ("blue key", "laptop", "phone")]
    assert [one.name for one in host.passkeys.mine(host.ada)] == ["blue key", "laptop", "phone"]
    assert all(isinstance(host.alone(device), SignedIn) for device in devices)


WRONG: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://comity.example.evil.example"},
    "another port": {"origin": "https://comity.example:8443"},
    "plain http": {"origin": "http://comity.example"},
    "another RP id": {"domain": "evil.example"},
    "a making in place of a proof": {"kind": "webauthn.create"},
    "a broken signature": {"signature": True},
    "somebody else's handle": {"handle": b"P-0000"},
    "a challenge of their own": {"given": "AAAA"},
    "a device that verified nobody": {"verifies": False},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_no_passkey_signs_in_alone_with(host: Host, wrong: str) -> None:
    device = host.register(host.ada)
    assert isinstance(host.alone(device, **WRONG[wrong]), Refused)
    assert isinstance(host.alone(device), SignedIn)


@pytest.mark.parametrize("wrong", [name for name in WRONG if name != "a device that verified nobody"])
def test_none_is_a_second_factor_with(host: Host, wrong: str) -> None:
    device = host.register(host.ada)
    attempt = host.half_way()
    answer = device.prove(host.passkeys.ask_half_way(attempt), **WRONG[wrong])
    assert isinstance(host.passkeys.finish(attempt, answer), Refused)


@pytest.mark.parametrize("wrong", ["another origin", "plain http", "another RP id", "a challenge of their own"])
def test_none_is_registered_with(host: Host, wrong: str) -> None:
    answer = Device().make(host.passkeys.ask_to_make(host.ada), **WRONG[wrong])
    with pytest.raises(Forbidden):
        host.passkeys.make(host.ada, name="key", password=PASSWORD, address=HERE, text=answer)
    assert host.passkeys.mine(host.ada) == ()


def test_a_device_that_verifies_nobody_is_a_second_factor_and_no_more(host: Host) -> None:
    device = host.register(host.ada, Device(verifies=False))
    assert isinstance(host.alone(device), Refused)
    attempt = host.half_way()
    assert isinstance(host.passkeys.finish(attempt, device.prove(host.passkeys.ask_half_way(attempt))), SignedIn)


def test_an_answer_is_good_once_even_from_a_device_that_does_not_count(host: Host) -> None:
    device = host.register(host.ada, Device(counts=False))
    answer = device.prove(host.passkeys.ask_to_sign_in())
    assert isinstance(host.passkeys.sign_in(answer, address=HERE), SignedIn)
    assert isinstance(host.passkeys.sign_in(answer, address=HERE), Refused)


def test_a_challenge_grows_old(host: Host) -> None:
    device = host.register(host.ada)
    answer = device.prove(host.passkeys.ask_to_sign_in())
    host.clock.move(CHALLENGE_LIFE + timedelta(seconds=1))
    assert isinstance(host.passkeys.sign_in(answer, address=HERE), Refused)


def test_a_challenge_for_one_purpose_or_person_serves_no_other(host: Host) -> None:
    ada, bob = host.register(host.ada), host.register(host.bob)
    hers, his = host.half_way("ada"), host.half_way("bob")
    assert isinstance(host.passkeys.finish(hers, ada.prove(host.passkeys.ask_to_sign_in())), Refused)
    assert isinstance(host.passkeys.finish(his, bob.prove(host.passkeys.ask_half_way(hers))), Refused)
    assert isinstance(host.passkeys.finish(hers, bob.prove(host.passkeys.ask_half_way(hers), handle=b"")), Refused)
    answer = ada.prove(host.passkeys.ask_half_way(hers))
    assert isinstance(host.passkeys.sign_in(answer, address=HERE), Refused)


def test_a_counter_that_goes_back_turns_the_passkey_off_and_the_factor_is_still_asked_for(host: Host) -> None:
    device = host.register(host.ada)
    copy = Device(key=device.key, credential=device.credential, handle=device.handle, domain=device.domain)
    assert isinstance(host.alone(device), SignedIn)
    assert isinstance(host.alone(copy), Refused)
    assert isinstance(host.alone(device), Refused)
    (kept,) = host.passkeys.mine(host.ada)
    assert kept.copied_at == host.clock()
    assert f"passkey {kept.id} was copied: it is off" in host.changes()
    attempt = host.half_way()
    assert host.passkeys.ask_half_way(attempt) == ""


def test_a_disabled_person_is_refused_like_an_unknown_one(host: Host) -> None:
    device = host.register(host.ada)
    host.accounts.disable(host.admin, host.ada.person)
    assert host.alone(device) == host.passkeys.sign_in(
        Device(domain=SITE.domain).prove(host.passkeys.ask_to_sign_in()), address="192.0.2.9"
    )


def test_registering_and_removing_take_the_password(host: Host) -> None:
    answer = Device().make(host.passkeys.ask_to_make(host.ada))
    with pytest.raises(Forbidden):
        host.passkeys.make(host.ada, name="key", password="not the password", address=HERE, text=answer)
    host.register(host.ada)
    (kept,) = host.passkeys.mine(host.ada)
    with pytest.raises(Forbidden):
        host.passkeys.remove(host.ada, kept.id, password="not the password", address=HERE)
    with pytest.raises(Missing):
        host.passkeys.remove(host.bob, kept.id, password=PASSWORD, address=HERE)
    host.passkeys.remove(host.ada, kept.id, password=PASSWORD, address=HERE)
    assert isinstance(host.accounts.sign_in("ada", PASSWORD, address=HERE), SignedIn)


def test_one_credential_is_registered_once_and_each_name_once(host: Host) -> None:
    device = host.register(host.ada, name="Key")
    with pytest.raises(Conflict):
        host.register(host.bob, device)
    with pytest.raises(Conflict):
        host.register(host.ada, name="key ")
    with pytest.raises(Invalid):
        host.register(host.ada, name="\n")
    for number in range(MOST - 1):
        host.register(host.ada, name=f"key {number}")
    with pytest.raises(Conflict):
        host.register(host.ada, name="one more")


def test_the_first_passkey_brings_recovery_codes_and_they_stand_in_for_it(host: Host) -> None:
    device = Device()
    answer = device.make(host.passkeys.ask_to_make(host.ada))
    recovery = host.passkeys.make(host.ada, name="key", password=PASSWORD, address=HERE, text=answer)
    assert len(recovery) == 10
    second = Device().make(host.passkeys.ask_to_make(host.ada))
    assert host.passkeys.make(host.ada, name="other", password=PASSWORD, address=HERE, text=second) == ()
    assert isinstance(host.factors.finish(host.half_way(), recovery[0]), SignedIn)
    assert isinstance(host.factors.finish(host.half_way(), recovery[0]), Refused)


def test_codes_and_passkeys_stand_beside_each_other_and_end_apart(host: Host) -> None:
    host.factors.begin(host.ada, password=PASSWORD, address=HERE)
    secret = pyotp.parse_uri(host.factors.mine(host.ada).address).secret
    host.factors.confirm(host.ada, pyotp.TOTP(secret).at(host.clock.now))
    host.register(host.ada)
    host.clock.move(timedelta(minutes=1))
    host.factors.end(host.ada, pyotp.TOTP(secret).at(host.clock.now))
    mine = host.factors.mine(host.ada)
    assert (mine.since, mine.is_missing, mine.recovery_left) == (None, False, 10)
    host.half_way()
    (kept,) = host.passkeys.mine(host.ada)
    host.passkeys.remove(host.ada, kept.id, password=PASSWORD, address=HERE)
    assert host.factors.mine(host.ada).recovery_left == 0


def test_an_administrator_removes_passkeys_of_somebody_who_lost_them(host: Host) -> None:
    host.register(host.ada)
    host.factors.remove(host.admin, host.ada.person)
    assert host.passkeys.mine(host.ada) == ()
    assert isinstance(host.accounts.sign_in("ada", PASSWORD, address=HERE), SignedIn)


def test_wrong_passkeys_pause_one_network_and_the_pause_ends(host: Host) -> None:
    device = host.register(host.ada)
    for _ in range(FREE):
        assert isinstance(host.passkeys.sign_in("{}", address=HERE), Refused)
    paused = host.alone(device)
    assert isinstance(paused, Refused)
    assert paused.wait > timedelta(0)
    answer = device.prove(host.passkeys.ask_to_sign_in())
    assert isinstance(host.passkeys.sign_in(answer, address="198.51.100.7"), SignedIn)
    host.clock.move(timedelta(minutes=1))
    assert isinstance(host.alone(device), SignedIn)


@given(st.one_of(st.text(max_size=200), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr)))
def test_no_text_that_is_no_answer_is_read_as_one(told: str) -> None:
    with pytest.raises(Forbidden):
        webauthn.read(told)


def test_an_answer_over_the_limit_is_not_read() -> None:
    with pytest.raises(Forbidden):
        webauthn.read("[" * 100_000)


@pytest.mark.parametrize(
    ("address", "possible"),
    [
        ("https://comity.example", True),
        ("http://localhost:8440", True),
        ("http://127.0.0.1:8440", False),
        ("https://[2001:db8::1]", False),
        ("http://comity.example", False),
    ],
)
def test_a_host_says_whether_browsers_make_passkeys_for_its_address(address: str, possible: bool) -> None:
    assert (site_of(address, name="Host").why_not == "") is possible


def test_a_domain_above_the_address_is_taken_and_no_other() -> None:
    assert site_of("https://vuln.agency.example", domain="agency.example", name="Host").domain == "agency.example"
    for domain in ("example.org", "gency.example", "other.agency.example"):
        with pytest.raises(Invalid):
            site_of("https://vuln.agency.example", domain=domain, name="Host")
