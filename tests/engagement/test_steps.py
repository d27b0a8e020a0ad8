"""The pure steps: commitments, redaction, the access ledger, windows, clocks, pairs, probes, terms."""

import hashlib
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.assess import admit, clocks, commit, ledger, pairs, redact, scope, watermark, window
from comity.assess.commit import Leaf
from comity.errors import ComityError, Conflict, Forbidden, Invalid, Tampered
from comity.model.dossier import Engagement, Joint, Signed
from comity.model.engagement import Seat, State
from comity.model.ids import Digest, EngagementId, PartyId
from tests.engagement.hosts import START, TERMS

ID = EngagementId("E-0000-0000-0000")
SALTS = st.binary(min_size=16, max_size=16)
MOMENTS = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC))


@st.composite
def batteries(draw: st.DrawFn) -> list[Leaf]:
    bodies = draw(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
    salts = draw(st.lists(SALTS, min_size=len(bodies), max_size=len(bodies), unique=True))
    return [Leaf(name=f"n{i}", salt=salt, body=body) for i, (salt, body) in enumerate(zip(salts, bodies, strict=True))]


@given(batteries())
def test_every_leaf_opens_and_no_changed_leaf_does(leaves: list[Leaf]) -> None:
    root = commit.root(leaves)
    assert root == commit.root_of([leaf.digest for leaf in leaves])
    for leaf in leaves:
        shown = commit.opening(leaves, leaf.name)
        assert commit.holds(root, shown)
        assert not commit.holds(root, replace(shown, leaf=replace(leaf, body=leaf.body + b"x")))
        assert not commit.holds(root, replace(shown, leaf=replace(leaf, salt=bytes(a ^ 1 for a in leaf.salt))))
        assert not commit.holds(root, replace(shown, place=shown.place + 1))
        assert not commit.holds(root, replace(shown, leaves=shown.leaves + 1))
        if shown.path:
            assert not commit.holds(root, replace(shown, path=shown.path[:-1]))


def test_a_leaf_is_the_salted_digest_and_an_interior_node_passes_for_none() -> None:
    leaves = [Leaf(name=str(n), salt=bytes([n]) * 16, body=b"b") for n in range(4)]
    assert leaves[1].digest == hashlib.sha256(bytes([1]) * 16 + b"b").hexdigest()
    pair = b"\x01" + bytes.fromhex(leaves[0].digest) + bytes.fromhex(leaves[1].digest)
    forged = Leaf(name="x", salt=pair[:16], body=pair[16:])
    root = commit.root(leaves)
    shown = commit.opening(leaves, "0")
    for path in itertools.permutations(shown.path):
        assert not commit.holds(root, replace(shown, leaf=forged, path=tuple(path[1:]), leaves=2))
        assert not commit.holds(root, replace(shown, leaf=forged, path=tuple(path[1:]), leaves=4))


def test_a_small_threshold_cannot_be_guessed_from_its_digest() -> None:
    """Without salt, all minutes up to a week are tried in a moment; with 128 random bits none of them fits."""
    leaf = Leaf(name="threshold", salt=b"\x07" * 16, body=b'{"minutes": 60}')
    guesses = {hashlib.sha256(b'{"minutes": %d}' % minute).hexdigest() for minute in range(10_080)}
    assert leaf.digest not in guesses


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.integers() | st.text(max_size=9), min_size=1), st.data())
def test_every_redaction_has_the_digest_of_the_whole(document: dict[str, object], data: st.DataObject) -> None:
    document = {name: value if not isinstance(value, int) else value % 2**53 for name, value in document.items()}
    salts = {name: redact.salt(b"k" * 32, "d", name) for name in document}
    keep = data.draw(st.sets(st.sampled_from(sorted(document))))
    whole = redact.whole(document, salts)
    cut = redact.redacted(document, salts, keep=keep)
    assert redact.digest(cut) == redact.digest(whole)
    assert {name for name, part in cut.items() if redact.SHOWN in part} == keep
    name = min(document)
    assert redact.digest({**whole, name: {**whole[name], redact.SHOWN: "changed!"}}) != redact.digest(whole)


