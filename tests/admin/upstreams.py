"""What real upstreams serve, built from the real data in the forms they serve it in; and a host that mirrors them."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from comity.admin import flow_mirrors
from comity.admin.flow_mirrors import Machines
from comity.feeds import sources
from comity.sealing import openpgp
from comity.settings import Settings
from comity.store import engine, journal
from comity.store.crypt import MasterKey
from comity.store.mirror_checks import Check
from comity.store.upstream import Mirror
from comity.store.upstream import all_mirrors as mirrors_of
from tests.admin.hosts import Clock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def kev(*days: int, released: datetime = START - timedelta(days=1)) -> bytes:
    """A catalogue with one entry a number, in the shape of CISA's."""
    entries = [
        {
            "cveID": f"CVE-2026-{1000 + number}",
            "vendorProject": "Example",
            "product": f"Product {number}",
            "vulnerabilityName": "Example flaw",
            "dateAdded": "2026-11-01",
            "shortDescription": "A flaw.",
            "requiredAction": "Apply the update.",
            "dueDate": "2026-11-22",
            "knownRansomwareCampaignUse": "Unknown",
        }
        for number in days
    ]
    document = {"dateReleased": released.isoformat().replace("+00:00", "Z"), "count": len(entries)}
    return json.dumps(document | {"vulnerabilities": entries}).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files, packed as upstream packs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def lines(corpora: Path, name: str, most: int) -> list[dict[str, Any]]:
    """The first records of a corpus."""
    with gzip.open(corpora / name, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in islice(file, most)]


def osv_zip(corpora: Path, most: int = 60) -> bytes:
    """PyPA's advisories (CC-BY-4.0, github.com/pypa/advisory-database) as OSV's `PyPI/all.zip`."""
    records = lines(corpora, "advisories/pypa.jsonl.gz", most)
    return zipped({f"{one['id']}.json": json.dumps(one).encode() for one in records})


def osv(modified: datetime, *numbers: int) -> bytes:
    """Made records of one ecosystem, as lines."""
    at = modified.isoformat().replace("+00:00", "Z")
    return b"\n".join(
        json.dumps(
            {
                "id": f"EX-{number}",
                "modified": at,
                "affected": [{"package": {"ecosystem": "PyPI", "name": f"example-{number}"}, "versions": ["1.0"]}],
            }
        ).encode()
        for number in numbers or (1, 2)
    )


def cve_zip(corpora: Path, most: int = 40) -> bytes:
    """CVE records (CC0, github.com/cisagov/vulnrichment) as the archive of that repository, notes and all."""
    records = lines(corpora, "upstream/cve-records-sample.jsonl.gz", most)
    files = {"vulnrichment-develop/README.md": b"# Vulnrichment", "vulnrichment-develop/.github/x.json": b"{}"}
    for one in records:
        name = one["cveMetadata"]["cveId"]
        files[f"vulnrichment-develop/{name[4:8]}/{name[9:-3]}xxx/{name}.json"] = json.dumps(one).encode()
    return zipped(files)


def epss_gz(*scores: float, day: str = "2026-11-21") -> bytes:
    """FIRST's daily file in its own shape."""
    rows = [f"CVE-2026-{1000 + place},{score:.5f},{score:.5f}" for place, score in enumerate(scores)]
    head = f"#model_version:v2026.03.14,score_date:{day}T00:00:00+0000"
    return gzip.compress("\n".join([head, "cve,epss,percentile", *rows]).encode())


@dataclass
class Mirroring:
    """A host that mirrors, and what a test asks of it."""

    machines: Machines
    clock: Clock = field(default_factory=Clock)

    def look(self, name: str) -> Check:
        """Look at one mirror now."""
        return flow_mirrors.look(self.machines, sources.named(self.machines.wanted, name))

    def held(self) -> dict[str, Mirror]:
        """Every mirror by source."""
        with self.machines.store.read() as tx:
            return {one.source: one for one in mirrors_of(tx)}

    def told(self) -> list[dict[str, str]]:
        """The facts of every journal entry about a mirror."""
        with self.machines.store.read() as tx:
            return [dict(one.event.facts) for one in journal.after(tx, 0) if one.event.kind == "mirror.updated"]

    def set(self, **settings: Any) -> None:
        """Change settings as a restart would."""
        self.machines = replace(self.machines, settings=replace(self.machines.settings, **settings))


@contextmanager
def mirroring(folder: Path, *wanted: str, **settings: Any) -> Iterator[Mirroring]:
    """A host that keeps these mirrors, on a fresh store."""
    clock = Clock()
    held = Settings(data=folder / "data", keys=folder / "keys", mirrors=", ".join(wanted), fetch_private=True)
    held = replace(held, **settings)
    store = engine.open(held, MasterKey(b"k" * 32))
    try:
        yield Mirroring(Machines(store=store, settings=held, now=clock, check=openpgp.signer_of), clock)
    finally:
        store.close()


def of(names: Sequence[str], address: str) -> list[str]:
    """Settings that lead to a loopback upstream: `kev` becomes `kev=ADDRESS/kev`."""
    return [f"{name}={address}/{name.replace(':', '-')}" for name in names]
