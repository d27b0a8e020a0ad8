"""Scan claims taken blindly: the host learns no place, others learn the overlap, and nobody gets more by trying."""

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from comity.clearing import blind as blind_rules
from comity.clearing import claims as rules
from comity.clearing import scope
from comity.clearing.desk_blind import Asked, Blind, area_of, entries_of, overlap_of
from comity.clearing.desk_claims import Authorisation, BlindWish, Claim, Claims, Ending, Overlap, Wish
from comity.errors import Conflict, Forbidden, Invalid, Missing, Tampered
from comity.model.blind import Part, Shelf
from comity.model.claim import Area
from comity.model.ids import PartyId, digest
from comity.model.party import Organisation, Viewer
from comity.sealing import asker, scopes
from comity.settings import Settings
from comity.store import parties, tables
from tests.clearing import hosts
from tests.clearing.hosts import LAB, RIVAL, Host, coordinator
from tests.clearing.test_blind import NoEngine
from tests.clearing.test_claims import AT, Signer, claim

ALLOWED = Authorisation(
    owner="Example Foundation",
    scope="all branches",
    contact="security@example.org",
    starts_on=date(2020, 1, 1),
    ends_on=date(2040, 1, 1),
)
REPOSITORY = "https://git.example.org/closed/firmware"
THIRD = replace(LAB, person=PartyId("third-1"), organisation=PartyId("third"))


def wish(*paths: str, **more: Any) -> Wish:
    return Wish(repository=REPOSITORY, paths=paths, **more)


@dataclass(frozen=True, slots=True)
class Held:
    """A question about an area, as its asker holds it."""

    area: Area
    sheet: asker.Sheet
    question: str
    tags: Mapping[str, bytes]


@dataclass(slots=True)
class Site:
    """A host with the counters of claims and of the blind check, and everything that crossed the line to it."""

    host: Host
    claims: Claims
    blind: Blind
    crossed: list[str]

    def ask(self, viewer: Viewer, wanted: Wish, authorisation: Authorisation | None = None) -> Held:
        area, document, prints = area_of(wanted, authorisation)
        sheet = asker.prepare(document, prints)
        body: Any = asker.sent(sheet)
        self.crossed.append(json.dumps(body))
        parts = [
            Asked(level=p["level"], commitment=p["commitment"], element=base64.b64decode(p["element"]))
            for p in body["parts"]
        ]
        answer = self.blind.ask(viewer, document=body["document"], parts=parts)
        tags = asker.areas(sheet, evaluated=answer.evaluated, proof=answer.proof, public=answer.public)
        return Held(area, sheet, answer.question.id, tags)

    def shelf(self, viewer: Viewer, asked: Held, **more: Any) -> Shelf:
        held = self.blind.claims(viewer, asked.question, **more)
        self.crossed += [one.hex() for one in (*held.entries, *held.states)]
        return held

    def look(self, viewer: Viewer, wanted: Wish, **more: Any) -> Overlap:
        asked = self.ask(viewer, wanted)
        shelf = self.shelf(viewer, asked, **more)
        return overlap_of(asked.area, asked.tags, shelf, self.host.clock.now())

    def wish(self, asked: Held, **changed: Any) -> BlindWish:
        key = changed.pop("key", scopes.fresh_key())
        given = {
            "entries": entries_of(asked.area, asked.tags, key),
            "starts_on": ALLOWED.starts_on,
            "ends_on": ALLOWED.ends_on,
        }
        return BlindWish(question=asked.question, key=key, **(given | changed))

    def take(self, viewer: Viewer, wanted: Wish, **changed: Any) -> Claim:
        asked = self.ask(viewer, wanted, ALLOWED)
        given = self.wish(asked, **changed)
        self.crossed += [one.hex() for one in given.entries]
        return self.claims.take_blindly(viewer, given)

    def crowd(self) -> None:
        """Three others hold claims elsewhere: from then on something is told."""
        for name in ("one", "two", "three"):
            who = replace(LAB, person=PartyId(f"{name}-1"), organisation=PartyId(name))
            self.claims.take(who, Wish(repository=f"https://git.example.org/open/{name}"), ALLOWED)

    def later(self, days: int) -> None:
        self.host.clock.jump_to(self.host.clock.now() + timedelta(days=days))


@contextmanager
def site(folder: Path, **settings: Any) -> Iterator[Site]:
    held = Settings(data=folder / "data", keys=folder / "keys", **({"blind_quota": 100} | settings))
    with hosts.host(folder, settings=held, run=False) as host:
        yield Site(
            host,
            Claims(
                store=host.machines.store,
                settings=held,
                signer=Signer(),
                now=host.clock.now,
                own_report=host.desk.own_report,
            ),
            Blind(machines=host.machines, control=NoEngine(), clearing=host.desk),  # type: ignore[arg-type]
            [],
        )


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as made:
        made.crowd()
        yield made


