"""The TAXII 2.1 server, address by address: media types, filters, pages, rights, statuses and errors."""

import base64
import itertools
from typing import Any

import httpx
import pytest

from comity.bench.loopback import Host
from comity.model.handling import Tlp
from comity.model.party import Role
from tests.sharing.values import envelope, vulnerability

MEDIA = "application/taxii+json;version=2.1"
names = itertools.count(1)


class Client:
    """Somebody who calls the API root."""

    def __init__(self, host: Host, login: str = "", role: Role = Role.SUBMITTER, home: str = "Lab A") -> None:
        self.headers = {"Accept": MEDIA}
        if login:
            _, token = host.person(login, role, home)
            self.headers["Authorization"] = "Basic " + base64.b64encode(f"{login}:{token}".encode()).decode()
        self.root = f"{host.address}/taxii2/comity"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return httpx.request(method, self.root + path, headers=headers, trust_env=False, **more)

    def objects(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.call("GET", "/collections/exchange/objects/", params=query).json().get("objects", [])
        )
        return found

    def post(self, *objects: Any) -> Any:
        answer = self.call(
            "POST",
            "/collections/exchange/objects/",
            content=envelope(*objects),
            headers={"Content-Type": MEDIA},
        )
        assert answer.status_code == 202, answer.text
        return answer.json()


@pytest.fixture
def lab(served: Host) -> Client:
    return Client(served, "lab-a")


@pytest.fixture
def rival(served: Host) -> Client:
    return Client(served, "lab-b", home="Lab B")


@pytest.fixture
def reader(served: Host) -> Client:
    return Client(served, "reader", Role.READER, "Readers")


@pytest.fixture
def coordinator(served: Host) -> Client:
    return Client(served, "coordinator", Role.COORDINATOR, "Comity host (unnamed)")


