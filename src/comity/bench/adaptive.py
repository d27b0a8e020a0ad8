"""Bench `adaptive`: does a short adaptive session reach the determination that the rest of the battery would give?

Protocol (assess.md 9). A model's items are split in halves at random, six times. The session runs on half A; the truth
is the side of P(ability > threshold) against 1/2 from all of half B, which the session never sees. A case is clear when
B itself is beyond 97.5 %. The bank is calibrated on every model released before the one judged (chronological) or on
all others (leave one out), never on the one judged. Judged are models since 2024; chronologically those with at least
four others since 2024 before them. Leaving the three older models out of the calibrators lowers the agreement: that
variant is printed too, and `docs/decisions/0011-scoring.md` says how the choice was made.
Savings compare the session's runs and tokens with the whole battery of that model. Random order with the same stopping
rule, and the whole of half A, run in the same call on the same splits.

Misspecified: human minutes of the bank are misstated by a factor of two before calibration, each item up or down by a
fair coin; beside it whole families by a coin, and everything up or down. The truth keeps the right minutes. Each is
judged three ways. Without a margin: as the first rows. Read with a margin (`_read`): the same sessions, run for run and
token for token, but a side is declared only where it holds with the threshold moved one doubling against it. Guarded
(`_guarded`): runs go on while the margin may be reached, as `comity assess run` does where minutes were not timed.
`error` is the worst of the four read with the margin, so it belongs to the same sessions as `chronological`; their
shares declared stand under `read_with_margin`. `error_guarded`, `error_by_coin` and `error_one_way` (the last two
without a margin) stand beside it: no data can show a common error of all minutes, because it moves only the origin of
the scale.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from comity.assess import ability, adaptive
from comity.assess.horizon import Floats
from comity.bench import campaign

THRESHOLDS: Final = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0)
SPLITS: Final = 6
LEAST_CALIBRATORS: Final = 4
SINCE: Final = date(2024, 1, 1)
"""Models released before this ran only the short tasks: they calibrate, and are not judged."""
CLEAR: Final = 0.975
READ: Final = adaptive.Policy(margin_log2=1.0, reach=1.0)
"""The first rows' sessions, declared with a margin of one doubling."""
GUARDED: Final = adaptive.Policy(margin_log2=1.0)
COLUMNS: Final = (
    ("same", ".4f", 8),
    ("decided", ".4f", 9),
    ("error", ".4f", 8),
    ("tokens_fewer", ".1f", 10),
    ("runs_fewer", ".1f", 8),
    ("mean_runs", ".1f", 11),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Campaign:
    """The recorded battery: outcomes and tokens, (models, items), NaN where a model did not run an item."""

    models: tuple[str, ...]
    released: dict[str, date]
    items: tuple[str, ...]
    families: tuple[str, ...]
    minutes: Floats
    outcomes: Floats
    tokens: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One session judged against the unused half."""

    model: str
    minutes: float
    above: bool
    """The session's leaning: P(ability > threshold) > 1/2."""
    side: adaptive.Side
    truth: bool
    clear: bool
    runs: int
    tokens: float
    full_runs: int
    full_tokens: float
    fixed: bool
    misfit: bool


def run(args: list[str]) -> dict[str, Any]:
    """Measure; see the module's text. Keys: benches.md, row `adaptive`, more beside them."""
    options = _options(args)
    battery = load(options)
    policy = adaptive.Policy()
    plain = adaptive.Policy(probes=0, traps=0, misfit_limit=math.inf, among=1)
    bare = adaptive.Policy(probes=0, traps=0)
    began = time.perf_counter()
    early = _banks(battery, _earlier)
    others = _banks(battery, _others)
    recent = _banks(battery, lambda b, m: [n for n in _earlier(b, m) if b.released[n] >= SINCE])
    calibrated = time.perf_counter() - began
    chronological = _cases(battery, early, early, policy)
    out: dict[str, Any] = {
        "policy": {name: getattr(policy, name) for name in policy.__slots__},
        "thresholds_minutes": list(THRESHOLDS),
        "models": [m for m in battery.models if m in others],
        "items": len(battery.items),
        "calibration_seconds": calibrated,
        "chronological": _both(chronological),
        "leave_one_out": _both(_cases(battery, others, others, policy)),
        "random_order": {
            "chronological": _both(_cases(battery, early, early, bare, order="random")),
            "leave_one_out": _both(_cases(battery, others, others, bare, order="random")),
        },
        "whole_half": {
            "chronological": _both(_halves(battery, early)),
            "leave_one_out": _both(_halves(battery, others)),
        },
        "plain_information": {
            "chronological": _both(_cases(battery, early, early, plain)),
            "leave_one_out": _both(_cases(battery, others, others, plain)),
        },
        "no_traps": {
            "chronological": _both(_cases(battery, early, early, adaptive.Policy(traps=0))),
            "leave_one_out": _both(_cases(battery, others, others, adaptive.Policy(traps=0))),
        },
        "without_old_models": _both(_cases(battery, recent, recent, policy)),
        "stop_at": {
            str(level): _both(_cases(battery, early, early, adaptive.Policy(alpha=1 - level, beta=1 - level)))["all"]
            for level in (0.90, 0.995)
        },
        "per_model": {
            name: _figures([c for c in chronological if c.model == name]) for name in battery.models if name in early
        },
        "per_threshold": {
            f"{minutes:g}": _figures([c for c in chronological if c.minutes == minutes]) for minutes in THRESHOLDS
        },
    }
    out["misspecified"] = _misspecified(battery, early, policy)
    for name, rule in (("read_with_margin", READ), ("guarded", GUARDED)):
        out[name] = {
            "chronological": _both(_cases(battery, early, early, rule)),
            "leave_one_out": _both(_cases(battery, others, others, rule)),
        }
    out["seconds"] = time.perf_counter() - began
    finished: dict[str, Any] = campaign.finite(out)
    return finished


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    heads = f"{'cases':>6}{'same':>8}{'decided':>9}{'wrong':>8}{'tokens x':>10}{'runs x':>8}{'mean runs':>11}"
    lines = [f"{'setting':<44}{heads}"]
    for label, figures in _rows(result):
        cells = [f"{label:<44}{figures['n']:>6}"]
        cells += [campaign.shown(figures[key], form, width) for key, form, width in COLUMNS]
        lines.append("".join(cells))
    lines.append(
        "same: leaning agrees with the unused half; wrong: a side was declared and the unused half says the other"
    )
    wrong = result["misspecified"]
    lines.append(
        "human minutes misstated by a factor of two, wrong declarations: "
        f"{wrong['error_by_coin']:.4f} by a coin per item or family, {wrong['error_one_way']:.4f} all one way"
    )
    lines.append(
        f"the same sessions read with a margin of one doubling: at most {wrong['error']:.4f}, "
        f"at 1/{wrong['tokens_fewer']:.1f} of the tokens"
    )
    lines.append(
        f"runs going on while the margin may be reached: at most {wrong['error_guarded']:.4f}, "
        f"at 1/{wrong['tokens_fewer_guarded']:.1f} of the tokens"
    )
    return "\n".join(lines)


def load(options: argparse.Namespace) -> Campaign:
    """Read the campaign; a task without the named human time takes the fallback column, or is left out."""
    all_runs = campaign.runs(options.runs)
    first, second = campaign.minutes(options.tasks, options.minutes), campaign.minutes(options.tasks, options.fallback)
    human = second | first
    released = campaign.released(options.released)
    models = tuple(sorted({r.model for r in all_runs} & set(released), key=lambda m: (released[m], m)))
    family = {r.task: r.family for r in all_runs if r.task in human}
    items = tuple(sorted(family))
    outcomes = np.full((len(models), len(items)), np.nan)
    tokens = np.zeros_like(outcomes)
    row, column = {m: i for i, m in enumerate(models)}, {t: i for i, t in enumerate(items)}
    for r in all_runs:
        if r.model in row and r.task in column:
            outcomes[row[r.model], column[r.task]] = float(r.score >= 0.5)
            tokens[row[r.model], column[r.task]] = r.tokens
    return Campaign(
        models=models,
        released=released,
        items=items,
        families=tuple(family[t] for t in items),
        minutes=np.array([human[t] for t in items]),
        outcomes=outcomes,
        tokens=tokens,
    )


def _options(args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="comity bench adaptive", description="Short sessions against whole batteries."
    )
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--minutes", default="best_available_minutes")
    parser.add_argument("--fallback", default="model_estimate_minutes", help="human minutes where the first has none")
    parser.add_argument("--released", type=Path, help="table with agent and release_date")
    parser.add_argument("--full", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(args)


def _earlier(battery: Campaign, model: str) -> list[str]:
    return [m for m in battery.models if battery.released[m] < battery.released[model]]


def _others(battery: Campaign, model: str) -> list[str]:
    return [m for m in battery.models if m != model]


def _banks(
    battery: Campaign, calibrators: Callable[[Campaign, str], list[str]], minutes: Floats | None = None
) -> dict[str, ability.Bank]:
    """One bank per judged model, without that model; models with too few recent calibrators are not judged."""
    out = {}
    for model in battery.models:
        names = calibrators(battery, model)
        recent = [n for n in names if battery.released[n] >= SINCE]
        if battery.released[model] >= SINCE and len(recent) >= LEAST_CALIBRATORS:
            out[model] = ability.calibrate(
                items=battery.items,
                families=battery.families,
                minutes=battery.minutes if minutes is None else minutes,
                outcomes=battery.outcomes[[battery.models.index(n) for n in names]],
            )
    return out


def _halves_of(battery: Campaign, model: str) -> Iterable[tuple[int, list[int], list[int]]]:
    row = battery.models.index(model)
    ran = np.flatnonzero(~np.isnan(battery.outcomes[row]))
    for seed in range(SPLITS):
        shuffled = np.random.default_rng(seed).permutation(ran)
        yield seed, sorted(shuffled[: ran.size // 2].tolist()), sorted(shuffled[ran.size // 2 :].tolist())


def _cases(
    battery: Campaign,
    banks: dict[str, ability.Bank],
    truth_banks: dict[str, ability.Bank],
    policy: adaptive.Policy,
    *,
    order: str = "information",
) -> list[Case]:
    """All sessions of one setting. `truth_banks` judge half B; they differ from `banks` only under misspecification."""
    out = []
    for model, bank in banks.items():
        row = battery.models.index(model)
        ran = ~np.isnan(battery.outcomes[row])
        for seed, half_a, half_b in _halves_of(battery, model):
            part = bank.take(half_a)
            tables = ability.likelihoods(part)
            judge = truth_banks[model].take(half_b)
            belief = _all_of(judge, battery.outcomes[row, half_b])
            for number, minutes in enumerate(THRESHOLDS):
                share = belief.above(judge.theta(minutes))
                session = adaptive.administer(
                    part,
                    tables,
                    adaptive.plan(part, policy, minutes),
                    lambda item, row=row, half=half_a: bool(battery.outcomes[row, half[item]] > 0.5),  # type: ignore[misc]  # mypy cannot infer defaults of a lambda
                    np.random.default_rng([seed, number, row]),
                    order="random" if order == "random" else "information",
                )
                out.append(
                    Case(
                        model=model,
                        minutes=minutes,
                        above=session.belief.above(part.theta(minutes)) > 0.5,
                        side=session.side,
                        truth=share > 0.5,
                        clear=share >= CLEAR or share <= 1 - CLEAR,
                        runs=len(session.given),
                        tokens=float(sum(battery.tokens[row, half_a[i]] for i in session.given)),
                        full_runs=int(ran.sum()),
                        full_tokens=float(battery.tokens[row, ran].sum()),
                        fixed=session.mode is adaptive.Mode.FIXED,
                        misfit=abs(session.misfit) > policy.misfit_limit,
                    )
                )
    return out


def _halves(battery: Campaign, banks: dict[str, ability.Bank]) -> list[Case]:
    """The other peer: all of half A, without choice or stopping: how far two halves of one battery agree at all."""
    out = []
    policy = adaptive.Policy()
    for model, bank in banks.items():
        row = battery.models.index(model)
        ran = ~np.isnan(battery.outcomes[row])
        for _, half_a, half_b in _halves_of(battery, model):
            part_a, part_b = bank.take(half_a), bank.take(half_b)
            belief_a = _all_of(part_a, battery.outcomes[row, half_a])
            belief_b = _all_of(part_b, battery.outcomes[row, half_b])
            for minutes in THRESHOLDS:
                share = belief_b.above(bank.theta(minutes))
                out.append(
                    Case(
                        model=model,
                        minutes=minutes,
                        above=belief_a.above(bank.theta(minutes)) > 0.5,
                        side=adaptive.side(adaptive.plan(part_a, policy, minutes), belief_a, len(half_a)),
                        truth=share > 0.5,
                        clear=share >= CLEAR or share <= 1 - CLEAR,
                        runs=len(half_a),
                        tokens=float(battery.tokens[row, half_a].sum()),
                        full_runs=int(ran.sum()),
                        full_tokens=float(battery.tokens[row, ran].sum()),
                        fixed=False,
                        misfit=False,
                    )
                )
    return out


def _all_of(bank: ability.Bank, outcomes: Floats) -> ability.Belief:
    return ability.after(bank, ability.likelihoods(bank), range(len(bank.items)), outcomes > 0.5)


def _misspecified(battery: Campaign, early: dict[str, ability.Bank], policy: adaptive.Policy) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    names = sorted(set(battery.families))
    by_family = dict(zip(names, generator.choice([-1.0, 1.0], size=len(names)), strict=True))
    moves = {
        "each_item": generator.choice([-1.0, 1.0], size=len(battery.items)),
        "each_family": np.array([by_family[f] for f in battery.families]),
        "all_up": np.ones(len(battery.items)),
        "all_down": -np.ones(len(battery.items)),
    }
    out: dict[str, Any] = {}
    for name, move in moves.items():
        banks = _banks(battery, _earlier, battery.minutes * 2**move)
        out[name] = _figures(_cases(battery, banks, early, policy))
        out[f"{name}_read"] = _figures(_cases(battery, banks, early, READ))
        out[f"{name}_guarded"] = _figures(_cases(battery, banks, early, GUARDED))
    out["error"] = max(out[f"{name}_read"]["error"] for name in moves)
    out["tokens_fewer"] = min(out[f"{name}_read"]["tokens_fewer"] for name in moves)
    out["error_guarded"] = max(out[f"{name}_guarded"]["error"] for name in moves)
    out["tokens_fewer_guarded"] = min(out[f"{name}_guarded"]["tokens_fewer"] for name in moves)
    out["error_by_coin"] = max(out[name]["error"] for name in ("each_item", "each_family"))
    out["error_one_way"] = max(out[name]["error"] for name in ("all_up", "all_down"))
    return out


def _both(cases: list[Case]) -> dict[str, Any]:
    return {"all": _figures(cases), "clear": _figures([c for c in cases if c.clear])}


def _figures(cases: list[Case]) -> dict[str, Any]:
    number = len(cases)
    if number == 0:
        return {
            "n": 0,
            "same": math.nan,
            "decided": math.nan,
            "error": math.nan,
            "tokens_fewer": math.nan,
            "runs_fewer": math.nan,
            "mean_runs": math.nan,
            "median_runs": math.nan,
            "fixed_form": 0,
            "misfit": 0,
        }
    decided = [c for c in cases if c.side is not adaptive.Side.OPEN]
    wrong = [c for c in decided if (c.side is adaptive.Side.ABOVE) != c.truth]
    tokens, runs = sum(c.tokens for c in cases), sum(c.runs for c in cases)
    return {
        "n": number,
        "same": sum(c.above == c.truth for c in cases) / number,
        "decided": len(decided) / number,
        "same_when_decided": 1 - len(wrong) / len(decided) if decided else math.nan,
        "error": len(wrong) / number,
        "tokens_fewer": sum(c.full_tokens for c in cases) / tokens if tokens else math.nan,
        "runs_fewer": sum(c.full_runs for c in cases) / runs,
        "mean_runs": runs / number,
        "median_runs": float(np.median([c.runs for c in cases])),
        "fixed_form": sum(c.fixed for c in cases),
        "misfit": sum(c.misfit for c in cases),
    }


def _rows(result: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for key in ("chronological", "leave_one_out"):
        for part in ("all", "clear"):
            yield f"{key}, {part}", result[key][part]
    for peer in ("random_order", "whole_half", "plain_information", "no_traps"):
        for key in ("chronological", "leave_one_out"):
            for part in ("all", "clear"):
                yield f"{peer}: {key}, {part}", result[peer][key][part]
    for name, label in (("read_with_margin", "read with a margin"), ("guarded", "guarded by a margin")):
        for key in ("chronological", "leave_one_out"):
            for part in ("all", "clear"):
                yield f"{label}: {key}, {part}", result[name][key][part]
    for part in ("all", "clear"):
        yield f"calibrated without old models, {part}", result["without_old_models"][part]
    for level, figures in result["stop_at"].items():
        yield f"chronological, all, stop at {level}", figures
    for name, figures in result["misspecified"].items():
        if isinstance(figures, dict):
            yield f"misspecified: {name}", figures
