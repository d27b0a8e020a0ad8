"""CSAF 2.0, profile VEX (document category `csaf_vex`): statements written from ours and read into them.

Source: CSAF 2.0 section 4.5. Each product is a full product name with its purl; a reason for "not affected" is a flag
where it is one of CISA's words, else an impact statement; "affected" carries a remediation. A lapse date, for which
CSAF has no field, stands as a note of the vulnerability and is read back from there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from comity.errors import Problem
from comity.formats import parse, times, vex
from comity.formats.csaf_rules import mandatory
from comity.formats.node import Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.formats.vex import NO_DETAIL, Reading
from comity.model.advisory import Publisher
from comity.model.ids import digest
from comity.model.inventory import Vex, VexStatus

NAME: Final = "csaf-vex"
MEDIA_TYPE: Final = "application/json"
CATEGORY: Final = "csaf_vex"
_STATUS: Final = {
    VexStatus.NOT_AFFECTED: "known_not_affected",
    VexStatus.AFFECTED: "known_affected",
    VexStatus.FIXED: "fixed",
    VexStatus.UNDER_INVESTIGATION: "under_investigation",
}
_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}\Z")
_LAPSES: Final = re.compile(r"(CSAFPID-[0-9]+) lapses at ([0-9TZ:.+-]{20,40})\.\Z")


def write(statements: Sequence[Vex], *, publisher: Publisher, at: datetime) -> bytes:
    """One document: TLP WHITE is for the caller to judge. ValueError for no statements, or those of another author."""
    author = vex.one_author(statements)
    if author != publisher.name:
        raise ValueError("a CSAF document is published by the author of its statements")
    purls = list(dict.fromkeys(vex.product(one) for one in statements))
    ids = {purl: f"CSAFPID-{number:04}" for number, purl in enumerate(purls, 1)}
    by_name: dict[str, list[tuple[Vex, str]]] = {}
    for one in statements:
        by_name.setdefault(one.vulnerability, []).append((one, ids[vex.product(one)]))
    listed: list[Json] = [_vulnerability(name, some) for name, some in by_name.items()]
    moment = times.write(at)
    names = {purl: one for one in statements for purl in [vex.product(one)]}
    return parse.encode(
        {
            "document": {
                "category": CATEGORY,
                "csaf_version": "2.0",
                "title": f"VEX statements of {author}",
                "publisher": {
                    "category": publisher.category,
                    "name": publisher.name,
                    "namespace": publisher.namespace,
                },
                "tracking": {
                    "id": f"VEX-{digest(parse.compact([author, listed]).encode())[:16]}",
                    "status": "final",
                    "version": "1",
                    "initial_release_date": moment,
                    "current_release_date": moment,
                    "revision_history": [{"number": "1", "date": moment, "summary": "First version"}],
                    "generator": {"engine": {"name": "Comity"}},
                },
            },
            "product_tree": {
                "full_product_names": [
                    {
                        "name": f"{names[purl].name} {names[purl].version}".strip(),
                        "product_id": ids[purl],
                        "product_identification_helper": {"purl": purl},
                    }
                    for purl in purls
                ]
            },
            "vulnerabilities": listed,
        }
    )


def check(data: bytes, limits: Limits = LIMITS) -> tuple[Problem, ...]:
    """Every mandatory test of CSAF 2.0 that the document breaks."""
    return mandatory.check(parse.decode(data, limits))


def read(data: bytes, limits: Limits = LIMITS) -> Reading:
    """The statements, one for each product; Invalid with every violation of what Comity relies on."""
    sheet = Sheet()
    root = Node.root(parse.decode(data, limits), sheet)
    document = root.child("document") or Node({}, "/document", sheet)
    document.text("category", required=True, line=True, pattern=re.compile(CATEGORY), expected=f"must be {CATEGORY}")
    publisher = document.child("publisher") or Node({}, document.at("publisher"), sheet)
    author = publisher.text("name", required=True, line=True)
    tracking = document.child("tracking") or Node({}, document.at("tracking"), sheet)
    said = tracking.when("current_release_date", required=True)
    products = dict(_products(root, sheet))
    found: list[Vex] = []
    for node in root.children("vulnerabilities"):
        found.extend(_read(node, products, author, said or times.EPOCH, sheet))
    sheet.settle("the document breaks the VEX profile of CSAF 2.0")
    return Reading(statements=tuple(found), warnings=tuple(sheet.warnings))


def _vulnerability(name: str, some: Iterable[tuple[Vex, str]]) -> Json:
    held = list(some)
    status: dict[str, list[Json]] = {}
    flags: list[Json] = []
    threats: list[Json] = []
    remediations: list[Json] = []
    notes: list[Json] = []
    for one, product in held:
        status.setdefault(_STATUS[one.status], []).append(product)
        moment = times.write(one.said_at)
        word = vex.cisa_word(one.justification) if one.status is VexStatus.NOT_AFFECTED else ""
        if word:
            flags.append({"label": word, "product_ids": [product], "date": moment})
        if one.status is VexStatus.NOT_AFFECTED and (one.detail or not word):
            text = one.detail or one.justification or "No reason was stated."
            threats.append({"category": "impact", "details": text, "product_ids": [product], "date": moment})
        if one.status is VexStatus.AFFECTED:
            remediations.append(_remedy("none_available" if not one.detail else "workaround", one, product))
        if one.status is VexStatus.FIXED:
            remediations.append(_remedy("vendor_fix", one, product))
        if one.status is VexStatus.UNDER_INVESTIGATION:
            threats.append(
                {
                    "category": "impact",
                    "details": one.detail or "Under investigation.",
                    "product_ids": [product],
                    "date": moment,
                }
            )
        if one.expires_at is not None:
            text = f"{product} lapses at {times.write(one.expires_at)}."
            notes.append({"category": "other", "title": "Lapse", "text": text})
    vulnerability: dict[str, Json] = {
        **({"cve": name} if _CVE.match(name) else {"ids": [{"system_name": "Name used by the author", "text": name}]}),
        "notes": [
            {"category": "description", "title": "What this is about", "text": f"Statements about {name}."},
            *notes,
        ],
        "product_status": {key: list(value) for key, value in status.items()},
    }
    for key, value in (("flags", flags), ("threats", threats), ("remediations", remediations)):
        if value:
            vulnerability[key] = value
    return vulnerability


def _remedy(category: str, one: Vex, product: str) -> dict[str, Json]:
    return {
        "category": category,
        "details": one.detail or ("The fix is in this version." if category == "vendor_fix" else NO_DETAIL),
        "product_ids": [product],
        "date": times.write(one.said_at),
    }


def _products(root: Node, sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Product id -> purl, wherever in the tree a product has one. Depth is limited by the parser."""
    tree = root.take("product_tree")
    stack: list[Json] = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            name, helper = value.get("product_id"), value.get("product_identification_helper")
            purl = helper.get("purl") if isinstance(helper, dict) else None
            if isinstance(name, str) and isinstance(purl, str):
                yield name, purl
            stack.extend(value.values())
    if not isinstance(tree, dict):
        sheet.problem("/product_tree", "missing_field", "a VEX names its products")


