"""Render one advisory in every format that is published, and say what each format's own check finds wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from comity.errors import Invalid, Problem
from comity.formats import catalogue, vex_advisory, vex_supplier
from comity.formats.codec import AdvisoryCodec
from comity.formats.vex_supplier import Sheet
from comity.model.advisory import Advisory


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """An advisory in one format, as it would be published. `data` is empty when the format cannot say it."""

    format: str
    filename: str
    media_type: str
    data: bytes
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a published advisory."""

    name: str
    media_type: str
    data: bytes


CVE = "cve"
SEAL_TYPE = "application/vnd.dsse.envelope.v1+json"
SEAL_SUFFIX = ".seal.json"


def left_out(advisory: Advisory) -> str:
    """Which format has nothing to say of this advisory, and why; "" when every format is written."""
    named = any(alias.upper().startswith("CVE-") for alias in advisory.aliases)
    return "" if named else "No CVE record is written: the advisory names no CVE id."


def renderings(advisory: Advisory, sheets: Sequence[Sheet] = ()) -> tuple[Rendering, ...]:
    """One rendering per advisory codec of the catalogue, in its order; a codec that refuses gives its problems.

    A CVE record exists only for an advisory with a CVE id (`left_out` says so). VEX follows where the advisory says
    something that it can hold (`vex_advisory.why_not`), and then what its maintainers say in `sheets`.
    """
    made = []
    for codec in catalogue.advisory_codecs():
        if codec.name == CVE and left_out(advisory):
            continue
        made.append(_written(codec, advisory))
    for form in vex_advisory.FORMATS:
        if not vex_advisory.why_not(advisory, form.name):
            made.append(_written(form, advisory))
    made += [_stated(form, sheet) for sheet in sheets for form in vex_supplier.FORMATS if not _why_not(sheet, form)]
    return tuple(made)


def _written(form: AdvisoryCodec | vex_advisory.Format, advisory: Advisory) -> Rendering:
    name = form.file_name(advisory)
    try:
        data = form.write(advisory)
        problems = form.check(data, advisory) if isinstance(form, vex_advisory.Format) else form.check(data)
    except Invalid as error:
        data, problems = b"", error.problems or (Problem("", "cannot_express", str(error)),)
    return Rendering(format=form.name, filename=name, media_type=form.media_type, data=data, problems=problems)


def _why_not(sheet: Sheet, form: vex_supplier.Format) -> str:
    return vex_supplier.why_not(sheet, form.name)


def _stated(form: vex_supplier.Format, sheet: Sheet) -> Rendering:
    try:
        data = form.write(sheet)
        problems = form.check(data, sheet)
    except Invalid as error:
        data, problems = b"", error.problems or (Problem("", "cannot_express", str(error)),)
    return Rendering(
        format=f"{sheet.name}.{form.name}",
        filename=form.file_name(sheet),
        media_type=form.media_type,
        data=data,
        problems=problems,
    )


def files(advisory: Advisory, *, seal: Callable[[str, bytes], bytes], sheets: Sequence[Sheet] = ()) -> tuple[File, ...]:
    """Every rendering and beside each its seal; `Invalid` when any codec finds a problem: nothing half is published."""
    made = renderings(advisory, sheets)
    problems = [Problem(f"/{r.format}{p.pointer}", p.code, p.reason) for r in made for p in r.problems]
    if problems:
        raise Invalid(f"advisory {advisory.id} cannot be published in every format", problems)
    found = []
    for rendering in made:
        found.append(File(name=rendering.filename, media_type=rendering.media_type, data=rendering.data))
        sealed = seal(rendering.filename, rendering.data)
        found.append(File(name=rendering.filename + SEAL_SUFFIX, media_type=SEAL_TYPE, data=sealed))
    return tuple(found)
