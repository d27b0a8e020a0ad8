# ruff: noqa: E501  small documents are read more easily on one line
"""Every inventory format: real documents, small ones by hand, oracles beside, and bytes that are none of them."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import columns
from comity.formats.listings import cyclonedx, detect, listing, npm, scanners, system, table
from comity.formats.parse import Limits
from comity.model.asset import Reach
from comity.model.inventory import Component, Contents, Identity, ScannerReport, VexStatus


def read(data: bytes | str, name: str = "", **more: object) -> Contents:
    raw = data.encode() if isinstance(data, str) else data
    found = detect.read(raw, name=name, **more)  # type: ignore[arg-type]  # options by name
    assert isinstance(found, Contents)
    return found


def names(found: Contents) -> list[tuple[str, str, str]]:
    return [(one.ecosystem, one.match_name, one.match_version) for one in found.components]


def test_every_component_of_the_real_boms_ends_in_one_state(corpora: Path) -> None:
    sizes = {}
    for path in sorted((corpora / "sboms").glob("SBOM_*")):
        data = path.read_bytes()
        found = read(gzip.decompress(data) if path.suffix == ".gz" else data)
        sizes[path.name.split("_")[1]] = len(found.components)
        for one in found.components:
            assert one.identity in Identity
            assert (one.gap == "") is (one.identity is Identity.IDENTIFIED)
    assert sizes == {
        "cern-lhc-vdm-editor-e564943": 43, "dropwizard-1.3.15": 167, "juice-shop": 840, "keycloak-10.0.2": 903,
        "laravel-7.12.0": 62, "proton-bridge": 201, "protonmail-webclient-v4-0912dff": 883,
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # the library warns of its own format's older versions
def test_another_reader_of_cyclonedx_finds_the_same_components(corpora: Path) -> None:
    from cyclonedx.model.bom import Bom

    document = json.loads((corpora / "sboms" / "SBOM_dropwizard-1.3.15_bom.json").read_bytes())
    theirs = {str(one.purl) for one in Bom.from_json(document).components if one.purl}  # type: ignore[attr-defined]  # made by the library's decorator
    ours = {one.purl for one in cyclonedx.read(document).components}
    assert {purl.partition("?")[0] for purl in theirs} == {purl.partition("?")[0] for purl in ours}


@pytest.mark.filterwarnings("ignore")  # as above
@pytest.mark.parametrize("version", sorted(cyclonedx.VERSIONS))
def test_json_and_xml_of_every_version_read_alike(version: str) -> None:
    """Written by the reference library in both forms, so neither is our own idea of the format."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component as Theirs
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from packageurl import PackageURL

    inner = Theirs(name="jinja2", version="2.10", purl=PackageURL("pypi", None, "jinja2", "2.10"), bom_ref="inner")
    outer = Theirs(
        name="salt",
        version="3000.1",
        purl=PackageURL("pypi", None, "salt", "3000.1"),
        components=[inner],
        bom_ref="outer",
    )
    bom = Bom(components=[outer])
    schema = SchemaVersion.from_version(version)
    found = [
        read(make_outputter(bom, form, schema).output_as_string()) for form in (OutputFormat.JSON, OutputFormat.XML)
    ]
    for one in found:
        assert sorted(names(one)) == [("pypi", "jinja2", "2.10"), ("pypi", "salt", "3000.1")]
    assert found[0].format == f"CycloneDX {version} JSON"
    assert found[1].format == f"CycloneDX {version} XML"


def test_the_vex_use_cases_give_the_stated_status(corpora: Path) -> None:
    """CISA's use case 1, four documents: each file's name says its status."""
    for word, status in (
        ("affected", VexStatus.AFFECTED),
        ("fixed", VexStatus.FIXED),
        ("not_affected", VexStatus.NOT_AFFECTED),
        ("under_investigation", VexStatus.UNDER_INVESTIGATION),
    ):
        found = read((corpora / "sboms" / f"VEX_CISA-Use-Cases_Case-1_vex-{word}.json").read_bytes())
        assert [one.status for one in found.statements] == [status]
        assert found.statements[0].vulnerability == "CVE-2021-44228"
        assert found.statements[0].version


