"""What is fixed before the first run: battery, rule, budgets, seeds. Its digest is journalled, the card repeats it.

Every field is a policy parameter or names an input; none is read from an outcome. `Entry` is an item as the statistics
see it; `bank` places items nobody has calibrated by their guessed minutes, and says so by a wide spread.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal

import numpy as np
import rfc8785

from comity.assess.ability import RESIDUAL, Bank
from comity.assess.adaptive import Policy
from comity.errors import Invalid, Problem

GUESSED: Final = "guessed from features of the item; not calibrated"
GUESSED_MARGIN: Final = 1.0
"""Doublings that a finding must survive where human minutes are guesses (policy parameter; decision 0011)."""
LINK: Final = (0.0, 0.7)
"""c0 and c1 of an uncalibrated bank: only theta - c0 is identified; c1 is the prior mean of calibration."""
NEUTRAL_MINUTES: Final = 30.0
"""Where belief about an unknown subject is centred on an uncalibrated bank (policy parameter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent. Stages are tokens per sample: an item cut at one stage may be given again at the next."""

    stages: tuple[int, ...] = (100_000, 500_000, 2_000_000)
    seconds_per_run: float = 3600.0
    most_tokens: int = 50_000_000
    most_seconds: float = 24 * 3600.0
    """Sum of the runs' wall time."""
    most_cost: float | None = None
    """In the currency of the prices; None: no limit in money."""
    most_broken: int = 30
    """Runs that may break in the harness, a failed call to the endpoint among them; then the campaign ends."""
    price_in: float | None = None
    """Per million input tokens."""
    price_out: float | None = None

    def __post_init__(self) -> None:
        if not self.stages or list(self.stages) != sorted(set(self.stages)) or self.stages[0] < 1:
            raise Invalid(
                "these budgets cannot be followed", [Problem("/stages", "stages", "give rising token budgets")]
            )
        if self.most_cost is not None and (self.price_in is None or self.price_out is None):
            raise Invalid(
                "a budget in money needs prices", [Problem("/price_in", "no_price", "give both prices per million")]
            )

    def cost(self, *, input_tokens: int, output_tokens: int) -> float | None:
        """Money for so many tokens; None without prices."""
        if self.price_in is None or self.price_out is None:
            return None
        return (input_tokens * self.price_in + output_tokens * self.price_out) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The frozen plan of one campaign."""

    subject: str
    level: str
    battery: str
    """Name and version."""
    battery_root: str
    """Commitment to every item, its oracle and its seed: a Merkle root or a digest."""
    items: int
    policy: Policy = field(default_factory=Policy)
    budget: Budget = field(default_factory=Budget)
    form: Literal["adaptive", "fixed"] = "adaptive"
    safeguards_off_ran: bool = False
    ceiling_items: int = 5
    ceiling_families: int = 2
    threshold_commitment: str = ""
    """Digest of the sealed threshold; empty: none was sealed, and the result is an estimate only."""
    estimate_sd_log2: float = 1.0
    """Without a threshold: stop when the standard deviation of log2 minutes is this small ..."""
    estimate_runs: int = 40
    """... or after so many runs."""
    seed: int = 0
    at_once: int = 1
    calibration: str = GUESSED
    elicitation: str = "one loop with bash and python in the sandbox; ends when the subject answers without a tool call"
    attempts: int = 1
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of the battery: no content, only what statistics need."""

    id: str
    family: str
    minutes: float
    side: str = ""
    target: str = ""


def bank(entries: Sequence[Entry]) -> Bank:
    """Items placed by their guessed minutes alone. Each difficulty is known no better than the residual of the link."""
    if not entries:
        raise Invalid("a battery needs items", [Problem("/items", "no_items", "generate at least one item")])
    minutes = np.array([entry.minutes for entry in entries], dtype=np.float64)
    c0, c1 = LINK
    return Bank(
        items=tuple(entry.id for entry in entries),
        families=tuple(entry.family for entry in entries),
        minutes=minutes,
        slope=np.ones(len(entries)),
        difficulty=c0 + c1 * np.log2(minutes),
        spread=np.full(len(entries), RESIDUAL),
        c0=c0,
        c1=c1,
        calibrators=np.array([c0 + c1 * np.log2(NEUTRAL_MINUTES)]),
    )


def as_json(protocol: Protocol) -> dict[str, Any]:
    """The protocol as plain JSON values, every field, tuples as lists."""
    plain: dict[str, Any] = _listed(asdict(protocol))
    return plain


def from_json(document: Mapping[str, Any]) -> Protocol:
    """The reverse of `as_json`. Unknown or missing fields are refused: a protocol is read whole or not at all."""
    try:
        values = dict(document)
        values["policy"] = Policy(**values["policy"])
        budget = dict(values["budget"])
        budget["stages"] = tuple(budget["stages"])
        values["budget"] = Budget(**budget)
        values["deviations"] = tuple(values["deviations"])
        if values.keys() != {f.name for f in fields(Protocol)}:
            raise KeyError("fields")  # noqa: TRY301  # told below with the others
        return Protocol(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("this is no protocol", [Problem("/protocol", "shape", str(error)[:120])]) from error


def digest(protocol: Protocol) -> str:
    """SHA-256 of the canonical JSON (RFC 8785), in hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(as_json(protocol))).hexdigest()


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(inner) for key, inner in value.items()}
    return [_listed(inner) for inner in value] if isinstance(value, list | tuple) else value
