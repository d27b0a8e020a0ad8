"""Read what upstream says of known weaknesses: the KEV catalogue, and CVE records with CISA's Vulnrichment container.

Bytes in, facts out, each with the date its source gives it. A record that cannot be read is listed and left out; it is
never taken for "no". Fields that appear later (BOD 26-04 adds some to KEV) do not disturb.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import cpe, cve_affected, cvss, packed, parse, times
from comity.formats.node import Node, Sheet
from comity.formats.parse import Json
from comity.model import signals
from comity.model.signals import CpeMatch, Fact, ProductStatement

KEV_LIMITS: Final = parse.Limits(document_bytes=64 * 1024 * 1024, depth=8)
RECORD_LIMITS: Final = parse.Limits(document_bytes=8 * 1024 * 1024, depth=32)
RECORDS_BYTES: Final = 1024 * 1024 * 1024
PACKED_BYTES: Final = 2 * 1024 * 1024 * 1024
UNPACKED_BYTES: Final = 8 * 1024 * 1024 * 1024
MOST_RECORDS: Final = 1_000_000
MOST_CPES: Final = 2000
"""Names kept of one entry or record: some list every build ever made."""

_CVE = re.compile(r"CVE-\d{4}-\d{4,19}\Z", re.ASCII)
_RECORD_NAME = re.compile(r"(?:\A|/)CVE-\d{4}-\d{4,19}\.json\Z", re.ASCII)
_SSVC_OPTIONS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "exploitation": (signals.EXPLOITATION, {"none": "none", "poc": "public poc", "active": "active"}),
    "automatable": (signals.AUTOMATABLE, {"yes": "yes", "no": "no"}),
    "technical impact": (signals.IMPACT, {"partial": "partial", "total": "total"}),
}
"""SSVC option name -> our signal and its values. Upstream's letter case varies ("Total", "PoC"), so both are folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What one fetched document says. `as_of` is the source's own date; `left_out` is what could not be read."""

    source: str
    as_of: datetime | None
    facts: tuple[Fact, ...]
    subjects: int
    left_out: tuple[Problem, ...] = ()
    products: tuple[ProductStatement, ...] = ()
    """What it says of products, by the names it gives them."""


def kev(data: bytes) -> Upstream:
    """The catalogue of known exploited vulnerabilities, as CISA publishes it in JSON. Invalid when it is not one."""
    document = parse.decode(data, KEV_LIMITS)
    entries = document.get("vulnerabilities") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(entries, list):
        raise Invalid(
            "not a KEV catalogue", [Problem("/vulnerabilities", "missing_field", "give CISA's JSON catalogue")]
        )
    released = times.maybe(document.get("dateReleased"))
    facts: list[Fact] = []
    left_out: list[Problem] = []
    products: list[ProductStatement] = []
    count = 0
    for place, entry in enumerate(entries):
        name = entry.get("cveID") if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str) or _CVE.match(name) is None:
            left_out.append(Problem(f"/vulnerabilities/{place}", "unreadable", "the entry names no CVE id"))
            continue
        count += 1
        facts.append(Fact(subject=name, name=signals.KEV, value="yes", as_of=released))
        for key, signal in (("dateAdded", signals.KEV_ADDED), ("dueDate", signals.KEV_DUE)):
            facts.append(Fact(subject=name, name=signal, value=_day(entry.get(key)), as_of=released))
        ransomware = entry.get("knownRansomwareCampaignUse")
        if isinstance(ransomware, str):
            facts.append(Fact(subject=name, name=signals.RANSOMWARE, value=ransomware[:32], as_of=released))
        products.append(_kev_product(name, entry))
    stated = document.get("count")
    if isinstance(stated, int) and stated != len(entries):
        left_out.append(
            Problem("/count", "wrong_count", f"the catalogue says {stated} and holds {len(entries)} entries")
        )
    return Upstream(
        source=signals.KEV_SOURCE,
        as_of=released,
        facts=tuple(facts),
        subjects=count,
        left_out=tuple(left_out),
        products=tuple(products),
    )


def cve_records(data: bytes) -> Upstream:
    """CVE JSON 5 records: one document, one record a line (plain or `.gz`), or a zip with a file each, as the CVE
    Program and Vulnrichment hand them out. Gives SSVC inputs and CVSS where they are stated.

    `as_of` is the newest date that a record's own SSVC statement or metadata bears.
    """
    if len(data) > (PACKED_BYTES if data[:4] == packed.ZIP else RECORDS_BYTES):
        raise Invalid("too large", [Problem("", "document_too_large", f"over {RECORDS_BYTES} bytes: split it")])
    facts: list[Fact] = []
    left_out: list[Problem] = []
    products: list[ProductStatement] = []
    subjects = 0
    for pointer, chunk in _chunks(data):
        try:
            record = parse.decode(chunk, RECORD_LIMITS, controls=True)
        except Invalid as error:
            left_out.extend(Problem(f"{pointer}{p.pointer}", p.code, p.reason) for p in error.problems)
            continue
        found = tuple(_record(record))
        if not found:
            left_out.append(Problem(pointer, "unreadable", "not a CVE JSON 5 record with an id"))
            continue
        subjects += 1
        products.extend(_products(found[0].subject, record))
        facts.extend({fact.name: fact for fact in reversed(found) if fact.name}.values())
    dates = [fact.as_of for fact in facts if fact.as_of is not None]
    return Upstream(
        source=signals.SSVC_SOURCE,
        as_of=max(dates, default=None),
        facts=tuple(facts),
        subjects=subjects,
        left_out=tuple(left_out),
        products=tuple(products),
    )


def _kev_product(name: str, entry: Mapping[str, Json]) -> ProductStatement:
    def said(key: str, most: int) -> str:
        value = entry.get(key)
        return " ".join(value.split())[:most] if isinstance(value, str) else ""

    return ProductStatement(
        subject=name,
        vendor=said("vendorProject", 200),
        product=said("product", 300),
        title=said("vulnerabilityName", 300),
        summary=said("shortDescription", 2000),
        action=said("requiredAction", 1000),
        due=_day(entry.get("dueDate")) or "",
        added=_day(entry.get("dateAdded")) or "",
        ransomware=said("knownRansomwareCampaignUse", 32),
    )


def _products(name: str, record: Json) -> Iterator[ProductStatement]:
    """The products of a CVE record, of its own container and of what others added, each with its versions."""
    metadata = record.get("cveMetadata") if isinstance(record, dict) else None
    containers = record.get("containers") if isinstance(record, dict) else None
    if not isinstance(containers, dict) or (isinstance(metadata, dict) and metadata.get("state") == "REJECTED"):
        return
    others = containers.get("adp")
    seen: set[tuple[str, str]] = set()
    title, summary, action = _texts(containers.get("cna"))
    for container in (containers.get("cna"), *(others if isinstance(others, list) else [])):
        if not isinstance(container, dict) or not isinstance(container.get("affected"), list):
            continue
        by_pair = _cpes_by_product(container["affected"])
        sheet = Sheet()
        stated = cve_affected.read(Node(container, "", sheet))
        if sheet.problems:
            continue  # a product list that breaks the format says nothing that could be stood behind
        for one in stated:
            pair = (one.vendor.casefold(), one.name.casefold())
            if one.name and pair not in seen:
                seen.add(pair)
                alike = tuple(a for a in stated if (a.vendor.casefold(), a.name.casefold()) == pair)
                yield ProductStatement(
                    subject=name, vendor=one.vendor[:200], product=one.name[:300], affected=alike, title=title,
                    summary=summary, action=action, cpes=by_pair.get(pair, ()),
                )  # fmt: skip
    for container in (containers.get("cna"), *(others if isinstance(others, list) else [])):
        found = _applicable(container.get("cpeApplicability")) if isinstance(container, dict) else ()
        if found:
            yield ProductStatement(
                subject=name, vendor="", product="", cpes=found, title=title, summary=summary, action=action
            )


def _cpes_by_product(products: Json) -> dict[tuple[str, str], tuple[CpeMatch, ...]]:
    """The CPE names that a product entry of a record bears. They name it; its versions stand beside them."""
    found: dict[tuple[str, str], tuple[CpeMatch, ...]] = {}
    for product in products if isinstance(products, list) else []:
        names = product.get("cpes") if isinstance(product, dict) else None
        if not isinstance(product, dict) or not isinstance(names, list):
            continue
        pair = (_folded(product.get("vendor")), _folded(product.get("product")))
        read = tuple(one for one in map(_cpe_match, names[:MOST_CPES]) if one is not None)
        found[pair] = (*found.get(pair, ()), *read)
    return found


def _folded(value: Json) -> str:
    return " ".join(value.split()).casefold() if isinstance(value, str) else ""


def _applicable(configurations: Json) -> tuple[CpeMatch, ...]:
    """CVE record format 5.1, `cpeApplicability`. What holds only with other products, or negated, is marked so."""
    found: list[CpeMatch] = []
    for configuration in configurations if isinstance(configurations, list) else []:
        nodes = configuration.get("nodes") if isinstance(configuration, dict) else None
        if not isinstance(configuration, dict) or not isinstance(nodes, list):
            continue
        joined = configuration.get("operator") == "AND" and len(nodes) > 1
        for node in nodes:
            matches = node.get("cpeMatch") if isinstance(node, dict) else None
            if not isinstance(node, dict) or not isinstance(matches, list):
                continue
            together = joined or (node.get("operator") == "AND" and len(matches) > 1)
            negated = node.get("negate") is True or configuration.get("negate") is True
            for match in matches:
                if isinstance(match, dict) and match.get("vulnerable") is True and len(found) < MOST_CPES:
                    read = _cpe_match(match.get("criteria"), match, conditional=together or negated)
                    found.extend(() if read is None else (read,))
    return tuple(found)


def _cpe_match(text: Json, bounds: Mapping[str, Json] | None = None, *, conditional: bool = False) -> CpeMatch | None:
    """None for a name that breaks the grammar, or that names no product."""
    try:
        name = cpe.read(text) if isinstance(text, str) else None
    except Invalid:
        return None
    if name is None or not (cpe.is_exact(name.vendor) and cpe.is_exact(name.product)):
        return None

    def bound(key: str) -> str:
        value = (bounds or {}).get(key)
        return value.strip()[:128] if isinstance(value, str) else ""

    return CpeMatch(
        name=cpe.write(name),
        vendor=name.key[0],
        product=name.key[1],
        start=bound("versionStartIncluding"),
        start_after=bound("versionStartExcluding"),
        end=bound("versionEndIncluding"),
        end_before=bound("versionEndExcluding"),
        conditional=conditional,
    )


def _texts(cna: Json) -> tuple[str, str, str]:
    """Title, first English description, first English solution or workaround."""
    if not isinstance(cna, dict):
        return "", "", ""

    def first(key: str) -> str:
        found = cna.get(key)
        for one in found if isinstance(found, list) else []:
            if isinstance(one, dict) and str(one.get("lang", "")).lower().startswith("en"):
                value = one.get("value")
                return " ".join(value.split()) if isinstance(value, str) else ""
        return ""

    title = cna.get("title")
    return (
        (" ".join(title.split())[:300] if isinstance(title, str) else ""),
        first("descriptions")[:2000],
        (first("solutions") or first("workarounds"))[:1000],
    )


def _chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:4] == packed.ZIP:
        yield from _zipped(data)
        return
    if data[:2] == packed.GZIP:
        data = packed.gunzip(data, limit=RECORDS_BYTES)
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        is_lines = len(lines) > 1 and isinstance(json.loads(lines[0]), dict)
    except (ValueError, RecursionError):
        is_lines = False
    if not is_lines:
        yield "", data
        return
    for place, line in enumerate(lines):
        yield f"/{place}", line


def _zipped(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The records of an archive. The CVE Program packs its daily one twice: a zip that holds nothing but a zip."""
    inner = [name for name in packed.names(data) if name.endswith(".zip")]
    if len(inner) == 1:
        found = packed.members(
            data, wanted=lambda name: name == inner[0], most=1, limit=PACKED_BYTES, each=PACKED_BYTES
        )
        data = next(found)[1]
    yield from packed.members(
        data, wanted=is_record_name, most=MOST_RECORDS, limit=UNPACKED_BYTES, each=RECORD_LIMITS.document_bytes
    )


