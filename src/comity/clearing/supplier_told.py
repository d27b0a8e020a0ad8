"""A maintainer's VEX of a case beside the evidence: what the draft says of it, what goes out, and how each stands.

It never takes the place of a verdict: where "not affected" or "fixed" meets versions that the draft calls affected,
both stand, and the advisory says so. The advisory names the statements by digest, so whoever approves the draft
approves exactly them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from comity.clearing.supplier_vex import drafted, known, laid, meets, products, spans_of, superseded_by
from comity.errors import Conflict
from comity.formats import csaf_tree, parse, purl, vex
from comity.formats.versions import vers
from comity.formats.versions.constraints import Comparator, Constraint
from comity.formats.versions.spans import Span
from comity.formats.vex_advisory import name_of
from comity.formats.vex_supplier import CATEGORY, Sheet
from comity.model.advisory import Advisory, Publisher, Revision
from comity.model.case import Case, Stage
from comity.model.coordination import Coordination, Part, Participant
from comity.model.evidence import Reproduced, Verdict
from comity.model.ids import Digest, digest
from comity.model.inventory import Vex, VexStatus
from comity.model.product import Affected
from comity.model.supplier import Edition, Stated

SAYS: Final = " Said by a maintainer, not by this host: "
AGAINST: Final = (
    "What is said to be not affected or fixed reaches, as far as can be told, versions named affected here: both stand."
)
_SETTLES: Final = frozenset({VexStatus.NOT_AFFECTED, VexStatus.FIXED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One statement as people read it: whose, what, how it stands, and whether it stands against the evidence."""

    id: str
    seat: str
    by: str
    author: str
    product: str
    words: str
    detail: str
    said_at: datetime
    state: str
    is_against: bool
    may_take_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a maintainer needs to state something: the products of the case, who must agree, and what was said before.

    `unspoken` are products that no VEX can name. `author` and `namespace` are those of the last statement.
    """

    products: tuple[str, ...]
    bounds: tuple[str, ...]
    """Versions and ranges that the draft names: what a statement will mostly be about."""
    unspoken: tuple[str, ...]
    rule: str
    author: str
    namespace: str
    lines: tuple[Line, ...]


# Beside the evidence ------------------------------------------------------------------------------------------------


def is_against(said: Vex, affected: Sequence[Affected], verdict: Verdict | None) -> bool:
    """Whether "not affected" or "fixed" meets what was reproduced: versions that the draft calls affected.

    True as well where nobody can tell that it does not, since a contradiction must not be lost in an unknown order.
    """
    if said.status not in _SETTLES or not isinstance(verdict, Reproduced):
        return False
    mine = laid(said)
    return any(_reaches(mine, said, one) for one in affected if known(one) == (said.ecosystem, said.name))


def _reaches(mine: tuple[Span, ...] | None, said: Vex, one: Affected) -> bool:
    if said.version and said.version in one.versions:
        return True
    kind = purl.read(vex.locator(said.ecosystem, said.name)).type
    told = [vers.write(kind, (Constraint(Comparator.IS, version),)) for version in one.versions]
    told += [csaf_tree.vers(each, kind) for each in one.ranges]
    parts = [spans_of(text) for text in told]
    if mine is None or not parts or any(part is None for part in parts):
        return True
    return any(meets(mine, part) for part in parts)


def with_statements(draft: Advisory, held: Coordination | None, verdict: Verdict | None) -> Advisory:
    """The draft whose evidence says what its maintainers state, after what this host found; nothing of it is lost."""
    found = draft.evidence.partition(SAYS)[0]
    if held is None or not held.drafted:
        return replace(draft, evidence=found)
    told = []
    for one in _seats(held):
        mine = drafted(held, one)
        if not mine:
            continue
        author = mine[-1].said.author
        words = "; ".join(sentence(each.said) for each in mine)
        against = f" {AGAINST}" if any(is_against(each.said, draft.affected, verdict) for each in mine) else ""
        told.append(f"{author} states: {words}. Statements: sha256:{sealed(mine)}.{against}")
    return replace(draft, evidence=found + SAYS + " ".join(told))


def sealed(statements: Sequence[Stated]) -> Digest:
    """What is approved of them: the digest of every field that is published."""
    listed: list[parse.Json] = [
        {
            "author": one.said.author,
            "namespace": one.namespace,
            "product": vex.locator(one.said.ecosystem, one.said.name),
            "version": one.said.version,
            "versions": one.said.versions,
            "status": str(one.said.status),
            "justification": one.said.justification,
            "detail": one.said.detail,
            "said_at": one.said.said_at.isoformat(),
        }
        for one in statements
    ]
    return digest(parse.compact(listed).encode())


def sheets(held: Coordination | None, draft: Advisory, *, at: datetime) -> tuple[Sheet, ...]:
    """The documents that go out with this draft: one for each seat whose statements are not out as they stand.

    Conflict when the draft does not name exactly these statements.
    """
    if held is None:
        return ()
    made = []
    for place, seat in enumerate(_seats(held), 1):
        mine = drafted(held, seat)
        before = [edition for edition in held.editions if edition.seat == seat]
        if not mine or (before and before[-1].statements == tuple(one.id for one in mine)):
            continue
        if f"sha256:{sealed(mine)}." not in draft.evidence:
            raise Conflict("the draft does not hold the statements that were approved: take them into it again")
        last = mine[-1]
        times = [*(edition.at for edition in before), at]
        made.append(
            Sheet(
                advisory=draft.id,
                title=draft.title,
                tlp=draft.handling.tlp,
                place=place,
                publisher=Publisher(name=last.said.author, namespace=last.namespace, category=CATEGORY),
                statements=tuple(
                    replace(one.said, vulnerability=name_of(draft), author=last.said.author) for one in mine
                ),
                revisions=tuple(
                    Revision(number=str(number), at=then, summary=_edition(number))
                    for number, then in enumerate(times, 1)
                ),
            )
        )
    return tuple(made)


def published(held: Coordination, made: Sequence[Sheet], *, at: datetime) -> Coordination:
    """The coordination after its draft went out with these documents."""
    seats = _seats(held)
    fresh = tuple(
        Edition(
            seat=seats[sheet.place - 1],
            number=sheet.number,
            at=at,
            statements=tuple(one.id for one in drafted(held, seats[sheet.place - 1])),
        )
        for sheet in made
    )
    return replace(held, out=held.drafted, editions=(*held.editions, *fresh))


def _edition(number: int) -> str:
    return "First edition." if number == 1 else f"Edition {number}: earlier statements lapse."


def _seats(held: Coordination) -> tuple[str, ...]:
    """Seats with a statement, in the order of their first one: it never changes."""
    return tuple(dict.fromkeys(one.seat for one in held.statements))


# For people ---------------------------------------------------------------------------------------------------------


def rule(case: Case, approvals: int) -> str:
    """Who must agree for a statement to go out, said before the click."""
    people = "one named person" if approvals == 1 else f"{approvals} named people"
    when = "as a new edition" if case.stage is Stage.PUBLISHED else "with the advisory, not before the embargo ends"
    return f"It goes out {when}, once {people} of this host approved the draft with it and it is published."


def desk(held: Coordination, one: Participant, case: Case, draft: Advisory, *, approvals: int) -> Desk | None:
    """What a maintainer states and stated at their own seat; None for anybody else's seat."""
    if one.part is not Part.MAINTAINER:
        return None
    can, cannot = products(draft.affected)
    mine = [stated for stated in held.statements if stated.seat == one.id]
    return Desk(
        products=can,
        bounds=_bounds(draft.affected),
        unspoken=cannot,
        rule=rule(case, approvals),
        author=mine[-1].said.author if mine else one.name,
        namespace=mine[-1].namespace if mine else "",
        lines=lines(held, case, draft, seat=one.id),
    )


