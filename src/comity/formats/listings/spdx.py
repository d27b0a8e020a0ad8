"""SPDX 2.2, 2.3 and 3.0 as JSON: packages with their external references; in 3.0 also the security profile as VEX.

Source: SPDX 2.3 clauses 7 and 11, SPDX 3.0.1 (Software, Security and Core profiles). NOASSERTION is not "none": a
package without a version or package URL is identified in part. The package that the document describes is its subject,
and is listed only where it is all there is.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from comity.formats import times
from comity.formats.listings import listing
from comity.formats.node import Node, Sheet
from comity.formats.parse import Json
from comity.model.inventory import Component, Contents, Vex, VexStatus

VERSIONS: Final = {"SPDX-2.2": "2.2", "SPDX-2.3": "2.3"}
VERSIONS_3: Final = re.compile(r"3\.0(?:\.\d{1,3})?\Z")
_CONTEXT: Final = re.compile(r"https://spdx\.org/rdf/3\.0(?:\.\d{1,3})?/spdx-context\.jsonld\Z")
_VEX: Final = {
    "security_VexAffectedVulnAssessmentRelationship": VexStatus.AFFECTED,
    "security_VexFixedVulnAssessmentRelationship": VexStatus.FIXED,
    "security_VexNotAffectedVulnAssessmentRelationship": VexStatus.NOT_AFFECTED,
    "security_VexUnderInvestigationVulnAssessmentRelationship": VexStatus.UNDER_INVESTIGATION,
}
_PACKAGES: Final = frozenset({"software_Package", "ai_AIPackage", "dataset_DatasetPackage"})
_CPE: Final = frozenset({"cpe22Type", "cpe23Type", "cpe22", "cpe23"})


def recognises(document: Json) -> bool:
    """True for a JSON document that says it is SPDX, of either generation."""
    if not isinstance(document, dict):
        return False
    return isinstance(document.get("spdxVersion"), str) or _is_third(document)


def read(document: Json) -> Contents:
    """The inventory of a parsed document. `Invalid` lists every violation, or says why it is empty."""
    return _third(document) if isinstance(document, dict) and _is_third(document) else _second(document)


def _is_third(document: Mapping[str, Json]) -> bool:
    context = document.get("@context")
    return isinstance(context, str) and _CONTEXT.match(context) is not None and "@graph" in document


def _second(document: Json) -> Contents:
    sheet = Sheet()
    root = Node.root(document, sheet)
    stated = root.text("spdxVersion", required=True, line=True)
    if stated and stated not in VERSIONS:
        root.problem("spdxVersion", "unsupported_version", f"Comity reads {', '.join(VERSIONS)} and SPDX 3.0")
    packages = [(node.text("SPDXID", required=True, line=True), _package(node)) for node in root.children("packages")]
    listing.refuse_too_many(packages)
    described = set(root.texts("documentDescribes"))
    for relation in root.children("relationships", nullable=True):
        kind, related = relation.text("relationshipType", line=True), relation.text("relatedSpdxElement", line=True)
        if kind == "DESCRIBES":
            described.add(related)
        elif kind == "DESCRIBED_BY":
            described.add(relation.text("spdxElementId", line=True))
    creation = root.child("creationInfo")
    dated = times.maybe(creation.text("created", line=True)) if creation else None
    tools = [one[5:].strip() for one in creation.texts("creators") if one.startswith("Tool:")] if creation else []
    files = len(root.items("files", nullable=True))
    sheet.settle("the document breaks SPDX")
    version = VERSIONS[stated]
    return _contents(
        packages, described, f"SPDX {version} JSON", tool=", ".join(tools), dated=dated, files=files,
        serial=root.text("documentNamespace", line=True),
    )  # fmt: skip


def _package(node: Node) -> Component:
    name, version = node.text("name", required=True, line=True), node.text("versionInfo", line=True)
    purls: list[str] = []
    cpe = ""
    for reference in node.children("externalRefs", nullable=True):
        kind, locator = reference.text("referenceType", line=True), reference.text("referenceLocator", line=True)
        if kind == "purl":
            purls.append(locator)
        elif kind in _CPE:
            cpe = cpe or locator
    digests = []
    for one in node.children("checksums", nullable=True):
        algorithm, value = one.text("algorithm", line=True), one.text("checksumValue", line=True)
        if algorithm and value:
            digests.append(f"{algorithm.lower()}:{value.lower()}"[:160])
    kind = node.text("primaryPackagePurpose", line=True).lower()
    reference_name = node.value.get("SPDXID")
    reference_text = reference_name if isinstance(reference_name, str) else ""
    found = None
    for stated in purls:
        found = listing.by_purl(
            stated, name=name, version=version, kind=kind, cpe=cpe, reference=reference_text, place=node.pointer,
            digests=digests,
        )  # fmt: skip
        if found is not None:
            break
        node.sheet.warn(node.at("externalRefs"), "unreadable_purl", "a purl reference is no package URL")
    return found or listing.component(
        name=name, version=version, kind=kind, cpe=cpe, reference=reference_text, place=node.pointer, digests=digests
    )


def _third(document: Json) -> Contents:
    sheet = Sheet()
    root = Node.root(document, sheet)
    context = root.text("@context", line=True)
    elements = list(root.children("@graph"))
    by_id: dict[str, Node] = {}
    for node in elements:
        name = node.text("spdxId", line=True) or node.text("@id", line=True)
        if name:
            by_id[name] = node
    packages: list[tuple[str, Component]] = []
    described: set[str] = set()
    vulnerabilities: dict[str, str] = {}
    relations: list[Node] = []
    created: list[datetime] = []
    tools: list[str] = []
    files = 0
    for name, node in by_id.items():
        kind = node.text("type", line=True) or node.text("@type", line=True)
        if kind in _PACKAGES:
            packages.append((name, _third_package(node, name)))
        elif kind in {"SpdxDocument", "software_Sbom", "Bom"}:
            described.update(node.texts("rootElement"))
        elif kind == "security_Vulnerability":
            vulnerabilities[name] = _vulnerability(node)
        elif kind == "Tool":
            tools.append(node.text("name", line=True))
        elif kind in {"software_File", "software_Snippet"}:
            files += 1
        if kind in _VEX:
            relations.append(node)
    for node in elements:
        if (
            node.value.get("type") == "CreationInfo"
            and (at := times.maybe(node.text("created", line=True))) is not None
        ):
            created.append(at)
    listing.refuse_too_many(packages)
    known = dict(packages)
    dated = max(created, default=None)
    statements = tuple(
        statement for node in relations for statement in _third_statement(node, known, vulnerabilities, by_id, dated)
    )
    sheet.settle("the document breaks SPDX 3.0")
    version = context.removeprefix("https://spdx.org/rdf/").partition("/")[0]
    return _contents(
        packages, described, f"SPDX {version} JSON", tool=", ".join(tools), dated=dated, files=files, serial="",
        statements=statements,
    )  # fmt: skip


def _third_package(node: Node, name_of_it: str) -> Component:
    name, version = node.text("name", line=True), node.text("software_packageVersion", line=True)
    purls = [node.text("software_packageUrl", line=True)]
    cpe = ""
    for one in node.children("externalIdentifier", nullable=True):
        kind, value = one.text("externalIdentifierType", line=True), one.text("identifier", line=True)
        if kind in {"packageUrl", "purl"}:
            purls.append(value)
        elif kind in _CPE:
            cpe = cpe or value
    digests = []
    for one in node.children("verifiedUsing", nullable=True):
        algorithm, value = one.text("algorithm", line=True), one.text("hashValue", line=True)
        if algorithm and value:
            digests.append(f"{algorithm.lower()}:{value.lower()}"[:160])
    purpose = node.text("software_primaryPurpose", line=True)
    for stated in filter(None, purls):
        found = listing.by_purl(
            stated, name=name, version=version, kind=purpose, cpe=cpe, reference=name_of_it, place=node.pointer,
            digests=digests,
        )  # fmt: skip
        if found is not None:
            return found
        node.sheet.warn(node.at("software_packageUrl"), "unreadable_purl", "this is no package URL")
    return listing.component(
        name=name, version=version, kind=purpose, cpe=cpe, reference=name_of_it, place=node.pointer, digests=digests
    )


def _vulnerability(node: Node) -> str:
    for one in node.children("externalIdentifier", nullable=True):
        if one.text("externalIdentifierType", line=True) in {"cve", "securityOther"}:
            return listing.printable(one.text("identifier", line=True))
    return listing.printable(node.text("name", line=True))


def _third_statement(
    node: Node,
    known: Mapping[str, Component],
    vulnerabilities: Mapping[str, str],
    by_id: Mapping[str, Node],
    dated: datetime | None,
) -> Iterator[Vex]:
    kind = node.value.get("type") or node.value.get("@type")
    status = _VEX[str(kind)]
    source = vulnerabilities.get(node.text("from", line=True), "")
    if not source:
        node.problem("from", "missing_element", "a VEX relationship starts at a vulnerability of this document")
        return
    said_at = (
        times.maybe(node.text("security_modifiedTime", line=True))
        or times.maybe(node.text("security_publishedTime", line=True))
        or dated
        or times.EPOCH
    )
    justification = node.text("security_justificationType", line=True)
    detail = node.text("security_impactStatement") or node.text("security_statusNotes")
    supplier = by_id.get(node.text("suppliedBy", line=True))
    for target in node.texts("to"):
        component = known.get(target)
        yield Vex(
            vulnerability=source,
            status=status,
            ecosystem=component.ecosystem if component else "",
            name=component.match_name if component else "",
            version=component.match_version if component else "",
            justification=listing.printable(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", justification).lower()),
            detail=detail[:2000],
            author=listing.printable(supplier.text("name", line=True)) if supplier else "",
            said_at=said_at,
            reference="" if component else target,
        )


def _contents(
    packages: list[tuple[str, Component]],
    described: set[str],
    format_: str,
    *,
    tool: str,
    dated: datetime | None,
    files: int,
    serial: str,
    statements: tuple[Vex, ...] = (),
) -> Contents:
    subjects = [one for name, one in packages if name in described]
    rest = [one for name, one in packages if name not in described]
    listed = rest or [one for one in subjects if one.purl or one.version or one.cpe]
    if not listed and not statements:
        reason = f"it lists {files} files and no package" if files else "`packages` is empty or names only the document"
        raise listing.no_packages("the document", f"{reason}: have the tool that made it list the packages")
    subject = subjects[0] if subjects else None
    return Contents(
        components=tuple(listed),
        statements=statements,
        subject=" ".join(part for part in (subject.name, subject.version) if part) if subject else "",
        format=format_,
        tool=listing.printable(tool)[:200],
        dated=dated,
        notes=(f"{files} files in the document are no packages and were not read",) if files else (),
        serial=serial,
    )
