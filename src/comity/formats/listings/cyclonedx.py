"""CycloneDX 1.2 to 1.7, JSON and XML: nested components too, the described component, and `vulnerabilities` as VEX.

Source: the CycloneDX specification's JSON and XML schemas. A VEX may speak of components of another document, by
BOM-Link (`urn:cdx:<serial>/<version>#<bom-ref>`); such a statement keeps its reference until that document is known.
OBOM, SaaSBOM and CBOM documents without a package are refused with that word: they are no package lists.
"""

import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from comity.errors import Invalid
from comity.formats import times
from comity.formats.listings import listing
from comity.formats.node import Node, Sheet
from comity.formats.parse import Json, Limits
from comity.model.inventory import Component, Contents, Vex, VexStatus

VERSIONS: Final = frozenset({"1.2", "1.3", "1.4", "1.5", "1.6", "1.7"})
NAMESPACE: Final = re.compile(r"\{http://cyclonedx\.org/schema/bom/(\d\.\d)\}bom\Z")
_STATES: Final = {
    "exploitable": VexStatus.AFFECTED,
    "in_triage": VexStatus.UNDER_INVESTIGATION,
    "false_positive": VexStatus.NOT_AFFECTED,
    "not_affected": VexStatus.NOT_AFFECTED,
    "resolved": VexStatus.FIXED,
    "resolved_with_pedigree": VexStatus.FIXED,
}
"""`analysis.state` -> the VEX status it means (CycloneDX, impact analysis states)."""
_SOURCE_NAME: Final = frozenset({"aquasecurity:trivy:SrcName", "syft:metadata:source", "syft:metadata:originPackage"})
_SOURCE_VERSION: Final = frozenset({"aquasecurity:trivy:SrcVersion", "syft:metadata:sourceVersion"})
_NOT_PACKAGES: Final = {
    "cryptographic-asset": "cryptographic assets (a CBOM)",
    "machine-learning-model": "machine-learning models (an ML-BOM)",
    "data": "data",
    "device": "devices",
    "operating-system": "operating systems",
    "platform": "platforms",
    "file": "files",
}
_LISTS: Final = {
    "components": "component", "vulnerabilities": "vulnerability", "hashes": "hash", "affects": "target",
    "versions": "version", "properties": "property", "tools": "tool", "services": "service", "responses": "response",
    "dependencies": "dependency", "lifecycles": "lifecycle",
}  # fmt: skip
"""XML element that wraps a list -> its member."""


def recognises(document: Json) -> bool:
    """True for a JSON document that says it is CycloneDX."""
    return isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"


def read(document: Json, *, form: str = "JSON") -> Contents:
    """Inventory and statements of a parsed document. `Invalid` lists every violation, or says why it is empty."""
    sheet = Sheet()
    root = Node.root(document, sheet)
    version = root.text("specVersion", required=True, line=True)
    if version and version not in VERSIONS:
        root.problem("specVersion", "unsupported_version", f"Comity reads {', '.join(sorted(VERSIONS))}")
    metadata = root.child("metadata")
    described = metadata.child("component") if metadata else None
    subject = _component(described) if described else None
    nested = [*_nested(described)] if described else []
    components = [*nested, *_components(root)]
    listing.refuse_too_many(components)
    dated = _when(metadata)
    serial = _serial(root)
    author = _author(metadata)
    statements = tuple(_statements(root, [*components, *([subject] if subject else [])], serial, author, dated))
    services = len(root.items("services"))
    phases = _phases(metadata)
    sheet.settle("the document breaks CycloneDX")
    if not components and not statements:
        if subject is None or not subject.version or not (subject.purl or subject.cpe):
            raise _empty(services, phases)
        components = [subject]
    notes = []
    if "operations" in phases:
        notes.append("the document describes operations (an OBOM): what it lists is what ran, not what was built")
    others = sorted({_NOT_PACKAGES[one.kind] for one in components if one.kind in _NOT_PACKAGES})
    if others and all(one.kind in _NOT_PACKAGES and not one.cpe for one in components):
        raise listing.no_packages(
            "the document", f"it lists {' and '.join(others)} only, which are no packages: send the SBOM beside it"
        )
    if services:
        notes.append(f"{services} services in the document are not packages and were not read")
    notes.extend(f"{pointer}: {why}" for pointer, why in ((w.pointer, w.reason) for w in sheet.warnings[:20]))
    return Contents(
        components=tuple(components),
        statements=statements,
        subject=_subject(subject),
        format=f"CycloneDX {version} {form}",
        tool=_tools(metadata),
        dated=dated,
        notes=tuple(notes),
        serial=serial,
    )


def read_xml(data: bytes, limits: Limits = listing.LIMITS) -> Contents:
    """The same from XML. Document types and entities are refused before anything is expanded."""
    return read(_from_xml(data, limits), form="XML")


