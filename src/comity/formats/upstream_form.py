"""Say which of the forms that upstream hands out some bytes have, before they are read as one.

A form that was not expected is an error that names what came instead: most often a web page, where an address has moved
or something between here and there wants a sign-in.
"""

from enum import StrEnum
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import csaf_archive, epss, osv_bundle, packed, parse, upstream


class Form(StrEnum):
    """What a document is, in the words of its users."""

    KEV = "KEV catalogue"
    CVE = "CVE records"
    EPSS = "EPSS scores"
    OSV = "OSV records"
    CSAF = "CSAF documents"


START: Final = 4096
CVE_MARK: Final = b'"cveMetadata"'
NONE: Final = "this is no upstream document that Comity reads"
READS: Final = "give CISA's KEV catalogue as JSON, CVE JSON 5 records, FIRST's EPSS scores or OSV records"


def form_of(data: bytes) -> Form:
    """The form. Invalid for what is none of them; the problem says what it looks like and what to do."""
    start = data[:START].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise _other("empty", "nothing came: look at the address")
    if start[:1] == b"<":
        reason = "a web page came instead: look at the address, and at what stands between this host and it"
        raise _other("web_page", reason)
    if data[:4] == packed.ZIP:
        return _zipped(data)
    if epss.recognises(data):
        return Form.EPSS
    if osv_bundle.recognises(data):
        return Form.OSV
    if data[:2] == packed.GZIP:
        return Form.CVE
    if CVE_MARK in data:
        return Form.CVE
    try:
        upstream.kev(data)
    except Invalid as error:
        raise Invalid(NONE, [Problem("", "unknown_format", READS), *error.problems[:20]]) from error
    return Form.KEV


def _zipped(data: bytes) -> Form:
    if csaf_archive.recognises(data):
        return Form.CSAF
    names = packed.names(data)
    if any(name.endswith(".zip") for name in names):
        return Form.CVE
    first = next((name for name in names if upstream.is_record_name(name)), "")
    if not first:
        return Form.OSV
    # OSV has records named after CVE ids too: the first one says which of the two the archive holds
    chunks = packed.members(
        data, wanted=lambda name: name == first, most=1, limit=1 << 40, each=osv_bundle.RECORD.document_bytes
    )
    try:
        document = parse.decode(next(chunks)[1], osv_bundle.RECORD, controls=True)
    except Invalid:
        return Form.CVE
    return Form.CVE if isinstance(document, dict) and "cveMetadata" in document else Form.OSV


def _other(code: str, reason: str) -> Invalid:
    return Invalid(NONE, [Problem("", code, reason)])
