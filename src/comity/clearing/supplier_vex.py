"""A maintainer's VEX of a case: check one statement, and decide which stand and which the draft holds.

A statement is of the case's own products and binds one version or one bounded range, never all versions (CISA, Minimum
Requirements for VEX, 2023). A later one of the same seat supersedes those whose versions it covers.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from comity.clearing.publish import Host
from comity.errors import Conflict, Invalid, Problem
from comity.formats import personal, purl, vex
from comity.formats.listings import listing
from comity.formats.node import URL
from comity.formats.versions import vers
from comity.formats.versions.constraints import Comparator, Constraint
from comity.formats.versions.spans import Span, Undecided
from comity.formats.vex_advisory import spellings
from comity.model.case import Case, Stage
from comity.model.coordination import Coordination, Participant
from comity.model.ids import PartyId
from comity.model.inventory import Vex, VexStatus
from comity.model.product import Affected
from comity.model.supplier import Stated

STANDING: Final = 40
"""Statements that stand for one seat, at most."""
KEPT: Final = 400
"""Statements of one seat, superseded ones too, at most."""
TEXT: Final = 1000
LINE: Final = 200
BOUNDS: Final = 40
"""Bounds that one range may have: every statement of a seat is compared with every other."""
_ALL: Final = frozenset({"0", "0.0", "0.0.0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A statement as its author gives it: `product` as the page lists it, and `version` or `versions` (VERS)."""

    product: str
    status: VexStatus
    version: str = ""
    versions: str = ""
    justification: str = ""
    detail: str = ""
    author: str = ""
    namespace: str = ""


# Saying -------------------------------------------------------------------------------------------------------------


