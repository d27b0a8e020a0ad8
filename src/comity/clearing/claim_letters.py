"""Compose what a host tells a partner host of its scan claims, and read what a partner tells. Pure.

A letter is the whole of what is told at its time, canonical JSON (RFC 8785), signed: a claim that is not in the newest
letter is not told any more. A claim goes along only when its holder agreed, under the label that they gave it, and its
holder is named only when they agreed to that too. A blind claim cannot go along: it opens under this host's key alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
import rfc8785

from comity.clearing import claims
from comity.clearing.claims import Wish
from comity.errors import Invalid, Problem
from comity.formats import times
from comity.model.claim import Claim, Ending, HeardClaim
from comity.model.handling import Tlp
from comity.model.ids import Digest

SCHEMA: Final = "comity-claims/1"
RECEIPT_SCHEMA: Final = "comity-claims-receipt/1"
MOST: Final = 2000
"""Claims in one letter (policy parameter)."""
AHEAD: Final = timedelta(minutes=5)
"""How far a partner's clock may be ahead."""
NAME_LIMIT: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Everything that one host tells another of claims, as of `sent_at`."""

    from_key: str
    to_key: str
    sent_at: datetime
    claims: tuple[HeardClaim, ...]


def tellable(held: Iterable[tuple[Claim, str]], now: datetime) -> tuple[HeardClaim, ...]:
    """What goes along of these claims (each with its holder's name), those that end last first when there are many."""
    found = [
        HeardClaim(
            id=one.id,
            area=one.area,
            at=one.ends_at if one.is_open(now) else one.ended_at or one.ends_at,
            ending=None if one.is_open(now) else claims.ending_of(one),
            tlp=one.shared,
            name=name[:NAME_LIMIT] if one.may_be_named else "",
        )
        for one, name in held
        if one.shared is not None and one.area is not None and claims.is_worth_telling(one, now)
    ]
    found.sort(key=lambda one: (one.ending is not None, -one.at.timestamp(), one.id))
    return tuple(found[:MOST])


def letter_bytes(letter: Letter) -> bytes:
    """The canonical bytes that are signed."""
    return rfc8785.dumps(
        {
            "schema": SCHEMA,
            "from_key": letter.from_key,
            "to_key": letter.to_key,
            "sent_at": times.write(letter.sent_at),
            "claims": [
                {
                    "id": one.id,
                    **claims.plain(one.area),
                    "at": times.write(one.at),
                    "ending": one.ending.value if one.ending else "",
                    "tlp": one.tlp.label,
                    "name": one.name,
                }
                for one in letter.claims
            ],
        }
    )


class _Claim(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    repository: str
    paths: list[str]
    cwes: list[str]
    methods: list[str]
    commits: list[str]
    at: datetime
    ending: str
    tlp: str
    name: str


class _Letter(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    from_key: str
    to_key: str
    sent_at: datetime
    claims: list[_Claim]


def read_letter(payload: bytes, *, now: datetime) -> Letter:
    """The letter of these signed bytes. Invalid for a shape or a value that this contract does not know."""
    try:
        held = msgspec.json.decode(payload, type=_Letter)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("", "bad_shape", f"must be {SCHEMA}: {error}") from error
    if held.schema != SCHEMA:
        raise _bad("/schema", "unknown_schema", f"must be {SCHEMA}")
    if held.sent_at.tzinfo is None or held.sent_at > now + AHEAD:
        raise _bad("/sent_at", "invalid_time", "a moment with its offset from UTC that has passed")
    if len(held.claims) > MOST:
        raise _bad("/claims", "too_many_items", f"at most {MOST} claims")
    return Letter(
        from_key=held.from_key,
        to_key=held.to_key,
        sent_at=held.sent_at,
        claims=tuple(_read_claim(place, one) for place, one in enumerate(held.claims)),
    )


def _read_claim(place: int, one: _Claim) -> HeardClaim:
    labels = {tlp.label: tlp for tlp in Tlp}
    where = f"/claims/{place}"
    if one.tlp not in labels:
        raise _bad(f"{where}/tlp", "unknown_label", f"one of {', '.join(labels)}")
    if one.ending not in {"", Ending.FINDINGS.value, Ending.NOTHING_FOUND.value}:
        raise _bad(f"{where}/ending", "unknown_ending", "empty while it is open, findings, or nothing found")
    if one.at.tzinfo is None:
        raise _bad(f"{where}/at", "invalid_time", "must carry its offset from UTC")
    for name, most in (("id", 64), ("name", NAME_LIMIT)):
        text = getattr(one, name)
        if len(text) > most or not text.isprintable():
            raise _bad(f"{where}/{name}", "bad_text", f"one line of at most {most} characters")
    wish = Wish(repository=one.repository, paths=one.paths, cwes=one.cwes, methods=one.methods, commits=one.commits)
    try:
        area = claims.area(wish)
    except Invalid as error:
        problems = [Problem(where + each.pointer, each.code, each.reason) for each in error.problems]
        raise Invalid("this is no letter about claims", problems) from error
    return HeardClaim(
        id=one.id,
        area=area,
        at=one.at,
        ending=Ending(one.ending) if one.ending else None,
        tlp=labels[one.tlp],
        name=one.name,
    )


def receipt_bytes(*, letter: Digest, number: int, key: str, at: datetime) -> bytes:
    """The canonical bytes of a receipt: for which letter, how many claims were taken, when."""
    return rfc8785.dumps(
        {"schema": RECEIPT_SCHEMA, "letter": letter, "key": key, "claims": number, "at": times.write(at)}
    )


class _Receipt(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    letter: str
    key: str
    claims: int
    at: datetime


def check_receipt(payload: bytes, *, letter: Digest, number: int) -> None:
    """Invalid unless it answers this letter and every claim of it."""
    try:
        held = msgspec.json.decode(payload, type=_Receipt)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("/receipt", "bad_shape", f"must be {RECEIPT_SCHEMA}") from error
    if held.schema != RECEIPT_SCHEMA or held.letter != letter or held.claims != number:
        raise _bad("/receipt", "other_letter", "the receipt answers another letter, or not all of this one")


def _bad(pointer: str, code: str, reason: str) -> Invalid:
    return Invalid("this is no letter about claims", [Problem(pointer, code, reason)])
