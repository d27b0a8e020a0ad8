# ruff: noqa: E501  small documents are read more easily on one line
"""Inventories over time: idempotent, with differences, matched and matched again; VEX and acceptances that lapse."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

from comity.admin.outbox import Outbox
from comity.counters import Counters
from comity.defend.desk import ClaimsTaken, Document, StatementsTaken
from comity.errors import Conflict, Forbidden, Invalid
from comity.formats import csaf_dialect, csaf_vex, openvex
from comity.model.advisory import Advisory, Publisher
from comity.model.asset import Confidence, Domain, ExposureTag, Reach
from comity.model.events import Event, Kind
from comity.model.ids import AdvisoryId, AssetId
from comity.model.inventory import Answer, Exposure, Lapse, Vex, VexStatus
from comity.model.product import Affected
from comity.store import inventories, journal, published
from comity.subscriptions import table
from tests.defend.hosts import CIVIL, NOW, NSS, SALT, YOUNG, Host, answers, bom, stamp

SIX = "pkg:pypi/six@1.16.0"
OLD_SALT, NEW_SALT = "pkg:pypi/salt@3000.1", "pkg:pypi/salt@3000.3"
CVE = "CVE-2020-11651"


class Elsewhere:
    """Stands in for the other desks: they hear of the event and change nothing here."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def desks(here: Host) -> Mapping[Kind, Callable[[Event], object]]:
    """The real table, with this desk in its place."""
    given: dict[str, Any] = {field.name: Elsewhere() for field in fields(Counters)}
    return table(Counters(**(given | {"defend": here.desk})))


def exposure(here: Host, asset: AssetId) -> Exposure:
    """The one finding about salt."""
    _, found = here.desk.exposure(CIVIL, asset, CVE)
    assert len(found) == 1
    return found[0]


@pytest.fixture
def web(here: Host) -> AssetId:
    """An internal asset that runs an affected salt."""
    here.mirror(SALT)
    here.register(bom(OLD_SALT, SIX), name="web")
    return here.desk.import_assets(CIVIL, b"asset,inventory,exposure\nweb-1,web,no\n", domain=Domain.FCEB)[0].id


def test_the_four_answers_with_reason_source_and_age(here: Host) -> None:
    here.mirror(SALT)
    held = here.register(bom(OLD_SALT, SIX, "pkg:pypi/salt@not-a-version", "pkg:npm/left-pad@1.3.0", "pkg:generic/x@1"))
    assert answers(held) == [
        Answer.AFFECTED,
        Answer.NOT_AFFECTED,
        Answer.UNKNOWN,
        Answer.NOT_ASSESSED,
        Answer.NOT_ASSESSED,
    ]
    assert held.matched is not None
    for one in held.matched.answers:
        assert one.reason
    first = held.matched.answers[0]
    assert (first.hits[0].advisory, first.hits[0].vulnerability) == ("PYSEC-2020-102", CVE)
    assert "introduced 3000, fixed 3000.2" in first.hits[0].rule
    assert first.hits[0].fixed == ("3000.2",)
    assert first.source == "OSV PyPI"
    assert first.as_of == YOUNG


def test_what_is_identified_in_part_is_at_best_unknown(here: Host) -> None:
    here.mirror(SALT)
    document = json.loads(bom(SIX))
    document["components"] += [
        {"type": "library", "name": "salt", "version": "3000.1"},
        {"type": "application", "name": "x", "cpe": "cpe:2.3:a:x:x:1:*:*:*:*:*:*:*"},
    ]
    held = here.register(json.dumps(document).encode())
    assert answers(held) == [Answer.NOT_AFFECTED, Answer.UNKNOWN, Answer.UNKNOWN]
    assert held.inventory.in_part == 2


def test_a_feed_older_than_the_limit_assesses_nothing_and_its_hits_are_not_hidden(here: Host) -> None:
    here.mirror(SALT, modified=NOW - timedelta(days=8))
    held = here.register(bom(OLD_SALT, SIX))
    assert answers(held) == [Answer.NOT_ASSESSED, Answer.NOT_ASSESSED]
    assert held.matched is not None
    assert held.matched.answers[0].hits[0].vulnerability == CVE
    assert "8 days old" in held.matched.answers[0].reason


