"""Copies that leave: two persons, one named recipient, a mark that holds, and a card inside that still verifies."""

import json

import pytest

from comity.assess import desk_runs, flow_export, redact, watermark
from comity.assess.flow_card import sign
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered
from comity.model.engagement import State
from comity.model.ids import digest
from comity.sealing import keys
from comity.sealing.papers import sign as paper
from comity.store import engagements
from tests.assess.test_card import AT, card
from tests.engagement.hosts import Host, viewer


def host_key(here: Host):
    return keys.signing_key(here.machines.settings).public


def test_no_copy_leaves_without_two_persons_of_both_sides(here: Host):
    id_ = here.at(State.ENDED)
    for what in ("card", "released"):
        with pytest.raises(Forbidden, match="two persons"):
            here.desk.export(viewer("dana"), id_, what)
    for login in ("dora", "eli"):  # two persons, one side
        here.do(login, id_, "agree", act="export anything", subject="card for dana")
    with pytest.raises(Forbidden, match="two persons"):
        here.desk.export(viewer("dana"), id_, "card")
    here.do("aude", id_, "agree", act="export anything", subject="card for dana")
    with pytest.raises(Forbidden, match="two persons"):  # agreed for another
        here.desk.export(viewer("otto"), id_, "card")
    with pytest.raises(Forbidden, match="two persons"):  # another copy
        here.desk.export(viewer("dana"), id_, "released")
    assert here.desk.export(viewer("dana"), id_, "card")
    with pytest.raises(Forbidden, match="two persons"):  # used once
        here.desk.export(viewer("dana"), id_, "card")
    with pytest.raises(Invalid):
        here.desk.export(viewer("dana"), id_, "transcripts")


def test_a_seat_that_reads_no_card_gets_no_copy_whatever_was_agreed(here: Host):
    id_ = here.at(State.WEIGHED)
    with pytest.raises(Missing):
        here.taken("eli", id_)
    with pytest.raises((Missing, Conflict, Forbidden)):
        here.desk.export(viewer("rory"), id_, "card")


def test_a_copy_names_its_recipient_and_each_recipients_mark_is_another(here: Host):
    id_ = here.at(State.ENDED)
    copies = {login: flow_export.unwrap(here.taken(login, id_), [host_key(here)]) for login in ("dana", "otto")}
    assert copies["dana"].given_to == "Dana"
    assert copies["dana"].held == copies["otto"].held
    marks = {login: one.mark.rpartition("Mark ")[2].rstrip(".") for login, one in copies.items()}
    assert marks["dana"] != marks["otto"]
    with here.machines.store.read() as tx:
        key = engagements.data_key(tx, here.machines.custody, id_)
    people = {"dana": "Dana", "otto": "Otto", "cora": "Cora"}
    assert watermark.traced(key, marks["otto"], engagement=id_, people=people, parts=("card",)) == "Otto"
    lines, _ = here.desk.ledger(viewer("dora"), id_)
    assert [line.what for line in lines if line.what.startswith("export")] == [
        "export: card for dana",
        "export: card for otto",
    ]


def test_one_changed_byte_or_a_mark_that_was_taken_off_does_not_open(here: Host):
    id_ = here.at(State.ENDED)
    for what in ("card", "released"):
        file = here.taken("dana", id_, what)
        key = host_key(here)
        assert flow_export.unwrap(file, [key]).what == what
        for place in range(0, len(file), 1 if what == "card" else 11):
            changed = bytearray(file)
            changed[place] ^= 1
            with pytest.raises(Tampered):
                flow_export.unwrap(bytes(changed), [key])
        held = json.loads(file)
        for mark in ("", held["mark"].replace("Dana", "Otto")):
            inner = flow_export.unwrap(file, [key]).held
            bare = flow_export.wrap(what, inner, mark=mark, statement=held["statement"].encode())
            with pytest.raises(Tampered, match=r"\(3\)"):
                flow_export.unwrap(bare, [key])


def test_the_statement_of_one_copy_does_not_cover_another(here: Host):
    first, second = here.at(State.ENDED), here.at(State.ENDED)
    one, two = (here.taken("dana", id_, "released") for id_ in (first, second))
    key = host_key(here)
    mixed = flow_export.wrap(
        "released",
        flow_export.unwrap(one, [key]).held,
        mark=json.loads(two)["mark"],
        statement=json.loads(two)["statement"].encode(),
    )
    with pytest.raises(Tampered):
        flow_export.unwrap(mixed, [key])


def test_a_wrapped_card_recomputes_and_a_wrapper_by_another_key_does_not_open(tmp_path):
    from comity.settings import Settings

    key = keys.signing_key(Settings(data=tmp_path / "d", keys=tmp_path / "k"))
    other = keys.signing_key(Settings(data=tmp_path / "e", keys=tmp_path / "l"))
    file = sign(card(), key)

    def wrapped(by):
        about = {"card of E-1": digest(file)}
        said = paper("export", about, {"engagement": "E-1", "given_to": "Dana", "mark": "m"}, by, at=AT)
        return flow_export.wrap("card", file, mark="m", statement=said)

    opened, again = desk_runs.check(wrapped(key), trusted=key.public.export())
    assert (again.same, opened.mark) == (True, "m")
    with pytest.raises(Tampered):
        desk_runs.check(wrapped(other))


def test_salts_of_sections_are_another_for_every_card():
    """A released section shows its salt: an earlier card's stub of the same section must not open with it."""
    assert redact.salt(b"k" * 32, "E-1 " + "a" * 64, "limits") != redact.salt(b"k" * 32, "E-1 " + "b" * 64, "limits")
