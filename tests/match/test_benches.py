"""The benches on real advisories, small: peers give the same answers, figures add up, absent data is named."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

from comity.bench import labels, match, match_peers
from comity.defend.match import Matching
from comity.defend.segments import Feed, Statement, index
from comity.errors import Missing
from comity.formats.versions import key
from comity.model.inventory import Answer


@pytest.fixture(scope="module")
def pypa(corpora: Path) -> tuple[Statement, ...]:
    return match.read_statements(corpora / "advisories" / "pypa.jsonl.gz")


def test_every_listed_version_of_the_python_advisories_matches_as_packaging_says(pypa: tuple[Statement, ...]) -> None:
    matching = Matching(index(pypa, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=match.NOW),)), now=match.NOW)
    pairs = sorted({(s.affected.name, version) for s in pypa for version in s.affected.versions})
    rows = matching.add("PyPI", [name for name, _ in pairs], [version for _, version in pairs])
    assert rows.tally()[Answer.AFFECTED] == len(pairs)
    ask = match_peers.memoised(pypa)
    for place in range(0, len(pairs), 7):
        assert set(matching.hits(rows.numbers[place])) == ask(*pairs[place]), pairs[place]


def test_versions_that_are_no_pep_440_match_by_list_and_never_count_as_clean(pypa: tuple[Statement, ...]) -> None:
    legacy = sorted({(s.affected.name, v) for s in pypa for v in s.affected.versions if key("PyPI", v) is None})
    assert len(legacy) > 50
    matching = Matching(index(pypa, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=match.NOW),)), now=match.NOW)
    rows = matching.add("PyPI", [name for name, _ in legacy], [version for _, version in legacy])
    assert rows.tally()[Answer.AFFECTED] == len(legacy)
    mangled = matching.add("PyPI", [name for name, _ in legacy], [version + "-x-y" for _, version in legacy])
    assert mangled.tally()[Answer.UNKNOWN] == len(legacy)


def test_the_match_bench_gives_the_same_answers_as_its_peers(corpora: Path, tmp_path: Path) -> None:
    """Over every eighth advisory: the bench itself runs over all of them."""
    with gzip.open(corpora / "advisories" / "pypa.jsonl.gz", "rb") as whole:
        (tmp_path / "pypa.jsonl.gz").write_bytes(gzip.compress(b"".join(islice(whole, 0, None, 8)), mtime=0))
    result = match.run(["--rows", "3000", "--portfolio", "9000", "--advisories", str(tmp_path)])
    json.dumps(result)
    assert result["identical"]
    assert set(result["peers"]) | set(result["missing"]) == {"naive", "univers", "memoised"}
    assert {"naive", "memoised"} <= set(result["peers"])
    assert result["ratio"] > 2
    assert result["peak_rss_mib"] < 1536
    for row in result["growth"]:
        assert sum(row["answers"].values()) == row["rows"]
    assert "times the naive method" in match.table(result)


def test_the_same_seed_draws_the_same_rows(pypa: tuple[Statement, ...]) -> None:
    first, second = (match._Draw(pypa, seed=1).worst(500) for _ in range(2))
    assert (first.names, first.versions) == (second.names, second.versions)
    assert match._Draw(pypa, seed=1).portfolio(700).names.count("clean-1") < 700


def test_a_peer_that_disagrees_is_reported(pypa: tuple[Statement, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_peers, "PEERS", {"naive": lambda _: lambda _name, _version: {-1}})
    built = index(pypa, feeds=(Feed(ecosystem="PyPI", source="pypa", as_of=match.NOW),))
    found = match._peers(built, pypa, match._Draw(pypa, seed=1).worst(100), full=True)
    assert not found["identical"]


def test_a_folder_without_advisories_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        match.run(["--advisories", str(tmp_path)])
    with pytest.raises(Missing):
        labels.run([str(tmp_path / "none.parquet")])


def test_the_labels_bench_counts_every_label_once(corpora: Path) -> None:
    result = labels.run(
        [str(corpora / "matching" / "anchore-labels.parquet"), "--advisories", str(corpora / "advisories")]
    )
    json.dumps(result)
    assert sum(sum(row.values()) for row in result["by_label"].values()) == result["labels"] == 11_666
    assert result["true_positive"] >= 48
    assert result["recall"] >= 0.9
    assert "precision" in labels.table(result)