def test_without_any_feed_nothing_is_clean(here: Host) -> None:
    assert answers(here.register(bom(OLD_SALT, SIX))) == [Answer.NOT_ASSESSED, Answer.NOT_ASSESSED]


def test_the_same_document_changes_nothing_and_a_newer_one_makes_a_difference(here: Host) -> None:
    first = here.register(bom(OLD_SALT, SIX), name="web")
    again = here.register(bom(OLD_SALT, SIX), name="web")
    assert again.same
    assert again.inventory == first.inventory
    newer = here.register(bom(NEW_SALT, "pkg:pypi/rich@14.0"), name="web")
    assert newer.inventory.id == first.inventory.id
    assert newer.inventory.number == 2
    assert newer.inventory.difference.changed == (("pypi salt 3000.1", "pypi salt 3000.3"),)
    assert newer.inventory.difference.added == ("pypi rich 14.0",)
    assert newer.inventory.difference.removed == ("pypi six 1.16.0",)
    with here.store.read() as tx:
        assert inventories.contents(tx, first.inventory.id, CIVIL, number=1).components[0].version == "3000.1"


def test_a_refused_document_leaves_nothing_behind(here: Host) -> None:
    with pytest.raises(Invalid):
        here.register(b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[7]}')
    assert here.desk.inventories(CIVIL).rows == ()


def test_a_finding_keeps_the_day_it_was_found_and_says_when_it_went(here: Host, web: AssetId) -> None:
    assert exposure(here, web).found_at == NOW
    here.at(NOW + timedelta(days=2))
    here.mirror(SALT, modified=NOW + timedelta(days=2))
    here.desk.rematch(because="a newer feed")
    assert exposure(here, web).found_at == NOW
    here.at(NOW + timedelta(days=3))
    here.register(bom(NEW_SALT, SIX), name="web")
    assert here.desk.asset(CIVIL, web).exposures == ()
    with here.store.read() as tx:
        from comity.defend import flow

        asset = inventories.asset(tx, web, CIVIL)
        gone = [one for one in flow.exposures(tx, asset, CIVIL, now=NOW + timedelta(days=4), gone=True) if one.gone_at]
    assert [(one.vulnerability, one.found_at, one.gone_at) for one in gone] == [(CVE, NOW, NOW + timedelta(days=3))]


def test_an_asset_that_joins_later_is_not_late_for_what_was_found_before_it(here: Host, web: AssetId) -> None:
    here.at(NOW + timedelta(days=5))
    late = here.desk.import_assets(CIVIL, b"asset,inventory\nweb-2,web\n", domain=Domain.FCEB)[0].id
    assert exposure(here, late).found_at == NOW + timedelta(days=5)
    assert exposure(here, web).found_at == NOW


def test_matching_again_with_the_same_knowledge_makes_no_new_matching(here: Host, web: AssetId) -> None:
    assert here.desk.rematch(because="nothing new") == 0


def test_an_advisory_of_this_host_reaches_an_inventory_by_event_and_without_any_feed(here: Host) -> None:
    here.register(bom("pkg:npm/left-pad@1.3.0"), name="web")
    asset = here.desk.import_assets(CIVIL, b"asset,inventory\nweb-1,web\n", domain=Domain.FCEB)[0].id
    assert here.desk.asset(CIVIL, asset).exposures == ()
    advisory = Advisory(
        id=AdvisoryId("COMITY-2026-0001"), title="x", summary="x", published_at=NOW, modified_at=NOW,
        affected=(Affected(ecosystem="npm", name="left-pad", versions=("1.3.0",)),),
    )  # fmt: skip

    reactions = desks(here)
    outbox = Outbox(store=here.store, subscriber="test", table=reactions)
    outbox.round()
    with here.store.write() as tx:
        published.put(tx, advisory, [])
        event = Event(kind=Kind.ADVISORY_PUBLISHED, key="published:1", at=NOW, subjects=(advisory.id,))
        journal.append(tx, event)
    outbox.round()
    found = here.desk.asset(CIVIL, asset).exposures
    assert [(one.vulnerability, one.answer) for one in found] == [("COMITY-2026-0001", Answer.AFFECTED)]
    with here.store.read() as tx:
        kinds = [entry.event.kind for entry in journal.after(tx, 0)]
    assert kinds.count(Kind.INVENTORY_MATCHED) == 2


