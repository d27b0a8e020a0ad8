"""The pages of batches: one's own alone, counts and items as they are, and a stream that tells of each change."""

from dataclasses import replace

from comity.clearing.desk_batches import Batches
from comity.console.pages import LIVE_CSP
from comity.errors import Problem
from comity.formats.report import batch_of
from comity.model.batch import Batch, BatchState, Item
from comity.store import batches as kept
from tests.api.site import taking
from tests.console.hosts import Pages

NASTY = "<script>alert(1)</script>"


def desk(here: Pages) -> Batches:
    site = here.site
    held: Batches = taking(site.accounts, site.settings, site.clock)["batches"]
    return held


def sent(here: Pages) -> Batch:
    document = batch_of([{"schema": "comity-report/1"}])
    return desk(here).send(here.site.viewers["submitter"], document)


def changed(here: Pages, batch: Batch, **facts: object) -> None:
    with here.site.accounts.store.write() as tx:
        kept.save(tx, replace(batch, **facts))  # type: ignore[arg-type]  # a test's own keywords


def test_a_batch_that_is_taken_in_is_followed_and_one_that_ended_is_not(here: Pages) -> None:
    batch = sent(here)
    browser = here.browser("submitter")
    busy = browser.get(f"/batches/{batch.id}")
    assert f'data-live="/batches/{batch.id}/pulse" data-pulse="queued-0-0-0"' in busy.text
    assert busy.headers["content-security-policy"] == LIVE_CSP
    changed(here, batch, state=BatchState.DONE, taken=7, repeats=2)
    ended = browser.get(f"/batches/{batch.id}").text
    assert "data-live" not in ended
    assert "<dt>Taken</dt><dd>7</dd>" in ended


def test_the_word_of_a_batch_changes_with_its_state_and_with_each_count(here: Pages) -> None:
    batch, viewer = sent(here), here.site.viewers["submitter"]
    words = [desk(here).pulse(viewer, batch.id)]
    for facts in ({"state": BatchState.TAKING}, {"taken": 250}, {"refused": 1}, {"repeats": 3}):
        batch = replace(batch, **facts)  # type: ignore[arg-type]  # a test's own keywords
        changed(here, batch)
        words.append(desk(here).pulse(viewer, batch.id))
    assert len(set(words)) == 5


def test_a_batch_of_another_organisation_is_not_there_in_page_list_and_stream(here: Pages) -> None:
    batch = sent(here)
    rival = here.browser("rival")
    for path in (f"/batches/{batch.id}", f"/batches/{batch.id}/pulse", "/batches/B-NONE", "/batches/B-NONE/pulse"):
        assert rival.get(path).status_code == 404
    assert batch.id not in rival.get("/batches").text
    assert batch.id in here.browser("submitter").get("/batches").text


def test_a_refused_item_tells_its_problems_as_text(here: Pages) -> None:
    batch = sent(here)
    items = [Item(place=n, problems=(Problem(f"/reports/{n}", "missing", NASTY),)) for n in range(101)]
    with here.site.accounts.store.write() as tx:
        kept.answered(tx, batch.id, items)
    first = here.browser("submitter").get(f"/batches/{batch.id}").text
    assert "<script>alert" not in first
    assert "/reports/99</code>" in first
    assert f'href="/batches/{batch.id}?after=99"' in first
    rest = here.browser("submitter").get(f"/batches/{batch.id}?after=99").text
    assert "/reports/100</code>" in rest
    assert "/reports/99</code>" not in rest
    assert here.browser("submitter").get(f"/batches/{batch.id}?after=x").status_code == 200