def _components(node: Node) -> Iterator[Component]:
    for child in node.children("components", nullable=True):
        yield _component(child)
        yield from _nested(child)


def _nested(node: Node) -> Iterator[Component]:
    if node.has("components"):
        yield from _components(node)


def _component(node: Node) -> Component:
    group, name = node.text("group", line=True), node.text("name", line=True)
    version, stated = node.text("version", line=True), node.text("purl", line=True)
    kind = node.text("type", line=True)
    properties = _properties(node)
    source = next((properties[key] for key in _SOURCE_NAME if properties.get(key)), "")
    source_version = next((properties[key] for key in _SOURCE_VERSION if properties.get(key)), "")
    digests = tuple(_digests(node))
    cpe, reference = node.text("cpe", line=True), node.text("bom-ref", line=True)
    development = node.text("scope", line=True) == "excluded" or properties.get("cdx:npm:package:development") == "true"
    if stated:
        found = listing.by_purl(
            stated, name=name, version=version, source=source, source_version=source_version, kind=kind, cpe=cpe,
            reference=reference, place=node.pointer, development=development, digests=digests,
        )  # fmt: skip
        if found is not None:
            return found
        node.sheet.warn(node.at("purl"), "unreadable_purl", "this is no package URL: the component is not identified")
    return listing.component(
        name=f"{group}/{name}" if group else name, version=version, kind=kind, cpe=cpe, reference=reference,
        place=node.pointer, development=development, digests=digests,
    )  # fmt: skip


def _properties(node: Node) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in node.children("properties", nullable=True):
        found.setdefault(child.text("name", line=True), child.text("value"))
    return found


def _digests(node: Node) -> Iterator[str]:
    for child in node.children("hashes", nullable=True):
        algorithm, content = child.text("alg", line=True), child.text("content", line=True)
        if algorithm and content:
            yield f"{algorithm.lower().replace('-', '')}:{content.lower()}"[:160]


def _statements(
    root: Node, components: list[Component], serial: str, author: str, dated: datetime | None
) -> Iterator[Vex]:
    by_reference = {one.reference: one for one in components if one.reference}
    for child in root.children("vulnerabilities", nullable=True):
        name = child.text("id", line=True)
        analysis = child.child("analysis")
        state = analysis.text("state", line=True) if analysis else ""
        if not state and analysis is None:
            continue  # a plain disclosure (VDR) without a judgement: what it says is the advisory's to say
        if state and state not in _STATES:
            analysis.problem("state", "bad_value", f"must be one of: {', '.join(_STATES)}") if analysis else None
            continue
        status = _STATES.get(state, VexStatus.UNDER_INVESTIGATION)
        if not name:
            child.problem("id", "missing_field", "a statement names the vulnerability it is about")
            continue
        said_at = child.when("updated") or child.when("published") or dated or times.EPOCH
        ours = _properties(child)
        stated = analysis.text("justification", line=True) if analysis else ""
        justification = ours.get("comity:justification", "") or stated
        lapses = times.maybe(ours.get("comity:lapses", ""))
        detail = analysis.text("detail") if analysis else ""
        aliases = [name, *(one.text("id", line=True) for one in child.children("references", nullable=True))]
        for target in child.children("affects", nullable=True):
            reference = target.text("ref", line=True)
            known = by_reference.get(reference) or by_reference.get(_own(reference, serial))
            for version, versions, one in _versions(target, status, known):
                for alias in dict.fromkeys(alias for alias in aliases if alias):
                    yield Vex(
                        vulnerability=listing.printable(alias),
                        status=one,
                        ecosystem=known.ecosystem if known else "",
                        name=known.match_name if known else "",
                        version=version,
                        versions=versions,
                        justification=listing.printable(justification),
                        detail=detail[:2000],
                        author=author,
                        said_at=said_at,
                        expires_at=lapses,
                        reference="" if known else reference,
                    )


def _versions(target: Node, status: VexStatus, known: Component | None) -> Iterator[tuple[str, str, VexStatus]]:
    """Version, range and status of each entry; without entries, the component's own version and the overall status."""
    found = False
    for child in target.children("versions", nullable=True):
        found = True
        word = child.text("status", line=True) or "affected"
        one = {"affected": status, "unaffected": VexStatus.NOT_AFFECTED, "unknown": VexStatus.UNDER_INVESTIGATION}.get(
            word
        )
        if one is None:
            child.problem("status", "bad_value", "must be one of: affected, unaffected, unknown")
            continue
        if word == "unaffected" and status is VexStatus.FIXED:
            one = VexStatus.FIXED
        yield child.text("version", line=True), child.text("range", line=True), one
    if not found:
        yield (known.match_version if known else ""), "", status


def _own(reference: str, serial: str) -> str:
    start, _, rest = reference.partition("#")
    return rest if serial and start == serial else ""


