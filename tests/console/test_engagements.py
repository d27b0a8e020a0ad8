"""One engagement's page in its states, for who has a seat and who has none."""

from tests.api.site import Site
from tests.console.hosts import Pages
from tests.engagement.hosts import TERMS


def test_the_workspace_shows_for_each_side_and_state_what_is_theirs(shared: Pages) -> None:
    site: Site = shared.site
    developer = site.viewers["developer"]
    id_, _ = site.assess.invite(
        developer, subject="Example One", question="<script>alert(1)</script>", declaration="none"
    )
    page = f"/engagements/{id_}"
    assert shared.browser("coordinator").get(page).status_code == 200
    assert "alert(1)" not in shared.browser("coordinator").get(page).text
    for act, who, values in (
        ("negotiate", "developer", {}),
        ("take", "coordinator", {"declaration": "none"}),
        ("propose", "coordinator", {"partner": "A utility", "criteria": "It runs a grid."}),
    ):
        answer = shared.browser(who).post(f"{page}/acts/{act}", values, page=page)
        assert answer.status_code == 200
        for role in ("developer", "coordinator"):
            shown = shared.browser(role).get(page)
            assert shown.status_code == 200
            assert "<script>alert" not in shown.text
            assert "Next:" in shown.text
    assert shared.browser("assessor").get(page).status_code == 404
    refused = shared.browser("developer").post(f"{page}/acts/draft", {"scope": ""}, page=page)
    assert refused.status_code == 422
    assert "That could not be done" in refused.text
    ended = shared.browser("developer").post(f"{page}/acts/withdraw", {}, page=page)
    assert "You have withdrawn" in ended.text
    assert shared.browser("developer").get("/engagements").status_code == 200


def test_a_developers_own_signature_has_a_field_to_be_pasted_into(shared: Pages) -> None:
    site: Site = shared.site
    id_, _ = site.assess.invite(site.viewers["developer"], subject="Example Two", question="?", declaration="none")
    page = f"/engagements/{id_}"
    shared.browser("developer").post(f"{page}/acts/negotiate", {}, page=page)
    empty = shared.browser("developer").get(page).text
    assert "There is nothing to sign yet." in empty
    assert "/acts/sign" not in empty  # and nothing to send: what is not written cannot be signed
    assert empty.index("Write the terms") < empty.index("Sign exactly these terms")
    shared.browser("developer").post(f"{page}/acts/draft", TERMS, page=page)
    shown = shared.browser("developer").get(page).text
    assert "There is nothing to sign yet." not in shown
    assert shown.index("Sign exactly these terms") < shown.index("Write the terms")
    assert '<textarea id="m-sign-signature" name="signature"' in shown
    assert 'type="hidden" name="signature"' not in shown


def test_a_gateway_that_nothing_went_through_is_not_shown(shared: Pages) -> None:
    site: Site = shared.site
    id_, _ = site.assess.invite(site.viewers["developer"], subject="Example Three", question="?", declaration="none")
    assert 'id="usage"' not in shared.browser("developer").get(f"/engagements/{id_}").text


def test_a_partner_is_chosen_from_those_proposed_and_the_last_state_is_shown_on_the_road(shared: Pages) -> None:
    site: Site = shared.site
    id_, _ = site.assess.invite(site.viewers["developer"], subject="Example Four", question="?", declaration="none")
    page = f"/engagements/{id_}"
    developer = shared.browser("developer")
    developer.post(f"{page}/acts/negotiate", {}, page=page)
    shared.browser("coordinator").post(f"{page}/acts/take", {"declaration": "none"}, page=page)
    for name in ("A utility", 'B "quoted" & co'):
        values = {"partner": name, "criteria": "It runs a grid."}
        shared.browser("coordinator").post(f"{page}/acts/propose", values, page=page)
    shown = developer.get(page).text
    assert '<select id="o-admit-partner" name="partner"><option>A utility</option>' in shown
    assert "<option>B &#34;quoted&#34; &amp; co</option>" in shown
    developer.post(f"{page}/acts/veto", {"partner": "A utility"}, page=page)
    assert "<option>A utility</option>" not in developer.get(page).text
    left = developer.post(f"{page}/acts/withdraw", {}, page=page).text
    assert '<li aria-current="step">withdrawn</li>' in left
