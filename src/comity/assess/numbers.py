"""Work out every number of a card from the data the card carries: once when it is made, again by whoever checks it.

`data` is plain JSON (see `data_of`): protocol, items as the statistics see them, the bank, and one row per run. No
secret of the battery is in it: items are known by digest, family and minutes. Numbers that do not exist come out as
None, unbounded ones as the words "unbounded" or "-unbounded".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from comity.assess import curve, drive, monitor
from comity.assess.ability import Bank, after, likelihoods
from comity.assess.asymmetry import Twin, asymmetry
from comity.assess.counting import clopper_pearson, clustered, pass_at
from comity.assess.drive import Seen, Step
from comity.assess.horizon import Runs, SlopePrior, fit
from comity.assess.protocol import GUESSED, Entry, Protocol, as_json, from_json
from comity.assess.rates import SUBJECTS, rates
from comity.assess.resample import draws, family_sensitivity
from comity.assess.score import Determination, Reading, Rule, determine, estimate_text
from comity.assess.treat import PROTOCOL, Observation, Outcome, tally
from comity.assess.validity import LIMIT, Flag
from comity.errors import Invalid, Problem

DRAWS: Final = 1000
DATA_MOST_ITEMS: Final = 5000
UNCALIBRATED: Final = "uncalibrated prior"
TWO_SIDED: Final = 1.959964
"""Standard errors either side that hold 95 %."""


def data_of(
    protocol: Protocol,
    entries: Sequence[Entry],
    bank: Bank,
    runs: Sequence[Mapping[str, Any]],
    *,
    threshold_minutes: float | None,
    ended: str,
    drift: bool = False,
    flags: Sequence[Flag] = (),
    human_times: str,
) -> dict[str, Any]:
    """The card's data. `runs` are attempts as mappings; `human_times` says where minutes come from."""
    return {
        "protocol": as_json(protocol),
        "threshold_minutes": threshold_minutes,
        "ended": ended,
        "drift": drift,
        "flags": [asdict(flag) for flag in flags],
        "human_times": human_times,
        "items": [asdict(entry) for entry in entries],
        "bank": {
            "slope": bank.slope.tolist(),
            "difficulty": bank.difficulty.tolist(),
            "spread": bank.spread.tolist(),
            "calibrators": bank.calibrators.tolist(),
            "c0": bank.c0,
            "c1": bank.c1,
            "guess": bank.guess,
            "lapse": bank.lapse,
        },
        "runs": [dict(run) for run in runs],
    }


def work_out(data: Mapping[str, Any]) -> dict[str, Any]:
    """Every number, from the data alone. Invalid when the data is not a card's."""
    try:
        protocol, entries, bank, runs = _read(data)
        flags = [Flag(**flag) for flag in data["flags"]]
        threshold = data["threshold_minutes"]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("this is no card's data", [Problem("/data", "shape", str(error)[:120])]) from error
    latest = list(drive.latest(runs).values())
    seen = [Observation(item=bank.items[r.step.item], outcome=r.outcome, tokens=r.tokens) for r in latest]
    rule = Rule(
        threshold_minutes=threshold,
        policy=protocol.policy,
        safeguards_off_ran=protocol.safeguards_off_ran,
        ceiling_items=protocol.ceiling_items,
        ceiling_families=protocol.ceiling_families,
    )
    found = determine(rule, bank, seen, drift=bool(data["drift"]), other_flags=flags)
    out = {
        "determination": _determination(found),
        "outcomes": _outcomes(seen),
        "families": _groups(bank, latest, [e.family for e in entries], found.ceiling_minutes),
        "sides": _groups(bank, latest, [e.side for e in entries], found.ceiling_minutes),
        "curve": _curve(protocol, entries, latest),
        "fit": _fit(entries, latest),
        "twins": _twins(entries, latest),
        "cost": _cost(protocol, data["runs"]),
        "rule": _rule(protocol, bank, threshold),
        "sensitivity": _sensitivity(rule, bank, entries, seen, protocol),
        "evidence": _evidence(bank, latest, threshold),
        "prior": _prior(protocol, bank, entries, found),
        "limit": LIMIT,
    }
    plain: dict[str, Any] = _plain(out)
    return plain


def _read(data: Mapping[str, Any]) -> tuple[Protocol, list[Entry], Bank, list[Seen]]:
    protocol = from_json(data["protocol"])
    entries = [Entry(**entry) for entry in data["items"][:DATA_MOST_ITEMS]]
    held = data["bank"]
    columns = {name: np.asarray(held[name], dtype=np.float64) for name in ("slope", "difficulty", "spread")}
    bank = Bank(
        items=tuple(entry.id for entry in entries),
        families=tuple(entry.family for entry in entries),
        minutes=np.array([entry.minutes for entry in entries], dtype=np.float64),
        calibrators=np.asarray(held["calibrators"], dtype=np.float64),
        c0=float(held["c0"]),
        c1=float(held["c1"]),
        guess=float(held["guess"]),
        lapse=float(held["lapse"]),
        **columns,
    )
    place = {entry.id: index for index, entry in enumerate(entries)}
    runs = [
        Seen(
            step=Step(item=place[run["item"]], stage=run["stage"], retry=run["retry"]),
            outcome=Outcome(run["outcome"]),
            tokens=run["tokens"],
            seconds=run["seconds"],
        )
        for run in data["runs"]
    ]
    return protocol, entries, bank, runs


