"""The blind function gives the RFC's own answers, and refuses every answer that was not made with the published key."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.errors import Invalid, Tampered
from comity.sealing import oprf
from comity.sealing.oprf import Answer, Key, Question

IDENTITY = bytes(32)


@pytest.fixture(scope="module")
def suite(corpora):
    """RFC 9497 appendix A.1.2, as the authors publish it (data/formats/oprf)."""
    held = json.loads((corpora / "formats" / "oprf" / "rfc9497-ristretto255-sha512.json").read_text())
    (found,) = [one for one in held if one["mode"] == 1]
    return found


def many(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


def test_loading_the_library_leaves_no_file_behind(tmp_path):
    words = [sys.executable, "-c", "from comity.sealing.oprf import Key; Key.derived(bytes(32), b'').public"]
    subprocess.run(words, env={**os.environ, "TMPDIR": str(tmp_path)}, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


def test_the_key_of_the_rfc_is_derived(suite):
    key = Key.derived(bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))
    assert key.secret.hex() == suite["skSm"]
    assert key.public.hex() == suite["pkSm"]


def test_every_vector_of_the_rfc_is_met_step_by_step(suite):
    key = Key(secret=bytes.fromhex(suite["skSm"]))
    assert len(suite["vectors"]) == 3
    for vector in suite["vectors"]:
        inputs, blinds = many(vector["Input"]), many(vector["Blind"])
        asked = [Question.blinded_by(blind, one) for blind, one in zip(blinds, inputs, strict=True)]
        assert [question.element for question in asked] == many(vector["BlindedElement"])
        answer = key._answer([q.element for q in asked], bytes.fromhex(vector["Proof"]["r"]))
        assert list(answer.evaluated) == many(vector["EvaluationElement"])
        assert answer.proof.hex() == vector["Proof"]["proof"]
        assert list(oprf.tags(asked, answer, public=key.public)) == many(vector["Output"])
        assert [key.tag(one) for one in inputs] == many(vector["Output"])


@settings(max_examples=25, deadline=None)
@given(inputs=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_asker_and_host_reach_the_same_tags(inputs):
    key = Key.fresh()
    asked = [Question.about(one) for one in inputs]
    found = oprf.tags(asked, key.answer([q.element for q in asked]), public=key.public)
    assert list(found) == [key.tag(one) for one in inputs]


def test_the_same_input_is_never_blinded_to_the_same_element_twice():
    assert Question.about(b"x").element != Question.about(b"x").element


def test_tags_of_two_keys_have_nothing_in_common():
    assert Key.fresh().tag(b"x") != Key.fresh().tag(b"x")


def test_an_answer_under_another_key_than_the_published_one_is_refused():
    question = Question.about(b"x")
    with pytest.raises(Tampered, match="published key"):
        oprf.tags([question], Key.fresh().answer([question.element]), public=Key.fresh().public)


@pytest.mark.parametrize("place", [0, 31, 32, 63])
def test_a_proof_with_one_bit_changed_is_refused(place):
    key, question = Key.fresh(), Question.about(b"x")
    answer = key.answer([question.element])
    proof = bytearray(answer.proof)
    proof[place] ^= 1
    with pytest.raises(Tampered):
        oprf.tags([question], Answer(evaluated=answer.evaluated, proof=bytes(proof)), public=key.public)


def test_answers_in_another_order_or_number_are_refused():
    key = Key.fresh()
    asked = [Question.about(b"x"), Question.about(b"y")]
    answer = key.answer([q.element for q in asked])
    swapped = Answer(evaluated=tuple(reversed(answer.evaluated)), proof=answer.proof)
    with pytest.raises(Tampered):
        oprf.tags(asked, swapped, public=key.public)
    with pytest.raises(Tampered, match="exactly what was asked"):
        oprf.tags(asked[:1], answer, public=key.public)


@pytest.mark.parametrize("element", [b"", IDENTITY, b"\xff" * 32, bytes(31), b"\x01" + bytes(31)])
def test_what_is_no_element_is_not_evaluated(element):
    with pytest.raises(Invalid, match="no element"):
        Key.fresh().answer([element])


def test_no_element_and_too_many_are_refused():
    with pytest.raises(Invalid, match="1 to 64"):
        Key.fresh().answer([])
    with pytest.raises(Invalid, match="1 to 64"):
        Key.fresh().answer([Question.about(b"x").element] * 65)


@pytest.mark.parametrize("blind", [bytes(32), oprf.ORDER.to_bytes(32, "little"), b"\x01"])
def test_a_blind_that_is_no_scalar_opens_nothing(blind):
    with pytest.raises(Invalid, match="scalar"):
        Question.blinded_by(blind, b"x")


def test_opening_a_question_shows_whether_it_was_about_the_committed_input():
    question = Question.about(b"x")
    assert Question.blinded_by(question.blind, b"x").element == question.element
    assert Question.blinded_by(question.blind, b"y").element != question.element


def test_keys_and_questions_say_nothing_of_their_secrets_when_printed():
    key, question = Key.fresh(), Question.about(b"a finding")
    assert key.secret.hex() not in repr(key)
    assert "a finding" not in repr(question)
