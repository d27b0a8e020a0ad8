"""CycloneDX 1.6 VEX, written: components by purl, and what was said about each in `vulnerabilities`.

Source: the CycloneDX 1.6 JSON schema. The document is read by the reader of CycloneDX inventories, whose statements it
gives back. CISA's justifications go to CycloneDX's nearest word, and come back in it; the exact one stands beside it as
a property.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from comity.formats import parse, times, vex
from comity.formats.parse import Json
from comity.model.inventory import Vex, VexStatus

NAME: Final = "cyclonedx-vex"
MEDIA_TYPE: Final = "application/vnd.cyclonedx+json"
_STATE: Final = {
    VexStatus.NOT_AFFECTED: "not_affected",
    VexStatus.AFFECTED: "exploitable",
    VexStatus.FIXED: "resolved",
    VexStatus.UNDER_INVESTIGATION: "in_triage",
}
_STATUS: Final = {
    VexStatus.NOT_AFFECTED: "unaffected",
    VexStatus.FIXED: "unaffected",
    VexStatus.AFFECTED: "affected",
    VexStatus.UNDER_INVESTIGATION: "unknown",
}


def write(statements: Sequence[Vex], *, at: datetime) -> bytes:
    """One document. ValueError for statements of no or several authors; Invalid for a product without a purl."""
    author = vex.one_author(statements)
    components: dict[str, Json] = {}
    listed: list[Json] = []
    for statement in statements:
        reference = vex.product(statement)
        components.setdefault(reference, _component(statement, reference))
        listed.append(_vulnerability(statement, reference))
    serial = uuid.uuid5(uuid.NAMESPACE_URL, parse.compact([author, times.write(at), listed]))
    return parse.encode(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}",
            "version": 1,
            "metadata": {"timestamp": times.write(at), "authors": [{"name": author}]},
            "components": list(components.values()),
            "vulnerabilities": listed,
        }
    )


def _component(one: Vex, reference: str) -> Json:
    component: dict[str, Json] = {"type": "library", "bom-ref": reference, "name": one.name, "purl": reference}
    if one.version:
        component["version"] = one.version
    return component


def _vulnerability(one: Vex, reference: str) -> Json:
    analysis: dict[str, Json] = {"state": _STATE[one.status], "lastUpdated": times.write(one.said_at)}
    word = vex.CYCLONEDX.get(one.justification, one.justification if one.justification in vex.CISA else "")
    if word and one.status is VexStatus.NOT_AFFECTED:
        analysis["justification"] = word
    if one.detail:
        analysis["detail"] = one.detail
    target: dict[str, Json] = {"ref": reference}
    if one.version or one.versions:
        named = {"version": one.version} if one.version else {"range": one.versions}
        target["versions"] = [{**named, "status": _STATUS[one.status]}]
    kept = {"comity:justification": one.justification if word != one.justification else ""}
    kept["comity:lapses"] = times.write(one.expires_at) if one.expires_at else ""
    properties: list[Json] = [{"name": name, "value": value} for name, value in kept.items() if value]
    return {
        "bom-ref": f"{one.vulnerability}@{reference}{one.versions}",
        "id": one.vulnerability,
        "updated": times.write(one.said_at),
        "analysis": analysis,
        "affects": [target],
        **({"properties": properties} if properties else {}),
    }
