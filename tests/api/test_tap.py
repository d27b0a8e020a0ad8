"""The TAP door: its status codes, receipts, monitor link, problem types and multipart form (revision 911320e)."""

import json
from typing import Any

import pytest

from comity.errors import Invalid
from comity.formats import tap_multipart
from comity.formats.parse import Limits
from comity.model.evidence import Role
from tests.api.site import Site

REPORT = {"purl": "pkg:pypi/pyyaml@5.3", "affected_symbol": {"file": "yaml/constructor.py", "function": "f", "line": 3}}
LIMITS = Limits()


def sent(site: Site, body: Any, role: str = "submitter", **more: Any) -> Any:
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return site.call("POST", "/v1/reports", role, content=content, headers=headers)


def parts(*held: tuple[str, bytes], boundary: str = "b1") -> bytes:
    body = b"".join(b"--%s\r\n%s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), data) for head, data in held)
    return body + b"--%s--\r\n" % boundary.encode()


TOLD = ("Content-Disposition: attachment; name=report\r\nContent-Type: application/json", json.dumps(REPORT).encode())
PATCH_HEAD = """Content-Disposition: attachment; name=attachment; filename="fix.patch"
Content-Type: text/plain
Content-Akrites-Type: patch
Content-Description: the fix""".replace("\n", "\r\n")
PATCH = (PATCH_HEAD, b"--- a/x\n+++ b/x\n")


def test_a_report_gets_a_receipt_and_a_root_relative_monitor_link(shared: Site) -> None:
    answer = sent(shared, REPORT)
    assert answer.status_code == 202
    receipt = answer.json()["receipt"]
    assert receipt.startswith("SUB-")
    assert answer.headers["link"] == f'</v1/submissions/{receipt}>; rel="monitor"'
    followed = shared.call("GET", f"/v1/submissions/{receipt}")
    assert followed.json().keys() == {"receipt", "status", "at"}


def test_the_old_token_header_works_and_two_different_tokens_are_a_400(shared: Site) -> None:
    token = shared.tokens["submitter"]
    assert sent(shared, REPORT, "", headers={"TAP-SUBMISSION-TOKEN": token}).status_code == 202
    both = {"TAP-SUBMISSION-TOKEN": token, "Authorization": f"Bearer {shared.tokens['coordinator']}"}
    assert sent(shared, REPORT, "", headers=both).status_code == 400
    same = {"TAP-SUBMISSION-TOKEN": token, "Authorization": f"Bearer {token}"}
    assert sent(shared, REPORT, "", headers=same).status_code == 202


def test_no_unknown_and_expired_token_are_one_401(shared: Site) -> None:
    answers = [sent(shared, REPORT, ""), sent(shared, REPORT, "", headers={"Authorization": "Bearer tap_v1_nobody"})]
    assert {a.status_code for a in answers} == {401}
    assert {a.json()["type"] for a in answers} == {"about:blank"}


def test_a_browsers_cross_origin_request_is_refused_before_anything_else(shared: Site) -> None:
    for headers in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert sent(shared, b"not json", "", headers=headers).status_code == 403
    assert sent(shared, REPORT, headers={"Origin": shared.settings.address}).status_code == 202


def test_another_content_type_is_a_415_and_another_method_a_405_that_says_which(shared: Site) -> None:
    assert sent(shared, REPORT, headers={"Content-Type": "text/plain"}).status_code == 415
    answer = shared.call("PUT", "/v1/reports", "submitter")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_violations_are_all_listed_under_taps_own_type_and_codes(shared: Site) -> None:
    answer = sent(shared, {"purl": "nonsense", "introduced_commit": "xyz"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["type"] == "tag:akrites.dev,2026-07:problem/validation"
    assert {(e["code"], e["field"]) for e in body["errors"]} == {
        ("invalid_purl", "purl"),
        ("invalid_commit", "introduced_commit"),
    }
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_size_code_makes_a_413_and_broken_json_is_malformed(shared: Site) -> None:
    assert sent(shared, REPORT | {"versions": ["1"] * 65}).status_code == 413
    answer = sent(shared, b'{"purl":')
    assert answer.status_code == 400
    assert answer.json()["type"] == "tag:akrites.dev,2026-07:problem/malformed-json"


def test_too_many_in_an_hour_is_a_429_that_says_when_to_come_back(shared: Site) -> None:
    shared.clearing.held.rate = False
    try:
        answer = sent(shared, REPORT)
    finally:
        shared.clearing.held.rate = True
    assert answer.status_code == 429
    assert answer.headers["retry-after"]


def test_an_unknown_receipt_and_an_unknown_path_are_404_problems(shared: Site) -> None:
    for path in ("/v1/submissions/SUB-none", "/v1/nothing"):
        answer = shared.call("GET", path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_multipart_report_is_taken_and_a_browser_form_is_not(shared: Site) -> None:
    kind = {"Content-Type": "multipart/mixed; boundary=b1"}
    assert sent(shared, parts(TOLD, PATCH), headers=kind).status_code == 202
    form = parts((TOLD[0].replace("attachment;", "form-data;"), TOLD[1]))
    answer = sent(shared, form, headers=kind)
    assert answer.status_code == 400
    assert answer.json()["type"] == "about:blank"


def test_attachments_of_a_multipart_report_carry_their_metadata_in_headers() -> None:
    reading = tap_multipart.read(parts(TOLD, PATCH), "multipart/mixed; boundary=b1", LIMITS)
    (attached,) = reading.findings[0].attachments
    assert (attached.filename, attached.role, attached.description) == ("fix.patch", Role.PATCH, "the fix")
    assert reading.attachments[attached.digest] == PATCH[1]


def test_binary_parts_count_as_received_and_not_as_base64() -> None:
    head = (
        'Content-Disposition: attachment; name=attachment; filename="a.bin"\r\nContent-Type: application/octet-stream'
    )
    whole = b"\x00" * LIMITS.attachment_bytes
    reading = tap_multipart.read(parts(TOLD, (head, whole)), "multipart/mixed; boundary=b1", LIMITS)
    assert reading.findings[0].attachments[0].size_bytes == len(whole)
    with pytest.raises(Invalid) as error:
        tap_multipart.read(parts(TOLD, (head, whole + b"\x00")), "multipart/mixed; boundary=b1", LIMITS)
    assert error.value.problems[0].code == "field_too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b1\r\n",
        parts(TOLD)[:-6],
        parts(TOLD, TOLD),
        parts(PATCH),
        parts((TOLD[0] + "\r\nContent-Transfer-Encoding: base64", TOLD[1])),
        parts((TOLD[0].replace("name=report", "name*=utf-8''report"), TOLD[1])),
        parts((TOLD[0].replace("name=report", "name=other"), TOLD[1])),
    ],
)
def test_a_broken_multipart_body_is_refused(body: bytes) -> None:
    with pytest.raises(tap_multipart.Broken):
        tap_multipart.read(body, "multipart/mixed; boundary=b1", LIMITS)


def test_a_content_type_without_a_boundary_is_refused() -> None:
    with pytest.raises(tap_multipart.Broken):
        tap_multipart.read(parts(TOLD), "multipart/mixed", LIMITS)


def test_the_sender_hears_the_outcome_and_the_holder_of_a_receipt_does_not(shared: Site) -> None:
    receipt = sent(shared, REPORT | {"software": "pyyaml", "ecosystem": "PyPI"}).json()["receipt"]
    own = shared.call("GET", f"/submissions/{receipt}", "submitter").json()
    assert own["detail"]["outcome"] == "new"
    for role in ("", "reader", "coordinator"):
        assert shared.call("GET", f"/submissions/{receipt}", role).json().keys() == {"receipt", "status", "at"}
