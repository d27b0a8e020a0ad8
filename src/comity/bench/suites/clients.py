"""Foreign TAXII clients read us end to end on loopback, taxii2-client and cytaxii2; a validator reads what comes."""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from comity.bench import sample
from comity.bench.loopback import Host, host
from comity.bench.suite import Counted, Suite, counted, tool
from comity.library.exchange import Filter
from comity.model.handling import Tlp
from comity.model.party import Role
from comity.store import published

ADVISORIES: Final = 6


def prepared(held: Host) -> None:
    """Publish a few advisories on this host and let them become shared objects, as the event does."""
    for number in range(1, ADVISORIES + 1):
        one = sample.advisory(number)
        with held.office.store.write() as tx:
            published.put(tx, one, [])
        held.office.exchange.take_advisory(one.id)


def taxii2_client(_corpora: Path) -> Counted:
    """The client of OASIS' own makers: discovery to deletion."""
    client = tool("taxii2client.v21", "taxii2-client")
    with host() as held, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prepared(held)
        return counted(list(_taxii2(client, held)))


def _taxii2(client: Any, held: Host) -> Iterator[tuple[str, bool]]:
    _, token = held.person("suite", Role.SUBMITTER, "Suite Lab")
    server = client.Server(f"{held.address}/taxii2/", user="suite", password=token)
    root = server.default
    yield "discovery", server.title == held.office.settings.organisation
    found = {one.title: one for one in root.collections}
    yield "collections", set(found) == {"Published advisories", "Exchange"}
    advisories, exchange = found["Published advisories"], found["Exchange"]
    yield "rights", (advisories.can_write, exchange.can_write) == (False, True)
    pages = list(client.as_pages(advisories.get_objects, per_request=7))
    objects = [one for page in pages for one in page.get("objects", [])]
    kinds = {one["type"] for one in objects}
    yield "pages", len(pages) > 1 and len({one["id"] for one in objects}) == len(objects)
    wanted = {"vulnerability", "course-of-action", "note", "report", "identity", "marking-definition", "relationship"}
    yield "kinds", kinds == wanted
    reports = advisories.get_objects(type="report")["objects"]
    yield "filter by type", len(reports) == ADVISORIES and {one["type"] for one in reports} == {"report"}
    one = reports[0]["id"]
    yield "one object", advisories.get_object(one)["objects"] == [reports[0]]
    yield "versions", len(advisories.object_versions(one)["versions"]) == 1
    manifest = advisories.get_manifest(id=one)["objects"]
    yield "manifest", [row["id"] for row in manifest] == [one]
    after = advisories.get_objects(added_after=manifest[0]["date_added"])["objects"]
    yield "added_after", one not in {row["id"] for row in after}
    made = [sample.vulnerability(number, tlp=Tlp.AMBER) for number in range(3)]
    status = exchange.add_objects({"objects": [*made, {"type": "vulnerability"}]})
    yield "adding", (status.status, status.success_count, status.failure_count) == ("complete", 3, 1)
    yield "status", root.get_status(status.id).failure_count == 1
    yield "own objects", len(exchange.get_objects()["objects"]) == 3
    exchange.delete_object(made[0]["id"])
    yield "deleting", len(exchange.get_objects()["objects"]) == 2


def cytaxii2_client(_corpora: Path) -> Counted:
    """A second client by other hands."""
    module = tool("cytaxii2.cytaxii2", "cytaxii2")
    with host() as held:
        prepared(held)
        return counted(list(_cytaxii2(module, held)))


def _cytaxii2(module: Any, held: Host) -> Iterator[tuple[str, bool]]:
    _, token = held.person("suite", Role.SUBMITTER, "Suite Lab")
    client = module.cytaxii2(f"{held.address}/taxii2/", "suite", token)
    yield "discovery", client.discovery_request()["status_code"] == 200
    yield "root", client.root_discovery()["response"]["title"] == held.office.settings.organisation
    listed = client.collection_request()["response"]["collections"]
    ids = {one["alias"]: one["id"] for one in listed}
    yield "collections", set(ids) == {"advisories", "exchange"}
    yield "a collection", client.collection_data_request(ids["exchange"])["response"]["can_write"] is True
    seen, following = [], None
    while True:
        answer = client.poll_request(ids["advisories"], limit=7, next=following)["response"]
        seen += [one["id"] for one in answer.get("objects", [])]
        following = answer.get("next")
        if not following:
            break
    yield "polling by pages", len(seen) == len(set(seen)) > ADVISORIES
    only = client.poll_request(ids["advisories"], object_type="report")["response"]["objects"]
    yield "filter by type", len(only) == ADVISORIES
    body = json.dumps({"objects": [sample.vulnerability(1)]})
    sent = client.inbox_request(ids["exchange"], body)
    yield "adding", (sent["status_code"], sent["response"]["success_count"]) == (202, 1)
    wrong = module.cytaxii2(f"{held.address}/taxii2/", "suite", "wrong").discovery_request()
    yield "a wrong token", wrong["status_code"] == 401


def validated(_corpora: Path) -> Counted:
    """Everything that the collection of advisories serves passes the OASIS validator."""
    validator = tool("stix2validator", "stix2-validator")
    with host() as held:
        prepared(held)
        viewer, _ = held.person("suite-coordinator", Role.COORDINATOR, held.office.settings.organisation)
        exchange = held.office.exchange
        found = exchange.objects(viewer, "advisories", Filter(versions=("all",)), limit=1000)
        objects = [json.loads(data) for data in found.objects]
    options = validator.ValidationOptions(version="2.1", strict=False)
    return counted(
        [(f"{one['type']} {one['id']}", validator.validate_instance(one, options).is_valid) for one in objects]
    )


SUITES: Final = (
    Suite(name="taxii2-client", source="taxii2-client, end to end on loopback", run=taxii2_client),
    Suite(name="cytaxii2", source="cytaxii2, end to end on loopback", run=cytaxii2_client),
    Suite(name="taxii-objects", source="stix2-validator over what the server serves", run=validated),
)