def test_a_newer_mirror_changes_the_answers_by_event(here: Host) -> None:
    here.mirror({**SALT, "affected": [{"package": {"ecosystem": "PyPI", "name": "other"}, "versions": ["1"]}]})
    here.register(bom(OLD_SALT), name="web")
    asset = here.desk.import_assets(CIVIL, b"asset,inventory\nweb-1,web\n", domain=Domain.FCEB)[0].id

    outbox = Outbox(store=here.store, subscriber="test", table=desks(here))
    outbox.round()
    here.mirror(SALT)
    outbox.round()
    assert exposure(here, asset).answer is Answer.AFFECTED


# VEX ------------------------------------------------------------------------------------------------------------------


def vex(version: str = "3000.1", *, state: str = "not_affected", justification: str = "code_not_present", said: str = "2026-11-21T00:00:00Z", versions: list[dict[str, str]] | None = None) -> bytes:  # fmt: skip
    """A supplier's statement about salt."""
    target: dict[str, object] = {"ref": "c"}
    if versions is not None:
        target["versions"] = versions
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"timestamp": said, "supplier": {"name": "The Salt makers"}, "component": {"type": "library", "name": "salt", "version": version, "purl": f"pkg:pypi/salt@{version}", "bom-ref": "c"}},
        "vulnerabilities": [{"id": CVE, "analysis": {"state": state, "justification": justification}, "affects": [target]}],
    }  # fmt: skip
    return json.dumps(document).encode()


def say(here: Host, data: bytes) -> StatementsTaken:
    outcome = here.desk.register(CIVIL, Document(name="vex.json", data=data), domain=Domain.FCEB)
    assert isinstance(outcome, StatementsTaken)
    return outcome


def test_a_vex_statement_for_exactly_this_version_settles_the_finding(here: Host, web: AssetId) -> None:
    assert say(here, vex()).new == 1
    assert say(here, vex()).new == 0
    found = exposure(here, web)
    assert found.answer is Answer.NOT_AFFECTED
    assert found.reason.startswith("The Salt makers says not affected (code not present)")
    assert found.lapsed == ()


@pytest.mark.parametrize("form", ["openvex", "csaf-vex 2.0", "csaf-vex 2.1"])
def test_openvex_and_csaf_vex_bind_and_lapse_as_cyclonedx_does(here: Host, web: AssetId, form: str) -> None:
    def written(version: str, *, expires: timedelta | None = None) -> bytes:
        said = Vex(
            vulnerability=CVE, status=VexStatus.NOT_AFFECTED, ecosystem="PyPI", name="salt", version=version,
            justification="vulnerable_code_not_present", author="The Salt makers", said_at=NOW - timedelta(days=1),
            expires_at=None if expires is None else NOW + expires,
        )  # fmt: skip
        if form == "openvex":
            return openvex.write([said], at=NOW)
        dialect = next(one for one in csaf_dialect.EVERY if form.endswith(one.version))
        publisher = Publisher(name="The Salt makers", namespace="https://salt.invalid", category="vendor")
        return csaf_vex.write([said], publisher=publisher, at=NOW, dialect=dialect)

    assert say(here, written("3000")).new == 1
    assert [one.why for one in exposure(here, web).lapsed] == [Lapse.VERSION]
    assert say(here, written("3000.1", expires=timedelta(days=-1))).new == 1
    found = exposure(here, web)
    assert (found.answer, {one.why for one in found.lapsed}) == (Answer.AFFECTED, {Lapse.VERSION, Lapse.EXPIRED})
    assert say(here, written("3000.1")).new == 1
    assert exposure(here, web).answer is Answer.NOT_AFFECTED
    assert exposure(here, web).reason.startswith("The Salt makers says not affected (vulnerable code not present)")


def test_a_vex_about_nothing_with_a_package_url_is_refused(here: Host) -> None:
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.invalid/1", "author": "A", "version": 1,
        "timestamp": "2026-11-21T00:00:00Z",
        "statements": [{"vulnerability": {"name": CVE}, "status": "fixed", "products": [{"@id": "https://a.invalid/pump"}]}],
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        say(here, json.dumps(document).encode())
    assert [problem.code for problem in refused.value.problems] == ["unknown_product"]