def _serial(root: Node) -> str:
    stated = root.text("serialNumber", line=True)
    number = root.take("version")
    if not stated.lower().startswith("urn:uuid:"):
        return ""
    return f"urn:cdx:{stated[9:].lower()}/{number if isinstance(number, int) else 1}"


def _when(metadata: Node | None) -> datetime | None:
    return times.maybe(metadata.text("timestamp", line=True)) if metadata else None


def _author(metadata: Node | None) -> str:
    if metadata is None:
        return ""
    for key in ("supplier", "manufacture", "manufacturer"):
        value = metadata.take(key)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return listing.printable(str(value["name"]))
    described = metadata.peek("component")
    supplier = described.get("supplier") if isinstance(described, dict) else None
    name = supplier.get("name") if isinstance(supplier, dict) else None
    if not isinstance(name, str):
        authors = metadata.peek("authors")
        first = authors[0] if isinstance(authors, list) and len(authors) == 1 else None
        name = first.get("name") if isinstance(first, dict) else None
    return listing.printable(name) if isinstance(name, str) else ""


def _tools(metadata: Node | None) -> str:
    value = metadata.take("tools") if metadata else None
    tools = value.get("components") if isinstance(value, dict) else value
    found = []
    for one in tools if isinstance(tools, list) else []:
        if isinstance(one, dict):
            words = [one.get(key) for key in ("name", "version")]
            found.append(" ".join(word for word in words if isinstance(word, str)))
    return listing.printable(", ".join(word for word in found if word))[:200]


def _phases(metadata: Node | None) -> set[str]:
    value = metadata.take("lifecycles") if metadata else None
    phases = [one.get("phase") for one in (value if isinstance(value, list) else []) if isinstance(one, dict)]
    return {phase for phase in phases if isinstance(phase, str)}


def _subject(subject: Component | None) -> str:
    return " ".join(part for part in (subject.name, subject.version) if part) if subject else ""


def _empty(services: int, phases: set[str]) -> Invalid:
    if services:
        return listing.no_packages("the document", f"it lists {services} services (a SaaSBOM) and no component")
    if "operations" in phases:
        return listing.no_packages("the document", "it describes operations (an OBOM) and lists no component")
    return listing.no_packages(
        "the document", "`components` and `vulnerabilities` are empty: have the tool that made it list the packages"
    )


def _from_xml(data: bytes, limits: Limits) -> Json:
    from defusedxml import DefusedXmlException  # XML is the rarer case: its parsers load when there is one
    from defusedxml.ElementTree import iterparse

    if len(data) > limits.document_bytes:
        raise listing.one_problem("document_too_large", f"the document is over {limits.document_bytes} bytes: split it")
    depth, root = 0, None
    try:
        for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
            root = element if root is None else root
            depth += 1 if event == "start" else -1
            if depth > limits.depth:  # counted on what the parser sees, so that no trick of writing hides a level
                break
    except DefusedXmlException as error:
        raise listing.one_problem("forbidden_xml", "document types and entities are refused: leave them out") from error
    except (ParseError, ValueError, LookupError) as error:
        raise listing.one_problem(
            "malformed_xml", "this is not one XML document in an encoding that it names"
        ) from error
    if depth > limits.depth:
        raise listing.one_problem("structure_too_deep", f"elements are nested more than {limits.depth} levels deep")
    if root is None:
        raise listing.one_problem("malformed_xml", "this is not one XML document in an encoding that it names")
    found = NAMESPACE.match(root.tag)
    if found is None:
        raise listing.one_problem("unknown_format", "the root element is not a CycloneDX `bom`")
    made = _value(root)
    document: dict[str, Json] = made if isinstance(made, dict) else {}
    document["bomFormat"], document["specVersion"] = "CycloneDX", found[1]
    version = document.get("version")
    if isinstance(version, str) and version.isdigit() and len(version) < 9:
        document["version"] = int(version)
    return document


def _value(element: Element) -> Json:
    """An element as the JSON form writes it: attributes and children are fields, list wrappers are lists."""
    tag = _local(element)
    if tag in _LISTS and any(_local(child) == _LISTS[tag] for child in element):
        return [_value(child) for child in element if _local(child) == _LISTS[tag]]
    if tag in _LISTS and not len(element) and tag != "tools":
        return []
    text = (element.text or "").strip()
    if tag == "hash":
        return {"alg": element.get("alg", ""), "content": text}
    if tag == "property":
        return {"name": element.get("name", ""), "value": text}
    if not len(element) and not element.attrib:
        return text
    made: dict[str, Json] = {_local_name(key): value for key, value in element.attrib.items()}
    for child in element:
        made.setdefault(_local(child), _value(child))
    return made


def _local(element: Element) -> str:
    tag: object = element.tag  # a comment has a function here
    return _local_name(tag) if isinstance(tag, str) else ""


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]
