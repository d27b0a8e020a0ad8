"""State that somebody signed an engagement's paper, or that evidence was erased, so that anybody can check it offline.

The statement (in-toto v1 in DSSE) names the paper by its SHA-256 and says who, in which seat and when. It holds no text
of the paper, and no outcome of any measurement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from comity.model.ids import Digest
from comity.sealing import statement
from comity.sealing.keys import PublicKey, SigningKey
from comity.sealing.statement import Json, Statement

PAPER: Final = "https://comity.invalid/engagement-paper/v1"
"""Predicate type of these statements. The name is a name: nothing is fetched from it."""


def sign(
    kind: str, subjects: Mapping[str, Digest], fields: Mapping[str, str], key: SigningKey, *, at: datetime
) -> bytes:
    """The signed statement: a DSSE envelope, to be kept as it is."""
    predicate: dict[str, Json] = {
        **fields,
        "kind": kind,
        "organisation": key.public.organisation,
        "demo": key.public.demo,
        "at": at.isoformat(),
    }
    return statement.sign(subjects, PAPER, predicate, key)


def verify(envelope: bytes, trusted: Sequence[PublicKey]) -> Statement:
    """Open such a statement. Tampered names the step that failed (see `statement.verify`)."""
    return statement.verify(envelope, PAPER, trusted)
