"""Decide what a CPE name shows: that a version is among the affected, or nothing. It never shows that one is not.

CPE is a weak key: several makers spell one product several ways, and a name with version ANY fits everything. So a
statement counts when its name covers the one asked about (NISTIR 7696) *and* there is evidence about the version: a
range, a version of its own, or the versions that the CVE record lists for the product. All else is a doubt.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from comity.defend.dotted import reached_by
from comity.errors import Invalid
from comity.formats import cpe
from comity.formats.cpe import ANY, Name, Relation
from comity.model.age import in_days
from comity.model.inventory import Answer, Answered, Component, Contents, Hit
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind
from comity.model.signals import CpeMatch, ProductStatement

Key = tuple[str, str]
_VERSION = frozenset({"version"})
ZERO = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Statements by CPE vendor and product, each with its source, and the date of each source."""

    statements: Mapping[Key, tuple[tuple[str, ProductStatement], ...]] = field(default_factory=dict)
    dates: Mapping[str, datetime | None] = field(default_factory=dict)
    stamp: str = ""
    """Stands for the state of the sources."""


def shelf(
    statements: Iterable[tuple[str, ProductStatement]], wanted: frozenset[Key], dates: Mapping[str, datetime | None]
) -> Shelf:
    """Those of the statements that name a wanted product, laid out by it."""
    found: dict[Key, dict[int, tuple[str, ProductStatement]]] = {}
    for place, (source, one) in enumerate(statements):
        for match in one.cpes:
            if (match.vendor, match.product) in wanted:
                found.setdefault((match.vendor, match.product), {})[place] = (source, one)
    return Shelf(statements={key: tuple(some.values()) for key, some in found.items()}, dates=dates)


def keys(contents: Iterable[Contents]) -> frozenset[Key]:
    """The vendors and products that components without an ecosystem are named by."""
    found = (name_of(one) for listed in contents for one in listed.components if one.cpe and not one.ecosystem)
    return frozenset(one.key for one in found if one is not None)


def name_of(component: Component) -> Name | None:
    """The component's CPE, with the component's own version where the name leaves it open. None: no such name."""
    try:
        name = cpe.read(component.cpe)
    except Invalid:
        return None
    if name.version == ANY and component.version:
        try:
            return cpe.read(cpe.write(replace(name, version=cpe.escaped(component.version))))
        except Invalid:
            return name
    return name


def reached(statement: ProductStatement, asked: Name) -> tuple[bool | None, str]:
    """Whether a statement reaches what this name stands for: True with the rule, None with the doubt, else False."""
    doubt = ""
    for one in statement.cpes:
        said, why = _one(one, statement, asked)
        if said:
            return True, why
        if said is None:
            doubt = doubt or why
    return (None, doubt) if doubt else (False, "the version is not among the affected")


def _one(match: CpeMatch, statement: ProductStatement, asked: Name) -> tuple[bool | None, str]:
    stated = cpe.read(match.name)
    relation = cpe.relation(stated, asked, without=_VERSION)
    if relation is Relation.DISJOINT:
        return False, ""
    if match.conditional:
        return None, "it holds only together with other products, which a name alone does not show"
    if relation not in (Relation.EQUAL, Relation.SUPERSET):
        return None, "the name says less than the statement asks: update, edition or platform is open"
    version = cpe.plain(asked.version)
    if not cpe.is_exact(asked.version):
        return None, "the name does not say which version"
    if match.start or match.start_after or match.end or match.end_before:
        return _ranged(match, version)
    if stated.version == ANY:
        if not statement.affected:
            return None, "the statement names every version, which is no evidence about this one"
        found, why, _ = reached_by([statement], version)
        return found, why
    fits = cpe.against(stated.version, asked.version)
    return (True, f"version {version} is named") if fits in (Relation.EQUAL, Relation.SUPERSET) else (False, "")


def _ranged(match: CpeMatch, version: str) -> tuple[bool | None, str]:
    if match.start_after and match.start_after == version:
        return False, ""
    begin = match.start or match.start_after or ZERO
    events = [RangeEvent(kind=EventKind.INTRODUCED, version=begin)]
    if match.end_before:
        events.append(RangeEvent(kind=EventKind.FIXED, version=match.end_before))
    elif match.end:
        events.append(RangeEvent(kind=EventKind.LAST_AFFECTED, version=match.end))
    asked = Affected(ranges=(Range(kind=RangeKind.ECOSYSTEM, events=tuple(events)),))
    found, why, _ = reached_by([ProductStatement(subject="", vendor="", product="", affected=(asked,))], version)
    return found, why


def reached_by_name(
    asked: Name, statements: Sequence[ProductStatement], version: str
) -> tuple[bool | None, str, tuple[str, ...]]:
    """The same over all that is said under one CVE id: by CPE where a statement bears one, else by its versions."""
    named = [one for one in statements if one.cpes]
    others = [one for one in statements if not one.cpes]
    fixes = tuple(dict.fromkeys(version for one in statements for version in fixed(one)))
    found = [reached(one, asked) for one in named]
    if others and (not named or any(one.affected for one in others)):
        found.append(reached_by(others, version)[:2])
    for wanted in (True, None):
        for said, why in found:
            if said is wanted:
                return said, why, fixes
    return False, f"version {version} is not among the affected", fixes


def fixed(statement: ProductStatement) -> tuple[str, ...]:
    """Versions that the statement names as the first without the weakness."""
    named = (one.end_before for one in statement.cpes if one.end_before)
    return tuple(dict.fromkeys([*named, *(v for one in statement.affected for v in one.fixed_versions)]))


def answered(component: Component, shelf: Shelf, *, now: datetime, max_age: timedelta) -> Answered:
    """The answer for a component that only a CPE names: affected, unknown, or not assessed, and never clean."""
    name = name_of(component)
    if name is None:
        return Answered(place=0, answer=Answer.UNKNOWN, reason="its CPE breaks the grammar of NISTIR 7695")
    hits: list[Hit] = []
    said = shelf.statements.get(name.key, ())
    for _, statement in said:
        is_reached, why = reached(statement, name)
        if is_reached is not False:
            rule = f"{cpe.words(name.vendor)} {cpe.words(name.product)} by CPE: {why}"
            hits.append(
                Hit(
                    advisory=statement.subject,
                    vulnerability=statement.subject,
                    rule=rule,
                    fixed=fixed(statement),
                    certain=bool(is_reached),
                )
            )
    sources = tuple(dict.fromkeys(source for source, _ in said))
    dates = [shelf.dates.get(source) for source in sources]
    if not said:
        reason = f"{component.gap}; no CVE record held here is filed under this name"
        return Answered(place=0, answer=Answer.UNKNOWN, reason=reason)
    known = [one for one in dates if one is not None]
    as_of = min(known) if len(known) == len(dates) else None
    hits.sort(key=lambda one: not one.certain)
    certain = sum(one.certain for one in hits)
    if as_of is None or not timedelta(0) <= now - as_of <= max_age:
        age = "bear no date" if as_of is None else f"are {in_days(now - as_of)} old"
        answer, reason = Answer.NOT_ASSESSED, f"the CVE records {age} and the limit is {in_days(max_age)}: fetch again"
    elif certain:
        answer, reason = Answer.AFFECTED, f"{certain} CVE records reach this version by CPE"
    else:
        answer = Answer.UNKNOWN
        reason = hits[0].rule if hits else f"no CVE record by CPE reaches it, and {component.gap.removeprefix('only ')}"
    return Answered(place=0, answer=answer, reason=reason, hits=tuple(hits), source=", ".join(sources), as_of=as_of)