def test_statements_about_another_document_keep_its_reference(corpora: Path) -> None:
    found = read((corpora / "sboms" / "VEX_CISA-Use-Cases_Case-7_vex.json").read_bytes())
    assert {one.reference.partition("#")[2] for one in found.statements} == {"product-ABC", "product-JKL"}
    assert any(one.versions == "vers:generic/>=2.9|<=4.1" for one in found.statements)


def test_spdx_of_both_generations_reads_packages_and_noassertion_is_not_none() -> None:
    second = {
        "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "x", "dataLicense": "CC0-1.0",
        "documentNamespace": "https://example.org/x", "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t-1"]},
        "documentDescribes": ["SPDXRef-app"],
        "packages": [
            {"SPDXID": "SPDXRef-app", "name": "app", "downloadLocation": "NOASSERTION"},
            {"SPDXID": "SPDXRef-1", "name": "salt", "versionInfo": "3000.1", "downloadLocation": "NOASSERTION",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:pypi/salt@3000.1"}]},
            {"SPDXID": "SPDXRef-2", "name": "mystery", "versionInfo": "NOASSERTION", "downloadLocation": "NONE"},
        ],
    }  # fmt: skip
    found = read(json.dumps(second))
    assert names(found) == [("pypi", "salt", "3000.1"), ("", "mystery", "")]
    assert [one.identity for one in found.components] == [Identity.IDENTIFIED, Identity.PART]
    third = {
        "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
        "@graph": [
            {"type": "CreationInfo", "@id": "_:c", "created": "2026-01-01T00:00:00Z"},
            {"type": "SpdxDocument", "spdxId": "urn:doc", "creationInfo": "_:c", "rootElement": ["urn:app"]},
            {"type": "software_Package", "spdxId": "urn:app", "creationInfo": "_:c", "name": "app"},
            {"type": "software_Package", "spdxId": "urn:salt", "creationInfo": "_:c", "name": "salt",
             "software_packageVersion": "3000.1", "software_packageUrl": "pkg:pypi/salt@3000.1"},
            {"type": "security_Vulnerability", "spdxId": "urn:v", "creationInfo": "_:c", "name": "x",
             "externalIdentifier": [{"type": "ExternalIdentifier", "externalIdentifierType": "cve", "identifier": "CVE-2020-11651"}]},
            {"type": "security_VexNotAffectedVulnAssessmentRelationship", "spdxId": "urn:r", "creationInfo": "_:c", "from": "urn:v",
             "to": ["urn:salt"], "relationshipType": "doesNotAffect", "security_justificationType": "vulnerableCodeNotPresent"},
        ],
    }  # fmt: skip
    found = read(json.dumps(third))
    assert names(found) == [("pypi", "salt", "3000.1")]
    statement = found.statements[0]
    assert (statement.vulnerability, statement.status, statement.version) == (
        "CVE-2020-11651",
        VexStatus.NOT_AFFECTED,
        "3000.1",
    )
    assert statement.justification == "vulnerable_code_not_present"


def test_another_reader_of_spdx_finds_the_same_packages(corpora: Path) -> None:
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser

    document = json.loads((corpora / "formats" / "scanner-outputs" / "spdx__spdx_many_vuln.json").read_bytes())
    theirs = {one.name for one in JsonLikeDictParser().parse(document).packages}
    ours = read(json.dumps(document))
    assert {one.name for one in ours.components} <= theirs
    assert len(ours.components) >= len(theirs) - 1  # the document's own subject is not one of its parts