def test_who_asks_blindly_about_a_blind_claim_hears_how_much_is_held_and_until_when(held):
    taken = held.take(LAB, wish("src/net", "lib/zip", cwes=["CWE-787"], methods=["fuzzing"]), methods=["fuzzing"])
    found = held.look(
        RIVAL, wish("src/net/tcp.c", "lib", "doc", cwes=["CWE-121"], methods=["fuzzing"]), methods=["fuzzing"]
    )
    assert (found.held_percent, found.partly, found.until) == (33, 1, taken.ends_at)
    assert found.same_weaknesses
    assert [one.value for one in found.same_methods] == ["fuzzing"]
    assert (found.commits, found.names) == ("same", ())
    assert not held.look(RIVAL, wish("src/net", cwes=["CWE-79"])).same_weaknesses
    assert held.look(RIVAL, wish("docs")).until is None
    assert held.look(RIVAL, Wish(repository=REPOSITORY + "2")).until is None
    assert held.look(RIVAL, wish()).parts_of_repository
    assert held.look(LAB, wish("src/net")).until is None, "one's own claim is nobody else's"


def test_blind_and_open_claims_meet_in_both_directions(held):
    opened, _ = held.claims.take(LAB, wish("src"), ALLOWED)
    assert held.look(RIVAL, wish("src/net", "doc")).held_percent == 50
    asked = held.ask(RIVAL, wish("src/net"), ALLOWED)
    before = overlap_of(asked.area, asked.tags, held.shelf(RIVAL, asked), held.host.clock.now())
    assert (before.held_percent, before.until) == (100, opened.ends_at), "who takes one hears it first"
    blind = held.claims.take_blindly(RIVAL, held.wish(asked))
    told = held.claims.ask(LAB, wish("src/net", "doc"))
    assert (told.held_percent, told.until, told.names) == (50, blind.ends_at, ())
    _, told = held.claims.take(THIRD, wish("src/net"), ALLOWED)
    assert told.held_percent == 100


def test_a_holder_may_keep_a_blind_claim_from_areas_that_are_shown_to_the_host(held):
    held.take(LAB, wish("src"), is_compared=False)
    assert held.claims.ask(RIVAL, wish("src")).until is None
    assert held.look(RIVAL, wish("src")).held_percent == 100


def test_the_host_sees_no_place_on_the_line_in_the_journal_or_in_the_store(held):
    taken = held.take(LAB, wish("src/secret-parser", cwes=["CWE-787"]))
    held.look(RIVAL, wish("src/secret-parser"))
    held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND, coverage_sha256=digest(b"salt and line"))
    with held.host.machines.store.read() as tx:
        written = " ".join(tx.connection.execute(select(tables.journal.c.body)).scalars())
    (line,) = held.claims.own(LAB).lines
    signed = held.claims.result(LAB, taken.id).decode()
    for word in ("closed/firmware", "secret-parser", "CWE-787", "Example Foundation"):
        assert word not in " ".join((*held.crossed, written, signed, repr(line)))
    assert taken.hidden is not None
    assert taken.hidden.commitment in signed


def test_transcripts_of_a_hit_and_a_miss_have_one_length(held):
    held.take(LAB, wish("src/net"))
    lengths = []
    for path in ("src/net", "src/doc"):
        held.crossed.clear()
        held.look(RIVAL, wish(path))
        lengths.append([len(one) for one in held.crossed])
    assert lengths[0] == lengths[1]


def test_nothing_is_told_while_fewer_than_three_others_hold_claims(tmp_path):
    with site(tmp_path) as held:
        held.take(LAB, wish("src"))
        assert held.look(RIVAL, wish("src")).until is None
        held.crowd()
        assert held.look(RIVAL, wish("src")).held_percent == 100


def test_a_name_needs_the_consent_of_both_in_the_blind_too(held):
    with held.host.machines.store.write() as tx:
        parties.add_organisation(tx, Organisation(id=PartyId("named"), name="A Named Lab"))
    holder = replace(LAB, person=PartyId("named-1"), organisation=PartyId("named"))
    held.take(holder, wish("src"), may_be_named=True)
    held.take(LAB, wish("src"))
    assert held.look(RIVAL, wish("src")).names == ()
    assert held.look(RIVAL, wish("src"), may_be_named=True).names == ("A Named Lab",)


