"""The two smaller deduplication sets: alias groups over advisories, and duplicate pairs of kernel crashes."""

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from comity.clearing.aliases import IDENTIFIER, Statement, close, republished
from comity.clearing.crashes import read_title
from comity.errors import Missing

FOLDS: Final = 5
Vectors = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""Embeds texts; absent where `comity[embeddings]` is."""


def alias_groups(folder: Path, advisories: Path, upstream: Path, embed: Vectors | None = None) -> dict[str, Any]:
    """Records of one group found again with alias fields, and identifiers in text and links, hidden.

    `declared` is the other question: the groups that `close` makes of the alias fields as published.
    """
    groups = [json.loads(line) for line in _lines(folder / "alias_groups.jsonl")]
    wanted = {name for group in groups for name in group["record_in"]}
    statements: list[Statement] = []
    declared: dict[str, list[str]] = {}
    for statement, aliases in _statements(advisories, upstream):
        if statement.id in wanted:
            statements.append(statement)
            declared[statement.id] = aliases
    truth = _pairs(group["record_in"] for group in groups)
    whole = _pairs([name.upper() for name in group["ids"]] for group in groups)
    with_embeddings = None
    if embed is not None:
        bare = [IDENTIFIER.sub(" ", one.text) for one in statements]
        meanings = dict(zip([one.id for one in statements], embed(bare), strict=True))
        with_embeddings = scores(_pairs(republished(statements, meanings=meanings)), truth)
    return {
        **scores(_pairs(republished(statements)), truth),
        "groups": len(groups),
        "records": len(statements),
        "declared": scores(_pairs(close(declared)), whole),
        "with_embeddings": with_embeddings,
    }


def kernel_pairs(folder: Path, embed: Vectors | None = None) -> dict[str, Any]:
    """Duplicate pairs by title alone: what equal titles and equal functions find, and wrongly join, patch by patch.

    Positives are all pairs of titled bugs under one patch; bugs of different patches are the negatives.
    """
    rows = [json.loads(line) for line in _lines(folder / "ndss_kernel_pairs.jsonl")]
    titles: dict[str, str] = {}
    patches: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for number in ("1", "2"):
            patches[row["patch"]].add(row[f"bug_id{number}"])
            if row[f"title{number}"]:
                titles[row[f"bug_id{number}"]] = row[f"title{number}"]
    listed = {frozenset((row["bug_id1"], row["bug_id2"])) for row in rows}
    titled = {pair for pair in listed if pair <= titles.keys()}
    functions = {bug: read_title(title)[1] for bug, title in titles.items()}
    same_patch = _pairs(bugs & titles.keys() for bugs in patches.values())
    everything = [frozenset(pair) for pair in combinations(sorted(titles), 2)]

    def same(found: dict[str, Any], pair: frozenset[str]) -> bool:
        one, other = sorted(pair)
        return found.get(one) is not None and found.get(one) == found.get(other)

    by_function = {pair for pair in everything if same(functions, pair)}
    per_patch = {}
    for patch, bugs in sorted(patches.items()):
        pairs = _pairs([bugs & titles.keys()])
        per_patch[patch] = {"pairs": len(pairs), "found": len(pairs & by_function)}
    shares = [row["found"] / row["pairs"] for row in per_patch.values() if row["pairs"]]
    return {
        "listed": len(listed),
        "titled": len(titled),
        "equal_titles": sum(same(titles, pair) for pair in titled),
        "equal_functions": sum(same(functions, pair) for pair in titled),
        "same_function": scores(by_function, same_patch),
        "mean_recall_per_patch": sum(shares) / max(1, len(shares)),
        "per_patch": per_patch,
        "with_embeddings": None if embed is None else _by_meaning(titles, patches, everything, same_patch, embed),
    }


def _by_meaning(
    titles: Mapping[str, str],
    patches: Mapping[str, set[str]],
    everything: Sequence[frozenset[str]],
    truth: set[frozenset[str]],
    embed: Vectors,
) -> dict[str, Any]:
    """Titles by their vectors. The level is the best of the patches outside a fold, never of those it answers for.

    A pair belongs to the fold of its bugs' patches; pairs across folds are answered at the stricter level of the two.
    """
    names = sorted(titles)
    vectors = dict(zip(names, embed([titles[name] for name in names]), strict=True))
    fold = {bug: place % FOLDS for place, (_, bugs) in enumerate(sorted(patches.items())) for bug in bugs}
    near = {
        pair: math.fsum(a * b for a, b in zip(*(vectors[name] for name in sorted(pair)), strict=True))
        for pair in everything
    }
    levels = []
    for held in range(FOLDS):
        outside = {pair for pair in everything if all(fold[name] != held for name in pair)}
        levels.append(_best_level({pair: near[pair] for pair in outside}, truth & outside))
    found = {pair for pair in everything if near[pair] >= max(levels[fold[name]] for name in pair)}
    return {**scores(found, truth), "levels": levels}


def _best_level(near: Mapping[frozenset[str], float], truth: set[frozenset[str]]) -> float:
    """The level from which linking gives the best F1 here."""
    best, level, right = 0.0, 1.0, 0
    for number, (pair, nearness) in enumerate(sorted(near.items(), key=lambda one: -one[1]), start=1):
        right += pair in truth
        score = 2 * right / (number + len(truth))
        if score > best:
            best, level = score, nearness
    return level


def scores(found: Iterable[Any], truth: Iterable[Any]) -> dict[str, Any]:
    """Precision, recall and F1 of pairs, with wrong and missed ones counted. None where nothing was found."""
    found, truth = set(found), set(truth)
    right = len(found & truth)
    return {
        "precision": right / len(found) if found else None,
        "recall": right / len(truth) if truth else None,
        "f1": 2 * right / (len(found) + len(truth)) if found or truth else None,
        "over_merges": len(found) - right,
        "under_merges": len(truth) - right,
        "pairs": len(truth),
    }


def _pairs(groups: Iterable[Iterable[str]]) -> set[frozenset[str]]:
    return {frozenset(pair) for group in groups for pair in combinations(sorted(group), 2)}


def _statements(advisories: Path, upstream: Path) -> Iterator[tuple[Statement, list[str]]]:
    for line in _lines(advisories / "pypa.jsonl.gz"):
        row = json.loads(line)
        packages = frozenset(one["package"]["name"] for one in row.get("affected", ()))
        links = frozenset(one["url"] for one in row.get("references", ()))
        yield (
            Statement(id=row["id"], text=row.get("details", ""), links=links, packages=packages),
            row.get("aliases", []),
        )
    for line in _lines(advisories / "rustsec.jsonl.gz"):
        row = json.loads(line)
        head = row["advisory"]
        links = frozenset(filter(None, (head.get("url"), *head.get("references", ()))))
        packages = frozenset((head["package"],))
        text = row["body_markdown"] or ""
        yield Statement(id=head["id"], text=text, links=links, packages=packages), head.get("aliases", [])
    columns = ["id", "description", "references", "package_names", "products"]
    path = upstream / "vulnrichment.parquet"
    if not path.is_file():
        raise Missing(f"there is no {path.name} in the folder given with --upstream")
    for row in import_module("pyarrow.parquet").read_table(path, columns=columns).to_pylist():
        links = frozenset(one["url"] for one in row["references"] or ())
        packages = frozenset((*(row["package_names"] or ()), *(row["products"] or ())))
        yield Statement(id=row["id"], text=row["description"] or "", links=links, packages=packages), []


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise Missing(f"there is no {path.name} in the folder given")
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from file
    else:
        with path.open(encoding="utf-8") as file:
            yield from file
