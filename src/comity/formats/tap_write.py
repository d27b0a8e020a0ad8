"""A finding as the TAP report that another host's intake takes (revision 911320e), and what that host answers.

TAP has one target, no label, no embargo and no text field: the first product with a name that TAP takes is the target,
and the rest goes along as two attachments, the same for people (Markdown) and for programs (CSAF 2.1). Names and
descriptions of attachments carry no detail, since the contract encrypts their data alone. What is written is read back
by the codec of our own door before it leaves, so a host that keeps the contract takes it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from comity.errors import Invalid, Problem
from comity.formats import ai, attachments, parse, purl, times
from comity.formats.csaf_report import FILE_NAME, UNBOUND
from comity.formats.parse import Json
from comity.formats.tap import Tap
from comity.formats.tap_fields import ECOSYSTEMS, PURL_TYPES
from comity.formats.tap_payloads import EXTENSIONS, TEXTUAL, TYPES
from comity.model.evidence import Attachment, Role
from comity.model.handling import NO_EQUITIES_USE, Handling
from comity.model.ids import Digest
from comity.model.product import Affected
from comity.model.report import Finding, Known
from comity.model.severity import CvssVersion

MARKDOWN: Final = "text/markdown"
REPORT_NAME: Final = "report.md"
MOST: Final = 16
"""References, upstream ids and attachments that one report takes."""
VERSIONS: Final = 64
VERSION_BYTES: Final = 64
TOOLING_BYTES: Final = 128
BODY_BYTES: Final = 3 * 1024 * 1024
"""What a host takes at once."""
_TYPE_OF: Final = {role: word for word, role in TYPES.items()}
_UPSTREAM: Final = re.compile(r"(CVE-[0-9]{4}-[0-9]{4,}|GHSA(-[0-9a-z]{4}){3})\Z", re.ASCII)
_COMMIT: Final = re.compile(r"[0-9a-fA-F]{7,64}\Z", re.ASCII)
_WEB: Final = re.compile(r"https?://[^\s\x00-\x20]+\Z", re.ASCII)
_RECEIPT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,199}\Z", re.ASCII)
_MONITOR: Final = re.compile(r'<(/(?!/)[A-Za-z0-9._~/-]{1,500})>\s*;\s*rel="?monitor"?\s*(?:,|;|\Z)', re.ASCII)


def write(
    finding: Finding, payloads: Mapping[Digest, bytes], *, csaf: bytes, embargo: datetime | None, basis: str
) -> bytes:
    """The JSON body. `csaf` is the same finding as a vulnerability report; `embargo` and `basis` are told in words.

    Invalid, with the contract's own codes, for a finding that TAP cannot take: no target it has a name for, a file over
    1 MiB as it is sent, more than 14 files, or more than 3 MiB in all. Nothing is left out to make it fit.
    """
    files: list[Json] = [
        _text(REPORT_NAME, MARKDOWN, words(finding, embargo=embargo, basis=basis), finding.handling),
        _text(FILE_NAME, "application/json", csaf.decode(), finding.handling),
        *(_file(number, one, payloads[one.digest]) for number, one in enumerate(finding.attachments, 1)),
    ]
    method, tooling = _found(finding)
    links = [one for one in finding.references if _fits(_WEB, one.url, 512)]
    stated: dict[str, Json] = {
        **_target(finding.affected),
        "affected_symbol": _symbol(finding),
        "references": list([one.url for one in links if one.kind != "PACKAGE"][:MOST]),
        "package_repo_url": next((one.url for one in links if one.kind == "PACKAGE"), ""),
        "upstream_ids": list([one for one in finding.aliases if _UPSTREAM.match(one)][:MOST]),
        "introduced_commit": next((one for one in finding.introduced_commits if _COMMIT.match(one)), ""),
        "fixed_commit": next((one for one in finding.fixed_commits if _COMMIT.match(one)), ""),
        "discovery_method": method,
        "discovery_tooling": tooling,
        "enrichment": _claims(finding),
        "attachments": files,
    }
    data = parse.encode({key: value for key, value in stated.items() if value})
    if len(data) > BODY_BYTES:
        reason = f"the report with its files is over {BODY_BYTES} bytes: bring it another way"
        raise Invalid("TAP takes no report of this size", [Problem("/attachments", "field_too_large", reason)])
    Tap().read(data)
    return data


def words(finding: Finding, *, embargo: datetime | None, basis: str) -> str:
    """The report for people, its label first (TLP 2.0: at the start of the text)."""
    handling = finding.handling
    lines = [handling.tlp.label, "", f"# {finding.summary}", ""]
    if embargo is not None:
        why = f" ({basis})" if basis else ""
        lines += [f"Under embargo until {times.write(embargo)}{why}.", ""]
    if handling.no_equities_use:
        lines += [NO_EQUITIES_USE, ""]
    if any(not one.versions and not one.ranges for one in finding.affected):
        lines += [UNBOUND, ""]
    for title, text in (
        ("Description", finding.description),
        ("Trigger", finding.trigger),
        ("Impact", finding.impact),
        ("Preconditions", finding.preconditions),
        ("Proposed fix", finding.fix),
        ("Work-around", finding.workaround),
        ("Credit", finding.wishes.credit),
    ):
        if text:
            lines += [f"## {title}", "", text, ""]
    return "\n".join(lines)


class _Taken(msgspec.Struct):
    receipt: str


class _Status(msgspec.Struct):
    status: str
    at: datetime


def taken(body: bytes, link: str) -> tuple[str, str]:
    """Receipt and monitor path of a 202. Without a monitor link it is the path that the contract names.

    Invalid for an answer that holds no receipt, and for a link that leads to another host.
    """
    try:
        receipt = msgspec.json.decode(body, type=_Taken).receipt
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("/receipt", "missing_field", "it holds no receipt") from error
    if not _RECEIPT.match(receipt):
        raise _bad("/receipt", "bad_text", "its receipt is none that can be followed")
    found = _MONITOR.search(link)
    if found is None and "monitor" in link:
        raise _bad("/link", "bad_address", "its monitor link leads away from the host")
    return receipt, found[1] if found else f"/v1/submissions/{receipt}"


def status(body: bytes) -> tuple[str, datetime]:
    """What became of a report there, and since when. Invalid for any other answer."""
    try:
        held = msgspec.json.decode(body, type=_Status)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _bad("", "bad_shape", "it tells no status") from error
    if held.status not in ("queued", "processing", "done") or held.at.tzinfo is None:
        raise _bad("/status", "bad_value", "queued, processing or done, with a time")
    return held.status, held.at


def refusal(body: bytes) -> str:
    """Why a host refused, on one line: its own detail and each violation by code and place; "" when it says nothing."""
    try:
        held = parse.decode(body)
    except Invalid:
        return ""
    root = held if isinstance(held, dict) else {}
    listed = root.get("errors")
    told = [
        f"{one.get('field') or 'report'}: {one.get('code')}"
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict)
    ]
    said = str(root.get("detail") or root.get("title") or "")
    line = " ".join(f"{said} ({', '.join(told)})".split()) if told else " ".join(said.split())
    return "".join(letter for letter in line if letter.isprintable())[:500]


def _target(affected: Sequence[Affected]) -> dict[str, Json]:
    """The first product that TAP has a name for: its purl, else its ecosystem and name."""
    for one in affected:
        named: dict[str, Json] = {}
        known = purl.read(one.purl) if one.purl else None
        if known is not None and known.type in PURL_TYPES:
            named = {"purl": known.canonical}
        elif one.ecosystem.partition(":")[0].lower() in ECOSYSTEMS and one.name:
            named = {"ecosystem": one.ecosystem, "software": one.name}
        if named:
            fitting = [v for v in dict.fromkeys(one.versions) if v and len(v.encode()) <= VERSION_BYTES]
            room = VERSIONS - 1 if known is not None and known.version else VERSIONS
            return named | {"versions": list(fitting[:room])}
    reason = "name a product by a purl, or by an ecosystem that OSV defines and its name"
    raise Invalid("TAP has no name for this target", [Problem("/affected", "missing_field", reason)])


def _symbol(finding: Finding) -> dict[str, Json]:
    if not finding.symbols:
        return {}
    one = finding.symbols[0]
    file = one.file if len(one.file.encode()) <= 512 else ""
    function = one.function if len(one.function.encode()) <= 256 else ""
    if not file and not function:
        return {}
    return {"file": file, "function": function, "line": one.line}


def _found(finding: Finding) -> tuple[str, str]:
    use = finding.provenance.discovery
    method, tooling = ai.to_tap(use)
    if use.used is Known.UNKNOWN:
        return "", ""
    cut = tooling.encode()[:TOOLING_BYTES].decode("utf-8", "ignore")
    return method, cut if method != "manual" else ""


def _claims(finding: Finding) -> dict[str, Json]:
    vector = next((one.vector for one in finding.severities if one.version is CvssVersion.V4), "")
    stated: dict[str, Json] = {"cvss_vector": vector, "cwe": finding.cwes[0] if finding.cwes else ""}
    return {key: value for key, value in stated.items() if value}


def _text(name: str, media: str, text: str, handling: Handling) -> Json:
    return {
        "filename": name,
        "content_type": media,
        "data": text,
        "description": f"{handling.tlp.label}: the whole report",
        "type": "other",
    }


def _file(number: int, one: Attachment, data: bytes) -> Json:
    media = one.media_type if one.media_type in EXTENSIONS else "application/octet-stream"
    try:
        told = data.decode() if media in TEXTUAL else attachments.encode(data)
    except UnicodeDecodeError:
        media, told = "application/octet-stream", attachments.encode(data)
    return {
        "filename": f"{number:02}-{one.filename}",
        "content_type": media,
        "data": told,
        "type": _TYPE_OF.get(one.role, _TYPE_OF[Role.OTHER]),
    }


def _fits(pattern: re.Pattern[str], text: str, most_bytes: int) -> bool:
    return bool(pattern.match(text)) and len(text.encode()) <= most_bytes


def _bad(pointer: str, code: str, reason: str) -> Invalid:
    return Invalid(f"the answer is none of a TAP intake: {reason}", [Problem(pointer, code, reason)])
