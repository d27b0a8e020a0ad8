"""Codes as a second factor: never twice, never for another, never skipped by an invitation, never a lock for good."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.access import codes
from comity.access.attempts import FREE
from comity.admin.counter import Accounts
from comity.admin.second_factor import SecondFactors
from comity.admin.views import HalfWay, Refused, SignedIn
from comity.errors import Conflict, Forbidden, Missing
from comity.model.party import Role, Viewer
from comity.store import journal
from tests.admin.hosts import PASSWORD, Clock, accounts, first_admin, somebody, viewer

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""RFC 6238, appendix B: the ASCII text 12345678901234567890."""


@dataclass(slots=True)
class Host:
    """A host with an administrator and one person, and the second-factor counter."""

    accounts: Accounts
    factors: SecondFactors
    clock: Clock
    admin: Viewer
    ada: Viewer

    def secret(self) -> str:
        """What Ada's device read from the picture."""
        return pyotp.parse_uri(self.factors.mine(self.ada).address).secret

    def set_up(self) -> tuple[str, tuple[str, ...]]:
        self.factors.begin(self.ada, password=PASSWORD, address="192.0.2.1")
        secret = self.secret()
        return secret, self.factors.confirm(self.ada, self.code(secret))

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.clock.now)

    def half_way(self) -> str:
        answer = self.accounts.sign_in("ada", PASSWORD, address="192.0.2.1")
        assert isinstance(answer, HalfWay)
        return answer.secret

    def later(self, seconds: int = 60) -> None:
        self.clock.move(timedelta(seconds=seconds))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    clock = Clock()
    with accounts(tmp_path, clock) as held:
        admin = viewer(held, first_admin(held))
        ada = viewer(held, somebody(held, admin, "ada", Role.COORDINATOR))
        yield Host(accounts=held, factors=SecondFactors(held), clock=clock, admin=admin, ada=ada)


@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
def test_the_codes_are_those_of_the_standard(second: int, code: str) -> None:
    at = datetime.fromtimestamp(second, tz=Clock().now.tzinfo)
    assert codes.step_of(RFC_SECRET, code, at=at, after=-1) == second // codes.STEP


@given(st.text(max_size=40))
def test_no_text_that_is_not_six_digits_is_ever_a_code(text: str) -> None:
    digits = text.replace(" ", "")
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        assert codes.step_of(RFC_SECRET, text, at=Clock().now, after=-1) is None


def test_a_code_counts_a_step_early_and_late_and_no_further() -> None:
    now = Clock().now
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(RFC_SECRET).at(now + timedelta(seconds=steps * codes.STEP))
        assert (codes.step_of(RFC_SECRET, code, at=now, after=-1) is not None) is good


def test_with_a_second_factor_the_password_alone_opens_nothing(host: Host) -> None:
    secret, _ = host.set_up()
    attempt = host.half_way()
    assert host.accounts.by_session(attempt) is None
    host.later()
    answer = host.factors.finish(attempt, host.code(secret))
    assert isinstance(answer, SignedIn)
    caller = host.accounts.by_session(answer.secret)
    assert caller is not None
    assert caller.viewer.person == host.ada.person


def test_a_code_is_never_good_twice_nor_is_an_attempt(host: Host) -> None:
    secret, _ = host.set_up()
    host.later()
    first, second = host.half_way(), host.half_way()
    code = host.code(secret)
    assert isinstance(host.factors.finish(first, code), SignedIn)
    assert isinstance(host.factors.finish(second, code), Refused)
    with pytest.raises(Missing):
        host.factors.finish(first, code)


def test_the_code_that_confirmed_the_device_does_not_sign_in(host: Host) -> None:
    host.factors.begin(host.ada, password=PASSWORD, address="192.0.2.1")
    code = host.code(host.secret())
    host.factors.confirm(host.ada, code)
    assert isinstance(host.factors.finish(host.half_way(), code), Refused)


def test_a_recovery_code_signs_in_once_however_it_is_typed(host: Host) -> None:
    _, recovery = host.set_up()
    assert len(set(recovery)) == codes.RECOVERY
    typed = recovery[0].upper().replace("-", " ")
    assert isinstance(host.factors.finish(host.half_way(), typed), SignedIn)
    assert isinstance(host.factors.finish(host.half_way(), recovery[0]), Refused)
    assert host.factors.mine(host.ada).recovery_left == codes.RECOVERY - 1


