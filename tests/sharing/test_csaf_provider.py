"""The CSAF provider, requirement by requirement (CSAF 2.0, 7.1), as a stranger and as people with tokens see it."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pysequoia
import pytest

from comity.formats import schema
from comity.formats.csaf import Csaf
from comity.formats.csaf_provider import EDITIONS, FIRST, SECOND, Edition
from comity.model.advisory import Advisory, Publisher
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId
from comity.store import published
from tests.api.fakes import draft
from tests.api.site import Site, site

NEW = {"COMITY-2025-0001": 2025, "COMITY-2026-0001": 2026, "COMITY-2026-0002": 2026}
YEARS = {"2.0": {**NEW, "COMITY-2024-0001": 2024}, "2.1": NEW}
"""What is open in each version: one was published before there was a document of 2.1."""
BOTH = pytest.mark.parametrize("edition", EDITIONS, ids=lambda one: one.version)


def advisory(id_: str, tlp: Tlp, year: int) -> Advisory:
    at = datetime(year, 11, 22, 12, tzinfo=UTC)
    publisher = Publisher(name="Test Host", namespace="https://comity.invalid")
    made = replace(draft(), id=AdvisoryId(id_), published_at=at, modified_at=at, publisher=publisher)
    return replace(made, handling=Handling(tlp=tlp))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("csaf")) as made:
        shelf = [advisory(id_, Tlp.CLEAR, year) for id_, year in NEW.items()]
        shelf += [advisory("COMITY-2026-0003", Tlp.GREEN, 2026), advisory("COMITY-2026-0004", Tlp.AMBER_STRICT, 2026)]
        with made.accounts.store.write() as tx:
            for one in shelf:
                published.put(tx, one, files(one))
            only = advisory("COMITY-2024-0001", Tlp.CLEAR, 2024)
            published.put(tx, only, files(only)[:1])
        yield made


def files(one: Advisory) -> list[published.File]:
    """The documents of both versions, as they are published."""
    made = []
    for codec in (Csaf(dialect=edition.dialect) for edition in EDITIONS):
        data = codec.write(one)
        assert codec.check(data) == ()
        made.append(published.File(name=codec.file_name(one), media_type="application/json", data=data))
    return made


def get(here: Site, path: str, role: str = "") -> Any:
    headers = {"Authorization": f"Bearer {here.tokens[role]}"} if role else {}
    return here.client.get(path.removeprefix(here.settings.address), headers=headers, follow_redirects=False)


def feed(here: Site, edition: Edition = FIRST, level: str = "", role: str = "") -> dict[str, Any]:
    level = level or edition.open_level
    answer = get(here, f"{edition.root}/{level}/csaf-feed-tlp-{level}.json", role)
    assert answer.status_code == 200
    return dict(answer.json()["feed"])


@BOTH
def test_the_metadata_is_where_a_reader_looks_and_keeps_its_schema(here: Site, edition: Edition) -> None:
    answer = get(here, f"{edition.well_known}/provider-metadata.json")
    assert answer.status_code == 200
    assert schema.check(answer.json(), f"csaf-provider-{edition.version}") == ()
    assert answer.json()["role"] == "csaf_trusted_provider"
    assert answer.json()["metadata_version"] == edition.version
    assert answer.json()["canonical_url"] == f"{here.settings.address}{edition.well_known}/provider-metadata.json"


def test_the_plain_well_known_address_is_that_of_2_0_while_2_1_is_a_draft(here: Site) -> None:
    for name in ("provider-metadata.json", "service.json"):
        plain = get(here, f"/.well-known/csaf/{name}")
        assert plain.status_code == 200
        assert plain.content == get(here, f"/.well-known/csaf/v2.0/{name}").content


@BOTH
def test_every_address_in_the_metadata_leads_to_what_it_says(here: Site, edition: Edition) -> None:
    distributions = get(here, f"{edition.well_known}/provider-metadata.json").json()["distributions"]
    rolie = distributions[0]["rolie"]
    for url, label in [(one["url"], one["tlp_label"]) for one in rolie["feeds"]]:
        told = get(here, url, "coordinator").json()["feed"]
        assert told["title"].endswith(f"TLP:{label}")
        for entry in told["entry"]:
            document = get(here, entry["content"]["src"], "coordinator").json()["document"]
            assert document["csaf_version"] == entry["format"]["version"] == edition.version
            assert document["distribution"]["tlp"]["label"] == label
    for url in (*rolie["services"], *rolie["categories"]):
        assert get(here, url, "coordinator").status_code == 200
    for one in distributions[1:]:
        url = one["directory"]["url"] if edition is SECOND else one["directory_url"]
        assert get(here, f"{url}index.txt", "coordinator").status_code == 200


@BOTH
def test_the_service_document_lists_every_feed_and_the_categories_are_those_of_the_entries(
    here: Site, edition: Edition
) -> None:
    (workspace,) = get(here, f"{edition.well_known}/service.json").json()["service"]["workspace"]
    feeds = get(here, f"{edition.well_known}/provider-metadata.json").json()["distributions"][0]["rolie"]["feeds"]
    assert [one["href"] for one in workspace["collection"]] == [one["url"] for one in feeds]
    listed = get(here, f"{edition.root}/{edition.open_level}/category-product.json").json()["categories"]["category"]
    told = [category for entry in feed(here, edition)["entry"] for category in entry["category"]]
    assert listed
    assert {one["term"] for one in listed} == {one["term"] for one in told}


@BOTH
def test_nothing_of_a_closed_level_can_be_told_from_the_metadata(here: Site, edition: Edition) -> None:
    before = get(here, f"{edition.well_known}/provider-metadata.json").content
    late = advisory("COMITY-2027-0001", Tlp.GREEN, 2027)
    with here.accounts.store.write() as tx:
        published.put(tx, late, files(late))
    for role in ("", "coordinator"):
        assert get(here, f"{edition.well_known}/provider-metadata.json", role).content == before


@BOTH
def test_every_document_of_the_open_feed_is_there_with_hashes_and_a_signature_that_hold(
    here: Site, edition: Edition
) -> None:
    key = get(here, get(here, f"{edition.well_known}/provider-metadata.json").json()["public_openpgp_keys"][0]["url"])
    certificate = pysequoia.Cert.from_bytes(key.content)
    entries = feed(here, edition)["entry"]
    assert {entry["id"] for entry in entries} == set(YEARS[edition.version])
    for entry in entries:
        links = {(link["rel"], link["href"].rpartition(".")[2]): link["href"] for link in entry["link"]}
        document = get(here, entry["content"]["src"]).content
        assert Csaf(dialect=edition.dialect).check(document) == ()
        for kind in ("sha256", "sha512"):
            assert get(here, links["hash", kind]).text.split()[0] == hashlib.new(kind, document).hexdigest()
        signature = pysequoia.Sig.from_bytes(get(here, links["signature", "asc"]).content)
        held = pysequoia.verify(document, lambda _ids: [certificate], signature=signature)
        assert len(held.valid_sigs) == 1
        with pytest.raises(RuntimeError):
            pysequoia.verify(document + b" ", lambda _ids: [certificate], signature=signature)


@BOTH
def test_files_lie_by_year_of_first_release_under_names_from_their_tracking_ids(here: Site, edition: Edition) -> None:
    folder = f"{edition.root}/{edition.open_level}"
    lines = get(here, f"{folder}/index.txt").text.splitlines()
    assert lines == sorted(f"{year}/{id_.lower()}.json" for id_, year in YEARS[edition.version].items())
    for line in lines:
        document = get(here, f"{folder}/{line}").json()["document"]["tracking"]
        assert document["initial_release_date"].startswith(line[:4])
        assert re.sub(r"[^+\-a-z0-9]+", "_", document["id"].lower()) + ".json" == line[5:]
    listing = get(here, f"{folder}/2026/")
    assert listing.status_code == 200
    assert all(line[5:] in listing.text for line in lines if line.startswith("2026"))
    assert "comity-2025" not in listing.text
    links = re.findall(r'href="([^"]+)"', get(here, f"{folder}/").text)
    assert len(links) == len(lines) + 4
    assert {get(here, link).status_code for link in links} == {200}


@BOTH
def test_changes_are_newest_first_and_quoted_in_2_0_alone(here: Site, edition: Edition) -> None:
    folder = f"{edition.root}/{edition.open_level}"
    answer = get(here, f"{folder}/changes.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert {line.count('"') for line in answer.text.splitlines()} == {4 if edition is FIRST else 0}
    assert {row[0] for row in rows} == set(get(here, f"{folder}/index.txt").text.splitlines())


def test_security_txt_names_a_contact_an_end_and_the_metadata(here: Site) -> None:
    text = get(here, "/.well-known/security.txt").text
    fields = dict(line.split(": ", 1) for line in text.splitlines())
    assert fields["Contact"] == "mailto:security@comity.invalid"
    assert datetime.fromisoformat(fields["Expires"]) > here.clock.now
    told = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("CSAF: ")]
    assert told[0] == f"{here.settings.address}/.well-known/csaf/provider-metadata.json"
    assert [get(here, url).status_code for url in told] == [200, 200, 200]


@pytest.mark.parametrize(
    "place", [f"{one.root}/{level}" for one in EDITIONS for level in one.levels if level != one.open_level]
)
def test_a_closed_level_is_not_there_for_a_stranger_in_any_of_its_files(here: Site, place: str) -> None:
    own = f"/csaf-feed-tlp-{place.rpartition('/')[2]}.json"
    for path in ("", "/index.txt", "/category-product.json", own, "/2026", "/2026/comity-2026-0003.json"):
        answer = get(here, f"{place}{path}")
        assert answer.status_code == 401
        assert "comity-2026" not in answer.text


@BOTH
def test_nothing_above_a_readers_handling_is_in_any_level_for_them(here: Site, edition: Edition) -> None:
    strict = edition.folders[Tlp.AMBER_STRICT]
    for role in (*here.tokens, ""):
        for level in edition.levels:
            answer = get(here, f"{edition.root}/{level}/index.txt", role)
            if answer.status_code != 200:
                continue
            for line in answer.text.splitlines():
                assert get(here, f"{edition.root}/{level}/{line}", role).status_code == 200
            if "comity-2026-0004" in answer.text:
                assert level == strict
                assert role in {"coordinator", "second"}
    assert "comity-2026-0004" in get(here, f"{edition.root}/{strict}/index.txt", "coordinator").text
    assert "comity-2026-0004" not in get(here, f"{edition.root}/{strict}/index.txt", "reader").text


def test_amber_strict_has_a_level_of_its_own_in_2_1(here: Site) -> None:
    document = get(here, "/csaf/v2.1/amber+strict/2026/comity-2026-0004.json", "coordinator").json()["document"]
    assert document["distribution"] == {"tlp": {"label": "AMBER+STRICT"}}
    for level in ("amber", "red"):
        assert "comity-2026-0004" not in get(here, f"/csaf/v2.1/{level}/index.txt", "coordinator").text


def test_amber_strict_is_labelled_red_and_says_what_it_is(here: Site) -> None:
    document = get(here, "/csaf/red/2026/comity-2026-0004.json", "coordinator").json()["document"]["distribution"]
    assert document["tlp"]["label"] == "RED"
    assert document["text"] == "TLP v2.0: TLP:AMBER+STRICT"


def test_a_document_is_only_at_its_own_place(here: Site) -> None:
    for path in (
        "/csaf/white/2025/comity-2026-0001.json",
        "/csaf/white/2026/COMITY-2026-0001.json",
        "/csaf/white/2026/comity-2026-0003.json",
        "/csaf/white/2026/comity-2026-0001.json.md5",
        "/csaf/purple/index.txt",
        "/csaf/white/2026/comity-2026-0001.csaf-2.1.json",
        "/csaf/v2.1/white/index.txt",
        "/csaf/v2.1/clear/2024/comity-2024-0001.json",
        "/csaf/v2.2/clear/index.txt",
        "/csaf/openpgp/0000.asc",
    ):
        assert get(here, path).status_code == 404, path


def test_open_files_may_be_read_from_any_origin_and_closed_ones_are_kept_by_nobody(here: Site) -> None:
    assert get(here, "/csaf/white/index.txt").headers["Access-Control-Allow-Origin"] == "*"
    closed = get(here, "/csaf/red/index.txt", "coordinator")
    assert closed.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in closed.headers


def test_a_tool_that_knows_only_basic_authentication_reads_a_closed_level(here: Site) -> None:
    answer = here.client.get("/csaf/red/index.txt", auth=("csaf", here.tokens["coordinator"]))
    assert answer.status_code == 200
    assert here.client.get("/csaf/red/index.txt", auth=("csaf", "wrong")).status_code == 401
    for garbage in (b"Basic ???", b"Basic /w==", b"Basic \xe9"):
        assert here.client.get("/csaf/white/index.txt", headers={"Authorization": garbage}).status_code == 401, garbage


@BOTH
def test_a_new_advisory_is_in_the_feed_at_once(here: Site, edition: Edition) -> None:
    before = len(feed(here, edition)["entry"])
    made = advisory(f"COMITY-2026-009{edition.version[-1]}", Tlp.CLEAR, 2026)
    with here.accounts.store.write() as tx:
        published.put(tx, made, files(made))
    assert len(feed(here, edition)["entry"]) == before + 1