def test_discovery_leads_to_the_root_and_its_collections(served: Host) -> None:
    found = httpx.get(f"{served.address}/taxii2/", headers={"Accept": MEDIA}, trust_env=False)
    assert found.headers["content-type"] == MEDIA
    assert found.json()["api_roots"] == [found.json()["default"]]
    root = httpx.get(found.json()["default"], headers={"Accept": MEDIA}, trust_env=False).json()
    assert root["versions"] == [MEDIA]
    listed = Client(served).call("GET", "/collections/").json()["collections"]
    assert [one["alias"] for one in listed] == ["advisories", "exchange"]
    assert not any(one["can_write"] for one in listed)
    for one in listed:
        assert Client(served).call("GET", f"/collections/{one['id']}/").json() == one


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (MEDIA, 200),
        ("application/taxii+json", 200),
        ("text/html, application/taxii+json; version=2.1; q=0.8", 200),
        ("*/*", 200),
        ("application/taxii+json;version=2.0", 406),
        ("application/json", 406),
        ("", 406),
    ],
)
def test_an_answer_comes_in_the_media_type_that_was_asked_for_or_not_at_all(
    served: Host, accept: str, status: int
) -> None:
    answer = Client(served).call("GET", "/collections/", headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA
    if status != 200:
        assert answer.json()["http_status"] == str(status)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/collections/exchange/objects/?limit=0", 400),
        ("/collections/exchange/objects/?limit=-1", 400),
        ("/collections/exchange/objects/?limit=ten", 400),
        ("/collections/exchange/objects/?limit=1&limit=2", 400),
        ("/collections/exchange/objects/?next=nonsense", 400),
        ("/collections/exchange/objects/?added_after=yesterday", 400),
        ("/collections/exchange/objects/?match[version]=newest", 400),
        ("/collections/exchange/objects/?match[colour]=red", 400),
        ("/collections/exchange/objects/vulnerability--x/?match[id]=y", 400),
        ("/collections/nothing/objects/", 404),
        ("/collections/exchange/objects/vulnerability--00000000-0000-4000-8000-000000000000/", 404),
        ("/collections/exchange/objects/vulnerability--00000000-0000-4000-8000-000000000000/versions/", 404),
        ("/status/2b4f2b67-0a4c-4a3c-9d64-3a3b3c3d3e3f/", 404),
        ("/elsewhere/", 404),
    ],
)
def test_each_error_has_its_status_and_the_error_resource(served: Host, path: str, status: int) -> None:
    answer = Client(served).call("GET", path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA
    assert answer.json()["title"]
    assert answer.json()["http_status"] == str(status)


def test_credentials_that_do_not_hold_are_answered_with_a_challenge_and_never_a_redirect(served: Host) -> None:
    _, token = served.person("lab-a", Role.SUBMITTER, "Lab A")
    wrong = [
        "Basic " + base64.b64encode(b"lab-a:wrong").decode(),
        "Basic " + base64.b64encode(f"lab-b:{token}".encode()).decode(),
        "Basic ???",
        "Bearer nothing",
        "Digest x",
    ]
    for header in wrong:
        answer = Client(served).call("GET", "/collections/", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    for scheme in ("Bearer", "Token"):
        found = Client(served).call("GET", "/collections/", headers={"Authorization": f"{scheme} {token}"})
        assert [one["can_write"] for one in found.json()["collections"]] == [False, True]


def test_who_may_add_is_known_and_has_the_right(served: Host, lab: Client, reader: Client) -> None:
    body = {"content": envelope(vulnerability("CVE-2020-1000")), "headers": {"Content-Type": MEDIA}}
    assert Client(served).call("POST", "/collections/exchange/objects/", **body).status_code == 401
    assert reader.call("POST", "/collections/exchange/objects/", **body).status_code == 403
    assert lab.call("POST", "/collections/advisories/objects/", **body).status_code == 403
    assert lab.call("POST", "/collections/nothing/objects/", **body).status_code == 404
    json_type = body | {"headers": {"Content-Type": "application/json"}}
    assert lab.call("POST", "/collections/exchange/objects/", **json_type).status_code == 415
    for broken in (b"{}", b"[]", b"{", b'{"objects": []}', b'{"objects": 1}'):
        answer = lab.call("POST", "/collections/exchange/objects/", content=broken, headers={"Content-Type": MEDIA})
        assert answer.status_code == 422, broken


def test_an_envelope_over_the_limit_is_refused_before_it_is_read(lab: Client, served: Host) -> None:
    size = served.office.settings.taxii_body_limit_bytes + 1
    answer = lab.call("POST", "/collections/exchange/objects/", content=b" " * size, headers={"Content-Type": MEDIA})
    assert answer.status_code == 413


def test_each_object_of_an_envelope_is_taken_or_not_on_its_own(lab: Client, rival: Client) -> None:
    good = vulnerability("CVE-2020-2000")
    status = lab.post(
        good,
        vulnerability("CVE-2020-2001", spec_version="2.0"),
        vulnerability("CVE-2020-2002", modified="2025-01-01T00:00:00.000Z"),
        vulnerability("CVE-2020-2003", description="Ask ada.sample@lab.example for the proof."),
        {"type": "vulnerability"},
        7,
    )
    assert (status["status"], status["total_count"]) == ("complete", 6)
    assert [one["id"] for one in status["successes"]] == [good["id"]]
    reasons = [one["message"] for one in status["failures"]]
    assert ["spec_version" in reasons[0], "modified" in reasons[1], "e-mail address" in reasons[2]] == [True] * 3
    assert "ada.sample" not in str(status)
    assert lab.call("GET", f"/status/{status['id']}/").json() == status
    assert rival.call("GET", f"/status/{status['id']}/").status_code == 404
    again = lab.post(good)
    assert again["successes"] == [
        {"id": good["id"], "version": "2026-01-02T00:00:00.000000Z", "message": "this version is held"}
    ]


def test_a_reason_lets_personal_information_stay_and_is_kept(served: Host, lab: Client) -> None:
    extension = {
        "extension-definition--0d2f6b9c-78a1-5b12-9be5-a06914b6bc46": {
            "extension_type": "property-extension",
            "kept_personal_information": [
                {"text": "security@vendor.example", "reason": "the vendor's published address for reports"}
            ],
        }
    }
    kept = vulnerability("CVE-2020-2100", description="Write to security@vendor.example.", extensions=extension)
    assert lab.post(kept)["success_count"] == 1
    blank = vulnerability("CVE-2020-2101", description="Write to security@vendor.example.")
    assert lab.post(blank)["failure_count"] == 1


def test_versions_are_chosen_by_first_last_all_and_moment(lab: Client) -> None:
    days = ("2026-02-01", "2026-02-03", "2026-02-02")
    made = [vulnerability("CVE-2020-3000", modified=f"{day}T00:00:00.000Z") for day in days]
    lab.post(*made)
    id_ = made[0]["id"]

    def seen(version: str | None) -> list[str]:
        query = {"match[id]": id_} | ({"match[version]": version} if version else {})
        return [one["modified"][:10] for one in lab.objects(**query)]

    assert seen(None) == seen("last") == ["2026-02-03"]
    assert seen("first") == ["2026-02-01"]
    assert seen("all") == list(days)
    assert seen("first,last") == ["2026-02-01", "2026-02-03"]
    assert seen("2026-02-02T00:00:00Z") == ["2026-02-02"]
    assert seen("2026-02-02T00:00:00.000000Z,first") == ["2026-02-01", "2026-02-02"]
    path = f"/collections/exchange/objects/{id_}/"
    assert len(lab.call("GET", path, params={"match[version]": "all"}).json()["objects"]) == 3
    listed = lab.call("GET", f"{path}versions/").json()
    assert listed == {"versions": [f"{day}T00:00:00.000000Z" for day in days]}
    assert lab.call("DELETE", path, params={"match[version]": "first"}).status_code == 200
    assert seen("all") == ["2026-02-03", "2026-02-02"]
    assert lab.call("DELETE", path, params={"match[version]": "all"}).status_code == 200
    assert lab.call("GET", path).status_code == 404
    assert lab.call("DELETE", path).status_code == 404


def test_pages_are_walked_with_next_which_belongs_to_its_filters(lab: Client) -> None:
    made = [vulnerability(f"CVE-2020-4{number:03}") for number in range(25)]
    lab.post(*made)
    wanted = ",".join(one["id"] for one in made)
    query: dict[str, Any] = {"match[id]": wanted, "limit": 10}
    seen, firsts, pages = [], [], 0
    while True:
        answer = lab.call("GET", "/collections/exchange/objects/", params=query)
        body = answer.json()
        seen += [one["id"] for one in body["objects"]]
        firsts.append((answer.headers["x-taxii-date-added-first"], answer.headers["x-taxii-date-added-last"]))
        pages += 1
        if not body.get("more"):
            break
        query["next"] = body["next"]
    assert (seen, pages) == ([one["id"] for one in made], 3)
    flat = [moment for pair in firsts for moment in pair]
    assert flat == sorted(flat)
    assert all(len(moment) == len("2026-01-31T09:00:00.000000Z") for moment in flat)
    other = lab.call("GET", "/collections/exchange/objects/", params=query | {"match[type]": "note"})
    assert other.status_code == 400
    assert lab.call("GET", "/collections/exchange/manifest/", params=query).status_code == 400
    after = lab.objects(**{"match[id]": wanted, "added_after": firsts[0][1]})
    assert [one["id"] for one in after] == [one["id"] for one in made[10:]]
    rows = lab.call("GET", "/collections/exchange/manifest/", params={"match[id]": wanted, "limit": 3}).json()
    assert [row["id"] for row in rows["objects"]] == [one["id"] for one in made[:3]]
    assert set(rows["objects"][0]) == {"id", "date_added", "version", "media_type"}
    assert lab.objects(**{"match[type]": "tool"}) == []
    assert lab.call("GET", "/collections/exchange/objects/", params={"match[type]": "tool"}).json() == {}


def test_each_object_is_read_by_those_whom_its_label_reaches(
    served: Host, lab: Client, rival: Client, reader: Client, coordinator: Client
) -> None:
    made = {label: vulnerability(f"label {label.name}", tlp=label) for label in Tlp}
    lab.post(*made.values(), vulnerability("label none", tlp=None))
    ids = {one["id"]: label.name for label, one in made.items()} | {vulnerability("label none")["id"]: "none"}
    query = {"match[id]": ",".join(ids)}

    def seen(client: Client) -> list[str]:
        found = [ids[one["id"]] for one in client.objects(**query)]
        rows = client.call("GET", "/collections/exchange/manifest/", params=query).json().get("objects", [])
        assert [ids[row["id"]] for row in rows] == found
        for id_, name in ids.items():
            path = f"/collections/exchange/objects/{id_}/"
            expected = 200 if name in found else 404
            assert client.call("GET", path).status_code == expected
            assert client.call("GET", f"{path}versions/").status_code == expected
        return found

    assert seen(Client(served)) == ["CLEAR"]
    assert seen(reader) == seen(rival) == ["CLEAR", "GREEN"]
    everything = ["CLEAR", "GREEN", "AMBER", "AMBER_STRICT", "RED", "none"]
    assert seen(lab) == seen(coordinator) == everything
    hidden = made[Tlp.RED]["id"]
    assert rival.call("DELETE", f"/collections/exchange/objects/{hidden}/").status_code == 404


def test_an_id_that_somebody_else_holds_tells_nothing_and_replaces_nothing(
    lab: Client, rival: Client, coordinator: Client
) -> None:
    hidden = vulnerability("CVE-2020-5000", tlp=Tlp.AMBER, description="the lab's own words")
    seen = vulnerability("CVE-2020-5001")
    lab.post(hidden, seen)
    newer = {"modified": "2026-03-01T00:00:00.000Z", "description": "not the lab's words"}
    status = rival.post({**hidden, **newer}, {**seen, **newer})
    assert [one["id"] for one in status["successes"]] == [hidden["id"]]
    assert [one["message"] for one in status["failures"]] == ["this id is another party's object"]
    assert [one["description"] for one in lab.objects(**{"match[id]": hidden["id"]})] == ["the lab's own words"]
    assert len(coordinator.objects(**{"match[id]": hidden["id"]})) == 2


def test_a_restricted_copy_carries_its_readers_mark_and_the_owner_sees_who_read(
    served: Host, lab: Client, coordinator: Client, rival: Client
) -> None:
    made = vulnerability("CVE-2020-6000", tlp=Tlp.AMBER)
    lab.post(made)
    (own,) = lab.objects(**{"match[id]": made["id"]})
    assert own == made
    (copy,) = coordinator.objects(**{"match[id]": made["id"]})
    (mark,) = set(copy["object_marking_refs"]) - set(made["object_marking_refs"])
    (told,) = coordinator.call("GET", f"/collections/exchange/objects/{mark}/").json()["objects"]
    assert "Shown to coordinator" in told["definition"]["statement"]
    assert rival.call("GET", f"/collections/exchange/objects/{mark}/").status_code == 404
    boss, _ = served.person("coordinator", Role.COORDINATOR, "")
    assert served.office.exchange.whose(boss, mark) == "coordinator"


def test_observables_have_no_time_of_their_own_and_are_held_once(lab: Client) -> None:
    address = {
        "type": "ipv4-addr",
        "id": "ipv4-addr--0e0b6b9e-7c7b-5f0e-9d64-3a3b3c3d3e3f",
        "value": "192.0.2.7",
        "object_marking_refs": vulnerability()["object_marking_refs"],
    }
    first, second = lab.post(address), lab.post(address)
    assert first["successes"][0]["version"] == second["successes"][0]["version"]
    assert len(lab.objects(**{"match[id]": address["id"]})) == 1
