"""CSAF security advisories, 2.0 and 2.1: read (also as reports, one per vulnerability), written from our advisories.

Labels: CSAF 2.0 knows TLP 1 only. CLEAR is written WHITE; AMBER+STRICT is written RED with `TLP v2.0: TLP:AMBER+STRICT`
in `distribution.text`, which the 2.1 converter rule reads back; nothing is ever weakened. What the standard fields
cannot carry stands in `x_comity`, and in 2.1, which knows no fields but its own, in an extension. `check` covers what
reading needs, the schema of OASIS and all mandatory tests (`csaf_rules`, `csaf_rules_2_1`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import (
    csaf_notes,
    csaf_profile,
    csaf_read,
    csaf_report,
    csaf_tree,
    findings,
    leftovers,
    parse,
    pointers,
    residue,
    schema,
    times,
)
from comity.formats.codec import Reading
from comity.formats.csaf_dialect import V2_0, Dialect, dialect_of
from comity.formats.csaf_profile import CATEGORY, WITHDRAWN
from comity.formats.csaf_read import CREDITS, CVE, GENERATOR, REFERENCES, REMEDIES, advisory_of, id_json
from comity.formats.csaf_rules import mandatory
from comity.formats.csaf_rules_2_1 import mandatory as mandatory_2_1
from comity.formats.node import URL
from comity.formats.parse import LIMITS, Json, Limits
from comity.model.advisory import Advisory, Publisher, Revision
from comity.model.report import Finding

MEDIA_TYPE: Final = "application/csaf+json"
_CREDIT_OF: Final = {kind: word for word, kind in CREDITS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Csaf:
    """Codec of CSAF documents as advisories. A document about several weaknesses reads as its first one; the others
    stay whole among the leftovers and are named as related. Reading goes by the version that a document names."""

    dialect: Dialect = V2_0
    limits: Limits = LIMITS

    @property
    def name(self) -> str:
        """`csaf`, or `csaf-2.1`."""
        return self.dialect.name

    @property
    def media_type(self) -> str:
        """With the version where it is not the standard's present one."""
        return MEDIA_TYPE if self.dialect.is_first else f"{MEDIA_TYPE};version={self.dialect.version}"

    def read(self, data: bytes) -> Advisory:
        """The document as an advisory; `Invalid` with every violation."""
        document = parse.decode(data, self.limits)
        return advisory_of(document, dialect_of(document))

    def write(self, advisory: Advisory) -> bytes:
        """A security advisory that passes the mandatory tests; `Invalid` when it has no publisher."""
        return parse.encode(document_of(advisory, self.dialect))

    def check(self, data: bytes) -> tuple[Problem, ...]:
        """What reading needs, the schema of this version and its mandatory tests."""
        try:
            document = parse.decode(data, self.limits)
            advisory_of(document, dialect_of(document))
        except Invalid as error:
            return error.problems
        tests = mandatory.check if self.dialect.is_first else mandatory_2_1.check
        return (*schema.check(document, f"csaf-{self.dialect.version}"), *tests(document))

    def file_name(self, advisory: Advisory) -> str:
        """CSAF section 5.1; a document of 2.1 that lies beside one of 2.0 says so before its last point."""
        return file_name(advisory.id).removesuffix(".json") + self.dialect.suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class CsafReport:
    """Reads a CSAF document that somebody sends as reports: one finding per vulnerability."""

    limits: Limits = LIMITS
    name: str = V2_0.name
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
        read = csaf_read.each(document, self.limits.batch, dialect_of(document))
        first, *others = map(_finding, read)
        return Reading(findings=(csaf_report.told(first, document), *others))


def file_name(tracking_id: str) -> str:
    """CSAF 2.0 section 5.1: the tracking id in lower case, each run outside `[+\\-a-z0-9]` one `_`, then `.json`."""
    return re.sub(r"[^+\-a-z0-9]+", "_", tracking_id.lower()) + ".json"


def document_of(advisory: Advisory, dialect: Dialect = V2_0) -> dict[str, Json]:
    """The document as JSON values."""
    if advisory.publisher is None or not advisory.publisher.name or not URL.match(advisory.publisher.namespace):
        raise Invalid(
            "CSAF needs to know who publishes",
            [Problem("/publisher", "missing_field", "a name and an http(s) namespace are required")],
        )
    advisory = residue.public(advisory)
    if advisory.withdrawn_at is not None and not dialect.is_first:
        document = _withdrawn(advisory, dialect)
    else:
        document = _written(advisory, dialect, keep_tree=True)
        if advisory_of(document, dialect).affected != advisory.affected:
            document = _written(advisory, dialect, keep_tree=False)
    rest = residue.of(advisory, advisory_of(document, dialect))
    if rest:
        dialect.beside(document, rest)
    return document


