"""Comity's own report contract (`comity-report/1`): JSON in named groups, alone or in a batch document.

The groups are those of clearing.md 2.2: target, claim, evidence, fix, exposure, provenance, wishes, handling. The
published JSON Schema is `schemas/comity-report-1.schema.json`; what it cannot say (file names, base64, purls, vectors)
is checked here. A field nobody knows is kept, with a warning, because a typing mistake should not pass unseen.
`read(write(f, payloads)) == f` for every finding in normal form (canonical purls, completed by `purl.complete`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import ai, attachments, cvss, leftovers, parse, pointers, purl, ranges, times
from comity.formats.codec import Reading
from comity.formats.node import URL, Node, Sheet
from comity.formats.parse import LIMITS, Json, Limits
from comity.model.evidence import Attachment, Role
from comity.model.handling import Handling, Tlp
from comity.model.ids import Digest, digest, is_digest
from comity.model.product import Affected, Symbol
from comity.model.report import (
    Crash,
    Exploitation,
    Exposure,
    Finding,
    Known,
    Provenance,
    Reference,
    Unknown,
    Wishes,
)
from comity.model.severity import Severity

SCHEMA: Final = "comity-report/1"
BATCH: Final = "comity-batch/1"
NAME: Final = "comity-report"
MEDIA_TYPE: Final = "application/vnd.comity.report+json"

REFERENCE_KINDS: Final = {
    kind: kind
    for kind in (
        "ADVISORY",
        "ARTICLE",
        "DETECTION",
        "DISCUSSION",
        "REPORT",
        "FIX",
        "INTRODUCED",
        "GIT",
        "PACKAGE",
        "EVIDENCE",
        "WEB",
    )
}
"""OSV's closed list of reference types."""

CWE: Final = re.compile(r"CWE-[1-9][0-9]{0,5}\Z", re.ASCII)
COMMIT: Final = re.compile(r"[0-9a-f]{7,64}\Z", re.ASCII)
ID: Final = re.compile(r"[^\s\x00-\x1f\x7f]{1,128}\Z")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}\Z", re.ASCII)

