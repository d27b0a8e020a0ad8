"""The vulnerability-report profile of CSAF 2.1: a finding written for another coordinator, and what is read back of it.

Source: oasis-tcs/csaf, issue 1482 and change 1513, after the state of the draft that the other rules follow. A report
names products, at least one of them affected, an id of the weakness, and its summary as a note of fixed category and
title (6.1.27.20). The texts of a finding that CSAF has no field for are notes under titles of ours. Nothing travels out
of sight: what a program reads here, a person reads too. Files and commits stay with `comity-report/1`.

The label is the finding's own, never a weaker one. A reader's host holds what comes in as TLP:RED all the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import ai, csaf_tree, cwe, parse, times
from comity.formats.csaf_dialect import CWE_LIST, V2_1
from comity.formats.csaf_read import CVE, GENERATOR, REFERENCES, REMEDIES, id_json
from comity.formats.csaf_rules_2_1.profiles import REPORT as CATEGORY
from comity.formats.csaf_rules_2_1.profiles import SUMMARY
from comity.formats.node import URL
from comity.formats.parse import Json
from comity.model.advisory import Publisher
from comity.model.handling import NO_EQUITIES_USE
from comity.model.report import Exploitation, Finding, Known

MEDIA_TYPE: Final = f"application/csaf+json;profile=vulnerability-report;version={V2_1.version}"
FILE_NAME: Final = "vulnerability-report.csaf-2.1.json"
TEXTS: Final = {
    "summary": SUMMARY,
    "description": ("description", "Vulnerability Description"),
    "trigger": ("details", "Trigger"),
    "impact": ("details", "Impact"),
    "preconditions": ("details", "Preconditions"),
}
"""Text of a finding -> category and title of the note that carries it."""
FINDER: Final = "Finder"
DISCOVERY: Final = ("other", "Vulnerability Discovery Method")
HANDLING: Final = ("legal_disclaimer", "Handling")
UNBOUND: Final = (
    "The report names no version of a product: that product is listed as affected, which versions is unknown."
)
_EXPLOITED: Final = {
    Exploitation.ACTIVE: "Use against others is known.",
    Exploitation.POC: "A proof of concept exists.",
    Exploitation.NONE: "No use against others is known.",
}


def write(
    finding: Finding, *, name: str, publisher: Publisher, at: datetime, disclose_at: datetime | None = None
) -> bytes:
    """One document about one finding. `name` is its tracking id; `disclose_at` the end of the embargo in force.

    Invalid for a finding that names no product, which this profile cannot do without, and for a publisher that is none.
    """
    if not publisher.name or not URL.match(publisher.namespace):
        reason = "a name and an http(s) namespace are required"
        raise Invalid("CSAF needs to know who publishes", [Problem("/publisher", "missing_field", reason)])
    tree = csaf_tree.write(finding.affected, V2_1)
    if not any(one.name or one.purl for one in finding.affected):
        reason = "the vulnerability-report profile of CSAF names an affected product"
        raise Invalid("this finding names no product", [Problem("/affected", "missing_field", reason)])
    moment = times.write(at)
    document: dict[str, Json] = {
        **V2_1.schema(),
        "document": {
            "category": CATEGORY,
            "csaf_version": V2_1.version,
            "title": finding.summary,
            "lang": "en",
            "distribution": V2_1.distribution(finding.handling.tlp),
            "publisher": {
                "category": publisher.category,
                "name": publisher.name,
                "namespace": publisher.namespace,
            },
            "tracking": {
                "id": name,
                "status": "final",
                "version": "1",
                "initial_release_date": moment,
                "current_release_date": moment,
                "revision_history": [{"date": moment, "number": "1", "summary": "Handed over."}],
                "generator": GENERATOR,
            },
        },
        "product_tree": tree.product_tree,
        "vulnerabilities": [_vulnerability(finding, name, _affected(tree.status), disclose_at)],
    }
    return parse.encode(document)


def told(finding: Finding, document: Json) -> Finding:
    """The finding with what the notes of a document of this profile say; any other document changes nothing.

    `finding` is what the first vulnerability reads as; a report is about one.
    """
    root = document if isinstance(document, dict) else {}
    head, listed = root.get("document"), root.get("vulnerabilities")
    is_report = isinstance(head, dict) and head.get("category") == CATEGORY
    one = listed[0] if is_report and isinstance(listed, list) and listed else None
    if not isinstance(one, dict):
        return finding
    notes = one.get("notes")
    said = dict(_texts(notes if isinstance(notes, list) else []))
    date = one.get("disclosure_date")
    until = times.maybe(date) if isinstance(date, str) else None
    return replace(
        finding,
        summary=" ".join(said.get("summary", "").split()) or finding.summary,
        description=said.get("description", finding.description),
        trigger=said.get("trigger", ""),
        impact=said.get("impact", ""),
        preconditions=said.get("preconditions", ""),
        wishes=replace(finding.wishes, publish_after=until, credit=finding.wishes.credit or _finders(one)),
    )


def _finders(vulnerability: Mapping[str, Json]) -> str:
    listed = vulnerability.get("acknowledgments")
    named: list[str] = []
    for one in listed if isinstance(listed, list) else ():
        names = one.get("names") if isinstance(one, dict) and one.get("summary") == FINDER else None
        named += [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return ", ".join(named)


def _texts(notes: list[Json]) -> Iterator[tuple[str, str]]:
    places = {place: name for name, place in TEXTS.items()}
    for note in reversed(notes):  # the first of two under one title counts
        if isinstance(note, dict) and isinstance(note.get("text"), str):
            name = places.get((str(note.get("category")), str(note.get("title"))))
            if name:
                yield name, str(note["text"])


def _affected(status: Mapping[str, Json]) -> dict[str, Json]:
    """A finder claims that a product is affected, also where no version is said: what is open stands as affected."""
    open_ones, known = status.get("under_investigation"), status.get("known_affected")
    both = [*(known if isinstance(known, list) else []), *(open_ones if isinstance(open_ones, list) else [])]
    rest = {key: value for key, value in status.items() if key not in ("under_investigation", "known_affected")}
    return {"known_affected": both, **rest} if both else dict(rest)


def _vulnerability(
    finding: Finding, name: str, status: dict[str, Json], disclose_at: datetime | None
) -> dict[str, Json]:
    cve = next((one for one in finding.aliases if CVE.match(one)), "")
    others = [one for one in dict.fromkeys(finding.aliases) if one != cve]
    affected = csaf_tree.status_ids(status)
    impact: list[Json] = [{"category": "impact", "details": finding.impact, "product_ids": affected}]
    exploited = _EXPLOITED.get(finding.exposure.exploitation)
    used: list[Json] = [{"category": "exploit_status", "details": exploited or "", "product_ids": affected}]
    stated: dict[str, Json] = {
        "cve": cve,
        "cwes": [
            {"id": one, "name": cwe.name_in(one, CWE_LIST), "version": CWE_LIST}
            for one in dict.fromkeys(finding.cwes)
            if cwe.name_in(one, CWE_LIST)
        ],
        "disclosure_date": "" if disclose_at is None else times.write(disclose_at),
        "ids": [id_json(one) for one in (others if cve or others else [name])],
        "title": finding.summary,
        "notes": list(_notes(finding)),
        "product_status": status,
        "metrics": [
            V2_1.score(severity, affected) for severity in V2_1.scorable(finding.severities).values() if affected
        ],
        "remediations": [
            {"category": category, "details": text, "product_ids": affected}
            for category, text in zip(REMEDIES, (finding.fix, finding.workaround), strict=True)
            if text and affected
        ],
        "references": [
            {"category": "external", "summary": REFERENCES.get(one.kind, "Web reference"), "url": one.url}
            for one in finding.references
            if URL.match(one.url)
        ],
        "acknowledgments": [{"names": [finding.wishes.credit], "summary": FINDER}] if finding.wishes.credit else [],
        "threats": [*(impact if finding.impact and affected else []), *(used if exploited and affected else [])],
    }
    return {key: value for key, value in stated.items() if value}


def _notes(finding: Finding) -> Iterator[Json]:
    for name, (category, title) in TEXTS.items():
        text = getattr(finding, name)
        if text:
            yield {"category": category, "title": title, "text": text}
    if finding.symbols:
        places = [f"{one.function or '(file)'}, {one.file or 'file not said'}" for one in finding.symbols]
        yield {"category": "details", "title": "Where in the code", "text": "\n".join(places)}
    if any(not one.versions and not one.ranges for one in finding.affected):
        yield {"category": "general", "title": "Versions", "text": UNBOUND}
    use = finding.provenance.discovery
    if use.used is not Known.UNKNOWN:
        category, title = DISCOVERY
        yield {"category": category, "title": title, "text": ai.sentence("Finding", use), "audience": "coordinator"}
    if finding.handling.no_equities_use:
        category, title = HANDLING
        yield {"category": category, "title": title, "text": NO_EQUITIES_USE}
