"""A CSAF provider as a mirror: what it lists, each document by its own hash and signature, and only what changed."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from comity.errors import Invalid
from comity.formats import csaf_archive, csaf_source
from comity.formats.csaf import Csaf
from comity.formats.csaf_dialect import V2_0, V2_1, Dialect
from comity.formats.csaf_provider import hash_file
from comity.sealing import openpgp
from comity.settings import Settings
from comity.store import mirrored
from comity.store.mirror_checks import Outcome
from tests.admin.upstreams import Mirroring, mirroring
from tests.feeds.provider import AT, advisory, documents, pages
from tests.feeds.upstream import File, Upstream, upstream

METADATA = "/.well-known/csaf/provider-metadata.json"


@contextmanager
def provider(tmp_path: Path, numbers: int = 3, **given: object) -> Iterator[tuple[Upstream, Mirroring, str]]:
    with upstream({}) as up:
        up.files |= pages(up.address, [advisory(one) for one in range(numbers)], **given)  # type: ignore[arg-type]  # options of pages, by name
        name = f"csaf:{up.address}{METADATA}"
        with mirroring(tmp_path, name) as host:
            yield up, host, name


def known(host: Mirroring, *numbers: int) -> list[str]:
    with host.machines.store.read() as tx:
        return sorted(one.id for _, one in mirrored.named(tx, [f"CVE-2026-{7000 + number}" for number in numbers]))


def archive(host: Mirroring) -> csaf_archive.Listing:
    (held,) = host.held().values()
    data = host.machines.kept.get(held.digest)
    assert data is not None
    return csaf_archive.unpack(data)[0]


@pytest.mark.parametrize("rolie", [True, False])
def test_every_listed_document_is_fetched_and_checked_against_its_hash(tmp_path: Path, rolie: bool) -> None:
    with provider(tmp_path, rolie=rolie) as (_, host, name):
        check = host.look(name)
        assert check.said == "3 documents, 3 of them fetched now, 3 weaknesses"
        assert known(host, 0, 1, 2) == ["EX-2026-0", "EX-2026-1", "EX-2026-2"]
        assert {one.checked for one in archive(host).entries} == {"sha512"}
        (held,) = host.held().values()
        assert held.source.startswith("CSAF 127.0.0.1")
        assert held.confirmed_at == host.clock()
        with host.machines.store.read() as tx:
            assert mirrored.feeds(tx) == ()


def test_an_archive_in_which_nothing_changed_is_kept_and_not_packed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    write = csaf_archive.write

    def counted(listing: csaf_archive.Listing, documents: Mapping[str, bytes]) -> bytes:
        packed.append(len(listing.entries))
        return write(listing, documents)

    monkeypatch.setattr(csaf_archive, "write", counted)
    with provider(tmp_path) as (up, host, name):
        host.look(name)
        host.clock.move(timedelta(days=1))
        assert host.look(name).outcome is Outcome.SAME
        assert packed == [3]
        up.files = pages(up.address, [advisory(0), advisory(1)])
        assert host.look(name).outcome is Outcome.CHANGED
        assert packed == [3, 2]


def test_only_what_changed_is_asked_for_again(tmp_path: Path) -> None:
    with provider(tmp_path) as (up, host, name):
        host.look(name)
        host.clock.move(timedelta(days=1))
        assert host.look(name).outcome is Outcome.SAME
        up.asked.clear()
        changed = [advisory(0), advisory(1, at=AT + timedelta(days=3), title="Another title"), advisory(3)]
        up.files = pages(up.address, changed)
        check = host.look(name)
        assert documents(up.asked) == ["ex-2026-1.json", "ex-2026-3.json"]
        assert check.said == "3 documents, 2 of them fetched now, 3 weaknesses"
        assert known(host, 0, 1, 2, 3) == ["EX-2026-0", "EX-2026-1", "EX-2026-3"]


def test_a_document_whose_hash_does_not_fit_is_left_out_and_the_one_before_is_kept(tmp_path: Path) -> None:
    with provider(tmp_path) as (up, host, name):
        host.look(name)
        first = host.held()
        up.files = pages(up.address, [replace(advisory(one), modified_at=AT + timedelta(days=2)) for one in range(3)])
        bad = next(path for path in up.files if path.endswith("ex-2026-1.json"))
        up.change(bad, body=up.files[bad].body.replace(b"A flaw", b"A flow"))
        check = host.look(name)
        assert check.said.endswith("; 1 left out")
        assert known(host, 1) == ["EX-2026-1"]
        (held,) = host.held().values()
        assert held.digest != next(iter(first.values())).digest
        assert held.confirmed_at is None
        entries = {one.url.rpartition("/")[2]: one.updated for one in archive(host).entries}
        assert entries["ex-2026-1.json"] == AT
        assert entries["ex-2026-0.json"] == AT + timedelta(days=2)


def test_signatures_are_checked_where_the_provider_signs(tmp_path: Path) -> None:
    pytest.importorskip("pysequoia", reason="peer not installed: pysequoia")
    key = openpgp.load(Settings(data=tmp_path / "d", keys=tmp_path / "k", organisation="Example Vendor"))
    with provider(tmp_path, key=key) as (_, host, name):
        assert host.look(name).said.startswith("3 documents, 3 of them fetched now")
        assert {one.signed for one in archive(host).entries} == {key.fingerprint}


@pytest.mark.parametrize("harm", ["other", "none", "garbage"])
def test_a_signed_document_without_its_signature_is_left_out(tmp_path: Path, harm: str) -> None:
    pytest.importorskip("pysequoia", reason="peer not installed: pysequoia")
    key = openpgp.load(Settings(data=tmp_path / "d", keys=tmp_path / "k", organisation="Example Vendor"))
    with provider(tmp_path, key=key) as (up, host, name):
        place = next(path for path in up.files if path.endswith("ex-2026-1.json.asc"))
        if harm == "none":
            del up.files[place]
        else:
            up.change(place, body=key.sign(b"another document") if harm == "other" else b"nothing")
        assert host.look(name).said.endswith("; 1 left out")
        assert known(host, 0, 1, 2) == ["EX-2026-0", "EX-2026-2"]


def test_a_key_that_is_not_the_announced_one_signs_nothing(tmp_path: Path) -> None:
    pytest.importorskip("pysequoia", reason="peer not installed: pysequoia")
    key = openpgp.load(Settings(data=tmp_path / "d", keys=tmp_path / "k", organisation="Example Vendor"))
    other = openpgp.load(Settings(data=tmp_path / "d", keys=tmp_path / "o", organisation="Somebody else"))
    with provider(tmp_path, key=key) as (up, host, name):
        up.change(f"/csaf/openpgp/{key.fingerprint}.asc", body=other.public)
        for path in [path for path in up.files if path.endswith(".json.asc")]:
            up.change(path, body=other.sign(up.files[path.removesuffix(".asc")].body))
        check = host.look(name)
        assert check.outcome is Outcome.FAILED
        assert host.held() == {}


def test_a_document_that_is_not_for_everybody_is_not_kept(tmp_path: Path) -> None:
    with provider(tmp_path) as (up, host, name):
        place = next(path for path in up.files if path.endswith("ex-2026-1.json"))
        data = up.files[place].body.replace(b'"WHITE"', b'"AMBER"')
        up.change(place, body=data)
        for suffix in (".sha256", ".sha512"):
            up.files.pop(place + suffix, None)
            up.files[place + suffix] = File(hash_file(suffix, data, "x.json"))
        host.look(name)
        assert known(host, 0, 1, 2) == ["EX-2026-0", "EX-2026-2"]


def test_a_large_provider_is_caught_up_with_over_several_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comity.admin.flow_mirrors.DOCUMENTS", 2)
    with provider(tmp_path, 5) as (_, host, name):
        told = [host.look(name).said for _ in range(4)]
    assert told[0] == "2 documents, 2 of them fetched now, 2 weaknesses; 3 more come with the next looks"
    assert told[2] == "5 documents, 1 of them fetched now, 5 weaknesses"
    assert told[3] == "5 documents, none changed"


def test_a_large_provider_whose_list_bears_no_dates_is_caught_up_with_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.admin.flow_mirrors.DOCUMENTS", 2)
    with provider(tmp_path, 5, rolie=False) as (up, host, name):
        del up.files["/csaf/white/changes.csv"]
        for _ in range(3):
            host.look(name)
        assert known(host, *range(5)) == [f"EX-2026-{number}" for number in range(5)]


def test_a_provider_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    with provider(tmp_path) as (up, host, name):
        host.look(name)
        before = host.held()
        feed = next(path for path in up.files if path.endswith("csaf-feed-tlp-white.json"))
        for body in (b"<html>", b"{}", json.dumps({"feed": {"entry": []}}).encode()):
            up.change(feed, body=body)
            assert host.look(name).outcome is Outcome.FAILED
        del up.files[METADATA]
        assert host.look(name).outcome is Outcome.FAILED
        assert host.held() == before


def test_what_robots_txt_disallows_is_not_fetched(tmp_path: Path) -> None:
    with provider(tmp_path) as (up, host, name):
        up.files["/robots.txt"] = File(b"User-agent: *\nDisallow: /csaf/")
        assert host.look(name).outcome is Outcome.FAILED
        assert documents(up.asked) == []


@pytest.mark.parametrize("name", ["../../secret.json", "/etc/x.json", "https://other.example/x.json", "2026/x.txt", ""])
def test_a_change_list_names_nothing_outside_its_folder(name: str) -> None:
    folder = "https://vendor.example/csaf/white/"
    assert csaf_source.changes(f'"{name}","2026-11-20T09:00:00Z"\n'.encode(), folder) == ()
    assert csaf_source.index(f"{name}\n".encode(), folder) == ()


def test_an_unquoted_change_list_of_csaf_2_1_is_read_too() -> None:
    (one,) = csaf_source.changes(b"2026/a.json,2026-11-20T09:00:00Z\n", "https://vendor.example/w/")
    assert (one.url, one.updated) == ("https://vendor.example/w/2026/a.json", AT)


@pytest.mark.parametrize("dialect", [V2_0, V2_1], ids=["2.0", "2.1"])
def test_documents_of_both_versions_are_read_and_one_without_a_label_is_for_everybody(dialect: Dialect) -> None:
    document = json.loads(Csaf(dialect=dialect).write(advisory(4)))
    for distribution in (document["document"]["distribution"], {"text": "Open."}, None):
        document["document"]["distribution"] = distribution
        if distribution is None:
            del document["document"]["distribution"]
        (found,) = csaf_archive.advisories(json.dumps(document).encode())  # type: ignore[misc]  # a problem has no parts
        assert (found.id, found.aliases) == ("EX-2026-4", ("CVE-2026-7004",))


@pytest.mark.parametrize("elsewhere", [128 * 1024, 1024 * 1024], ids=["as Python has it", "as a scanner's list set it"])
def test_a_change_list_that_breaks_csv_is_no_list(elsewhere: int) -> None:
    before = csv.field_size_limit(elsewhere)
    try:
        with pytest.raises(Invalid):
            csaf_source.changes(b'"2026/a.json' + b"x" * 200_000 + b'\n"', "https://vendor.example/w/")
    finally:
        csv.field_size_limit(before)
    assert csaf_source.changes(b"2026/a.json\r,x\n\r\x85", "https://vendor.example/w/") == ()


def test_an_archive_is_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    entries = tuple(
        csaf_archive.Entry(url=f"https://v.example/{n}.json", updated=AT, sha256=str(n) * 64, checked="", signed="")
        for n in range(3)
    )
    made = csaf_archive.Listing(
        format=csaf_archive.FORMAT, provider="https://v.example/p", publisher="V", updated=AT, entries=entries
    )
    held = {one.sha256: one.url.encode() for one in entries}
    turned = csaf_archive.Listing(
        format=csaf_archive.FORMAT, provider="https://v.example/p", publisher="V", updated=AT, entries=entries[::-1]
    )
    assert csaf_archive.write(made, held) == csaf_archive.write(turned, dict(reversed(held.items())))
