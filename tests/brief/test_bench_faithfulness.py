"""The bench: its scores are right, it reads no answers, and its interval repeats."""

import gzip
import json
from pathlib import Path

import pytest

from comity.bench import faithfulness
from comity.bench.faithfulness import Row, read_rows, score
from comity.bench.faithfulness_signals import SIGNS, fit, signs
from comity.errors import Invalid, Missing

DOCUMENT = "The agency may reduce its 40 reports in 2026. Northwind raised prices by 5 percent in spring."


def write(folder: Path) -> Path:
    texts = [
        ("The agency may reduce its 40 reports.", 1),
        ("The agency may increase its 90 reports.", 0),
        ("Northwind raised prices by 5 percent.", 1),
        ("Northwind never raised prices by 7 percent.", 0),
    ]
    rows = [
        {"domain": domain, "doc": f"{domain}. {DOCUMENT}", "summary": text, "label": label}
        for domain in ("one", "two", "three")
        for text, label in texts
    ]
    with gzip.open(folder / faithfulness.FILE, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def test_balanced_accuracy_weighs_both_labels_alike() -> None:
    rows = [Row("d", "x", "y", wrong) for wrong in (True, True, True, False)]
    assert score(rows, [True, True, False, False])["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert score(rows, [True] * 4) == {
        "balanced_accuracy": 0.5,
        "precision": 0.75,
        "recall": 1.0,
        "false_block_rate": 1.0,
    }


def test_the_signs_see_a_new_number_an_opposite_and_a_denial() -> None:
    found = dict(zip(SIGNS, signs("The agency may never increase its 90 reports.", DOCUMENT), strict=True))
    assert found["new number"] == 1.0
    assert found["opposite"] == 1.0
    assert found["denied"] == 1.0
    assert not any(signs("The agency may reduce its 40 reports.", DOCUMENT))


def test_the_signs_see_a_word_turned_by_the_word_list_and_new_words_nothing_accounts_for() -> None:
    true = dict(zip(SIGNS, signs("The agency might lower its 40 reports.", DOCUMENT), strict=True))
    turned = dict(zip(SIGNS, signs("The agency may boost its 40 reports.", DOCUMENT), strict=True))
    strange = dict(zip(SIGNS, signs("The agency may reduce its 40 purple elephants.", DOCUMENT), strict=True))
    assert (true["turned"], turned["turned"]) == (0.0, 1.0)
    assert true["unaccounted"] < 0 < strange["unaccounted"]


def test_the_fit_finds_what_parts_two_groups() -> None:
    model = fit([(0.0, 1.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.0)], [False, False, True, True])
    assert model.doubts((1.0, 0.5))
    assert not model.doubts((0.0, 0.5))


def test_the_bench_gives_every_key_of_its_contract_and_repeats(tmp_path: Path) -> None:
    folder = str(write(tmp_path))
    result = faithfulness.run([folder])
    assert {"balanced_accuracy", "per_domain", "baselines", "false_block_rate", "faults"} <= set(result)
    assert result == faithfulness.run([folder])
    assert set(result["per_domain"]) == {"one", "two", "three"}
    assert "SummEdits, 12 rows" in faithfulness.table(result)
    for kind in ("identifier", "number", "unit", "date"):
        assert result["faults"][kind]["caught"] == result["faults"][kind]["of"] > 0
    assert result["true_paraphrases"]["blocked"] == 0


def test_a_test_folder_is_measured_alone(tmp_path: Path) -> None:
    folder = str(write(tmp_path))
    assert faithfulness.run([folder, "--test", folder])["validation"] == "held-out folder"


def test_a_missing_or_broken_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        read_rows(tmp_path)
    with gzip.open(tmp_path / faithfulness.FILE, "wt", encoding="utf-8") as file:
        file.write('{"domain": "d"}\n')
    with pytest.raises(Invalid):
        read_rows(tmp_path)


def test_the_real_rows_are_read_without_their_answers(corpora: Path) -> None:
    rows = read_rows(corpora / "brief")
    assert (len(rows), len({row.document for row in rows})) == (915, 34)
    assert Row._fields == ("domain", "document", "summary", "wrong")
