"""CSAF 2.0 and 2.1, profile VEX (document category `csaf_vex`): statements written from ours and read into them.

Source: CSAF 2.0 and the draft of 2.1, section 4.5. A product of one version is a full product name with its purl; one
of a range is a branch with the range as `vers:` string. A reason for "not affected" is a flag where it is one of CISA's
words, else an impact statement; "affected" carries a remediation. A lapse date, for which CSAF has no field, stands as
a note of the vulnerability and is read back from there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from comity.errors import Problem
from comity.formats import csaf_check, parse, times, vex
from comity.formats.csaf_dialect import V2_0, Dialect
from comity.formats.node import Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.formats.vex import NO_DETAIL, Reading
from comity.model.advisory import Publisher, Revision
from comity.model.handling import Tlp
from comity.model.ids import digest
from comity.model.inventory import Vex, VexStatus

NAME: Final = "csaf-vex"
MEDIA_TYPE: Final = "application/json"
CATEGORY: Final = "csaf_vex"
RANGE: Final = "product_version_range"
IS_FIXED: Final = "The fix is in this version."
"""Where nothing else was said. 2.1 lets no remediation speak of a fixed version (6.1.36): it is told as an impact."""
_STATUS: Final = {
    VexStatus.NOT_AFFECTED: "known_not_affected",
    VexStatus.AFFECTED: "known_affected",
    VexStatus.FIXED: "fixed",
    VexStatus.UNDER_INVESTIGATION: "under_investigation",
}
_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}\Z")
_LAPSES: Final = re.compile(r"(CSAFPID-[0-9]+) lapses at ([0-9TZ:.+-]{20,40})\.\Z")


def recognises(document: Json) -> bool:
    """True for a CSAF document of the VEX profile."""
    head = document.get("document") if isinstance(document, dict) else None
    return isinstance(head, dict) and "csaf_version" in head and head.get("category") == CATEGORY


def write(
    statements: Sequence[Vex],
    *,
    publisher: Publisher,
    at: datetime,
    name: str = "",
    title: str = "",
    tlp: Tlp | None = None,
    dialect: Dialect = V2_0,
    revisions: Sequence[Revision] = (),
) -> bytes:
    """One document. `name` is its tracking id; without a label, 2.0 has none and 2.1, which must have one, has RED.

    `revisions` are its editions, oldest first, of which the last is of `at`; without any this is the first.

    ValueError for no statements, or those of another author; Invalid for a product without a purl.
    """
    author = vex.one_author(statements)
    if author != publisher.name:
        raise ValueError("a CSAF document is published by the author of its statements")
    keys = list(dict.fromkeys(_key(one) for one in statements))
    ids = {key: f"CSAFPID-{number:04}" for number, key in enumerate(keys, 1)}
    by_name: dict[str, list[tuple[Vex, str]]] = {}
    for one in statements:
        by_name.setdefault(one.vulnerability, []).append((one, ids[_key(one)]))
    listed: list[Json] = [_vulnerability(about, some, dialect) for about, some in by_name.items()]
    moment = times.write(at)
    named = {_key(one): one for one in statements}
    label = tlp if tlp is not None or dialect.is_first else Tlp.RED
    editions = tuple(revisions) or (Revision(number="1", at=at, summary="First version"),)
    document: dict[str, Json] = dialect.schema()
    return parse.encode(
        document
        | {
            "document": {
                "category": CATEGORY,
                "csaf_version": dialect.version,
                "title": title or f"VEX statements of {author}",
                "lang": "en",
                **({} if label is None else {"distribution": dialect.distribution(label)}),
                "publisher": {
                    "category": publisher.category,
                    "name": publisher.name,
                    "namespace": publisher.namespace,
                },
                "tracking": {
                    "id": name or f"VEX-{digest(parse.compact([author, listed]).encode())[:16]}",
                    "status": "final",
                    "version": editions[-1].number,
                    "initial_release_date": times.write(editions[0].at),
                    "current_release_date": moment,
                    "revision_history": [
                        {"number": one.number, "date": times.write(one.at), "summary": one.summary} for one in editions
                    ],
                    "generator": {"engine": {"name": "Comity"}},
                },
            },
            "product_tree": _tree({ids[key]: named[key] for key in keys}, dialect),
            "vulnerabilities": listed,
        }
    )


def _key(one: Vex) -> tuple[str, str]:
    """The product that a statement is about: its purl, and the range where it names no single version."""
    return vex.product(one), one.versions


def _tree(products: Mapping[str, Vex], dialect: Dialect) -> dict[str, Json]:
    full: list[Json] = []
    branches: dict[str, list[Json]] = {}
    for product_id, one in products.items():
        product: Json = {
            "name": f"{one.name} {one.version or one.versions}".strip(),
            "product_id": product_id,
            "product_identification_helper": dialect.helper(vex.product(one)),
        }
        if not one.versions:
            full.append(product)
        else:
            leaf: Json = {"category": RANGE, "name": one.versions, "product": product}
            branches.setdefault(one.name, []).append(leaf)
    tree: dict[str, list[Json]] = {
        "branches": [{"category": "product_name", "name": name, "branches": some} for name, some in branches.items()],
        "full_product_names": full,
    }
    return {key: value for key, value in tree.items() if value}


def check(data: bytes, limits: Limits = LIMITS) -> tuple[Problem, ...]:
    """Where the document breaks the schema or a mandatory test of the version that it names."""
    return csaf_check.check(data, limits).problems


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
    products = _products(root, sheet)
    found: list[Vex] = []
    for node in root.children("vulnerabilities"):
        found.extend(_read(node, products, author, said or times.EPOCH, sheet))
    sheet.settle("the document breaks the VEX profile of CSAF")
    return Reading(statements=tuple(found), warnings=tuple(sheet.warnings))


def _vulnerability(name: str, some: Iterable[tuple[Vex, str]], dialect: Dialect) -> Json:
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
        if one.status is VexStatus.FIXED and dialect.is_first:
            remediations.append(_remedy("vendor_fix", one, product))
        if one.status is VexStatus.UNDER_INVESTIGATION or (one.status is VexStatus.FIXED and not dialect.is_first):
            usual = "Under investigation." if one.status is VexStatus.UNDER_INVESTIGATION else IS_FIXED
            text = one.detail or usual
            threats.append({"category": "impact", "details": text, "product_ids": [product], "date": moment})
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
        "details": one.detail or (IS_FIXED if category == "vendor_fix" else NO_DETAIL),
        "product_ids": [product],
        "date": times.write(one.said_at),
    }


def _products(root: Node, sheet: Sheet) -> dict[str, tuple[str, str]]:
    """Product id -> purl, and the range of versions that the branch above it names. Depth is limited by the parser."""
    tree = root.take("product_tree")
    found: dict[str, tuple[str, str]] = {}
    stack: list[tuple[Json, str]] = [(tree, "")]
    while stack:
        value, versions = stack.pop()
        if isinstance(value, list):
            stack.extend((one, versions) for one in value)
        elif isinstance(value, dict):
            if value.get("category") == RANGE and isinstance(value.get("name"), str):
                versions = str(value["name"])
            name, helper = value.get("product_id"), value.get("product_identification_helper")
            stated = helper if isinstance(helper, dict) else {}
            several = stated.get("purls")
            purl = stated.get("purl") or (several[0] if isinstance(several, list) and several else None)
            if isinstance(name, str) and isinstance(purl, str):
                found[name] = purl, versions
            stack.extend((one, versions) for one in value.values())
    if not isinstance(tree, dict):
        sheet.problem("/product_tree", "missing_field", "a VEX names its products")
    return found


@dataclass(slots=True)
class _About:
    """What a vulnerability says of one product, beside its status."""

    justification: str = ""
    detail: str = ""
    at: datetime | None = None
    lapses: datetime | None = None
    seen: list[str] = field(default_factory=list)


def _read(
    node: Node, products: Mapping[str, tuple[str, str]], author: str, said: datetime, sheet: Sheet
) -> Iterator[Vex]:
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
            purl, versions = products.get(product, ("", ""))
            known = vex.named(purl)
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
                version="" if versions else version,
                versions=versions,
                justification=held.justification,
                detail=held.detail,
                author=author,
                said_at=held.at or said,
                expires_at=held.lapses,
            )


def _meant(detail: str) -> str:
    """The author's own words; what the writer puts where nothing was said is nothing."""
    return "" if detail in {NO_DETAIL, IS_FIXED, "Under investigation."} else detail