def is_record_name(name: str) -> bool:
    """Whether a file of an archive is a CVE record: beside them lie change logs and notes."""
    return _RECORD_NAME.search(name) is not None


def _record(record: Json) -> Iterator[Fact]:
    """Facts of one record; the first has an empty name and only says that the record was read."""
    metadata = record.get("cveMetadata") if isinstance(record, dict) else None
    name = metadata.get("cveId") if isinstance(metadata, dict) else None
    if not isinstance(record, dict) or not isinstance(name, str) or _CVE.match(name) is None:
        return
    yield Fact(subject=name, name="", value=None)
    containers = record.get("containers")
    if not isinstance(containers, dict):
        return
    others = containers.get("adp")
    for container in (containers.get("cna"), *(others if isinstance(others, list) else [])):
        metrics = container.get("metrics") if isinstance(container, dict) else None
        if not isinstance(container, dict) or not isinstance(metrics, list):
            continue
        said_by, at = _provider(container)
        for metric in metrics:
            if isinstance(metric, dict):
                yield from _ssvc(name, metric.get("other"))
                yield from _scores(name, metric, said_by, at)


def _ssvc(name: str, other: Json) -> Iterator[Fact]:
    content = other.get("content") if isinstance(other, dict) and other.get("type") == "ssvc" else None
    if not isinstance(content, dict) or not isinstance(content.get("options"), list):
        return
    at = times.maybe(content.get("timestamp"))
    options = content["options"]
    for option in options if isinstance(options, list) else []:
        for key, value in option.items() if isinstance(option, dict) else ():
            signal, values = _SSVC_OPTIONS.get(key.casefold(), ("", {}))
            if signal and isinstance(value, str):
                yield Fact(subject=name, name=signal, value=values.get(value.casefold()), as_of=at)


def _scores(name: str, metric: Mapping[str, Json], said_by: str, at: datetime | None) -> Iterator[Fact]:
    for key in ("cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0"):
        stated = metric.get(key)
        vector = stated.get("vectorString") if isinstance(stated, dict) else None
        if not isinstance(vector, str):
            continue
        try:
            score = cvss.score(cvss.read(vector))
        except ValueError:
            continue
        yield Fact(
            subject=name, name=signals.CVSS, value=f"{score.base} {score.rating} {vector}", as_of=at, note=said_by
        )


def _provider(container: Mapping[str, Json]) -> tuple[str, datetime | None]:
    provider = container.get("providerMetadata")
    if not isinstance(provider, dict):
        return "from nobody named", None
    short, updated = provider.get("shortName"), provider.get("dateUpdated")
    return (
        f"from {short[:40]}" if isinstance(short, str) else "from nobody named",
        times.maybe(updated),
    )


def _day(value: Json) -> str | None:
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
