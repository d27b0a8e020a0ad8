"""Inventories, dates, advice, directives and the register over the API; and that no call of it crosses a domain."""

import base64
import json
import re
from typing import Any

import pytest

from comity.admin import mirrors
from comity.formats import directive
from tests.api.site import Site
from tests.api.test_rights import ROUTES
from tests.defend.hosts import SALT, bom

HOMES = {"defender": "fceb", "nss": "nss", "dow": "dow", "bank": "critical-infrastructure"}
"""Whoever defends, and a domain of theirs. The bank is another organisation."""
FACTS = [{"kind": "scan-from-outside", "source": "a probe", "at": "2026-11-20T00:00:00Z"}]
PARTLY = {"adoption": "partly", "text": "two of five systems"}
PAIRS = "case,with_ai,without\n1,yes,no\n2,yes,yes\n"


def stocked(here: Site) -> dict[str, dict[str, str]]:
    """For each defender one inventory, one asset that runs it, one entry of the register; and the same weakness."""
    record = {"modified": "2026-11-20T00:00:00Z", **SALT}
    mirrors.take_in(
        here.accounts.store, json.dumps(record).encode(), at=here.clock(), older_too=True, as_of=here.clock()
    )
    return {role: _stocked(here, role, domain) for role, domain in HOMES.items()}


def _stocked(here: Site, role: str, domain: str) -> dict[str, str]:
    sent = here.call(
        "POST", f"/inventories?name=image-{role}&domain={domain}", role, content=bom("pkg:pypi/salt@3000.1")
    )
    assert sent.status_code == 200, sent.text
    table = f"asset,exposure,inventory\nweb-{role},yes,image-{role}\n"
    made = here.call("POST", f"/assets?domain={domain}", role, content=table).json()
    entry = here.call("POST", "/ai-defence", role, json=entered(domain)).json()
    return {"inventory": sent.json()["id"], "asset": made["ids"][0], "entry": entry["id"], "domain": domain}


def entered(domain: str) -> dict[str, Any]:
    return {
        "name": "Helper",
        "model": "m",
        "authority": "words",
        "data": ["facts"],
        "gate": "a person",
        "kill_switch": "stop it",
        "domain": domain,
    }


def test_a_remote_defender_keeps_an_inventory_and_reads_its_answers_assets_and_dates(here: Site) -> None:
    held = stocked(here)["defender"]
    assert [one["name"] for one in here.call("GET", "/inventories", "defender").json()["rows"]] == ["image-defender"]
    view = here.call("GET", f"/inventories/{held['inventory']}", "defender").json()
    assert view["counts"] == {"affected": 1, "not affected": 0, "unknown": 0, "not assessed": 0}
    assert view["answers"][0]["hits"][0]["vulnerability"] == "CVE-2020-11651"
    asset = here.call("GET", f"/assets/{held['asset']}", "defender").json()
    assert (asset["reach"], asset["exposures"][0]["vulnerability"]) == ("public", "CVE-2020-11651")
    assert here.call("GET", "/estate", "defender").json()["counts"]["affected"] == 1
    found = here.call("GET", "/deadlines", "defender").json()
    assert (found["total"], found["packs"][0]["id"]) == (1, "us.cisa.bod-26-04")
    assert found["rows"][0]["answer"]["kind"] in {"due", "ask-person", "not-assessed"}
    assert found["packs"][0]["sentence"]
    one = here.call("GET", f"/deadlines/{held['asset']}/CVE-2020-11651", "defender").json()
    assert one["reached"][0]["name"] == "salt"


def test_equal_bytes_change_nothing_and_bad_bytes_list_their_places(here: Site) -> None:
    data = bom("pkg:pypi/salt@3000.1")
    first = here.call("POST", "/inventories?name=a&domain=fceb", "defender", content=data).json()
    again = here.call("POST", "/inventories?name=a&domain=fceb", "defender", content=data).json()
    assert (first["same"], first["new"], again["same"]) == (False, True, True)
    assert again["id"] == first["id"]
    answer = here.call("POST", "/inventories?domain=fceb", "defender", content=b'{"bomFormat": "CycloneDX"}')
    assert answer.status_code == 422
    assert answer.json()["problems"]
    table = here.call("POST", "/assets?domain=fceb", "defender", content=b"asset,exposure\nx,perhaps\n")
    assert (table.status_code, table.json()["problems"][0]["pointer"]) == (422, "/line/2")
    assert here.call("POST", "/inventories?domain=nss", "defender", content=data).status_code == 422


def test_a_scan_keeps_nothing_and_says_what_is_not_whole(here: Site) -> None:
    found = here.call("POST", "/scans?exposure=public", "defender", content=bom("pkg:pypi/salt@3000.1")).json()
    assert found["whole"] is False
    assert found["counts"]["not assessed"] == 1
    assert here.call("GET", "/inventories", "defender").json()["rows"] == []


def test_a_stranger_asks_whether_a_product_is_affected_and_nothing_else(here: Site) -> None:
    answer = here.call("GET", "/affected?product=nothing+at+all+like+this").json()
    assert answer["answer"] == "cannot tell"
    assert here.call("GET", "/estate").status_code == 401


