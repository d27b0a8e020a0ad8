"""What the pages say and do: evidence, decisions, answers, downloads, and text from outside that stays text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import UndefinedError

from comity.console.home import WISHES
from comity.console.pages import ENVIRONMENT
from comity.formats import pack
from comity.model.case import Stage
from comity.model.ids import CaseId, digest
from tests.admin.hosts import PASSWORD
from tests.api.fakes import CASE, DRAFT, NASTY, PROOF, STATEMENT
from tests.console.hosts import Pages, pages

PAGES = (
    ("", "/"),
    ("", "/sign-in"),
    ("", "/advisories"),
    ("", "/advisories/COMITY-2026-0001"),
    ("", "/order"),
    ("", "/verify"),
    ("", "/nothing-here"),
    ("admin", "/"),
    ("admin", "/people"),
    ("admin", "/host"),
    ("admin", "/account"),
    ("submitter", "/report"),
    ("submitter", "/reports"),
    ("submitter", "/reports/R-0000-0000-0001"),
    ("coordinator", "/queue"),
    ("coordinator", f"/cases/{CASE}"),
    ("reader", "/account"),
    ("reader", "/queue"),
)


class Tags(HTMLParser):
    """Every start tag with its attributes, and the ids and label targets of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.tags


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """Pages where every text from outside tries to become markup."""
    with pages(tmp_path_factory.mktemp("hostile"), title=NASTY) as made:
        admin = made.site.viewers["admin"]
        made.site.accounts.add(admin, name=NASTY, login="nasty", organisation=NASTY, roles=frozenset())
        yield made


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_text_from_outside_stays_text_on_every_page(hostile: Pages, role: str, path: str) -> None:
    answer = hostile.browser(role).get(path)
    for tag, attributes in tags(answer.text):
        assert tag not in {"script", "iframe", "object", "embed", "base", "style"}
        assert not any(name.startswith("on") for name in attributes)
        assert "style" not in attributes
        for name in ("href", "src", "action", "formaction"):
            assert not (attributes.get(name) or "").lower().strip().startswith(("javascript:", "data:", "vbscript:"))
        if tag == "img":
            assert attributes["src"] == "/static/mark.svg"


def test_hostile_text_is_really_on_the_pages_that_are_searched_for_it(hostile: Pages) -> None:
    for role, path in (
        ("coordinator", "/queue"),
        ("coordinator", f"/cases/{CASE}"),
        ("submitter", "/reports"),
        ("", "/advisories"),
        ("", "/advisories/COMITY-2026-0001"),
        ("admin", "/people"),
    ):
        assert "&lt;script&gt;alert(1)" in hostile.browser(role).get(path).text


