"""Documents of every format that the host takes, with script in each of their texts that their reader lets through.

No list of fields: a document is walked, each of its texts is replaced alone, and what the reader still takes stays
replaced. A text that must have a form (an address, an id, a name in one line) gets the sharpest planting that fits it.
"""

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from html import escape
from typing import Any

from comity.brief import gather
from comity.brief.gather import Registered
from comity.errors import ComityError
from comity.formats import (
    catalogue,
    csaf_archive,
    csaf_report,
    csaf_vex,
    cyclonedx_vex,
    directive,
    openvex,
    osv_bundle,
    plain_yaml,
    stix_advisory,
    stix_read,
    upstream,
)
from comity.formats.csaf import Csaf
from comity.formats.cve import Cve
from comity.formats.listings import detect
from comity.formats.osv import Osv
from comity.formats.report import ReportDocument
from comity.formats.tap import Tap
from comity.model.article import Source
from comity.model.ids import digest
from comity.model.inventory import Vex, VexStatus
from tests.attacks.markup import MARK
from tests.formats.test_csaf_report import WHO, WHOLE
from tests.formats.values import ADVISORY, WHEN

TEXT = (
    f"{MARK}\"'><script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)><iframe srcdoc='<script>"
    'alert(1)</script>\'></iframe>[link](javascript:alert(1)) <javascript:alert(1)> {"a": "</script><script>alert(1)'
    '</script>"} {{7*7}} &lt;img src=x onerror=alert(1)&gt; </textarea></title><body onload=alert(1)>'
)
SHORT = f'{MARK}"><svg/onload=alert(1)>'
PATH = f'https://example.org/{MARK}"><svg/onload=alert(1)>'
LINK = f"javascript:alert(1)//{MARK}"
HIDDEN = f"java\tscript:alert(1)//{MARK}"
PLAIN = (TEXT, SHORT, f"{MARK}'onmouseover='alert(1)", LINK)
ADDRESS = (LINK, HIDDEN, f"data:text/html,<script>alert(1)</script>{MARK}", PATH, *PLAIN)
"""Tried in this order; the first that the reader takes stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document as it is sent; `places` is how many of its texts were replaced, of how many."""

    name: str
    media_type: str
    data: bytes
    places: int
    of: int


@dataclass(slots=True)
class Place:
    """One text in a document that can be replaced."""

    key: str
    value: str
    put: Callable[[str], None]

    @property
    def wanted(self) -> tuple[str, ...]:
        """Plantings in the order in which they are tried."""
        address = self.value.startswith(("http:", "https:")) or self.key.lower() in {"url", "uri", "href", "ref"}
        return ADDRESS if address else PLAIN


def planted(
    name: str,
    places: list[Place],
    written: Callable[[], bytes],
    taken: Callable[[bytes], object],
    kind: str,
    *,
    tries: int = 9,
) -> Document:
    """The document with everything replaced that its reader takes. It must take the document as it is."""
    taken(written())
    put = 0
    for place in places:
        for text in place.wanted[:tries]:
            place.put(text)
            try:
                taken(written())
            except (ComityError, ValueError, AssertionError):
                place.put(place.value)
            else:
                put += 1
                break
    data = written()
    taken(data)
    return Document(name=name, media_type=kind, data=data, places=put, of=len(places))


def _in_json(node: Any) -> Iterator[Place]:
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node)) if isinstance(node, list) else []
    for key, value in pairs:
        if isinstance(value, str):
            yield Place(str(key), value, lambda text, node=node, key=key: node.__setitem__(key, text))
        else:
            yield from _in_json(value)


def _in_xml(root: ET.Element) -> Iterator[Place]:
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if element.text and element.text.strip():
            yield Place(name, element.text, lambda text, element=element: setattr(element, "text", text))
        for key, value in element.attrib.items():
            yield Place(key, value, lambda text, element=element, key=key: element.set(key, text))


def of_json(
    name: str,
    data: bytes,
    taken: Callable[[bytes], object],
    *,
    wrap: Callable[[bytes], bytes] = bytes,
    keep: str = "",
    tries: int = 9,
) -> Document:
    """A JSON document; `wrap` makes the file of it that is sent. Texts under a key of `keep` stay as they are."""
    tree = json.loads(data)
    places = [place for place in _in_json(tree) if place.key not in keep.split()]
    return planted(name, places, lambda: wrap(json.dumps(tree).encode()), taken, "application/json", tries=tries)


