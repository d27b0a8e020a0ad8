"""Gathering: what a source is, when it was published, what it reserves, and what of it nobody saw."""

import gzip
import json
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.feeds.site import Page, site
from tests.formats.test_feed import ATOM, JSON_FEED, RSS

from comity.brief import extractors, flow_make
from comity.brief.check.gates import check
from comity.brief.draft import draft
from comity.brief.extractors import NOT_INSTALLED
from comity.brief.gather import Registered, read
from comity.brief.make import make
from comity.brief.mentions import mentions
from comity.errors import Conflict, Forbidden, Invalid, Missing, TooLarge
from comity.model.article import Source
from comity.model.handling import Tlp
from comity.settings import Settings

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
ABOUT = Registered(name="Example Agency")
BODY = "".join(
    f"<p>The directive may reach {n} agencies by 3 December 2026, the inspector general reported.</p>" for n in range(9)
)
needs_readers = pytest.mark.skipif(
    find_spec("trafilatura") is None or find_spec("readability") is None,
    reason="peer not installed: trafilatura, readability-lxml (comity[brief])",
)


def page(head: str = "", body: str = BODY, url: str = "https://example.org/a") -> Source:
    html = f"<html><head><title>Notice</title>{head}</head><body><article>{body}</article></body></html>"
    return read(html.encode(), url=url, retrieved_at=NOW, about=ABOUT)[0]


def test_every_date_seen_is_kept_and_the_pages_own_linked_data_comes_first() -> None:
    head = (
        '<script type="application/ld+json">{"datePublished": "2026-10-01T08:00:00Z", '
        '"dateModified": "2026-10-05"}</script>'
        '<meta property="article:published_time" content="2026-09-20">'
    )
    found = page(head, url="https://example.org/2026/09/19/a")
    assert found.published_at == datetime(2026, 10, 1, 8, tzinfo=UTC)
    assert found.published_from == "linked data"
    assert [(one.origin, one.role) for one in found.dates] == [
        ("linked data", "published"),
        ("linked data", "modified"),
        ("meta", "published"),
        ("address", "published"),
    ]
    assert any("different days of publication" in why for why in found.needs_person)


def test_a_missing_or_unreadable_date_is_unknown_and_never_today() -> None:
    for head in ("", '<meta name="date" content="last week">'):
        found = page(head)
        assert (found.published_at, found.published_from, found.retrieved_at) == (None, "unknown", NOW)


@needs_readers
def test_two_readers_read_a_page_and_their_agreement_is_kept() -> None:
    found = page()
    assert found.extractor.startswith("trafilatura/")
    assert found.agreement is not None
    assert found.agreement >= extractors.AGREE
    assert found.needs_person == ()


@needs_readers
def test_readers_that_disagree_send_the_page_to_a_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractors, "_second", lambda _: "Another text altogether, about something else entirely.")
    assert any("two readers agree on 0%" in why for why in page().needs_person)


def test_without_the_extra_the_plain_reader_reads_and_a_person_always_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "trafilatura", None)
    found = page()
    assert (found.extractor, found.agreement, found.needs_person) == ("comity/1", None, (NOT_INSTALLED,))
    assert "60 agencies" not in found.text
    assert "8 agencies" in found.text


@pytest.mark.parametrize(
    ("head", "signal"),
    [
        ('<meta name="tdm-reservation" content="1">', "meta tdm-reservation"),
        ('<meta name="robots" content="index, noai">', "meta robots noai"),
        ('<meta name="datatrainingallowed" content="false">', "meta datatrainingallowed"),
        (
            '<script type="application/ld+json">{"datePublished": "2026-10-01", "isAccessibleForFree": false}</script>',
            "paywall",
        ),
    ],
)
def test_a_reservation_in_a_page_leaves_a_bare_link_even_of_an_open_source(head: str, signal: str) -> None:
    html = f"<html><head><title>Notice</title>{head}</head><body>{BODY}</body></html>".encode()
    about = Registered(name="A", openly_licensed=True, licence="said so")
    found = read(html, url="https://example.org/a", retrieved_at=NOW, about=about)[0]
    assert signal in found.reservations[0]
    brief = draft(found)
    assert (brief.paraphrase, brief.quote) == ((), None)
    assert signal in brief.why_no_paraphrase
    assert not check(brief, found).blocked