def test_a_guess_without_a_commitment_learns_nothing(held):
    held.take(LAB, wish("src"))
    asked = held.ask(RIVAL, wish("doc"))
    shelf = held.shelf(RIVAL, asked)
    area, _, prints = area_of(wish("src"))
    other = next(tag for text, tag in asked.tags.items() if text.endswith("\0doc"))
    for guess in (bytes(64), digest(prints[0].secret_input).encode(), other):
        found = overlap_of(area, dict.fromkeys(scope.units(area), guess), shelf, held.host.clock.now())
        assert found.until is None, "neither an invented tag nor that of another part opens anything"
    with pytest.raises(Missing):
        held.blind.claims(RIVAL, "Q-0000-0000-0000")
    with pytest.raises(Missing):
        held.blind.claims(THIRD, asked.question)


def test_guessing_is_metered_by_the_size_of_the_area(tmp_path):
    with site(tmp_path, blind_quota=3) as held:
        held.look(RIVAL, wish("src"))
        with pytest.raises(Forbidden, match="used up"):
            held.look(RIVAL, wish(*(f"src/{number}" for number in range(20))))
        held.look(RIVAL, wish(*(f"src/{number}" for number in range(10))))
        with pytest.raises(Forbidden, match="used up"):
            held.take(RIVAL, wish("src"))


def test_eight_parts_of_an_area_are_one_guess_and_a_question_shows_no_finer_number(held):
    for paths in ((), ("a",), ("a", "b", "c", "d")):
        asked = held.ask(RIVAL, wish(*paths))
        assert len(asked.sheet.lines) == 8
    parts = [Part(level=line.level, commitment=digest(b""), element=bytes(32)) for line in asked.sheet.lines]
    assert (blind_rules.guesses(parts), blind_rules.guesses(parts + parts[:1])) == (1, 2)


def test_one_question_makes_one_claim(held):
    asked = held.ask(LAB, wish("src"), ALLOWED)
    held.claims.take_blindly(LAB, held.wish(asked))
    with pytest.raises(Conflict, match="is over"):
        held.claims.take_blindly(LAB, held.wish(asked))
    with pytest.raises(Conflict):
        held.blind.withdraw(LAB, asked.question)
    with pytest.raises(Missing):
        held.claims.take_blindly(RIVAL, held.wish(held.ask(LAB, wish("src"))))


def test_the_entries_or_the_key_of_another_claim_are_refused(held):
    first = held.ask(LAB, wish("src"), ALLOWED)
    given = held.wish(first)
    held.claims.take_blindly(LAB, given)
    again = held.ask(RIVAL, wish("src"), ALLOWED)
    for stolen in ({"entries": given.entries}, {"key": given.key}):
        with pytest.raises(Conflict, match="another claim"):
            held.claims.take_blindly(RIVAL, held.wish(again, **stolen))


def test_nobody_can_speak_for_the_claim_of_another(held):
    """Who met a claim holds its key, and could write it into entries for places that its holder never claimed."""
    held.take(LAB, wish("src"))
    met = held.ask(RIVAL, wish("src"))
    opened = [scopes.opened(tag, one) for tag in met.tags.values() for one in held.shelf(RIVAL, met).entries]
    (key,) = {one[0] for one in opened if one is not None}
    other = held.ask(RIVAL, wish("doc"), ALLOWED)
    forged = entries_of(other.area, other.tags, key)
    held.claims.take_blindly(RIVAL, held.wish(other, entries=forged))
    assert held.look(THIRD, wish("doc")).until is None
    assert held.look(THIRD, wish("src")).held_percent == 100


@pytest.mark.parametrize(
    "changed",
    [
        {"key": bytes(31)},
        {"entries": ()},
        {"entries": (bytes(77),) * 8},
        {"entries": tuple(bytes([n]) for n in range(8))},
    ],
)
def test_what_is_no_claim_is_refused_with_its_problems(held, changed):
    asked = held.ask(LAB, wish("src"), ALLOWED)
    with pytest.raises(Invalid) as caught:
        held.claims.take_blindly(LAB, replace(held.wish(asked), **changed))
    assert caught.value.problems


def test_entries_that_nothing_opens_tell_nothing(held):
    asked = held.ask(LAB, wish("src"), ALLOWED)
    garbage = tuple(bytes([number]) * scopes.ENTRY_BYTES for number in range(8))
    held.claims.take_blindly(LAB, held.wish(asked, entries=garbage))
    assert held.look(RIVAL, wish("src")).until is None


def test_a_shelf_of_another_shape_is_not_used(held):
    asked = held.ask(RIVAL, wish("src"))
    shelf = held.shelf(RIVAL, asked)
    with pytest.raises(Tampered):
        overlap_of(asked.area, asked.tags, replace(shelf, entries=(*shelf.entries, b"short")), held.host.clock.now())