def test_an_attempt_ends_after_ten_minutes(host: Host) -> None:
    secret, _ = host.set_up()
    attempt = host.half_way()
    host.later(601)
    with pytest.raises(Missing):
        host.factors.finish(attempt, host.code(secret))


def test_wrong_codes_pause_the_person_and_nobody_else_and_the_pause_ends(host: Host) -> None:
    secret, _ = host.set_up()
    bob = viewer(host.accounts, somebody(host.accounts, host.admin, "bob", Role.READER))
    host.factors.begin(bob, password=PASSWORD, address="192.0.2.1")
    attempt = host.half_way()
    host.later()
    for _ in range(FREE):
        assert isinstance(host.factors.finish(attempt, "000000"), Refused)
    paused = host.factors.finish(attempt, host.code(secret))
    assert isinstance(paused, Refused)
    assert paused.wait > timedelta(0)
    secret_of_bob = pyotp.parse_uri(host.factors.mine(bob).address).secret
    assert len(host.factors.confirm(bob, host.code(secret_of_bob))) == codes.RECOVERY
    host.later()
    assert isinstance(host.factors.finish(attempt, host.code(secret)), SignedIn)


def test_an_invitation_replaces_the_password_and_not_the_second_factor(host: Host) -> None:
    host.set_up()
    made = host.accounts.accept(host.accounts.invite(host.admin, host.ada.person), password="another long password")
    assert isinstance(made, HalfWay)


def test_setting_up_takes_the_password_and_is_no_factor_before_it_is_proven(host: Host) -> None:
    with pytest.raises(Forbidden):
        host.factors.begin(host.ada, password="not the password", address="192.0.2.1")
    host.factors.begin(host.ada, password=PASSWORD, address="192.0.2.1")
    with pytest.raises(Forbidden):
        host.factors.confirm(host.ada, "000000")
    assert isinstance(host.accounts.sign_in("ada", PASSWORD, address="192.0.2.1"), SignedIn)


def test_a_factor_in_use_is_not_shown_again_and_not_replaced_without_a_code(host: Host) -> None:
    host.set_up()
    shown = host.factors.mine(host.ada)
    assert (shown.address, shown.picture) == ("", "")
    with pytest.raises(Conflict):
        host.factors.begin(host.ada, password=PASSWORD, address="192.0.2.1")
    with pytest.raises(Forbidden):
        host.factors.end(host.ada, "000000")


def test_an_administrator_removes_anothers_and_not_their_own_and_the_journal_says_so(host: Host) -> None:
    host.set_up()
    with pytest.raises(Conflict):
        host.factors.remove(host.admin, host.admin.person)
    with pytest.raises(Forbidden):
        host.factors.remove(host.ada, host.admin.person)
    host.factors.remove(host.admin, host.ada.person)
    assert isinstance(host.accounts.sign_in("ada", PASSWORD, address="192.0.2.1"), SignedIn)
    with host.accounts.store.read() as tx:
        last = journal.about(tx, host.ada.person)[-1].event
    assert (last.facts["change"], last.actor) == ("second factor removed", host.admin.person)


def test_where_it_is_required_people_and_their_tokens_act_as_readers_until_they_have_one(host: Host) -> None:
    signed = host.accounts.sign_in("ada", PASSWORD, address="192.0.2.1")
    assert isinstance(signed, SignedIn)
    host.accounts.needs_second_factor = True
    caller = host.accounts.by_session(signed.secret)
    assert caller is not None
    assert caller.viewer.roles == {Role.READER}
    host.set_up()
    caller = host.accounts.by_session(signed.secret)
    assert caller is not None
    assert caller.viewer.roles == {Role.COORDINATOR}


def test_what_rests_in_the_store_shows_neither_secret_nor_recovery_code(host: Host, tmp_path: Path) -> None:
    secret, recovery = host.set_up()
    host.accounts.store.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("comity.db*"))
    assert secret.encode() not in held
    assert not any(one.encode() in held or one.replace("-", "").encode() in held for one in recovery)