def test_marks_of_a_source_are_kept_and_a_footers_claim_is_a_mark_that_proves_nothing() -> None:
    plain = page()
    footer = "<footer>AI-assisted curation pursuant to Article 50. Facts verified.</footer>"
    marked = read(
        f'<html><head><title>Notice</title><meta name="c2pa" content="https://example.org/m.c2pa"></head><body>'
        f"<article>{BODY}</article>{footer}</body></html>".encode(),
        url="https://example.org/a",
        retrieved_at=NOW,
        about=ABOUT,
    )[0]
    assert "https://example.org/m.c2pa" in marked.marks
    assert any(one.startswith("stated by the page: AI-assisted curation") for one in marked.marks)
    assert marked.text == plain.text
    assert draft(marked) == draft(plain)


def test_a_background_colour_hides_nothing() -> None:
    assert "white words" in page(body=f'{BODY}<p style="background-color: white">Some white words stay here.</p>').text


@pytest.mark.parametrize("data", [RSS, ATOM, JSON_FEED])
def test_a_feeds_entries_become_sources_with_the_feeds_own_date(data: bytes) -> None:
    found = read(data, url="https://example.org/feed", retrieved_at=NOW, about=ABOUT)
    assert found[0].url == "https://example.org/1"
    assert (found[0].kind, found[0].published_from) == ("feed entry", "feed")
    assert found[0].published_at == datetime(2026, 7, 14, 8, tzinfo=UTC)


def test_a_feed_entry_cannot_link_into_this_machine() -> None:
    data = b"<rss><channel><item><title>x</title><link>javascript:alert(1)</link></item></channel></rss>"
    assert (
        read(data, url="https://example.org/feed", retrieved_at=NOW, about=ABOUT)[0].url == "https://example.org/feed"
    )


def test_a_kev_catalogue_gives_its_newest_entries() -> None:
    listed = [
        {
            "cveID": f"CVE-2026-{10000 + n}",
            "vulnerabilityName": f"Example Flaw {n}",
            "dateAdded": f"2026-10-{n + 1:02}",
            "dueDate": "2026-11-21",
            "shortDescription": "The example gateway has a flaw that lets attackers read memory.",
            "requiredAction": "Apply mitigations per vendor instructions.",
        }
        for n in range(25)
    ]
    data = json.dumps({"catalogVersion": "1", "vulnerabilities": listed}).encode()
    found = read(data, url="kev.json", retrieved_at=NOW, about=Registered(name=""), name="kev.json")
    assert len(found) == 20
    assert found[0].title == "Example Flaw 24"
    assert found[0].published_at == datetime(2026, 10, 25, tzinfo=UTC)
    assert "CVE-2026-10024 was added" in found[0].text
    assert any("5 older entries" in why for why in found[0].needs_person)


def test_an_osv_record_becomes_a_source_with_its_own_date() -> None:
    osv = {
        "id": "GHSA-2c4f-55j6-8cwq",
        "modified": "2026-10-02T00:00:00Z",
        "published": "2026-10-01T00:00:00Z",
        "summary": "Parser reads too far",
        "details": "The parser reads past its buffer.",
        "aliases": ["CVE-2026-20002"],
    }
    found = read(json.dumps(osv).encode(), url="x.json", retrieved_at=NOW, about=ABOUT, name="x.json")[0]
    assert (found.kind, found.published_from) == ("osv", "record")
    assert found.published_at == datetime(2026, 10, 1, tzinfo=UTC)
    assert "CVE-2026-20002" in found.text
    assert draft(found).bottom_line.text.startswith("The source published an article")


