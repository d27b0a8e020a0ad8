"""Attacks on consent, erasure and what stays in clear, each tried before it was mended."""

from datetime import timedelta

import pytest

from comity.errors import Conflict, Forbidden, Missing
from comity.model.engagement import State
from comity.store import engagement_calls, engagements
from tests.engagement.hosts import Host, card, viewer


def consent(here: Host, id_, act: str, subject: str, *logins: str) -> None:
    for login in logins:
        here.do(login, id_, "agree", act=act, subject=subject)


def test_consent_that_was_not_used_opens_nothing_once_the_developer_left(here: Host):
    id_ = here.at(State.OPEN)
    here.call(here.do("otto", id_, "key").secret)
    with here.machines.store.read() as tx:
        (record,) = [n for n in engagements.file_names(tx, id_) if n.startswith("call-")]
    here.do("dora", id_, "close", because="early finish")
    here.to_weighed(id_)
    consent(here, id_, "open the threshold", "threshold", "kim", "aude")
    consent(here, id_, "open the battery", "item-1", "kim", "aude")
    consent(here, id_, "read a raw transcript", record, "kim", "aude")
    consent(here, id_, "export anything", "card for dana", "dora", "cora")
    here.do("dora", id_, "withdraw")
    for attempt in (
        lambda: here.desk.reveal(viewer("aude"), id_, "threshold"),
        lambda: here.desk.reveal(viewer("aude"), id_, "item-1"),
        lambda: here.desk.transcript(viewer("aude"), id_, record),
        lambda: here.desk.export(viewer("dana"), id_, "card"),
        lambda: here.desk.card_page(viewer("dana"), id_),
    ):
        with pytest.raises((Conflict, Forbidden, Missing)):
            attempt()
    assert "card" not in here.view("cora", id_).parts


def test_consent_to_open_one_battery_opens_no_later_one(here: Host):
    id_ = here.at(State.FROZEN)
    consent(here, id_, "open the threshold", "threshold", "kim", "aude")
    here.do("dora", id_, "reopen")
    here.sign(id_)
    here.to_frozen(id_)
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.reveal(viewer("aude"), id_, "threshold")


def test_consent_to_a_copy_is_about_the_card_that_lay_there(here: Host):
    id_ = here.at(State.WEIGHED)
    consent(here, id_, "export anything", "card for dana", "dora", "cora")
    here.do("dana", id_, "analyse")
    here.do("otto", id_, "hand-over", card=card("meets"))
    here.do("aude", id_, "recompute")
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.export(viewer("dana"), id_, "card")


def test_who_called_the_model_in_which_run_is_gone_with_the_evidence(here: Host):
    id_ = here.at(State.OPEN)
    here.call(here.do("otto", id_, "key").secret, run="a-run")
    here.do("dora", id_, "withdraw")
    here.clock.jump_to(here.clock.now() + timedelta(days=2))
    assert here.settle(id_) is State.ERASED
    with here.machines.store.read() as tx:
        for table in (engagement_calls.gateway_calls, engagement_calls.gateway_keys):
            assert tx.connection.execute(table.select().where(table.c.engagement == id_)).all() == []
    files = [p for p in here.machines.settings.data.rglob("*") if p.is_file() and id_.encode() in p.name.encode()]
    assert files == []
