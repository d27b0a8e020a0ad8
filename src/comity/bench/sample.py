"""Objects and advisories that benches and suites share: made by number, each saying that it is a sample."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

from comity.formats.stix_marks import TLP_IDS
from comity.model.advisory import Advisory
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId
from comity.model.product import Affected

SPACE: Final = uuid.UUID("5a1e0000-0000-4000-8000-000000000000")
AT: Final = datetime(2026, 1, 2, tzinfo=UTC)


def vulnerability(number: int, *, tlp: Tlp = Tlp.CLEAR) -> dict[str, Any]:
    """A STIX object of about half a kilobyte."""
    return {
        "type": "vulnerability",
        "spec_version": "2.1",
        "id": f"vulnerability--{uuid.uuid5(SPACE, f'sample {number}')}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-02T00:00:00.000Z",
        "name": f"Sample weakness {number}",
        "description": f"A sample made for a measurement, number {number}: it describes nothing that exists anywhere.",
        "object_marking_refs": [TLP_IDS[tlp]],
    }


def advisory_id(number: int) -> AdvisoryId:
    """The id of a sample advisory."""
    return AdvisoryId(f"SAMPLE-2026-{number:04d}")


def advisory(number: int, *, tlp: Tlp = Tlp.CLEAR) -> Advisory:
    """An advisory, published."""
    return Advisory(
        id=advisory_id(number),
        title=f"Sample advisory {number}",
        summary=f"A sample made for a measurement, number {number}.",
        details="It describes nothing that exists anywhere.",
        published_at=AT,
        modified_at=AT,
        affected=(Affected(purl=f"pkg:generic/sample-{number}", versions=("1.0",)),),
        remediation="Update to version 1.1 or later.",
        evidence="Not validated: a sample.",
        handling=Handling(tlp=tlp, no_equities_use=tlp is not Tlp.CLEAR),
    )
