"""The outbox: once queued, sent or in sight; never twice by one key, never in clear, never with a secret in a word."""

import logging
import ssl
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.errors import Invalid, Missing, Unavailable
from comity.mail import outbox, post
from comity.mail.outbox import Postman
from comity.settings import Settings, load
from comity.store import letters
from tests.mail.conftest import Office
from tests.mail.test_letters import LETTER


def queued(office: Office, **other: object) -> str:
    with office.store.write() as tx:
        return outbox.queue(tx, replace(LETTER, **other), settings=office.settings, at=office.clock())  # type: ignore[arg-type]  # fields of a letter


def standing(office: Office) -> outbox.Standing:
    with office.store.read() as tx:
        return outbox.standing(tx)


def test_a_letter_travels_by_starttls_after_a_sign_in(office: Office) -> None:
    queued(office)
    assert office.postman.round() == 1
    assert office.box.tls == [True]
    assert office.box.signed_in == [True]
    assert office.box.got[0].rcpt_tos == [LETTER.to]


def test_the_same_key_is_one_letter_however_often_it_is_queued(office: Office) -> None:
    assert queued(office) == queued(office, text="another text")
    assert office.postman.round() == 1
    queued(office)
    assert office.postman.round() == 0
    assert len(office.box.got) == 1


def test_a_letter_is_queued_if_and_only_if_its_cause_is_committed(office: Office) -> None:
    with suppress(RuntimeError), office.store.write() as tx:
        outbox.queue(tx, LETTER, settings=office.settings, at=office.clock())
        raise RuntimeError
    assert standing(office).waiting == 0


def test_what_was_sent_is_forgotten(office: Office) -> None:
    queued(office)
    office.postman.round()
    with office.store.read() as tx:
        row = tx.connection.execute(letters.letters.select()).one()
        (slip,) = outbox.of(tx, LETTER.about)
    assert row.sealed is None
    assert row.wrapped is None
    assert slip.state == "sent"


def test_without_a_server_letters_wait_and_are_counted(office: Office) -> None:
    queued(office)
    silent = Postman(store=office.store, settings=office.settings, now=office.clock, server=None)
    assert silent.round() == 0
    assert standing(office).waiting == 1
    assert office.postman.round() == 1  # once there is one, it goes


def test_a_later_answer_of_the_server_is_waited_for_longer_each_time(office: Office) -> None:
    queued(office)
    office.box.to_data = "451 busy with security@project.example"
    waits = []
    for _ in range(9):
        assert office.postman.round() == 0
        with office.store.read() as tx:
            (slip,) = outbox.unsent(tx)
        waits.append(int((slip.next_at - office.clock()).total_seconds() // 60))
        assert "project.example" not in slip.problem
        office.clock.at = slip.next_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    office.box.to_data = ""
    assert office.postman.round() == 1


def test_after_five_days_a_person_must_look_and_may_send_it_again(office: Office) -> None:
    id_ = queued(office)
    office.box.to_data = "451 busy"
    office.postman.round()
    office.clock.on(timedelta(days=5))
    office.postman.round()
    assert (standing(office).waiting, standing(office).given_up) == (0, 1)
    office.box.to_data = ""
    assert office.postman.round() == 0
    with office.store.write() as tx:
        outbox.again(tx, id_, at=office.clock())
    assert office.postman.round() == 1


@pytest.mark.parametrize("answer", ["to_recipient", "to_data"])
def test_an_answer_for_good_is_given_up_at_once_and_can_be_dropped(answer: str, office: Office) -> None:
    id_ = queued(office)
    setattr(office.box, answer, "550 no such user security@project.example")
    office.postman.round()
    with office.store.read() as tx:
        (slip,) = outbox.unsent(tx)
    assert slip.state == "given up"
    assert "550" in slip.problem
    assert "project.example" not in slip.problem
    with office.store.write() as tx:
        outbox.drop(tx, id_)
    with pytest.raises(Missing), office.store.write() as tx:
        outbox.again(tx, id_, at=office.clock())
    assert standing(office).given_up == 0


def test_a_wrong_password_is_the_operators_to_mend_and_loses_nothing(office: Office) -> None:
    queued(office)
    wrong = replace(office.server, password="a wrong secret")
    Postman(store=office.store, settings=office.settings, now=office.clock, server=wrong).round()
    held = standing(office)
    assert held.waiting == 1
    assert "sign-in" in held.problem
    assert "secret" not in held.problem
    office.clock.on(timedelta(minutes=2))
    assert office.postman.round() == 1


def test_a_server_that_cannot_prove_its_name_gets_nothing(office: Office) -> None:
    with pytest.raises(Unavailable, match="no trusted TLS"):
        replace(office.server, trusted=ssl.create_default_context()).send(b"x", sender="a@b.example", to="c@d.example")
    assert office.box.got == []


def test_a_worker_that_dies_with_a_letter_in_hand_leaves_it_to_the_next(office: Office) -> None:
    queued(office)
    with office.store.write() as tx:
        assert letters.take(tx, now=office.clock(), until=office.clock() + outbox.HOLD) is not None
    assert office.postman.round() == 0  # somebody has it
    office.clock.on(outbox.HOLD)
    assert office.postman.round() == 1


def test_a_letter_sent_twice_after_a_crash_is_one_message_to_a_mailer(office: Office) -> None:
    queued(office)
    with office.store.write() as tx:
        held = letters.take(tx, now=office.clock(), until=office.clock() + outbox.HOLD)
    assert held is not None
    data = outbox.message.written(held[1], id_=held[0], sender=office.settings.mail_from, host="Test host", at=held[2])
    office.server.send(data, sender=office.settings.mail_from, to=LETTER.to)  # taken, and then the worker died
    office.clock.on(outbox.HOLD)
    office.postman.round()
    first, second = office.box.message(0), office.box.message(1)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()


def test_letters_about_a_record_can_be_called_back_before_they_go(office: Office) -> None:
    queued(office)
    queued(office, key="other", about="C-OTHER")
    with office.store.write() as tx:
        assert outbox.withdraw(tx, LETTER.about, at=office.clock()) == 1
    assert office.postman.round() == 1
    assert [e.rcpt_tos for e in office.box.got] == [[LETTER.to]]


def test_neither_secret_nor_text_is_logged_or_told(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    queued(office)
    office.box.to_data = "451 later"
    office.postman.round()
    said = (
        "".join(r.getMessage() for r in caplog.records if r.name != "mail.log")
        + repr(office.server)
        + repr(office.settings)
    )
    for secret in ("a long secret", "A report", "project.example"):
        assert secret not in said.replace(repr(office.box), "")


def test_the_postman_goes_round_by_himself(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "ROUND_SECONDS", 0.01)
    queued(office)
    office.postman.start()
    for _ in range(500):
        if standing(office).sent:
            break
        office.postman._ended.wait(0.01)
    office.postman.stop()
    assert standing(office).sent == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"COMITY_SMTP_SECURITY": "ssl"},
        {"COMITY_MAIL_CLEAR_LIMIT": "WHITE"},
        {"COMITY_SMTP_PORT": "0"},
    ],
)
def test_settings_that_are_no_settings_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        load(wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        Settings(smtp_host="mail.example"),
        Settings(smtp_host="mail.example", mail_from="a@b.example", smtp_security="none"),
        Settings(smtp_host="mail.example", mail_from="a@b.example\nX: y"),
    ],
)
def test_a_server_that_cannot_be_used_safely_is_not_used(wrong: Settings) -> None:
    with pytest.raises(Invalid):
        post.named(wrong)


def test_no_server_named_is_no_server() -> None:
    assert post.named(Settings()) is None
