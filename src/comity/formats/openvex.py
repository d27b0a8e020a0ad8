"""OpenVEX 0.2.0: statements written from ours and read into them.

Source: the OpenVEX specification 0.2.0. Products are purls with a version. A document has one author; a lapse date,
for which OpenVEX has no field, stands as a sentence in `status_notes` and is read back from there.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import parse, times, vex
from comity.formats.node import Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.formats.vex import NO_DETAIL, Reading
from comity.model.ids import digest
from comity.model.inventory import Vex, VexStatus

NAME: Final = "openvex"
MEDIA_TYPE: Final = "application/json"
CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"
_KNOWN: Final = re.compile(r"https://openvex\.dev/ns(?:/v0\.[0-9.]+)?\Z")
_LAPSES: Final = re.compile(r"(?:\A|\n)Lapses at ([0-9TZ:.+-]{20,40})\.\Z")
_STATUS: Final = {str(status): status for status in VexStatus}


def write(statements: Sequence[Vex], *, at: datetime) -> bytes:
    """One document. ValueError for statements of no or several authors; Invalid for a product without a purl, and for
    a statement about a range: OpenVEX names versions one by one."""
    author = vex.one_author(statements)
    ranges = [
        Problem(f"/{place}/versions", "range_not_expressible", "OpenVEX has no place for a range of versions")
        for place, one in enumerate(statements)
        if one.versions
    ]
    if ranges:
        raise Invalid("a statement cannot be written as OpenVEX", ranges)
    listed: list[Json] = []
    grouped: dict[Vex, list[Json]] = {}
    for statement in statements:
        key = replace(statement, ecosystem="", name="", version="", source="")
        if key not in grouped:
            grouped[key] = []
            listed.append(_statement(statement, grouped[key]))
        grouped[key].append({"@id": vex.product(statement)})
    name = digest(parse.compact([author, listed]).encode())
    return parse.encode(
        {
            "@context": CONTEXT,
            "@id": f"https://comity.invalid/vex/{name}",
            "author": author,
            "timestamp": times.write(at),
            "version": 1,
            "tooling": "Comity",
            "statements": listed,
        }
    )


def recognises(document: Json) -> bool:
    """True for an object with a context of OpenVEX."""
    context = document.get("@context") if isinstance(document, dict) else None
    return isinstance(context, str) and _KNOWN.match(context) is not None


def read(data: bytes, limits: Limits = LIMITS) -> Reading:
    """The statements, one for each product; Invalid with every violation."""
    sheet = Sheet()
    root = Node.root(parse.decode(data, limits), sheet)
    root.text("@context", required=True, line=True, pattern=_KNOWN, expected="an OpenVEX context")
    author = root.text("author", required=True, line=True)
    said = root.when("timestamp", required=True)
    found: list[Vex] = []
    for node in root.children("statements"):
        found.extend(_read(node, author, said, sheet))
    sheet.settle("the document breaks OpenVEX 0.2.0")
    return Reading(statements=tuple(found), warnings=tuple(sheet.warnings))


def _statement(one: Vex, products: list[Json]) -> Json:
    statement: dict[str, Json] = {
        "vulnerability": {"name": one.vulnerability},
        "products": products,
        "status": str(one.status),
        "timestamp": times.write(one.said_at),
    }
    notes = [] if one.status in {VexStatus.NOT_AFFECTED, VexStatus.AFFECTED} or not one.detail else [one.detail]
    if one.status is VexStatus.NOT_AFFECTED:
        word = vex.cisa_word(one.justification)
        if word:
            statement["justification"] = word
        if one.detail or not word:
            statement["impact_statement"] = one.detail or one.justification or "No reason was stated."
    if one.status is VexStatus.AFFECTED:
        statement["action_statement"] = one.detail or NO_DETAIL
    if one.expires_at is not None:
        notes.append(f"Lapses at {times.write(one.expires_at)}.")
    if notes:
        statement["status_notes"] = "\n".join(notes)
    return statement


def _read(node: Node, author: str, said: datetime | None, sheet: Sheet) -> list[Vex]:
    names = node.child("vulnerability")
    vulnerability = names.text("name", required=True, line=True) if names else ""
    status = node.choice("status", _STATUS, absent=VexStatus.UNDER_INVESTIGATION)
    if not node.has("status"):
        node.problem("status", "missing_field", "this field is required")
    justification = node.choice("justification", {word: word for word in vex.JUSTIFICATIONS}, absent="")
    impact, action = node.text("impact_statement"), node.text("action_statement")
    if status is VexStatus.NOT_AFFECTED and not justification and not impact:
        node.problem("status", "no_reason", "not_affected needs a justification or an impact statement")
    notes = node.text("status_notes")
    lapse = _LAPSES.search(notes)
    if lapse is not None:
        notes = notes[: lapse.start()]
    detail = {VexStatus.NOT_AFFECTED: impact, VexStatus.AFFECTED: "" if action == NO_DETAIL else action}
    at = node.when("timestamp") or said or times.EPOCH
    statements = []
    for product in node.children("products"):
        stated = product.text("@id", required=True, line=True)
        identifiers = product.child("identifiers")
        other = identifiers.text("purl", line=True) if identifiers else ""
        known = vex.named(stated) or vex.named(other)
        if known is None:
            sheet.warn(
                product.pointer, "unknown_product", "no purl of a known type: the statement is about nothing here"
            )
            continue
        ecosystem, name, version = known
        statements.append(
            Vex(
                vulnerability=vulnerability,
                status=status,
                ecosystem=ecosystem,
                name=name,
                version=version,
                justification=justification,
                detail=detail.get(status, notes),
                author=author,
                said_at=at,
                expires_at=times.read(lapse[1]) if lapse is not None else None,
            )
        )
    return statements
