"""Published advisories become shared objects: once, by event, each object under its own label."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity import subscriptions
from comity.bench import sample
from comity.formats.stix_marks import LABELS, TLP_IDS
from comity.library.exchange import Exchange, Filter
from comity.model.events import Event, Kind
from comity.model.handling import Handling, Tlp
from comity.model.ids import PartyId
from comity.model.party import ANONYMOUS, Role, Viewer
from comity.settings import Settings
from comity.store import cases, engine, published, reports
from comity.store.crypt import MasterKey
from tests.store.values import COORDINATOR, FLOW, case, report

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERYTHING = Filter(versions=("all",))
VENDOR = Viewer(
    person=PartyId("p-vendor"), organisation=PartyId("vendor"), roles=frozenset({Role.READER}), tlp=Tlp.AMBER_STRICT
)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    settings = Settings(data=tmp_path / "data", keys=tmp_path / "keys")
    store = engine.open(settings, MasterKey(bytes(range(32))))
    yield Exchange(store=store, settings=settings, now=lambda: NOW)
    store.close()


def kinds(exchange: Exchange, viewer: Viewer) -> list[str]:
    found = exchange.objects(viewer, "advisories", EVERYTHING, limit=1000)
    return [json.loads(data)["type"] for data in found.objects]


def publish(exchange: Exchange, number: int = 1, *, tlp: Tlp = Tlp.CLEAR, of_case: str = "") -> str:
    one = sample.advisory(number, tlp=tlp)
    with exchange.store.write() as tx:
        published.put(tx, one, [], case=of_case or None)
    return one.id


def test_an_advisory_becomes_its_objects_once(exchange: Exchange) -> None:
    id_ = publish(exchange)
    assert exchange.take_advisory(id_) == 7
    assert exchange.take_advisory(id_) == 0
    wanted = ["marking-definition", "identity", "vulnerability", "course-of-action", "relationship", "note", "report"]
    assert kinds(exchange, ANONYMOUS) == wanted


def test_a_newer_state_is_a_newer_version_and_a_withdrawn_one_is_revoked(exchange: Exchange) -> None:
    first = sample.advisory(1)
    later = replace(first, modified_at=first.modified_at + timedelta(days=1), withdrawn_at=first.modified_at)
    for one in (first, later):
        with exchange.store.write() as tx:
            published.put(tx, one, [])
        exchange.take_advisory(one.id)
    report_ = Filter(kinds=("report",))
    (last,) = exchange.objects(ANONYMOUS, "advisories", report_, limit=10).objects
    told = json.loads(last)
    assert told["revoked"] is True
    assert told["name"].startswith("Withdrawn: ")
    assert len(exchange.objects(ANONYMOUS, "advisories", replace(report_, versions=("all",)), limit=10).objects) == 2


def test_the_case_is_for_those_read_in_to_it_and_for_coordinators(exchange: Exchange) -> None:
    with exchange.store.write() as tx:
        held = report()
        reports.add(tx, held)
        owner = cases.add(tx, case(held.id))
        cases.read_in(tx, owner.id, VENDOR.person, at=NOW)
    id_ = publish(exchange, of_case=owner.id)
    exchange.take_advisory(id_)
    stranger = replace(VENDOR, person=PartyId("p-stranger"))
    assert "grouping" in kinds(exchange, VENDOR)
    assert "grouping" in kinds(exchange, COORDINATOR)
    for viewer in (ANONYMOUS, stranger, replace(VENDOR, tlp=Tlp.AMBER)):
        assert "grouping" not in kinds(exchange, viewer)
        everything = exchange.objects(viewer, "advisories", EVERYTHING, limit=100).objects
        assert not any(owner.id.encode() in data for data in everything)
    with exchange.store.write() as tx:
        cases.withhold(tx, owner.id, withheld=True)
    assert "grouping" not in kinds(exchange, COORDINATOR)
    assert "grouping" in kinds(exchange, VENDOR)


def test_a_restriction_travels_with_what_is_not_public(exchange: Exchange) -> None:
    one = replace(
        sample.advisory(3, tlp=Tlp.AMBER),
        handling=Handling(tlp=Tlp.AMBER, no_equities_use=True, legal_basis="an agreement between the parties"),
    )
    with exchange.store.write() as tx:
        published.put(tx, one, [])
    exchange.take_advisory(one.id)
    told = [json.loads(data) for data in exchange.objects(FLOW, "advisories", EVERYTHING, limit=100).objects]
    (words,) = [o for o in told if o.get("definition_type") == "statement"]
    sentence = words["definition"]["statement"]
    assert "Not for use in a vulnerabilities equities process" in sentence
    assert "an agreement between the parties" in sentence
    carrying = [o["type"] for o in told if words["id"] in o.get("object_marking_refs", [])]
    assert sorted(set(carrying)) == ["course-of-action", "note", "relationship", "report", "vulnerability"]
    assert kinds(exchange, ANONYMOUS) == ["marking-definition"] * 3 + ["identity"]


@pytest.mark.parametrize("tlp", list(Tlp))
def test_no_label_is_written_as_another_one(exchange: Exchange, tlp: Tlp) -> None:
    exchange.take_advisory(publish(exchange, tlp=tlp))
    for data in exchange.objects(FLOW, "advisories", EVERYTHING, limit=100).objects:
        held = json.loads(data)
        labels = [LABELS[ref] for ref in held.get("object_marking_refs", []) if ref in LABELS]
        assert labels in ([], [tlp], [Tlp.CLEAR] if held["type"] == "identity" else [tlp])
        if held["id"] == TLP_IDS[tlp]:
            assert held["name"] == tlp.label
            name = held["extensions"]["extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"]["tlp_2_0"]
            assert name == {Tlp.AMBER_STRICT: "amber+strict"}.get(tlp, tlp.name.lower())


def test_what_was_published_before_is_caught_up_with_at_the_next_start(exchange: Exchange) -> None:
    for number in range(1, 4):
        publish(exchange, number)
    assert exchange.catch_up() == 3
    assert exchange.catch_up() == 0


def test_the_event_of_a_publication_leads_here(exchange: Exchange) -> None:
    id_ = publish(exchange)
    event = Event(
        kind=Kind.ADVISORY_PUBLISHED, key="k", at=NOW, subjects=("C-1", id_), facts={"advisory": id_, "draft": ""}
    )
    assert subscriptions.share(event, exchange) > 0
    assert subscriptions.share(event, exchange) == 0
    assert b"restricted" not in b"".join(exchange.objects(ANONYMOUS, "advisories", EVERYTHING, limit=100).objects)


def test_a_grouping_is_never_below_amber_strict(exchange: Exchange) -> None:
    with exchange.store.write() as tx:
        held = report()
        reports.add(tx, held)
        owner = cases.add(tx, case(held.id))
    exchange.take_advisory(publish(exchange, of_case=owner.id))
    found = exchange.objects(FLOW, "advisories", Filter(kinds=("grouping",)), limit=10).objects
    (one,) = [json.loads(data) for data in found]
    assert one["object_marking_refs"][0] == TLP_IDS[Tlp.AMBER_STRICT]
    assert replace(VENDOR, tlp=Tlp.AMBER).tlp < Tlp.AMBER_STRICT
