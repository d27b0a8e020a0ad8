"""Write a public brief as a STIX 2.1 bundle: a report, the weaknesses it names, who publishes, and TLP:CLEAR.

Only what a brief states goes in: an indicator that a text mentions is none here until a person makes it one. Ids follow
from the brief (UUID version 5, STIX 2.1 section 2.9), so the same brief gives the same bytes.
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from comity.model.brief import Published

SPACE: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace that STIX 2.1 section 2.9 fixes for ids made from content."""
CLEAR: Final = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"
"""TLP:CLEAR, by the id that OASIS gave it (TLP 2.0 marking extension)."""
_TLP: Final = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": CLEAR,
    "created": "2022-10-01T00:00:00.000Z",
    "name": "TLP:CLEAR",
    "extensions": {
        "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
            "extension_type": "property-extension",
            "tlp_2_0": "clear",
        }
    },
}


def write(public: Published, *, namespace: str) -> bytes:
    """The bundle. A withdrawn brief is a revoked report without words."""
    named = list(dict.fromkeys(one.value for one in public.entities if one.kind == "cve"))
    identity = _object("identity", namespace, public, name=public.publisher, identity_class="organization")
    weaknesses = [
        _object(
            "vulnerability",
            f"{namespace} {name}",
            public,
            name=name,
            external_references=[{"source_name": "cve", "external_id": name}],
        )
        for name in named
    ]
    gone = public.tombstone is not None
    words = public.tombstone.reason if public.tombstone is not None else " ".join(one.text for one in public.lines)
    report = _object(
        "report",
        f"{namespace} {public.id}",
        public,
        name=f"Withdrawn: {public.title}" if gone else public.title,
        description=f"{public.label}\n\n{words}",
        published=_moment(public.published_at),
        report_types=["vulnerability"] if weaknesses else ["threat-report"],
        labels=[public.class_primary, f"review:{public.review_state}", f"origin:{public.origin}"],
        lang=public.language,
        revoked=gone,
        created_by_ref=identity["id"],
        object_refs=[one["id"] for one in weaknesses] or [identity["id"]],
        external_references=[
            {"source_name": public.publisher, "url": public.url, "description": public.mark or "text by a person"},
            *({"source_name": one.name, "url": one.url} for one in public.provenance.sources),
        ],
    )
    bundle = {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid5(SPACE, f'{namespace} {public.id} {public.version} {public.modified_at}')}",
        "objects": [_TLP, identity, *weaknesses, report],
    }
    return json.dumps(bundle, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _object(kind: str, unique: str, public: Published, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(SPACE, f'{kind} {unique}')}",
        "created": _moment(public.published_at),
        "modified": _moment(public.modified_at),
        "object_marking_refs": [CLEAR],
        **fields,
    }


def _moment(at: datetime) -> str:
    """STIX wants UTC with Z; three decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
