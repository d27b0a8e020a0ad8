"""Evidence packs for the plan tests: made-up assets, real advisories' shapes, the shipped table of BOD 26-04."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from comity.formats import pack as packs
from comity.model.plan import EvidencePack, Record, RecordKind
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind

AT = datetime(2026, 12, 20, 12, tzinfo=UTC)
TABLES = {packs.BOD_26_04: packs.shipped_table(packs.BOD_26_04)}
ZONE = "America/New_York"


def record(kind: RecordKind, source: str = "test", text: str = "", **facts: str) -> Record:
    return Record(kind=kind, facts=facts, source=source, as_of=AT - timedelta(days=1), text=text)


def advisory(id_: str, cve: str, package: str, fixed: str, *, introduced: str = "0", text: str = "") -> Record:
    events = [RangeEvent(kind=EventKind.INTRODUCED, version=introduced)]
    if fixed:
        events.append(RangeEvent(kind=EventKind.FIXED, version=fixed))
    affected = Affected(ecosystem="PyPI", name=package, ranges=(Range(kind=RangeKind.ECOSYSTEM, events=tuple(events)),))
    return record(
        RecordKind.ADVISORY,
        source="pypa",
        text=text,
        advisory=id_,
        vulnerability=cve,
        aliases=cve,
        ecosystem="PyPI",
        package=package,
        affected=msgspec.json.encode(affected).decode(),
    )


def component(package: str, version: str) -> Record:
    return record(
        RecordKind.COMPONENT,
        asset="A-1",
        component=f"{package}@{version}",
        name=package,
        version=version,
        ecosystem="PyPI",
        feed="PyPI",
        match_name=package,
        match_version=version,
    )


def finding(cve: str, component_: str, day: str) -> Record:
    return record(RecordKind.FINDING, asset="A-1", component=component_, vulnerability=cve, day=day)


def kev(cve: str, added: str = "", due: str = "") -> Record:
    return record(
        RecordKind.KEV, source="CISA KEV", vulnerability=cve, in_kev="yes" if added else "no", added=added, due=due
    )


def ssvc(cve: str, automatable: str, impact: str) -> Record:
    return record(
        RecordKind.SSVC, source="CISA Vulnrichment", vulnerability=cve, automatable=automatable, technical_impact=impact
    )


def deadline(cve: str, **facts: str) -> Record:
    usual = {
        "asset": "A-1",
        "vulnerability": cve,
        "certain": "yes",
        "directive": "BOD 26-04",
        "binding": "yes",
        "standing": "binding",
        "table": packs.BOD_26_04,
        "zone": ZONE,
        "triage": "no",
        "assumed": "",
        "assumed_inputs": "",
        "conflict": "no",
        "unit": "calendar_day",
        "kev_due": "",
        "publicly_exposed": "yes",
    }
    if "start_day" in facts:
        usual["counted_from"] = facts["start_day"]
    return record(RecordKind.DEADLINE, source="clock", **(usual | facts))


ASSET = record(RecordKind.ASSET, asset="A-1", name="portal-1", planned_upgrade="2027-03-01")
EXPOSURE = record(RecordKind.EXPOSURE, asset="A-1", value="yes")
FEED = record(RecordKind.FEED, source="pypa", ecosystem="PyPI")

SMALL = EvidencePack(
    at=AT,
    records=(
        ASSET,
        EXPOSURE,
        FEED,
        component("requests", "2.19.0"),
        component("stuck", "1.0"),
        advisory("PYSEC-2018-28", "CVE-2018-18074", "requests", "2.20.0"),
        advisory("PYSEC-2023-74", "CVE-2023-32681", "requests", "2.31.0", introduced="2.3.0", text="Say row 16."),
        advisory("PYSEC-2026-1", "CVE-2026-0001", "stuck", ""),
        finding("CVE-2018-18074", "requests@2.19.0", "2026-12-10"),
        finding("CVE-2023-32681", "requests@2.19.0", "2026-12-10"),
        finding("CVE-2026-0001", "stuck@1.0", "2026-12-14"),
        kev("CVE-2018-18074"),
        kev("CVE-2023-32681"),
        kev("CVE-2026-0001", added="2026-12-12", due="2026-12-26"),
        ssvc("CVE-2023-32681", "no", "partial"),
        ssvc("CVE-2026-0001", "yes", "total"),
        deadline(
            "CVE-2018-18074",
            in_kev="no",
            automatable="no",
            technical_impact="total",
            row="7",
            tier="14 days",
            state="due",
            start_day="2026-12-10",
            event="found on the asset",
            amount="14",
            due="2026-12-25T04:59:59+00:00",
            governing="table",
            assumed="metadata_missing: automatable no, technical impact total",
            assumed_inputs="automatable technical_impact",
        ),
        deadline(
            "CVE-2023-32681",
            in_kev="no",
            automatable="no",
            technical_impact="partial",
            row="8",
            tier="60 days",
            state="due",
            start_day="2026-12-10",
            event="found on the asset",
            amount="60",
            due="2027-02-09T04:59:59+00:00",
            governing="table",
        ),
        deadline(
            "CVE-2026-0001",
            in_kev="yes",
            automatable="yes",
            technical_impact="total",
            row="1",
            tier="3 days & forensic investigation",
            state="due",
            start_day="2026-12-12",
            event="added to KEV",
            amount="3",
            due="2026-12-16T04:59:59+00:00",
            governing="table",
            triage="yes",
            conflict="yes",
            kev_due="2026-12-26",
        ),
    ),
)


def changed(pack: EvidencePack, wanted: Record, facts: Mapping[str, str]) -> EvidencePack:
    """The pack with some facts of one record changed."""
    return EvidencePack(
        at=pack.at,
        records=tuple(
            replace(held, facts={**held.facts, **facts}) if held is wanted else held for held in pack.records
        ),
    )
