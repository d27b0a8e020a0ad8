"""Bundles: what one host holds, another one takes in unchanged and no younger; anything else is refused whole."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.admin import air_gap, bundle_list, mirrors
from comity.admin.air_gap import Bundles
from comity.admin.bundle_list import LIST, TYPE
from comity.errors import Conflict, Invalid, Missing, Tampered
from comity.formats import ustar
from comity.sealing import dsse, keys
from comity.sealing.keys import SigningKey
from comity.settings import Settings
from tests.admin.upstreams import START, Mirroring, epss_gz, kev, mirroring, osv

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def side(host: Mirroring) -> Bundles:
    return Bundles(store=host.machines.store, kept=host.machines.kept, limit=WEEK, age=WEEK)


def hold(host: Mirroring, data: bytes, **more: object) -> None:
    """Hold bytes as a look at this moment would have."""
    now = host.clock()
    mirrors.take_in(
        host.machines.store,
        data,
        at=now,
        confirmed_at=now,
        kept=host.machines.kept,
        **more,  # type: ignore[arg-type]  # options of take_in, by name
    )


class Pair:
    """A host with a network and one without, and the first one's key."""

    def __init__(self, folder: Path, out: Mirroring, inside: Mirroring) -> None:
        self.folder, self.out, self.inside = folder, out, inside
        self.key: SigningKey = keys.signing_key(Settings(data=folder / "d", keys=folder / "k", organisation="Outside"))
        self.made = 0

    def export(self, *, base: Path | None = None) -> Path:
        self.made += 1
        target = self.folder / f"{self.made}.bundle"
        side(self.out).export(target, self.key, at=self.out.clock(), host="Outside", base=base)
        return target

    def take(self, file: Path, **more: object) -> dict[str, str]:
        took = side(self.inside).take(file, [self.key.public], at=self.inside.clock(), **more)  # type: ignore[arg-type]  # options of take, by name
        return {one.source: one.did for one in took.fed}

    def later(self, by: timedelta) -> None:
        self.out.clock.move(by)
        self.inside.clock.move(by)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with both(tmp_path) as made:
        yield made


@contextmanager
def both(folder: Path) -> Iterator[Pair]:
    with mirroring(folder / "out") as out, mirroring(folder / "in", offline=True) as inside:
        made = Pair(folder, out, inside)
        hold(out, kev(1, 2, 3))
        hold(out, epss_gz(0.5, 0.25))
        yield made


def test_what_one_host_holds_another_takes_in_with_the_same_dates(pair: Pair) -> None:
    file = pair.export()
    pair.later(2 * DAY)
    assert pair.take(file) == {"CISA KEV": "taken", "FIRST EPSS": "taken"}
    assert pair.inside.held() == pair.out.held()
    assert pair.inside.held()["CISA KEV"].current_as_of == START
    assert [one["source"] for one in pair.inside.told()] == ["CISA KEV", "FIRST EPSS"]


def test_advisories_go_along_under_their_ecosystem(tmp_path: Path) -> None:
    with both(tmp_path) as pair:
        hold(pair.out, osv(START - DAY), ecosystem="PyPI")
        assert pair.take(pair.export())["OSV PyPI"] == "taken"
        assert pair.inside.held() == pair.out.held()


def test_equal_mirrors_at_one_moment_give_equal_bytes_that_tar_can_read(pair: Pair) -> None:
    first, second = pair.export(), pair.export()
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        names = archive.getnames()
        assert all(one.isreg() and one.mtime == 0 and one.uid == 0 for one in archive.getmembers())
    assert names[0] == LIST
    assert sum(name.startswith("feeds/") for name in names) == 2
    assert "rules/us.cisa.bod-26-04.yaml" in names


def test_a_delta_carries_only_what_its_base_has_not(pair: Pair) -> None:
    full = pair.export()
    pair.take(full)
    pair.later(DAY)
    hold(pair.out, kev(1, 2, 3, 4, released=pair.out.clock()))
    mirrors.confirm(pair.out.machines.store, "FIRST EPSS", at=pair.out.clock())
    delta = pair.export(base=full)
    assert delta.stat().st_size < full.stat().st_size
    assert pair.take(delta) == {"CISA KEV": "taken", "FIRST EPSS": "confirmed"}
    assert pair.inside.held() == pair.out.held()