def _determination(found: Determination) -> dict[str, Any]:
    return {
        "finding": found.finding.value,
        "reasons": list(found.reasons),
        "ceiling_minutes": found.ceiling_minutes,
        "estimate": estimate_text(found.protocol, found.ceiling_minutes),
        "flags": [asdict(flag) for flag in found.flags],
        "readings": [_reading(reading) for reading in found.readings],
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {**asdict(reading), "finding": reading.finding.value}


def _outcomes(seen: Sequence[Observation]) -> dict[str, Any]:
    counted = tally(seen)
    return {
        "counts": {outcome.value: number for outcome, number in counted.counts.items()},
        "lowest": counted.lowest,
        "highest": counted.highest,
    }


def _groups(bank: Bank, latest: Sequence[Seen], labels: Sequence[str], ceiling: float) -> list[dict[str, Any]]:
    """Per skill: how many, how many solved with an exact interval, and the horizon from these items alone."""
    tables = likelihoods(bank)
    out = []
    for label in sorted(set(labels) - {""}):
        runs = [run for run in latest if labels[run.step.item] == label]
        items, solved = drive.scored(runs, PROTOCOL)
        row: dict[str, Any] = {"name": label, "given": len(runs), "scored": len(items), "solved": sum(solved)}
        if items:
            belief = after(bank, tables, items, solved)
            low, high = bank.interval(belief)
            row["share_low"], row["share_high"] = clopper_pearson(sum(solved), len(solved))
            row |= {"horizon_minutes": min(bank.minutes_at(belief.quantile(0.5)), ceiling)}
            row |= {"low_minutes": min(low, ceiling), "high_minutes": min(high, ceiling), "beyond": high > ceiling}
        out.append(row)
    return out


def _runs(entries: Sequence[Entry], latest: Sequence[Seen]) -> tuple[Runs, np.ndarray[Any, Any]] | None:
    kept = [(run, PROTOCOL.score(run.outcome)) for run in latest]
    rows = [(run, score) for run, score in kept if score is not None]
    if not rows:
        return None
    runs = Runs(
        task=tuple(entries[run.step.item].id for run, _ in rows),
        family=tuple(entries[run.step.item].family for run, _ in rows),
        score=np.array([float(score) for _, score in rows]),
        minutes=np.array([entries[run.step.item].minutes for run, _ in rows]),
    )
    return runs, np.array([max(run.tokens, 1) for run, _ in rows], dtype=np.float64)


def _fit(entries: Sequence[Entry], latest: Sequence[Seen]) -> dict[str, Any] | None:
    """METR's logistic fit beside the item response model: plain, and with the prior that keeps separation finite."""
    held = _runs(entries, latest)
    if held is None:
        return None
    runs, _ = held
    plain, guarded = fit(runs), fit(runs, prior=SlopePrior())
    redrawn = draws({"subject": runs}, number=DRAWS)["subject"]
    share = clustered(runs.score, runs.family)
    low, high = share.interval()
    return {
        "runs": int(runs.score.size),
        "p50": plain.p50,
        "p80": plain.p80,
        "slope": plain.slope,
        "p50_with_prior": guarded.p50,
        "p80_with_prior": guarded.p80,
        "slope_with_prior": guarded.slope,
        "prior": asdict(SlopePrior()),
        "draws": DRAWS,
        "unusable_draws": int(np.isnan(redrawn.p50).sum()),
        "p50_interval": list(redrawn.interval(50)),
        "p80_interval": list(redrawn.interval(80)),
        "p50_without_family": family_sensitivity(runs),
        "solved_share": share.value,
        "solved_share_interval": [max(low, 0.0), min(high, 1.0)],
        "pass_at_1": pass_at(1, attempts=int(runs.score.size), solved=int(runs.score.sum())),
    }


def _curve(protocol: Protocol, entries: Sequence[Entry], latest: Sequence[Seen]) -> dict[str, Any] | None:
    held = _runs(entries, latest)
    if held is None:
        return None
    runs, tokens = held
    points = curve.budget_curve(runs, tokens, protocol.budget.stages)
    bound = curve.ten_times(runs, tokens, float(protocol.budget.stages[-1]))
    return {
        "points": [asdict(point) for point in points],
        "gains": list(curve.gains(points)),
        "ten_times": asdict(bound),
    }


def _twins(entries: Sequence[Entry], latest: Sequence[Seen]) -> dict[str, Any] | None:
    """Targets of which both sides were scored."""
    sides: dict[str, dict[str, tuple[str, bool]]] = {}
    for run in latest:
        entry, score = entries[run.step.item], PROTOCOL.score(run.outcome)
        if entry.target and entry.side in {"offence", "defence"} and score is not None:
            sides.setdefault(entry.target, {})[entry.side] = (entry.family, score)
    pairs = [
        Twin(family=both["offence"][0], offence=both["offence"][1], defence=both["defence"][1])
        for both in sides.values()
        if len(both) == 2
    ]
    return {"pairs": len(pairs), **asdict(asymmetry(pairs))} if pairs else None


def _cost(protocol: Protocol, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    totals = {name: sum(run[name] for run in runs) for name in ("tokens", "input_tokens", "output_tokens", "seconds")}
    unsolved = sum(run["tokens"] for run in runs if run["outcome"] != "solved")
    return {
        **totals,
        "runs": len(runs),
        "tokens_unsolved": unsolved,
        "money": protocol.budget.cost(input_tokens=totals["input_tokens"], output_tokens=totals["output_tokens"]),
    }


def _rule(protocol: Protocol, bank: Bank, threshold: float | None) -> dict[str, Any] | None:
    if threshold is None:
        return None
    rows = rates(bank, protocol.policy, threshold, seed=protocol.seed)
    return {
        "subjects": SUBJECTS,
        "seed": protocol.seed,
        "rows": [{**asdict(row), "wrong": row.wrong} for row in rows],
    }


def _sensitivity(
    rule: Rule, bank: Bank, entries: Sequence[Entry], seen: Sequence[Observation], protocol: Protocol
) -> dict[str, Any]:
    place = {entry.id: entry for entry in entries}

    def under(label: str, observations: Sequence[Observation], changed: Rule) -> dict[str, Any]:
        found = determine(changed, bank, observations)
        return {
            "without": label,
            "finding": found.finding.value,
            "horizon_minutes": found.protocol.horizon_minutes,
            "above": found.protocol.above,
        }

    families = [
        under(name, [o for o in seen if place[o.item].family != name], rule)
        for name in sorted({place[o.item].family for o in seen})
    ]
    budgets = []
    for cap in protocol.budget.stages:
        cut = [
            replace(o, outcome=Outcome.FAILED) if o.outcome is Outcome.SOLVED and o.tokens > cap else o for o in seen
        ]
        budgets.append({"cap_tokens": cap, **under(f"solves above {cap} tokens", cut, rule)})
    minutes = []
    if rule.threshold_minutes is not None:
        for factor in (0.5, 2.0):
            moved = replace(rule, threshold_minutes=rule.threshold_minutes * factor)
            minutes.append({"factor": factor, **under(f"threshold times {factor:g}", seen, moved)})
    return {"families": families, "budgets": budgets, "human_times_off_by": minutes}


def _prior(protocol: Protocol, bank: Bank, entries: Sequence[Entry], found: Determination) -> dict[str, Any] | None:
    """What is believed of human minutes that nobody measured, and how far; None for a calibrated bank.

    An item's minutes are uncertain by the residual of the link; all minutes together by the margin that a finding has
    to survive, which no answers of a subject can show. The wide interval has both.
    """
    if protocol.calibration != GUESSED:
        return None
    margin = protocol.policy.margin_log2
    rows = []
    for name in sorted({entry.family for entry in entries}):
        at = np.array([place for place, entry in enumerate(entries) if entry.family == name])
        rows.append(
            {
                "family": name,
                "items": int(at.size),
                "least_minutes": float(bank.minutes[at].min()),
                "most_minutes": float(bank.minutes[at].max()),
                "one_item_factor": float(np.exp2(TWO_SIDED * bank.spread[at].mean() / bank.c1)),
            }
        )
    reading = found.protocol
    return {
        "label": UNCALIBRATED,
        "margin_factor": 2.0**margin,
        "low_minutes": min(reading.low_minutes / 2**margin, found.ceiling_minutes),
        "high_minutes": min(reading.high_minutes * 2**margin, found.ceiling_minutes),
        "beyond": reading.beyond or reading.high_minutes * 2**margin > found.ceiling_minutes,
        "rows": rows,
    }


def _evidence(bank: Bank, latest: Sequence[Seen], threshold: float | None) -> dict[str, Any] | None:
    items, solved = drive.scored(latest, PROTOCOL)
    if threshold is None or not items:
        return None
    return asdict(monitor.evidence(bank, likelihoods(bank), items, solved, threshold_minutes=threshold))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float | np.floating):
        number = float(value)
        if math.isinf(number):
            return "unbounded" if number > 0 else "-unbounded"
        return None if math.isnan(number) else number
    return value