def test_work_what_if_and_exposure_move_dates_over_the_api(here: Site) -> None:
    held = stocked(here)["defender"]
    path = f"/deadlines/{held['asset']}/CVE-2020-11651"
    tried = here.call("POST", "/what-if", "defender", json={"changes": ["exposure web-defender no"]})
    assert tried.status_code == 200, tried.text
    assert tried.json()["before"]["findings"] == 1
    changed = here.call(
        "POST",
        f"/assets/{held['asset']}",
        "defender",
        json={"exposure": "internal", "source": "firewall review", "planned_upgrade": "2027-01-05"},
    ).json()
    assert (changed["exposure"]["value"], changed["planned_upgrade"]) == ("internal", "2027-01-05")
    proposal = here.call("POST", f"/assets/{held['asset']}/exposure-proposal", "defender", json={"facts": FACTS})
    assert (proposal.json()["value"], proposal.json()["by_model"]) == ("public", False)
    confirmed = here.call("POST", f"/assets/{held['asset']}/exposure-confirmation", "defender", json={"facts": FACTS})
    assert confirmed.json()["exposure"]["confidence"] == "confirmed"
    done = here.call("POST", f"{path}/work", "defender", json={"what": "remediated", "how": "upgraded"})
    assert done.status_code == 200, done.text
    assert done.json()["done_at"]
    assert here.call("POST", f"{path}/work", "defender", json={"what": "x", "how": "y"}).status_code == 422


def test_plans_exports_and_snapshots_leave_by_the_api(here: Site) -> None:
    held = stocked(here)["defender"]
    plan = here.call("GET", f"/assets/{held['asset']}/plan", "defender").json()
    assert plan["sentences"]
    assert all(cite in plan["records"] for one in plan["sentences"] for cite in one["cites"])
    worded = here.call("POST", f"/assets/{held['asset']}/plan", "defender", json={}).json()
    assert (worded["worded_by"], "without a model" in worded["note"]) == ("template", True)
    assert here.call("GET", f"/assets/{held['asset']}/one-page", "defender").json()["findings"]
    oscal = here.call("GET", "/exports/oscal", "defender")
    assert "plan-of-action-and-milestones" in oscal.json()
    assert oscal.headers["content-disposition"].startswith("attachment")
    assert here.call("GET", "/exports/nothing", "defender").status_code == 404
    snapshot = here.call("POST", "/snapshots", "defender").json()
    assert base64.b64decode(snapshot["bundle"]).startswith(b"PK")
    assert snapshot["summary"]["components"]["affected"] == 1


def test_a_directive_is_read_by_anybody_and_followed_by_a_defender(here: Site) -> None:
    assert "us.cisa.bod-26-04" in {one["pack"] for one in here.call("GET", "/directives").json()["rows"]}
    pack = here.call("GET", "/directives/us.cisa.bod-26-04").json()
    assert len(pack["pack"]["table"]["rows"]) == 16
    assert pack["note"]["sentence"].startswith("This is a transcription")
    file = here.call("GET", "/directives/us.cisa.bod-26-04/file").content
    assert file == directive.shipped_bytes("us.cisa.bod-26-04")
    assert here.call("POST", "/directives/us.cisa.bod-26-04/follow").status_code == 401
    assert here.call("POST", "/directives/us.cisa.bod-26-04/follow", "defender").json()["acknowledged"] == []
    said = here.call("POST", "/directives/us.cisa.bod-26-04/acknowledgement", "defender", json={}).json()
    assert said["acknowledged"][0]["version"] == pack["note"]["version"]
    told = here.call("POST", "/directives/us.cisa.bod-26-04/adoption", "defender", json=PARTLY).json()
    assert told["reports"][0]["adoption"] == "partly"


def test_an_authority_writes_consults_signs_and_publishes_over_the_api(here: Site) -> None:
    from tests.directives.test_authoring import local

    made = here.call("POST", "/authoring", "writer", content=local("fceb"))
    assert made.status_code == 201, made.text
    at = f"/authoring/{made.json()['id']}"
    asked = here.call("POST", f"{at}/consultation", "writer", json={"offices": ["Example Bank"]}).json()
    assert asked["stage"] == "in consultation"
    assert here.call("POST", f"{at}/comments", "defender", json={"agrees": True}).status_code in {404, 409}
    said = here.call("POST", f"{at}/comments", "bank", json={"agrees": True}).json()
    assert said["offices"][0]["agrees"] is True
    stale = here.call("POST", f"{at}/signature", "writer", json={"draft_sha256": "0" * 64})
    assert stale.status_code == 409
    signed = here.call("POST", f"{at}/signature", "writer", json={"draft_sha256": said["draft_sha256"]})
    assert signed.json()["stage"] == "signed", signed.text
    assert here.call("POST", f"{at}/publication", "writer").json()["stage"] == "published"
    assert here.call("GET", f"{at}/signature", "defender").status_code == 200
    assert any(not one["shipped"] for one in here.call("GET", "/directives", "bank").json()["rows"])


