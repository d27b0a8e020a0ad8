"""The multipart form of a TAP report (revision 911320e): parts `report`, `attachment`, `exploit`, `raw`.

Strict as the contract is: every part says `Content-Disposition: attachment; name=...`; browser forms, extended
parameters and transfer encodings are refused. What comes out is the JSON report with the attachments put in, so one
codec reads both forms.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import parse
from comity.formats.codec import Reading
from comity.formats.parse import Json, Limits
from comity.formats.tap import Tap
from comity.formats.tap_payloads import TEXTUAL
from comity.formats.tap_problem import MALFORMED

MULTIPART: Final = "multipart/mixed"
PARTS: Final = 32
HEADERS_BYTES: Final = 8 * 1024

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]\Z")
_PARAMETER: Final = re.compile(r';\s*([A-Za-z*]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)')


class Broken(Invalid):
    """The multipart body itself breaks the contract: 400 and no list of codes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name, its headers by lower-case name, its bytes."""

    name: str
    headers: Mapping[str, str]
    filename: str
    data: bytes


def boundary_of(content_type: str) -> str:
    """The boundary that a content type names; `Broken` when it names none that is allowed."""
    found: dict[str, str] = dict(_PARAMETER.findall(content_type.partition(";")[1] + content_type.partition(";")[2]))
    boundary = found.get("boundary", "").strip('"')
    if not _BOUNDARY.match(boundary):
        raise Broken("the content type names no usable boundary")
    return boundary


def read(body: bytes, content_type: str, limits: Limits) -> Reading:
    """The report in a multipart body. `Broken` for a body that breaks the form, `Invalid` as the codec says it."""
    parts = split(body, boundary_of(content_type))
    told = [part for part in parts if part.name == "report"]
    if len(told) != 1:
        raise Broken("exactly one part is named report")
    if told[0].headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Broken("the part named report is application/json")
    document = parse.decode(told[0].data, limits, controls=True)
    if not isinstance(document, dict):
        raise Invalid("not a report", [Problem("", MALFORMED, "must be an object")])
    put_in = [_attachment(part, limits) for part in parts if part.name == "attachment"]
    if put_in:
        held = document.get("attachments")
        if held is not None and not isinstance(held, list):
            raise Invalid("not a report", [Problem("/attachments", MALFORMED, "must be a list")])
        document["attachments"] = [*(held or []), *put_in]
    for part in parts:
        if part.name in {"exploit", "raw"}:
            if part.name in document:
                raise Broken(f"{part.name} comes both in the report and as a part")
            media, data = _payload(part, limits)
            document[part.name], document[f"{part.name}_content_type"] = data, media
    roomy = replace(limits, attachment_bytes=limits.attachment_bytes * 4 // 3 + 4)
    return Tap(limits=roomy).read_document(document)


def split(body: bytes, boundary: str) -> list[Part]:
    """The parts of a body, in order. What stands before the first and after the last boundary is ignored."""
    mark = b"--" + boundary.encode("ascii")
    sections = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise Broken("the body does not end with its boundary")
    if len(sections) - 2 > PARTS:
        raise Broken(f"at most {PARTS} parts")
    return [_part(section) for section in sections[1:-1]]


def _part(section: bytes) -> Part:
    head, gap, data = section.lstrip(b" \t").partition(b"\r\n\r\n")
    if not gap or not head.startswith(b"\r\n") or len(head) > HEADERS_BYTES:
        raise Broken("a part has headers, an empty line, then its bytes")
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if not colon or line[:1] in " \t" or name.lower() in headers:
            raise Broken("a part's header cannot be read, or stands twice")
        headers[name.lower()] = value.strip()
    if "content-transfer-encoding" in headers and headers["content-transfer-encoding"].lower() not in {
        "binary",
        "8bit",
    }:
        raise Broken("parts are sent as they are: no base64, no quoted-printable")
    disposition = headers.get("content-disposition", "")
    parameters = {key.lower(): _unquoted(value) for key, value in _PARAMETER.findall(disposition)}
    if disposition.partition(";")[0].strip().lower() != "attachment" or "name" not in parameters:
        raise Broken("every part says Content-Disposition: attachment; name=...")
    if any(key.endswith("*") for key in parameters):
        raise Broken("extended parameters (name*, filename*) are not taken")
    if parameters["name"] not in {"report", "attachment", "exploit", "raw"}:
        raise Broken("a part is named report, attachment, exploit or raw")
    return Part(parameters["name"], headers, parameters.get("filename", ""), data)


def _attachment(part: Part, limits: Limits) -> dict[str, Json]:
    media, data = _payload(part, limits)
    fields: dict[str, Json] = {"filename": part.filename, "content_type": media, "data": data}
    for key, header in (("description", "content-description"), ("type", "content-akrites-type")):
        if header in part.headers:
            fields[key] = part.headers[header]
    return {key: value for key, value in fields.items() if value != "" or key == "data"}


def _payload(part: Part, limits: Limits) -> tuple[str, str]:
    """Media type, and the bytes as the JSON form holds them. The size counts as received, before any base64."""
    stated = part.headers.get("content-type", "")
    media, _, parameters = stated.partition(";")
    media = media.strip().lower()
    if parameters.strip() and not (
        media.startswith("text/") and re.fullmatch(r'charset="?utf-8"?', parameters.strip().lower())
    ):
        media = stated  # the codec refuses it as a content type that it does not know
    if len(part.data) > limits.attachment_bytes:
        where = f"/{'attachments' if part.name == 'attachment' else part.name}"
        raise Invalid("too large", [Problem(where, "field_too_large", f"over {limits.attachment_bytes} bytes")])
    if media in TEXTUAL:
        try:
            return media, part.data.decode("utf-8")
        except UnicodeDecodeError as error:
            where = "/attachments" if part.name == "attachment" else f"/{part.name}"
            raise Invalid("not UTF-8", [Problem(where, "invalid_utf8", "a textual part is UTF-8")]) from error
    return media, base64.b64encode(part.data).decode("ascii")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
