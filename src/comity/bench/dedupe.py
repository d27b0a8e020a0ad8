"""Bench `dedupe`: which crash reports of a project have one fix? Likeness against simple rules, project by project.

Truth is an equal single fix commit; about one label in six is wrong (two opinions on the fix disagree that often), so
`label_ceiling` scores the second opinion as if it were an answer. OSS-Fuzz had already merged equal stacks: this is
the residue that stack matching misses, nobody's accuracy. Neither fixed ranges nor fix commits are among the inputs.

Default: five-fold cross-validation with whole projects held out, repeated over `--repeats` splits; every answer is
given by the product's arithmetic with a model that never saw the project. `--test DIR2` trains on DIR and answers for
DIR2. `--write FILE` writes the model learned from all of DIR.
"""

import argparse
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from comity.bench import pool
from comity.bench.dedupe_groups import Vectors, alias_groups, kernel_pairs, scores
from comity.bench.dedupe_rules import RULES
from comity.bench.dedupe_training import FOLDS, Pair, folds, learn, written
from comity.clearing.blocking import Key, candidates, stored_keys
from comity.clearing.crashes import read_kind, target_frames
from comity.clearing.likeness import Model, Sighting, calibrated, compare, surround, weigh
from comity.errors import Missing, Unavailable

PATCH_BYTES: Final = 20_000
GROUP: Final = 6
LEVELS: Final = (0.9, 0.8, 0.7, 0.6, 0.5)
NO_PROSE: Final = "embeddings of crash records: they have no prose, so their figures are the same with and without"
ORIGIN: Final = (
    "Learned by `comity bench dedupe` from crash facts of ARVO-Meta b850cfa08c87 (development half, clean subset): "
    "numbers only, no record is contained"
)


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. Missing when a file of the folder is not there."""
    parser = argparse.ArgumentParser(prog="comity bench dedupe", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data/dedupe"))
    parser.add_argument("--test", type=Path, help="train on the first folder, answer for this one only")
    parser.add_argument("--advisories", type=Path)
    parser.add_argument("--upstream", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--pool", type=int, default=0, help="also measure a pool of so many stored reports (bench pool)"
    )
    parser.add_argument("--write", type=Path, help="write the model learned from the whole first folder here")
    options = parser.parse_args(args)
    known = Corpus(options.folder)
    if options.write:
        options.write.write_bytes(written(learn(known.pairs, seed=0, missed=known.unblocked(), origin=ORIGIN)))
    judged = Corpus(options.test) if options.test else known
    repeats = [_answers(known, judged, seed) for seed in range(1 if options.test else options.repeats)]
    measured = [_measure(judged, answers) for answers in repeats]
    beside = judged.folder.parent
    embed, missing = embedder()
    return {
        "mode": "trained on the first folder, answered for --test" if options.test else f"{FOLDS}-fold by project",
        "records": len(judged.clean),
        "projects": len({one.package for one in judged.clean.values()}),
        "arvo_clean": _mean([one["clean"] for one in measured]),
        "arvo_clean_repeats": [one["clean"]["f1"] for one in measured],
        "agreed": _mean([one["agreed"] for one in measured]),
        "baselines": judged.baselines(),
        "label_ceiling": judged.ceiling(),
        "blocking": judged.blocking(),
        "calibration": measured[0]["calibration"],
        "without_embeddings": True,
        "alias_groups": alias_groups(
            judged.folder, options.advisories or beside / "advisories", options.upstream or beside / "upstream", embed
        ),
        "kernel_pairs": kernel_pairs(judged.folder, embed),
        "pool": pool.run(["--reports", str(options.pool)]) if options.pool else None,
        "missing": [NO_PROSE, *missing],
    }


def embedder() -> tuple[Vectors | None, list[str]]:
    """What embeds texts, if the extra is there; else what to print under `missing`."""
    from comity.language import embed

    try:
        embed.vectors(["a first text"])
    except Unavailable as error:
        return None, [f"embeddings: {error}"]
    return embed.vectors, []


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""

    def row(name: str, one: Mapping[str, Any]) -> str:
        figures = " ".join(
            f"{one[key]:>6.3f}" if one[key] is not None else "     -" for key in ("precision", "recall", "f1")
        )
        return f"{name:<42} {figures} {one['over_merges']:>7,.0f} {one['under_merges']:>7,.0f}"

    clean, agreed, aliases = result["arvo_clean"], result["agreed"], result["alias_groups"]
    kernel = result["kernel_pairs"]
    lines = [
        f"{result['records']:,} clean records of {result['projects']} projects, {result['mode']}",
        f"{'pairs of one project':<42} {'P':>6} {'R':>6} {'F1':>6} {'over':>7} {'under':>7}",
        row("likeness, linked (Same or Disputed)", clean),
        row("  rows where both fix opinions agree", agreed),
        row("label ceiling: the second opinion", result["label_ceiling"]),
        *(row(name, one) for name, one in result["baselines"].items()),
        f"F1 by repeat: {', '.join(f'{value:.3f}' for value in result['arvo_clean_repeats'])}",
        f"Same, automatic: {clean['same_pairs']:.1f} pairs, precision {clean['same_precision']}",
        f"  on agreed rows: {agreed['same_pairs']:.1f} pairs, precision {agreed['same_precision']}",
        f"Disputed: {clean['disputed_share']:.4f} of all pairs, {clean['disputed_reports']:.3f} of reports",
        "agreed rows at or above a probability, structural fact shared: "
        + ", ".join(f"{level}: {one['right']:.1f} of {one['pairs']:.1f}" for level, one in agreed["levels"].items()),
        f"blocking: {result['blocking']['recall']:.3f} of true pairs in {result['blocking']['share']:.3f} of all pairs",
        row("alias groups, aliases and ids hidden", aliases),
        *([row("  the same with embeddings", aliases["with_embeddings"])] if aliases["with_embeddings"] else []),
        row("alias groups, aliases as declared", aliases["declared"]),
        row("kernel pairs, same function in the title", kernel["same_function"]),
        *(
            [row("  titles by embeddings, levels by patch", kernel["with_embeddings"])]
            if kernel["with_embeddings"]
            else []
        ),
        f"  of {kernel['titled']} titled: {kernel['equal_titles']} equal, {kernel['equal_functions']} by function",
        f"  mean recall per patch {kernel['mean_recall_per_patch']:.3f}",
        *([pool.table(result["pool"])] if result["pool"] else []),
        *(f"missing: {one}" for one in result["missing"]),
    ]
    return "\n".join(lines)


class Corpus:
    """One folder of crash records, read and blocked: `clean` is judged, every record counts as surroundings."""

    def __init__(self, folder: Path) -> None:
        path = folder / "arvo.jsonl.gz"
        if not path.is_file():
            raise Missing("there is no arvo.jsonl.gz in the folder given")
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        self.folder = folder
        self.rows: dict[str, dict[str, Any]] = {str(row["localId"]): row for row in rows}
        self.everything = [sighting(row) for row in rows]
        single = {name: row for name, row in self.rows.items() if len(row["fix_commits"]) == 1}
        self.fix = {name: (row["oss_fuzz_project"], row["fix_commits"][0]) for name, row in single.items()}
        sizes = Counter(self.fix.values())
        self.clean = {
            one.id: one
            for one in self.everything
            if one.id in single
            and 0 < (single[one.id]["patch_bytes"] or 0) < PATCH_BYTES
            and sizes[self.fix[one.id]] <= GROUP
        }
        opinions = import_module("pyarrow.parquet").read_table(folder / "oss_fuzz_join.parquet").to_pylist()
        self.second = {str(one["localId"]): tuple(one["osv_fixed"] or ()) for one in opinions}
        self.agreeing = {str(one["localId"]) for one in opinions if one["fix_agrees"]}
        self.by_project: defaultdict[str, list[str]] = defaultdict(list)
        for name, one in sorted(self.clean.items()):
            self.by_project[one.package].append(name)
        self.universe = [pair for names in self.by_project.values() for pair in combinations(names, 2)]
        self.truth = {pair for pair in self.universe if self.fix[pair[0]] == self.fix[pair[1]]}
        self.pairs = list(self._pairs())

    def _pairs(self) -> list[Pair]:
        around = {
            project: surround(one for one in self.everything if one.package == project) for project in self.by_project
        }
        filed: defaultdict[Key, list[Sighting]] = defaultdict(list)
        for one in self.clean.values():
            for key in stored_keys(one):
                filed[key].append(one)
        return [
            Pair(
                project=one.package,
                ids=(one.id, other.id),
                numbers=compare(one, other, around[one.package]),
                same=self.fix[one.id] == self.fix[other.id],
                agreed=self.agrees((one.id, other.id)),
            )
            for _, one in sorted(self.clean.items())
            for other in candidates(one, filed)
            if one.id < other.id
        ]

    def agrees(self, pair: tuple[str, str]) -> bool:
        """Whether both records have a second opinion on their fix that agrees with the first."""
        return self.agreeing.issuperset(pair)

    def unblocked(self) -> int:
        """True pairs that blocking left out."""
        return len(self.truth - {pair.ids for pair in self.pairs})

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Every simple rule over all pairs of the clean records of a project."""
        return {
            name: scores({p for p in self.universe if rule(self.rows[p[0]], self.rows[p[1]])}, self.truth)
            for name, rule in RULES.items()
        }

    def ceiling(self) -> dict[str, Any]:
        """The second opinion on the fix, scored as an answer over the records that have one."""
        both = {pair for pair in self.universe if self.second.get(pair[0]) and self.second.get(pair[1])}
        found = {pair for pair in both if set(self.second[pair[0]]) & set(self.second[pair[1]])}
        return scores(found, self.truth & both)

    def blocking(self) -> dict[str, float]:
        """How many true pairs are compared at all, and what share of all pairs that costs."""
        return {
            "recall": 1 - self.unblocked() / max(1, len(self.truth)),
            "share": len(self.pairs) / max(1, len(self.universe)),
        }


