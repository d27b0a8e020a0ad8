# ruff: noqa: E501  small documents are read more easily on one line
"""The small operator's question: names spelled loosely, one question back at most, and cannot tell is never green."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from comity.admin import mirrors
from comity.defend import affected, dotted
from comity.defend.affected import Urgency, Word
from comity.errors import Invalid
from comity.formats import pack
from comity.model.party import ANONYMOUS
from tests.defend.hosts import NOW, YOUNG, Host, stamp

RECORD = {
    "dataType": "CVE_RECORD",
    "cveMetadata": {"cveId": "CVE-2026-0001", "state": "PUBLISHED"},
    "containers": {
        "cna": {"title": "Salt lets strangers in", "affected": [{"vendor": "Salt", "product": "Salt", "versions": [{"version": "1.0", "status": "affected", "versionType": "custom", "lessThan": "1.4"}]}], "providerMetadata": {"shortName": "salt", "dateUpdated": stamp(YOUNG)}},
        "adp": [{"metrics": [{"other": {"type": "ssvc", "content": {"id": "CVE-2026-0001", "options": [{"Automatable": "yes"}, {"Technical Impact": "total"}], "timestamp": stamp(YOUNG)}}}]}],
    },
}  # fmt: skip


def records(here: Host, *found: dict[str, object]) -> None:
    data = "\n".join(json.dumps(one) for one in found).encode()
    mirrors.take_in(here.store, data, at=NOW, older_too=True)


def test_yes_with_one_action_a_date_and_a_mitigation(here: Host) -> None:
    records(here, RECORD)
    here.kev("CVE-2026-0001")
    reply = here.desk.affected(ANONYMOUS, "salt 1.2")
    assert reply.word is Word.YES
    assert reply.urgency is Urgency.NOW
    assert reply.action == "Upgrade to 1.4 or later."
    assert reply.mitigation.startswith("Until then")
    assert reply.due is not None
    assert reply.kev_due == "2026-12-11"
    assert "CVE" not in reply.sentence + reply.action + reply.mitigation


def test_no_needs_the_version_fresh_data_and_every_statement_decided(here: Host) -> None:
    records(here, RECORD)
    here.kev("CVE-2026-0001")
    assert here.desk.affected(ANONYMOUS, "Salt 1.4").word is Word.NO
    assert here.desk.affected(ANONYMOUS, "Salt").word is Word.CANNOT_TELL
    assert here.desk.affected(ANONYMOUS, "Salt 1.4-beta").word is Word.CANNOT_TELL
    here.kev("CVE-2026-0001", "CVE-2020-11651")
    undecided = here.desk.affected(ANONYMOUS, "Salt 1.4")
    assert undecided.word is Word.CANNOT_TELL
    assert "ask the maker" in undecided.sharpen


def test_data_that_is_too_old_never_says_no(here: Host) -> None:
    records(here, RECORD)
    here.kev("CVE-2026-0001")
    here.at(NOW + timedelta(days=30))
    reply = here.desk.affected(ANONYMOUS, "Salt 1.4")
    assert reply.word is Word.CANNOT_TELL
    assert reply.stale
    assert here.desk.affected(ANONYMOUS, "Salt 1.2").word is Word.YES


def test_a_product_that_nobody_names_is_not_clean(here: Host) -> None:
    records(here, RECORD)
    here.kev("CVE-2026-0001")
    reply = here.desk.affected(ANONYMOUS, "Frobnicator 3")
    assert reply.word is Word.CANNOT_TELL
    assert "not a clean answer" in reply.sentence


@pytest.mark.parametrize("text", ["Fortinet FortiOS 7.0.1", "fortios 7.0.1", "Fortnet Fortios v7.0.1"])
def test_the_starter_dictionary_answers_however_it_is_spelled(here: Host, text: str) -> None:
    reply = here.desk.affected(ANONYMOUS, text)
    assert reply.word is Word.YES
    assert reply.product == "Fortinet FortiOS"


def test_two_products_that_fit_are_asked_back_about_once(here: Host) -> None:
    reply = here.desk.affected(ANONYMOUS, "Citrix ADC")
    assert reply.word is Word.CANNOT_TELL
    assert len(reply.choices) >= 2
    for one in reply.choices:
        assert here.desk.affected(ANONYMOUS, one).choices == ()


def test_a_number_in_the_name_is_no_version() -> None:
    assert affected.read("Log4j 2.14.1") == affected.Question(text="Log4j 2.14.1", name="Log4j", version="2.14.1")
    assert affected.read("Exchange Server").version == ""


def test_an_empty_question_is_refused(here: Host) -> None:
    with pytest.raises(Invalid):
        here.desk.affected(ANONYMOUS, "  ")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("introduced 7.0.0, last_affected 7.0.13", "from 7.0.0 up to and with 7.0.13"),
        ("introduced 0, fixed 2.1", "before 2.1"),
        ("introduced 0", "every version"),
        ("introduced 1.0, limit 3", "from 1.0 before 3"),
        ("listed version", "the source lists it"),
        ("something else", "something else"),
    ],
)
def test_a_range_is_told_in_words(rule: str, words: str) -> None:
    assert dotted.in_words(rule) == words


def test_the_dates_of_the_starter_data_are_those_of_its_files() -> None:
    names = " ".join(one.name for one in (Path(pack.__file__).parent / "packs" / "starter").iterdir())
    assert f"kev-{pack.STARTER_DATES['CISA KEV']}.json" in names
    assert f"vulnrichment-extract-{pack.STARTER_DATES['CISA Vulnrichment']}.jsonl" in names
