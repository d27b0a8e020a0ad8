"""Write a public brief as a STIX 2.1 bundle: a report, the weaknesses it names, who publishes, and TLP:CLEAR.

Only what a brief states goes in: an indicator that a text mentions is none here until a person makes it one. Ids follow
from the brief (UUID version 5, STIX 2.1 section 2.9), so the same brief gives the same bytes.
"""

import json
import uuid
from typing import Any, Final

from comity.formats import stix_marks
from comity.formats.stix_marks import SPACE, moment
from comity.model.brief import Published
from comity.model.handling import Tlp

CLEAR: Final = stix_marks.TLP_IDS[Tlp.CLEAR]


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
        published=moment(public.published_at),
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
        "objects": [stix_marks.tlp(Tlp.CLEAR), identity, *weaknesses, report],
    }
    return json.dumps(bundle, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _object(kind: str, unique: str, public: Published, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.uuid5(SPACE, f'{kind} {unique}')}",
        "created": moment(public.published_at),
        "modified": moment(public.modified_at),
        "object_marking_refs": [CLEAR],
        **fields,
    }