_LINE: Final = 1024
_PROSE: Final = 256 * 1024
_ROLES: Final = {str(role): role for role in Role}
_KNOWN: Final = {str(known): known for known in Known}
_EXPLOITATION: Final = {str(state): state for state in Exploitation}
_TLP: Final = {tlp.label: tlp for tlp in Tlp}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument:
    """Codec of Comity's own contract."""

    limits: Limits = LIMITS
    name: str = NAME
    media_type: str = MEDIA_TYPE

    def recognises(self, document: Json) -> bool:
        """True for a document whose `schema` is `comity-report/1` or `comity-batch/1`."""
        return isinstance(document, dict) and document.get("schema") in (SCHEMA, BATCH)

    def read(self, data: bytes) -> Reading:
        """The findings of a report or a batch document; `Invalid` with every violation."""
        return self.read_document(parse.decode(data, self.limits))

    def read_document(self, document: Json) -> Reading:
        """As `read`, for a parsed document."""
        sheet = Sheet()
        root = Node.root(document, sheet)
        payloads: dict[Digest, bytes] = {}
        warnings: list[Problem] = []
        findings: list[Finding] = []
        schema = root.text("schema", required=True, line=True)
        if schema == BATCH:
            reports = list(root.children("reports", most=self.limits.batch))
            if not reports and not sheet.problems:
                root.problem("reports", "missing_field", "a batch holds at least one report")
        elif schema == SCHEMA:
            reports = [root]
        else:
            reports = []
            if schema:
                root.problem("schema", "unknown_schema", f"must be {SCHEMA} or {BATCH}")
        for report in reports:
            own = Sheet()
            finding = self._finding(Node(report.value, report.pointer, own), payloads)
            sheet.problems.extend(own.problems)
            unread = leftovers.gather(own, NAME)
            warnings.extend(own.warnings)
            warnings.extend(
                Problem(
                    pointers.shown(u.pointer),
                    "unknown_field",
                    "this contract has no such field; it was kept, not understood",
                )
                for u in unread
            )
            mine = tuple(replace(u, pointer=u.pointer.removeprefix(report.pointer)) for u in unread)
            findings.append(replace(finding, unknown=mine + finding.unknown))
        sheet.settle("the report breaks the contract comity-report/1")
        return Reading(findings=tuple(findings), attachments=payloads, warnings=tuple(warnings))

    def write(self, finding: Finding, payloads: Mapping[Digest, bytes] | None = None) -> bytes:
        """The finding as one document; attachments whose bytes are in `payloads` go inline, others by digest."""
        return parse.encode(document_of(finding, payloads or {}))

    def _finding(self, root: Node, payloads: dict[Digest, bytes]) -> Finding:
        root.choice("schema", {SCHEMA: SCHEMA}, absent=SCHEMA)
        target = root.child("target") or Node({}, root.at("target"), Sheet())
        claim = root.child("claim")
        if claim is None:
            if not root.has("claim"):
                root.problem("claim", "missing_field", "this group is required, with at least a summary")
            claim = Node({}, root.at("claim"), Sheet())
        evidence = root.child("evidence") or Node({}, root.at("evidence"), Sheet())
        fix = root.child("fix") or Node({}, root.at("fix"), Sheet())
        provenance = root.child("provenance")
        return Finding(
            summary=claim.text("summary", required=True, line=True, most_bytes=_LINE),
            description=claim.text("description", most_bytes=_PROSE),
            trigger=claim.text("trigger", most_bytes=_PROSE),
            impact=claim.text("impact", most_bytes=_PROSE),
            preconditions=claim.text("preconditions", most_bytes=_PROSE),
            affected=tuple(_affected(node) for node in target.children("affected", most=64)),
            symbols=tuple(_symbol(node) for node in target.children("symbols", most=64)),
            cwes=claim.texts("cwes", most=16, pattern=CWE, expected="must look like CWE-79"),
            aliases=claim.texts("aliases", most=64, pattern=ID, expected="must be an identifier without spaces"),
            related=claim.texts("related", most=64, pattern=ID, expected="must be an identifier without spaces"),
            severities=tuple(_severities(claim)),
            references=tuple(_reference(node) for node in claim.children("references", most=64)),
            introduced_commits=_commits(target, "introduced_commits"),
            fixed_commits=_commits(fix, "fixed_commits"),
            crash_frames=evidence.texts("crash_frames", most=64, most_bytes=_LINE),
            crash=_crash(evidence.child("crash")),
            attachments=tuple(self._attachments(evidence, payloads)),
            fix=fix.text("description", most_bytes=_PROSE),
            workaround=fix.text("workaround", most_bytes=_PROSE),
            provenance=Provenance(
                discovery=ai.read(provenance.child("discovery") if provenance else None),
                authoring=ai.read(provenance.child("authoring") if provenance else None),
            ),
            exposure=_exposure(root.child("exposure")),
            wishes=_wishes(root.child("wishes")),
            handling=_handling(root.child("handling")),
            own_id=root.text("own_id", line=True, most_bytes=256),
            language=root.text("language", line=True, pattern=LANGUAGE, expected="must be a BCP 47 tag, such as en"),
            unknown=tuple(_carried(root)),
        )

    def _attachments(self, evidence: Node, payloads: dict[Digest, bytes]) -> Iterator[Attachment]:
        names: set[str] = set()
        for node in evidence.children("attachments", most=self.limits.attachments):
            filename = node.text("filename", required=True, line=True)
            if filename and (fault := attachments.fault_of_name(filename)):
                node.problem("filename", "invalid_filename", fault)
            elif filename and attachments.name_key(filename) in names:
                node.problem("filename", "invalid_filename", "another attachment of this report has the same name")
            names.add(attachments.name_key(filename))
            held, size = self._payload(node, payloads)
            yield Attachment(
                filename=filename,
                media_type=node.text(
                    "content_type",
                    required=True,
                    line=True,
                    pattern=attachments.CONTENT_TYPE,
                    expected="must be type/subtype in lower case, without parameters",
                ),
                digest=held,
                size_bytes=size,
                role=node.choice("type", _ROLES, absent=Role.OTHER),
                description=node.text("description", line=True, most_bytes=_LINE),
            )

    def _payload(self, node: Node, payloads: dict[Digest, bytes]) -> tuple[Digest, int]:
        stated = node.text("digest", line=True)
        if stated and not is_digest(stated):
            node.problem("digest", "bad_value", "must be the SHA-256 as 64 lower-case hex characters")
        size = node.number("size_bytes")
        if not node.has("data"):
            if not stated:
                node.problem("data", "missing_field", "send the bytes in `data`, or `digest` and `size_bytes`")
            elif not node.has("size_bytes"):
                node.problem("size_bytes", "missing_field", "an attachment by digest says its size")
            return Digest(stated), size
        try:
            data = attachments.decode(node.text("data", required=True))
        except ValueError as error:
            node.problem("data", "invalid_base64", str(error))
            return Digest(stated), size
        if len(data) > self.limits.attachment_bytes:
            node.problem("data", "field_too_large", f"must be at most {self.limits.attachment_bytes} bytes")
        held = digest(data)
        if stated and stated != held:
            node.problem("digest", "digest_mismatch", "is not the SHA-256 of `data`")
        if node.has("size_bytes") and size != len(data):
            node.problem("size_bytes", "size_mismatch", "is not the size of `data`")
        payloads[held] = data
        return held, len(data)


