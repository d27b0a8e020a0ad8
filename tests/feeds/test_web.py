"""Fetching politely: what a publisher does not want is not kept, and nothing inside a network is reached."""

import socket
from datetime import UTC, datetime, timedelta

import pytest

from comity.errors import Forbidden, Invalid, TooLarge, Unavailable
from comity.feeds import manners
from comity.feeds.guard import Guard
from comity.feeds.web import Fetched, Known, NotModified, Reader, Reserved
from comity.model.address import is_public
from tests.feeds.site import Page, site

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ARTICLE = Page(b"<p>The directive reaches 60 agencies.</p>", headers={"ETag": '"1"'})


def reader(**given: object) -> Reader:
    return Reader(now=NOW, private=True, **given)  # type: ignore[arg-type]  # fields are set by name in each test


def test_a_page_is_fetched_with_the_time_it_was_retrieved_and_an_honest_name() -> None:
    with site({"/a": ARTICLE}) as one:
        found = reader(contact="https://comity.example").fetch(f"{one.address}/a")
    assert isinstance(found, Fetched)
    assert (found.content, found.media_type, found.retrieved_at) == (ARTICLE.body, "text/html", NOW)
    assert one.asked == ["/robots.txt", "/.well-known/tdmrep.json", "/a"]
    assert {held["user-agent"] for held in one.headers} == {"comity/1 (+https://comity.example)"}


def test_robots_is_asked_once_a_run_and_a_known_page_conditionally() -> None:
    with site({"/a": ARTICLE}) as one:
        held = reader()
        first = held.fetch(f"{one.address}/a")
        assert isinstance(first, Fetched)
        assert first.known == Known(etag='"1"')
        again = held.fetch(f"{one.address}/a", first.known)
    assert isinstance(again, NotModified)
    assert one.asked.count("/robots.txt") == 1


@pytest.mark.parametrize(
    ("pages", "signal"),
    [
        ({"/robots.txt": Page(b"User-agent: *\nDisallow: /a")}, "robots.txt disallows this address"),
        ({"/robots.txt": Page(b"User-agent: Comity\nDisallow: /\n\nUser-agent: *\nAllow: /")}, "robots.txt disallows"),
        ({"/robots.txt": Page(b"User-agent: *\nAllow: /\nContent-Signal: search=yes, ai-input=no")}, "ai-input=no"),
        ({"/.well-known/tdmrep.json": Page(b'[{"location": "/", "tdm-reservation": 1}]')}, "tdmrep.json"),
        ({"/a": Page(b"<p>x</p>", headers={"TDM-Reservation": "1"})}, "header tdm-reservation: 1"),
        ({"/a": Page(b"<p>x</p>", headers={"X-Robots-Tag": "noai"})}, "x-robots-tag: noai"),
    ],
)
def test_a_publisher_who_does_not_want_machines_is_left_alone(pages: dict[str, Page], signal: str) -> None:
    with site({"/a": ARTICLE} | pages) as one:
        found = reader().fetch(f"{one.address}/a")
    assert isinstance(found, Reserved)
    assert signal in found.signals[0]
    if "/a" not in pages:
        assert "/a" not in one.asked


def test_a_robots_file_that_fails_disallows_and_a_missing_one_allows() -> None:
    with (
        site({"/a": ARTICLE, "/robots.txt": Page(status=503)}) as one,
        pytest.raises(Unavailable, match=r"robots\.txt"),
    ):
        reader().fetch(f"{one.address}/a")
    with site({"/a": ARTICLE}) as one:
        assert isinstance(reader().fetch(f"{one.address}/a"), Fetched)


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Disallow: /*.pdf$", "/x.pdf", False),
        ("Disallow: /*.pdf$", "/x.pdf?y", True),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow:", "/a", True),
        ("Disallow: /a%20b", "/a b", False),
        ("Disallow: /*/secret", "/x/secret/y", False),
    ],
)
def test_the_longest_rule_decides_as_rfc_9309_says(rules: str, path: str, allowed: bool) -> None:
    assert manners.robots(f"User-agent: *\n{rules}\n".encode(), "comity").allows(path) is allowed