def test_a_delta_on_another_base_is_refused(pair: Pair) -> None:
    full = pair.export()
    pair.later(DAY)
    delta = pair.export(base=full)
    with pytest.raises(Conflict, match="none of that host was taken in: bring the full bundle"):
        pair.take(delta)
    pair.take(pair.export())
    pair.later(DAY)
    with pytest.raises(Conflict, match=r"this is a delta on the bundle|never leads back"):
        pair.take(pair.export(base=full))
    assert "CISA KEV" in pair.inside.held()


def test_a_delta_does_not_stand_in_for_bytes_that_were_replaced_here(pair: Pair) -> None:
    full = pair.export()
    pair.take(full)
    pair.later(DAY)
    hold(pair.inside, kev(1, 2, 9, released=START))
    hold(pair.out, epss_gz(0.1, day="2026-11-22"))
    assert pair.take(pair.export(base=full)) == {"CISA KEV": "failed", "FIRST EPSS": "taken"}
    pair.later(DAY)
    file = pair.export(base=pair.export())
    with pytest.raises(Conflict, match="full bundle"):
        pair.take(file)


def test_a_bundle_never_leads_back(pair: Pair) -> None:
    old = pair.export()
    pair.later(DAY)
    hold(pair.out, kev(1, 2, 3, 4, released=pair.out.clock()))
    new = pair.export()
    pair.take(new)
    before = pair.inside.held()
    with pytest.raises(Conflict, match="never leads back"):
        pair.take(old)
    with pytest.raises(Conflict, match="taken in already"):
        pair.take(new)
    assert pair.inside.held() == before


def test_what_is_newer_here_is_kept_feed_by_feed(pair: Pair) -> None:
    file = pair.export()
    pair.later(DAY)
    hold(pair.inside, kev(1, 2, 3, 4, released=pair.inside.clock()))
    assert pair.take(file) == {"CISA KEV": "kept", "FIRST EPSS": "taken"}


def test_feeds_past_their_age_are_refused_without_an_explicit_word(pair: Pair) -> None:
    file = pair.export()
    pair.later(9 * DAY)
    with pytest.raises(Invalid) as caught:
        pair.take(file)
    assert [problem.code for problem in caught.value.problems] == ["too_old", "too_old"]
    assert "9 days old, and the limit is 7" in caught.value.problems[0].reason
    assert pair.inside.held() == {}
    assert pair.take(file, stale_too=True) == {"CISA KEV": "taken", "FIRST EPSS": "taken"}
    assert pair.inside.held()["CISA KEV"].current_as_of == START


def test_a_bundle_from_the_future_is_refused(pair: Pair) -> None:
    pair.out.clock.move(DAY)
    with pytest.raises(Invalid, match="future"):
        pair.take(pair.export())


def test_a_key_that_nobody_brought_is_refused(pair: Pair) -> None:
    file = pair.export()
    other = keys.signing_key(Settings(data=pair.folder / "d", keys=pair.folder / "other"))
    with pytest.raises(Tampered, match="do not trust"):
        side(pair.inside).take(file, [other.public], at=pair.inside.clock())
    assert pair.inside.held() == {}


def test_a_demo_key_is_told_and_cannot_hide(pair: Pair) -> None:
    demo = keys.signing_key(Settings(data=pair.folder / "d", keys=pair.folder / "k"), demo=True)
    file = pair.folder / "demo.bundle"
    made = side(pair.out).export(file, demo, at=START, host="Outside")
    assert made.listed.demo
    hidden = replace_list(file.read_bytes(), demo, demo_said=False)
    (pair.folder / "hidden.bundle").write_bytes(hidden)
    with pytest.raises(Tampered, match="demo"):
        side(pair.inside).look(pair.folder / "hidden.bundle", [demo.public])


def replace_list(data: bytes, key: SigningKey, *, demo_said: bool) -> bytes:
    """The bundle with a list that says otherwise, signed anew."""
    _, size = ustar.read_header(data[:512]) or ("", 0)
    listed = bundle_list.read(dsse.payload_unverified(data[512 : 512 + size]))
    envelope = dsse.sign(msgspec.structs.replace(listed, demo=demo_said).encoded(), TYPE, key)
    rest = data[512 + size + len(ustar.padding(size)) :]
    return ustar.header(LIST, len(envelope)) + envelope + ustar.padding(len(envelope)) + rest


