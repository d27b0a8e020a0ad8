"""Bench `labels`: human labels of scanner findings (anchore/vulnerability-match-labels) against our answers.

Each label says of (package, version, vulnerability) in an image whether a scanner's finding was true (TP), false (FP)
or undecided (??). Only labels whose package and vulnerability some given advisory names can be judged; the others are
counted as not assessed, never as misses, since their advisories are not at hand. The labels are of 2022 to 2024 and
most false ones are about identity (a distribution's backport, another product of the same name), not versions; the
labels give no ecosystem either, so a Jenkins plugin named as a Python package is taken for one.

What the label set can tell about identity is used: a Python package in an image that also has the distribution's
`python3-NAME` at the same upstream version is two witnesses of one component, and the upstream advisory alone then
leaves it unknown: distributions fix by backport and keep the upstream version.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from comity.bench.match import NOW, read_statements
from comity.defend.match import Component, Matching
from comity.defend.segments import Feed, Index, index
from comity.errors import Missing, Unavailable
from comity.formats.versions.identity import Package, package
from comity.model.inventory import Answer

FEEDS: Final = {"pypa.jsonl.gz": "PyPI", "go.jsonl.gz": "Go"}
"""OSV files looked for in the folder of advisories, and their ecosystem."""
_LISTED: Final = 40


class Label(NamedTuple):
    """One human verdict. `names` are all ids given for the vulnerability."""

    image: str
    verdict: str
    package: str
    version: str
    names: frozenset[str]


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. Missing without the file, Unavailable without pyarrow."""
    parser = argparse.ArgumentParser(prog="comity bench labels", description=__doc__)
    parser.add_argument("file", nargs="?", default="../shared/data/matching/anchore-labels.parquet")
    parser.add_argument("--advisories", default="../shared/data/advisories")
    options = parser.parse_args(args)
    labels = list(read_labels(Path(options.file)))
    built = _index(Path(options.advisories))
    outcomes = [(label, _answer(built, label, owned)) for label, owned in _with_owners(labels)]
    return _figures(outcomes)


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    lines = [
        f"{result['labels']:,} labels, {result['assessed']:,} of them about what the feeds given name",
        f"{'':<12} {'affected':>9} {'not affected':>13} {'unknown':>8} {'not assessed':>13}",
    ]
    for verdict, name in (("TP", "true"), ("FP", "false"), ("??", "undecided")):
        row = result["by_label"][verdict]
        lines.append(
            f"{name:<12} {row['affected']:>9} {row['not affected']:>13} {row['unknown']:>8} {row['not assessed']:>13,}"
        )
    lines.append(f"precision {result['precision']:.3f}, recall {result['recall']:.3f} over decided answers")
    lines.append(f"{result['triples']['assessed']} distinct triples assessed")
    lines += [f"    false negative: {line}" for line in result["false_negatives"]]
    lines += [f"    false positives: {name}: {count}" for name, count in result["false_positives_by_package"].items()]
    return "\n".join(lines)


def read_labels(path: Path) -> Iterator[Label]:
    """Labels that name a package and a version; older ones that do not are left out."""
    if not path.is_file():
        raise Missing("there is no label file at the path given")
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError as error:
        raise Unavailable("reading the labels needs pyarrow: install comity[bench]") from error
    wanted = ["image", "label", "package_name", "package_version", "vulnerability_id", "effective_cve"]
    for row in parquet.read_table(path, columns=wanted).to_pylist():
        if row["package_name"] and row["package_version"]:
            names = frozenset(filter(None, (row["vulnerability_id"], row["effective_cve"])))
            yield Label(row["image"], row["label"], row["package_name"], row["package_version"], names)


def _index(folder: Path) -> Index:
    found = {name: ecosystem for name, ecosystem in FEEDS.items() if (folder / name).is_file()}
    if not found:
        raise Missing(f"there is none of {', '.join(FEEDS)} in the folder given with --advisories")
    return index(
        (statement for name in found for statement in read_statements(folder / name)),
        feeds=(Feed(ecosystem=ecosystem, source=name, as_of=NOW) for name, ecosystem in found.items()),
    )