@pytest.mark.parametrize("bad", [{"a": 1}, {"a": {}}, {"a": {"left_out": "x"}}, {"a": {"shown": 1, "salt": "zz"}}])
def test_another_shape_is_no_redacted_document(bad: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        redact.digest(bad)


def _chain(number: int) -> list[ledger.Entry]:
    made: list[ledger.Entry] = []
    for n in range(number):
        last = made[-1] if made else None
        made.append(
            ledger.next_entry(
                last, ID, at=START + timedelta(n), person=f"p{n}", seat="s", what="w", why="y", parts=("a",)
            )
        )
    return made


def test_a_ledger_with_one_entry_changed_moved_or_gone_does_not_verify() -> None:
    whole = _chain(5)
    assert ledger.verify(whole, ID) == whole[-1].hash
    bad = [
        [*whole[:2], replace(whole[2], person="x"), *whole[3:]],
        [whole[1], whole[0], *whole[2:]],
        whole[1:],
        [*whole[:2], *whole[3:]],
    ]
    for entries in bad:
        with pytest.raises(Tampered):
            ledger.verify(entries, ID)
    with pytest.raises(Tampered):
        ledger.verify(whole, EngagementId("E-1111-1111-1111"))


@given(MOMENTS, st.integers(1, 30), st.none() | MOMENTS, st.lists(st.tuples(MOMENTS, st.booleans()), max_size=6))
def test_no_sequence_of_moves_takes_a_window_past_its_cap(
    start: datetime, days: int, planned: datetime | None, wishes: list[tuple[datetime, bool]]
) -> None:
    """DR4: [t0, min(t0 + 30 days, planned)]; never past the cap, never later without the developer's signature."""
    try:
        held = window.opened(start, days=days, planned=planned)
    except Conflict:
        assert planned is not None
        assert planned <= start
        return
    cap = held.cap
    assert cap <= start + timedelta(days=30)
    assert planned is None or cap <= planned
    for end, signed in wishes:
        now = start + timedelta(minutes=1)
        before = held
        try:
            held = window.moved(held, end, now=now, developer_signed=signed)
        except ComityError:
            assert held == before
        assert held.end <= cap
        assert held.cap == cap
        if held.end > before.end:
            assert signed
    assert not window.is_open(held, held.end)
    assert not window.is_open(held, cap)


def test_a_window_that_is_over_is_opened_by_nothing() -> None:
    held = window.opened(START, days=1, planned=None)
    with pytest.raises(Conflict, match="nothing opens"):
        window.moved(held, held.cap, now=held.end, developer_signed=True)


@given(MOMENTS, st.integers(0, 40))
def test_working_days_are_mondays_to_fridays(start: datetime, days: int) -> None:
    end = clocks.working_days_after(start, days)
    passed = [(start + timedelta(n)).weekday() for n in range(1, (end - start).days + 1)]
    assert sum(day < 5 for day in passed) == days
    assert (end - start).seconds == 0
    assert days == 0 or end.weekday() < 5


def _engagement(state: State = State.OPEN) -> Engagement:
    return Engagement(
        id=ID,
        state=state,
        since=START,
        opened_at=START,
        developer=PartyId("lab"),
        developer_name="Lab",
        subject="s",
        question="q",
    )


def _name(person: str, seat: Seat) -> Signed:
    return Signed(person=PartyId(person), name=person, seat=seat, is_script=False, digest=Digest("0" * 64), at=START)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(Seat))), max_size=5), st.sampled_from(list(Joint))
)
def test_a_joint_act_takes_two_persons_of_different_roles_out_of_its_pair(
    names: list[tuple[str, Seat]], joint: Joint
) -> None:
    held = _engagement()
    for person, seat in names:
        try:
            held = pairs.agreed(held, joint, "x", _name(person, seat))
        except (Forbidden, Conflict):
            continue
    one, other = pairs.PAIRS[joint]
    taken = held.agreements[0].by if held.agreements else ()
    assert len({s.person for s in taken}) == len(taken)
    possible = any(
        a.person != b.person and a.seat is not b.seat and a.seat in one and b.seat in other
        for a, b in itertools.permutations(taken, 2)
    )
    assert pairs.ready(held, joint, "x") is possible
    if possible:
        used = pairs.used(held, joint, "x", at=START)
        assert not pairs.ready(used, joint, "x")
    else:
        with pytest.raises(Forbidden):
            pairs.used(held, joint, "x", at=START)