def test_a_statement_about_another_version_lapses_and_says_so(here: Host, web: AssetId) -> None:
    say(here, vex("3000"))
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert [one.why for one in found.lapsed] == [Lapse.VERSION]


def test_a_statement_about_all_versions_never_makes_anything_clean(here: Host, web: AssetId) -> None:
    say(here, vex(versions=[{"range": "vers:generic/*", "status": "unaffected"}]))
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert [one.why for one in found.lapsed] == [Lapse.UNBOUND]


def test_a_bounded_range_binds_the_versions_in_it(here: Host, web: AssetId) -> None:
    say(here, vex(versions=[{"range": "vers:pypi/>=3000|<3001", "status": "unaffected"}]))
    assert exposure(here, web).answer is Answer.NOT_AFFECTED
    here.register(bom("pkg:pypi/salt@2019.2.3", SIX), name="web")
    assert exposure(here, web).answer is Answer.AFFECTED


def test_a_newer_contrary_statement_ends_the_older_one(here: Host, web: AssetId) -> None:
    say(here, vex())
    say(here, vex(state="exploitable", said="2026-11-22T00:00:00Z"))
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert [one.why for one in found.lapsed] == [Lapse.CONTRARY]


def test_a_kev_addition_after_the_statement_ends_it(here: Host, web: AssetId) -> None:
    say(here, vex(said="2026-11-10T00:00:00Z"))
    here.kev(CVE, added="2026-11-20")
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert [one.why for one in found.lapsed] == [Lapse.KEV]


def test_what_holds_only_while_the_asset_stands_where_it_stood_ends_when_it_is_moved(here: Host, web: AssetId) -> None:
    here.at(NOW + timedelta(hours=1))
    say(here, vex(justification="protected_at_perimeter", said=stamp(NOW + timedelta(minutes=30))))
    assert exposure(here, web).answer is Answer.NOT_AFFECTED
    here.at(NOW + timedelta(days=1))
    tag = ExposureTag(
        value=Reach.PUBLIC, confidence=Confidence.CONFIRMED, source="firewall", at=NOW + timedelta(days=1)
    )
    here.desk.tag(CIVIL, web, tag)
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert [one.why for one in found.lapsed] == [Lapse.REACH]


def test_a_supplier_may_say_affected_where_no_advisory_does(here: Host) -> None:
    here.mirror({**SALT, "affected": [{"package": {"ecosystem": "PyPI", "name": "other"}, "versions": ["1"]}]})
    here.register(bom(OLD_SALT), name="web")
    asset = here.desk.import_assets(CIVIL, b"asset,inventory\nweb-1,web\n", domain=Domain.FCEB)[0].id
    say(here, vex(state="exploitable"))
    assert exposure(here, asset).answer is Answer.AFFECTED


def test_a_statement_about_a_document_by_its_serial_finds_its_component(here: Host) -> None:
    serial = "3e671687-395b-41f5-a30f-a58921a69b79"
    here.mirror(SALT)
    statement = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "vulnerabilities": [{"id": CVE, "analysis": {"state": "not_affected", "justification": "code_not_present"}, "affects": [{"ref": f"urn:cdx:{serial}/1#{OLD_SALT}"}]}],
    }  # fmt: skip
    data = json.dumps(statement).encode()
    with pytest.raises(Invalid, match="not known here"):
        say(here, data)
    here.register(bom(OLD_SALT, serial=serial), name="web")
    asset = here.desk.import_assets(CIVIL, b"asset,inventory\nweb-1,web\n", domain=Domain.FCEB)[0].id
    assert say(here, data).unresolved == 0
    assert exposure(here, asset).answer is Answer.NOT_AFFECTED


# Acceptances ----------------------------------------------------------------------------------------------------------


def accept(here: Host, web: AssetId) -> None:
    here.desk.accept(
        CIVIL, web, CVE, reason="replaced in March, kept off the network", expires_at=here.clock[0] + timedelta(days=30)
    )


def test_an_accepted_risk_changes_no_answer_and_ends_by_itself(here: Host, web: AssetId) -> None:
    accept(here, web)
    found = exposure(here, web)
    assert found.answer is Answer.AFFECTED
    assert found.acceptance is not None
    here.at(NOW + timedelta(days=31))
    found = exposure(here, web)
    assert found.acceptance is None
    assert [one.why for one in found.lapsed] == [Lapse.EXPIRED]


