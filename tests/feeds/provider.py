"""A CSAF provider on loopback, made by what Comity itself shows as one: metadata, ROLIE feed, change list, hashes."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from comity.formats import csaf_provider
from comity.formats.csaf import Csaf
from comity.formats.csaf_provider import FIRST, About, Entry
from comity.model.advisory import Advisory, Publisher, Revision
from comity.model.ids import AdvisoryId
from comity.model.product import Affected
from comity.sealing.openpgp import OpenPgp
from tests.feeds.upstream import File

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


def advisory(number: int, *, at: datetime = AT, title: str = "A flaw") -> Advisory:
    """One advisory about a package of PyPI, as a vendor would publish it."""
    return Advisory(
        id=AdvisoryId(f"EX-2026-{number}"),
        title=title,
        summary="A flaw in the reader.",
        modified_at=at,
        published_at=AT,
        aliases=(f"CVE-2026-{7000 + number}",),
        publisher=Publisher(name="Example Vendor", namespace="https://vendor.example", category="vendor"),
        revisions=(Revision(number="1", at=at, summary="First."),),
        affected=(Affected(ecosystem="PyPI", name=f"example-{number}", versions=("1.0",)),),
    )


def pages(
    base: str,
    advisories: Sequence[Advisory],
    *,
    key: OpenPgp | None = None,
    rolie: bool = True,
) -> dict[str, File]:
    """Everything that a provider at `base` serves."""
    about = About(
        base=base,
        publisher="Example Vendor",
        namespace="https://vendor.example",
        fingerprint=key.fingerprint if key else "",
        listed=True,
    )
    entries, files = [], {}
    for one in advisories:
        data = Csaf().write(one)
        path = f"{AT.year}/{Csaf().file_name(one)}"
        entries.append(
            Entry(id=one.id, title=one.title, summary=one.summary, path=path, published=AT, updated=one.modified_at)
        )
        files[f"/csaf/white/{path}"] = data
        for suffix in csaf_provider.HASHES:
            files[f"/csaf/white/{path}{suffix}"] = csaf_provider.hash_file(suffix, data, path.rpartition("/")[2])
        if key is not None:
            files[f"/csaf/white/{path}.asc"] = key.sign(data)
    described = json.loads(csaf_provider.metadata(about, FIRST, updated=AT))
    if not rolie:
        described["distributions"] = [{"directory_url": f"{base}/csaf/white/"}]
    files |= {
        "/.well-known/csaf/provider-metadata.json": json.dumps(described).encode(),
        "/csaf/white/csaf-feed-tlp-white.json": csaf_provider.feed(about, FIRST, "white", entries, updated=AT),
        "/csaf/white/changes.csv": csaf_provider.changes(FIRST, entries),
        "/csaf/white/index.txt": csaf_provider.index(entries),
    }
    if key is not None:
        files[f"/csaf/openpgp/{key.fingerprint}.asc"] = key.public
    return {path: File(data) for path, data in files.items()}


def documents(asked: Sequence[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Which documents were asked for, by file name."""
    return sorted({path.rpartition("/")[2] for path, _ in asked if path.endswith(".json") and "/2026/" in path})
