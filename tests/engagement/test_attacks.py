"""Attacks on consent, erasure and what stays in clear, each tried before it was mended."""

import json
from datetime import timedelta

import pytest

from comity.assess import flow_acts, flow_measure
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
    here.do("dora", id_, "open")
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.reveal(viewer("aude"), id_, "threshold")


def test_nothing_sealed_is_opened_before_the_window_not_even_by_two_persons(here: Host):
    id_ = here.at(State.FROZEN)
    consent(here, id_, "open the threshold", "threshold", "kim", "aude")
    with pytest.raises(Conflict, match="window has not begun"):
        here.desk.reveal(viewer("aude"), id_, "threshold")
    here.do("dora", id_, "open")
    assert here.desk.reveal(viewer("aude"), id_, "threshold")["name"] == "threshold"


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


def test_what_two_persons_open_is_read_by_one_of_the_two_and_by_no_third(here: Host):
    id_ = here.at(State.OPEN)
    consent(here, id_, "open the threshold", "threshold", "kim", "aude")
    for third in ("otto", "dana"):  # each might have agreed, and did not: the threshold while runs are made
        with pytest.raises(Forbidden, match="the two who agreed"):
            here.desk.reveal(viewer(third), id_, "threshold")
    assert here.desk.reveal(viewer("aude"), id_, "threshold")["body"]  # nor was the consent used up


def test_a_raw_record_is_read_by_one_of_the_two_who_agreed(here: Host):
    id_ = here.at(State.OPEN)
    here.call(here.do("otto", id_, "key").secret)
    with here.machines.store.read() as tx:
        (record,) = [n for n in engagements.file_names(tx, id_) if n.startswith("call-")]
    consent(here, id_, "read a raw transcript", record, "aude", "eli")
    for third in ("otto", "kim", "dora"):
        with pytest.raises(Forbidden, match="the two who agreed"):
            here.desk.transcript(viewer(third), id_, record)
    assert here.desk.transcript(viewer("eli"), id_, record)


def test_nothing_is_opened_for_runs_before_the_window_is(here: Host):
    """An early try used the two openings up and bound later runs to a battery that reopened terms had replaced."""
    id_ = here.at(State.FROZEN)
    with here.machines.store.write() as tx:
        engagements.keep_file(tx, here.machines.custody, id_, flow_measure.SECRET, b"s" * 32)
    consent(here, id_, "open the battery", "runs", "kim", "otto")
    consent(here, id_, "open the threshold", "runs", "kim", "otto")
    subject = flow_measure.Subject(scripted_minutes=30.0)
    with pytest.raises(Conflict, match="window is not open"):
        flow_measure.conduct(here.machines, viewer("otto"), id_, subject, progress=lambda _: None)
    with here.machines.store.read() as tx:
        assert flow_measure.OPENED not in engagements.file_names(tx, id_)
        held = engagements.get(tx, here.machines.custody, id_, viewer("otto"))
    assert [one.used_at for one in held.agreements] == [None, None]


def test_another_leaf_of_the_battery_cannot_be_called_the_threshold_afterwards(here: Host):
    id_ = here.at(State.OPEN)
    with here.machines.store.write() as tx:
        (name,) = [n for n in engagements.file_names(tx, id_) if n.startswith(flow_acts.LEAVES)]
        rows = json.loads(engagements.file(tx, here.machines.custody, id_, name))
        first, last = rows[0], rows[-1]
        assert last["name"] == "threshold"
        first["name"], last["name"] = last["name"], first["name"]  # both stay under the countersigned root
        engagements.keep_file(tx, here.machines.custody, id_, name, json.dumps(rows).encode())
    consent(here, id_, "open the threshold", "threshold", "kim", "aude")
    with pytest.raises(Conflict, match="not what was sealed"):
        here.desk.reveal(viewer("aude"), id_, "threshold")
