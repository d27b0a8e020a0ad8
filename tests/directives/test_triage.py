"""The evidence chain and the rules an operator brings: nothing can be changed, swapped, inserted or dropped unseen."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as properties
from hypothesis import settings as tuning
from hypothesis import strategies as st

from comity.defend import triage
from comity.errors import Invalid, Unavailable
from comity.formats import sigma
from comity.model.triage import Item, Triage
from tests.directives.findings import NOW

RULE = b"""
title: CVE-2099-0001 Exploitation Attempt
id: 0a1b2c3d-0000-4000-8000-000000000001
status: test
author: A test
tags:
  - attack.initial-access
  - cve.2099-0002
logsource:
  category: webserver
detection:
  selection:
    cs-uri-query|contains: '${jndi:'
  condition: selection
level: high
"""
"""Made for this test, in the shape of SigmaHQ's rules."""


def chain(number: int) -> Triage:
    held = Triage(opened_at=NOW, opened_by="Ada", begins=NOW, counts_from="from first knowledge")
    for place in range(number):
        held = triage.collected(
            held,
            name=f"item {place}",
            volatile=place == 0,
            collector="Ada",
            at=NOW + timedelta(minutes=place),
            tool="a tool",
            sha256=f"{place:064x}",
            place="a shelf",
        )
    return held


def test_a_whole_chain_holds_and_reads_back_from_its_manifest() -> None:
    held = chain(4)
    assert triage.broken(held.items) == ""
    document = {"items": [dict(one) for one in _items(held)]}
    assert triage.read_items(json.loads(json.dumps(document))) == held.items


def _items(held: Triage) -> list[dict[str, Any]]:
    from comity.model.asset import Domain
    from comity.model.ids import AssetId, PartyId
    from comity.model.triage import Work

    work = Work(
        organisation=PartyId("o"), domain=Domain.FCEB, asset=AssetId("A-1"), vulnerability="CVE-2099-0001", triage=held
    )
    found: list[dict[str, Any]] = triage.manifest(work)["items"]
    return found


@tuning(max_examples=120, deadline=None)
@properties(
    number=st.integers(2, 6),
    place=st.integers(0, 5),
    kind=st.sampled_from(["drop", "swap", "insert", "name", "sha256", "place", "collected_at", "volatile"]),
)
def test_any_change_to_the_chain_is_found(number: int, place: int, kind: str) -> None:
    items = list(chain(number).items)
    place = place % number
    match kind:
        case "drop" if place == number - 1:
            return  # dropping the last leaves a shorter whole chain: the signed manifest is what shows it
        case "drop":
            del items[place]
        case "swap":
            other = (place + 1) % number
            items[place], items[other] = items[other], items[place]
        case "insert":
            items.insert(place, items[place])
        case "name" | "place":
            items[place] = replace(items[place], **{kind: "another"})
        case "sha256":
            items[place] = replace(items[place], sha256="f" * 64)  # type: ignore[arg-type]  # a digest by shape
        case "collected_at":
            items[place] = replace(items[place], collected_at=NOW - timedelta(days=1))
        case "volatile":
            items[place] = replace(items[place], volatile=not items[place].volatile)
    assert triage.broken(items)


def test_an_item_rewritten_with_its_own_new_digest_still_breaks_the_next() -> None:
    items = list(chain(3).items)
    forged: Item = replace(items[1], name="another")
    items[1] = replace(forged, hash=triage.link(forged))
    assert "item 3 does not follow" in triage.broken(items)


def test_an_incomplete_item_lists_all_that_is_missing() -> None:
    with pytest.raises(Invalid) as caught:
        triage.collected(
            chain(0), name="", volatile=True, collector="Ada", at=NOW, tool="", sha256="abc", place="a shelf"
        )
    assert [one.pointer for one in caught.value.problems] == ["/name", "/tool", "/sha256"]


def test_a_manifest_of_another_shape_is_refused() -> None:
    with pytest.raises(Invalid):
        triage.read_items({"items": [{"number": 1}]})


def test_a_rule_names_its_cves_by_title_and_tag() -> None:
    assert sigma.cves_of(RULE) == {"CVE-2099-0001", "CVE-2099-0002"}


def test_a_rule_becomes_a_query_with_its_author_and_licence_beside_it() -> None:
    pytest.importorskip("sigma", reason="peer not installed: pysigma (comity[defend])")
    query = sigma.query(RULE)
    assert "jndi" in query.text
    assert (query.author, query.generic, query.logsource) == ("A test", False, "webserver")
    assert "attribute" in query.licence


def test_without_pysigma_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sigma.collection", None)
    with pytest.raises(Unavailable, match=r"comity\[defend\]"):
        sigma.query(RULE)


@pytest.mark.parametrize("data", [b"title: x\n", b"[1]", b"a: &x 1\ndetection: {}\nb: *x\n", b"\xff"])
def test_what_is_no_rule_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        sigma.cves_of(data)


def test_a_rule_with_a_broken_condition_is_refused_with_a_reason() -> None:
    pytest.importorskip("sigma", reason="peer not installed: pysigma (comity[defend])")
    with pytest.raises(Invalid):
        sigma.query(RULE.replace(b"condition: selection", b"condition: selection and ("))


def test_the_corpora_index_covers_108_of_1404_kev_entries(corpora: Path) -> None:
    lines = (corpora / "detection" / "sigma-cve-index.jsonl").read_text().splitlines()
    rules = [json.loads(line)["cve_ids"] for line in lines]
    kev = [one["cveID"] for one in json.loads((corpora / "upstream" / "kev.json").read_bytes())["vulnerabilities"]]
    found = sigma.coverage(rules, kev)
    assert (found.rules, found.cves, found.of_kev, found.kev) == (301, 181, 108, 1404)
    assert "7.7 %" in found.sentence
