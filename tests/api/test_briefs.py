"""Briefs through the API and the pages: one journey from a page to a tombstone, and what each door may not show."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from comity import console
from comity.brief.desk import HEADER
from comity.brief.flow import NOTIFY
from tests.api.site import Site, site

PAGE = b"""<html><head><title>Notice</title><meta name="date" content="2026-10-01"></head><body><article>
<p>CVE-2026-10001 in Northwind Gateway was fixed in version 3.0.2. The flaw could allow an attacker to read files.</p>
<p>Operators must install the update by 3 December 2026. The agency repeats that backups are kept apart.</p>
</article></body></html>"""
MARK = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"


def made(here: Site, role: str = "editor", **more: Any) -> dict[str, Any]:
    body = {"content": base64.b64encode(PAGE).decode(), "url": "https://example.org/n", "name": "Example Agency"}
    answer = here.call("POST", "/drafts", role, json={**body, "open_licence": "test text", **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def reviewed(here: Site, id_: str) -> None:
    begun = here.call("POST", f"/drafts/{id_}/review", "second-editor").json()
    here.call("POST", f"/drafts/{id_}/opened", "second-editor", json={"url": "https://example.org/n"})
    here.clock.now += timedelta(seconds=60)
    sitting = here.briefs.draft(here.viewers["second-editor"], id_).record.sitting
    assert sitting is not None
    decisions = {
        str(line["number"]): "wrong" if line["number"] in sitting.planted else "holds" for line in begun["lines"]
    }
    body = {"decisions": decisions, "editor_of_record": here.viewers["editor"].person}
    answer = here.call("POST", f"/drafts/{id_}/decisions", "second-editor", json=body)
    assert answer.json() == {"outcome": "counted", "state": "reviewed"}


def test_a_page_becomes_a_brief_is_corrected_and_withdrawn(tmp_path: Path) -> None:
    with site(tmp_path, more=console.routes, page_error=console.page_error) as here:
        id_ = made(here)["id"]
        assert here.call("POST", f"/drafts/{id_}/review", "editor").status_code == 403
        assert here.call("POST", f"/drafts/{id_}/publication", "editor").status_code == 409
        assert here.call("GET", f"/briefs/{id_}").status_code == 404
        reviewed(here, id_)
        line = here.call("POST", f"/drafts/{id_}/publication", "editor").json()
        assert next(iter(line)) == "label"
        answer = here.call("GET", f"/briefs/{id_}")
        assert answer.headers[HEADER] == MARK
        assert answer.json()["label"].endswith("reviewed by Test second-editor on 2026-11-22.")
        page = here.client.get(f"/briefs/{id_}")
        assert page.headers[HEADER] == MARK
        block = page.text.partition('<script type="application/ld+json">')[2].partition("</script>")[0]
        assert json.loads(block)["digitalSourceType"] == MARK
        text = here.call("GET", f"/briefs/{id_}/files/brief.txt").text
        assert text.startswith(line["label"])
        assert here.call("POST", "/detections", json={"text": text}).json()["answer"] == "yes"
        words = [one["text"] for one in answer.json()["lines"]]
        body = {"note": "Shorter.", "title": "Gateway fixed", "sentences": words[:2]}
        changed = here.call("POST", f"/drafts/{id_}/corrections", "editor", json=body).json()
        assert (changed["version"], changed["review_state"]) == (2, "unreviewed")
        share = {"organisation": here.viewers["reader"].organisation, "legal_basis": "terms"}
        url = here.call("POST", f"/drafts/{id_}/shares", "editor", json=share).json()["url"]
        assert "label" in here.client.get(url.removeprefix(here.settings.address)).json()
        gone = here.call("POST", f"/drafts/{id_}/withdrawal", "editor", json={"reason": "Taken back."}).json()
        assert gone["withdrawn"] is True
        page = here.client.get(f"/briefs/{id_}")
        assert page.status_code == 410
        assert "Taken back." in page.text
        assert "Northwind" not in page.text
        for name, kind in (("atom", "atom+xml"), ("rss", "rss+xml"), ("json", "feed+json")):
            feed = here.client.get(f"/feeds/briefs.{name}")
            assert kind in feed.headers["content-type"]
            assert "Taken back." in feed.text
        assert here.client.get("/feeds/briefs.xml").status_code == 404
        assert [one[1] for one in here.briefs.control.started if one[0] == NOTIFY] == [f"{id_}:1", f"{id_}:2"]  # type: ignore[attr-defined]  # the test's control


def test_nobody_is_told_which_line_is_planted(tmp_path: Path) -> None:
    with site(tmp_path) as here:
        id_ = made(here)["id"]
        begun = here.call("POST", f"/drafts/{id_}/review", "second-editor").json()
        assert len(begun["lines"]) == 1 + len(begun["record"]["brief"]["paraphrase"]) + 1
        assert {key for line in begun["lines"] for key in line} == {"number", "text", "rests_on"}
        assert set(begun["record"]["sitting"]) == {"reviewer", "began_at"}
        assert here.call("GET", f"/drafts/{id_}", "editor").json()["lines"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("decisions", {"decisions": {"x": "holds"}}),
        ("decisions", {"decisions": {"0": "maybe"}}),
        ("words", {"title": "", "sentences": []}),
        ("opened", {"url": "https://elsewhere.example"}),
        ("shares", {"organisation": "nobody", "legal_basis": "terms"}),
        ("shares", {"organisation": "nobody", "legal_basis": ""}),
        ("corrections", {"note": "", "title": "t", "sentences": ["s"]}),
        ("withdrawal", {"reason": " "}),
    ],
)
def test_what_breaks_the_contract_is_the_callers_fault(tmp_path: Path, path: str, body: dict[str, Any]) -> None:
    with site(tmp_path) as here:
        id_ = made(here)["id"]
        answer = here.call("POST", f"/drafts/{id_}/{path}", "editor", json=body)
        assert answer.status_code in {404, 409, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", ""])
def test_a_source_has_a_web_address(tmp_path: Path, url: str) -> None:
    with site(tmp_path) as here:
        body = {"content": base64.b64encode(PAGE).decode(), "url": url}
        assert here.call("POST", "/drafts", "editor", json=body).status_code == 422