@dataclass(slots=True)
class _About:
    """What a vulnerability says of one product, beside its status."""

    justification: str = ""
    detail: str = ""
    at: datetime | None = None
    lapses: datetime | None = None
    seen: list[str] = field(default_factory=list)


def _read(node: Node, products: Mapping[str, str], author: str, said: datetime, sheet: Sheet) -> Iterator[Vex]:
    name = node.text("cve", line=True) or next(
        (one.text("text", required=True, line=True) for one in node.children("ids")), ""
    )
    if not name:
        node.problem("cve", "missing_field", "a vulnerability has a CVE or another id")
        return
    about: dict[str, _About] = {}
    for flag in node.children("flags"):
        label, at = flag.text("label", line=True), flag.when("date")
        for product in flag.texts("product_ids"):
            held = about.setdefault(product, _About())
            held.justification, held.at = vex.cisa_word(label), at or held.at
    for key in ("threats", "remediations"):
        for one in node.children(key):
            detail, at = one.text("details"), one.when("date")
            one.take("category")
            for product in one.texts("product_ids"):
                held = about.setdefault(product, _About())
                held.detail, held.at = held.detail or _meant(detail), at or held.at
    for note in node.children("notes"):
        lapse = _LAPSES.match(note.text("text"))
        if lapse is not None:
            about.setdefault(lapse[1], _About()).lapses = times.read(lapse[2])
    status = node.child("product_status")
    if status is None:
        node.problem("product_status", "missing_field", "a VEX gives each product a status")
        return
    for kind, word in _STATUS.items():
        for product in status.texts(word):
            known = vex.named(products.get(product, ""))
            if known is None:
                sheet.warn(status.at(word), "unknown_product", "a product without a purl of a known type is left out")
                continue
            held = about.get(product, _About())
            ecosystem, package, version = known
            yield Vex(
                vulnerability=name,
                status=kind,
                ecosystem=ecosystem,
                name=package,
                version=version,
                justification=held.justification,
                detail=held.detail,
                author=author,
                said_at=held.at or said,
                expires_at=held.lapses,
            )


def _meant(detail: str) -> str:
    """The author's own words; what the writer puts where nothing was said is nothing."""
    return "" if detail in {NO_DETAIL, "The fix is in this version.", "Under investigation."} else detail