def _bounds(affected: Sequence[Affected]) -> tuple[str, ...]:
    found: list[str] = []
    for one in affected:
        name = known(one)
        if name is not None:
            kind = purl.read(vex.locator(*name)).type
            found += [*one.versions, *(csaf_tree.vers(each, kind) for each in one.ranges), *one.fixed_versions]
    return tuple(dict.fromkeys(text for text in found if text and not text.endswith("/*")))


def lines(held: Coordination | None, case: Case, draft: Advisory | None, *, seat: str = "") -> tuple[Line, ...]:
    """Every statement with how it stands, oldest first; of one seat or of all."""
    if held is None:
        return ()
    names = {one.id: one.name for one in held.participants}
    affected = draft.affected if draft is not None else ()
    return tuple(
        Line(
            id=one.id,
            seat=one.seat,
            by=names.get(one.seat, one.seat),
            author=one.said.author,
            product=_product(one.said),
            words=_words(one.said),
            detail=one.said.detail,
            said_at=one.said.said_at,
            state=_state(held, one),
            is_against=is_against(one.said, affected, case.verdict),
            may_take_back=one.taken_back_at is None and not _editions(held, one),
        )
        for one in held.statements
        if not seat or one.seat == seat
    )


def _state(held: Coordination, one: Stated) -> str:
    if one.taken_back_at is not None:
        return f"taken back {one.taken_back_at:%Y-%m-%d}"
    over = superseded_by(held, one)
    editions = _editions(held, one)
    if one.id in held.out:
        since = f"out since {editions[0].at:%Y-%m-%d}, edition {editions[-1].number}"
        return f"{since}; {over} will supersede it" if over else since
    if editions:
        return f"lapsed: superseded by {over}" if over else "lapsed"
    if over:
        return f"superseded by {over} before it went out"
    if one.id in held.drafted:
        return "in the draft"
    return "waits: the draft was approved without it, and a coordinator must take it in"


def _editions(held: Coordination, one: Stated) -> list[Edition]:
    return [edition for edition in held.editions if one.id in edition.statements]


def sentence(said: Vex) -> str:
    """One statement in words: product, versions, status and justification."""
    return f"{_product(said)} {_words(said)}"


def _product(said: Vex) -> str:
    if said.version:
        return vex.locator(said.ecosystem, said.name, said.version)
    return f"{vex.locator(said.ecosystem, said.name)} {said.versions}"


def _words(said: Vex) -> str:
    because = f" ({said.justification})" if said.justification else ""
    return f"{said.status}{because}".replace("_", " ")