def of_xml(name: str, data: bytes, taken: Callable[[bytes], object], kind: str = "application/xml") -> Document:
    """An XML document."""
    root = ET.fromstring(data)
    return planted(name, list(_in_xml(root)), lambda: ET.tostring(root), taken, kind)


def of_table(name: str, rows: list[list[str]], taken: Callable[[bytes], object]) -> Document:
    """A table; its headings stay."""

    def written() -> bytes:
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        return out.getvalue().encode()

    places = [
        Place(rows[0][at], value, lambda text, row=row, at=at: row.__setitem__(at, text))
        for row in rows[1:]
        for at, value in enumerate(row)
    ]
    return planted(name, places, written, taken, "text/csv")


def _whole(found: Any) -> None:
    """Nothing was left out in reading, which some readers list instead of refusing."""
    assert not getattr(found, "left_out", ())


@cache
def reports() -> tuple[Document, ...]:
    """Findings in every format that they are read from."""
    sarif = {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "tool", "version": "1", "informationUri": "https://example.org/t",
                                    "rules": [{"id": "R1", "name": "rule", "helpUri": "https://example.org/h",
                                               "shortDescription": {"text": "short"}, "help": {"text": "help"}}]}},
                "results": [{"ruleId": "R1", "message": {"text": "words", "markdown": "*words*"},
                             "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/a.c"},
                                                                 "region": {"startLine": 3}},
                                            "logicalLocations": [{"name": "parse", "fullyQualifiedName": "a.parse"}]}],
                             "properties": {"note": "a"}}],
            }
        ],
    }  # fmt: skip
    read = catalogue.read
    held = replace(ADVISORY, summary=ADVISORY.title)
    tap = {"purl": "pkg:npm/example-lib@1.0.1", "code_path": "a/b.c", "affected_symbol": {"file":
           "a.js", "function": "f"}, "references": ["https://example.org/r"], "discovery_method": "manual",
           "discovery_tooling": "a tool", "enrichment": {"impact": "words"}, "attachments": [
               {"filename": "poc.txt", "data": "boom", "content_type": "text/plain"}]}  # fmt: skip
    return (
        of_json("report.json", ReportDocument().write(WHOLE, {}), read),
        of_json("log.sarif", json.dumps(sarif).encode(), read),
        of_json("osv.json", Osv().write(held), read),
        of_json("csaf.json", csaf_report.write(WHOLE, name="R-7", publisher=WHO, at=WHEN), read),
        of_json("tap.json", json.dumps(tap).encode(), Tap().read),
    )