def _with_owners(labels: Iterable[Label]) -> Iterator[tuple[Label, bool]]:
    """Each label, and whether the same image has the distribution's package of the same upstream version."""
    kept = tuple(labels)
    by_image: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for label in kept:
        by_image[label.image][label.package] = label.version
    for label in kept:
        yield (
            label,
            any(
                by_image[label.image].get(name, "").partition("-")[0].rpartition(":")[2] == label.version
                for name in (f"python3-{label.package}", f"python-{label.package}", f"python36-{label.package}")
            ),
        )


def _answer(built: Index, label: Label, owned: bool) -> tuple[Answer, str]:
    """The answer about this vulnerability of this package, by the one feed that names the two together."""
    for ecosystem in FEEDS.values():
        places = _places(built, package(ecosystem, label.package), label.names)
        if not places:
            continue
        matching = Matching(built, now=NOW)
        number = matching.add(ecosystem, [label.package], [label.version]).numbers[0]
        upstream = _only(matching.component(number), built, places)
        answer = upstream.answer
        if owned:
            answer = Answer.UNKNOWN if upstream.findings else Answer.NOT_ASSESSED
        return answer, f"{ecosystem} {label.package} {label.version} {' '.join(sorted(label.names))}"
    return Answer.NOT_ASSESSED, ""


def _places(built: Index, wanted: Package, names: frozenset[str]) -> frozenset[int]:
    line = built.lines.get(wanted)
    if line is None:
        return frozenset()
    return frozenset(
        place
        for place in line.everything
        if names & {built.statements[place].advisory, *built.statements[place].aliases}
    )


def _only(component: Component, built: Index, places: frozenset[int]) -> Component:
    """The component with nothing but the advisories that the label is about."""
    about = {built.statements[place].advisory for place in places}
    findings = tuple(finding for finding in component.findings if finding.advisory in about)
    undecided = tuple(finding for finding in component.undecided if finding.advisory in about)
    answer = Answer.AFFECTED if findings else Answer.UNKNOWN if undecided else Answer.NOT_AFFECTED
    return Component(row=component.row, answer=answer, reason="", findings=findings, undecided=undecided)


def _figures(outcomes: list[tuple[Label, tuple[Answer, str]]]) -> dict[str, Any]:
    by_label: dict[str, Counter[Answer]] = {verdict: Counter() for verdict in ("TP", "FP", "??")}
    for label, (answer, _) in outcomes:
        by_label[label.verdict][answer] += 1
    true, false = by_label["TP"], by_label["FP"]
    hit, wrong, missed = true[Answer.AFFECTED], false[Answer.AFFECTED], true[Answer.NOT_AFFECTED]
    assessed = [(label, answer) for label, (answer, _) in outcomes if answer is not Answer.NOT_ASSESSED]
    return {
        "labels": len(outcomes),
        "assessed": len(assessed),
        "true_positive": hit,
        "false_positive": wrong,
        "false_negative": missed,
        "true_negative": false[Answer.NOT_AFFECTED],
        "undecided": by_label["??"].total(),
        "unknown": {verdict: counts[Answer.UNKNOWN] for verdict, counts in by_label.items()},
        "not_assessed": sum(counts[Answer.NOT_ASSESSED] for counts in by_label.values()),
        "precision": hit / (hit + wrong) if hit + wrong else 0.0,
        "recall": hit / (hit + missed) if hit + missed else 0.0,
        "by_label": {
            verdict: {str(answer): counts[answer] for answer in Answer} for verdict, counts in by_label.items()
        },
        "triples": _triples(assessed),
        "false_negatives": sorted(
            {text for label, (answer, text) in outcomes if label.verdict == "TP" and answer is Answer.NOT_AFFECTED}
        )[:_LISTED],
        "false_positives_by_package": Counter(
            f"{label.package} {label.version}"
            for label, (answer, _) in outcomes
            if label.verdict == "FP" and answer is Answer.AFFECTED
        ),
        "missing": [],
    }


def _triples(assessed: Sequence[tuple[Label, Answer]]) -> Mapping[str, int]:
    """Distinct (package, version, vulnerability), and how many of them people labelled both true and false."""
    verdicts: defaultdict[tuple[str, str, frozenset[str]], set[str]] = defaultdict(set)
    for label, _ in assessed:
        verdicts[label.package, label.version, label.names].add(label.verdict)
    return {"assessed": len(verdicts), "contradictory": sum({"TP", "FP"} <= found for found in verdicts.values())}