def test_a_group_for_us_replaces_the_group_for_all() -> None:
    held = manners.robots(
        b"User-agent: *\nDisallow: /\n\nUser-agent: other\nUser-agent: comity\nDisallow: /x\n", "comity"
    )
    assert held.allows("/y")
    assert not held.allows("/x")


def test_redirects_are_followed_and_each_place_is_asked_again() -> None:
    moved = Page(status=302, headers={"Location": "/b"})
    with site({"/a": moved, "/b": ARTICLE}) as one:
        found = reader().fetch(f"{one.address}/a")
        assert isinstance(found, Fetched)
        assert found.url == f"{one.address}/b"
        one.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow: /b")
        assert isinstance(reader().fetch(f"{one.address}/a"), Reserved)
        one.pages["/a"] = Page(status=302, headers={"Location": "/a"})
        with pytest.raises(Unavailable, match="redirects more than"):
            reader().fetch(f"{one.address}/a")


def test_a_redirect_into_a_file_or_another_scheme_is_refused() -> None:
    for to in ("file:///etc/passwd", "gopher://127.0.0.1/", "http://me:you@127.0.0.1/"):
        with site({"/a": Page(status=302, headers={"Location": to})}) as one, pytest.raises(Invalid):
            reader().fetch(f"{one.address}/a")


def test_loopback_and_private_addresses_are_refused_unless_a_test_allows_them() -> None:
    with site({"/a": ARTICLE}) as one:
        for address in (one.address, one.address.replace("127.0.0.1", "localhost")):
            with pytest.raises(Forbidden):
                Reader(now=NOW).fetch(f"{address}/a")
        assert one.asked == []
    with pytest.raises(Forbidden, match="open internet"):
        Reader(now=NOW).fetch("http://127.0.0.1/a")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "2002:7f00:1::", "ff02::1", "::", "fe80::1%eth0", "not an address", "192.0.2.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_address_inside_a_network_counts_as_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_count_as_public() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")


def test_a_name_with_one_private_address_is_refused_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(Forbidden):
        Guard().address_of("both.example", 80)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a",
        "//example.org",
        "https://",
        "https://a:b@example.org/",
        "https://example.org/a b",
        "http://[::1",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Reader(now=NOW).fetch(url)


def test_an_unusual_port_is_refused() -> None:
    with pytest.raises(Forbidden, match="ports"):
        Reader(now=NOW).fetch("https://example.org:6379/")


def test_a_document_over_the_limit_is_refused_packed_or_not() -> None:
    large = b"a" * 60_000
    with site({"/a": Page(large), "/b": Page(large, packed=True)}) as one:
        held = reader(limit_bytes=50_000)
        for path in ("/a", "/b"):
            with pytest.raises(TooLarge):
                held.fetch(one.address + path)


def test_a_packed_page_is_unpacked() -> None:
    with site({"/a": Page(ARTICLE.body * 9, packed=True)}) as one:
        found = reader().fetch(f"{one.address}/a")
    assert isinstance(found, Fetched)
    assert found.content == ARTICLE.body * 9


@pytest.mark.parametrize("page", [Page(drip=True), Page(drips_head=True)], ids=["body", "head"])
def test_a_host_that_drips_is_left_in_time(page: Page) -> None:
    with site({"/a": page}) as one, pytest.raises(Unavailable, match="in time"):
        reader(patience=timedelta(seconds=0.4)).fetch(f"{one.address}/a")


def test_a_host_that_is_gone_is_named() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        reader(patience=timedelta(seconds=2)).fetch("http://127.0.0.1:9/a")


def test_a_tdmrep_file_is_read_by_its_first_matching_place() -> None:
    said = b'[{"location": "/free/*", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]'
    assert manners.reserved_by_tdmrep(said, "https://example.org/free/a") == ()
    assert manners.reserved_by_tdmrep(said, "https://example.org/a") == ("/.well-known/tdmrep.json",)
    assert manners.reserved_by_tdmrep(b"<html>", "https://example.org/a") == ()
    assert manners.reserved_by_tdmrep(b"[" * 100_000, "https://example.org/a") == ()
