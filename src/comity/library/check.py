"""Check a signed file for somebody who need not know its kind: a sealed file, or the statement of a validation."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from comity.errors import Invalid, Problem, Tampered
from comity.library.counter import Check, Verification
from comity.sealing import dsse, papers, patches, seal, statement
from comity.sealing.keys import PublicKey

SIGNED: Final = {
    "https://comity.invalid/directive/v1": "a directive",
    "https://comity.invalid/triage/v1": "a forensic triage",
}
"""Predicate types of statements that a named person signs over one file, and what the file is."""


class _Kind(msgspec.Struct):
    predicateType: str = ""  # noqa: N815  in-toto's own name


def checker(trusted: Callable[[], Sequence[PublicKey]]) -> Check:
    """The check against the keys that this host trusts, read anew each time."""

    def check(document: bytes, detached: bytes | None) -> Verification:
        if detached is not None:
            return _sealed(document, detached, trusted())
        if _kind(document) == seal.SEAL:
            reason = "this is a seal: send the file that it seals together with it"
            raise Invalid("a seal alone shows nothing", [Problem("/document", "seal_alone", reason)])
        kind = _kind(document)
        if kind == papers.PAPER:
            return _paper(document, trusted())
        if kind == patches.PATCH:
            return _patch(document, trusted())
        if kind in SIGNED:
            return _signed(document, kind, trusted())
        return _stated(document, trusted())

    return check


def _sealed(document: bytes, detached: bytes, trusted: Sequence[PublicKey]) -> Verification:
    held = seal.verify(document, detached, trusted)
    return Verification(
        sentence=f"The seal holds: {held.standing}.",
        facts=(
            ("file", held.name),
            ("SHA-256", held.digest),
            ("sealed at", held.at.isoformat()),
            ("organisation", held.organisation),
            ("approved by", held.approved_by),
            ("key", held.key.id),
        ),
        is_demo=held.is_demo,
    )


def _stated(document: bytes, trusted: Sequence[PublicKey]) -> Verification:
    held = statement.verify_validation(document, trusted)
    predicate = held.predicate
    said = predicate.get("verdict")
    verdict = said if isinstance(said, dict) else {}
    runs = verdict.get("runs")
    facts = [("verdict", str(verdict.get("kind", "")))]
    for run in runs if isinstance(runs, list) else []:
        facts.append((f"runs on the {run.get('build')} build", f"{run.get('fired')} of {run.get('of')}"))
    facts += [(f"tested file {name}", value) for name, value in held.subjects.items()]
    facts += [
        ("report", str(predicate.get("report", ""))),
        ("containment", str(predicate.get("containment", ""))),
        ("verifier is not the finder", "yes" if predicate.get("verifierIsNotFinder") is True else "no"),
        ("stated at", str(predicate.get("at", ""))),
        ("key", held.key.id),
    ]
    by = (
        f"by {held.key.organisation}"
        if not held.key.demo
        else "by a demo key: a script ran it, no person stands behind it"
    )
    return Verification(
        sentence=f"The signed statement of a validation holds, made {by}.",
        facts=tuple(facts),
        is_demo=held.key.demo,
    )


def _patch(document: bytes, trusted: Sequence[PublicKey]) -> Verification:
    held = patches.verify_patch(document, trusted)
    said = held.predicate
    facts = [("level reached", str(said.get("level")))]
    rungs = said.get("rungs")
    for rung in rungs if isinstance(rungs, list) else []:
        word = "reached" if rung.get("reached") is True else "not reached"
        facts.append((f"{rung.get('rung')}, {rung.get('asks')}", f"{word}: {rung.get('said')}"))
    review = said.get("reviewedBy")
    facts.append(("root cause agreed on by", str(review.get("name")) if isinstance(review, dict) else "nobody yet"))
    facts += [(f"SHA-256 of {name}", value) for name, value in held.subjects.items()]
    for word, key in (("recipe", "recipe"), ("kit", "kit"), ("author's test", "authorsTest")):
        given = said.get(key)
        facts.append((f"SHA-256 of the {word}", str(given.get("sha256")) if isinstance(given, dict) else "none"))
    facts += [
        ("written by", str(said.get("origin"))),
        ("seed", str(said.get("seed"))),
        ("containment", str(said.get("containment"))),
        ("stated at", str(said.get("at"))),
        ("key", held.key.id),
    ]
    by = (
        f"by {held.key.organisation}"
        if not held.key.demo
        else "by a demo key: a script ran it, no person stands behind it"
    )
    return Verification(
        sentence=f"The signed statement of a patch's level holds, made {by}.", facts=tuple(facts), is_demo=held.key.demo
    )


def _paper(document: bytes, trusted: Sequence[PublicKey]) -> Verification:
    held = papers.verify(document, trusted)
    facts = [(name, str(value)) for name, value in sorted(held.predicate.items()) if name not in {"kind", "demo"}]
    facts += [(f"SHA-256 of {name}", value) for name, value in held.subjects.items()]
    by = (
        f"by {held.key.organisation}"
        if not held.key.demo
        else "by a demo key: a script acted, no person stands behind it"
    )
    return Verification(
        sentence=f"The signed statement holds ({held.predicate.get('kind')}), made {by}.",
        facts=(*facts, ("key", held.key.id)),
        is_demo=held.key.demo,
    )


def _signed(document: bytes, kind: str, trusted: Sequence[PublicKey]) -> Verification:
    held = statement.verify(document, kind, trusted)
    said = held.predicate
    if said.get("demo") is not held.key.demo:
        raise Tampered("(6) the statement hides, or pretends, that a demo key signed it")
    facts: list[tuple[str, str]] = []
    facts += [(f"file {name}", str(value)) for name, value in held.subjects.items()]
    facts += [(name, "none" if value is None else str(value)) for name, value in sorted(said.items()) if name != "demo"]
    facts.append(("key", held.key.id))
    script = held.key.demo or said.get("script") is True
    by = str(said.get("signedBy") or said.get("by") or "nobody named")
    who = f"by {by}, a script, not a person" if script else f"by {by}"
    return Verification(
        sentence=f"The signature over {SIGNED[kind]} holds, made {who}; compare the digest with the file's.",
        facts=tuple(facts),
        is_demo=held.key.demo,
    )


def _kind(document: bytes) -> str:
    """Read without trust, only to say what is missing; a file that is no envelope is refused with a sentence."""
    try:
        return msgspec.json.decode(dsse.payload_unverified(document), type=_Kind).predicateType
    except (Tampered, msgspec.DecodeError, RecursionError) as error:
        reason = "send a validation statement, or a file together with its seal"
        raise Invalid("this file carries no signature", [Problem("/document", "not_signed", reason)]) from error