def test_a_changed_byte_anywhere_takes_nothing_in(pair: Pair) -> None:
    """One bit in each of 150 places all over the file, its headers, paddings and end among them."""
    whole = pair.export().read_bytes()
    file = pair.folder / "changed.bundle"
    for place in (*range(0, 512, 16), *range(512, len(whole), len(whole) // 120), len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1 << (place % 8)
        file.write_bytes(bytes(changed))
        with pytest.raises((Tampered, Invalid)):
            pair.take(file)
    assert pair.inside.held() == {}


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_bundle_that_was_cut_is_refused(pair: Pair, part: float) -> None:
    file = pair.export()
    whole = file.read_bytes()
    cut = pair.folder / "cut.bundle"
    cut.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises((Tampered, Invalid)):
        pair.take(cut)
    assert pair.inside.held() == {}


def test_a_member_more_than_the_list_names_is_refused(pair: Pair) -> None:
    whole = pair.export().read_bytes()
    more = whole[: -len(ustar.END)] + ustar.header("feeds/extra", 1) + b"x" + ustar.padding(1) + ustar.END
    file = pair.folder / "more.bundle"
    file.write_bytes(more)
    with pytest.raises(Tampered, match="does not name"):
        pair.take(file)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_links_folders_and_devices_are_no_bundle(tmp_path: Path, kind: bytes) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo(LIST)
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(Invalid, match="no bundle"):
        ustar.read_header(made.getvalue()[:512])


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "feeds/../x", "a/b/c", ".hidden", "x" * 120, "a\nb"])
def test_a_name_that_leads_elsewhere_is_no_member(name: str) -> None:
    made = tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT)[:512]
    with pytest.raises(Invalid):
        ustar.read_header(made)


@given(st.from_regex(r"[a-z][a-z0-9.]{0,20}(/[a-z0-9]{1,20})?", fullmatch=True), st.integers(0, ustar.LARGEST))
def test_a_header_is_read_back_as_it_was_written(name: str, size: int) -> None:
    block = ustar.header(name, size)
    assert len(block) == 512
    assert ustar.read_header(block) == (name, size)
    info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    assert (info.name, info.size) == (name, size)


def test_mirrors_without_bytes_are_named_and_nothing_at_all_is_no_bundle(pair: Pair, tmp_path: Path) -> None:
    mirrors.take_in(pair.out.machines.store, epss_gz(0.9, day="2026-11-22"), at=START)
    made = side(pair.out).export(tmp_path / "a.bundle", pair.key, at=START, host="Outside")
    assert made.left_out == ("FIRST EPSS",)
    with mirroring(tmp_path / "empty") as empty, pytest.raises(Conflict, match="bytes are kept"):
        side(empty).export(tmp_path / "b.bundle", pair.key, at=START, host="Outside")


def test_a_file_is_never_written_over_and_a_missing_one_is_missing(pair: Pair) -> None:
    file = pair.export()
    with pytest.raises(Conflict, match="name a new file"):
        side(pair.out).export(file, pair.key, at=START, host="Outside")
    with pytest.raises(Missing):
        pair.take(pair.folder / "none.bundle")


def test_rules_of_another_release_are_laid_aside_and_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    own = air_gap.shipped_rules()
    file = pair.export()
    monkeypatch.setattr(air_gap, "shipped_rules", lambda: own | {"us.cisa.bod-26-04.yaml": b"another version"})
    took = side(pair.inside).take(file, [pair.key.public], at=START)
    assert took.rules == ("us.cisa.bod-26-04.yaml",)
    (kept,) = (pair.inside.machines.kept.folder / air_gap.OTHER).iterdir()
    assert kept.read_bytes() == own["us.cisa.bod-26-04.yaml"]


def test_a_feed_that_is_not_what_its_list_says_fails_alone(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer's mistake, not a stranger's: scores listed as a catalogue. The other feed is taken in all the same."""
    monkeypatch.setattr(air_gap, "form_of", lambda data: "KEV catalogue")
    monkeypatch.setattr(
        Bundles,
        "_feed",
        lambda self, mirror, data, *, carried: bundle_list.Feed(
            source=mirror.source,
            form="KEV catalogue",
            ecosystem="",
            sha256=mirror.digest,
            bytes=len(data),
            as_of=mirror.as_of,
            fetched_at=mirror.fetched_at,
            confirmed_at=mirror.confirmed_at,
            limit_days=7.0,
            carried=carried,
        ),
    )
    file = pair.export()
    assert pair.take(file) == {"CISA KEV": "taken", "FIRST EPSS": "failed"}
    assert pair.take(file) == {"CISA KEV": "kept", "FIRST EPSS": "failed"}
