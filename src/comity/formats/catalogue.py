"""Decide which format a document is of: by name, by media type, or by what the document says of itself."""

from collections.abc import Sequence
from typing import TypeVar

from comity.errors import Invalid, Problem
from comity.formats import parse
from comity.formats.codec import AdvisoryCodec, Reading, ReportCodec
from comity.formats.csaf import Csaf, CsafReport
from comity.formats.csaf_dialect import V2_1
from comity.formats.cve import Cve
from comity.formats.osv import Osv, OsvReport
from comity.formats.parse import LIMITS, Limits
from comity.formats.report import ReportDocument
from comity.formats.sarif import Sarif
from comity.formats.tap import Tap

C = TypeVar("C", ReportCodec, AdvisoryCodec)


def report_codecs(limits: Limits = LIMITS) -> tuple[ReportCodec, ...]:
    """Every format that findings are read from; own contract first, TAP (which has no mark of its own) last."""
    return (
        ReportDocument(limits=limits),
        Sarif(limits=limits),
        CsafReport(limits=limits),
        OsvReport(limits=limits),
        Tap(limits=limits),
    )


def advisory_codecs() -> tuple[AdvisoryCodec, ...]:
    """Every format that advisories are written in."""
    return (Osv(), Csaf(), Csaf(dialect=V2_1), Cve())


def report_codec(name: str, limits: Limits = LIMITS) -> ReportCodec:
    """The report codec with this name or media type (parameters are ignored); `Invalid` for an unknown one."""
    return _named(name, report_codecs(limits))


def advisory_codec(name: str) -> AdvisoryCodec:
    """The advisory codec with this name or media type; `Invalid` for an unknown one."""
    return _named(name, advisory_codecs())


def detect(data: bytes, limits: Limits = LIMITS) -> ReportCodec:
    """The report codec that recognises these bytes; `Invalid` when they are not acceptable JSON or no codec does."""
    document = parse.decode(data, limits, controls=True)
    for codec in report_codecs(limits):
        if codec.recognises(document):
            return codec
    names = ", ".join(codec.name for codec in report_codecs(limits))
    raise Invalid(
        "the format of the document is not known here",
        [Problem("", "unknown_format", f"send one of: {names}; `comity-report` documents start with a `schema` field")],
    )


def read(data: bytes, name: str = "", limits: Limits = LIMITS) -> tuple[ReportCodec, Reading]:
    """Read findings by the named format, or by the one that recognises the bytes. `Invalid` lists every violation."""
    codec = report_codec(name, limits) if name else detect(data, limits)
    return codec, codec.read(data)


def _named(name: str, codecs: Sequence[C]) -> C:
    wanted = name.partition(";")[0].strip().lower()
    for codec in codecs:
        if wanted in (codec.name, codec.media_type):
            return codec
    raise Invalid(
        "no such format",
        [Problem("", "unknown_format", f"must be one of: {', '.join(codec.name for codec in codecs)}")],
    )
