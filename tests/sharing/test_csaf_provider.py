"""The CSAF provider, requirement by requirement (CSAF 2.0, 7.1), as a stranger and as people with tokens see it."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pysequoia
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from comity.formats.csaf import Csaf
from comity.model.advisory import Advisory, Publisher
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId
from comity.store import published
from tests.api.fakes import draft
from tests.api.site import Site, site

YEARS = {"COMITY-2025-0001": 2025, "COMITY-2026-0001": 2026, "COMITY-2026-0002": 2026}


def advisory(id_: str, tlp: Tlp, year: int) -> Advisory:
    at = datetime(year, 11, 22, 12, tzinfo=UTC)
    publisher = Publisher(name="Test Host", namespace="https://comity.invalid")
    made = replace(draft(), id=AdvisoryId(id_), published_at=at, modified_at=at, publisher=publisher)
    return replace(made, handling=Handling(tlp=tlp))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("csaf")) as made:
        shelf = [advisory(id_, Tlp.CLEAR, year) for id_, year in YEARS.items()]
        shelf += [advisory("COMITY-2026-0003", Tlp.GREEN, 2026), advisory("COMITY-2026-0004", Tlp.AMBER_STRICT, 2026)]
        with made.accounts.store.write() as tx:
            for one in shelf:
                data = Csaf().write(one)
                assert Csaf().check(data) == ()
                name = Csaf().file_name(one)
                published.put(tx, one, [published.File(name=name, media_type="application/json", data=data)])
        yield made


def get(here: Site, path: str, role: str = "") -> Any:
    headers = {"Authorization": f"Bearer {here.tokens[role]}"} if role else {}
    return here.client.get(path.removeprefix(here.settings.address), headers=headers, follow_redirects=False)


def feed(here: Site, level: str = "white", role: str = "") -> dict[str, Any]:
    answer = get(here, f"/csaf/{level}/csaf-feed-tlp-{level}.json", role)
    assert answer.status_code == 200
    return dict(answer.json()["feed"])


def test_the_metadata_is_where_a_reader_looks_and_keeps_its_schema(here: Site, corpora: Path) -> None:
    answer = get(here, "/.well-known/csaf/provider-metadata.json")
    assert answer.status_code == 200
    folder = corpora / "formats/csaf/2.0/schema"
    schema, whole = (json.loads((folder / f"{name}_json_schema.json").read_bytes()) for name in ("provider", "csaf"))
    known = Registry().with_resource(whole["$id"], DRAFT202012.create_resource(whole))
    jsonschema.Draft202012Validator(schema, registry=known).validate(answer.json())
    assert answer.json()["role"] == "csaf_trusted_provider"
    assert answer.json()["canonical_url"].endswith("/.well-known/csaf/provider-metadata.json")


def test_every_document_of_the_open_feed_is_there_with_hashes_and_a_signature_that_hold(here: Site) -> None:
    key = get(here, get(here, "/.well-known/csaf/provider-metadata.json").json()["public_openpgp_keys"][0]["url"])
    certificate = pysequoia.Cert.from_bytes(key.content)
    entries = feed(here)["entry"]
    assert {entry["id"] for entry in entries} == set(YEARS)
    for entry in entries:
        links = {(link["rel"], link["href"].rpartition(".")[2]): link["href"] for link in entry["link"]}
        document = get(here, entry["content"]["src"]).content
        assert Csaf().check(document) == ()
        for kind in ("sha256", "sha512"):
            assert get(here, links["hash", kind]).text.split()[0] == hashlib.new(kind, document).hexdigest()
        signature = pysequoia.Sig.from_bytes(get(here, links["signature", "asc"]).content)
        held = pysequoia.verify(document, lambda _ids: [certificate], signature=signature)
        assert len(held.valid_sigs) == 1
        with pytest.raises(RuntimeError):
            pysequoia.verify(document + b" ", lambda _ids: [certificate], signature=signature)


def test_files_lie_by_year_of_first_release_under_names_from_their_tracking_ids(here: Site) -> None:
    lines = get(here, "/csaf/white/index.txt").text.splitlines()
    assert lines == sorted(f"{year}/{id_.lower()}.json" for id_, year in YEARS.items())
    for line in lines:
        document = get(here, f"/csaf/white/{line}").json()["document"]["tracking"]
        assert document["initial_release_date"].startswith(line[:4])
        assert re.sub(r"[^+\-a-z0-9]+", "_", document["id"].lower()) + ".json" == line[5:]
    listing = get(here, "/csaf/white/2026/")
    assert listing.status_code == 200
    assert all(line[5:] in listing.text for line in lines if line.startswith("2026"))
    assert "comity-2025" not in listing.text


def test_changes_are_quoted_and_newest_first(here: Site) -> None:
    answer = get(here, "/csaf/white/changes.csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert all(line.count('"') == 4 for line in answer.text.splitlines())
    assert {row[0] for row in rows} == set(get(here, "/csaf/white/index.txt").text.splitlines())


def test_security_txt_names_a_contact_an_end_and_the_metadata(here: Site) -> None:
    text = get(here, "/.well-known/security.txt").text
    fields = dict(line.split(": ", 1) for line in text.splitlines())
    assert fields["Contact"] == "mailto:security@comity.invalid"
    assert datetime.fromisoformat(fields["Expires"]) > here.clock.now
    assert get(here, fields["CSAF"]).status_code == 200


@pytest.mark.parametrize("level", ["green", "amber", "red"])
def test_a_closed_level_is_not_there_for_a_stranger_in_any_of_its_files(here: Site, level: str) -> None:
    for path in ("", "/index.txt", f"/csaf-feed-tlp-{level}.json", "/2026", "/2026/comity-2026-0003.json"):
        answer = get(here, f"/csaf/{level}{path}")
        assert answer.status_code == 401
        assert "comity-2026" not in answer.text


def test_nothing_above_a_readers_handling_is_in_any_level_for_them(here: Site) -> None:
    for role in (*here.tokens, ""):
        for level in ("white", "green", "amber", "red"):
            answer = get(here, f"/csaf/{level}/index.txt", role)
            if answer.status_code != 200:
                continue
            for line in answer.text.splitlines():
                assert get(here, f"/csaf/{level}/{line}", role).status_code == 200
            if "comity-2026-0004" in answer.text:
                assert level == "red"
                assert role in {"coordinator", "second"}
    assert "comity-2026-0004" in get(here, "/csaf/red/index.txt", "coordinator").text
    assert "comity-2026-0004" not in get(here, "/csaf/red/index.txt", "reader").text


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


def test_a_new_advisory_is_in_the_feed_at_once(here: Site) -> None:
    before = len(feed(here)["entry"])
    made = advisory("COMITY-2026-0009", Tlp.CLEAR, 2026)
    data = Csaf().write(made)
    with here.accounts.store.write() as tx:
        file = published.File(name=Csaf().file_name(made), media_type="application/json", data=data)
        published.put(tx, made, [file])
    assert len(feed(here)["entry"]) == before + 1