def _withdrawn(advisory: Advisory, dialect: Dialect) -> dict[str, Json]:
    """CSAF 2.1, 4.7: no products, no weaknesses, the reason, and at least the two revisions that there were."""
    at = advisory.withdrawn_at or advisory.modified_at
    revisions = advisory.revisions
    if not revisions:
        first = advisory.published_at or advisory.modified_at
        revisions = (Revision(number="1", at=min(first, at), summary="First publication."),)
    if len(revisions) < 2:
        revisions = (*revisions, Revision(number="2", at=max(at, revisions[0].at), summary="Withdrawn."))
    head = _head(replace(advisory, revisions=revisions), dialect)
    return {**dialect.schema(), "document": {**head, "category": WITHDRAWN, "notes": csaf_profile.WITHDRAWAL}}


def _written(advisory: Advisory, dialect: Dialect, *, keep_tree: bool) -> dict[str, Json]:
    mine = [u for u in residue.restorable(advisory.unknown, dialect.beside_place) if u.format == dialect.name]
    places = {u.pointer for u in mine}
    head = _head(advisory, dialect, own_numbers="/document/tracking/version" in places)
    tracking = head.pop("tracking")
    head = _without(head, "/document", places)
    head["tracking"] = _without(tracking if isinstance(tracking, dict) else {}, "/document/tracking", places)
    vulnerability: dict[str, Json] = {}
    document: dict[str, Json] = {**dialect.schema(), "document": head, "vulnerabilities": [vulnerability]}
    if keep_tree:
        trees = [u for u in mine if u.pointer in ("/product_tree", "/vulnerabilities/0/product_status")]
        leftovers.restore(document, trees, dialect.name)
        mine = [u for u in mine if u not in trees]
    if "product_tree" not in document:
        tree = csaf_tree.write(advisory.affected, dialect)
        document["product_tree"] = tree.product_tree
        vulnerability.setdefault("product_status", tree.status)
    status = vulnerability.get("product_status")
    kept = "".join(u.json for u in mine)
    vulnerability.update(_vulnerability(advisory, status if isinstance(status, dict) else {}, kept, dialect))
    for key in vulnerability.keys() - {"product_status"}:
        if f"/vulnerabilities/0/{key}" in places:
            del vulnerability[key]
    leftovers.restore(document, mine, dialect.name)
    if "/document/category" not in places:
        head["category"] = csaf_profile.category(document, dialect)
    elif head.get("category") in csaf_profile.WITHOUT_VULNERABILITIES:
        for key in ("vulnerabilities", "product_tree"):
            if not any(place == f"/{key}" or place.startswith(f"/{key}/") for place in places):
                document.pop(key, None)
    return document


def _without(fields: dict[str, Json], pointer: str, places: set[str]) -> dict[str, Json]:
    """The fields that no kept one of the source document stands in for."""
    return {key: value for key, value in fields.items() if pointers.join(pointer, key) not in places}


def _head(advisory: Advisory, dialect: Dialect, *, own_numbers: bool = False) -> dict[str, Json]:
    """The document about itself. `own_numbers`: revisions keep those they came with, as a version goes along."""
    publisher = advisory.publisher or Publisher(name="", namespace="")
    revisions = sorted(advisory.revisions, key=lambda r: r.at) or [
        Revision(number="1", at=advisory.modified_at, summary="First publication.")
    ]
    return {
        "category": CATEGORY,
        "csaf_version": dialect.version,
        "title": advisory.title or advisory.id,
        "lang": "en",
        "publisher": {
            "category": publisher.category if publisher.category in dialect.publishers else "other",
            "name": publisher.name,
            "namespace": publisher.namespace,
        },
        "distribution": dialect.distribution(advisory.handling.tlp),
        "tracking": {
            "id": advisory.id,
            "status": "final" if advisory.published_at else "draft",
            "version": str(len(revisions)),
            "initial_release_date": times.write(advisory.published_at or advisory.modified_at),
            "current_release_date": times.write(advisory.modified_at),
            "revision_history": [
                {
                    "date": times.write(r.at),
                    "number": r.number if own_numbers else str(number),
                    "summary": r.summary or "Changed.",
                }
                for number, r in enumerate(revisions, start=1)
            ],
            "generator": GENERATOR,
        },
    }


def _vulnerability(advisory: Advisory, status: Mapping[str, Json], kept: str, dialect: Dialect) -> dict[str, Json]:
    """The vulnerability's own fields. What a kept element already states is not written twice."""
    ids, remedied = csaf_tree.status_ids(status), csaf_tree.remedy_ids(status, dialect)
    others = [one for one in advisory.aliases if one != _cve(advisory)]
    if not dialect.is_first and not advisory.aliases and not _cve(advisory):
        others = [advisory.id]
    stated: dict[str, Json] = {
        "cve": _cve(advisory),
        **dialect.weaknesses(advisory.cwes),
        "ids": [id_json(one) for one in dict.fromkeys(others) if one],
        "notes": csaf_notes.write(advisory, dialect),
        dialect.scores: [
            dialect.score(severity, ids)
            for severity in dialect.scorable(advisory.severities).values()
            if f'"{severity.vector}"' not in kept
        ],
        "remediations": [
            {"category": category, "details": getattr(advisory, name), "product_ids": remedied}
            for category, name in REMEDIES.items()
            if remedied and getattr(advisory, name) and parse.compact(getattr(advisory, name)) not in kept
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