def test_without_an_authorisation_in_force_no_blind_claim_is_taken(held):
    with pytest.raises(Invalid, match="only with an authorisation"):
        held.take(LAB, wish("src"), ends_on=date(2026, 1, 1))


def test_a_question_about_a_finding_makes_no_claim_and_one_about_an_area_names_no_finding(held):
    asked = held.ask(LAB, wish("src"))
    mixed = [
        Asked(level="area", commitment=digest(b"1"), element=bytes(32)),
        Asked(level="place", commitment=digest(b"2"), element=bytes(32)),
    ]
    with pytest.raises(Invalid) as caught:
        held.blind.ask(LAB, document=digest(b"d"), parts=mixed)
    assert [one.code for one in caught.value.problems] == ["mixed_levels"]
    with pytest.raises(Missing):
        held.blind.shelf(LAB, asked.question, "area", 0)


def test_a_blind_claim_ends_with_its_key_and_matches_nothing_under_the_next(tmp_path):
    with site(tmp_path, blind_epoch=timedelta(days=3)) as held:
        held.crowd()
        held.later(1)
        asked = held.ask(LAB, wish("src"), ALLOWED)
        taken = held.claims.take_blindly(LAB, held.wish(asked))
        assert taken.ends_at - taken.made_at <= timedelta(days=3)
        late = held.ask(RIVAL, wish("src"), ALLOWED)
        old = held.shelf(RIVAL, late)
        held.later(3)
        held.crowd()
        assert held.look(RIVAL, wish("src")).until is None
        fresh = held.ask(RIVAL, wish("src"))
        assert overlap_of(fresh.area, fresh.tags, old, held.host.clock.now()).until is None
        assert held.claims.ask(THIRD, wish("src")).until is None
        with pytest.raises(Conflict, match="a key that has ended"):
            held.claims.take_blindly(RIVAL, held.wish(late))
        with pytest.raises(Conflict, match="expired"):
            held.claims.beat(LAB, taken.id, progress=50)
        done = held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND, coverage_sha256=digest(b"line"))
        assert done.ending is Ending.NOTHING_FOUND, "its result is taken all the same"


def test_progress_renews_a_blind_claim_and_its_result_is_told(held):
    taken = held.take(LAB, wish("src"))
    held.later(5)
    renewed = held.claims.beat(LAB, taken.id, progress=40)
    assert renewed.ends_at == renewed.beat_at + timedelta(days=7)
    assert held.look(RIVAL, wish("src")).until == renewed.ends_at
    with pytest.raises(Invalid) as caught:
        held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND, coverage="every entry point of src")
    assert {one.code for one in caught.value.problems} == {"shows_the_area", "missing_field"}
    held.claims.end(LAB, taken.id, Ending.NOTHING_FOUND, coverage_sha256=digest(b"line"))
    found = held.look(RIVAL, wish("src/net"))
    assert (found.held_percent, [one[1:] for one in found.looked_before]) == (0, [(Ending.NOTHING_FOUND, 100)])
    assert [one[1:] for one in held.claims.ask(RIVAL, wish("src/net")).looked_before] == [(Ending.NOTHING_FOUND, 100)]


def test_blind_claims_stand_on_the_record_of_their_holder_and_on_the_map_without_a_place(tmp_path):
    with site(tmp_path, claim_quota=1) as held:
        taken = held.take(LAB, wish("src"))
        with pytest.raises(Forbidden, match="as many claims"):
            held.take(LAB, wish("doc"))
        (line,) = held.claims.map(coordinator("ada"))
        assert (line.claim.id, line.claim.area, line.holder, line.meets) == (taken.id, None, "lab", 0)


WORDS = st.sampled_from(["a", "a/b", "a/b/c", "c", "d/e"])
WEAKNESSES = st.lists(st.sampled_from(["CWE-787", "CWE-121", "CWE-119", "CWE-79"]), max_size=2)


@given(ours=st.lists(WORDS, max_size=3), theirs=st.lists(WORDS, max_size=3), ask=WEAKNESSES, holds=WEAKNESSES)
def test_units_answer_what_set_arithmetic_over_shown_areas_does(ours, theirs, ask, holds):
    asked = rules.area(wish(*ours, cwes=ask))
    other = replace(claim(), area=rules.area(wish(*theirs, cwes=holds)))
    assert other.area is not None
    state = rules.state_of(other, "", AT, may_be_named=False)
    matched = {text: whole for text, whole in scope.units(other.area).items() if text in scope.units(asked)}
    assert scope.met(asked, matched, state) == rules.met(asked, other.area, state)