def test_every_pair_is_of_two_roles_and_the_developer_is_in_each_that_gives_something_away() -> None:
    for joint, (one, other) in pairs.PAIRS.items():
        assert one
        assert other
        assert one != other, joint
    for joint in (Joint.EXPORT, Joint.WINDOW, Joint.PARTNER, Joint.SECTION):
        assert any(side <= {Seat.SIGNATORY, Seat.ENGINEER} for side in pairs.PAIRS[joint])


def test_terms_come_back_from_their_form_and_have_one_set_of_bytes() -> None:
    made = scope.terms({**TERMS, "planned_release": "2026-12-24T00:00Z", "parameters": "messages, seed"}, number=3)
    assert scope.terms(scope.values(made), number=3) == made
    assert scope.canonical(made) == scope.canonical(scope.terms(scope.values(made), number=3))
    assert scope.terms_digest(made) != scope.terms_digest(replace(made, number=4))


def test_terms_that_cannot_be_read_list_every_place() -> None:
    bad = {**TERMS, "scope": "", "window_days": "31", "people": "a b/c", "access": "AL9", "planned_release": "soon"}
    with pytest.raises(Invalid) as refused:
        scope.terms(bad, number=1)
    places = {one.pointer for one in refused.value.problems}
    assert places >= {"/scope", "/window_days", "/people", "/access", "/planned_release"}


@settings(max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=4),
    )
)
def test_no_request_body_makes_the_decision_fail(body: object) -> None:
    terms = scope.terms(TERMS, number=1)
    used = admit.Used(run_tokens=0, total_tokens=0, last_minute=0)
    assert isinstance(admit.decide(body, terms, used), admit.Refused)
    found = admit.judge(json.dumps(body).encode(), terms, b"")
    assert isinstance(found, admit.Refused)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 2000))
def test_what_goes_through_never_passes_a_budget(run: int, total: int, cap: int) -> None:
    terms = scope.terms(TERMS, number=1)
    body = {"model": terms.model, "messages": [{"role": "user", "content": "x"}], "max_tokens": cap}
    found = admit.decide(body, terms, admit.Used(run_tokens=run, total_tokens=total, last_minute=0))
    if isinstance(found, admit.Admitted):
        assert run + found.reserve <= terms.limits.run_tokens
        assert total + found.reserve <= terms.limits.total_tokens
        assert json.loads(found.body)["max_tokens"] <= terms.limits.answer_tokens


def test_a_canary_traces_its_viewer_and_nobody_else() -> None:
    mark = watermark.mark(b"s" * 32, engagement=ID, person="p1", viewer="Ada", part="page", at=START)
    people = {"p1": "Ada", "p2": "Grace"}
    assert watermark.traced(b"s" * 32, mark.canary, engagement=ID, people=people, parts=("page",)) == "Ada"
    assert watermark.traced(b"t" * 32, mark.canary, engagement=ID, people=people, parts=("page",)) == ""
    assert mark.line.isprintable()


def test_a_card_with_a_very_large_number_opens_again(tmp_path: object) -> None:
    """Found by the demo: the far end of an interval above 2^53 minutes comes back from JSON as a whole number."""
    from pathlib import Path

    from comity.assess import flow_card
    from comity.sealing import keys
    from comity.settings import Settings

    assert isinstance(tmp_path, Path)
    key = keys.signing_key(Settings(data=tmp_path / "data", keys=tmp_path / "keys"))
    file = flow_card.sign({"sections": {}, "far": [1.2087495150433106e18, 2.5, 3]}, key)
    assert [float(one) for one in flow_card.open_card(file).card["far"]] == [1.2087495150433106e18, 2.5, 3.0]
