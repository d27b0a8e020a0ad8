"""Decision tables: every shipped row against the published originals, and what an unknown input may and may not do.

Originals: CERTCC/SSVC at the commit named in each table, under `formats/ssvc` of the corpora (MIT-style licence, beside
the tables). The rules of thumb are restated here by hand from the domain page, so the files are checked twice.
"""

import hashlib
import json
import os
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import pack
from comity.model.decision import Parameter, Row, Settled, Table, Undecided, decide, edges, violations

CORPORA = Path(os.environ.get("COMITY_CORPORA", Path(__file__).parents[3] / "shared" / "data"))
EXPECTED = {
    pack.BOD_26_04: {"FSU": 2, "60D": 3, "14D": 6, "3D": 2, "3DF": 3},
    pack.COORDINATOR_TRIAGE: {"D": 150, "T": 15, "C": 27},
    pack.COORDINATOR_PUBLISH: {"N": 13, "P": 14},
    pack.CISA_COORDINATOR: None,
    pack.SUPPLIER: None,
    pack.DEPLOYER: None,
    pack.UTILITY: None,
    pack.HUMAN_IMPACT: None,
    pack.PUBLIC_SAFETY: None,
}
SIZES = {
    pack.BOD_26_04: 16,
    pack.COORDINATOR_TRIAGE: 192,
    pack.COORDINATOR_PUBLISH: 27,
    pack.CISA_COORDINATOR: 36,
    pack.SUPPLIER: 36,
    pack.DEPLOYER: 72,
    pack.UTILITY: 4,
    pack.HUMAN_IMPACT: 16,
    pack.PUBLIC_SAFETY: 4,
}


def original(table: Table) -> bytes:
    folder = CORPORA / "formats" / "ssvc"
    if not folder.is_dir():
        pytest.skip(f"the SSVC originals are not at {folder}: set COMITY_CORPORA")
    return (folder / table.origin.path.removeprefix("data/")).read_bytes()


def shipped_document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(pack.shipped(f"tables/{name}"))
    return document


def bod() -> Table:
    return pack.shipped_table(pack.BOD_26_04)


@pytest.mark.parametrize("table_id", list(pack.TABLES))
def test_every_row_equals_the_published_original(table_id: str) -> None:
    table = pack.shipped_table(table_id)
    data = original(table)
    assert hashlib.sha256(data).hexdigest() == table.origin.sha256
    document = json.loads(data)
    assert f"{document['namespace']}:{document['key']}:{document['version']}" == table.id == table_id
    assert len(document["mapping"]) == len(table.rows) == SIZES[table_id]
    for row in table.rows:
        published = dict(document["mapping"][row.source_row])
        assert published.pop(document["outcome"]) == row.then
        assert published == dict(zip([one.standard for one in table.inputs], row.given, strict=True))


@pytest.mark.parametrize("table_id", list(pack.TABLES))
def test_values_stand_in_the_published_order_under_the_published_names(table_id: str) -> None:
    table = pack.shipped_table(table_id)
    document = json.loads(original(table))
    for one in table.inputs:
        published = document["decision_points"][one.standard]["values"]
        assert [(value["key"], value["name"].lower()) for value in published] == [(v.key, v.name) for v in one.values]
    outcomes = document["decision_points"][document["outcome"]]["values"]
    assert [value["key"] for value in outcomes] == [value.key for value in table.outcomes]


@pytest.mark.parametrize("table_id", [table_id for table_id, counts in EXPECTED.items() if counts])
def test_each_outcome_occurs_as_often_as_the_domain_page_counts(table_id: str) -> None:
    table = pack.shipped_table(table_id)
    thens = [row.then for row in table.rows]
    assert {value.key: thens.count(value.key) for value in table.outcomes} == EXPECTED[table_id]


def test_bod_26_04_is_monotone_along_all_32_edges() -> None:
    assert len(edges(bod())) == 32
    assert violations(bod()) == ()


@pytest.mark.parametrize("table_id", list(pack.TABLES))
def test_raising_one_input_never_relaxes_any_shipped_table(table_id: str) -> None:
    table = pack.shipped_table(table_id)
    assert table.monotone
    assert edges(table)
    assert violations(table) == ()


def test_forensic_triage_is_asked_in_rows_1_3_and_9_only() -> None:
    assert [row.number for row in bod().rows if row.then == "3DF"] == [1, 3, 9]


def test_the_number_of_yes_answers_does_not_give_the_tier() -> None:
    # Rows 11 and 13 both have two pressing answers; a circulating reading counts them (defend.md 7.1).
    rows = {row.number: row for row in bod().rows}
    pressing = {number: sum(key in {"Y", "T"} for key in rows[number].given) for number in (11, 13)}
    assert pressing == {11: 2, 13: 2}
    assert (rows[11].then, rows[13].then) == ("14D", "60D")


