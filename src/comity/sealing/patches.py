"""Say how far a patch got, as an in-toto Statement v1 that anybody can check offline, and climb again by its seed.

It carries digests, the rungs and Comity's own words: no line of the diff, no report text, no proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.errors import Tampered
from comity.model.ids import Digest, digest
from comity.model.patch import Patch, level_word
from comity.model.recipe import Recipe
from comity.sealing import statement
from comity.sealing.keys import PublicKey, SigningKey

PATCH: Final = "https://comity.invalid/patch/v1"
"""Predicate type of this statement. The name is a name: nothing is fetched from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climbed:
    """What is stated beside the patch itself."""

    patch: Patch
    recipe: Recipe
    environment: Digest
    """Of what held the runs and what ran them."""
    tier: str
    at: datetime


def sign_patch(climbed: Climbed, key: SigningKey) -> bytes:
    """The signed statement: a DSSE envelope, to be kept as it is. ValueError for a patch without a diff."""
    patch, recipe = climbed.patch, climbed.recipe
    if patch.diff is None:
        raise ValueError("a statement is about a diff")
    subjects = {"patch.diff": patch.diff, recipe.vulnerable.purl: recipe.vulnerable.digest}
    review = patch.review
    asked = patch.asking.asked if patch.asking is not None else None
    predicate: dict[str, statement.Json] = {
        "patch": patch.id,
        "case": patch.case,
        "level": level_word(patch.level),
        "rungs": [
            {
                "rung": f"L{rise.rung.value}",
                "asks": rise.rung.words,
                "reached": rise.reached,
                "said": rise.said,
                "facts": dict(rise.facts),
                "seen": {"sha256": rise.digest} if rise.digest else None,
            }
            for rise in patch.rises
        ],
        "recipe": {"sha256": patch.recipe},
        "kit": {"sha256": patch.kit} if patch.kit else None,
        "authorsTest": {"sha256": patch.test} if patch.test else None,
        "seed": str(patch.seed),
        "origin": str(patch.origin),
        "model": asked.model if asked is not None else None,
        "environment": {"sha256": climbed.environment},
        "containment": climbed.tier,
        "reviewedBy": None
        if review is None
        else {
            "name": review.name,
            "script": review.is_script,
            "rootCause": {"sha256": digest(review.root_cause.encode())},
        },
        "verifier": {"organisation": key.public.organisation, "key": key.public.id},
        "demo": key.public.demo,
        "at": climbed.at.isoformat(),
    }
    return statement.sign(subjects, PATCH, predicate, key)


def verify_patch(envelope: bytes, trusted: Sequence[PublicKey]) -> statement.Statement:
    """Open a patch statement; (6) it says of itself whether a demo key signed it, and that is what the key is,
    and (7) the level that it names is the one that its own rungs give.

    Tampered names the step that failed.
    """
    held = statement.verify(envelope, PATCH, trusted)
    said = held.predicate
    if said.get("demo") is not held.key.demo:
        raise Tampered("(6) the statement hides, or pretends, that a demo key signed it")
    if said.get("level") != _level(said):
        raise Tampered("(7) the statement's level is not the one that its rungs give")
    return held


def _level(said: Mapping[str, object]) -> str:
    level = "none"
    rungs = said.get("rungs")
    for place, rung in enumerate(rungs if isinstance(rungs, list) else []):
        if not isinstance(rung, dict) or rung.get("rung") != f"L{place}" or rung.get("reached") is not True:
            break
        level = f"L{place}"
    return level
