"""Downloading a large file: conditionally, resumed after a cut, within limits, and never from inside a network."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from comity.errors import Forbidden, Invalid, TooLarge, Unavailable
from comity.feeds.download import Arrived, Download, Later, Unchanged, retry_after
from comity.feeds.web import Known
from tests.feeds.site import Page, site
from tests.feeds.upstream import File, Upstream, upstream

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
BODY = bytes(range(256)) * 400
LIMIT = 1_000_000


def line(folder: Path, **given: object) -> Download:
    fields = {"private": True, "tries": 1, "pause": timedelta(0)} | given
    return Download(folder=folder, now=NOW, **fields)  # type: ignore[arg-type]  # fields are set by name in each test


def fetched(folder: Path, up: Upstream, **given: object) -> Arrived:
    got = line(folder, **given).fetch(f"{up.address}/f", limit_bytes=LIMIT)
    assert isinstance(got, Arrived)
    return got


def test_a_file_arrives_whole_with_its_digest_and_validators(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"')}) as up:
        got = fetched(tmp_path, up, contact="https://comity.example")
    assert got.path.read_bytes() == BODY
    assert (got.digest, got.known) == (hashlib.sha256(BODY).hexdigest(), Known(etag='"1"'))
    assert up.asked[0][1]["user-agent"] == "comity/1 (+https://comity.example)"
    assert up.asked[0][1]["accept-encoding"] == "identity"


def test_what_is_known_is_asked_for_conditionally(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"')}) as up:
        got = line(tmp_path).fetch(f"{up.address}/f", limit_bytes=LIMIT, known=Known(etag='"1"'))
    assert isinstance(got, Unchanged)


def test_a_download_that_was_cut_goes_on_where_it_ended(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"', cut_after=70_000)}) as up:
        with pytest.raises(Unavailable, match="70000 bytes are kept"):
            fetched(tmp_path, up)
        up.change("/f", cut_after=0)
        got = fetched(tmp_path, up)
    assert got.path.read_bytes() == BODY
    assert got.resumed == 70_000
    assert (up.asked[1][1]["range"], up.asked[1][1]["if-range"]) == ("bytes=70000-", '"1"')


def test_one_call_tries_again_by_itself_after_a_cut(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"', cut_after=40_000)}) as up:
        got = fetched(tmp_path, up, tries=3)
    assert got.path.read_bytes() == BODY
    assert [sent.get("range") for _, sent in up.asked] == [None, "bytes=40000-", "bytes=80000-"]


def test_a_file_that_changed_meanwhile_begins_again(tmp_path: Path) -> None:
    other = BODY[::-1]
    with upstream({"/f": File(BODY, etag='"1"', cut_after=70_000)}) as up:
        with pytest.raises(Unavailable):
            fetched(tmp_path, up)
        up.change("/f", body=other, etag='"2"', cut_after=0)
        got = fetched(tmp_path, up)
    assert got.path.read_bytes() == other
    assert got.resumed == 0


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_a_part_without_a_strong_validator_is_never_gone_on_with(tmp_path: Path, etag: str) -> None:
    with upstream({"/f": File(BODY, etag=etag, cut_after=70_000)}) as up:
        with pytest.raises(Unavailable):
            fetched(tmp_path, up)
        up.change("/f", cut_after=0)
        got = fetched(tmp_path, up)
    assert got.path.read_bytes() == BODY
    assert "range" not in up.asked[1][1]


def test_a_part_at_another_place_than_was_asked_for_is_refused(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"', cut_after=70_000)}) as up:
        with pytest.raises(Unavailable):
            fetched(tmp_path, up)
        up.change("/f", cut_after=0, shifted=True)
        with pytest.raises(Unavailable, match="not asked for"):
            fetched(tmp_path, up)


def test_a_file_that_became_shorter_begins_again(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY, etag='"1"', cut_after=70_000)}) as up:
        with pytest.raises(Unavailable):
            fetched(tmp_path, up)
        up.change("/f", body=BODY[:50_000], cut_after=0)
        got = fetched(tmp_path, up, tries=2)
    assert got.path.read_bytes() == BODY[:50_000]


def test_the_size_is_looked_at_before_anything_is_read(tmp_path: Path) -> None:
    with upstream({"/f": File(BODY)}) as up, pytest.raises(TooLarge, match="not fetched"):
        line(tmp_path).fetch(f"{up.address}/f", limit_bytes=1000)
    assert not list(tmp_path.glob("*.part"))


def test_a_file_without_an_announced_size_is_counted_as_it_comes(tmp_path: Path) -> None:
    with upstream({"/f": File(drip=True)}) as up, pytest.raises(TooLarge, match="not kept"):
        line(tmp_path).fetch(f"{up.address}/f", limit_bytes=5)
    assert not list(tmp_path.glob("*.part"))


def test_a_host_that_drips_is_left(tmp_path: Path) -> None:
    with upstream({"/f": File(drip=True)}) as up, pytest.raises(Unavailable, match="next to nothing"):
        fetched(tmp_path, up, stall=timedelta(milliseconds=200))


def test_a_host_that_never_gets_past_the_head_of_its_answer_is_left(tmp_path: Path) -> None:
    with site({"/f": Page(drips_head=True)}) as one, pytest.raises(Unavailable, match="in time"):
        line(tmp_path, patience=timedelta(milliseconds=200)).fetch(f"{one.address}/f", limit_bytes=1000)


def test_a_host_that_never_finishes_is_left(tmp_path: Path) -> None:
    with upstream({"/f": File(drip=True)}) as up, pytest.raises(Unavailable, match="in time"):
        fetched(tmp_path, up, patience=timedelta(milliseconds=200))


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Repr-Digest", f"sha-256=:{base64.b64encode(hashlib.sha256(b'other').digest()).decode()}:"),
        ("x-goog-hash", f"crc32c=AAAAAA==,md5={base64.b64encode(hashlib.md5(b'other').digest()).decode()}"),
    ],
)
def test_a_digest_that_the_host_states_and_the_bytes_do_not_have_throws_all_away(
    tmp_path: Path, header: str, value: str
) -> None:
    with upstream({"/f": File(BODY, headers={header: value})}) as up, pytest.raises(Unavailable, match="damaged"):
        fetched(tmp_path, up)
    assert not list(tmp_path.glob("*.part"))


def test_a_stated_digest_that_holds_is_no_hindrance(tmp_path: Path) -> None:
    said = f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode()}:"
    with upstream({"/f": File(BODY, headers={"Repr-Digest": said})}) as up:
        assert fetched(tmp_path, up).bytes == len(BODY)


def test_a_redirect_is_followed_and_each_address_is_looked_at(tmp_path: Path) -> None:
    with upstream({"/f": File(status=302, headers={"Location": "/g"}), "/g": File(BODY)}) as up:
        assert fetched(tmp_path, up).url == f"{up.address}/g"


def test_an_address_inside_a_network_is_refused_wherever_it_is_named(tmp_path: Path) -> None:
    outside = Download(folder=tmp_path, now=NOW, tries=1)
    for place in ("https://127.0.0.1/f", "https://[::1]/f", "https://169.254.169.254/latest", "https://10.0.0.8/f"):
        with pytest.raises(Forbidden):
            outside.fetch(place, limit_bytes=LIMIT)
    with pytest.raises(Invalid, match="https"):
        outside.fetch("http://example.org/f", limit_bytes=LIMIT)


def test_a_redirect_into_a_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first address is let through as an open one would be; the one that it leads to is looked at as ever."""
    with upstream({"/f": File(status=302, headers={"Location": "http://127.0.0.2/inside"})}) as up:
        monkeypatch.setattr("comity.feeds.guard.is_public", lambda address: address == "127.0.0.1")
        monkeypatch.setattr("comity.feeds.download.address", lambda url, private: url)
        with pytest.raises(Forbidden, match=r"127\.0\.0\.2"):
            line(tmp_path, private=False).fetch(f"{up.address}/f", limit_bytes=LIMIT)
    assert [path for path, _ in up.asked] == ["/f"]


@pytest.mark.parametrize(("status", "words"), [(404, "no such file"), (500, "answered 500"), (206, "not asked for")])
def test_another_answer_is_no_file(tmp_path: Path, status: int, words: str) -> None:
    with upstream({"/f": File(BODY, status=status)}) as up, pytest.raises(Unavailable, match=words):
        fetched(tmp_path, up)


def test_a_host_that_asks_for_patience_is_given_it(tmp_path: Path) -> None:
    asks = File(status=429, headers={"Retry-After": "3600"})
    with upstream({"/f": asks}) as up, pytest.raises(Later) as caught:
        fetched(tmp_path, up, tries=3)
    assert caught.value.after == NOW + timedelta(hours=1)
    assert len(up.asked) == 1


def test_patience_is_read_as_seconds_or_a_date_and_is_never_over_a_day() -> None:
    assert retry_after("Thu, 26 Nov 2026 04:00:00 GMT", NOW) == NOW + timedelta(hours=1)
    assert retry_after("99999999999", NOW) == NOW + timedelta(days=1)
    assert retry_after("Wed, 25 Nov 2026 04:00:00 GMT", NOW) == NOW
    assert retry_after("soon", NOW) is None