def test_in_kev_with_total_impact_is_not_always_three_days() -> None:
    answer = decide(
        bod(), {"publicly_exposed": "no", "in_kev": "yes", "automatable": "no", "technical_impact": "total"}
    )
    assert isinstance(answer, Settled)
    assert answer.outcome.key == "14D"


def triage_by_rule(given: dict[str, str]) -> str:
    """The rule of thumb of clearing.md section 11, restated by hand."""
    several = given["supplier_cardinality"] == "M"
    utility = given["utility"]
    significant = given["public_safety_impact"] == "S"
    silent = given["supplier_engagement"] == "U"
    if several and utility == "S" and significant:
        return "C"
    if given["report_public"] == "Y" or given["supplier_contacted"] == "N":
        return "D"
    if given["report_credibility"] == "C" and silent:
        return "T" if not several and utility == "L" and not significant else "C"
    if given["report_credibility"] == "C":
        if several and utility == "S":
            return "C"
        return "T" if (several and significant) or (not several and significant and utility != "L") else "D"
    if several:
        return "T" if significant or utility == "S" else "D"
    return "T" if significant and utility != "L" else "D"


def publish_by_rule(given: dict[str, str]) -> str:
    """The same section's rule for publishing."""
    active, poc = given["exploitation"] == "A", given["exploitation"] == "P"
    idle = given["supplier_involvement"] == "UU"
    publish = {"P": True, "A": active or (poc and idle), "L": active and idle}[given["public_value_added"]]
    return "P" if publish else "N"


@pytest.mark.parametrize(
    ("table_id", "rule"), [(pack.COORDINATOR_TRIAGE, triage_by_rule), (pack.COORDINATOR_PUBLISH, publish_by_rule)]
)
def test_the_rule_of_thumb_equals_every_row(table_id: str, rule: Any) -> None:
    table = pack.shipped_table(table_id)
    names = [one.name for one in table.inputs]
    different = [row.number for row in table.rows if rule(dict(zip(names, row.given, strict=True))) != row.then]
    assert different == []


@pytest.mark.parametrize("table_id", list(pack.TABLES))
def test_full_inputs_always_settle_on_their_own_row(table_id: str) -> None:
    table = pack.shipped_table(table_id)
    names = [one.name for one in table.inputs]
    for row in table.rows:
        answer = decide(table, dict(zip(names, row.given, strict=True)))
        assert answer == Settled(table=table.id, outcome=table.outcome(row.then), rows=(row,), missing=())


def test_with_any_unknowns_the_answer_is_exactly_the_rows_still_possible() -> None:
    table = bod()
    names = [one.name for one in table.inputs]
    choices = [[None, *(value.key for value in one.values)] for one in table.inputs]
    for picked in product(*choices):
        answer = decide(table, dict(zip(names, picked, strict=True)))
        expected = {
            row for row in table.rows if all(want in {None, have} for want, have in zip(picked, row.given, strict=True))
        }
        assert set(answer.rows) == expected
        assert answer.missing == tuple(name for name, want in zip(names, picked, strict=True) if want is None)
        if isinstance(answer, Settled):
            assert {row.then for row in expected} == {answer.outcome.key}
        else:
            assert {row.then for row in expected} == {value.key for value in answer.outcomes}
            assert len(answer.outcomes) > 1


def test_an_unknown_that_cannot_change_the_outcome_still_settles_and_is_named() -> None:
    answer = decide(bod(), {"publicly_exposed": "no", "in_kev": "no", "automatable": "no"})
    assert isinstance(answer, Settled)
    assert (answer.outcome.key, answer.missing) == ("FSU", ("technical_impact",))


def test_missing_metadata_outside_kev_is_assumed_under_the_parameters_name() -> None:
    answer = decide(bod(), {"publicly_exposed": "yes", "in_kev": "no"})
    assert isinstance(answer, Undecided)
    assert answer.assumed is not None
    assert answer.assumed.outcome.key == "14D"
    assert answer.assumed.row.number == 7
    assert [one.name for one in answer.assumed.parameters] == ["metadata_missing"]


def test_unknown_exposure_is_assumed_exposed_and_says_so() -> None:
    answer = decide(bod(), {"in_kev": "yes", "automatable": "no", "technical_impact": "total"})
    assert isinstance(answer, Undecided)
    assert answer.assumed is not None
    assert (answer.assumed.row.number, [one.name for one in answer.assumed.parameters]) == (3, ["exposure_unknown"])


def test_a_finding_in_kev_with_missing_metadata_goes_to_a_person() -> None:
    answer = decide(bod(), {"publicly_exposed": "yes", "in_kev": "yes"})
    assert isinstance(answer, Undecided)
    assert answer.assumed is None
    assert {value.key for value in answer.outcomes} == {"14D", "3D", "3DF"}


def test_an_unknown_catalogue_is_never_assumed() -> None:
    answer = decide(bod(), {"publicly_exposed": "yes", "automatable": "yes", "technical_impact": "total"})
    assert isinstance(answer, Undecided)
    assert answer.assumed is None


