"""TAXII 2.1, our own rows from the standard's text: each names what it asks and what the answer must be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from comity.bench import sample
from comity.bench.loopback import Host, call, host
from comity.bench.suite import Counted, Suite, counted
from comity.model.handling import Tlp
from comity.model.party import Role

MEDIA: Final = "application/taxii+json;version=2.1"
PLACE: Final = "/taxii2/comity/collections/exchange"
STATUSES: Final[tuple[tuple[str, str, str, dict[str, str], int], ...]] = (
    ("no Accept", "GET", f"{PLACE}/", {"Accept": ""}, 406),
    ("another version", "GET", f"{PLACE}/", {"Accept": "application/taxii+json;version=2.0"}, 406),
    ("no version is the newest", "GET", f"{PLACE}/", {"Accept": "application/taxii+json"}, 200),
    ("limit of zero", "GET", f"{PLACE}/objects/?limit=0", {}, 400),
    ("limit in words", "GET", f"{PLACE}/objects/?limit=all", {}, 400),
    ("a made-up next", "GET", f"{PLACE}/objects/?next=abc", {}, 400),
    ("a bad added_after", "GET", f"{PLACE}/manifest/?added_after=now", {}, 400),
    ("an unknown collection", "GET", "/taxii2/comity/collections/none/", {}, 404),
    ("an unknown object", "GET", f"{PLACE}/objects/note--00000000-0000-4000-8000-000000000000/", {}, 404),
    ("an unknown status", "GET", "/taxii2/comity/status/00000000-0000-4000-8000-000000000000/", {}, 404),
    ("a token that is not known", "GET", f"{PLACE}/", {"Authorization": "Bearer no"}, 401),
    ("adding without a name", "POST", f"{PLACE}/objects/", {"Content-Type": MEDIA}, 401),
)


def run(_corpora: Path) -> Counted:
    """Every row on a loopback host."""
    with host() as held:
        return counted(list(_cases(held)))


def _cases(held: Host) -> Iterator[tuple[str, bool]]:
    for name, method, path, headers, status in STATUSES:
        answer = call(method, held.address + path, headers={"Accept": MEDIA} | headers, content=b"{}")
        typed = answer.headers.get("content-type") == MEDIA
        told = status == 200 or answer.json().get("http_status") == str(status)
        challenged = status != 401 or "www-authenticate" in answer.headers
        yield name, answer.status_code == status and typed and told and challenged
    viewer, token = held.person("suite", Role.SUBMITTER, "Suite Lab")
    reader, other = held.person("suite-reader", Role.READER, "Suite Readers")
    assert viewer.organisation != reader.organisation
    mine, theirs = _caller(held, token), _caller(held, other)
    objects = [sample.vulnerability(number, tlp=label) for number, label in enumerate(Tlp)]
    newer = objects[0] | {"modified": "2026-03-01T00:00:00.000Z"}
    status = mine("POST", f"{PLACE}/objects/", json={"objects": [*objects, newer, {"type": "note"}]})
    found = status.json()
    yield "a request to add is answered 202 with a status resource", status.status_code == 202
    yield "what was taken and what not is counted", (found["success_count"], found["failure_count"]) == (6, 1)
    yield "the status can be read again", mine("GET", f"/taxii2/comity/status/{found['id']}/").json() == found
    yield "a status of others is missing", theirs("GET", f"/taxii2/comity/status/{found['id']}/").status_code == 404
    yield (
        "a collection that takes nothing answers 403",
        (mine("POST", "/taxii2/comity/collections/advisories/objects/", json={"objects": objects}).status_code == 403),
    )
    yield (
        "a caller without the right answers 403",
        (theirs("POST", f"{PLACE}/objects/", json={"objects": objects}).status_code == 403),
    )
    yield (
        "another content type answers 415",
        (mine("POST", f"{PLACE}/objects/", content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415),
    )
    yield "no envelope answers 422", mine("POST", f"{PLACE}/objects/", json={}).status_code == 422
    yield from _pages(mine, objects)
    yield from _versions(mine, objects[0]["id"])
    seen = [one["id"] for one in theirs("GET", f"{PLACE}/objects/").json()["objects"]]
    yield "a reader meets what their label reaches", seen == [one["id"] for one in (objects[1], newer)]
    hidden = f"{PLACE}/objects/{objects[4]['id']}/"
    yield "what is above is missing, not forbidden", theirs("GET", hidden).status_code == 404
    yield "a delete is answered 200", mine("DELETE", hidden).status_code == 200
    yield "what was deleted is missing", mine("GET", hidden).status_code == 404


def _pages(mine: Any, objects: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    seen: list[str] = []
    times: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = mine("GET", f"{PLACE}/objects/", params=query)
        body = answer.json()
        seen += [one["id"] for one in body["objects"]]
        times += [answer.headers["x-taxii-date-added-first"], answer.headers["x-taxii-date-added-last"]]
        if not body.get("more"):
            break
        query["next"] = body["next"]
    yield "every object stands on one page", sorted(seen) == sorted(one["id"] for one in objects)
    yield "dates added only grow, with six decimals", times == sorted(times) and all(len(one) == 27 for one in times)
    yield (
        "next belongs to its filters",
        (
            mine("GET", f"{PLACE}/objects/", params=query | {"match[type]": "note"}).status_code == 400
            if "next" in query
            else False
        ),
    )
    after = mine("GET", f"{PLACE}/objects/", params={"added_after": times[1]}).json()["objects"]
    yield "added_after is strict", [one["id"] for one in after] == seen[2:]
    yield "nothing found is an empty object", mine("GET", f"{PLACE}/objects/?match[type]=tool").json() == {}
    rows = mine("GET", f"{PLACE}/manifest/").json()["objects"]
    yield "the manifest lists the same", [row["id"] for row in rows] == seen


def _versions(mine: Any, id_: str) -> Iterator[tuple[str, bool]]:
    def moments(query: str) -> list[str]:
        found = mine("GET", f"{PLACE}/objects/{id_}/{query}").json().get("objects", [])
        return [one["modified"] for one in found]

    old, new = "2026-01-02T00:00:00.000Z", "2026-03-01T00:00:00.000Z"
    yield "the last version by default", moments("") == [new]
    yield "the first version", moments("?match[version]=first") == [old]
    yield "all versions", moments("?match[version]=all") == [old, new]
    yield "an exact version", moments(f"?match[version]={old}") == [old]
    listed = mine("GET", f"{PLACE}/objects/{id_}/versions/").json()["versions"]
    yield "the list of versions", listed == [old.replace(".000Z", ".000000Z"), new.replace(".000Z", ".000000Z")]


def _caller(held: Host, token: str) -> Any:
    def asked(method: str, path: str, **more: Any) -> Any:
        headers = {"Accept": MEDIA, "Content-Type": MEDIA, "Authorization": f"Bearer {token}"}
        headers |= more.pop("headers", {})
        return call(method, held.address + path, headers=headers, **more)

    return asked


SUITES: Final = (Suite(name="taxii-2.1", source="OASIS TAXII 2.1, rows written by us from its text", run=run),)
