"""The pages of advice before a real desk: what is shown was proven, forms need their token, others see nothing."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from comity import console
from comity.access.caller import Caller, Via
from comity.api import http
from comity.defend.desk import Defend
from comity.defend.desk_attest import Attest, verify
from comity.sealing import keys
from tests.advise import desk
from tests.advise.desk import ADA, BOB, COORDINATOR
from tests.advise.test_desk import PORTAL, advisories, place, stocked
from tests.counters import counters

__all__ = ["advisories", "place", "stocked"]

PEOPLE = {"ada": ADA, "bob": BOB, "cora": COORDINATOR}


class Directory:
    """Stands in for accounts: the session's secret is the person's name."""

    def by_session(self, secret: str) -> Caller | None:
        return Caller(viewer=PEOPLE[secret], name=secret.title(), via=Via.SESSION) if secret in PEOPLE else None


@pytest.fixture
def client(place: desk.Place, tmp_path: Path) -> Iterator[Any]:
    machines = place.machines
    advice = desk.advice_of(machines)
    some = counters(
        defend=Defend(machines=machines),
        advice=advice,
        attest=Attest(machines=machines, key=keys.signing_key(machines.settings)),
        ai=advice.ai,
        accounts=Directory(),
        settings=machines.settings,
        now=place.clock.now,
    )
    app = http.build(routes=console.routes(some), settings=machines.settings, page_error=console.page_error)
    with TestClient(app, base_url=machines.settings.address) as held:
        yield held


def get(client: Any, path: str, name: str = "ada") -> Any:
    return client.get(path, headers={"Cookie": f"comity={name}"}, follow_redirects=False)


def send(client: Any, path: str, page: str, **data: str) -> Any:
    shown = get(client, page)
    token = re.search(r'name="csrf" value="([0-9a-f]{64})"', shown.text)
    assert token is not None
    visit = shown.headers.get("set-cookie", "").partition(";")[0]
    headers = {"Cookie": "; ".join(one for one in ("comity=ada", visit) if one)}
    client.cookies.clear()
    return client.post(path, data={"csrf": token[1], **data}, headers=headers, follow_redirects=False)


def test_a_plans_page_has_each_sentence_with_its_records(client: Any) -> None:
    shown = get(client, f"/advice/assets/{PORTAL}")
    assert shown.status_code == 200
    assert "from 2.19.0 to 2.31.0" in shown.text
    assert "PYSEC-2023-74" in shown.text
    assert shown.text.count('<div class="claim">') == shown.text.partition("<main")[2].count("<summary>")
    assert "<script" not in shown.text
    assert "style=" not in shown.text


def test_one_page_shows_the_action_before_any_identifier(client: Any) -> None:
    text = get(client, f"/advice/assets/{PORTAL}/page").text
    body = text[text.index('<article class="one-page">') :]
    assert body.index("Upgrade requests on Billing portal") < body.index("CVE-")
    assert "CVE-" not in body[: body.index("</article>")]
    assert "Sam, 555-0100" in body


def test_exports_and_snapshots_are_downloads(client: Any, place: desk.Place) -> None:
    assert get(client, "/advice/exports/oscal").headers["content-disposition"].startswith("attachment")
    assert get(client, "/advice/exports/openvex").status_code == 422
    assert get(client, "/advice/exports/exe").status_code == 404
    made = send(client, "/advice/snapshot", "/advice")
    assert verify(made.content, [keys.signing_key(place.machines.settings).public]).deadlines > 1


def test_other_organisations_and_roles_find_nothing(client: Any) -> None:
    assert get(client, f"/advice/assets/{PORTAL}", "bob").status_code == 404
    assert "Billing portal" not in get(client, "/advice", "bob").text
    assert get(client, "/advice", "cora").status_code == 403
    assert get(client, "/ai", "").status_code == 303


def test_the_register_moves_by_form_and_refuses_what_is_not_measured(client: Any) -> None:
    assert send(client, "/ai/begin", "/ai", domain="fceb").status_code == 303
    entry = re.search(r"/ai/(AI-[0-9A-Z-]+)/move", get(client, "/ai").text)
    assert entry is not None
    moved = send(client, f"/ai/{entry[1]}/move", "/ai", to="pilot", reason="try it")
    assert moved.status_code == 303
    refused = send(client, f"/ai/{entry[1]}/move", "/ai", to="measured", reason="we like it")
    assert refused.status_code == 409
    assert "compare it with work without AI first" in refused.text
    granted = send(client, f"/ai/{entry[1]}/grant", "/ai", holder="Clinic", purpose="plans", days="30", calls="5")
    assert "AIK-" in granted.text
    assert "AIK-" not in get(client, "/ai").text
    assert (
        client.post(f"/ai/{entry[1]}/move", data={"to": "stopped"}, headers={"Cookie": "comity=ada"}).status_code == 403
    )


@pytest.mark.parametrize("path", ["/advice", f"/advice/assets/{PORTAL}", f"/advice/assets/{PORTAL}/page"])
def test_whatever_shows_due_dates_says_how_sure_the_directive_is(client: TestClient[Any], path: str) -> None:
    text = get(client, path).text
    assert "BOD 26-04" in text
    assert "This is a transcription" in text
    assert "Certainty:" in text