def test_a_host_may_choose_its_own_parameters_or_none() -> None:
    asked = {"in_kev": "yes", "automatable": "no", "technical_impact": "total"}
    none = decide(bod(), asked, parameters=())
    own = Parameter(name="exposure_unknown", fills=(("publicly_exposed", "N"),), why="a closed network")
    chosen = decide(bod(), asked, parameters=(own,))
    assert isinstance(none, Undecided)
    assert none.assumed is None
    assert isinstance(chosen, Undecided)
    assert chosen.assumed is not None
    assert (chosen.assumed.row.number, chosen.assumed.parameters) == (11, (own,))


@pytest.mark.parametrize("spelling", ["Total", "total", "T", " TOTAL "])
def test_a_value_reads_in_every_spelling_that_feeds_use(spelling: str) -> None:
    assert bod().input("technical_impact").read(spelling) == "T"


@pytest.mark.parametrize("spelling", ["PoC", "poc", "public PoC", "P"])
def test_vulnrichments_word_for_a_public_proof_is_known(spelling: str) -> None:
    assert pack.shipped_table(pack.CISA_COORDINATOR).input("exploitation").read(spelling) == "P"


def test_a_value_or_input_that_the_table_lacks_is_listed_not_guessed() -> None:
    with pytest.raises(Invalid) as caught:
        decide(bod(), {"in_kev": "perhaps", "severity": "high", "automatable": "yes"})
    assert [(one.pointer, one.code) for one in caught.value.problems] == [
        ("/in_kev", "unknown_value"),
        ("/severity", "unknown_input"),
    ]


def falls_somewhere(table: Table, thens: list[str]) -> bool:
    """The slow oracle: compare every pair of rows, not only neighbours."""
    keys = [[value.key for value in one.values] for one in table.inputs]
    places = [tuple(keys[column].index(key) for column, key in enumerate(row.given)) for row in table.rows]
    ranks = [[value.key for value in table.outcomes].index(then) for then in thens]
    return any(
        all(a <= b for a, b in zip(low, high, strict=True)) and ranks[i] > ranks[j]
        for (i, low), (j, high) in product(enumerate(places), repeat=2)
    )


def test_a_flipped_tier_is_refused_at_load_exactly_when_it_breaks_monotony() -> None:
    table = bod()
    refused = tried = 0
    for place, row in enumerate(table.rows):
        for value in table.outcomes:
            if value.key == row.then:
                continue
            document = shipped_document("bod-26-04.json")
            document["rows"][place]["then"] = value.key
            tried += 1
            if falls_somewhere(table, [one["then"] for one in document["rows"]]):
                refused += 1
                with pytest.raises(Invalid) as caught:
                    pack.read_table(json.dumps(document).encode())
                assert {one.code for one in caught.value.problems} == {"not_monotone"}
            else:
                assert pack.read_table(json.dumps(document).encode()).rows[place].then == value.key
    assert tried == 64
    assert 32 < refused < tried


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda rows: rows.pop(5), "not_total"),
        (lambda rows: rows.append(dict(rows[0])), "overlap"),
        (lambda rows: rows[0].update(then="7D"), "unknown_outcome"),
        (lambda rows: rows[0].update(given=["Y", "Y", "Y", "Z"]), "unknown_combination"),
        (lambda rows: rows[0].update(given=["Y", "Y"]), "unknown_combination"),
    ],
)
def test_a_table_with_a_gap_an_overlap_or_a_stranger_never_loads(change: Any, code: str) -> None:
    document = shipped_document("bod-26-04.json")
    change(document["rows"])
    with pytest.raises(Invalid) as caught:
        pack.read_table(json.dumps(document).encode())
    assert code in {one.code for one in caught.value.problems}


def test_a_parameter_that_names_a_stranger_never_loads() -> None:
    document = shipped_document("bod-26-04.json")
    document["parameters"][0]["fills"] = {"severity": "HIGH"}
    with pytest.raises(Invalid) as caught:
        pack.read_table(json.dumps(document).encode())
    assert [(one.pointer, one.code) for one in caught.value.problems] == [("/parameters/0", "bad_parameter")]


def test_a_table_that_does_not_promise_monotony_may_fall() -> None:
    document = shipped_document("bod-26-04.json")
    document["monotone"] = False
    document["rows"][0]["then"] = "FSU"
    table = pack.read_table(json.dumps(document).encode())
    assert violations(table)
    assert isinstance(table.rows[0], Row)


def test_only_tables_that_ship_are_served_and_the_licence_ships_with_them() -> None:
    with pytest.raises(Invalid):
        pack.shipped_table("cisa:DT_BOD2204:1.0.0")
    for table_id in pack.TABLES:
        licence = pack.shipped(f"tables/{pack.shipped_table(table_id).origin.licence}").decode()
        assert "Permission is hereby granted, free of charge" in licence
