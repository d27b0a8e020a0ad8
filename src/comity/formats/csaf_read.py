"""Read a CSAF document as an advisory: the words it shares with writing, and field by field what each place says.

Both versions are read, each by its own dialect. Elements of a list that hold more than the model has words for are kept
whole among the leftovers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from comity.formats import csaf_notes, csaf_profile, csaf_tree, cvss, leftovers, pointers, residue, times
from comity.formats.csaf_dialect import EXTENSION, STRICT, V2_0, Dialect
from comity.formats.csaf_profile import WITHDRAWN
from comity.formats.node import Node, Sheet
from comity.formats.parse import Json
from comity.formats.report import CWE
from comity.model.advisory import Advisory, Credit, CreditKind, Publisher, Revision
from comity.model.handling import Handling, Tlp
from comity.model.ids import AdvisoryId
from comity.model.report import Reference
from comity.model.severity import Severity

GENERATOR: Final[dict[str, Json]] = {"engine": {"name": "Comity"}}
CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}\Z", re.ASCII)
REMEDIES: Final = {"vendor_fix": "remediation", "workaround": "workaround"}
REFERENCES: Final = {
    kind: f"{kind.capitalize()} reference"
    for kind in ("ADVISORY", "ARTICLE", "DETECTION", "DISCUSSION", "REPORT", "FIX", "INTRODUCED", "GIT", "PACKAGE")
} | {"EVIDENCE": "Evidence reference", "WEB": "Web reference"}
KINDS: Final = {summary: kind for kind, summary in REFERENCES.items()}
CREDITS: Final = {str(kind).capitalize().replace("_", " "): kind for kind in CreditKind}


def advisory_of(document: Json, dialect: Dialect = V2_0) -> Advisory:
    """The advisory about the first vulnerability; the others stay whole among its leftovers."""
    sheet = Sheet()
    root = Node.root(document, sheet)
    listed = root.items("vulnerabilities")
    for place, one in enumerate(listed[1:], start=1):
        sheet.keep(f"/vulnerabilities/{place}", one)
    others = [str(one["cve"]) for one in listed[1:] if isinstance(one, dict) and isinstance(one.get("cve"), str)]
    base, products = _common(root, dialect)
    advisory, spare = _about(base, root, products, _vulnerability(listed, 0, sheet), dialect)
    advisory = replace(advisory, related=tuple(others))
    beside, rest = _beside(root, dialect)
    sheet.settle(f"the document breaks CSAF {dialect.version}")
    told = csaf_notes.told(advisory, dialect)
    for where, note in spare:
        if note not in told:
            sheet.keep(where, note)
    advisory = replace(advisory, unknown=leftovers.gather(sheet, dialect.name))
    joined = residue.apply(advisory, rest if dialect.is_first or not isinstance(rest, dict) else rest.get("content"))
    if joined is None and beside:
        sheet.keep(beside, rest)
        return replace(advisory, unknown=leftovers.gather(sheet, dialect.name))
    return joined or advisory


def _beside(root: Node, dialect: Dialect) -> tuple[str, Json]:
    """What travels beside the standard's fields, and the place that it is put back to if it cannot be believed.

    Extensions of others stay among the leftovers, one by one.
    """
    if dialect.is_first:
        return ("/x_comity", root.take("x_comity")) if root.has("x_comity") else ("", None)
    ours: tuple[str, Json] = ("", None)
    for number, one in enumerate(root.items("x_extensions")):
        place = pointers.join("/x_extensions", number)
        if not ours[0] and isinstance(one, dict) and one.get("$schema") == EXTENSION:
            ours = place, one
        else:
            root.sheet.keep(place, one)
    return ours


def each(document: Json, most: int, dialect: Dialect = V2_0) -> Iterator[Advisory]:
    """One advisory per vulnerability, at most `most`. What belongs to the whole document goes with the first."""
    sheet = Sheet()
    root = Node.root(document, sheet)
    listed = root.items("vulnerabilities", most=most)
    base, products = _common(root, dialect)
    found: list[tuple[Advisory, Sheet]] = []
    for place in range(max(len(listed), 1)):
        own = Sheet(problems=sheet.problems)
        advisory, spare = _about(base, root, products, _vulnerability(listed, place, own), dialect)
        own.kept.extend(spare)
        found.append((advisory, own))
    sheet.settle(f"the document breaks CSAF {dialect.version}")
    rest = leftovers.gather(sheet, dialect.name)
    for advisory, own in found:
        yield replace(advisory, unknown=rest + leftovers.gather(own, dialect.name))
        rest = ()


def _common(root: Node, dialect: Dialect) -> tuple[Advisory, dict[str, csaf_tree.Product]]:
    """What every vulnerability of the document shares."""
    head = root.child("document")
    if head is None:
        root.problem("document", "missing_field", "this group is required")
        head = Node({}, "/document", Sheet())
    tracking = head.child("tracking")
    if tracking is None:
        head.problem("tracking", "missing_field", "this group is required")
        tracking = Node({}, "/document/tracking", Sheet())
    if root.peek("$schema") == dialect.schema().get("$schema"):
        root.take("$schema")
    base = _headed(head, tracking, dialect)
    if head.peek("category") != csaf_profile.category(root.value, dialect):
        head.leave("category")
    elif head.peek("category") == WITHDRAWN:
        base = replace(base, withdrawn_at=base.modified_at)
        if head.peek("notes") == csaf_profile.WITHDRAWAL:
            head.take("notes")
    return base, csaf_tree.products_of(root.peek("product_tree"))


def _vulnerability(listed: Sequence[Json], place: int, sheet: Sheet) -> Node:
    chosen = listed[place] if place < len(listed) else {}
    pointer = f"/vulnerabilities/{place}"
    if not isinstance(chosen, dict):
        sheet.problem(pointer, "wrong_type", "must be an object")
        chosen = {}
    return Node(chosen, pointer, sheet)


def _about(
    base: Advisory, root: Node, products: dict[str, csaf_tree.Product], vulnerability: Node, dialect: Dialect
) -> tuple[Advisory, list[tuple[str, Json]]]:
    """The advisory without its leftovers, and the notes that carry none of its texts."""
    texts, spare = _notes(vulnerability)
    affected = csaf_tree.read(products, vulnerability.peek("product_status"))
    tree = csaf_tree.write(affected, dialect)
    if vulnerability.peek("product_status") == tree.status and root.peek("product_tree") == tree.product_tree:
        root.take("product_tree")
        vulnerability.take("product_status")
    status = vulnerability.peek("product_status")
    ids = csaf_tree.status_ids(status if isinstance(status, dict) else {})
    remedies = _remedies(vulnerability, csaf_tree.remedy_ids(status if isinstance(status, dict) else {}, dialect))
    cve = vulnerability.text("cve", line=True, pattern=CVE, expected="must be a CVE id")
    aliases = (*((cve,) if cve else ()), *_ids(vulnerability))
    advisory = replace(
        base,
        summary=texts.get("summary", ""),
        details=texts.get("details", ""),
        evidence=texts.get("evidence", ""),
        approved_by=texts.get("approved_by", ""),
        aliases=tuple(one for one in aliases if one != base.id),
        cwes=tuple(_cwes(vulnerability, dialect)),
        affected=affected,
        severities=tuple(_severities(vulnerability, ids, dialect)),
        references=tuple(_references(vulnerability)),
        credits=tuple(_credits(vulnerability)),
        remediation=remedies.get("remediation", ""),
        workaround=remedies.get("workaround", ""),
    )
    return advisory, spare


def _headed(head: Node, tracking: Node, dialect: Dialect) -> Advisory:
    """What the document says about itself."""
    head.text("csaf_version", required=True, line=True)
    head.text("category", required=True, line=True)
    if head.peek("lang") == "en":
        head.take("lang")
    if tracking.peek("generator") == GENERATOR:
        tracking.take("generator")
    final = tracking.choice("status", {"final": True, "interim": True, "draft": False}, absent=False)
    if tracking.peek("status") == "interim":
        tracking.leave("status")
    published = tracking.when("initial_release_date", required=True)
    revisions = tuple(_revisions(tracking))
    if tracking.peek("version") == str(len(revisions)):
        tracking.take("version")
    return Advisory(
        id=AdvisoryId(tracking.text("id", required=True, line=True)),
        title=head.text("title", required=True),
        summary="",
        published_at=published if final else None,
        modified_at=tracking.when("current_release_date", required=True) or times.EPOCH,
        publisher=_publisher(head.child("publisher"), dialect),
        revisions=revisions,
        handling=_handling(head.child("distribution"), dialect),
    )


def _revisions(tracking: Node) -> Iterator[Revision]:
    for node in tracking.children("revision_history"):
        yield Revision(
            number=node.text("number", required=True, line=True),
            at=node.when("date", required=True) or times.EPOCH,
            summary=node.text("summary", required=True),
        )


def _publisher(node: Node | None, dialect: Dialect) -> Publisher | None:
    if node is None:
        return None
    return Publisher(
        name=node.text("name", required=True),
        namespace=node.text("namespace", required=True, line=True),
        category=node.choice("category", {word: word for word in dialect.publishers}, absent="other"),
    )


def _handling(node: Node | None, dialect: Dialect) -> Handling:
    """No label means that nobody may assume an open one: RED, until a person says otherwise."""
    tlp = node.child("tlp") if node else None
    if node is None or tlp is None:
        return Handling(tlp=Tlp.RED)
    label = tlp.choice("label", dialect.read_labels, absent=Tlp.RED)
    if dialect.is_first and label is Tlp.RED and node.peek("text") == STRICT:
        node.take("text")
        label = Tlp.AMBER_STRICT
    return Handling(tlp=label, no_equities_use=label is not Tlp.CLEAR)


def _notes(vulnerability: Node) -> tuple[dict[str, str], list[tuple[str, Json]]]:
    """The texts that have a note of their own, and the other notes with their places."""
    texts: dict[str, str] = {}
    spare: list[tuple[str, Json]] = []
    for place, note in enumerate(vulnerability.items("notes")):
        name = csaf_notes.field_of(note)
        if name and name not in texts and isinstance(note, dict):
            texts[name] = str(note["text"])
        elif note != csaf_notes.NOTHING:
            spare.append((pointers.join(vulnerability.at("notes"), place), note))
    return texts, spare


def _ids(vulnerability: Node) -> tuple[str, ...]:
    found: list[str] = []
    for place, value in enumerate(vulnerability.items("ids")):
        text = value.get("text") if isinstance(value, dict) else None
        if isinstance(text, str) and text and value == id_json(text):
            found.append(text)
        else:
            vulnerability.sheet.keep(pointers.join(vulnerability.at("ids"), place), value)
    return tuple(found)


def _cwes(vulnerability: Node, dialect: Dialect) -> Iterator[str]:
    key = "cwe" if dialect.is_first else "cwes"
    value = vulnerability.peek(key)
    entries = value if isinstance(value, list) else [value]
    stated = [one.get("id") for one in entries if isinstance(one, dict)]
    found = [one for one in stated if isinstance(one, str) and CWE.match(one)]
    if found and dialect.weaknesses(found) == {key: value}:
        vulnerability.take(key)
    yield from found


def _severities(vulnerability: Node, ids: list[Json], dialect: Dialect) -> Iterator[Severity]:
    for place, value in enumerate(vulnerability.items(dialect.scores)):
        entry = dialect.scored(value) if isinstance(value, dict) else {}
        vectors = [inner.get("vectorString") for inner in entry.values() if isinstance(inner, dict)]
        found: list[Severity] = []
        for vector in vectors:
            try:
                found += [cvss.read(vector)] if isinstance(vector, str) else []
            except ValueError:
                continue
        yield from found
        if len(found) != 1 or not dialect.scorable(found) or value != dialect.score(found[0], ids):
            vulnerability.sheet.keep(pointers.join(vulnerability.at(dialect.scores), place), value)


def _references(vulnerability: Node) -> Iterator[Reference]:
    for node in vulnerability.children("references"):
        if node.peek("category") == "external":
            node.take("category")
        kind = KINDS.get(str(node.peek("summary")), "")
        if kind:
            node.take("summary")
        yield Reference(url=node.text("url", required=True, line=True), kind=kind or "WEB")


def _credits(vulnerability: Node) -> Iterator[Credit]:
    for place, value in enumerate(vulnerability.items("acknowledgments")):
        entry = value if isinstance(value, dict) else {}
        names = entry.get("names")
        kind = CREDITS.get(str(entry.get("summary")))
        if kind and entry.keys() == {"names", "summary"} and isinstance(names, list) and len(names) == 1:
            yield Credit(name=str(names[0]), kind=kind)
            continue
        vulnerability.sheet.keep(pointers.join(vulnerability.at("acknowledgments"), place), value)
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name:
                yield Credit(name=name, kind=CreditKind.OTHER)


def _remedies(vulnerability: Node, ids: list[Json]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, value in enumerate(vulnerability.items("remediations")):
        entry = value if isinstance(value, dict) else {}
        name = REMEDIES.get(str(entry.get("category")), "")
        details = entry.get("details")
        is_new = bool(name) and name not in found and isinstance(details, str)
        if is_new:
            found[name] = str(details)
        if not is_new or value != {"category": entry["category"], "details": details, "product_ids": ids}:
            vulnerability.sheet.keep(pointers.join(vulnerability.at("remediations"), place), value)
    return found


def id_json(alias: str) -> Json:
    return {"system_name": alias.partition("-")[0] or "alias", "text": alias}
