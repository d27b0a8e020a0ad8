"""The OSV API: the same answers as matching gives, order and pages kept, nothing undecided is left out in silence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from comity.admin import mirrors
from comity.formats import schema
from comity.library import osv
from comity.model.advisory import Advisory
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId
from tests.api.fakes import draft
from tests.api.site import Site, site

AT = datetime(2026, 11, 20, tzinfo=UTC)


def record(number: int, *, name: str = "some-package", **events: str) -> dict[str, Any]:
    """An OSV record of PyPI: affected from `introduced` to before `fixed`."""
    told = [{kind: version} for kind, version in events.items()]
    return {
        "schema_version": "1.7.0",
        "id": f"PYSEC-2026-{number}",
        "modified": "2026-11-01T00:00:00Z",
        "summary": "A flaw",
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": told}]}
        ],
    }


def own(id_: str, tlp: Tlp = Tlp.CLEAR) -> Advisory:
    made = replace(draft(), id=AdvisoryId(id_), published_at=AT, modified_at=AT)
    return replace(made, handling=Handling(tlp=tlp))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    records = [record(1, introduced="0", fixed="1.10"), record(2, introduced="1.2", fixed="2.0")]
    records += [record(3, introduced="0", fixed="not a version")]
    records += [record(n, name="often-broken", introduced="0") for n in range(100, 100 + 2 * osv.PAGE + 5)]
    lines = "\n".join(json.dumps(one) for one in records).encode()
    with site(tmp_path_factory.mktemp("osv")) as made:
        mirrors.take_in(made.accounts.store, lines, at=AT, ecosystem="PyPI", as_of=AT)
        made.publish(own("COMITY-2026-0001"))
        made.publish(own("COMITY-2026-0002", Tlp.GREEN))
        yield made


def ask(here: Site, body: Any, path: str = "query") -> Any:
    return here.client.post(f"/v1/{path}", json=body)


def ids(here: Site, version: str = "", name: str = "some-package") -> list[str]:
    answer = ask(here, {"version": version, "package": {"ecosystem": "PyPI", "name": name}})
    assert answer.status_code == 200
    return [one["id"] for one in answer.json().get("vulns", [])]


def test_versions_are_ordered_as_their_ecosystem_orders_them(here: Site) -> None:
    assert ids(here, "1.9") == ["PYSEC-2026-1", "PYSEC-2026-2", "PYSEC-2026-3"]
    assert ids(here, "1.10") == ["PYSEC-2026-2", "PYSEC-2026-3"]
    assert ids(here, "1.1.dev1") == ["PYSEC-2026-1", "PYSEC-2026-3"]


def test_what_cannot_be_decided_is_in_the_answer_and_says_so(here: Site) -> None:
    answer = ask(here, {"version": "5", "package": {"ecosystem": "PyPI", "name": "some-package"}}).json()
    [undecided] = answer["vulns"]
    assert undecided["id"] == "PYSEC-2026-3"
    assert undecided["database_specific"][osv.NOTE]


def test_a_package_has_one_name_however_it_is_spelt_or_given(here: Site) -> None:
    expected = ids(here, "1.9")
    assert ids(here, "1.9", "Some_Package") == expected
    for purl in ("pkg:pypi/some-package@1.9", "pkg:pypi/Some_Package@1.9"):
        assert [one["id"] for one in ask(here, {"package": {"purl": purl}}).json()["vulns"]] == expected


def test_this_hosts_own_public_advisories_answer_and_stricter_ones_never(here: Site) -> None:
    answer = ask(here, {"version": "1.4.1", "package": {"purl": "pkg:pypi/example-archive"}}).json()
    assert [one["id"] for one in answer["vulns"]] == [ask_id(here, "COMITY-2026-0001")]
    assert here.client.get("/v1/vulns/COMITY-2026-0002").status_code == 404
    assert ask(here, {"version": "1.4.2", "package": {"purl": "pkg:pypi/example-archive"}}).json() == {}


def ask_id(here: Site, id_: str) -> str:
    answer = here.client.get(f"/v1/vulns/{id_}")
    assert answer.status_code == 200
    assert schema.check(answer.json(), "osv") == ()
    return str(answer.json()["id"])


def test_an_advisory_published_now_answers_now(here: Site) -> None:
    fresh = replace(own("COMITY-2026-0007"), affected=own("x").affected)
    here.publish(fresh)
    answer = ask(here, {"version": "1.0", "package": {"purl": "pkg:pypi/example-archive"}}).json()
    assert ask_id(here, "COMITY-2026-0007") in {one["id"] for one in answer["vulns"]}


def test_a_long_answer_comes_in_pages_that_miss_nothing_and_repeat_nothing(here: Site) -> None:
    body: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": "often-broken"}}
    seen: list[str] = []
    for _ in range(5):
        answer = ask(here, body).json()
        seen += [one["id"] for one in answer["vulns"]]
        if "next_page_token" not in answer:
            break
        body["page_token"] = answer["next_page_token"]
    assert len(seen) == len(set(seen)) == 2 * osv.PAGE + 5


def test_a_batch_keeps_its_order_and_tells_ids_and_times_alone(here: Site) -> None:
    queries = [
        {"package": {"purl": "pkg:pypi/nothing-known@1"}},
        {"package": {"purl": "pkg:pypi/some-package@1.9"}},
        {"package": {"ecosystem": "PyPI", "name": "often-broken"}},
    ]
    results = ask(here, {"queries": queries}, "querybatch").json()["results"]
    assert [len(one.get("vulns", [])) for one in results] == [0, 3, osv.PAGE]
    assert "next_page_token" in results[2]
    assert set(results[1]["vulns"][0]) == {"id", "modified"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/package"),
        ({"commit": "0" * 40}, "/commit"),
        ({"package": {"purl": "no purl"}}, "/package/purl"),
        ({"package": {"purl": "pkg:pypi/a@1"}, "version": "2"}, "/version"),
        ({"package": {"purl": "pkg:pypi/a", "name": "a"}}, "/package"),
        ({"package": {"purl": "pkg:pypi/a"}, "page_token": "AAAA"}, "/page_token"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_with_its_place(here: Site, body: Any, pointer: str) -> None:
    answer = ask(here, body)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["pointer"] == pointer
    whole = ask(here, {"queries": [{"package": {"purl": "pkg:pypi/a"}}, body]}, "querybatch")
    assert whole.json()["problems"][0]["pointer"] == f"/queries/1{pointer}"


def test_a_batch_of_more_than_a_thousand_is_refused(here: Site) -> None:
    queries = [{"package": {"purl": "pkg:pypi/a"}}] * (osv.BATCH + 1)
    assert ask(here, {"queries": queries}, "querybatch").status_code == 422
    assert ask(here, {"queries": queries[:-1]}, "querybatch").status_code == 200
