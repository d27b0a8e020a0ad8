"""CVE record 5.x, CNA container: read as advisory, written from ours, checked against the shipped schema.

The schema version is data (`VERSION`, `schema.FILES`). A record needs a reserved CVE id: an advisory without one, one
that is not CLEAR, and a withdrawn one (a rejected record, which only the assigning CNA writes) cannot be written. A
host that is no CNA has no organisation id; it writes one that says so (`UNREGISTERED`). What the container has no
field for stands under `x_comity`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import ai, cve_affected, cvss, cwe, leftovers, parse, pointers, residue, schema, times
from comity.formats.node import URL, Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.formats.report import CWE
from comity.model.advisory import Advisory, Credit, CreditKind
from comity.model.handling import Tlp
from comity.model.ids import AdvisoryId, digest
from comity.model.report import Provenance, Reference, Unknown
from comity.model.severity import CvssVersion, Severity

NAME: Final = "cve"
VERSION: Final = "5.1"
UNREGISTERED: Final = "00000000-0000-4000-8000-"
"""First part of the organisation id of a host that is no CNA; the rest is drawn from its publisher namespace."""
LONGEST: Final = 4096
"""Characters in one description (the schema's limit)."""

CVE_ID: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z", re.ASCII)
_CNA: Final = "/containers/cna"
_RESIDUE: Final = f"{_CNA}/x_comity/residue"
_GCVE: Final = "x_gcve"
_AI: Final = "bcp-05-x-01"
_OWN: Final = ("summary", "evidence", "approved_by")
_METRICS: Final = {
    "cvssV4_0": CvssVersion.V4,
    "cvssV3_1": CvssVersion.V3_1,
    "cvssV3_0": CvssVersion.V3_0,
    "cvssV2_0": CvssVersion.V2,
}
_METRIC_OF: Final = {version: key for key, version in _METRICS.items()}
_DATES: Final = ("dateUpdated", "dateRejected", "datePublished", "dateReserved")
"""Where a record without a date of its container may still say when it changed."""
_CREDITS: Final = {str(kind).lower().replace("_", " "): kind for kind in CreditKind}
_TAGS: Final = {
    "FIX": "patch",
    "ADVISORY": "vendor-advisory",
    "ARTICLE": "technical-description",
    "REPORT": "issue-tracking",
    "DISCUSSION": "mailing-list",
    "PACKAGE": "product",
    "EVIDENCE": "exploit",
}
_KINDS: Final = {tag: kind for kind, tag in _TAGS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cve:
    """Codec of CVE records. `org_id` is the host's CNA organisation id (a version 4 UUID), "" when it is no CNA."""

    org_id: str = ""
    short_name: str = ""
    limits: Limits = LIMITS
    name: str = NAME
    media_type: str = "application/vnd.cve+json"

    def read(self, data: bytes) -> Advisory:
        """The record as an advisory (a rejected one comes back withdrawn); `Invalid` with every violation."""
        return _advisory(parse.decode(data, self.limits))

    def write(self, advisory: Advisory) -> bytes:
        """A published CVE record that the schema accepts; `Invalid` where the record format cannot say it."""
        return parse.encode(self.document_of(advisory))

    def check(self, data: bytes) -> tuple[Problem, ...]:
        """Violations of the shipped schema."""
        try:
            document = parse.decode(data, self.limits)
        except Invalid as error:
            return error.problems
        metadata = document.get("cveMetadata") if isinstance(document, dict) else None
        rejected = isinstance(metadata, dict) and metadata.get("state") == "REJECTED"
        return schema.check(document, f"cve-{VERSION}", branch=1 if rejected else 0)

    def file_name(self, advisory: Advisory) -> str:
        """The CVE id and `.json`."""
        return f"{_cve_id(advisory) or 'CVE-unassigned'}.json"

    def document_of(self, advisory: Advisory) -> dict[str, Json]:
        """The record as JSON values."""
        problems = tuple(_not_expressible(advisory))
        if problems:
            raise Invalid("the CVE record format cannot say this advisory", problems)
        advisory = residue.public(advisory)
        provider: dict[str, Json] = {"dateUpdated": times.write(advisory.modified_at)}
        metadata: dict[str, Json] = {"cveId": _cve_id(advisory), "state": "PUBLISHED"}
        cna: dict[str, Json] = {"providerMetadata": provider, **_content(advisory)}
        record: dict[str, Json] = {
            "dataType": "CVE_RECORD",
            "dataVersion": VERSION,
            "cveMetadata": metadata,
            "containers": {"cna": cna},
        }
        leftovers.restore(record, residue.restorable(advisory.unknown, _RESIDUE), NAME)
        if self.short_name and "orgId" not in provider:
            provider["shortName"] = self.short_name
        metadata.setdefault("assignerOrgId", provider.setdefault("orgId", self.org_id or _unregistered(advisory)))
        cve_affected.settle(cna)
        rest = residue.of(advisory, _advisory(record))
        if rest:
            leftovers.restore(record, [Unknown(format=NAME, pointer=_RESIDUE, json=parse.compact(rest))], NAME)
        return record


def _content(advisory: Advisory) -> dict[str, Json]:
    """The container's own fields. A vector or weakness that a kept element already states is not written twice."""
    text = "\n\n".join(part for part in (advisory.summary, advisory.details) if part)
    kept = "".join(u.json for u in advisory.unknown if u.format == NAME)
    own: dict[str, Json] = {key: getattr(advisory, key) for key in _OWN if getattr(advisory, key)}
    is_annotated = any(u.pointer == f"{_CNA}/{_GCVE}" for u in advisory.unknown if u.format == NAME)
    optional: dict[str, Json] = {
        "title": advisory.title[:256],
        "datePublic": times.write(advisory.published_at) if advisory.published_at else "",
        "problemTypes": [_problem_type(one) for one in dict.fromkeys(advisory.cwes) if f'"{one}"' not in kept],
        "metrics": _unique(_metric(s) for s in advisory.severities if f'"{s.vector}"' not in kept),
        "solutions": _descriptions(advisory.remediation),
        "workarounds": _descriptions(advisory.workaround),
        "credits": _unique(_credit_json(credit) for credit in advisory.credits if credit.name),
        "x_comity": own,
        _GCVE: "" if is_annotated else _extended(advisory.provenance),
    }
    return {
        "descriptions": _descriptions(text or advisory.title or advisory.id),
        "affected": cve_affected.write(advisory.affected),
        "references": _references_json(advisory),
        **{key: value for key, value in optional.items() if value},
    }


def _not_expressible(advisory: Advisory) -> Iterator[Problem]:
    if advisory.handling.tlp is not Tlp.CLEAR:
        yield Problem("/handling/tlp", "handling_not_expressible", "only a CLEAR advisory can be a CVE record")
    if advisory.withdrawn_at:
        yield Problem("/withdrawn_at", "not_expressible", "a withdrawn advisory is a rejected record of its CNA")
    if not _cve_id(advisory):
        yield Problem("/aliases", "missing_cve_id", "a CVE record needs a reserved CVE id as id or alias")
    if not _references_json(advisory):
        yield Problem("/references", "missing_field", "a CVE record needs a reference or a publisher with an address")


def _unique(values: Iterable[Json]) -> list[Json]:
    """The schema refuses equal entries; the model tells them apart by what the format has no field for."""
    return list({parse.compact(value): value for value in values}.values())


def _cve_id(advisory: Advisory) -> str:
    return next((i for i in (advisory.id, *advisory.aliases) if CVE_ID.match(i)), "")


def _unregistered(advisory: Advisory) -> str:
    namespace = advisory.publisher.namespace if advisory.publisher else ""
    return UNREGISTERED + digest(namespace.encode("utf-8"))[:12]


def _descriptions(text: str) -> list[Json]:
    return [{"lang": "en", "value": text[:LONGEST]}] if text else []


def _problem_type(one: str) -> Json:
    return {
        "descriptions": [{"lang": "en", "type": "CWE", "cweId": one, "description": f"{one} {cwe.name(one)}".strip()}]
    }


def _metric(severity: Severity) -> dict[str, Json]:
    return {"format": "CVSS", _METRIC_OF[severity.version]: cvss.as_json(severity)}


def _credit_json(credit: Credit) -> Json:
    return {"lang": "en", "value": credit.name[:LONGEST], "type": str(credit.kind).lower().replace("_", " ")}


def _references_json(advisory: Advisory) -> list[Json]:
    stated = [r for r in advisory.references if URL.match(r.url) and len(r.url) <= 2048]
    if not stated and advisory.publisher and URL.match(advisory.publisher.namespace):
        stated = [Reference(url=advisory.publisher.namespace)]
    unique = {r.url: r for r in reversed(stated)}
    return [{"url": r.url, **({"tags": [_TAGS[r.kind]]} if r.kind in _TAGS else {})} for r in reversed(unique.values())]


def _advisory(document: Json) -> Advisory:
    sheet = Sheet()
    root = Node.root(document, sheet)
    root.choice("dataType", {"CVE_RECORD": True}, absent=True)
    root.text("dataVersion", required=True, line=True)
    metadata = root.child("cveMetadata") or Node({}, "/cveMetadata", sheet)
    containers = root.child("containers") or Node({}, "/containers", sheet)
    cna = containers.child("cna")
    if cna is None:
        sheet.problem("/containers/cna", "missing_field", "a record without its CNA container says nothing")
        cna = Node({}, "/containers/cna", Sheet())
    stated_id = metadata.text(
        "cveId", required=True, line=True, pattern=CVE_ID, expected="must be a CVE id, such as CVE-2026-12345"
    )
    rejected = metadata.choice("state", {"PUBLISHED": False, "REJECTED": True}, absent=False)
    provider = cna.child("providerMetadata") or Node({}, cna.at("providerMetadata"), sheet)
    updated = provider.when("dateUpdated", zone_optional=True)
    if not rejected and not metadata.has("dateUpdated"):
        _take_generated(metadata, provider)
    own = cna.child("x_comity") if isinstance(cna.peek("x_comity"), dict) else None
    texts = {key: own.text(key) if own else "" for key in _OWN}
    details = _prose(cna, "rejectedReasons" if rejected else "descriptions")
    lead = texts["summary"]
    stated = [_peeked(metadata, key) for key in _DATES]
    modified = updated or next((moment for moment in stated if moment), times.EPOCH)
    advisory = Advisory(
        id=AdvisoryId(stated_id),
        title=cna.text("title"),
        summary=lead,
        details=details.removeprefix(f"{lead}\n\n") if details != lead else "",
        published_at=cna.when("datePublic", zone_optional=True),
        modified_at=modified,
        withdrawn_at=modified if rejected else None,
        cwes=tuple(_cwes(cna)),
        affected=cve_affected.read(cna),
        severities=tuple(_severities(cna)),
        references=tuple(_references(cna)),
        credits=tuple(_credits(cna)),
        remediation=_prose(cna, "solutions"),
        workaround=_prose(cna, "workarounds"),
        provenance=Provenance(authoring=ai.from_gcve(_annotations(cna.peek(_GCVE)))),
        evidence=texts["evidence"],
        approved_by=texts["approved_by"],
    )
    rest = own.take("residue") if own else None
    sheet.settle("the record breaks the CVE record format")
    if cna.peek(_GCVE) == _extended(advisory.provenance):
        cna.take(_GCVE)
    advisory = replace(advisory, unknown=leftovers.gather(sheet, NAME))
    if own is None or rest is None:
        return advisory
    joined = residue.apply(advisory, rest)
    if joined is None:
        own.leave("residue")
        return replace(advisory, unknown=leftovers.gather(sheet, NAME))
    return joined


def _extended(provenance: Provenance) -> Json:
    annotation = ai.to_gcve(provenance.authoring)
    return [{"extensions": {_AI: {"ai_annotations": [annotation]}}}] if annotation else None


def _annotations(extended: Json) -> Json:
    """`x_gcve[].extensions["bcp-05-x-01"].ai_annotations[]` of the first entry that has any."""
    for entry in extended if isinstance(extended, list) else ():
        extensions = entry.get("extensions") if isinstance(entry, dict) else None
        block = extensions.get(_AI) if isinstance(extensions, dict) else None
        if isinstance(block, dict):
            return block.get("ai_annotations")
    return None


def _peeked(metadata: Node, key: str) -> datetime | None:
    """A date that stays among the leftovers, because writing does not make it anew."""
    return times.maybe(metadata.peek(key))


def _take_generated(metadata: Node, provider: Node) -> None:
    """Ids that writing makes anew from the host itself are no content of the advisory."""
    org = provider.peek("orgId")
    if isinstance(org, str) and metadata.peek("assignerOrgId") == org:
        provider.take("orgId")
        provider.take("shortName")
        metadata.take("assignerOrgId")


def _prose(cna: Node, key: str) -> str:
    """The first plain English text; the others stay among the leftovers."""
    found = ""
    for place, value in enumerate(cna.items(key)):
        pointer = pointers.join(cna.at(key), place)
        english = isinstance(value, dict) and str(value.get("lang")).lower().startswith("en")
        if found or not english or not isinstance(value, dict) or not isinstance(value.get("value"), str):
            cna.sheet.keep(pointer, value)
            continue
        node = Node(value, pointer, cna.sheet)
        found = node.text("value")
        if node.peek("lang") == "en":
            node.take("lang")
    return found


def _cwes(cna: Node) -> Iterator[str]:
    for place, value in enumerate(cna.items("problemTypes")):
        inner = value.get("descriptions") if isinstance(value, dict) and len(value) == 1 else None
        only = inner[0] if isinstance(inner, list) and len(inner) == 1 else None
        stated = only.get("cweId") if isinstance(only, dict) else None
        if isinstance(stated, str) and CWE.match(stated) and value == _problem_type(stated):
            yield stated
            continue
        cna.sheet.keep(pointers.join(cna.at("problemTypes"), place), value)
        if isinstance(stated, str) and CWE.match(stated):
            yield stated


def _severities(cna: Node) -> Iterator[Severity]:
    for place, value in enumerate(cna.items("metrics")):
        key = next((k for k in _METRICS if isinstance(value, dict) and k in value), "")
        inner = value.get(key) if isinstance(value, dict) else None
        vector = inner.get("vectorString") if isinstance(inner, dict) else None
        try:
            severity = cvss.read(vector) if isinstance(vector, str) else None
        except ValueError:
            severity = None
        if severity:
            yield severity
        if severity is None or value != _metric(severity):
            cna.sheet.keep(pointers.join(cna.at("metrics"), place), value)


def _references(cna: Node) -> Iterator[Reference]:
    for node in cna.children("references"):
        tags = node.peek("tags")
        kind = _KINDS.get(str(tags[0]), "") if isinstance(tags, list) and len(tags) == 1 else ""
        if kind:
            node.take("tags")
        yield Reference(url=node.text("url", required=True, line=True), kind=kind or "WEB")


def _credits(cna: Node) -> Iterator[Credit]:
    for node in cna.children("credits"):
        if node.peek("lang") == "en":
            node.take("lang")
        kind = node.choice("type", _CREDITS, absent=CreditKind.FINDER)
        yield Credit(name=node.text("value", required=True), kind=kind)