def products(affected: Sequence[Affected]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Package URLs of products that VEX can speak of, and the names of those that it cannot."""
    can: list[str] = []
    cannot: list[str] = []
    for one in affected:
        found = known(one)
        can.append(vex.locator(*found)) if found else cannot.append(one.purl or f"{one.vendor} {one.name}".strip())
    return tuple(dict.fromkeys(can)), tuple(dict.fromkeys(cannot))


def state(
    held: Coordination,
    one: Participant,
    wish: Wish,
    *,
    id_: str,
    person: PartyId,
    affected: Sequence[Affected],
    host: Host,
    at: datetime,
) -> Stated:
    """The statement, checked. Invalid lists what is missing or contradicts; nothing is guessed for its author."""
    author = wish.author.strip() or one.name
    problems = [*_named(wish, affected), *_bound(wish), *_reasoned(wish), *_signed(wish, author, host)]
    for field, text in (("/detail", wish.detail), ("/author", author)):
        if personal.found(field, text):
            reason = "looks like personal information: publish a statement without any"
            problems.append(Problem(field, "personal", reason))
    if problems:
        raise Invalid("the statement was not kept", problems)
    stated = vex.named(wish.product)
    assert stated is not None  # it is one of the products
    said = Vex(
        vulnerability="",
        status=wish.status,
        ecosystem=stated[0],
        name=stated[1],
        version=wish.version.strip(),
        versions=wish.versions.strip(),
        justification=wish.justification,
        detail=wish.detail.strip(),
        author=author,
        said_at=at,
    )
    made = Stated(id=id_, seat=one.id, person=person, namespace=wish.namespace.strip(), said=said)
    for other in standing(held, one.id):
        is_other = _same_product(other, made) and other.said.status is not said.status and not covers(made, other)
        if is_other and meets(laid(other.said), laid(said)):
            reason = f"{other.id} says otherwise of some of these versions: name a range that covers all of its own"
            raise Invalid("the statement was not kept", [Problem("/versions", "says_otherwise", reason)])
    if len([other for other in held.statements if other.seat == one.id]) >= KEPT:
        raise Conflict(f"a seat keeps {KEPT} statements: write to the coordinators")
    if len(standing(replace(held, statements=(*held.statements, made)), one.id)) > STANDING:
        raise Conflict(f"{STANDING} statements stand already: say one about a range instead")
    return made


def take_back(held: Coordination, seat: str, id_: str, *, at: datetime) -> Coordination:
    """The coordination without a statement that never went out, and its draft without it, whoever approved that draft.

    Conflict for one that went out: its author says what holds instead.
    """
    one = next((one for one in held.statements if one.id == id_ and one.seat == seat), None)
    if one is None or one.taken_back_at is not None:
        raise Invalid("nothing was taken back", [Problem("/statement", "no_statement", "no such statement of yours")])
    if any(id_ in edition.statements for edition in held.editions):
        raise Conflict(f"{id_} was published: say what holds now about the same versions, and it lapses")
    gone = replace(one, taken_back_at=at)
    kept = tuple(gone if other.id == id_ else other for other in held.statements)
    return replace(held, statements=kept, drafted=tuple(other for other in held.drafted if other != id_))


def _named(wish: Wish, affected: Sequence[Affected]) -> list[Problem]:
    can, _ = products(affected)
    if wish.product in can:
        return []
    reason = f"one of {', '.join(can)}" if can else "no product of this case has a package URL of a known type"
    return [Problem("/product", "no_product", reason)]


def _bound(wish: Wish) -> list[Problem]:
    version, versions = wish.version.strip(), wish.versions.strip()
    if bool(version) is bool(versions):
        return [Problem("/version", "no_bound", "give one version, or one range as VERS: never all versions")]
    if version:
        if len(version) > LINE or listing.printable(version) != version or set(version) & set("*<>=|, "):
            return [Problem("/version", "bad_version", "one version as it is released, such as 1.4.2")]
        return []
    if len(versions) > TEXT or versions.count("|") >= BOUNDS:
        return [Problem("/versions", "long_range", f"at most {BOUNDS} bounds and {TEXT} characters: say it in parts")]
    try:
        scheme, constraints = vers.read(versions)
    except ValueError:
        return [Problem("/versions", "bad_range", "a range as VERS, such as vers:pypi/>=1.0|<1.4")]
    kind = purl.read(wish.product).type if wish.product.startswith("pkg:") and vex.named(wish.product) else scheme
    if scheme != kind:
        return [Problem("/versions", "other_scheme", f"versions of this product are told as vers:{kind}/")]
    is_bound = any(
        one.comparator in (Comparator.BELOW, Comparator.UP_TO, Comparator.IS)
        or (one.comparator in (Comparator.FROM, Comparator.ABOVE) and one.version not in _ALL)
        for one in constraints
    )
    if not is_bound or vers.spans(scheme, constraints) == ():
        return [Problem("/versions", "no_bound", "the range has a bound and holds a version: never all versions")]
    return []


def _reasoned(wish: Wish) -> list[Problem]:
    found: list[Problem] = []
    if wish.justification and wish.status is not VexStatus.NOT_AFFECTED:
        found.append(Problem("/justification", "not_here", "only what is not affected has a justification"))
    elif wish.justification and wish.justification not in vex.JUSTIFICATIONS:
        found.append(Problem("/justification", "unknown_word", f"one of {', '.join(vex.JUSTIFICATIONS)}"))
    detail = wish.detail.strip()
    if wish.status is VexStatus.AFFECTED and not detail:
        found.append(Problem("/detail", "no_action", "say what to do: what is affected has an action"))
    if wish.status is VexStatus.NOT_AFFECTED and not wish.justification and not detail:
        found.append(Problem("/justification", "no_reason", "choose a justification, or say why it has no impact"))
    if len(detail) > TEXT or not all(mark.isprintable() or mark == "\n" for mark in detail):
        found.append(Problem("/detail", "bad_text", f"plain text of at most {TEXT} characters"))
    return found


def _signed(wish: Wish, author: str, host: Host) -> list[Problem]:
    """A name and an address of one's own: neither may read as this host's, however it is spelled."""
    found: list[Problem] = []
    if len(author) > LINE or not author.isprintable() or _letters(author) == _letters(host.name):
        found.append(Problem("/author", "bad_author", "the name of your project or company, not that of this host"))
    address, own = wish.namespace.strip(), host.namespace.casefold().rstrip("/")
    is_ours = bool(own) and f"{address.casefold()}/".startswith(f"{own}/")
    if len(address) > LINE or not address.startswith("https://") or not URL.match(address) or is_ours:
        reason = "the address of your project or company, such as https://project.example"
        found.append(Problem("/namespace", "no_address", reason))
    return found


def _letters(name: str) -> str:
    return "".join(mark for mark in unicodedata.normalize("NFKC", name).casefold() if mark.isalnum())


# Which stand --------------------------------------------------------------------------------------------------------


def standing(held: Coordination, seat: str = "") -> tuple[Stated, ...]:
    """The statements that stand, of one seat or of all: neither taken back nor superseded by a later one."""
    stand: list[Stated] = []
    for one in held.statements:
        if one.taken_back_at is None and (not seat or one.seat == seat):
            stand = [other for other in stand if not _supersedes(one, other)]
            stand.append(one)
    return tuple(stand)


def superseded_by(held: Coordination, one: Stated) -> str:
    """The statement that superseded this one; "" while it stands."""
    later = held.statements[held.statements.index(one) + 1 :]
    return next((other.id for other in later if other.taken_back_at is None and _supersedes(other, one)), "")


def drafted(held: Coordination, seat: str) -> list[Stated]:
    """What the draft holds of one seat's statements, oldest first."""
    return [one for one in held.statements if one.id in held.drafted and one.seat == seat]


def joined(held: Coordination, case: Case) -> Coordination:
    """The coordination whose draft holds what stands now, as long as that takes nobody's approval away.

    Once somebody approved the draft in hand, a newer statement waits until a coordinator takes it in: a maintainer
    alone can not send an approved draft back, nor hold a publication up.
    """
    if not is_revised(held, case) and case.stage is Stage.PUBLISHED:
        return taken(held)
    return held if any(one.draft == case.draft for one in case.approvals) else taken(held)


def taken(held: Coordination) -> Coordination:
    """The coordination whose draft holds what stands now."""
    return replace(held, drafted=tuple(one.id for one in standing(held)))


def is_waiting(held: Coordination) -> bool:
    """Whether something stands that the draft does not hold, or the other way about."""
    return set(held.drafted) != {one.id for one in standing(held)}


def is_revised(held: Coordination | None, case: Case) -> bool:
    """Whether a published case has a draft that says more of its maintainers than what is out."""
    return held is not None and case.stage is Stage.PUBLISHED and set(held.drafted) != set(held.out)


def known(one: Affected) -> tuple[str, str] | None:
    """Ecosystem and name by which VEX speaks of a product; None for one that it cannot name."""
    found = spellings(one)
    return found[1] if found is not None and listing.printable(found[1][1]) == found[1][1] else None


def _supersedes(later: Stated, earlier: Stated) -> bool:
    return later.seat == earlier.seat and _same_product(later, earlier) and covers(later, earlier)


def _same_product(one: Stated, other: Stated) -> bool:
    return one.bound[:2] == other.bound[:2]


def covers(one: Stated, other: Stated) -> bool:
    """Whether every version of `other` is one of `one`'s; where nothing can be compared only the same words are."""
    if one.bound == other.bound:
        return True
    large, small = laid(one.said), laid(other.said)
    if large is None or small is None:
        return False
    return all(any(big.low <= part.low and part.high <= big.high for big in large) for part in small)


def meets(one: Sequence[Span] | None, other: Sequence[Span] | None) -> bool:
    """Whether they share a version; False where nobody can tell."""
    return any(a.low < b.high and b.low < a.high for a in one or () for b in other or ())


def laid(said: Vex) -> tuple[Span, ...] | None:
    kind = purl.read(vex.locator(said.ecosystem, said.name)).type
    text = said.versions or vers.write(kind, (Constraint(Comparator.IS, said.version),))
    return spans_of(text)


@lru_cache(maxsize=1024)
def spans_of(text: str) -> tuple[Span, ...] | None:
    try:
        found = vers.spans(*vers.read(text))
    except ValueError:
        return None
    return None if isinstance(found, Undecided) else found
