"""Cut a text into the word pieces that the embedding network was trained on, without another library.

The rules are those of BERT's uncased vocabulary (Devlin et al. 2018, "BERT"; the reference tokenizer's `BertNormalizer`
and `WordPiece`): control characters go, ideographs stand alone, accents and case are dropped, punctuation is a word of
its own, and each word is cut greedily into the longest known pieces. A word with an unknown part is `[UNK]`.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from comity.errors import Invalid

UNKNOWN: Final = 100
START: Final = 101
END: Final = 102
PIECES: Final = 128
"""Pieces read of a text, both marks included: what the network was tuned with."""
TEXT_LIMIT: Final = 4096
"""Characters read of a text; 128 pieces never need more of prose."""
WORD_LIMIT: Final = 100
"""A longer word is unknown, as in the reference."""
DIGEST: Final = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
"""SHA-256 of the shipped vocabulary: 30,522 lines, line n is piece n."""

_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def pieces(text: str) -> list[int]:
    """Numbers of a text's pieces between start and end mark, at most `PIECES`; the two marks for a text of nothing."""
    found = [START]
    for word in _words(text[:TEXT_LIMIT]):
        found += _cut(word)
        if len(found) >= PIECES - 1:
            break
    return [*found[: PIECES - 1], END]


def _words(text: str) -> Iterator[str]:
    letters = []
    for letter in text:
        if letter in "\0\ufffd" or (letter not in "\t\n\r" and unicodedata.category(letter)[0] == "C"):
            continue
        letters.append(f" {letter} " if _is_ideograph(letter) else " " if letter.isspace() else letter)
    plain = unicodedata.normalize("NFD", "".join(letters))
    bare = "".join(letter for letter in plain if unicodedata.category(letter) != "Mn").lower()
    for run in bare.split():
        word = ""
        for letter in run:
            if _is_punctuation(letter):
                if word:
                    yield word
                yield letter
                word = ""
            else:
                word += letter
        if word:
            yield word


def _cut(word: str) -> list[int]:
    known = vocabulary()
    if len(word) > WORD_LIMIT:
        return [UNKNOWN]
    found: list[int] = []
    start = 0
    while start < len(word):
        head = "##" if start else ""
        for end in range(len(word), start, -1):
            number = known.get(head + word[start:end])
            if number is not None:
                found.append(number)
                start = end
                break
        else:
            return [UNKNOWN]
    return found


def _is_ideograph(letter: str) -> bool:
    return letter >= "\u3400" and any(low <= ord(letter) <= high for low, high in _IDEOGRAPHS)


def _is_punctuation(letter: str) -> bool:
    if letter < "\x80":
        return letter.isprintable() and not letter.isalnum() and letter != " "
    return unicodedata.category(letter)[0] == "P"


@cache
def vocabulary() -> dict[str, int]:
    """Every piece with its number. Invalid when the shipped file is not the one that the network knows."""
    import hashlib

    data = (files("comity.language") / "vocabulary.txt").read_bytes()
    if hashlib.sha256(data).hexdigest() != DIGEST:
        raise Invalid("the vocabulary of the embedding network was changed: install Comity again")
    return {piece: number for number, piece in enumerate(data.decode().split("\n")[:-1])}