def batch_of(documents: list[Json]) -> bytes:
    """Several report documents as one batch document."""
    return parse.encode({"schema": BATCH, "reports": documents})


def document_of(finding: Finding, payloads: Mapping[Digest, bytes]) -> dict[str, Json]:
    """The finding as a `comity-report/1` document; empty fields and groups are left out."""
    wishes, handling, exposure = finding.wishes, finding.handling, finding.exposure
    groups: dict[str, Json] = {
        "schema": SCHEMA,
        "own_id": finding.own_id,
        "language": finding.language,
        "target": _filled(
            {
                "affected": [_affected_json(affected) for affected in finding.affected],
                "symbols": [
                    _filled({"file": s.file, "function": s.function, "line": s.line or ""}) for s in finding.symbols
                ],
                "introduced_commits": list(finding.introduced_commits),
            }
        ),
        "claim": {
            "summary": finding.summary,
            **_filled(
                {
                    "description": finding.description,
                    "trigger": finding.trigger,
                    "impact": finding.impact,
                    "preconditions": finding.preconditions,
                    "cwes": list(finding.cwes),
                    "aliases": list(finding.aliases),
                    "related": list(finding.related),
                    "severities": [_filled({"vector": s.vector, "source": s.source}) for s in finding.severities],
                    "references": [{"url": r.url, "kind": r.kind} for r in finding.references],
                }
            ),
        },
        "evidence": _filled(
            {
                "attachments": [_attachment_json(a, payloads.get(a.digest)) for a in finding.attachments],
                "crash_frames": list(finding.crash_frames),
                "crash": _crash_json(finding.crash),
            }
        ),
        "fix": _filled(
            {
                "description": finding.fix,
                "workaround": finding.workaround,
                "fixed_commits": list(finding.fixed_commits),
            }
        ),
        "exposure": _filled(
            {
                "public": str(exposure.public) if exposure.public is not Known.UNKNOWN else "",
                "exploitation": str(exposure.exploitation) if exposure.exploitation is not Exploitation.UNKNOWN else "",
                "shared_with": exposure.shared_with,
            }
        ),
        "provenance": _filled(
            {
                "discovery": ai.write(finding.provenance.discovery),
                "authoring": ai.write(finding.provenance.authoring),
            }
        ),
        "wishes": _filled(
            {
                "credit": wishes.credit,
                "contact": wishes.contact,
                "publish_after": times.write(wishes.publish_after) if wishes.publish_after else "",
            }
        ),
        "handling": {
            "tlp": handling.tlp.label,
            "no_equities_use": handling.no_equities_use,
            **_filled({"legal_basis": handling.legal_basis}),
        },
    }
    document = _filled(groups)
    unplaced = leftovers.restore(document, finding.unknown, NAME)
    carried = [u for u in finding.unknown if u.format != NAME] + list(unplaced)
    if carried:
        document["carried"] = [{"format": u.format, "pointer": u.pointer, "json": u.json} for u in carried]
    return document