@pytest.mark.parametrize("change", ["reach", "kev", "version"])
def test_an_acceptance_lapses_when_what_it_was_given_under_changes(here: Host, web: AssetId, change: str) -> None:
    accept(here, web)
    if change == "reach":
        here.desk.tag(
            CIVIL, web, ExposureTag(value=Reach.PUBLIC, confidence=Confidence.CONFIRMED, source="scan", at=NOW)
        )
    elif change == "kev":
        here.kev(CVE)
    else:
        here.register(bom("pkg:pypi/salt@3000", SIX), name="web")
    found = exposure(here, web)
    assert found.acceptance is None
    assert [one.why for one in found.lapsed] == [
        {"reach": Lapse.REACH, "kev": Lapse.KEV, "version": Lapse.VERSION}[change]
    ]


def test_an_acceptance_needs_a_reason_an_end_and_a_person(here: Host, web: AssetId) -> None:
    from dataclasses import replace

    for reason, days in (("short", 30), ("a good long reason", 0), ("a good long reason", 400)):
        with pytest.raises(Invalid):
            here.desk.accept(CIVIL, web, CVE, reason=reason, expires_at=NOW + timedelta(days=days))
    with pytest.raises(Forbidden, match="a person must"):
        here.desk.accept(
            replace(CIVIL, is_script=True), web, CVE, reason="a good long reason", expires_at=NOW + timedelta(days=9)
        )


def test_an_exposure_tag_past_its_end_is_unknown_again(here: Host) -> None:
    rows = b"asset,exposure,exposure expires\na,no,2026-11-30\n"
    asset = here.desk.import_assets(CIVIL, rows, domain=Domain.FCEB)[0]
    assert asset.exposure.reach(NOW) is Reach.INTERNAL
    assert asset.exposure.reach(NOW + timedelta(days=30)) is Reach.UNKNOWN
    proposed = ExposureTag(value=Reach.INTERNAL, confidence=Confidence.PROPOSED, source="a model", at=NOW)
    assert proposed.reach(NOW) is Reach.UNKNOWN


def test_every_state_of_an_asset_is_kept_for_replay(here: Host) -> None:
    first = here.desk.import_assets(CIVIL, b"asset,exposure\na,yes\n", domain=Domain.FCEB)[0]
    here.at(NOW + timedelta(days=1))
    here.desk.import_assets(CIVIL, b"asset,exposure\na,no\n", domain=Domain.FCEB)
    with here.store.read() as tx:
        assert inventories.asset(tx, first.id, CIVIL, at=NOW + timedelta(hours=1)).exposure.value is Reach.PUBLIC
        assert inventories.asset(tx, first.id, CIVIL).exposure.value is Reach.INTERNAL
        assert len(inventories.history(tx, first.id, CIVIL)) == 2
        stale = inventories.asset(tx, first.id, CIVIL, at=NOW)
    with pytest.raises(Conflict), here.store.write() as tx:
        inventories.save_asset(tx, stale)


def test_a_scanner_export_is_kept_as_claims_beside_the_matches(here: Host) -> None:
    here.desk.import_assets(CIVIL, b"asset\nhost-1\n", domain=Domain.FCEB)
    csv = b"Plugin ID,CVE,Risk,Host,Name\n1,CVE-2020-11651,High,host-1,Salt\n2,,None,host-1,Ping\n"
    outcome = here.desk.register(CIVIL, Document(name="s.csv", data=csv), domain=Domain.FCEB)
    assert isinstance(outcome, ClaimsTaken)
    assert (outcome.claims, outcome.same) == (1, False)
    again = here.desk.register(CIVIL, Document(name="s.csv", data=csv), domain=Domain.FCEB)
    assert isinstance(again, ClaimsTaken)
    assert again.same
    asset = here.desk.assets(CIVIL)[0].asset
    view = here.desk.asset(CIVIL, asset.id)
    assert [(scanner, one.vulnerabilities) for scanner, one in view.claims] == [("Tenable", (CVE,))]
    assert view.exposures == ()
    assert here.desk.inventories(NSS).rows == ()
