"""OSV records by the bundle, as advisory databases hand them out: one record, one a line, or a zip of one file each.

A bundle speaks for the ecosystem that every record of it names. Records that break OSV are never dropped: what they
name is kept without versions, so that it can make an answer unknown and never a clean one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import packed, parse, times
from comity.formats.osv import Osv
from comity.formats.parse import Json
from comity.formats.versions.identity import Package, package_of
from comity.model.advisory import Advisory
from comity.model.ids import AdvisoryId
from comity.model.product import Affected

RECORD: Final = parse.Limits(document_bytes=16 * 1024 * 1024, depth=32)
MOST: Final = 500_000
"""Records of one bundle."""
UNPACKED: Final = 4 * 1024 * 1024 * 1024
"""Bytes of one bundle once unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One advisory and the bytes it came as."""

    advisory: Advisory
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle says. `as_of` is the newest date that a record bears: the bundle knows nothing later."""

    ecosystem: str
    """Without release: "PyPI", "Debian"."""
    records: tuple[Record, ...]
    as_of: datetime | None
    left_out: tuple[Problem, ...] = ()
    """Records that break OSV and what became of them."""


def read(data: bytes, *, ecosystem: str = "") -> Bundle:
    """The bundle. `ecosystem` says which one it speaks for where its records name several.

    Invalid when nothing in it is an OSV record, and when it is not clear whom it speaks for.
    """
    records: list[Record] = []
    left_out: list[Problem] = []
    for pointer, chunk in _chunks(data):
        try:
            records.append(Record(advisory=Osv(limits=RECORD).read(chunk), data=chunk))
        except Invalid as error:
            saved = _salvaged(chunk)
            first = error.problems[0] if error.problems else Problem("", "unreadable", str(error))
            if saved is None:
                left_out.append(Problem(pointer, "unreadable", f"not an OSV record: {first.reason}"))
                continue
            records.append(Record(advisory=saved, data=chunk))
            left_out.append(
                Problem(pointer + first.pointer, first.code, f"kept without what breaks OSV: {first.reason}")
            )
        if len(records) > MOST:
            raise Invalid("too large", [Problem("", "too_many_items", f"over {MOST} records: split the bundle")])
    if not records:
        problem = Problem("", "unknown_format", "give OSV records: one JSON document, one a line, or a zip of them")
        raise Invalid("this is no bundle of OSV records", [problem, *left_out[:20]])
    return Bundle(
        ecosystem=_spoken_for(records, ecosystem),
        records=tuple(records),
        as_of=_newest(records),
        left_out=tuple(left_out),
    )


def recognises(data: bytes) -> bool:
    """True for a zip, and for text whose first document looks like OSV."""
    if data[:4] == packed.ZIP:
        return True
    try:
        _, first = next(_chunks(data), ("", b""))
        document = parse.decode(first, RECORD)
    except Invalid:
        return False
    return isinstance(document, dict) and {"id", "modified"} <= document.keys()


def _chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:4] == packed.ZIP:
        yield from packed.members(
            data, wanted=lambda name: name.endswith(".json"), most=MOST, limit=UNPACKED, each=RECORD.document_bytes
        )
        return
    if data[:2] == packed.GZIP:
        data = packed.gunzip(data, limit=UNPACKED)
    lines = [line for line in data.splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith(b"{") and lines[0].rstrip().endswith(b"}"):
        for place, line in enumerate(lines):
            yield f"/line/{place + 1}", line
    elif data.strip():
        yield "", data


def _salvaged(chunk: bytes) -> Advisory | None:
    """A record that breaks OSV, without its ranges in commits; or with what it names and no versions."""
    try:
        document = parse.decode(chunk, RECORD, controls=True)
    except Invalid:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return None
    stated = document.get("affected")
    affected = [one for one in (stated if isinstance(stated, list) else []) if isinstance(one, dict)]
    try:
        without = {**document, "affected": [_without_commits(one) for one in affected]}
        return Osv(limits=RECORD).read(parse.encode(without, indent=None))
    except Invalid:
        return _named_only(document, affected)


def _without_commits(affected: Mapping[str, Json]) -> Json:
    ranges = affected.get("ranges")
    kept = [
        one
        for one in (ranges if isinstance(ranges, list) else [])
        if not (isinstance(one, dict) and one.get("type") == "GIT")
    ]
    return {**affected, "ranges": kept}


def _named_only(document: Mapping[str, Json], affected: list[dict[str, Json]]) -> Advisory | None:
    named = []
    for one in affected:
        package = one.get("package")
        if isinstance(package, dict):
            ecosystem, name = package.get("ecosystem"), package.get("name")
            if isinstance(ecosystem, str) and isinstance(name, str) and ecosystem and name:
                named.append(Affected(ecosystem=ecosystem, name=name))
    aliases = document.get("aliases")
    if not named:
        return None
    return Advisory(
        id=AdvisoryId(str(document["id"])[:256]),
        title=str(document.get("summary") or "")[:500],
        summary="",
        modified_at=_date(document.get("modified")) or times.EPOCH,
        published_at=_date(document.get("published")),
        aliases=tuple(one for one in (aliases if isinstance(aliases, list) else []) if isinstance(one, str)),
        affected=tuple(named),
    )


def _date(value: Json) -> datetime | None:
    try:
        return times.read(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _spoken_for(records: list[Record], wanted: str) -> str:
    named = [families(record.advisory) for record in records if record.advisory.affected]
    every = frozenset.union(*named) if named else frozenset()
    if wanted:
        if not any(wanted.lower() == one.lower() for one in every):
            raise Invalid("wrong ecosystem", [Problem("", "wrong_ecosystem", f"no record names {wanted[:40]}")])
        return next(one for one in every if one.lower() == wanted.lower())
    shared = frozenset.intersection(*named) if named else frozenset()
    if len(shared) == 1:
        return next(iter(shared))
    names = ", ".join(sorted(every)[:12])
    raise Invalid(
        "the bundle does not say whom it speaks for",
        [Problem("", "ambiguous_ecosystem", f"its records name {names or 'no ecosystem'}: give --ecosystem NAME")],
    )


def families(advisory: Advisory) -> frozenset[str]:
    """The ecosystems that an advisory names, without releases."""
    return frozenset(one.ecosystem.partition(":")[0] for one in advisory.affected if one.ecosystem)


def packages(advisory: Advisory) -> frozenset[Package]:
    """The packages that an advisory names: what it is looked up by."""
    return frozenset(found for one in advisory.affected if (found := package_of(one)).name)


def _newest(records: list[Record]) -> datetime | None:
    """Some databases leave `modified` at the year 1: the date of publication counts as well."""
    dates = [
        date
        for record in records
        for date in (record.advisory.modified_at, record.advisory.published_at)
        if date is not None and date > times.EPOCH
    ]
    return max(dates, default=None)
