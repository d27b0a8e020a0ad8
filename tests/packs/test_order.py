"""The order pack: what must be shown is there, nobody private is bound, and no claim stands without its command."""

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import order_page, pack
from comity.model.order import Capability, Duty, Order, Side, State

ROOT = Path(__file__).parents[2]
CLAUSES = (
    *("EO-1", "EO-2a", "EO-2b", "EO-2c.i", "EO-2c.ii", "EO-2c.iii", "EO-2d", "EO-2e", "EO-2f"),
    *("EO-3a", "EO-3b.i", "EO-3b.ii", "EO-3b.iii", "EO-3c", "EO-4", "EO-5"),
)
NEVER_FOUND = ("GOLD EAGLE", "directive under", "defensive tools", "OMB", "OPM", "classified benchmark", "framework")


def order() -> Order:
    return pack.shipped_order()


def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(pack.shipped("us.eo-14409.json"))
    return made


def problems(changed: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        pack.read_order(json.dumps(changed).encode())
    return [(one.pointer, one.code) for one in caught.value.problems]


def clause(changed: dict[str, Any], clause_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in changed["clauses"] if one["id"] == clause_id)
    return found


def test_every_operative_clause_has_one_row_in_order() -> None:
    assert tuple(one.id for one in order().clauses) == CLAUSES


def test_each_row_says_who_by_when_whom_it_binds_how_sure_and_what_serves_it() -> None:
    for one in order().clauses:
        assert one.duties, one.id
        assert one.deadline.words, one.id
        assert one.served_by, one.id
        assert one.sources, one.id
        assert all(duty.binds for duty in one.duties), one.id
        # Clauses 4 and 5 ask for no result by a date, so there is none to look for.
        assert one.events or one.not_found or one.id in {"EO-4", "EO-5"}, one.id


def test_deadlines_are_counted_from_signing() -> None:
    assert order().signed == date(2026, 6, 2)
    dated = {one.id: one.deadline.on for one in order().clauses if one.deadline.on}
    assert set(dated.values()) == {date(2026, 7, 2), date(2026, 8, 1)}
    assert [name for name, day in dated.items() if day == date(2026, 8, 1)] == ["EO-2f", "EO-3a", "EO-3b.i"]
    for one in order().clauses:
        if one.deadline.days is not None:
            assert one.deadline.on == order().signed + timedelta(days=one.deadline.days)


def test_a_private_party_is_never_shown_as_bound() -> None:
    private = [(one.clause, duty) for one in order().clauses for duty in one.duties if duty.side is Side.INDUSTRY]
    assert {name for name, _ in private} == {"2(d)", "3(a)", "3(b)(i)", "3(b)(ii)", "3(b)(iii)", "3(c)"}
    assert {duty.binds for _, duty in private} == {"none"}


@pytest.mark.parametrize("clause_id", [one for one in CLAUSES if one.startswith(("EO-2d", "EO-3"))])
def test_a_pack_that_binds_industry_in_2d_or_3_never_loads(clause_id: str) -> None:
    changed = document()
    place = CLAUSES.index(clause_id)
    duties = clause(changed, clause_id)["duties"]
    spot = next(index for index, duty in enumerate(duties) if duty["side"] == "industry")
    duties[spot]["binding_on"] = ["developers of frontier models"]
    assert (f"/clauses/{place}/duties/{spot}/binding_on", "schema") in problems(changed)


def test_a_pack_that_hides_the_part_of_industry_in_2d_or_3_never_loads() -> None:
    changed = document()
    duties = clause(changed, "EO-2d")["duties"]
    duties[:] = [one for one in duties if one["side"] != "industry"]
    assert problems(changed) == [(f"/clauses/{CLAUSES.index('EO-2d')}/duties", "schema")]


def test_the_value_itself_refuses_a_bound_private_party() -> None:
    with pytest.raises(Invalid):
        Duty(actor="a company", side=Side.INDUSTRY, text="anything", binding_on=("a company",))


def test_none_stands_alone() -> None:
    changed = document()
    clause(changed, "EO-2f")["duties"][0]["binding_on"] = ["none", "OPM"]
    assert problems(changed) == [(f"/clauses/{CLAUSES.index('EO-2f')}/duties/0/binding_on", "schema")]


def test_the_pack_says_that_the_published_text_was_not_compared() -> None:
    assert not order().compared
    assert "not been compared" in order().notice
    register = next(one for one in order().sources if "Federal Register" in one.title)
    assert not register.read
    assert all(one.secondary for one in order().clauses)


def test_letters_that_are_our_reading_are_marked() -> None:
    inferred = {one.id for one in order().clauses if one.letter_inferred}
    assert inferred == {"EO-2a", "EO-2b", "EO-2e", "EO-2f", "EO-4", "EO-5"}


def test_what_was_not_found_is_said_with_the_day_it_was_looked_for() -> None:
    missing = [found for one in order().clauses for found in one.not_found]
    assert {found.looked_on for found in missing} == {order().as_of}
    for words in NEVER_FOUND:
        assert any(words in found.what for found in missing), words


def test_the_disputed_report_is_marked_disputed_and_no_other() -> None:
    assert [one.id for one in order().events if one.disputed] == ["partner-rollouts"]


def test_every_event_hangs_on_a_clause_and_cites_a_source() -> None:
    hung = {event.id for one in order().clauses for event in one.events}
    assert {one.id for one in order().events} == hung
    assert all(one.sources for one in order().events)


def texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (text for one in value.values() for text in texts(one))
        case list():
            yield from (text for one in value for text in texts(one))


def test_no_clause_quotes_the_order() -> None:
    # The text was not compared, so nothing may look like a quotation of it.
    assert [text for text in texts(document()) if re.search(r"[\"“”«»]", text)] == []


@pytest.mark.parametrize(
    ("state", "commands", "missing"),
    [
        (State.WORKING, (), ""),
        (State.PARTLY, (), "the rest"),
        (State.NOT_BUILT, ("./run test",), "all of it"),
        (State.PARTLY, ("./run test",), ""),
        (State.NOT_BUILT, (), ""),
        (State.WORKING, ("./run test",), "something"),
        (State.TRACKED, (), ""),
        (State.TRACKED, ("./run test",), "something"),
    ],
)
def test_a_state_without_its_command_or_a_gap_without_words_is_refused(
    state: State, commands: tuple[str, ...], missing: str
) -> None:
    with pytest.raises(Invalid):
        Capability(part="", rooms=(), text="t", verified_by="v", commands=commands, state=state, missing=missing)


def test_every_command_names_something_that_exists() -> None:
    commands = [name for one in order().clauses for part in one.served_by for name in part.commands]
    assert commands
    for command in commands:
        words = command.split()
        if words[:2] == ["./run", "test"]:
            assert len(words) > 2, command
            assert all((ROOT / path).exists() for path in words[2:]), command
        elif words[:2] == ["comity", "bench"]:
            assert (ROOT / "src" / "comity" / "bench" / f"{words[2]}.py").exists(), command
        elif words[0] == "comity":
            from comity.cli.commands import app

            chain, _, unused = app.parse_commands(words[1:])
            assert list(chain) == words[1:], command
            assert not unused, command
        else:
            pytest.fail(f"no way to check that this command exists: {command}")


def test_what_is_only_tracked_never_counts_as_served() -> None:
    tracked = {one.id for one in order().clauses if one.state is State.TRACKED}
    assert tracked == {"EO-1", "EO-2e", "EO-2f"}


def test_every_room_named_is_a_room_or_is_said_to_be_missing() -> None:
    source = ROOT / "src" / "comity"
    for one in order().clauses:
        for part in one.served_by:
            if part.state is State.WORKING:
                assert all((source / room).is_dir() for room in part.rooms), (one.id, part.part)


def set_in(pointer: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        target: Any = made
        *path, last = pointer.strip("/").split("/")
        for step in path:
            target = target[int(step)] if isinstance(target, list) else target[step]
        target[int(last) if isinstance(target, list) else last] = value

    return change


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        ("/clauses/1/deadline/on", "2026-07-03", "wrong_date"),
        ("/clauses/0/deadline/on", "2026-07-02", "wrong_date"),
        ("/clauses/1/sources/0", "S99", "unknown_id"),
        ("/clauses/1/events/0", "no-such-event", "unknown_id"),
        ("/events/0/sources/0", "S99", "unknown_id"),
        ("/clauses/1/id", "EO-1", "repeated_id"),
        ("/clauses/1/certainty", "certain", "schema"),
        ("/clauses/15/served_by/0/commands", [], "unverified"),
        ("/clauses/1/not_found/0/looked_on", "2026-02-31", "no_such_day"),
        ("/as_of", "2026-02-31", "no_such_day"),
        ("/signed", "June", "schema"),
    ],
)
def test_a_pack_that_does_not_hold_together_is_refused_with_the_place(pointer: str, value: object, code: str) -> None:
    changed = document()
    set_in(pointer, value)(changed)
    found = problems(changed)
    assert code in {one for _, one in found}
    assert all(pointer.startswith(place.rsplit("/", 1)[0]) for place, _ in found), found


