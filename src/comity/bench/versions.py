"""Bench `versions`: how often our order agrees with each ecosystem's own comparator, and the VERS and purl suites.

Pairs are lines `A < B` of the OSV fixtures (`osv-scalibr/*.txt`). A line is right, wrong, or rejected, when one side
has no key; a rejected version is never "unaffected", it makes an answer unknown. Rejects are explained, and wrong lines
are listed. Suites are the JSON files beside them: failed and skipped tests are counted by file and reason; `suites_why`
says where a suite states what we hold to be wrong.
"""

import argparse
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from packageurl import PackageURL

from comity.errors import Missing
from comity.formats import purl
from comity.formats.versions import native, order, scheme, vers
from comity.formats.versions.constraints import VersionSet
from comity.formats.versions.ecosystems import UNORDERED
from comity.formats.versions.spans import Inside, Undecided

FIXTURES: Final = {
    "alpine": "Alpine:v3.20",
    "cran": "CRAN",
    "debian": "Debian:12",
    "hackage": "Hackage",
    "maven": "Maven",
    "nuget": "NuGet",
    "packagist": "Packagist",
    "pub": "Pub",
    "pypi": "PyPI",
    "redhat": "Red Hat",
    "rubygems": "RubyGems",
    "semver": "SemVer",
}
"""First word of a fixture's file name to the ecosystem whose order it states."""