def test_an_entry_is_moved_measured_and_granted_over_the_api(here: Site) -> None:
    held = stocked(here)["defender"]
    at = f"/ai-defence/{held['entry']}"
    assert len(here.call("POST", "/ai-defence/first-entries", "defender", json={}).json()["entries"]) == 4
    assert (
        here.call("POST", f"{at}/stage", "defender", json={"stage": "pilot", "reason": "try"}).json()["stage"]
        == "pilot"
    )
    measured = here.call("POST", f"{at}/comparisons", "defender", json={"pairs": PAIRS, "measure": "fixed"}).json()
    assert measured["measured"]["pairs"] == 2
    assert here.call("POST", f"{at}/stage", "defender", json={"stage": "widened", "reason": "x"}).status_code == 409
    granted = here.call("POST", f"{at}/grants", "defender", json={"holder": "A clinic", "calls": 2}).json()
    assert granted["key"]
    register = here.call("GET", "/ai-defence", "defender").json()
    assert [one["key"] for one in register["grants"]] == [""]
    assert here.call("POST", f"/ai-defence/grants/{granted['id']}/end", "defender").json()["ended"] is True


BODIES: dict[str, Any] = {
    "/acceptances": {
        "vulnerability": "CVE-2020-11651",
        "reason": "long enough to be a reason",
        "expires_at": "2027-01-01T00:00:00Z",
    },
    "/work": {"what": "mitigated", "how": "by rule"},
    "/plan": {},
    "/exposure-proposal": {"facts": FACTS},
    "/exposure-confirmation": {"facts": FACTS},
    "/acts/open": {},
    "/leads": {},
    "/stage": {"stage": "pilot", "reason": "x"},
    "/comparisons": {"pairs": PAIRS, "measure": "fixed"},
    "/coverage": {"assets": []},
    "/grants": {"holder": "x"},
}
"""A good body for each call that takes one, so that only the id can be what is wrong."""


def _calls() -> list[tuple[str, str]]:
    found = []
    for method, path in ROUTES:
        text = path.removeprefix("/api/v1")
        if re.search(r"\{(inventory|asset):str\}|^/ai-defence/\{entry:str\}", text):
            found.append((method, text))
    return sorted(found)


def test_the_list_of_calls_that_name_a_row_is_not_empty() -> None:
    assert len(_calls()) == 20


def test_no_call_of_the_api_tells_a_row_of_another_domain_from_no_row(here: Site) -> None:
    """Every call that names an inventory, an asset or an entry, asked by everybody whose it is not."""
    held = stocked(here)
    nothing = {"inventory": "I-0000-0000-0000", "asset": "A-0000-0000-0000", "entry": "AI-000000000000"}
    asked = 0
    for role in (*HOMES, "coordinator", "admin", ""):
        for owner, own in held.items():
            if owner == role:
                continue
            for method, path in _calls():
                hidden = _ask(here, method, path, role, own)
                missing = _ask(here, method, path, role, nothing)
                assert hidden.status_code in {401, 403, 404}, (role, owner, method, path, hidden.text)
                assert _told(hidden, own) == _told(missing, nothing), (role, owner, method, path)
                asked += 1
    assert asked >= 400
    for role in HOMES:
        text = "".join(
            here.call("GET", path, role).text
            for path in ("/inventories", "/assets", "/estate", "/deadlines?limit=500", "/ai-defence", "/exports/oscal")
        )
        for owner, own in held.items():
            seen = any(own[name] in text for name in ("inventory", "asset", "entry")) or f"web-{owner}" in text
            assert seen is (owner == role), (role, owner)
        other = next(one for one in HOMES if one != role)
        tried = here.call("POST", "/what-if", role, json={"changes": [f"exposure {held[other]['asset']} no"]})
        none = here.call("POST", "/what-if", role, json={"changes": [f"exposure {nothing['asset']} no"]})
        assert _told(tried, held[other]) == _told(none, nothing)


def _ask(here: Site, method: str, path: str, role: str, names: dict[str, str]) -> Any:
    filled = path.replace("{vulnerability:str}", "CVE-2020-11651").replace("{part:str}", "manifest")
    filled = filled.replace("{act:str}", "open")
    for name in ("inventory", "asset", "entry"):
        filled = filled.replace(f"{{{name}:str}}", names[name])
    if method == "GET":
        return here.call("GET", filled, role)
    body = next((body for end, body in BODIES.items() if filled.endswith(end)), {"planned_upgrade": "2027-01-01"})
    return here.call("POST", filled, role, json=body)


def _told(answer: Any, names: dict[str, str]) -> tuple[int, str]:
    text = answer.text
    for name in ("inventory", "asset", "entry"):
        text = text.replace(names[name], "NAME")
    return answer.status_code, text


@pytest.mark.parametrize(
    "path", ["/deadlines?after=x", "/assets?after=-1", "/deadlines?only=x", "/inventories?after=x"]
)
def test_a_cursor_or_choice_that_no_page_gave_is_refused_with_its_place(here: Site, path: str) -> None:
    answer = here.call("GET", path, "defender")
    assert answer.status_code == 422
    assert answer.json()["problems"]