def test_several_faults_are_listed_together() -> None:
    changed = document()
    set_in("/clauses/1/deadline/on", "2026-07-03")(changed)
    set_in("/clauses/4/served_by/0/state", "working")(changed)
    assert {place.split("/")[2] for place, _ in problems(changed)} == {"1", "4"}


def mutated(data: bytes, dice: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(made))
        match dice.randrange(4):
            case 0:
                made[place] = dice.randrange(256)
            case 1:
                del made[place : place + dice.randint(1, 40)]
            case 2:
                made[place:place] = dice.choice(
                    [b"[" * 50, b"null", b"1e999", b'"\\ud800"', b"{}", b"NaN", b"\x00", b","]
                )
            case _:
                other = dice.randrange(len(made))
                made[place:place] = made[other : other + dice.randint(1, 60)]
    return bytes(made)


@pytest.mark.parametrize(
    ("read", "name", "rounds"),
    [
        (pack.read_order, "us.eo-14409.json", 400),
        (pack.read_table, "tables/bod-26-04.json", 1500),
        (pack.read_table, "tables/coordinator-publish.json", 500),
    ],
)
def test_mutated_packs_give_a_pack_or_a_list_of_problems(
    read: Callable[[bytes], object], name: str, rounds: int
) -> None:
    data = pack.shipped(name)
    dice = random.Random(14409)
    refused = whole = 0
    for _ in range(rounds):
        try:
            read(mutated(data, dice))
        except Invalid as error:
            refused += bool(error.problems)
        else:
            whole += 1
    assert refused + whole == rounds
    assert refused > rounds // 2


def test_the_printed_page_is_the_pack_and_nothing_else() -> None:
    printed = (ROOT / "docs" / "order.md").read_text(encoding="utf-8")
    assert printed == order_page.markdown(order()), "docs/order.md is stale: its first lines say how to write it again"
