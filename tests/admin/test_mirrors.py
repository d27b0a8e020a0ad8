"""Mirrors that fetch: what is new is taken in, what fails leaves the last good copy, and dates are upstream's own."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from comity.admin import flow_mirrors, mirrors
from comity.admin.mirroring import standing
from comity.errors import Conflict, Invalid, Missing
from comity.feeds import sources
from comity.model import signals
from comity.model.party import ANONYMOUS
from comity.settings import Settings
from comity.store import mirror_checks, mirrored, upstream
from comity.store.mirror_checks import Outcome
from tests.admin.upstreams import START, cve_zip, epss_gz, kev, mirroring, of, osv, osv_zip, zipped
from tests.engagement.hosts import SilentControl
from tests.feeds.upstream import File
from tests.feeds.upstream import upstream as served

DAY = timedelta(days=1)


def test_a_fresh_install_names_no_mirror() -> None:
    assert sources.read(Settings().mirrors) == ()


def test_a_mirror_is_fetched_and_asked_for_conditionally_from_then_on(tmp_path: Path) -> None:
    with served({"/kev": File(kev(1, 2, 3), etag='"a"')}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        first = host.look("kev")
        host.clock.move(DAY)
        second = host.look("kev")
        held = host.held()["CISA KEV"]
    assert (first.outcome, second.outcome) == (Outcome.CHANGED, Outcome.SAME)
    assert up.asked[1][1]["if-none-match"] == '"a"'
    assert held.as_of == START - DAY
    assert (held.fetched_at, held.confirmed_at) == (START, START + DAY)
    assert held.current_as_of == START + DAY
    assert [one.get("confirmed") for one in host.told()] == [None, "yes"]


def test_what_upstream_says_newly_replaces_the_mirror_with_its_own_event(tmp_path: Path) -> None:
    with served({"/kev": File(kev(1, 2), etag='"a"')}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        host.look("kev")
        host.clock.move(DAY)
        up.change("/kev", body=kev(1, 2, 9, released=START), etag='"b"')
        host.look("kev")
        with host.machines.store.read() as tx:
            found = [name for name, _ in upstream.values(tx, signals.KEV_SOURCE, signals.KEV)]
    assert found == ["CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1009"]
    assert [one["subjects"] for one in host.told()] == ["2", "3"]
    kept = host.machines.kept
    assert sorted(path.name for path in kept.folder.iterdir() if path.is_file()) == [host.told()[1]["digest"]]


LARGE = kev(*range(40))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (File(b"<!doctype html><p>Sign in</p>"), "a web page came instead"),
        (File(b""), "nothing came"),
        (File(epss_gz(0.5)), "expected: KEV catalogue; what came: EPSS scores"),
        (File(kev()), "says nothing"),
        (File(kev(1, 2, 3)), "160 facts are held, and only 12 came"),
        (File(json.dumps({"vulnerabilities": [{"id": n} for n in range(50)]}).encode()), "says nothing"),
        (File(LARGE[:-20]), "no upstream document that Comity reads"),
        (File(kev(*range(45), released=START - 9 * DAY)), "this is from 2026-11-13"),
        (File(status=500), "answered 500"),
        (File(LARGE + b" ", headers={"Content-Length": "90000000"}), "not fetched"),
        (File(LARGE, etag='"z"', headers={"Repr-Digest": "sha-256=:AAAA:"}), "damaged"),
        (File(status=302, headers={"Location": "ftp://example.org/kev"}), "https"),
    ],
)
def test_whatever_fails_says_so_and_keeps_the_last_good_copy(tmp_path: Path, answer: File, words: str) -> None:
    with served({"/kev": File(LARGE, etag='"a"')}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        host.look("kev")
        before = host.held()
        host.clock.move(DAY)
        up.files["/kev"] = answer
        failed = host.look("kev")
        assert host.held() == before
        assert failed.outcome is Outcome.FAILED
        assert words in failed.said
        assert (failed.failures, failed.good_at) == (1, START)
        up.files["/kev"] = File(LARGE, etag='"a"')
        assert host.look("kev").outcome is Outcome.SAME
    assert len(host.told()) == 2


def test_a_cut_download_is_finished_by_a_later_look(tmp_path: Path) -> None:
    with (
        served({"/kev": File(LARGE, etag='"a"', cut_after=4000)}) as up,
        mirroring(tmp_path, *of(["kev"], up.address)) as host,
    ):
        host.machines = replace(host.machines, tries=1)
        cut = host.look("kev")
        up.change("/kev", cut_after=0)
        whole = host.look("kev")
    assert "4000 bytes are kept" in cut.said
    assert whole.outcome is Outcome.CHANGED
    assert "4000 of its bytes had come before" in whole.said


def test_validators_of_another_copy_are_not_used(tmp_path: Path) -> None:
    """Somebody brought a newer file by hand: a 304 for the copy before it would confirm the wrong bytes."""
    with served({"/kev": File(LARGE, etag='"a"')}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        host.look("kev")
        mirrors.take_in(host.machines.store, kev(*range(41), released=START), at=START)
        up.change("/kev", body=kev(*range(42), released=START), etag='"b"')
        host.look("kev")
    assert "if-none-match" not in up.asked[1][1]


def test_a_host_that_asks_for_patience_is_not_asked_before(tmp_path: Path) -> None:
    asks = File(status=503, headers={"Retry-After": "7200"})
    with served({"/kev": asks}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        host.look("kev")
        assert flow_mirrors.names(host.machines) == []
        host.clock.move(timedelta(hours=2))
        assert flow_mirrors.names(host.machines) == ["kev"]


def test_epss_arrives_packed_and_dated_by_itself(tmp_path: Path) -> None:
    with served({"/epss": File(epss_gz(0.5, 0.25))}) as up, mirroring(tmp_path, *of(["epss"], up.address)) as host:
        host.look("epss")
        held = host.held()["FIRST EPSS"]
    assert held.as_of is not None
    assert (held.as_of.date().isoformat(), held.facts) == ("2026-11-21", 2)


@pytest.mark.parametrize("name", ["epss", "cve", "osv:PyPI"])
def test_a_bomb_is_refused_before_it_fills_the_machine(tmp_path: Path, name: str) -> None:
    blanks = b"#model_version:v1,score_date:2026-11-21T00:00:00+0000\ncve,epss,percentile\n" + b"\n" * 60_000_000
    inside = "PYSEC-1.json" if name.startswith("osv") else "CVE-2026-0001.json"
    bomb = gzip.compress(blanks) if name == "epss" else zipped({inside: blanks})
    with (
        served({f"/{name.replace(':', '-')}": File(bomb)}) as up,
        mirroring(tmp_path, *of([name], up.address)) as host,
    ):
        failed = host.look(name)
        assert host.held() == {}
    assert "as no honest feed does" in failed.said


def test_an_ecosystem_of_osv_counts_from_its_last_confirmation(tmp_path: Path) -> None:
    """A bundle bears no date but its newest record's: a quiet ecosystem would grow too old to assess by."""
    with (
        served({"/osv-PyPI": File(osv(START - DAY), etag='"a"')}) as up,
        mirroring(tmp_path, *of(["osv:PyPI"], up.address)) as host,
    ):
        assert host.look("osv:PyPI").outcome is Outcome.CHANGED
        host.clock.move(30 * DAY)
        host.look("osv:PyPI")
        with host.machines.store.read() as tx:
            (state,) = mirrored.feeds(tx)
    assert state.as_of == START + 30 * DAY
    assert state.ecosystem == "PyPI"