REJECTS: Final = {
    "Alpine:v3.20": "outside apk's grammar: its own answers for such texts changed between releases",
    "Packagist": "a branch, a placeholder (#) or -stable: no point in one order",
    "PyPI": "legacy version, not PEP 440: has had no order since packaging 22; matched by list only",
    "RubyGems": "malformed for Gem::Version, which raises ArgumentError",
}
WRONG: Final = {
    "Maven": "Maven 3 goes round in a circle for these mixtures; a pre-release stays below its release here",
    "Packagist": "bare PHP; Composer pads to four numbers and folds case before it asks PHP, and so do we",
}
SUITES_WHY: Final = {
    "npm_range_from_native": "the suite reads `<= 1.0` as <= 1.0.0 and `2.1` as 2.1.0, and joins bounds that must all "
    "hold into a union; node-semver, which we follow, reads x-ranges and intersects",
    "conan_range_from_native": "the expected value is an empty VERS, which VERS does not allow",
    "gitlab_conan": "the expected value is an empty VERS, which VERS does not allow",
    "gitlab_npm": "the suite reads `<=3.3` as <= 3.3.0; node-semver, which we follow, reads an x-range",
    "gitlab_composer": "expected bounds end in -stable, which PHP and Composer order in opposite ways, or are dates "
    "read as SemVer pre-releases, or overlap in a way that VERS cannot say",
    "gitlab_golang": "univers reads a fourth number as build metadata, which does not order",
    "gitlab_pypi": "an empty alternative would hold for every version; we refuse it, the suite drops it",
}
"""By part of a suite's file name: why we differ on purpose."""
_LINE: Final = re.compile(r"(.*?) ([<=>]) (.*)")
_SIGN: Final = {-1: "<", 0: "=", 1: ">"}
_LISTED: Final = 40


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of benches.md. Missing when the folder has no fixtures."""
    parser = argparse.ArgumentParser(prog="comity bench versions", description=__doc__)
    parser.add_argument("folder", nargs="?", default="../shared/data/versions")
    parser.add_argument("--purl", help="folder of the purl suite; default: formats/purl/tests beside the folder")
    options = parser.parse_args(args)
    folder = Path(options.folder)
    purl_folder = Path(options.purl) if options.purl else folder.parent / "formats" / "purl" / "tests"
    return {
        "ecosystems": orders(folder),
        "suites": {
            "vers": suite(folder / "vers-spec"),
            "univers": suite(folder / "univers"),
            "purl": purl_suite(purl_folder),
        },
        "suites_why": SUITES_WHY,
        "unordered": UNORDERED,
        "missing": [],
    }


def table(result: dict[str, Any]) -> str:
    """The same figures for people."""
    lines = [f"{'ecosystem':<14} {'cases':>7} {'right':>7} {'wrong':>6} {'rejected':>9} {'rate':>9}"]
    for name, row in result["ecosystems"].items():
        lines.append(
            f"{name:<14} {row['cases']:>7,} {row['right']:>7,} {row['wrong']:>6} {row['rejected']:>9} "
            f"{row['rate']:>9.4%}"
        )
        lines += [f"    {kind}: {row[f'{kind}_why']}" for kind in ("wrong", "rejected") if row[kind]]
    for suite, rows in result["suites"].items():
        lines.append(f"{suite}: {rows['passed']} passed, {rows['failed']} failed, {rows['skipped']} skipped")
        lines += [f"    {name}: {count}" for name, count in rows["reasons"].items()]
    lines += [f"{part}: {why}" for part, why in result["suites_why"].items()]
    return "\n".join(lines)


def orders(folder: Path) -> dict[str, Any]:
    """The rows of every ecosystem. Missing when the folder has no fixtures."""
    fixtures = sorted((folder / "osv-scalibr").glob("*.txt"))
    if not fixtures:
        raise Missing("there are no osv-scalibr/*.txt fixtures in the folder given")
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for path in fixtures:
        ecosystem = FIXTURES.get(path.name.split("-")[0])
        if ecosystem is None:
            raise Missing(f"no ecosystem is known for the fixture {path.name}")
        for left, sign, right in _pairs(path):
            found = order(ecosystem, left, right)
            verdict = "rejected" if found is None else "right" if _SIGN[found] == sign else "wrong"
            counts[ecosystem][verdict] += 1
            if verdict == "wrong":
                listed[ecosystem].append(f"{left} {sign} {right}")
    return {ecosystem: _row(ecosystem, count, listed[ecosystem]) for ecosystem, count in sorted(counts.items())}


def _row(ecosystem: str, count: Counter[str], wrong: list[str]) -> dict[str, Any]:
    judged = count["right"] + count["wrong"]
    return {
        "cases": count.total(),
        "right": count["right"],
        "wrong": count["wrong"],
        "rejected": count["rejected"],
        "rate": count["right"] / judged if judged else 0.0,
        "wrong_lines": wrong[:_LISTED],
        "wrong_why": WRONG.get(ecosystem, "not explained") if count["wrong"] else "",
        "rejected_why": REJECTS.get(ecosystem, "not explained") if count["rejected"] else "",
    }


def _pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if not line or line.startswith(("#", "//")):
            continue
        parts = _LINE.fullmatch(line)
        if parts is None:
            raise Missing(f"a line of {path.name} states no comparison")
        yield parts[1].strip(), parts[2], parts[3].strip()


def suite(folder: Path) -> dict[str, Any]:
    """Passed, failed and skipped over all files; reasons say how many of which file and kind, nothing is dropped."""
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        tests = document["tests"] if isinstance(document, dict) else document
        for test in tests:
            outcome, reason = _judge(test)
            totals[outcome] += 1
            if reason:
                reasons[f"{outcome}: {path.stem}: {reason}"] += 1
    return {**{name: totals[name] for name in ("passed", "failed", "skipped")}, "reasons": dict(reasons)}


def _judge(test: dict[str, Any]) -> tuple[str, str]:
    kind = test.get("test_type")
    try:
        if kind in ("comparison", "equality"):
            return _compared(test)
        if kind == "from_native":
            return _from_native(test)
        if kind == "containment":
            found = vers.contains(test["input"]["vers"], test["input"]["version"])
            return _passed(
                isinstance(found, Inside) == test["expected_output"] and not isinstance(found, Undecided), kind
            )
        if kind in ("validate", "roundtrip"):
            text = test["input"] if isinstance(test["input"], str) else test["input"]["vers"]
            return _passed(vers.write(*vers.read(text)) == test["expected_output"], kind)
        if kind == "parse":
            return _parsed(test)
    except ValueError as error:
        return "failed", f"refused: {error}"
    return "skipped", "not a test of one of the suite's kinds"


def _compared(test: dict[str, Any]) -> tuple[str, str]:
    ecosystem, versions = test["input"]["input_scheme"], test["input"]["versions"]
    known = scheme(ecosystem)
    if known is None:
        return "skipped", f"no order for {ecosystem}"
    keys = [known.key(version) for version in versions]
    if any(position is None for position in keys):
        return "failed", "a version has no key"
    if test["test_type"] == "equality":
        return _passed((keys[0] == keys[1]) == test["expected_output"], "equality")
    expected = [known.key(version) for version in test["expected_output"]]
    return _passed(sorted(position for position in keys if position is not None) == expected, "comparison")


def _from_native(test: dict[str, Any]) -> tuple[str, str]:
    """Judged by meaning: the same spans of versions. VERS has more than one spelling for a set."""
    ecosystem = test["input"]["scheme"]
    if ecosystem not in native.GRAMMARS:
        return "skipped", f"no range grammar for {ecosystem}"
    ours: VersionSet = native.read(ecosystem, test["input"]["native_range"])
    theirs = vers.spans(*vers.read(test["expected_output"]))
    return _passed(not isinstance(theirs, Undecided) and ours.spans() == theirs, "another set than expected")


def _parsed(test: dict[str, Any]) -> tuple[str, str]:
    try:
        _, constraints = vers.read_canonical(test["input"])
    except ValueError as error:
        return _passed(str(error) == test.get("expected_message"), "another refusal than expected")
    wanted = test.get("expected_output", {}).get("version_constraints")
    return _passed([[str(comparator), version] for comparator, version in constraints] == wanted, "parse")


def purl_suite(folder: Path, part: str = "*") -> dict[str, Any]:
    """Parse and validate tests run over `formats.purl.read`, build tests over the library that it stands on."""
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for path in sorted(folder.glob(f"{part}/*.json*")):
        data = path.read_bytes()
        document = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
        for test in document["tests"]:
            outcome, reason = _judge_purl(test)
            totals[outcome] += 1
            if reason:
                reasons[f"{outcome}: {path.name.split('.')[0]}: {test['test_type']}: {reason}"] += 1
    return {**{name: totals[name] for name in ("passed", "failed", "skipped")}, "reasons": dict(reasons)}


def _judge_purl(test: dict[str, Any]) -> tuple[str, str]:
    given, wanted, refused = test["input"], test.get("expected_output"), bool(test.get("expected_failure"))
    try:
        if isinstance(given, dict):
            found: Any = PackageURL(**given).to_string()
        elif isinstance(wanted, str):
            found, wanted = (purl.read(one) for one in (given, wanted))
        else:
            stated = purl.read(given)
            found = {"type": stated.type, "version": stated.version or None}
            wanted = wanted and {name: wanted[name] for name in found}
    except ValueError:
        return _passed(refused, "refused a purl that is valid")
    return ("failed", "accepted a purl that is not valid") if refused else _passed(found == wanted, "another purl")


def _passed(right: bool, reason: str) -> tuple[str, str]:
    return ("passed", "") if right else ("failed", reason)