def sighting(row: Mapping[str, Any]) -> Sighting:
    """A record's facts as known at the report: never its fixed range, fix commits or patch."""
    span = row["regressed_range"]
    ends = [datetime.strptime(part, "%Y%m%d%H%M").replace(tzinfo=UTC) for part in span.split(":")] if span else []
    return Sighting(
        id=str(row["localId"]),
        package=row["oss_fuzz_project"],
        frames=target_frames(row["crash_state"]),
        kind=read_kind(row["crash_type"]),
        sanitizer=row["sanitizer"],
        engine=row["fuzzing_engine"],
        target=row["fuzz_target"] or "",
        reported=datetime.fromtimestamp(0, UTC) + timedelta(seconds=row["reported_ts"]),
        origin=(ends[0], ends[-1]) if ends else None,
    )


Answer = tuple[Pair, float, str]


def _answers(known: Corpus, judged: Corpus, seed: int) -> list[Answer]:
    """Every blocked pair with its probability and verdict, by a model that never saw its project."""
    if known is not judged:
        model = learn(known.pairs, seed=seed, missed=known.unblocked(), origin=ORIGIN)
        return [_answer(model, pair) for pair in judged.pairs]
    compared = {pair.ids for pair in known.pairs}
    answers = []
    for training, held in folds(known.pairs, count=FOLDS, seed=seed):
        projects = {pair.project for pair in training}
        missed = sum(known.clean[one].package in projects for one, other in known.truth if (one, other) not in compared)
        model = learn(training, seed=seed, missed=missed, origin=ORIGIN)
        answers += [_answer(model, pair) for pair in held]
    return answers


