"""Decide whether a stranger's card holds data that may be worked out at all: shapes, ranges, sizes, before any number.

A signature says who made a card, not that its data make sense. Without these bounds a card could end the program that
checks it (a word where a number belongs), keep it busy for ever (a form of 10^18 items), or let arithmetic overflow
into numbers that compare as equal. The bounds lie far outside anything that a campaign gives.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from comity.errors import Invalid, Problem

MOST_ITEMS: Final = 5000
MOST_RUNS: Final = 50_000

Text: TypeAlias = Annotated[str, Meta(max_length=5000)]
Name: TypeAlias = Annotated[str, Meta(max_length=500)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=100_000)]
Some: TypeAlias = Annotated[int, Meta(ge=1, le=100_000)]
Tokens: TypeAlias = Annotated[int, Meta(ge=0, le=10**12)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, le=1e12)]
Minutes: TypeAlias = Annotated[float, Meta(ge=1e-4, le=1e7)]
Place: TypeAlias = Annotated[float, Meta(ge=-1000, le=1000)]
"""On the scale of abilities and difficulties."""
Width: TypeAlias = Annotated[float, Meta(ge=0, le=1000)]
Slope: TypeAlias = Annotated[float, Meta(ge=1e-3, le=100)]
Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
COLUMN: Final = Meta(max_length=MOST_ITEMS)


class _Policy(msgspec.Struct, forbid_unknown_fields=True):
    alpha: Share
    beta: Share
    least_runs: Some
    most_runs: Some | None
    among: Some
    probes: Count
    traps: Count
    misfit_limit: Amount
    fixed_form: Some
    margin_log2: Width
    reach: Share


class _Budget(msgspec.Struct, forbid_unknown_fields=True):
    stages: Annotated[list[Annotated[int, Meta(ge=1, le=10**12)]], Meta(min_length=1, max_length=50)]
    seconds_per_run: Amount
    most_tokens: Tokens
    most_seconds: Amount
    most_cost: Amount | None
    most_broken: Count
    price_in: Amount | None
    price_out: Amount | None


class _Protocol(msgspec.Struct, forbid_unknown_fields=True):
    subject: Text
    level: Name
    battery: Text
    battery_root: Name
    items: Some
    policy: _Policy
    budget: _Budget
    form: Literal["adaptive", "fixed"]
    safeguards_off_ran: bool
    ceiling_items: Some
    ceiling_families: Some
    threshold_commitment: Name
    estimate_sd_log2: Width
    estimate_runs: Count
    seed: Annotated[int, Meta(ge=0, lt=2**53)]
    at_once: Some
    calibration: Text
    elicitation: Text
    attempts: Some
    deviations: Annotated[list[Text], Meta(max_length=1000)]


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    id: Name
    family: Name
    minutes: Minutes
    side: Name
    target: Name


class _Bank(msgspec.Struct, forbid_unknown_fields=True):
    slope: Annotated[list[Slope], COLUMN]
    difficulty: Annotated[list[Place], COLUMN]
    spread: Annotated[list[Width], COLUMN]
    calibrators: Annotated[list[Place], Meta(min_length=1, max_length=1000)]
    c0: Place
    c1: Slope
    guess: Annotated[float, Meta(ge=0, le=0.5)]
    lapse: Annotated[float, Meta(ge=0, le=0.5)]


class _Run(msgspec.Struct, forbid_unknown_fields=True):
    item: Name
    stage: Annotated[int, Meta(ge=0, le=50)]
    retry: Annotated[int, Meta(ge=0, le=1)]
    outcome: Name
    tokens: Tokens
    input_tokens: Tokens
    output_tokens: Tokens
    seconds: Amount
    turns: Tokens
    note: Text


class _Flag(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    detail: Text
    chance: Share | None


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    protocol: _Protocol
    threshold_minutes: Minutes | None
    ended: Text
    drift: bool
    flags: Annotated[list[_Flag], Meta(max_length=1000)]
    human_times: Text
    items: Annotated[list[_Entry], Meta(min_length=1, max_length=MOST_ITEMS)]
    bank: _Bank
    runs: Annotated[list[_Run], Meta(max_length=MOST_RUNS)]


def check(data: Mapping[str, Any]) -> None:
    """Raises Invalid with a pointer for the first place that is out of shape or range, or that fits to nothing."""
    try:
        held = msgspec.convert(dict(data), type=_Data, strict=True)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        raise _no(_pointer(place), reason) from error
    names = {entry.id for entry in held.items}
    if len(names) != len(held.items) or len(names) != held.protocol.items:
        raise _no(
            "/items", f"{len(held.items)} items with {len(names)} names; the protocol fixed {held.protocol.items}"
        )
    columns = (held.bank.slope, held.bank.difficulty, held.bank.spread)
    if any(len(column) != len(names) for column in columns):
        raise _no("/bank", "not one value for each item")
    for number, run in enumerate(held.runs):
        if run.item not in names:
            raise _no(f"/runs/{number}/item", "no item of this battery")
        if run.stage >= len(held.protocol.budget.stages):
            raise _no(f"/runs/{number}/stage", "no stage of this budget")
    if len({(run.item, run.stage, run.retry) for run in held.runs}) != len(held.runs):
        raise _no("/runs", "one item stands there twice at the same stage and try")


def _no(pointer: str, reason: str) -> Invalid:
    return Invalid("this is no card's data", [Problem(f"/data{pointer}", "shape", reason[:200])])


def _pointer(place: str) -> str:
    return place.rstrip("`").replace("[...]", "/*").replace("[", "/").replace("]", "").replace(".", "/")