def test_what_was_typed_into_a_form_comes_back_as_text(hostile: Pages) -> None:
    answer = hostile.browser().post("/sign-in", {"login": NASTY, "password": "x"})
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    answer = hostile.browser("submitter").post("/report", {}, files={"file": (NASTY + ".json", b"?")})
    assert "<script" not in answer.text
    answer = hostile.browser().post("/verify", {}, files={"document": (NASTY, b"broken")})
    assert "<script" not in answer.text


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_every_page_has_landmarks_one_heading_labels_and_the_footer(shared: Pages, role: str, path: str) -> None:
    answer = shared.browser(role).get(path)
    found = tags(answer.text)
    names = [tag for tag, _ in found]
    assert [names.count(tag) for tag in ("main", "header", "footer", "h1")] == [1, 1, 1, 1]
    assert "Skip to the content" in answer.text
    assert "connected to no government and no developer" in answer.text
    assert answer.text.startswith('<!doctype html>\n<html lang="en">')
    ids = [attributes["id"] for _, attributes in found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {attributes.get("for") for tag, attributes in found if tag == "label"}
    for tag, attributes in found:
        is_shown = attributes.get("type") not in {"hidden", "checkbox"} and "hidden" not in attributes
        if tag in {"input", "select", "textarea"} and is_shown:
            assert attributes["id"] in labelled
    forms = [attributes for tag, attributes in found if tag == "form"]
    assert all(one["method"] == "post" or one.get("role") == "search" for one in forms)
    assert [one["method"] for one in forms].count("post") == answer.text.count('name="csrf"')


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_every_page_forbids_script_and_everything_from_elsewhere(shared: Pages, role: str, path: str) -> None:
    policy = shared.browser(role).get(path).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


HOUSE_WORDS = {"desk", "desks", "floor", "floors", "door", "doors", "room", "rooms"}
"""Words of the plan of this program, which mean nothing to whoever uses it."""


def spoken(markup: str) -> set[str]:
    return set(re.findall(r"[a-z]+", re.sub(r"<[^>]*>|{[{%].*?[}%]}", " ", markup).lower()))


@pytest.mark.parametrize(("role", "path"), [one for one in PAGES if one[1] != "/order"])
def test_the_pages_speak_the_words_of_the_field(shared: Pages, role: str, path: str) -> None:
    """The order's page shows the text of a pack, which is checked where packs are."""
    assert not spoken(shared.browser(role).get(path).text) & HOUSE_WORDS


@pytest.mark.parametrize("template", ENVIRONMENT.list_templates())
def test_no_template_speaks_the_words_of_the_plan(template: str) -> None:
    source, _, _ = ENVIRONMENT.loader.get_source(ENVIRONMENT, template)  # type: ignore[union-attr]  # there is one
    assert not spoken(source) & HOUSE_WORDS
    assert "|safe" not in source.replace(" ", "")


def test_templates_escape_by_default_and_an_unknown_name_is_a_fault() -> None:
    assert ENVIRONMENT.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        ENVIRONMENT.from_string("{{ nothing }}").render()


def test_the_first_page_says_what_is_not_built_yet(shared: Pages) -> None:
    text = shared.browser().get("/").text
    for wish in ("Report a finding", "Work the queue", "Check what I run", "Invite an assessment", "Review a brief"):
        assert wish in text
    assert len(WISHES) == text.count('<li class="wish">')


def test_somebody_signed_in_sees_what_waits_for_them_and_nothing_of_other_work(shared: Pages) -> None:
    coordinator = shared.browser("coordinator").get("/").text
    assert re.search(r'href="/queue\?stage=coordinating"><strong>1</strong> case in coordination', coordinator)
    reader = shared.browser("reader").get("/").text
    assert "Nothing waits for you now." in reader
    assert "Work the queue" not in reader


def test_the_menu_shows_each_person_the_ways_they_may_go_and_marks_where_they_are(shared: Pages) -> None:
    shown = shared.browser("coordinator").get(f"/cases/{CASE}").text
    assert '<a href="/queue" aria-current="page">Case queue</a>' in shown
    assert shown.count('aria-current="page"') == 2  # the rail, and the menu of a narrow window
    assert "/people" not in shown
    assert "Case queue" not in shared.browser("reader").get("/advisories").text


def test_a_case_shows_tallies_reasons_unknowns_and_what_is_left_to_do(shared: Pages) -> None:
    text = shared.browser("coordinator").get(f"/cases/{CASE}").text
    for shown in (
        "Reproduced",
        "evidence E3",
        ">10</td>",
        "the same fix commit",
        '<span class="badge warn">unknown</span>',
        "publicly exposed",
        "2 more people must approve",
        "it contacts nobody",
        "its own check finds nothing wrong",
        "missing_field",
        DRAFT,
        "TLP:AMBER+STRICT",
        '<time datetime="2026-11-22T12:00:00Z">22 Nov 2026, 12:00 UTC</time>',
    ):
        assert shown in text, shown


def test_two_people_approve_exactly_one_draft_and_then_it_is_published(here: Pages) -> None:
    path = f"/cases/{CASE}"
    first, second = here.browser("coordinator"), here.browser("second")
    assert f"{path}/publish" not in first.get(path).text
    assert first.post(f"{path}/publish", page=path).status_code == 409
    assert first.post(f"{path}/approve", {"draft": digest(b"older")}, page=path).status_code == 409
    assert first.post(f"{path}/approve", {"draft": "x"}, page=path).status_code == 422
    assert first.post(f"{path}/approve", {"draft": DRAFT}, page=path).headers["location"] == f"{path}?done=approved"
    page = first.get(f"{path}?done=approved").text
    assert "Your approval of this draft was recorded" in page
    assert "You have approved this draft" in page
    assert "/approve" not in page
    assert second.post(f"{path}/approve", {"draft": DRAFT}, page=path).status_code == 303
    published = second.post(f"{path}/publish", page=path)
    assert "Released: COMITY-2026-0001 is being published now" in published.text
    assert here.site.clearing.held.cases[CASE].stage is Stage.READY
    assert "/publish" not in published.text


def test_a_case_is_closed_for_a_listed_reason_only(here: Pages) -> None:
    path = f"/cases/{CASE}"
    browser = here.browser("coordinator")
    assert browser.post(f"{path}/close", {"reason": "I am tired"}, page=path).status_code == 422
    assert browser.post(f"{path}/close", {"reason": "OUT_OF_SCOPE"}, page=path).status_code == 303
    assert "Closed: out of scope" in browser.get(path).text
    assert "Close this case" not in browser.get(path).text


def test_the_queue_filters_and_pages_on_the_server(here: Pages) -> None:
    for number in range(60):
        here.site.clearing.add_case(case=CaseId(f"C-0000-0000-1{number:03d}"), stage=Stage.VALID)
    browser = here.browser("coordinator")
    text = browser.get("/queue?stage=valid").text
    assert text.count("<tr>") == 51
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following is not None
    rest = browser.get(following.group(1).replace("&amp;", "&")).text
    assert rest.count("<tr>") == 11
    assert CASE not in rest
    assert "No case stands at" in browser.get("/queue?stage=closed").text
    assert browser.get("/queue?stage=%3Cscript%3E").status_code == 200


def test_a_report_is_uploaded_and_pasted_and_answered_one_by_one(here: Pages) -> None:
    browser = here.browser("submitter")
    files = [("file", ("a.sarif", b'{"a": 1}')), ("file", ("b.json", b"not json"))]
    text = browser.post("/report", {"pasted": '{"c": 3}'}, files=files).text
    assert text.count('badge good">accepted') == 2
    assert 'badge bad">refused</span> b.json' in text
    assert "not_an_object" in text
    assert re.search(r"SUB-\d{32}", text)
    again = browser.post("/report", {}, files=files[:1]).text
    assert "known to be yours" in again


def test_a_dry_run_says_that_nothing_was_stored(here: Pages) -> None:
    before = len(here.site.clearing.held.reports)
    text = here.browser("submitter").post("/report", {"pasted": "{}", "dry_run": "yes"}, files={}).text
    assert "nothing was stored" in text
    assert "would be accepted" in text
    assert len(here.site.clearing.held.reports) == before


def test_an_empty_form_and_a_refused_document_say_what_to_do(here: Pages) -> None:
    browser = here.browser("submitter")
    empty = browser.post("/report", {})
    assert (empty.status_code, "choose a file or paste a report" in empty.text) == (422, True)
    assert browser.post("/report", {"pasted": "?"}).status_code == 422


def test_an_upload_over_the_limit_is_refused(here: Pages) -> None:
    big = b"{" + b" " * (here.site.settings.body_limit_bytes + 70_000)
    answer = here.browser("submitter").post("/report", {}, files={"file": ("big.json", big)})
    assert answer.status_code == 413
    assert "Send it in smaller parts" in answer.text


def test_an_attachment_is_a_download_that_nothing_renders(here: Pages) -> None:
    answer = here.browser("submitter").get(f"/reports/R-0000-0000-0001/attachments/{digest(PROOF)}")
    assert answer.content == PROOF
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_previews_and_statements_are_downloads_too(here: Pages) -> None:
    browser = here.browser("coordinator")
    for path in (f"/cases/{CASE}/preview/osv", f"/cases/{CASE}/statements/{STATEMENT}"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].startswith("attachment;")
    assert browser.get(f"/cases/{CASE}/preview/pdf").status_code == 404


def test_an_advisory_offers_its_files_with_hash_and_seal(shared: Pages) -> None:
    text = shared.browser().get("/advisories/COMITY-2026-0001").text
    assert digest(b"{}") in text
    assert 'href="/advisories/COMITY-2026-0001/osv.json.seal.json"' in text
    answer = shared.browser().get("/advisories/COMITY-2026-0001/osv.json")
    assert (answer.content, answer.headers["content-disposition"].split(";")[0]) == (b"{}", "attachment")


def test_the_order_names_whom_each_clause_binds_and_what_was_not_found(shared: Pages) -> None:
    text = shared.browser().get("/order").text
    assert "Not compared with the published text" in text
    assert "Result not found" in text
    for clause in pack.shipped_order().clauses:
        assert f'id="{clause.id}"' in text
        for part in clause.served_by:
            for command in part.commands:
                assert command.replace("'", "&#39;").replace('"', "&#34;") in text


def test_verify_says_what_holds_what_is_a_demo_and_what_broke(shared: Pages) -> None:
    def send(data: bytes) -> Any:
        return shared.browser().post("/verify", {}, files={"document": ("file.json", data)})

    assert "<h2>Verifies</h2>" in send(b"good").text
    assert "as a demonstration only" in send(b"demo").text
    broken = send(b"broken")
    assert (broken.status_code, "changed after it was signed" in broken.text) == (422, True)
    assert "not_signed" in send(b"other").text
    assert shared.browser().post("/verify", {}, files={"document": ("", b"")}).status_code == 422


def test_an_unforeseen_fault_tells_nothing(here: Pages, caplog: pytest.LogCaptureFixture) -> None:
    here.site.clearing.held.boom = "SECRET report text"
    answer = here.browser("coordinator").get("/queue")
    assert answer.status_code == 500
    assert "SECRET" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "SECRET" not in caplog.text


def test_administrators_give_roles_invite_and_disable(here: Pages) -> None:
    admin = here.browser("admin")
    lab = here.site.viewers["submitter"].person
    assert admin.post(f"/people/{lab}/roles", {"role": ["reader"]}, page="/people").status_code == 303
    assert here.browser("submitter").get("/report").status_code == 403
    assert "/invitation/" in admin.post(f"/people/{lab}/invitation", page="/people").text
    assert admin.post(f"/people/{lab}/disable", page="/people").status_code == 303
    assert here.browser("submitter").get("/account").status_code == 303
    me = here.site.viewers["admin"].person
    refused = admin.post(f"/people/{me}/disable", page="/people")
    assert (refused.status_code, "last administrator" in refused.text) == (409, True)
    taken = admin.post("/people", {"name": "B", "login": "admin", "organisation": "H"})
    assert taken.status_code == 409


def test_a_token_is_shown_once_and_ended_on_the_page(here: Pages) -> None:
    browser = here.browser("submitter")
    shown = browser.post(
        "/account/tokens", {"label": "laptop", "scope": ["read", "submit"], "days": "7"}, page="/account"
    )
    secret = re.search(r"comity_[\w-]{43}", shown.text)
    assert secret is not None
    assert secret.group() not in browser.get("/account").text
    here.site.tokens["laptop"] = secret.group()
    assert here.site.call("GET", "/whoami", "laptop").json()["scopes"] == ["read", "submit"]
    row = browser.get("/account").text.partition('<th scope="row">laptop</th>')[2]
    token = re.findall(r"/account/tokens/(T-[\w-]+)/end", row)[0]
    assert browser.post(f"/account/tokens/{token}/end", page="/account").status_code == 303
    assert here.site.call("GET", "/whoami", "laptop").status_code == 401
    for days in ("", "x", "9999", "-1"):
        bad = browser.post("/account/tokens", {"label": "x", "scope": "read", "days": days}, page="/account")
        assert bad.status_code == 422


def test_the_password_is_changed_on_the_page_with_the_present_one(here: Pages) -> None:
    browser = here.browser("submitter")
    new = PASSWORD + "!"
    values = {"old": "wrong", "password": new, "again": new}
    assert browser.post("/account/password", values, page="/account").status_code == 403
    values["old"] = PASSWORD
    assert browser.post("/account/password", {**values, "again": "x"}, page="/account").status_code == 422
    assert browser.post("/account/password", values, page="/account").status_code == 303
    assert browser.get("/account").status_code == 200
    assert here.browser("submitter").get("/account").status_code == 303


def test_the_journal_is_verified_on_the_page(here: Pages) -> None:
    assert "The journal verifies" in here.browser("coordinator").post("/host/journal", page="/host").text


def test_broken_forms_are_refused_without_a_fault(here: Pages) -> None:
    browser = here.browser("submitter")
    for kind, body in (
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b""),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="csrf"\r\nContent-Type: text/plain; charset=punycode\r\n\r\n'
            + b"a" * 50_000
            + b"\r\n--x--\r\n",
        ),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(200))),
        ("application/json", b"{}"),
        ("", b"csrf=1"),
    ):
        headers = {"Cookie": f"comity={browser.cookies['comity']}", "Content-Type": kind}
        answer = here.site.client.post("/account/tokens", content=body, headers=headers)
        assert answer.status_code in {403, 415, 422}, (kind, answer.status_code)


def test_a_first_load_of_any_page_with_all_it_needs_is_within_150_kilobytes(shared: Pages) -> None:
    for role, path in PAGES:
        browser = shared.browser(role)
        page = browser.get(path)
        needed = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
        assert "/static/comity.css" in needed
        assert len(page.content) + sum(len(browser.get(one).content) for one in needed) <= 150_000, path


def test_static_files_are_the_listed_ones_only(shared: Pages) -> None:
    browser = shared.browser()
    css = browser.get("/static/comity.css")
    assert css.headers["content-type"] == "text/css; charset=utf-8"
    assert browser.get("/").headers["content-type"] == "text/html; charset=utf-8"
    for name in ("../site.py", "%2e%2e%2fsite.py", "site.py", "none"):
        assert browser.get(f"/static/{name}").status_code == 404
