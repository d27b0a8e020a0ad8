"""Attacks on the blind function: other spellings of elements and scalars, replayed proofs, a host that lies in part."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid, Tampered
from comity.sealing import oprf
from comity.sealing.oprf import FIELD, ORDER, Answer, Key, Question

IDENTITY = bytes(32)
KEY = Key.derived(bytes(range(32)), b"attacks")


def asked(*texts: bytes) -> list[Question]:
    return [Question.about(text) for text in texts]


def answered(questions: list[Question], key: Key = KEY) -> Answer:
    return key.answer([question.element for question in questions])


def spelled(number: int) -> bytes:
    return number.to_bytes(32, "little")


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=40))
def test_an_element_has_one_spelling(text):
    """RFC 9496 4.3.1: a negative, an unreduced or a high-bit spelling is no element, neither asked nor answered."""
    (question,) = asked(text)
    number = int.from_bytes(question.element, "little")
    for other in (FIELD - number, number + 2**255):
        with pytest.raises(Invalid, match="no element"):
            KEY.answer([spelled(other)])
        with pytest.raises(Tampered, match="malformed"):
            oprf.tags([question], Answer(evaluated=(spelled(other),), proof=bytes(64)), public=KEY.public)


@pytest.mark.parametrize("above", range(19))
def test_no_number_from_the_field_size_on_is_an_element(above):
    with pytest.raises(Invalid, match="no element"):
        KEY.answer([spelled(FIELD + above)])


def test_the_identity_is_neither_asked_answered_nor_published():
    (question,) = asked(b"x")
    good = answered([question])
    with pytest.raises(Invalid):
        KEY.answer([question.element, IDENTITY])
    with pytest.raises(Tampered):
        oprf.tags([question], Answer(evaluated=(IDENTITY,), proof=good.proof), public=KEY.public)
    with pytest.raises(Tampered):
        oprf.tags([question], good, public=IDENTITY)


def test_a_host_whose_key_is_zero_answers_nobody():
    """A zero key would map every input to one tag, so that a host could make everybody's questions match."""
    (question,) = asked(b"x")
    zero = Key(secret=bytes(32))
    with pytest.raises(Tampered):
        oprf.tags([question], zero.answer([question.element]), public=zero.public)


def test_a_proof_is_of_one_batch_alone():
    first, second = asked(b"a", b"b"), asked(b"a", b"b")
    one, two = answered(first), answered(second)
    for evaluated, proof in ((one.evaluated, two.proof), (two.evaluated, two.proof)):
        with pytest.raises(Tampered):
            oprf.tags(first, Answer(evaluated=evaluated, proof=proof), public=KEY.public)
    with pytest.raises(Tampered):
        oprf.tags(first[:1], Answer(evaluated=one.evaluated[:1], proof=one.proof), public=KEY.public)


def test_an_answer_of_the_last_epoch_does_not_pass_under_this_one():
    """The old answer is right in itself; against the key that is published now it is not."""
    questions, following = asked(b"a"), Key.fresh()
    old = answered(questions)
    oprf.tags(questions, old, public=KEY.public)
    with pytest.raises(Tampered, match="published key"):
        oprf.tags(questions, old, public=following.public)


@pytest.mark.parametrize("marked", [0, 1, 2])
def test_one_element_under_another_key_spoils_the_batch(marked):
    """A host could mark an asker by one of three tags: the proof covers each."""
    questions, other = asked(b"a", b"b", b"c"), Key.fresh()
    right, wrong = answered(questions), answered(questions, other)
    evaluated = list(right.evaluated)
    evaluated[marked] = wrong.evaluated[marked]
    for proof in (right.proof, wrong.proof):
        with pytest.raises(Tampered):
            oprf.tags(questions, Answer(evaluated=tuple(evaluated), proof=proof), public=KEY.public)


def test_errors_that_cancel_out_are_found():
    """Two answers moved by the same element in opposite directions have the right sum; the weights do not."""
    questions = asked(b"a", b"b")
    right = answered(questions)
    step, back = (oprf._times(spelled(n), right.evaluated[0]) for n in (7, ORDER - 7))
    moved = (oprf._sum(right.evaluated[0], step), oprf._sum(right.evaluated[1], back))
    with pytest.raises(Tampered):
        oprf.tags(questions, Answer(evaluated=moved, proof=right.proof), public=KEY.public)


@pytest.mark.parametrize("half", [0, 1])
def test_a_proof_has_one_spelling(half):
    questions = asked(b"a")
    right = answered(questions)
    parts = [int.from_bytes(right.proof[at : at + 32], "little") for at in (0, 32)]
    parts[half] += ORDER
    again = Answer(evaluated=right.evaluated, proof=b"".join(map(spelled, parts)))
    with pytest.raises(Tampered, match="not reduced"):
        oprf.tags(questions, again, public=KEY.public)


def test_a_blind_has_one_spelling():
    (question,) = asked(b"a")
    for other in (0, ORDER, int.from_bytes(question.blind, "little") + ORDER):
        with pytest.raises(Invalid):
            Question.blinded_by(spelled(other), b"a")


def test_asking_twice_about_one_thing_in_a_batch_gives_one_tag_and_two_elements():
    questions = asked(b"same", b"same")
    assert questions[0].element != questions[1].element
    first, second = oprf.tags(questions, answered(questions), public=KEY.public)
    assert first == second == KEY.tag(b"same")


def test_another_blind_never_opens_a_question_as_something_else():
    """Opening binds: for an element and another input no scalar is known that fits, and the true one does not."""
    (question,) = asked(b"what was asked")
    assert Question.blinded_by(question.blind, b"what was asked").element == question.element
    assert Question.blinded_by(question.blind, b"something else").element != question.element
