"""A watch: nothing before the address agrees, one letter for each change, a way out in each, and no word of others."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.defend import flow, watching
from comity.defend.affected import Question, Reply, Word
from comity.defend.desk import Defend
from comity.defend.desk_watch import Watches
from comity.errors import Invalid, Missing, Unavailable
from comity.model.party import ANONYMOUS
from comity.model.watch import Watch
from tests.defend.hosts import Host
from tests.defend.test_affected import RECORD
from tests.mail.conftest import START, Office

ME, OTHER = "me@small.example", "other@small.example"
FLAW = "CVE-2026-0001"


class Desk:
    """The counter over the mail office's store; upstream documents are dated at the office's clock."""

    def __init__(self, office: Office) -> None:
        held = replace(office.settings, smtp_host="localhost", public_url="https://host.example")
        machines = flow.Machines(store=office.store, settings=held, now=office.clock)
        self.office, self.watches = office, Watches(machines=machines)
        self.host = Host(desk=Defend(machines=machines), store=office.store, clock=[START])

    def records(self, *found: dict[str, object]) -> None:
        import json

        from comity.admin import mirrors

        data = "\n".join(json.dumps(one) for one in found).encode()
        mirrors.take_in(self.office.store, data, at=self.office.clock(), older_too=True)

    def kev(self, *names: str) -> None:
        self.host.clock = [self.office.clock()]
        self.host.kev(*names, released=self.office.clock())

    def letters(self) -> list[str]:
        """Everything that was sent since the last look, as mailers show it."""
        while self.office.postman.round():
            pass
        found = []
        for place in range(len(self.office.box.got)):
            message = self.office.box.message(place)
            found.append(f"To: {message['To']}\nSubject: {message['Subject']}\n\n{message.get_content()}")
        self.office.box.got.clear()
        return found


@pytest.fixture
def desk(office: Office) -> Desk:
    made = Desk(office)
    made.kev("CVE-2020-11651")
    return made


def secret_in(letter: str) -> str:
    found = re.findall(r"https://host\.example/watch/([0-9a-f]{48})\b", letter)
    assert found
    return str(found[-1])


def agreed(desk: Desk, address: str, product: str) -> str:
    desk.watches.ask(ANONYMOUS, address, product)
    (letter,) = desk.letters()
    secret = secret_in(letter)
    desk.watches.confirm(ANONYMOUS, secret)
    return secret


def test_an_address_hears_nothing_but_one_question_before_it_agrees(desk: Desk) -> None:
    desk.watches.ask(ANONYMOUS, ME, "Salt 1.2")
    (letter,) = desk.letters()
    assert letter.startswith(f"To: {ME}\nSubject: Please confirm")
    assert '"Salt 1.2"' in letter
    desk.records(RECORD)
    assert desk.watches.look() == 0
    assert desk.letters() == []


def test_from_cannot_tell_to_yes_is_a_change_and_is_told_once(desk: Desk) -> None:
    agreed(desk, ME, "Salt 1.2")
    assert desk.watches.look() == 0
    desk.records(RECORD)
    desk.kev(FLAW)
    assert desk.watches.look() == 1
    assert desk.watches.look() == 0
    (letter,) = desk.letters()
    assert f"To: {ME}\nSubject: Yes: Salt 1.2" in letter
    assert 'It was "cannot tell".' in letter
    assert "Upgrade to 1.4 or later." in letter
    assert FLAW in letter
    assert desk.letters() == []


def test_every_letter_holds_the_way_out_and_what_is_ended_is_silent_and_erased(desk: Desk) -> None:
    secret = agreed(desk, ME, "Salt 1.2")
    desk.records(RECORD)
    desk.watches.look()
    desk.office.postman.round()
    message = desk.office.box.message()
    assert message["List-Unsubscribe"].strip() == f"<https://host.example/watch/{secret}>"
    assert secret in str(message.get_content())
    desk.watches.end(ANONYMOUS, secret)
    desk.office.box.got.clear()
    desk.kev(FLAW, "CVE-2020-11651")
    assert desk.watches.look() == 0
    with pytest.raises(Missing):
        desk.watches.held(ANONYMOUS, secret)
    with desk.office.store.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM watches").scalar_one() == 0


def test_no_letter_and_no_link_tells_what_else_is_watched(desk: Desk) -> None:
    mine, theirs = agreed(desk, ME, "Salt 1.2"), agreed(desk, OTHER, "Secret Gateway 9")
    agreed(desk, ME, "Quiet Product 3")
    desk.records(RECORD)
    desk.watches.look()
    for letter in desk.letters():
        assert "Secret Gateway" not in letter
        assert "Quiet Product" not in letter
    assert desk.watches.held(ANONYMOUS, mine).product == "Salt 1.2"
    assert desk.watches.held(ANONYMOUS, theirs).product == "Secret Gateway 9"
    for wrong in (mine[:-1] + ("0" if mine[-1] != "0" else "1"), "", mine.upper()):
        with pytest.raises(Missing):
            desk.watches.held(ANONYMOUS, wrong)


def test_asking_again_says_and_sends_nothing_more(desk: Desk) -> None:
    agreed(desk, ME, "Salt 1.2")
    told = [desk.watches.ask(ANONYMOUS, address, "salt 1.2") for address in (ME, ME, "new@small.example")]  # type: ignore[func-returns-value]  # that nothing comes back is the point
    assert told == [None, None, None]
    assert [one.split("\n")[0] for one in desk.letters()] == ["To: new@small.example"]


def test_nobody_fills_a_mailbox_or_the_host(desk: Desk) -> None:
    for number in range(10):
        desk.watches.ask(ANONYMOUS, ME, f"Product {number}")
    assert len(desk.letters()) == watching.LETTERS_A_DAY
    for number in range(watching.WAITING_AN_HOUR - watching.LETTERS_A_DAY):
        desk.watches.ask(ANONYMOUS, f"a{number}@small.example", "Salt")
    with pytest.raises(Unavailable, match="try again later"):
        desk.watches.ask(ANONYMOUS, "late@small.example", "Salt")
    desk.office.clock.on(watching.CONFIRM_WITHIN + timedelta(hours=1))
    desk.watches.ask(ANONYMOUS, "late@small.example", "Salt")
    with desk.office.store.read() as tx:
        assert tx.connection.exec_driver_sql("SELECT count(*) FROM watches").scalar_one() == 1


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a@b.example\nBcc: x@y.example", "a b@c.example"])
def test_what_is_no_address_is_refused_and_a_host_without_mail_says_so(desk: Desk, address: str) -> None:
    with pytest.raises(Invalid):
        desk.watches.ask(ANONYMOUS, address, "Salt")
    with pytest.raises(Invalid):
        desk.watches.ask(ANONYMOUS, ME, "  ")
    silent = Watches(machines=replace(desk.watches.machines, settings=desk.office.settings))
    with pytest.raises(Unavailable, match="sends no mail"):
        silent.ask(ANONYMOUS, ME, "Salt")


def test_at_rest_a_watch_names_nobody_and_nothing(desk: Desk) -> None:
    secret = agreed(desk, ME, "Crown Jewel 7")
    with desk.office.store.read() as tx:
        text = repr(tx.connection.exec_driver_sql("SELECT * FROM watches").all())
    for word in (ME, "small", "Crown", secret):
        assert word not in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from([Word.YES, Word.NO, Word.CANNOT_TELL]), min_size=1, max_size=12))
def test_whatever_the_answers_do_there_is_one_letter_for_each_change(words: list[Word]) -> None:
    watch = Watch(id="W-1", address=ME, product="Salt", secret="0" * 48, made_at=START, confirmed_at=START)
    keys, changes, before = [], 0, ""
    for word in words:
        reply = Reply(question=Question(text="Salt", name="Salt", version=""), word=word, sentence="s", at=START)
        changes += word.value != before
        before = word.value
        after = watching.change(watch, reply)
        if after is not None:
            keys.append(watching.news(watch, reply, base="https://host.example", host="h").key)
            watch = after
        assert watching.change(watch, reply) is None
    assert len(keys) == len(set(keys)) == changes
