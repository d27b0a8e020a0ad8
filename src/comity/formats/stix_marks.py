"""Markings of STIX 2.1 objects: TLP 2.0 by the ids that OASIS fixed, TLP 1.0 as it is read, and statements.

TLP 2.0 in STIX 2.1 is an extension of marking-definition with fixed ids and one creation time (OASIS, 1 October 2022).
TLP 1.0 markings (STIX 2.1 section 7.2.1.4) are read into the equal label of TLP 2.0, never written.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from comity.model.handling import Tlp

SPACE: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1 section 2.9 fixes for ids made from content."""
EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_IDS: Final[Mapping[Tlp, str]] = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
LABELS: Final[Mapping[str, Tlp]] = {id_: tlp for tlp, id_ in TLP_IDS.items()} | {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
"""Every marking id that means a label; the last four are TLP 1.0 (WHITE, GREEN, AMBER, RED)."""
MARKED_AT: Final = "2022-10-01T00:00:00.000Z"


def tlp(label: Tlp) -> dict[str, Any]:
    """The marking of a label."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[label],
        "created": MARKED_AT,
        "name": label.label,
        "extensions": {
            EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": label.name.lower().replace("_", "+"),
            }
        },
    }


def statement(text: str) -> dict[str, Any]:
    """A marking that says something in words; equal words have the same id."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": made_id("marking-definition", f"statement {text}"),
        "created": MARKED_AT,
        "definition_type": "statement",
        "definition": {"statement": text},
    }


def label_of(one: Mapping[str, Any]) -> Tlp | None:
    """The strictest label that an object or any part of it carries; None when it carries none."""
    found = [LABELS[ref] for ref in _marks(one) if ref in LABELS]
    return max(found) if found else None


def made_id(kind: str, unique: str) -> str:
    """An id that follows from what the object is (UUID version 5)."""
    return f"{kind}--{uuid.uuid5(SPACE, f'{kind} {unique}')}"


def moment(at: datetime) -> str:
    """STIX wants UTC with Z; three decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def encode(one: Mapping[str, Any]) -> bytes:
    """One object as the bytes that are served: the same object gives the same bytes."""
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _marks(one: Mapping[str, Any]) -> Iterator[str]:
    refs = one.get("object_marking_refs")
    if isinstance(refs, list):
        yield from (ref for ref in refs if isinstance(ref, str))
    parts = one.get("granular_markings")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and isinstance(part.get("marking_ref"), str):
            yield part["marking_ref"]
