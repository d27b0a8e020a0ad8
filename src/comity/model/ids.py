"""Names of things: how an id looks, and how one is made from random bytes that a flow supplies."""

import hashlib
import re
from datetime import datetime
from typing import NewType

Digest = NewType("Digest", str)
"""Lower-case hex SHA-256, 64 characters, without a prefix."""
ReportId = NewType("ReportId", str)
CaseId = NewType("CaseId", str)
AdvisoryId = NewType("AdvisoryId", str)
PartyId = NewType("PartyId", str)
BatchId = NewType("BatchId", str)
InventoryId = NewType("InventoryId", str)
AssetId = NewType("AssetId", str)
EngagementId = NewType("EngagementId", str)
Receipt = NewType("Receipt", str)
"""A capability: whoever holds it may read the status of one submission. 160 random bits; never logged whole."""

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so an id can be read over the telephone."""

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")


def digest(data: bytes) -> Digest:
    """SHA-256 of `data` as lower-case hex."""
    return Digest(hashlib.sha256(data).hexdigest())


def is_digest(text: str) -> bool:
    """True for 64 lower-case hex characters."""
    return _DIGEST.match(text) is not None


def code(random_bytes: bytes, length: int) -> str:
    """`length` base-32 characters out of `random_bytes` (5 bits each), in groups of four joined by dashes."""
    number = int.from_bytes(random_bytes, "big")
    if number.bit_length() > len(random_bytes) * 8 or len(random_bytes) * 8 < length * 5:
        raise ValueError(f"{len(random_bytes)} random bytes cannot fill {length} characters")
    letters = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in range(length))
    return "-".join(letters[start : start + 4] for start in range(0, length, 4))


def report_id(random_bytes: bytes, at: datetime | None = None) -> ReportId:
    """`R-TTTT-XXXX-XXXX-XXXX` from at least 8 random bytes: ids tell nobody how many reports there are.

    `TTTT` is the time in steps of 16 seconds, over again after 194 days, so that rows of one hour lie together at rest;
    it tells what the time of receipt beside it tells. Without a time it is left out. The random part alone is unique.
    """
    when = code((int(at.timestamp()) // 16 % 2**20).to_bytes(3, "big"), 4)[::-1] + "-" if at is not None else ""
    return ReportId("R-" + when + code(random_bytes, 12))


def case_id(random_bytes: bytes) -> CaseId:
    """`C-XXXX-XXXX-XXXX` from at least 8 random bytes."""
    return CaseId("C-" + code(random_bytes, 12))


def batch_id(random_bytes: bytes) -> BatchId:
    """`B-XXXX-XXXX-XXXX` from at least 8 random bytes."""
    return BatchId("B-" + code(random_bytes, 12))


def inventory_id(random_bytes: bytes) -> InventoryId:
    """`I-XXXX-XXXX-XXXX` from at least 8 random bytes: ids tell nobody what anybody runs."""
    return InventoryId("I-" + code(random_bytes, 12))


def asset_id(random_bytes: bytes) -> AssetId:
    """`A-XXXX-XXXX-XXXX` from at least 8 random bytes."""
    return AssetId("A-" + code(random_bytes, 12))


def seat_id(random_bytes: bytes) -> str:
    """`N-XXXX-XXXX-XXXX` from at least 8 random bytes: it names no case, so that two finders learn nothing by it."""
    return "N-" + code(random_bytes, 12)


def message_id(random_bytes: bytes) -> str:
    """`M-XXXX-XXXX-XXXX` from at least 8 random bytes."""
    return "M-" + code(random_bytes, 12)


def statement_id(random_bytes: bytes) -> str:
    """`V-XXXX-XXXX-XXXX` from at least 8 random bytes: what a maintainer states as VEX."""
    return "V-" + code(random_bytes, 12)


def receipt(random_bytes: bytes) -> Receipt:
    """`SUB-` and 32 base-32 characters: 160 random bits from at least 20 bytes (the contract asks for 128)."""
    return Receipt("SUB-" + code(random_bytes, 32).replace("-", ""))


def engagement_id(random_bytes: bytes) -> EngagementId:
    """`E-XXXX-XXXX-XXXX` from at least 8 random bytes."""
    return EngagementId("E-" + code(random_bytes, 12))
