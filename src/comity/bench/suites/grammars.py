"""Small grammars: VERS and purl by their own suites, native ranges by univers' cases, orders by the ecosystems' own."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from comity.bench import versions
from comity.bench.suite import Counted, Suite, needs

ON_PURPOSE: Final = "differs on purpose"


NOT_MET: Final = {
    "bazel-test": 1,
    "brew-test": 3,
    "chrome-extension-test": 4,
    "cpan-test": 5,
    "gem-test": 1,
    "generic-test": 2,
    "git-test": 1,
    "hex-test": 1,
    "huggingface-test": 2,
    "julia-test": 2,
    "luarocks-test": 1,
    "maven-test": 3,
    "mlflow-test": 5,
    "npm-test": 1,
    "oci-test": 3,
    "otp-test": 3,
    "rpm-test": 1,
    "swift-test": 5,
    "vcpkg-test": 3,
    "vscode-extension-test": 2,
}
"""Cases of rules for single purl types that packageurl-python, on which we stand, does not hold to: by file, counted.

They are told as skipped and "not met", never as passed; one more than is written here is a failure."""


def _suite(name: str) -> Any:
    def run(corpora: Path) -> Counted:
        folder = needs(corpora / "versions" / ("vers-spec" if name == "vers" else name))
        return judged(versions.suite(folder))

    return run


def purl_spec(corpora: Path) -> Counted:
    """The tests of the specification itself."""
    return judged(versions.purl_suite(needs(corpora / "formats" / "purl" / "tests"), "spec"))


def purl_types(corpora: Path) -> Counted:
    """The tests of single types. What is known not to be met is told as such."""
    found = versions.purl_suite(needs(corpora / "formats" / "purl" / "tests"), "types")
    by_file: Counter[str] = Counter()
    for reason, number in found["reasons"].items():
        by_file[reason.split(": ")[1]] += number
    known = {name: min(number, NOT_MET.get(name, 0)) for name, number in by_file.items()}
    told = [f"not met ({number}): {name}: the library we stand on has no such rule" for name, number in known.items()]
    told += [f"failed: {name} ({number - known[name]})" for name, number in by_file.items() if number > known[name]]
    skipped = sum(known.values())
    return Counted(
        passed=found["passed"],
        failed=found["failed"] - skipped,
        skipped=skipped + found["skipped"],
        reasons=tuple(told),
    )


def judged(found: Mapping[str, Any]) -> Counted:
    """A failure that is explained (`versions.SUITES_WHY`) is a difference on purpose: skipped, with its reason."""
    told, explained = [], 0
    for reason, number in found["reasons"].items():
        why = next((text for part, text in versions.SUITES_WHY.items() if part in reason), "")
        if reason.startswith("failed") and why:
            explained += number
            told.append(f"{ON_PURPOSE} ({number}): {reason.partition(': ')[2]}: {why}")
        else:
            told.append(f"{reason} ({number})")
    return Counted(
        passed=found["passed"],
        failed=found["failed"] - explained,
        skipped=found["skipped"] + explained,
        reasons=tuple(told),
    )


def orders(corpora: Path) -> Counted:
    """Pairs of versions in the order of each ecosystem's own comparator."""
    needs(corpora / "versions" / "osv-scalibr")
    rows = versions.orders(corpora / "versions")
    passed = failed = skipped = 0
    reasons = []
    for name, row in rows.items():
        passed += row["right"]
        explained = row["wrong"] if row["wrong_why"] != "not explained" else 0
        failed += row["wrong"] - explained
        skipped += row["rejected"] + explained
        reasons += [f"{name}: {row[k]} {k}: {row[f'{k}_why']}" for k in ("wrong", "rejected") if row[k]]
    return Counted(passed=passed, failed=failed, skipped=skipped, reasons=tuple(reasons))


SUITES: Final = (
    Suite(name="vers", source="package-url/vers-spec tests", run=_suite("vers")),
    Suite(name="native-ranges", source="univers test cases", run=_suite("univers")),
    Suite(name="purl", source="package-url/purl-spec, tests of the specification", run=purl_spec),
    Suite(name="purl-types", source="package-url/purl-spec, tests of single types", run=purl_types),
    Suite(name="version-orders", source="fixtures of OSV-SCALIBR, by each ecosystem's comparator", run=orders),
)
