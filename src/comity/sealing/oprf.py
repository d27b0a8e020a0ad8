"""Evaluate a keyed function on something the host never sees, so that both can compare and neither learns more.

RFC 9497, mode VOPRF (0x01), suite ristretto255-SHA512. The asker blinds an input, the host evaluates the blinded
element under its key and proves that it used the published one, the asker checks the proof and takes the blind off
again. The host can compute the same tag of an input that it holds itself (`Key.tag`). Group arithmetic is libsodium's;
this file is the layer of the RFC above it, step by step. Elements and scalars are 32 bytes, tags 64. Needs the extra
`comity[server]`.
"""

import hashlib
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Final

from comity.errors import Invalid, Tampered, Unavailable

try:
    import rbcl
except ImportError as error:
    raise Unavailable("the blind check needs libsodium: install comity[server]") from error
Path(sys.modules["rbcl._sodium"].lib_path).unlink(missing_ok=True)
"""rbcl writes its library to a temporary file of 2.8 MB at each import and leaves it; loaded, it is needed no more."""

CONTEXT: Final = b"OPRFV1-\x01-ristretto255-SHA512"
"""RFC 9497 3.1: names version, mode and suite, and so keeps every hash of this protocol apart from any other's."""
ELEMENT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
TAG_BYTES: Final = 64
INPUT_LIMIT_BYTES: Final = 65535
"""RFC 9497 1.2: longer inputs have no encoding."""
BATCH_LIMIT: Final = 64
"""Blinded elements that one proof covers here; the RFC allows more, a fingerprint set never needs it."""
FIELD: Final = 2**255 - 19
"""RFC 9496 4.1: the size of the field that elements are spelled in."""
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""RFC 9496 4: the order of the group."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Key:
    """The host's secret scalar of one epoch. Its `public` element is what the proof is held against."""

    secret: bytes

    @classmethod
    def fresh(cls) -> "Key":
        """A key nobody can derive again."""
        return cls(secret=_fresh_scalar())

    @classmethod
    def derived(cls, seed: bytes, info: bytes) -> "Key":
        """RFC 9497 3.2.1 DeriveKeyPair: the same seed of 32 bytes and public `info` always give the same key."""
        if len(seed) != 32:
            raise Invalid("a key is derived from a seed of exactly 32 bytes")
        for counter in range(256):
            scalar = _to_scalar(seed + _sized(info) + bytes([counter]), b"DeriveKeyPair" + CONTEXT)
            if any(scalar):
                return cls(secret=scalar)
        raise Invalid("this seed gives no key: choose another")

    @property
    def public(self) -> bytes:
        """The element to publish."""
        return _base_times(self.secret)

    def answer(self, blinded: Sequence[bytes]) -> "Answer":
        """RFC 9497 3.3.2 BlindEvaluate: one evaluated element for each blinded one, and one proof over all.

        Invalid for an element that is none, or for none or too many of them.
        """
        return self._answer(blinded, _fresh_scalar())

    def _answer(self, blinded: Sequence[bytes], nonce: bytes) -> "Answer":
        held = _elements(blinded)
        evaluated = tuple(_times(self.secret, element) for element in held)
        public = self.public
        folded = _folded(public, held, evaluated)[0]
        mirrored = _times(self.secret, folded)
        challenge = _challenge(public, folded, mirrored, _base_times(nonce), _times(nonce, folded))
        response = rbcl.crypto_core_ristretto255_scalar_sub(
            nonce, rbcl.crypto_core_ristretto255_scalar_mul(challenge, self.secret)
        )
        return Answer(evaluated=evaluated, proof=challenge + response)

    def tag(self, secret_input: bytes) -> bytes:
        """RFC 9497 3.3.1 Evaluate: the tag of an input that the host holds in clear."""
        return _tag(secret_input, _times(self.secret, _to_element(secret_input)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the host sends back: an element for each question, in order, and the proof (challenge, response)."""

    evaluated: tuple[bytes, ...]
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question:
    """A blinded input. `element` goes to the host; `secret_input` and `blind` stay with the asker until opening."""

    secret_input: bytes
    blind: bytes
    element: bytes

    @classmethod
    def about(cls, secret_input: bytes) -> "Question":
        """Blind an input with a scalar that is used once. RFC 9497 3.3.2 Blind."""
        return cls.blinded_by(_fresh_scalar(), secret_input)

    @classmethod
    def blinded_by(cls, blind: bytes, secret_input: bytes) -> "Question":
        """The question that this scalar makes of this input: so an opened one is checked. Invalid for no scalar."""
        _scalar(blind)
        return cls(secret_input=secret_input, blind=blind, element=_times(blind, _to_element(secret_input)))


def tags(questions: Sequence[Question], answer: Answer, *, public: bytes) -> tuple[bytes, ...]:
    """Check the host's proof against its published element and take the blinds off. RFC 9497 3.3.2 Finalize.

    Tampered when the proof fails: the host used another key than the published one, or the answer was changed.
    """
    if len(questions) != len(answer.evaluated):
        raise Tampered("the host did not answer exactly what was asked: do not use this answer")
    try:
        blinded = _elements([question.element for question in questions])
        evaluated = _elements(answer.evaluated)
        (published,) = _elements([public])
        challenge, response = _proof(answer.proof)
    except Invalid as error:
        raise Tampered(f"the host's answer is malformed ({error}): do not use it") from error
    folded, mirrored = _folded(published, blinded, evaluated)
    again = _challenge(
        published,
        folded,
        mirrored,
        _sum(_base_times(response), _times(challenge, published)),
        _sum(_times(response, folded), _times(challenge, mirrored)),
    )
    if not compare_digest(again, challenge):
        raise Tampered("the host's proof fails: it did not use its published key. Do not use this answer")
    found = []
    for question, element in zip(questions, evaluated, strict=True):
        inverse = rbcl.crypto_core_ristretto255_scalar_invert(question.blind)
        found.append(_tag(question.secret_input, _times(inverse, element)))
    return tuple(found)


# The proof (RFC 9497 2.2) -------------------------------------------------------------------------------------------


def _folded(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> tuple[bytes, bytes]:
    """RFC 9497 2.2.1 ComputeComposites: all pairs folded into one by weights that nobody chooses."""
    seed = hashlib.sha512(_sized(public) + _sized(b"Seed-" + CONTEXT)).digest()
    one = two = None
    for place, (asked, told) in enumerate(zip(blinded, evaluated, strict=True)):
        weight = _hashed_scalar(_sized(seed) + place.to_bytes(2, "big") + _sized(asked) + _sized(told) + b"Composite")
        first, second = _times(weight, asked), _times(weight, told)
        one = first if one is None else _sum(one, first)
        two = second if two is None else _sum(two, second)
    assert one is not None
    assert two is not None
    return one, two


def _challenge(*elements: bytes) -> bytes:
    """RFC 9497 2.2.1: the scalar that binds public element, composites and both commitments."""
    return _hashed_scalar(b"".join(_sized(element) for element in elements) + b"Challenge")


def _proof(proof: bytes) -> tuple[bytes, bytes]:
    if len(proof) != 2 * SCALAR_BYTES:
        raise Invalid("a proof has 64 bytes")
    challenge, response = proof[:SCALAR_BYTES], proof[SCALAR_BYTES:]
    for part in (challenge, response):
        if int.from_bytes(part, "little") >= ORDER:
            raise Invalid("a proof's scalar is not reduced")
    return challenge, response


# The group (RFC 9497 4.1) -------------------------------------------------------------------------------------------


def _to_element(secret_input: bytes) -> bytes:
    """HashToGroup. An input that maps to the identity has no tag; none is known."""
    if len(secret_input) > INPUT_LIMIT_BYTES:
        raise Invalid(f"an input has at most {INPUT_LIMIT_BYTES} bytes")
    uniform = _expand(secret_input, b"HashToGroup-" + CONTEXT)
    element: bytes = rbcl.crypto_core_ristretto255_from_hash(uniform)
    if not any(element):
        raise Invalid("this input has no tag")
    return element


def _hashed_scalar(message: bytes) -> bytes:
    return _to_scalar(message, b"HashToScalar-" + CONTEXT)


def _to_scalar(message: bytes, domain: bytes) -> bytes:
    reduced: bytes = rbcl.crypto_core_ristretto255_scalar_reduce(_expand(message, domain))
    return reduced


def _expand(message: bytes, domain: bytes) -> bytes:
    """RFC 9380 5.3.1 expand_message_xmd with SHA-512, for the 64 bytes that are one digest long."""
    tail = domain + bytes([len(domain)])
    first = hashlib.sha512(bytes(128) + message + (64).to_bytes(2, "big") + b"\x00" + tail).digest()
    return hashlib.sha512(first + b"\x01" + tail).digest()


def _elements(given: Sequence[bytes]) -> tuple[bytes, ...]:
    """Elements from outside: canonical, valid, and not the identity (RFC 9497 4.1 DeserializeElement)."""
    if not 1 <= len(given) <= BATCH_LIMIT:
        raise Invalid(f"ask about 1 to {BATCH_LIMIT} elements at once, not {len(given)}")
    for place, element in enumerate(given):
        if not _is_canonical(element) or not rbcl.crypto_core_ristretto255_is_valid_point(element):
            raise Invalid(f"element {place} is no element of the group")
    return tuple(given)


def _is_canonical(element: bytes) -> bool:
    """RFC 9496 4.3.1, steps 1 and 2: below the field's size, not negative; here also not the identity.

    Asked here because the bundled libsodium overlooks the highest bit, so that every element had a second spelling.
    """
    number = int.from_bytes(element, "little")
    return len(element) == ELEMENT_BYTES and 0 < number < FIELD and number % 2 == 0


def _scalar(given: bytes) -> None:
    if len(given) != SCALAR_BYTES or not 0 < int.from_bytes(given, "little") < ORDER:
        raise Invalid("a blind is a scalar between 1 and the order of the group")


def _times(scalar: bytes, element: bytes) -> bytes:
    product: bytes = rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(scalar, element)
    return product


def _base_times(scalar: bytes) -> bytes:
    product: bytes = rbcl.crypto_scalarmult_ristretto255_base_allow_scalar_zero(scalar)
    return product


def _sum(one: bytes, two: bytes) -> bytes:
    total: bytes = rbcl.crypto_core_ristretto255_add(one, two)
    return total


def _fresh_scalar() -> bytes:
    while True:
        reduced: bytes = rbcl.crypto_core_ristretto255_scalar_reduce(secrets.token_bytes(64))
        if any(reduced):
            return reduced


def _tag(secret_input: bytes, element: bytes) -> bytes:
    return hashlib.sha512(_sized(secret_input) + _sized(element) + b"Finalize").digest()


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part
