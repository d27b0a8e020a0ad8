"""Accounts on a real store: first start, invitations, sessions, links, tokens, and what they never do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from comity.access.attempts import FREE
from comity.access.caller import Via
from comity.access.policy import Action, Scope
from comity.admin import kinds
from comity.admin.counter import Accounts
from comity.admin.views import Refused, SignedIn
from comity.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from comity.model.handling import Tlp
from comity.model.party import ANONYMOUS, Role, Viewer
from comity.store import journal
from tests.admin.hosts import LINES, PASSWORD, WHOLE, Clock, accounts, first_admin, somebody, viewer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    with accounts(tmp_path, clock) as made:
        yield made


@pytest.fixture
def admin(held: Accounts) -> Viewer:
    return viewer(held, first_admin(held))


def test_there_is_no_account_and_no_password_before_the_first_one_is_made(held: Accounts) -> None:
    assert held.first_secret() is not None
    for password in ("", "admin", "password", "comity"):
        assert isinstance(held.sign_in("admin", password, address="192.0.2.1"), Refused)


def test_the_first_secret_is_long_and_stays_the_same_until_it_is_used(held: Accounts) -> None:
    secret = held.first_secret()
    assert secret is not None
    assert len(secret) == 64
    assert secret == held.first_secret()


def test_the_first_secret_works_once_and_a_wrong_one_never(held: Accounts) -> None:
    secret = held.first_secret()
    assert secret is not None
    with pytest.raises(Missing):
        held.make_first("0" * 64, name="A", login="a", password=PASSWORD, organisation="Host")
    made = held.make_first(secret, name="A", login="a", password=PASSWORD, organisation="Host")
    assert made.person.roles == {Role.ADMIN}
    assert held.first_secret() is None
    with pytest.raises(Missing):
        held.make_first(secret, name="B", login="b", password=PASSWORD, organisation="Host")


def test_the_first_secret_stays_dead_even_when_people_other_than_admins_come_first(held: Accounts) -> None:
    held.provide(name="demo script", login="demo", organisation="Host", roles=frozenset({Role.COORDINATOR}))
    assert held.first_secret() is not None
    first_admin(held)
    assert held.first_secret() is None


def test_the_right_password_begins_a_session_and_each_sign_in_another_one(held: Accounts, admin: Viewer) -> None:
    first = held.sign_in("admin", PASSWORD, address="192.0.2.1")
    second = held.sign_in(" ADMIN ", PASSWORD, address="192.0.2.1")
    assert isinstance(first, SignedIn)
    assert isinstance(second, SignedIn)
    assert first.secret != second.secret
    caller = held.by_session(second.secret)
    assert caller is not None
    assert (caller.via, caller.viewer.person, caller.viewer.tlp) == (Via.SESSION, admin.person, Tlp.CLEAR)


@pytest.mark.parametrize("login", ["", "ad\x00min", "\ud800", "x" * 5000, "admin\n"])
def test_a_name_that_nobody_can_have_is_refused_like_any_other(held: Accounts, admin: Viewer, login: str) -> None:
    assert isinstance(held.sign_in(login, PASSWORD, address="192.0.2.1"), Refused)


def test_a_wrong_name_and_a_wrong_password_look_the_same(held: Accounts, admin: Viewer) -> None:
    assert held.sign_in("admin", "wrong", address="192.0.2.1") == held.sign_in("nobody", "wrong", address="192.0.2.1")


def test_guessing_is_paused_and_the_right_password_does_not_shorten_the_pause(
    held: Accounts, admin: Viewer, clock: Clock
) -> None:
    for _ in range(FREE):
        held.sign_in("admin", "wrong", address="192.0.2.1")
    refused = held.sign_in("admin", PASSWORD, address="192.0.2.1")
    assert isinstance(refused, Refused)
    assert refused.wait > timedelta(0)
    assert isinstance(held.sign_in("admin", PASSWORD, address="198.51.100.9"), SignedIn)
    clock.move(refused.wait)
    assert isinstance(held.sign_in("admin", PASSWORD, address="192.0.2.1"), SignedIn)


def test_a_session_ends_by_itself_and_by_signing_out(held: Accounts, clock: Clock) -> None:
    made = first_admin(held)
    held.sign_out(made.secret)
    assert held.by_session(made.secret) is None
    again = held.sign_in("admin", PASSWORD, address="192.0.2.1")
    assert isinstance(again, SignedIn)
    clock.move(kinds.SESSION.lifetime)
    assert held.by_session(again.secret) is None


def test_a_secret_of_one_kind_never_serves_as_another(held: Accounts, admin: Viewer) -> None:
    link = held.link("admin")
    invitation = held.invite(admin, admin.person)
    for secret in (link, invitation):
        assert held.by_session(secret) is None
        assert held.by_token(secret) is None
        assert held.by_session("link:" + secret) is None
    with pytest.raises(Missing):
        held.accept(link, password=PASSWORD)
    with pytest.raises(Missing):
        held.use_link(invitation, on_this_host=True)


def test_a_sign_in_link_works_once_on_this_host_and_for_half_an_hour(
    held: Accounts, admin: Viewer, clock: Clock
) -> None:
    link = held.link("admin")
    with pytest.raises(Missing):
        held.use_link(link, on_this_host=False)
    assert held.use_link(link, on_this_host=True).person.id == admin.person
    with pytest.raises(Missing):
        held.use_link(link, on_this_host=True)
    late = held.link("admin")
    clock.move(timedelta(minutes=30))
    with pytest.raises(Missing):
        held.use_link(late, on_this_host=True)


def test_an_invitation_sets_a_password_once(held: Accounts, admin: Viewer) -> None:
    invitation = held.add(
        admin, name="Test Coordinator", login="coord", organisation="test host", roles=frozenset({Role.COORDINATOR})
    )
    assert held.invited(invitation).person.name == "Test Coordinator"
    with pytest.raises(Invalid):
        held.accept(invitation, password="short")
    made = held.accept(invitation, password=PASSWORD)
    assert viewer(held, made).organisation == admin.organisation
    with pytest.raises(Missing):
        held.accept(invitation, password=PASSWORD)
    assert isinstance(held.sign_in("coord", PASSWORD, address="192.0.2.1"), SignedIn)


def test_a_new_password_ends_every_session_of_before(held: Accounts) -> None:
    made = first_admin(held)
    me = viewer(held, made)
    with pytest.raises(Forbidden):
        held.change_password(me, old="wrong", new=PASSWORD + "!", address="192.0.2.1")
    fresh = held.change_password(me, old=PASSWORD, new=PASSWORD + "!", address="192.0.2.1")
    assert held.by_session(made.secret) is None
    assert held.by_session(fresh.secret) is not None


def test_a_token_carries_its_scopes_until_it_ends_or_is_revoked(held: Accounts, admin: Viewer, clock: Clock) -> None:
    lab = viewer(held, somebody(held, admin, "lab", Role.SUBMITTER, organisation="Lab"))
    secret, token = held.make_token(lab, label="laptop", scopes=frozenset({Scope.SUBMIT}), days=7)
    caller = held.by_token(secret)
    assert caller is not None
    assert (caller.via, caller.scopes) == (Via.TOKEN, frozenset({Scope.SUBMIT}))
    caller.check(Action.SUBMIT)
    with pytest.raises(Forbidden, match="scope read"):
        caller.check(Action.READ_OWN_REPORTS)
    caller.check(Action.READ_PUBLISHED)
    with pytest.raises(Missing):
        held.revoke_token(admin, token.id)
    held.revoke_token(lab, token.id)
    assert held.by_token(secret) is None
    other, _ = held.make_token(lab, label="ci", scopes=frozenset({Scope.SUBMIT}), days=1)
    clock.move(timedelta(days=1))
    assert held.by_token(other) is None


def test_a_token_never_does_more_than_its_person(held: Accounts, admin: Viewer) -> None:
    lab = viewer(held, somebody(held, admin, "lab", Role.SUBMITTER))
    secret, _ = held.make_token(lab, label="all", scopes=frozenset(Scope), days=1)
    caller = held.by_token(secret)
    assert caller is not None
    for action in (Action.READ_CASES, Action.PUBLISH, Action.READ_DOCTOR, Action.MANAGE_ACCOUNTS):
        with pytest.raises(Forbidden):
            caller.check(action)


@pytest.mark.parametrize(("label", "scopes", "days"), [("", {Scope.READ}, 7), ("x", set(), 7), ("x", {Scope.READ}, 8)])
def test_a_token_without_name_use_or_offered_lifetime_is_refused(
    held: Accounts, admin: Viewer, label: str, scopes: set[Scope], days: int
) -> None:
    with pytest.raises(Invalid):
        held.make_token(admin, label=label, scopes=frozenset(scopes), days=days)


def test_a_disabled_person_is_out_at_once_by_every_way(held: Accounts, admin: Viewer) -> None:
    made = somebody(held, admin, "lab", Role.SUBMITTER)
    lab = viewer(held, made)
    secret, _ = held.make_token(lab, label="x", scopes=frozenset({Scope.READ}), days=1)
    link = held.link("lab")
    held.disable(admin, lab.person)
    assert held.by_session(made.secret) is None
    assert held.by_token(secret) is None
    assert isinstance(held.sign_in("lab", PASSWORD, address="192.0.2.1"), Refused)
    with pytest.raises(Missing):
        held.use_link(link, on_this_host=True)
    with pytest.raises(Conflict):
        held.invite(admin, lab.person)


def test_the_last_administrator_stays(held: Accounts, admin: Viewer) -> None:
    with pytest.raises(Conflict):
        held.disable(admin, admin.person)
    with pytest.raises(Conflict):
        held.set_roles(admin, admin.person, frozenset({Role.READER}))
    second = viewer(held, somebody(held, admin, "second", Role.ADMIN))
    held.disable(second, admin.person)
    assert held.first_secret() is None


def test_a_change_of_roles_counts_from_the_next_request(held: Accounts, admin: Viewer) -> None:
    made = somebody(held, admin, "lab", Role.SUBMITTER)
    held.set_roles(admin, viewer(held, made).person, frozenset({Role.READER}))
    assert viewer(held, made).roles == {Role.READER}


def test_two_accounts_never_share_a_sign_in_name(held: Accounts, admin: Viewer) -> None:
    with pytest.raises(Conflict):
        held.add(admin, name="B", login="ADMIN", organisation="Host", roles=frozenset({Role.READER}))


@pytest.mark.parametrize(
    ("name", "login", "organisation"),
    [("", "a", "Host"), ("A\u202e", "a", "Host"), ("A", "a b", "Host"), ("A", "", "Host"), ("A", "a", "\x00")],
)
def test_names_that_deceive_or_are_empty_are_refused(
    held: Accounts, admin: Viewer, name: str, login: str, organisation: str
) -> None:
    with pytest.raises(Invalid):
        held.add(admin, name=name, login=login, organisation=organisation, roles=frozenset({Role.READER}))


def test_only_administrators_manage_accounts_and_strangers_are_asked_to_sign_in(held: Accounts, admin: Viewer) -> None:
    lab = viewer(held, somebody(held, admin, "lab", Role.SUBMITTER, Role.COORDINATOR, Role.READER))
    for call in (
        lambda who: held.accounts(who),
        lambda who: held.invite(who, admin.person),
        lambda who: held.disable(who, admin.person),
        lambda who: held.set_roles(who, admin.person, frozenset()),
        lambda who: held.add(who, name="A", login="a", organisation="H", roles=frozenset()),
        lambda who: held.doctor(who),
    ):
        with pytest.raises(Forbidden):
            call(lab)
        with pytest.raises(Unauthenticated):
            call(ANONYMOUS)


def test_the_host_answers_those_who_run_it(held: Accounts, admin: Viewer) -> None:
    assert held.verify_journal(admin) == WHOLE
    assert held.doctor(admin) == LINES


def test_changes_are_journalled_without_names_passwords_or_secrets(held: Accounts, admin: Viewer) -> None:
    made = somebody(held, admin, "lab", Role.SUBMITTER)
    secret, _ = held.make_token(viewer(held, made), label="laptop", scopes=frozenset({Scope.READ}), days=1)
    with held.store.read() as tx:
        entries = journal.after(tx, 0)
    told = " ".join(f"{entry.event}" for entry in entries)
    assert len(entries) == 4
    for private in ("Test lab", "laptop", PASSWORD, secret, made.secret):
        assert private not in told


def test_the_terminal_provides_an_account_once(held: Accounts) -> None:
    roles = frozenset({Role.COORDINATOR})
    first = held.provide(name="demo script", login="demo", organisation="Host", roles=roles, is_script=True)
    again = held.provide(name="demo script", login="demo", organisation="Host", roles=roles, is_script=True)
    assert first == again
    assert first.is_script
    assert isinstance(held.sign_in("demo", "", address="192.0.2.1"), Refused)


def test_no_account_holds_the_roles_of_two_domains(held: Accounts) -> None:
    admin = viewer(held, first_admin(held))
    both = frozenset({Role.DEFENDER, Role.NSS_DEFENDER})
    with pytest.raises(Invalid, match="mix domains"):
        held.add(admin, name="A Person", login="person", organisation="Agency", roles=both)
    held.add(admin, name="A Person", login="person", organisation="Agency", roles=frozenset({Role.DEFENDER}))
    person = next(one.person.id for one in held.accounts(admin) if one.login == "person")
    with pytest.raises(Invalid, match="mix domains"):
        held.set_roles(admin, person, both)
