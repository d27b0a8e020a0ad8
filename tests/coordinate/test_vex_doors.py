"""A maintainer's VEX through the doors: page and API, from the form of the seat to the public page of the advisory."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from comity.access.policy import Scope
from comity.admin import kinds
from comity.model.coordination import Part
from comity.model.ids import CaseId
from comity.model.party import Viewer
from comity.store import parties
from tests.coordinate.hosts import ADA, FINDER, GRACE, VENDOR, Host, finding, host

TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')
SAID = {
    "act": "vex",
    "product": "pkg:pypi/pyyaml",
    "version": "5.3",
    "status": "not_affected",
    "detail": "No caller can reach the loader.",
    "author": "YAML people",
    "namespace": "https://yaml.example",
}


@dataclass(frozen=True, slots=True)
class Doors:
    """The web application, its host, and a case with a maintainer's seat."""

    client: TestClient[Any]
    comity: Host
    case: CaseId
    seat: str

    def cookie(self, viewer: Viewer) -> dict[str, str]:
        secret, now = secrets.token_hex(32), self.comity.clock.now()
        with self.comity.machines.store.write() as tx:
            parties.add_session(
                tx, kinds.SESSION.prefix + secret, viewer.person, at=now, expires_at=now + timedelta(hours=1)
            )
        return {"Cookie": f"comity={secret}"}

    def get(self, viewer: Viewer, path: str) -> Any:
        return self.client.get(path, headers=self.cookie(viewer), follow_redirects=False)

    def post(self, viewer: Viewer, page: str, path: str, **words: str) -> Any:
        """A form of that page, sent to that path."""
        headers = self.cookie(viewer)
        found = TOKEN.search(self.client.get(page, headers=headers).text)
        assert found is not None
        data = {"csrf": found[1], **words}
        return self.client.post(path, data=data, headers=headers, follow_redirects=False)

    def token(self, viewer: Viewer) -> dict[str, str]:
        made, _ = self.comity.office.accounts.make_token(viewer, label="t", scopes=frozenset(Scope), days=365)
        return {"Authorization": f"Bearer {made}"}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with host(tmp_path_factory.mktemp("host")) as comity:
        office = replace(comity.office, clearing=comity.clearing, coordination=comity.desk)
        case = comity.case_of(finding())
        seat = comity.desk.read_in(ADA, case, name="YAML people", part=Part.MAINTAINER, why="owns it", login="vendor")
        comity.desk.agree(VENDOR, seat)
        with TestClient(office.web(), base_url=office.settings.address) as client:
            yield Doors(client=client, comity=comity, case=case, seat=seat)


def test_a_maintainer_states_vex_on_a_page_and_everybody_reads_it_once_it_was_approved(doors: Doors) -> None:
    page, case = f"/seats/{doors.seat}", f"/cases/{doors.case}"
    form = doors.get(VENDOR, page).text
    assert "2 named people of this host approved" in form  # who must agree is said before the click
    assert '<option value="5.3">' in form
    refused = doors.post(VENDOR, page, page, **(SAID | {"version": "*"}))
    assert refused.status_code == 422
    assert "No caller can reach the loader." in refused.text  # what was typed is not lost
    assert doors.post(VENDOR, page, page, **SAID).status_code == 303
    assert "in the draft" in doors.get(VENDOR, page).text
    seen = doors.get(ADA, case).text
    assert "meets what was reproduced here" in seen
    assert doors.get(ADA, f"{case}/preview/maintainer-1.v1.csaf-vex").status_code == 200
    for viewer in (FINDER, VENDOR):
        assert doors.get(viewer, case).status_code != 200
    draft = doors.comity.clearing.case(ADA, doors.case).case.draft
    assert doors.post(ADA, case, f"{case}/approve", draft=str(draft)).status_code == 303
    assert doors.post(VENDOR, page, page, **(SAID | {"detail": "A better reason."})).status_code == 303
    assert "Draft it anew with every statement" in doors.get(GRACE, case).text
    moved = doors.post(GRACE, case, f"{case}/coordination", act="take-vex")
    assert moved.headers["location"].startswith(f"{case}?done=drafted")
    publish(doors)
    public = doors.client.get(f"/advisories/{doors.comity.clearing.case(ADA, doors.case).case.advisory}").text
    assert "a maintainer's VEX as CSAF 2.0" in public
    assert "Said by a maintainer, not by this host" in public
    assert "lapsed" not in public


def publish(doors: Doors) -> None:
    for viewer in (ADA, GRACE):
        draft = doors.comity.clearing.case(viewer, doors.case).case.draft
        assert doors.post(viewer, f"/cases/{doors.case}", f"/cases/{doors.case}/approve", draft=str(draft))
    assert doors.post(ADA, f"/cases/{doors.case}", f"/cases/{doors.case}/publish").status_code == 200
    doors.comity.desk.end(ADA, doors.case, why="the fix is out")
    assert doors.comity.run_flows(doors.case)


def test_over_the_api_a_later_statement_is_a_new_edition_and_the_old_one_is_marked(doors: Doors) -> None:
    """After the test above: the first edition is out."""
    seat, token = f"/api/v1/seats/{doors.seat}", doors.token(VENDOR)
    words = {key: value for key, value in SAID.items() if key != "act"} | {"status": "affected", "detail": "Update."}
    said = doors.client.post(seat, json={"act": "vex", "words": words}, headers=token)
    assert said.json()["outcome"].startswith("stated: V-")
    held = doors.client.get(f"/api/v1/cases/{doors.case}/coordination", headers=doors.token(ADA)).json()
    assert [one["state"] for one in held["vex"]][-1] == "in the draft"
    for viewer in (ADA, GRACE):
        draft = doors.comity.clearing.case(viewer, doors.case).case.draft
        body = {"draft_sha256": str(draft)}
        path = f"/api/v1/cases/{doors.case}/approvals"
        assert doors.client.post(path, json=body, headers=doors.token(viewer)).status_code == 201
    assert doors.post(ADA, f"/cases/{doors.case}", f"/cases/{doors.case}/publish").status_code == 200
    advisory = doors.comity.clearing.case(ADA, doors.case).case.advisory
    files = doors.client.get(f"/api/v1/advisories/{advisory}").json()["files"]
    lapsed = {one["name"].partition(".v")[2][0] for one in files if one["has_lapsed"]}
    assert lapsed == {"1"}
    assert "lapsed: a later edition supersedes it" in doors.client.get(f"/advisories/{advisory}").text
    assert doors.client.get(seat, headers=token).json()["vex"]["statements"][-1]["state"].endswith("edition 2")