def _filled(fields: dict[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in fields.items() if value not in ("", [], {}, None)}


def _affected(node: Node) -> Affected:
    stated = node.parsed("purl", purl.read, "invalid_purl")
    versions = node.texts("versions", most=4096, most_bytes=128)
    if stated and stated.version and stated.version not in versions:
        versions = (*versions, stated.version)
    affected = Affected(
        purl=stated.canonical if stated else "",
        ecosystem=node.text("ecosystem", line=True, most_bytes=128),
        name=node.text("name", line=True, most_bytes=256),
        vendor=node.text("vendor", line=True, most_bytes=256),
        versions=versions,
        ranges=ranges.read(node),
    )
    if not node.peek("purl") and not (affected.name and (affected.ecosystem or affected.vendor)):
        node.problem("purl", "missing_field", "say a purl, or a name with an ecosystem or a vendor")
    return purl.complete(affected)


def _affected_json(affected: Affected) -> dict[str, Json]:
    return _filled(
        {
            "purl": affected.purl,
            "ecosystem": affected.ecosystem,
            "name": affected.name,
            "vendor": affected.vendor,
            "versions": list(affected.versions),
            "ranges": ranges.write(affected.ranges),
        }
    )


def _symbol(node: Node) -> Symbol:
    symbol = Symbol(
        file=node.text("file", line=True, most_bytes=512),
        function=node.text("function", line=True, most_bytes=256),
        line=node.number("line"),
    )
    if not node.peek("file") and not node.peek("function"):
        node.problem("file", "missing_field", "say a file, a function, or both")
    return symbol


def _severities(claim: Node) -> Iterator[Severity]:
    for node in claim.children("severities", most=16):
        source = node.text("source", line=True, most_bytes=256)
        severity = node.parsed("vector", cvss.read, "invalid_cvss", most_bytes=512)
        if severity is not None:
            yield replace(severity, source=source)
        elif not node.peek("vector"):
            node.problem("vector", "missing_field", "this field is required")


def _reference(node: Node) -> Reference:
    url = node.text(
        "url", required=True, line=True, most_bytes=2048, pattern=URL, expected="must be an absolute http or https URL"
    )
    return Reference(url=url, kind=node.choice("kind", REFERENCE_KINDS, absent="WEB"))


def _commits(node: Node, key: str) -> tuple[str, ...]:
    return node.texts(
        key, most=64, pattern=COMMIT, expected="must be 7 to 64 lower-case hex characters", code="invalid_commit"
    )


def _crash(node: Node | None) -> Crash:
    if node is None:
        return Crash()
    return Crash(
        kind=node.text("kind", line=True, most_bytes=256),
        sanitizer=node.text("sanitizer", line=True, most_bytes=64),
        engine=node.text("engine", line=True, most_bytes=64),
        target=node.text("target", line=True, most_bytes=256),
        last_good=node.when("last_good"),
        first_bad=node.when("first_bad"),
    )


def _crash_json(crash: Crash) -> dict[str, Json]:
    return _filled(
        {
            "kind": crash.kind,
            "sanitizer": crash.sanitizer,
            "engine": crash.engine,
            "target": crash.target,
            "last_good": times.write(crash.last_good) if crash.last_good else "",
            "first_bad": times.write(crash.first_bad) if crash.first_bad else "",
        }
    )


def _exposure(node: Node | None) -> Exposure:
    if node is None:
        return Exposure()
    return Exposure(
        public=node.choice("public", _KNOWN, absent=Known.UNKNOWN),
        exploitation=node.choice("exploitation", _EXPLOITATION, absent=Exploitation.UNKNOWN),
        shared_with=node.text("shared_with", most_bytes=4096),
    )


def _wishes(node: Node | None) -> Wishes:
    if node is None:
        return Wishes()
    return Wishes(
        credit=node.text("credit", line=True, most_bytes=512),
        contact=node.text("contact", line=True, most_bytes=512),
        publish_after=node.when("publish_after"),
    )


def _handling(node: Node | None) -> Handling:
    if node is None:
        return Handling()
    return Handling(
        tlp=node.choice("tlp", _TLP, absent=Tlp.RED),
        no_equities_use=node.flag("no_equities_use", absent=True),
        legal_basis=node.text("legal_basis", line=True, most_bytes=_LINE),
    )


def _carried(root: Node) -> Iterator[Unknown]:
    for node in root.children("carried"):
        text = node.text("json", required=True)
        pointer = node.text("pointer", line=True)
        try:
            pointers.split(pointer)
            parse.decode(text.encode("utf-8"), controls=True)
        except (ValueError, Invalid):
            node.problem("json", "bad_value", "must be a JSON value as text, with the JSON pointer it stood at")
        yield Unknown(format=node.text("format", required=True, line=True, most_bytes=64), pointer=pointer, json=text)


def _attachment_json(attachment: Attachment, data: bytes | None) -> dict[str, Json]:
    held: dict[str, Json] = (
        {"digest": attachment.digest, "size_bytes": attachment.size_bytes}
        if data is None
        else {"data": attachments.encode(data)}
    )
    return {
        **_filled(
            {
                "filename": attachment.filename,
                "content_type": attachment.media_type,
                "type": str(attachment.role),
                "description": attachment.description,
            }
        ),
        **held,
    }
