"""Say what differs between two packs, rule by rule: what a reader of a new version must know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from comity.model.directive import Outcome, Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference. "" on a side: it is not there."""

    place: str
    before: str
    after: str


def diff(before: Pack, after: Pack) -> tuple[Change, ...]:
    """Every difference in what the packs ask; differences in sources and wording of reasons are left out."""
    return tuple(
        one
        for one in (
            *_identity(before, after),
            *_rows(before, after),
            *_named("tier", [(o.key, _tier(o)) for o in before.outcomes], [(o.key, _tier(o)) for o in after.outcomes]),
            *_named(
                "parameter",
                [(p.id, f"{p.default} of {', '.join(p.choices) or 'any'}") for p in before.parameters],
                [(p.id, f"{p.default} of {', '.join(p.choices) or 'any'}") for p in after.parameters],
            ),
            *_named(
                "phase",
                [(p.id, p.on.isoformat()) for p in before.phases],
                [(p.id, p.on.isoformat()) for p in after.phases],
            ),
            *_named("duty", _duties(before), _duties(after)),
            *_named(
                "exception",
                [(e.id, f"{e.condition}; granted by {e.granted_by}; {e.longest}") for e in before.exemptions],
                [(e.id, f"{e.condition}; granted by {e.granted_by}; {e.longest}") for e in after.exemptions],
            ),
        )
        if one.before != one.after
    )


def _identity(before: Pack, after: Pack) -> Iterator[Change]:
    for name in ("id", "version", "kind", "title", "authority", "domain", "binds", "issued", "applies_from", "until"):
        yield Change(place=name, before=str(getattr(before, name)), after=str(getattr(after, name)))
    yield Change(place="review_due", before=str(before.review_due), after=str(after.review_due))
    starts = [", ".join(one.clock.starts) if one.clock is not None else "" for one in (before, after)]
    yield Change(place="clock starts", before=starts[0], after=starts[1])


def _rows(before: Pack, after: Pack) -> Iterator[Change]:
    """Rows by what they are given in words, so that two files in another order are the same table."""
    sides = [_words(one) for one in (before, after)]
    for given in dict.fromkeys([*sides[0], *sides[1]]):
        yield Change(place=f"row: {given}", before=sides[0].get(given, ""), after=sides[1].get(given, ""))


def _words(pack: Pack) -> dict[str, str]:
    if pack.table is None:
        return {}
    names = [{value.key: value.name for value in one.values} for one in pack.table.inputs]
    return {
        ", ".join(
            f"{one.name} {names[place][row.given[place]]}" for place, one in enumerate(pack.table.inputs)
        ): pack.outcome(row.then).name
        for row in pack.table.rows
    }


def _named(kind: str, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]]) -> Iterator[Change]:
    old, new = dict(before), dict(after)
    for name in dict.fromkeys([*old, *new]):
        yield Change(place=f"{kind} {name}", before=old.get(name, ""), after=new.get(name, ""))


def _tier(one: Outcome) -> str:
    amount = f"{one.amount} {one.unit}" if one.amount is not None else str(one.unit)
    return f"{one.name}: {amount}{'; ' + ', '.join(one.duties) if one.duties else ''}"


def _duties(pack: Pack) -> list[tuple[str, str]]:
    found = []
    for one in pack.duties:
        when = one.on.isoformat() if one.on is not None else f"{one.amount} {one.unit} after {one.after}"
        found.append((one.id, f"{one.actor}: {one.text} {when}"))
    return found
