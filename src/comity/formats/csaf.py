"""CSAF 2.0 security advisory: read (also as reports, one per vulnerability), written from our advisories.

Labels: CSAF 2.0 knows TLP 1 only. CLEAR is written WHITE; AMBER+STRICT is written RED with `TLP v2.0: TLP:AMBER+STRICT`
in `distribution.text`, which the 2.1 converter rule reads back; nothing is ever weakened. What the standard fields
cannot carry stands in `x_comity`. `check` covers what reading needs, the schema of OASIS and all mandatory tests
(`csaf_rules`).
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import (
    csaf_notes,
    csaf_read,
    csaf_tree,
    cvss,
    cwe,
    findings,
    leftovers,
    parse,
    pointers,
    residue,
    schema,
    times,
)
from comity.formats.codec import Reading
from comity.formats.csaf_read import (
    CATEGORY,
    CREDITS,
    CVE,
    GENERATOR,
    NAME,
    PUBLISHERS,
    REFERENCES,
    REMEDIES,
    STRICT,
    advisory_of,
    id_json,
)
from comity.formats.csaf_rules import mandatory
from comity.formats.node import URL
from comity.formats.parse import LIMITS, Json, Limits
from comity.model.advisory import Advisory, Publisher, Revision
from comity.model.handling import Tlp
from comity.model.report import Finding

MEDIA_TYPE: Final = "application/csaf+json"
LABELS: Final = {
    Tlp.CLEAR: "WHITE",
    Tlp.GREEN: "GREEN",
    Tlp.AMBER: "AMBER",
    Tlp.AMBER_STRICT: "RED",
    Tlp.RED: "RED",
}
_CREDIT_OF: Final = {kind: word for word, kind in CREDITS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Csaf:
    """Codec of CSAF 2.0 documents as advisories. A document about several weaknesses reads as its first one; the
    others stay whole among the leftovers and are named as related."""

    limits: Limits = LIMITS
    name: str = NAME
    media_type: str = MEDIA_TYPE

    def read(self, data: bytes) -> Advisory:
        """The document as an advisory; `Invalid` with every violation."""
        return advisory_of(parse.decode(data, self.limits))

    def write(self, advisory: Advisory) -> bytes:
        """A security advisory that passes the mandatory tests; `Invalid` when it has no publisher."""
        return parse.encode(document_of(advisory))

    def check(self, data: bytes) -> tuple[Problem, ...]:
        """What reading needs, the schema of CSAF 2.0 and its mandatory tests."""
        try:
            document = parse.decode(data, self.limits)
            advisory_of(document)
        except Invalid as error:
            return error.problems
        return (*schema.check(document, "csaf-2.0"), *mandatory.check(document))

    def file_name(self, advisory: Advisory) -> str:
        """CSAF 2.0 section 5.1."""
        return file_name(advisory.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsafReport:
    """Reads a CSAF document that somebody sends as reports: one finding per vulnerability."""

    limits: Limits = LIMITS
    name: str = NAME
    media_type: str = MEDIA_TYPE

    def recognises(self, document: Json) -> bool:
        """True for an object whose `document` says a CSAF version."""
        head = document.get("document") if isinstance(document, dict) else None
        return isinstance(head, dict) and "csaf_version" in head

    def read(self, data: bytes) -> Reading:
        """One finding per vulnerability; `Invalid` with every violation."""
        return self.read_document(parse.decode(data, self.limits))

    def read_document(self, document: Json) -> Reading:
        """As `read`, for a parsed document."""
        return Reading(findings=tuple(_finding(advisory) for advisory in csaf_read.each(document, self.limits.batch)))


def file_name(tracking_id: str) -> str:
    """CSAF 2.0 section 5.1: the tracking id in lower case, each run outside `[+\\-a-z0-9]` one `_`, then `.json`."""
    return re.sub(r"[^+\-a-z0-9]+", "_", tracking_id.lower()) + ".json"


def document_of(advisory: Advisory) -> dict[str, Json]:
    """The document as JSON values."""
    if advisory.publisher is None or not advisory.publisher.name or not URL.match(advisory.publisher.namespace):
        raise Invalid(
            "CSAF needs to know who publishes",
            [Problem("/publisher", "missing_field", "a name and an http(s) namespace are required")],
        )
    advisory = residue.public(advisory)
    document = _written(advisory, keep_tree=True)
    if advisory_of(document).affected != advisory.affected:
        document = _written(advisory, keep_tree=False)
    rest = residue.of(advisory, advisory_of(document))
    if rest:
        document["x_comity"] = rest
    return document


def _written(advisory: Advisory, *, keep_tree: bool) -> dict[str, Json]:
    mine = [u for u in residue.restorable(advisory.unknown, "/x_comity") if u.format == NAME]
    places = {u.pointer for u in mine}
    head = _head(advisory)
    tracking = head.pop("tracking")
    head = _without(head, "/document", places)
    head["tracking"] = _without(tracking if isinstance(tracking, dict) else {}, "/document/tracking", places)
    vulnerability: dict[str, Json] = {}
    document: dict[str, Json] = {"document": head, "vulnerabilities": [vulnerability]}
    if keep_tree:
        trees = [u for u in mine if u.pointer in ("/product_tree", "/vulnerabilities/0/product_status")]
        leftovers.restore(document, trees, NAME)
        mine = [u for u in mine if u not in trees]
    tree = csaf_tree.write(advisory.affected)
    document.setdefault("product_tree", tree.product_tree)
    status = vulnerability.setdefault("product_status", tree.status)
    kept = "".join(u.json for u in mine)
    vulnerability.update(
        _vulnerability(advisory, csaf_tree.status_ids(status if isinstance(status, dict) else {}), kept)
    )
    for key in vulnerability.keys() - {"product_status"}:
        if f"/vulnerabilities/0/{key}" in places:
            del vulnerability[key]
    leftovers.restore(document, mine, NAME)
    return document


def _without(fields: dict[str, Json], pointer: str, places: set[str]) -> dict[str, Json]:
    """The fields that no kept one of the source document stands in for."""
    return {key: value for key, value in fields.items() if pointers.join(pointer, key) not in places}


def _head(advisory: Advisory) -> dict[str, Json]:
    publisher = advisory.publisher or Publisher(name="", namespace="")
    revisions = sorted(advisory.revisions, key=lambda r: r.at) or [
        Revision(number="1", at=advisory.modified_at, summary="First publication.")
    ]
    distribution: dict[str, Json] = {"tlp": {"label": LABELS[advisory.handling.tlp]}}
    if advisory.handling.tlp is Tlp.AMBER_STRICT:
        distribution["text"] = STRICT
    return {
        "category": CATEGORY,
        "csaf_version": "2.0",
        "title": advisory.title or advisory.id,
        "lang": "en",
        "publisher": {
            "category": publisher.category if publisher.category in PUBLISHERS else "other",
            "name": publisher.name,
            "namespace": publisher.namespace,
        },
        "distribution": distribution,
        "tracking": {
            "id": advisory.id,
            "status": "final" if advisory.published_at else "draft",
            "version": str(len(revisions)),
            "initial_release_date": times.write(advisory.published_at or advisory.modified_at),
            "current_release_date": times.write(advisory.modified_at),
            "revision_history": [
                {"date": times.write(r.at), "number": str(number), "summary": r.summary or "Changed."}
                for number, r in enumerate(revisions, start=1)
            ],
            "generator": GENERATOR,
        },
    }


def _vulnerability(advisory: Advisory, ids: list[Json], kept: str) -> dict[str, Json]:
    """The vulnerability's own fields. What a kept element already states is not written twice."""
    others = [one for one in advisory.aliases if one != _cve(advisory)]
    named = [one for one in advisory.cwes if cwe.name(one)][:1]
    stated: dict[str, Json] = {
        "cve": _cve(advisory),
        "cwe": {"id": named[0], "name": cwe.name(named[0])} if named else None,
        "ids": [id_json(one) for one in dict.fromkeys(others) if one],
        "notes": csaf_notes.write(advisory),
        "scores": [
            {"products": ids, key: cvss.as_json(severity)}
            for key, severity in csaf_notes.scorable(advisory.severities).items()
            if f'"{severity.vector}"' not in kept
        ],
        "remediations": [
            {"category": category, "details": getattr(advisory, name), "product_ids": ids}
            for category, name in REMEDIES.items()
            if getattr(advisory, name) and parse.compact(getattr(advisory, name)) not in kept
        ],
        "references": [
            {"category": "external", "summary": REFERENCES.get(r.kind, "Web reference"), "url": r.url}
            for r in advisory.references
            if URL.match(r.url)
        ],
        "acknowledgments": [
            {"names": [credit.name], "summary": _CREDIT_OF[credit.kind]}
            for credit in advisory.credits
            if credit.name and parse.compact(credit.name) not in kept
        ],
    }
    return {key: value for key, value in stated.items() if value}


def _cve(advisory: Advisory) -> str:
    return next((one for one in (advisory.id, *advisory.aliases) if CVE.match(one)), "")


def _finding(advisory: Advisory) -> Finding:
    """The document's id names the document, not one weakness: it is no alias. Handling stays the intake default."""
    finding = findings.of(advisory)
    return replace(finding, aliases=advisory.aliases if not CVE.match(advisory.id) else finding.aliases)