def test_real_records_of_kev_and_cve_become_sources(corpora: Path) -> None:
    catalogue = (corpora / "upstream" / "kev.json").read_bytes()
    newest = read(catalogue, url="kev.json", retrieved_at=NOW, about=ABOUT, name="kev.json")
    assert len(newest) == 20
    assert make(newest[:1]).kind.primary != "none"
    with gzip.open(corpora / "upstream" / "cve-records-sample.jsonl.gz", "rb") as lines:
        record = next(lines)
    found = read(record, url="cve.json", retrieved_at=NOW, about=ABOUT, name="cve.json")[0]
    assert found.kind == "cve"
    assert json.loads(record)["cveMetadata"]["cveId"] in found.text


def test_a_records_own_label_is_kept_and_closes_the_brief() -> None:
    day = "2026-10-01T00:00:00Z"
    head = {
        "csaf_version": "2.0",
        "category": "csaf_base",
        "title": "T",
        "distribution": {"tlp": {"label": "AMBER"}},
        "publisher": {"category": "vendor", "name": "V", "namespace": "https://example.org"},
        "tracking": {
            "id": "A",
            "status": "final",
            "version": "1",
            "initial_release_date": day,
            "current_release_date": day,
            "revision_history": [{"date": day, "number": "1", "summary": "s"}],
        },
    }
    note = {"category": "description", "text": "The gateway leaks."}
    csaf = {"document": head, "vulnerabilities": [{"cve": "CVE-2026-10001", "notes": [note]}]}
    found = read(json.dumps(csaf).encode(), url="c.json", retrieved_at=NOW, about=ABOUT, name="c.json")[0]
    assert found.kind == "csaf"
    assert found.tlp is Tlp.AMBER
    assert check(draft(found), found).blocked


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b'{"a": 1}', "application/json"),
        (b"[1, 2]", ""),
        (b"PK\x03\x04", "application/zip"),
    ],
)
def test_what_no_brief_is_made_from_is_refused(data: bytes, media_type: str) -> None:
    with pytest.raises(Invalid):
        read(data, url="https://example.org/x", retrieved_at=NOW, about=ABOUT, media_type=media_type)


def test_an_address_is_fetched_read_and_its_reservation_honoured(tmp_path: Path) -> None:
    html = f"<html><head><title>Notice</title></head><body><article>{BODY}</article></body></html>".encode()
    held = Settings(data=tmp_path, keys=tmp_path, fetch_private=True)
    with site({"/a": Page(html), "/b": Page(html, headers={"TDM-Reservation": "1"})}) as one:
        found = flow_make.gathered(f"{one.address}/a", about=ABOUT, settings=held, now=NOW)
        assert found[0].url == f"{one.address}/a"
        assert found[0].retrieved_at == NOW
        with pytest.raises(Conflict, match="tdm-reservation"):
            flow_make.gathered(f"{one.address}/b", about=ABOUT, settings=held, now=NOW)
        with pytest.raises(Forbidden):
            flow_make.gathered(
                f"{one.address}/a", about=ABOUT, settings=Settings(data=tmp_path, keys=tmp_path), now=NOW
            )


def test_a_text_too_long_for_an_article_is_refused_and_endless_labels_cost_no_time() -> None:
    with pytest.raises(TooLarge):
        read(b"The agency may act. " * 20_000, url="a.txt", retrieved_at=NOW, about=ABOUT, name="a.txt")
    start = time.process_time()
    mentions("a[.]" * 40_000)
    mentions("a@" + "a." * 40_000)
    assert time.process_time() - start < 5


def test_a_file_that_is_not_there_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"no file gone\.html"):
        flow_make.gathered(str(tmp_path / "gone.html"), about=ABOUT, settings=Settings(), now=NOW)
