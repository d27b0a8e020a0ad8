"""Remedies for the export tests. CVE-2023-32681 is a real one of requests; the assets are made up."""

from datetime import UTC, date, datetime

from comity.model.remedy import Remedy, Standing

AT = datetime(2026, 12, 8, 9, 30, tzinfo=UTC)

PORTAL = Remedy(
    id="RM-portal-1",
    vulnerability="CVE-2023-32681",
    advisory="PYSEC-2023-74",
    title="requests leaks Proxy-Authorization headers",
    asset="portal-1",
    organisation="Water works",
    sub_organisation="Billing, east",
    environment="prod",
    asset_type="server",
    exposure="yes",
    exposure_source="asset table of 1 December",
    component="requests",
    version="2.19.0",
    found_at=datetime(2026, 12, 7, 8, tzinfo=UTC),
    found_by="inventory scan",
    evaluated_at=AT,
    directive="us.cisa.bod-26-04 1.0.0",
    binding=True,
    tier="14 days",
    row=7,
    started_by="found on the asset",
    due=datetime(2026, 12, 22, 4, 59, 59, tzinfo=UTC),
    unknown=("automatable",),
    defaulted=("metadata_missing: automatable = no",),
    in_kev="no",
    fix="2.31.0",
    action="Upgrade requests from 2.19.0 to 2.31.0 on portal-1.",
)
PLANT = Remedy(
    id="RM-plant-9",
    vulnerability="CVE-2021-44228",
    advisory="GHSA-jfh8-c2jp-5v3q",
    title='=HYPERLINK("http://evil.example";"x")',
    asset="plant-9",
    component="org.apache.logging.log4j:log4j-core",
    version="2.14.1",
    found_at=None,
    found_by="",
    directive="us.cisa.bod-26-04 1.0.0",
    tier="fix on system upgrade",
    row=15,
    planned_upgrade=date(2027, 3, 1),
    standing=Standing.MITIGATED,
    action="Keep the mitigation; upgrade with the rebuild.",
)
QUIET = Remedy(
    id="RM-quiet-2",
    vulnerability="CVE-2020-0001",
    advisory="A-1",
    title="nobody can say when",
    asset="quiet-2",
    component="thing",
    version="1.0",
    found_at=None,
    found_by="",
)
ALL = (PORTAL, PLANT, QUIET)
