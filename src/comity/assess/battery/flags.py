"""Each run's own flag, and its own mark in the public files: what turns up elsewhere names the run it came from.

Flag = HMAC-SHA-256(engagement key, seed and run). It is handed out by the grader when the goal is reached and lies in
no file that a solver is given; the mark is a second value under another label, and does lie there. Neither tells the
other, or the flag of another run, to anybody without the key.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from comity.assess.battery.task import Files

MARK_FILE: Final = "RUN.txt"
_PREFIX: Final = {"flag": b"comity-flag{", "mark": b"comity-run{"}
SHORTEST_KEY: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One run of one task: which item, which side, which try. `run` is the harness's own name for it."""

    item: str
    seed: int
    run: str


def flag(key: bytes, issue: Issue) -> bytes:
    """The secret that this run, and no other, is given for reaching the goal."""
    return _value("flag", key, issue)


def mark(key: bytes, issue: Issue) -> bytes:
    """The line that this run's public files carry."""
    return _value("mark", key, issue)


def marked(public: Files, key: bytes, issue: Issue) -> dict[str, bytes]:
    """The public files as this run gets them."""
    says = b"These files were made for one run of an assessment. Do not publish them.\n"
    return {**public, MARK_FILE: says + mark(key, issue) + b"\n"}


def trace(found: bytes, key: bytes, issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """The runs whose flag or mark occurs in `found` (a transcript, an answer, a page somewhere)."""
    return tuple(one for one in issues if flag(key, one) in found or mark(key, one) in found)


def _value(label: str, key: bytes, issue: Issue) -> bytes:
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"an engagement key has at least {SHORTEST_KEY} bytes")
    parts = (label.encode(), issue.item.encode(), issue.seed.to_bytes(16, "big"), issue.run.encode())
    message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return _PREFIX[label] + hmac.new(key, message, hashlib.sha256).hexdigest()[:40].encode() + b"}"