def _answer(model: Model, pair: Pair) -> Answer:
    probability = calibrated(model, weigh(model, pair.numbers)[0])
    if model.same_at is not None and pair.structural and probability >= model.same_at:
        return pair, probability, "same"
    return pair, probability, "disputed" if probability >= model.link_at else "new"


def _measure(corpus: Corpus, answers: Sequence[Answer]) -> dict[str, Any]:
    agreed = [answer for answer in answers if answer[0].agreed]
    universe = [pair for pair in corpus.universe if corpus.agrees(pair)]
    return {
        "clean": _figures(answers, corpus.universe, corpus.truth),
        "agreed": _figures(agreed, universe, {pair for pair in corpus.truth if corpus.agrees(pair)}),
        "calibration": [
            {"from": low / 10, "pairs": len(within), "mean": _share([p for _, p, _ in within]),
             "true": _share([float(pair.same) for pair, _, _ in within])}
            for low in range(10)
            if (within := [answer for answer in answers if low / 10 <= answer[1] < (low + 1) / 10 + (low == 9)])
        ],
    }  # fmt: skip


def _figures(
    answers: Sequence[Answer], universe: Sequence[tuple[str, str]], truth: set[tuple[str, str]]
) -> dict[str, Any]:
    linked = {pair.ids for pair, _, verdict in answers if verdict != "new"}
    same = [pair for pair, _, verdict in answers if verdict == "same"]
    disputed = [pair for pair, _, verdict in answers if verdict == "disputed"]
    reports = {name for pair in universe for name in pair}
    levels = {}
    for level in LEVELS:
        above = [pair.same for pair, probability, _ in answers if probability >= level and pair.structural]
        levels[str(level)] = {"pairs": len(above), "right": sum(above)}
    return {
        **scores(linked, truth),
        "same_pairs": len(same),
        "same_precision": sum(pair.same for pair in same) / len(same) if same else None,
        "same_over_merges": sum(not pair.same for pair in same),
        "disputed_share": len(disputed) / max(1, len(universe)),
        "disputed_reports": len({name for pair in disputed for name in pair.ids}) / max(1, len(reports)),
        "levels": levels,
    }


def _share(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _mean(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean over repeats, key by key; None where any repeat has none. Same: over all merged pairs together."""
    out: dict[str, Any] = {}
    for key, first in runs[0].items():
        values = [run[key] for run in runs]
        if isinstance(first, dict):
            out[key] = _mean(values)
        else:
            out[key] = None if any(value is None for value in values) else _share(values)
    merged = out.get("same_pairs")
    if merged:
        out["same_precision"] = 1 - out["same_over_merges"] / merged
    return out
