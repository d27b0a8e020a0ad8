"""Small STIX objects and advisories that the tests of sharing use."""

import json
import uuid
from typing import Any

from comity.formats.stix_marks import TLP_IDS
from comity.model.handling import Tlp


def vulnerability(
    name: str = "CVE-2020-0001", *, tlp: Tlp | None = Tlp.CLEAR, modified: str = "2026-01-02T00:00:00.000Z", **more: Any
) -> dict[str, Any]:
    """A vulnerability object with this label; the same name has the same id."""
    marks = {} if tlp is None else {"object_marking_refs": [TLP_IDS[tlp]]}
    return {
        "type": "vulnerability",
        "spec_version": "2.1",
        "id": f"vulnerability--{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": modified,
        "name": name,
        **marks,
        **more,
    }


def envelope(*objects: Any) -> bytes:
    """The envelope that a client posts."""
    return json.dumps({"objects": list(objects)}).encode()
