"""Render one advisory in every format that is published, and say what each format's own check finds wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from comity.errors import Invalid, Problem
from comity.formats import catalogue, vex_advisory, vex_paper, vex_supplier
from comity.formats.vex_supplier import Sheet
from comity.model.advisory import Advisory

T = TypeVar("T")


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
        name, write = codec.file_name(advisory), partial(codec.write, advisory)
        made.append(_written(codec.name, name, codec.media_type, write, codec.check))
    for form in vex_advisory.FORMATS:
        if not vex_advisory.why_not(advisory, form.name):
            made.append(_vex(form, advisory, form.name))
    for sheet in sheets:
        for own in vex_supplier.FORMATS:
            if not vex_supplier.why_not(sheet, own.name):
                made.append(_vex(own, sheet, f"{sheet.name}.{own.name}"))
    return tuple(made)


def _vex(form: vex_paper.Format[T], one: T, name: str) -> Rendering:
    write = partial(form.write, one)
    return _written(name, form.file_name(one), form.media_type, write, lambda data: form.check(data, one))


def _written(
    name: str,
    filename: str,
    media_type: str,
    write: Callable[[], bytes],
    check: Callable[[bytes], tuple[Problem, ...]],
) -> Rendering:
    try:
        data = write()
        problems = check(data)
    except Invalid as error:
        data, problems = b"", error.problems or (Problem("", "cannot_express", str(error)),)
    return Rendering(format=name, filename=filename, media_type=media_type, data=data, problems=problems)


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