DPKG = """Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.15-1~deb12u1)
Version: 3.0.15-1~deb12u1+b1
Description: libraries
 continued

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4+deb12u11

Package: old-thing
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""


def test_dpkg_is_by_source_package_and_its_release_is_read_from_base_files() -> None:
    found = read(DPKG)
    assert names(found)[0] == ("debian:12", "openssl", "3.0.15-1~deb12u1")
    assert len(found.components) == 2
    assert any("base-files" in note for note in found.notes)
    assert any("removed" in note for note in found.notes)


def test_a_package_list_without_its_release_is_identified_in_part() -> None:
    unknown = DPKG.replace("12.4+deb12u11", "12ubuntu4.6")
    assert {one.identity for one in read(unknown).components} == {Identity.PART}
    assert {one.identity for one in read(unknown, release="Ubuntu:22.04").components} == {Identity.IDENTIFIED}


def test_rpm_lists_keep_epochs_and_leave_keys_out() -> None:
    text = "bash-5.1.8-6.el9.x86_64\nbind-libs-32:9.16.23-11.el9.x86_64\ngpg-pubkey-fd431d51-4ae0493b\n"
    found = read(text, release="Rocky Linux:9")
    assert names(found) == [
        ("rocky linux:9", "bash", "5.1.8-6.el9"),
        ("rocky linux:9", "bind-libs", "32:9.16.23-11.el9"),
    ]
    assert {one.identity for one in found.components} == {Identity.IDENTIFIED}
    assert {one.identity for one in read(text).components} == {Identity.PART}


ROCKY = 'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n'
BASH = "bash-5.1.8-6.el9.x86_64\n"


def test_an_rpm_list_is_of_the_distribution_that_somebody_or_os_release_or_its_own_release_package_names() -> None:
    for text, release in (
        (BASH, "Rocky Linux:9"),
        (BASH, "rocky:9.3"),
        (f"{ROCKY}\n{BASH}", ""),
        (f"{BASH}rocky-release-9.3-1.3.el9.noarch\n", ""),
    ):
        found = read(text, release=release)
        assert names(found)[0] == ("rocky linux:9", "bash", "5.1.8-6.el9")
        assert {one.identity for one in found.components} == {Identity.IDENTIFIED}
    assert names(read(ROCKY + BASH, release="almalinux:8"))[0][0] == "almalinux:8", "who sends the list knows best"
    assert read(ROCKY + BASH).components[0].place == "/line/6"


@pytest.mark.parametrize(
    ("id_", "version", "ecosystem"),
    [
        ("rhel", "9.4", "red hat:enterprise_linux:9"),
        ("almalinux", "8.10", "almalinux:8"),
        ("opensuse-leap", "15.5", "opensuse:leap 15.5"),
        ("opensuse-tumbleweed", "20240101", "opensuse:tumbleweed"),
        ("azurelinux", "3.0", "azure linux:3"),
        ("photon", "5.0", "photon os:5.0"),
        ("mageia", "9", "mageia:9"),
        ("fedora", "40", "fedora:40"),
        ("amzn", "2023", "amazon linux:2023"),
    ],
)
def test_os_release_becomes_the_ecosystem_that_osv_publishes_under(id_: str, version: str, ecosystem: str) -> None:
    assert names(read(f'ID={id_}\nVERSION_ID="{version}"\n{BASH}'))[0][0] == ecosystem


def test_an_rpm_list_of_no_named_distribution_is_in_part_with_the_reason_and_the_remedy() -> None:
    found = read(BASH)
    assert {one.identity for one in found.components} == {Identity.PART}
    assert "which RPM distribution" in found.components[0].gap
    assert any("--release" in note and "os-release" in note for note in found.notes)


def test_a_number_is_no_release_where_osv_publishes_by_product() -> None:
    found = read(f'ID="sles"\nVERSION_ID="15.5"\n{BASH}')
    assert {one.identity for one in found.components} == {Identity.PART}
    assert "by product" in found.components[0].gap
    assert {one.identity for one in read(BASH, release="SUSE:Linux Enterprise Server 15 SP5").components} == {
        Identity.IDENTIFIED
    }
    spelled = 'ID="openEuler"\nVERSION="24.03 (LTS-SP1)"\nVERSION_ID="24.03"\n'
    assert names(read(spelled + BASH))[0][0] == "openeuler:24.03-lts-sp1"


def test_a_distribution_that_nobody_knows_is_refused_and_os_release_alone_is_no_list() -> None:
    for text, release, code in ((BASH, "Hannah Montana Linux:3", "bad_release"), (ROCKY, "", "no_packages")):
        with pytest.raises(Invalid) as caught:
            read(text, release=release)
        assert [one.code for one in caught.value.problems] == [code]


def test_apk_is_by_origin() -> None:
    text = "C:Q1abc=\nP:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\n\nC:Q1abd=\nP:musl\nV:1.2.4-r2\n"
    assert names(read(text, release="Alpine:v3.19")) == [
        ("alpine:v3.19", "openssl", "3.1.4-r5"),
        ("alpine:v3.19", "musl", "1.2.4-r2"),
    ]


LOCKS = {
    "requirements.txt": ("Salt==3000.1\n# a comment\nurllib3==1.26 ; python_version > '3'\nlocal @ file:///x\n", [("pypi", "salt", "3000.1"), ("pypi", "urllib3", "1.26"), ("pypi", "local", "")]),
    "yarn.lock": ('# yarn lockfile v1\n\n"@babel/core@^7.0.0":\n  version "7.1.0"\n  resolved "x"\n\nlodash@^4.0.0, lodash@^4.17.0:\n  version "4.17.20"\n', [("npm", "@babel/core", "7.1.0"), ("npm", "lodash", "4.17.20")]),
    "yarn2.lock": ('__metadata:\n  version: 6\n\n"lodash@npm:^4.17.0":\n  version: 4.17.20\n  resolution: "lodash@npm:4.17.20"\n\n"me@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "me@workspace:."\n', [("npm", "lodash", "4.17.20")]),
    "pnpm-lock.yaml": ("lockfileVersion: '6.0'\npackages:\n\n  /@babel/core@7.1.0(x@1.0.0):\n    resolution: {integrity: y}\n    dev: true\n\n  /lodash@4.17.20:\n    resolution: {integrity: x}\n", [("npm", "@babel/core", "7.1.0"), ("npm", "lodash", "4.17.20")]),
    "pnpm5.yaml": ("lockfileVersion: 5.4\npackages:\n  /lodash/4.17.20:\n    resolution: {integrity: x}\n  /@babel/core/7.1.0_x@1.0.0:\n    dev: false\n", [("npm", "lodash", "4.17.20"), ("npm", "@babel/core", "7.1.0")]),
    "pnpm9.yaml": ("lockfileVersion: '9.0'\npackages:\n  lodash@4.17.20:\n    resolution: {integrity: x}\n  '@babel/core@7.1.0':\n    resolution: {integrity: x}\n", [("npm", "lodash", "4.17.20"), ("npm", "@babel/core", "7.1.0")]),
    "Cargo.lock": ('version = 3\n\n[[package]]\nname = "time"\nversion = "0.1.42"\nsource = "registry+https://example.org/index"\n\n[[package]]\nname = "mine"\nversion = "0.1.0"\n', [("cargo", "time", "0.1.42"), ("cargo", "mine", "0.1.0")]),
    "go.sum": ("golang.org/x/net v0.1.0 h1:hZ/3BUoy5aId7sCpA/Tc5lt8DkFgdVS2onTpJsZ/fl0=\ngolang.org/x/net v0.2.0/go.mod h1:Cx3nUiGt4eDBEyega/BKRp+/AlGL8hYe7U9odMt2Cco=\n", [("golang", "golang.org/x/net", "v0.1.0")]),
    "go.mod": ("module example.org/app\n\ngo 1.21\n\nrequire (\n\tgolang.org/x/net v0.1.0 // indirect\n\tgolang.org/x/text v0.3.0\n)\n\nreplace golang.org/x/text => golang.org/x/text v0.3.8\n", [("golang", "golang.org/x/net", "v0.1.0"), ("golang", "golang.org/x/text", "v0.3.8")]),
    "Gemfile.lock": ("GEM\n  remote: https://example.org/\n  specs:\n    nokogiri (1.15.4-x86_64-linux)\n      racc (~> 1.4)\n    rack (2.2.3)\n\nPATH\n  remote: .\n  specs:\n    mine (0.1.0)\n\nPLATFORMS\n  ruby\n", [("gem", "nokogiri", "1.15.4"), ("gem", "rack", "2.2.3"), ("gem", "mine", "0.1.0")]),
}  # fmt: skip


@pytest.mark.parametrize("name", LOCKS)
def test_lock_files_give_every_pinned_pair(name: str) -> None:
    text, expected = LOCKS[name]
    found = read(text, name)
    assert names(found) == expected
    for one in found.components:
        assert (one.identity is Identity.IDENTIFIED) is (one.match_name not in {"mine", "local"})
        assert one.place.startswith("/")


def test_package_lock_of_all_three_versions() -> None:
    first = {
        "name": "x", "version": "1.0.0", "lockfileVersion": 1,
        "dependencies": {"lodash": {"version": "4.17.20", "dev": True, "dependencies": {"y": {"version": "1.0.0"}}}, "z": {"version": "npm:real@2.0.0"}},
    }  # fmt: skip
    later = {
        "name": "x", "version": "1.0.0", "lockfileVersion": 3,
        "packages": {"": {"name": "x"}, "node_modules/lodash": {"version": "4.17.20", "dev": True},
                     "node_modules/a/node_modules/@b/c": {"version": "1.0.0"}, "node_modules/link": {"link": True, "resolved": "own"}, "own": {"name": "own", "version": "1.0.0"}},
    }  # fmt: skip
    assert names(read(json.dumps(first))) == [
        ("npm", "lodash", "4.17.20"),
        ("npm", "y", "1.0.0"),
        ("npm", "real", "2.0.0"),
    ]
    found = read(json.dumps(later))
    assert names(found) == [("npm", "lodash", "4.17.20"), ("npm", "@b/c", "1.0.0"), ("npm", "own", "1.0.0")]
    assert [one.development for one in found.components] == [True, False, False]
    assert found.components[2].identity is Identity.PART


def test_a_real_package_lock_reads_whole() -> None:
    data = (Path(__file__).parents[1] / "npm" / "package-lock.json").read_bytes()
    found = npm.read_package_lock(data)
    assert len(found.components) == len([key for key in json.loads(data)["packages"] if key])


def test_a_table_is_read_by_a_mapping_and_bad_cells_are_listed_by_line() -> None:
    text = "Product,Ver,Maker\nSalt,3000.1,VMware\n"
    found = read(text, columns=table.mapping("name=Product,version=Ver,vendor=Maker"))
    assert [(one.name, one.version, one.identity) for one in found.components] == [
        ("VMware Salt", "3000.1", Identity.PART)
    ]
    assets = table.assets(b"asset,exposure,environment,planned upgrade\nweb-1,yes,prod,2027-01-31\ndb-1,,qa,\n")
    assert [(one.name, one.exposure, one.environment.value) for one in assets] == [
        ("web-1", Reach.PUBLIC, "production"),
        ("db-1", Reach.UNKNOWN, "test"),
    ]
    with pytest.raises(Invalid) as error:
        table.assets(b"asset,exposure,planned upgrade\nweb-1,perhaps,2027-01-31\nWEB-1,yes,\nx,no,soon\n")
    assert [(p.pointer, p.code) for p in error.value.problems] == [
        ("/line/2", "bad_value"),
        ("/line/3", "repeated_key"),
        ("/line/4", "invalid_time"),
    ]


def test_scanner_exports_are_claims_with_dates_and_source(corpora: Path) -> None:
    folder = corpora / "formats" / "scanner-outputs"
    tenable = scanners.read((folder / "tenable__nessus__nessus_many_vuln.csv").read_bytes())
    qualys = scanners.read((folder / "qualys__Qualys_Sample_Report.csv").read_bytes())
    assert (tenable.scanner, qualys.scanner) == ("Tenable", "Qualys")
    first = tenable.claims[0]
    assert first.vulnerabilities == ("CVE-2004-2761",)
    assert first.first_seen == datetime(2021, 1, 5, 17, 24, 8, tzinfo=UTC)  # 10:24:08 MST
    assert all(one.asset and one.plugin.startswith("QID ") for one in qualys.claims)
    assert isinstance(detect.read((folder / "qualys__Qualys_Sample_Report.csv").read_bytes()), ScannerReport)


TENABLE = "Plugin,Plugin Name,DNS Name,IP Address,Severity,CVE,Last Observed\n"
ROW = "11,x,web-1,192.0.2.1,High,CVE-2020-0001,\n"


def claimed(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    found = detect.read(text.encode(), name="export.csv")
    assert isinstance(found, ScannerReport)
    return [(one.asset, one.severity, one.vulnerabilities) for one in found.claims]


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "\ufeff", "a report\u2028of two lines\x0bor three\n"])
def test_an_export_that_a_spreadsheet_saved_again_claims_the_same(between: str, ends: str, before: str) -> None:
    text = before + (TENABLE + ROW + ROW.replace("web-1", "web-2")).replace(",", between)
    assert claimed(text.replace("\n", ends)) == [
        ("web-1", "High", ("CVE-2020-0001",)),
        ("web-2", "High", ("CVE-2020-0001",)),
    ]


def test_a_second_column_of_the_same_name_hides_nothing() -> None:
    for text in (
        TENABLE.replace("IP Address", "Severity") + ROW.replace("192.0.2.1", "Info"),
        "name,version,Version\nsalt,3000.1,3000.3\n",
        "name,exposure,Exposure\nweb,yes,no\n",
    ):
        with pytest.raises(Invalid) as error:
            table.assets(text.encode()) if "exposure" in text else detect.read(text.encode(), name="a.csv")
        assert [(p.pointer, p.code) for p in error.value.problems] == [("/line/1", "repeated_heading")]


def test_a_row_that_names_a_weakness_is_a_claim_whatever_its_severity() -> None:
    assert claimed(TENABLE + ROW.replace("High", "Info")) == [("web-1", "Info", ("CVE-2020-0001",))]


def test_a_date_in_a_zone_not_known_here_is_no_date() -> None:
    found = scanners.read((TENABLE + ROW.replace("1,\n", '1,"Jan 5, 2021 10:24:08 XYZ"\n')).encode())
    assert found.claims[0].last_seen is None
    assert "bear no date" in found.notes[0]


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff\xfe" + (TENABLE + ROW).encode("utf-16-le"),
        (TENABLE + ROW).replace("x", "\xe9").encode("latin-1"),
        (TENABLE + ROW.replace("x", '"' + "x" * (listing.CELL_LIMIT + 1) + '"')).encode(),
        (TENABLE + ROW.replace(",x,", ',"x,')).encode(),
    ],
)
def test_an_export_in_another_encoding_with_a_huge_cell_or_an_open_quote_is_refused_whole(bad: bytes) -> None:
    with pytest.raises(Invalid):
        detect.read(bad, name="export.csv")


def test_a_cell_that_is_a_formula_is_a_name_here_and_harmless_in_what_leaves() -> None:
    ((asset, _, _),) = claimed(TENABLE + ROW.replace("web-1", "\"=cmd|'/c calc'!A1\""))
    assert columns.safe(asset) == "'=cmd|'/c calc'!A1"


EMPTY = {
    "nothing": b"",
    "blank": b" \n",
    "no components": b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[]}',
    "an image that was looked through and nothing found": b'{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"component":{"type":"container","name":"x","version":"sha256:1"}},"components":[]}',
    "SaaSBOM": b'{"bomFormat":"CycloneDX","specVersion":"1.5","services":[{"name":"pay"}]}',
    "OBOM": b'{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{"lifecycles":[{"phase":"operations"}]}}',
    "CBOM": b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"cryptographic-asset","name":"AES"}]}',
    "SPDX of files": b'{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","files":[{"SPDXID":"SPDXRef-f","fileName":"a"}]}',
    "package lock": b'{"lockfileVersion":3,"packages":{"":{"name":"x"}}}',
    "dpkg": b"Package: x\nStatus: deinstall ok config-files\nVersion: 1\n",
}  # fmt: skip


@pytest.mark.parametrize("name", EMPTY)
def test_a_document_that_yields_nothing_is_an_error_with_a_reason(name: str) -> None:
    with pytest.raises(Invalid) as error:
        detect.read(EMPTY[name])
    assert error.value.problems[0].code == "no_packages"
    assert len(error.value.problems[0].reason) > 20


def test_bad_lines_are_listed_with_their_number() -> None:
    with pytest.raises(Invalid) as error:
        detect.read(b"salt==3000.1\nrequests>=2\nsix==1.16\n???\n", name="requirements.txt")
    assert [(p.pointer, p.code) for p in error.value.problems] == [("/line/2", "not_pinned"), ("/line/4", "not_a_pin")]
    with pytest.raises(Invalid) as error:
        detect.read(b'{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"name":"a"},7,{"name":[]}]}')
    assert {p.pointer for p in error.value.problems} == {"/components/1", "/components/2/name"}


def test_limits_come_before_parsing() -> None:
    small = Limits(document_bytes=100)
    for data in (b"{" + b" " * 200, b"a==1\n" * 100, b"<bom>" + b" " * 200):
        with pytest.raises(Invalid) as error:
            detect.read(data, limits=small)
        assert error.value.problems[0].code == "document_too_large"
    deep = (
        b'<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.4">'
        + b"<components>" * 100
        + b"</components>" * 100
        + b"</bom>"
    )
    with pytest.raises(Invalid) as error:
        detect.read(deep)
    assert error.value.problems[0].code == "structure_too_deep"
    bomb = b'<!DOCTYPE bom [<!ENTITY a "aaaa">]><bom xmlns="http://cyclonedx.org/schema/bom/1.4"/>'
    with pytest.raises(Invalid) as error:
        detect.read(bomb)
    assert error.value.problems[0].code == "forbidden_xml"
    with pytest.raises(Invalid):
        detect.read(b"lockfileVersion: 5\nx: &a [1]\npackages: {y: *a}\n", name="pnpm-lock.yaml")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([text.encode() for text, _ in LOCKS.values()] + list(EMPTY.values()) + [DPKG.encode()]), st.data()
)
def test_damaged_documents_are_read_or_refused_and_nothing_else(seed: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 40)))
    damaged = seed[:start] + data.draw(st.binary(max_size=12)) + seed[end:]
    try:
        found = detect.read(damaged, name="requirements.txt")
    except Invalid as error:
        if not error.problems:
            raise
        return
    if isinstance(found, Contents):
        assert found.components or found.statements
        assert all(one.identity in Identity for one in found.components)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60),
    st.text(max_size=20),
    st.sampled_from(["", "PyPI", "Debian", "Debian:12", "no such thing", "npm"]),
    st.text(max_size=30),
)
def test_whatever_names_a_component_it_ends_in_exactly_one_state(
    name: str, version: str, ecosystem: str, cpe: str
) -> None:
    one = listing.component(name=name, version=version, ecosystem=ecosystem, cpe=cpe)
    assert (one.identity is Identity.IDENTIFIED) is (one.gap == "")
    assert (one.identity is Identity.NOT) is (not one.name and not one.cpe)
    assert isinstance(one, Component)
    assert one.name.isprintable() or not one.name


def test_a_purl_gives_the_source_package_and_the_epoch() -> None:
    deb = listing.by_purl("pkg:deb/debian/libssl3@3.0.15-1?arch=amd64&distro=debian-12&upstream=openssl%403.0.15-1")
    rpm = listing.by_purl("pkg:rpm/redhat/bind@9.16.23-11.el9?epoch=32&distro=rhel-9")
    assert deb is not None
    assert rpm is not None
    assert (deb.ecosystem, deb.match_name, deb.match_version) == ("debian:12", "openssl", "3.0.15-1")
    assert (rpm.match_name, rpm.match_version) == ("bind", "32:9.16.23-11.el9")
    assert system.looks_like_dpkg(DPKG)


def test_a_packed_list_is_read_within_its_limit_and_a_damaged_one_is_refused() -> None:
    packed = gzip.compress(DPKG.encode())
    assert names(read(packed, "status.gz", release="Debian:12")) == names(read(DPKG, "status", release="Debian:12"))
    bomb = gzip.compress(b" " * 50_000_000)
    for data, code in (
        (bomb, "document_too_large"),
        (packed[:-20], "malformed_gzip"),
        (b"\x1f\x8bnothing", "malformed_gzip"),
    ):
        with pytest.raises(Invalid) as refused:
            detect.read(data, limits=Limits(document_bytes=1_000_000, depth=64))
        assert refused.value.problems[0].code == code