@cache
def inventories() -> tuple[Document, ...]:
    """Lists of components, tables, statements and scanner exports."""
    cyclone = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "planted image", "version": "1"},
                     "authors": [{"name": "somebody", "email": "a@example.org"}], "tools": [{"name": "tool"}]},
        "components": [{"type": "library", "bom-ref": "r1", "group": "g", "name": "jinja2", "version": "2.10",
                        "description": "words", "purl": "pkg:pypi/jinja2@2.10", "publisher": "somebody",
                        "licenses": [{"license": {"name": "a licence", "url": "https://example.org/l"}}],
                        "externalReferences": [{"type": "website", "url": "https://example.org/w"}],
                        "properties": [{"name": "n", "value": "v"}]},
                       {"type": "library", "name": "second", "version": "1"}],
    }  # fmt: skip
    spdx = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "planted spdx",
        "documentNamespace": "https://example.org/ns",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t"]},
        "packages": [{"SPDXID": "SPDXRef-a", "name": "flask", "versionInfo": "1.1.1", "supplier": "Organization: o",
                      "downloadLocation": "https://example.org/d", "licenseConcluded": "MIT", "comment": "words",
                      "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                        "referenceLocator": "pkg:pypi/flask@1.1.1"}]}],
        "relationships": [],
    }  # fmt: skip
    xml = b"""<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1"><metadata><component type="application">
      <name>planted xml</name><version>1</version></component></metadata><components><component type="library"
      bom-ref="r1"><group>g</group><name>lxml</name><version>4.4.1</version><description>words</description>
      <purl>pkg:pypi/lxml@4.4.1</purl></component></components></bom>"""
    tenable = [["Plugin ID", "CVE", "Risk", "Host", "Name", "Synopsis", "Description", "Solution", "Plugin Output"],
               ["1", "CVE-2020-11651", "High", "planted-host", "name", "words", "words", "words", "words"]]  # fmt: skip
    qualys = [["IP", "DNS", "QID", "Title", "Severity", "CVE ID", "Results"],
              ["10.0.0.9", "planted.example.org", "7", "title", "5", "CVE-2020-11652", "words"]]  # fmt: skip
    table = [["name", "version", "ecosystem", "supplier"], ["tornado", "4.5.3", "PyPI", "somebody"]]
    read = detect.read
    made = [
        of_json("cyclonedx.json", json.dumps(cyclone).encode(), read),
        of_json("matched.json", json.dumps(cyclone).encode(), read, keep="purl version"),
        of_json("spdx.json", json.dumps(spdx).encode(), read),
        of_xml("cyclonedx.xml", xml, read),
        of_table("tenable.csv", tenable, read),
        of_table("qualys.csv", qualys, read),
        of_table("components.csv", table, lambda data: detect.read(data, name="components.csv")),
    ]
    return (*made, *statements())


def statements() -> Iterator[Document]:
    """VEX in every form."""
    said = [
        Vex(vulnerability="CVE-2020-11651", status=status, ecosystem="PyPI", name="salt", version=f"{number}.1",
            detail="words", author=WHO.name, said_at=WHEN)
        for number, status in enumerate(VexStatus)
    ]  # fmt: skip
    yield of_json("openvex.json", openvex.write(said, at=WHEN), openvex.read)
    yield of_json("csaf-vex.json", csaf_vex.write(said, publisher=WHO, at=WHEN), csaf_vex.read)
    yield of_json("cyclonedx-vex.json", cyclonedx_vex.write(said, at=WHEN), detect.read)


@cache
def mirrors() -> tuple[Document, ...]:
    """What upstream hands out: OSV records, CSAF documents, CVE records, the catalogue of known exploited ones."""
    salt = [{"package": {"ecosystem": "PyPI", "name": "jinja2", "purl": "pkg:pypi/jinja2"}, "versions": ["2.10"],
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.11"}]}],
             "database_specific": {"note": "words"}, "ecosystem_specific": {"note": "words"}}]  # fmt: skip
    osv = {"schema_version": "1.7.0", "id": "PYSEC-2026-1", "modified": "2026-01-02T00:00:00Z",
           "published": "2026-01-01T00:00:00Z", "aliases": ["CVE-2026-20001"], "summary": "short", "details": "words",
           "affected": salt, "references": [{"type": "WEB", "url": "https://example.org/r"}],
           "credits": [{"name": "somebody", "contact": ["https://example.org/c"]}],
           "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
           "database_specific": {"note": "words"}}  # fmt: skip
    kev = {"title": "catalogue", "catalogVersion": "2026.01.01", "dateReleased": "2026-01-02T00:00:00.0000Z",
           "count": 1, "vulnerabilities": [
               {"cveID": "CVE-2026-20001", "vendorProject": "vendor", "product": "product", "vulnerabilityName": "name",
                "dateAdded": "2026-01-01", "shortDescription": "words", "requiredAction": "words",
                "dueDate": "2026-01-20", "knownRansomwareCampaignUse": "Known", "notes": "https://example.org/n",
                "cwes": ["CWE-79"]}]}  # fmt: skip
    return (
        of_json("osv", json.dumps(osv).encode(), lambda data: _whole(osv_bundle.read(data)), wrap=_beside(osv)),
        of_json("kev", json.dumps(kev).encode(), lambda data: _whole(upstream.kev(data))),
        of_json("cve", Cve().write(ADVISORY), lambda data: _whole(upstream.cve_records(data))),
        of_json(
            "csaf",
            Csaf().write(ADVISORY),
            lambda data: _whole(csaf_archive.read(data)),
            wrap=lambda data: csaf_archive.write(_listing(data), {digest(data): data}),
        ),
    )


def _beside(osv: dict[str, Any]) -> Callable[[bytes], bytes]:
    """The planted record, and beside it the same about a package that is found: one a line."""
    keep = "id aliases ecosystem name purl introduced fixed modified"
    strict = lambda data: _whole(osv_bundle.read(data))  # noqa: E731
    found = of_json("", json.dumps({**osv, "id": "PYSEC-2026-2"}).encode(), strict, keep=keep).data
    return lambda data: data + b"\n" + found


def _listing(document: bytes) -> csaf_archive.Listing:
    entry = csaf_archive.Entry(url=PATH, updated=WHEN, sha256=digest(document), checked="", signed="")
    return csaf_archive.Listing(
        format=csaf_archive.FORMAT, provider=PATH, publisher=SHORT, updated=WHEN, entries=(entry,)
    )


@cache
def articles() -> tuple[Document, ...]:
    """What briefs are made from: a page, RSS, Atom, a JSON feed."""
    page = f"""<!doctype html><html lang="en"><head><title>{escape(TEXT)}</title><meta name="author"
      content="{escape(TEXT)}"><meta property="og:site_name" content="{escape(SHORT)}"><link rel="canonical"
      href="{LINK}"></head><body><article><h1>{escape(TEXT)}</h1><p>The agency fixed CVE-2026-10001 in version 3.0.2 of
      Northwind Gateway on 1 October 2026. {escape(TEXT)} Operators must install the update by 3 December 2026.</p><p>
      The directive may reach 60 agencies, the notice said, and names <a href="{LINK}">its source</a>.</p></article>
      </body></html>""".encode()
    words = "The agency fixed CVE-2026-10001 in version 3.0.2 of Northwind Gateway. It must be installed by 3 December."
    rss = f"""<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>feed</title>
      <link>https://example.org/</link><description>words</description><item><title>title</title>
      <link>https://example.org/1</link><guid>https://example.org/1</guid><dc:creator>somebody</dc:creator>
      <description>{words}</description><pubDate>Thu, 01 Oct 2026 09:00:00 GMT</pubDate></item></channel></rss>"""
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>feed</title><id>urn:x</id>
      <updated>2026-10-01T09:00:00Z</updated><entry><title>title</title><id>urn:y</id>
      <link href="https://example.org/2"/><author><name>somebody</name></author><rights>all</rights>
      <updated>2026-10-01T09:00:00Z</updated><content>{words}</content></entry></feed>"""
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "feed", "home_page_url": "https://example.org/",
            "items": [{"id": "z", "url": "https://example.org/3", "title": "title", "content_text": words,
                       "authors": [{"name": "somebody"}], "date_published": "2026-10-01T09:00:00Z"}]}  # fmt: skip
    return (
        Document(name="page.html", media_type="text/html", data=page, places=8, of=8),
        of_xml("rss.xml", rss.encode(), gathered, "application/rss+xml"),
        of_xml("atom.xml", atom.encode(), gathered, "application/atom+xml"),
        of_json("feed.json", json.dumps(feed).encode(), gathered),
    )


def gathered(data: bytes, name: str = "") -> tuple[Source, ...]:
    """The sources in an article or a feed, as they would have been fetched."""
    return gather.read(data, url="https://example.org/all", retrieved_at=WHEN, about=Registered(name=TEXT), name=name)


@cache
def packs() -> tuple[Document, ...]:
    """A directive as its author writes it."""
    tree = plain_yaml.read(directive.shipped_bytes("eu.cra.article-14")).value
    return (of_json("pack.json", json.dumps(tree).encode(), directive.read, tries=1),)


@cache
def shared() -> tuple[Document, ...]:
    """STIX objects in an envelope, as TAXII takes them."""
    made = stix_advisory.write(ADVISORY, namespace="https://comity.invalid", publisher="A host")
    data = json.dumps({"objects": [json.loads(one.data) for one in made]}).encode()

    def taken(data: bytes) -> None:
        assert all(isinstance(one, stix_read.Taken) for one in stix_read.envelope(data, limit_bytes=10**7))

    return (of_json("stix.json", data, taken),)
