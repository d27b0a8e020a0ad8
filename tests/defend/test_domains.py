# ruff: noqa: E501  small documents are read more easily on one line
"""Domains do not mix: a row of another domain, or of another organisation, is no row in any query, count or error."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.errors import Forbidden, Invalid, Missing, Unauthenticated
from comity.model.asset import CIVIL as CIVIL_DOMAINS
from comity.model.asset import DEFENDERS, Domain, domains, mixes
from comity.model.ids import AssetId, InventoryId, PartyId
from comity.model.inventory import Answer
from comity.model.party import ANONYMOUS, Role, Viewer, system
from comity.store import inventories
from tests.defend.hosts import CIVIL, DOW, NSS, OTHER, SALT, Host, bom, defender, host

PLACES = (
    (CIVIL, Domain.FCEB),
    (CIVIL, Domain.OTHER),
    (NSS, Domain.NSS),
    (DOW, Domain.DOW),
    (OTHER, Domain.CRITICAL_INFRASTRUCTURE),
)
STRANGERS = (
    system("clearing-flow"),
    system("assess-flow"),
    Viewer(person=PartyId("c"), organisation=PartyId("agency"), roles=frozenset({Role.COORDINATOR, Role.ADMIN, Role.SUBMITTER, Role.READER})),
    Viewer(person=PartyId("m"), organisation=PartyId("agency"), roles=frozenset({Role.DEFENDER, Role.NSS_DEFENDER})),
    ANONYMOUS,
)  # fmt: skip


def sees(viewer: Viewer, owner: Viewer, domain: Domain) -> bool:
    """The rule written a second time."""
    return viewer.organisation == owner.organisation and viewer.roles == owner.roles and domain in domains(owner)


def test_each_kind_of_defender_meets_its_own_domains_and_no_other_role_meets_any() -> None:
    assert domains(CIVIL) == CIVIL_DOMAINS
    assert domains(NSS) == {Domain.NSS}
    assert domains(DOW) == {Domain.DOW}
    assert domains(system("defend-flow")) == set(Domain)
    assert all(domains(one) == frozenset() for one in STRANGERS)
    assert all(mixes(frozenset({a, b})) for a in DEFENDERS for b in DEFENDERS if a is not b)


@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 2)), min_size=1, max_size=8))
def test_no_query_no_count_and_no_error_tells_of_another_domain(made: list[tuple[tuple[Viewer, Domain], int]]) -> None:
    with tempfile.TemporaryDirectory() as folder, host(Path(folder)) as here:
        here.mirror(SALT)
        kept: list[tuple[Viewer, Domain, InventoryId, AssetId]] = []
        for (owner, domain), number in made:
            held = here.register(
                bom("pkg:pypi/salt@3000.1", f"pkg:pypi/six@1.{number}"),
                viewer=owner,
                domain=domain,
                name=f"image {number}",
            ).inventory
            table = f"asset,exposure,inventory\nweb-{number},yes,image {number}\n".encode()
            asset = here.desk.import_assets(owner, table, domain=domain)[0]
            kept.append((owner, domain, held.id, asset.id))
        for viewer in (CIVIL, NSS, DOW, OTHER, *STRANGERS):
            mine = {one for one in kept if sees(viewer, one[0], one[1])}
            with here.store.read() as tx:
                assert {one.id for one in inventories.page(tx, viewer, limit=100).items} == {one[2] for one in mine}
                assert {one.id for one in inventories.every(tx, viewer)} == {one[2] for one in mine}
                assert inventories.count(tx, viewer) == (len({one[2] for one in mine}), len({one[3] for one in mine}))
                assert set(inventories.asset_versions(tx, viewer)) == {one[3] for one in mine}
                assert set(inventories.numbers(tx, viewer)) == {one[2] for one in mine}
                assert set(inventories.match_sequences(tx, viewer)) == {one[2] for one in mine}
                found = inventories.marked(tx, "vulnerability", ["CVE-2020-11651"], viewer)
                assert set(found) == {one[2] for one in mine}
                for owner, domain, inventory, asset in kept:
                    if sees(viewer, owner, domain):
                        continue
                    for ask in (inventories.get, inventories.contents, inventories.match):
                        with pytest.raises(Missing) as hidden:
                            ask(tx, inventory, viewer)
                        with pytest.raises(Missing) as missing:
                            ask(tx, InventoryId("I-0000-0000-0000"), viewer)
                        assert str(hidden.value).replace(inventory, "") == str(missing.value).replace(
                            "I-0000-0000-0000", ""
                        )
                    with pytest.raises(Missing):
                        inventories.asset(tx, asset, viewer)
                    assert asset not in inventories.runners(tx, inventory, viewer)
                    assert list(inventories.assets_of(tx, [asset], viewer)) == []


def test_the_civil_user_asks_for_the_nss_inventory_and_hears_what_one_hears_of_none(here: Host) -> None:
    held = here.register(bom("pkg:pypi/salt@3000.1"), viewer=NSS, domain=Domain.NSS).inventory
    with pytest.raises(Missing) as hidden:
        here.desk.inventory(CIVIL, held.id)
    assert str(hidden.value) == f"no inventory {held.id}"
    assert here.desk.inventory(NSS, held.id).inventory == held
    assert here.desk.estate(CIVIL).inventories == 0
    assert here.desk.estate(NSS).inventories == 1


def test_the_same_name_and_bytes_in_two_domains_are_two_inventories_that_know_nothing_of_each_other(here: Host) -> None:
    document = bom("pkg:pypi/salt@3000.1")
    first = here.register(document, viewer=NSS, domain=Domain.NSS)
    second = here.register(document, viewer=CIVIL, domain=Domain.FCEB)
    assert first.is_new
    assert second.is_new
    assert not second.same
    with here.store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT name_mark FROM inventories").scalars().all()
        documents = tx.connection.exec_driver_sql("SELECT document_mark FROM inventory_states").scalars().all()
    assert len(set(rows)) == len(set(documents)) == 2


def test_nobody_writes_into_a_domain_that_is_not_theirs(here: Host) -> None:
    with pytest.raises(Invalid, match="bad domain"):
        here.register(bom("pkg:pypi/salt@3000.1"), viewer=CIVIL, domain=Domain.NSS)
    with pytest.raises(Invalid) as error:
        here.desk.import_assets(CIVIL, b"asset,domain\nweb-1,nss\n", domain=Domain.FCEB)
    assert error.value.problems[0].pointer == "/line/2"
    with pytest.raises(Unauthenticated):
        here.desk.estate(ANONYMOUS)
    with pytest.raises(Forbidden):
        here.desk.estate(STRANGERS[2])


def test_what_rests_in_the_store_and_in_the_journal_names_nothing_that_is_run(here: Host) -> None:
    here.mirror(SALT)
    here.register(bom("pkg:pypi/salt@3000.1"), viewer=NSS, domain=Domain.NSS, name="crown jewels")
    here.desk.import_assets(NSS, b"asset,inventory\nwarehouse-7,crown jewels\n", domain=Domain.NSS)
    with here.store.read() as tx:
        for name in (
            "inventories",
            "inventory_states",
            "inventory_marks",
            "inventory_matches",
            "assets",
            "asset_states",
            "journal",
        ):
            text = repr(tx.connection.exec_driver_sql(f"SELECT * FROM {name}").all())
            for secret in ("crown", "warehouse", "3000.1", "11651", "pkg:"):
                assert secret not in text, name


def test_an_estate_counts_all_four_answers_over_its_assets(here: Host) -> None:
    here.mirror(SALT)
    here.register(
        bom("pkg:pypi/salt@3000.1", "pkg:pypi/six@1.16.0", "pkg:npm/left-pad@1.3.0", "pkg:generic/x@1"), name="web"
    )
    here.desk.import_assets(CIVIL, b"asset,inventory,exposure\na,web,yes\nb,web,\nc,,no\n", domain=Domain.FCEB)
    held = here.desk.estate(CIVIL)
    assert held.assets == 3
    assert held.unlisted == 1
    assert held.counts == {Answer.AFFECTED: 2, Answer.NOT_AFFECTED: 2, Answer.UNKNOWN: 0, Answer.NOT_ASSESSED: 4}
    assert held.lines[0].affected == 1
    here.at(here.clock[0] + timedelta(days=30))
    here.desk.rematch(because="a month went by")
    assert defender("agency") == CIVIL
