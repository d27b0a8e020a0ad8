"""Which releases a mirror of a distribution names: its own, whole words, on both engines."""

from datetime import UTC, datetime

from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId, digest
from comity.store import mirrored
from comity.store.engine import Store

AT = datetime(2026, 11, 22, tzinfo=UTC)


def advisory(number: int) -> Advisory:
    return Advisory(id=AdvisoryId(f"X-{number}"), title="x", summary="", modified_at=AT, published_at=AT)


def test_the_releases_of_a_mirror_are_those_of_its_own_records_and_of_one_family(store: Store) -> None:
    with store.write() as tx:
        for source, named in {
            "OSV Debian": ("debian:11", "debian:12", "debian", "debian_x:1"),
            "OSV Alpine": ("alpine:v3.20",),
            "CSAF somebody": ("debian:99", "zypp:1"),
            "OSV PyPI": ("pypi",),
        }.items():
            mirrored.replace_advisories(
                tx,
                source,
                [(advisory(n), frozenset({(one, "bash")})) for n, one in enumerate(named)],
                as_of=AT,
                fetched_at=AT,
                digest=digest(b"x"),
            )
    with store.read() as tx:
        assert mirrored.releases(tx, "OSV Debian", "debian") == {"debian:11", "debian:12"}
        assert mirrored.releases(tx, "OSV Alpine", "alpine") == {"alpine:v3.20"}
        assert mirrored.releases(tx, "OSV PyPI", "pypi") == frozenset()


def test_an_empty_store_names_no_release(store: Store) -> None:
    with store.read() as tx:
        assert mirrored.releases(tx, "OSV Debian", "debian") == frozenset()