def test_an_address_that_serves_an_old_copy_makes_nothing_fresh(tmp_path: Path, corpora: Path) -> None:
    """PyPA's advisories of October 2024, given as the newest in November 2026, are still of October 2024."""
    files = {"/osv-PyPI": File(osv_zip(corpora)), "/kev": File(kev(1, released=START - 20 * DAY))}
    with served(files) as up, mirroring(tmp_path, *of(["osv:PyPI", "kev"], up.address)) as host:
        host.look("osv:PyPI")
        host.look("kev")
        found = {one.source: (one.state, one.is_old_copy) for one in standing(host.machines)}
        with host.machines.store.read() as tx:
            (state,) = mirrored.feeds(tx)
    assert found == {"OSV PyPI": ("too old", True), "CISA KEV": ("too old", True)}
    assert state.as_of is not None
    assert state.as_of.year == 2024


def test_the_archive_of_vulnrichment_is_read_as_it_is_published(tmp_path: Path, corpora: Path) -> None:
    with served({"/cve": File(cve_zip(corpora))}) as up, mirroring(tmp_path, *of(["cve"], up.address)) as host:
        check = host.look("cve")
        held = host.held()["CISA Vulnrichment"]
    assert check.said.startswith("40 entries")
    assert held.facts > 40


def test_the_daily_archive_of_the_cve_program_is_packed_twice(tmp_path: Path, corpora: Path) -> None:
    twice = zipped({"cves.zip": cve_zip(corpora, 5)})
    with served({"/cve": File(twice)}) as up, mirroring(tmp_path, *of(["cve"], up.address)) as host:
        assert host.look("cve").said.startswith("5 entries")


def test_the_real_catalogue_is_taken_in_whole(tmp_path: Path, corpora: Path) -> None:
    data = (corpora / "upstream" / "kev.json").read_bytes()
    with served({"/kev": File(data)}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        assert host.look("kev").said.startswith("1404 entries")


def test_a_look_is_kept_apart_for_each_mirror(tmp_path: Path) -> None:
    files = {"/kev": File(kev(1)), "/epss": File(status=404)}
    with served(files) as up, mirroring(tmp_path, *of(["kev", "epss"], up.address)) as host:
        host.look("kev")
        host.look("epss")
        with host.machines.store.read() as tx:
            found = {one.name: one.outcome for one in mirror_checks.every(tx)}
    assert found == {"epss": Outcome.FAILED, "kev": Outcome.CHANGED}


@pytest.mark.parametrize(
    "text",
    ["nvd", "osv", "osv:../x", "kev:2", "csaf:localhost", "kev, kev", "osv:PyPI, osv:PyPI=https://example.org/a.zip"],
)
def test_a_setting_that_names_no_mirror_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        sources.read(text)


def test_names_lead_to_where_upstream_publishes() -> None:
    found = {one.name: one for one in sources.read("kev, cve, epss, osv:crates.io, osv:Red Hat, csaf:example.org")}
    assert found["osv:Red Hat"].address.endswith("/Red%20Hat/all.zip")
    assert found["csaf:example.org"].source == "CSAF example.org"
    assert {one.address.partition(":")[0] for one in found.values()} == {"https", "example.org"}
    with pytest.raises(Missing, match="COMITY_MIRRORS"):
        sources.named(tuple(found.values()), "osv:npm")


def test_nothing_is_fetched_on_an_offline_host(tmp_path: Path) -> None:
    with served({"/kev": File(kev(1))}) as up, mirroring(tmp_path, *of(["kev"], up.address)) as host:
        host.set(offline=True)
        with pytest.raises(Conflict, match="offline"):
            flow_mirrors.ask(host.machines, SilentControl(), ANONYMOUS, "kev")
        assert flow_mirrors.looked(host.machines, "kev", "") == "offline"
        assert flow_mirrors.next_look(host.machines) == ""
    assert up.asked == []
