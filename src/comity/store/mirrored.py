"""Mirrored advisories (OSV bundles) and the products that upstream names. Public facts, each with its mirror's dates.

Like every mirror they are replaced whole, in one transaction. They are found by package, by alias, or product by
product; an ecosystem without a mirror has no advisories here, which is never "none exist".
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import delete, exists, func, insert, select

from comity.model.advisory import Advisory
from comity.model.ids import Digest
from comity.model.signals import ProductStatement
from comity.store import rows
from comity.store.engine import Tx
from comity.store.mirrored_tables import (
    mirrored_advisories,
    mirrored_aliases,
    mirrored_cpes,
    mirrored_packages,
    mirrored_products,
)
from comity.store.tables import mirrors
from comity.store.upstream import Mirror, all_mirrors

Package: TypeAlias = tuple[str, str]
"""Canonical ecosystem and name, as the version room folds them."""

CHUNK: Final = 500
OSV: Final = "OSV "
"""Prefix of the sources of mirrored advisories; the ecosystem follows."""
UNPACKED_LIMIT: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """The mirror of one ecosystem's advisories. `as_of` None: its records bear no date, so it is of no age.

    `as_of` is the newest of what its records bear and when upstream last confirmed them (`Mirror.current_as_of`).
    """

    ecosystem: str
    source: str
    as_of: datetime | None
    fetched_at: datetime
    digest: Digest


def replace_bundle(
    tx: Tx,
    ecosystem: str,
    advisories: Iterable[tuple[Advisory, frozenset[Package]]],
    *,
    as_of: datetime | None,
    fetched_at: datetime,
    digest: Digest,
    confirmed_at: datetime | None = None,
) -> Mirror:
    """Hold these advisories, each with the packages it names, as the whole of what is known for the ecosystem."""
    return replace_advisories(
        tx, OSV + ecosystem, advisories, as_of=as_of, fetched_at=fetched_at, digest=digest, confirmed_at=confirmed_at
    )


def replace_advisories(
    tx: Tx,
    source: str,
    advisories: Iterable[tuple[Advisory, frozenset[Package]]],
    *,
    as_of: datetime | None,
    fetched_at: datetime,
    digest: Digest,
    confirmed_at: datetime | None = None,
) -> Mirror:
    """Hold these as the whole of what a source says. Only sources named `OSV ...` speak for a whole ecosystem."""
    for table in (mirrored_packages, mirrored_aliases, mirrored_advisories):
        tx.connection.execute(delete(table).where(table.c.source == source))
    tx.connection.execute(delete(mirrors).where(mirrors.c.source == source))
    tx.connection.execute(
        insert(mirrors).values(
            source=source, as_of=as_of, fetched_at=fetched_at, digest=digest, facts=0, confirmed_at=confirmed_at
        )
    )
    number = 0
    batch: list[tuple[int, Advisory, frozenset[Package]]] = []
    for advisory, named_packages in advisories:
        batch.append((number, advisory, named_packages))
        number += 1
        if len(batch) == CHUNK:
            _put(tx, source, batch)
            batch = []
    _put(tx, source, batch)
    tx.connection.execute(mirrors.update().where(mirrors.c.source == source).values(facts=number))
    return Mirror(
        source=source, as_of=as_of, fetched_at=fetched_at, digest=digest, facts=number, confirmed_at=confirmed_at
    )


def _put(tx: Tx, source: str, batch: list[tuple[int, Advisory, frozenset[Package]]]) -> None:
    if not batch:
        return
    packages, aliases = set(), set()
    for number, advisory, named_packages in batch:
        packages |= {(ecosystem[:64], name[:512], source, number) for ecosystem, name in named_packages if name}
        aliases |= {(alias[:256], source, number) for alias in (advisory.id, *advisory.aliases)}
    tx.connection.execute(
        insert(mirrored_advisories),
        [
            {
                "source": source,
                "number": number,
                "id": advisory.id[:256],
                "title": advisory.title or advisory.summary or advisory.details[:200],
                "modified_at": advisory.modified_at,
                "body": zlib.compress(rows.encode(advisory, Advisory), 6),
            }
            for number, advisory, _ in batch
        ],
    )
    if packages:
        names = ("ecosystem", "name", "source", "number")
        tx.connection.execute(
            insert(mirrored_packages), [dict(zip(names, one, strict=True)) for one in sorted(packages)]
        )
    tx.connection.execute(
        insert(mirrored_aliases), [{"alias": a, "source": s, "number": n} for a, s, n in sorted(aliases)]
    )


def feeds(tx: Tx) -> tuple[FeedState, ...]:
    """Every ecosystem whose advisories are mirrored, in source order."""
    return tuple(
        FeedState(
            ecosystem=one.source.removeprefix(OSV),
            source=one.source,
            as_of=one.current_as_of,
            fetched_at=one.fetched_at,
            digest=one.digest,
        )
        for one in all_mirrors(tx)
        if one.source.startswith(OSV)
    )


def releases(tx: Tx, source: str, family: str) -> frozenset[str]:
    """The releases of a distribution that the records of a source name, folded ("debian:12"); what another source
    names is not its own. `family` is folded too.

    The key begins with the ecosystem: one look into it finds the next one, whatever number of rows each has.
    """
    at = mirrored_packages.c.ecosystem
    every = select(func.min(at).label("ecosystem")).cte("every", recursive=True)
    following = select(func.min(at)).where(at > every.c.ecosystem).scalar_subquery()
    every = every.union_all(select(following).where(every.c.ecosystem.is_not(None)))
    its_own = exists().where(at == every.c.ecosystem, mirrored_packages.c.source == source)
    query = select(every.c.ecosystem).where(every.c.ecosystem.startswith(f"{family}:", autoescape=True), its_own)
    return frozenset(tx.connection.execute(query).scalars())


def about(tx: Tx, packages: Iterable[Package]) -> Iterator[tuple[str, Advisory]]:
    """Every advisory that names one of these packages, once, with its source.

    For a release of a distribution also what is said about the distribution without a release.
    """
    wanted = {(str(ecosystem), str(name)) for ecosystem, name in packages}
    wanted |= {(ecosystem.partition(":")[0], name) for ecosystem, name in wanted if ":" in ecosystem}
    by_ecosystem: dict[str, list[str]] = {}
    for ecosystem, name in wanted:
        by_ecosystem.setdefault(ecosystem, []).append(name)
    found: set[tuple[str, int]] = set()
    for ecosystem, names in sorted(by_ecosystem.items()):
        ordered = sorted(names)
        for start in range(0, len(ordered), CHUNK):
            query = select(mirrored_packages.c.source, mirrored_packages.c.number).where(
                mirrored_packages.c.ecosystem == ecosystem,
                mirrored_packages.c.name.in_(ordered[start : start + CHUNK]),
            )
            found |= {(source, number) for source, number in tx.connection.execute(query)}
    yield from _read(tx, found)


def named(tx: Tx, names: Iterable[str]) -> Iterator[tuple[str, Advisory]]:
    """Every advisory that bears one of these ids or aliases, once, with its source."""
    ordered = sorted(set(names))
    found: set[tuple[str, int]] = set()
    for start in range(0, len(ordered), CHUNK):
        query = select(mirrored_aliases.c.source, mirrored_aliases.c.number).where(
            mirrored_aliases.c.alias.in_(ordered[start : start + CHUNK])
        )
        found |= {(source, number) for source, number in tx.connection.execute(query)}
    yield from _read(tx, found)


def _read(tx: Tx, found: set[tuple[str, int]]) -> Iterator[tuple[str, Advisory]]:
    by_source: dict[str, list[int]] = {}
    for source, number in sorted(found):
        by_source.setdefault(source, []).append(number)
    for source, numbers in by_source.items():
        for start in range(0, len(numbers), CHUNK):
            query = (
                select(mirrored_advisories.c.body)
                .where(
                    mirrored_advisories.c.source == source,
                    mirrored_advisories.c.number.in_(numbers[start : start + CHUNK]),
                )
                .order_by(mirrored_advisories.c.number)
            )
            for body in tx.connection.execute(query).scalars():
                yield source, rows.decode(Advisory, zlib.decompressobj().decompress(body, UNPACKED_LIMIT))


def replace_products(tx: Tx, source: str, statements: Iterable[ProductStatement]) -> int:
    """Hold these as the whole of what a source says of products. Its mirror must be held in the same transaction."""
    number = 0
    for chunk in _chunks(statements):
        tx.connection.execute(
            insert(mirrored_products),
            [
                {
                    "source": source,
                    "number": number + place,
                    "subject": one.subject,
                    "vendor": one.vendor[:512],
                    "product": one.product,
                    "body": rows.encode(one, ProductStatement).decode(),
                }
                for place, one in enumerate(chunk)
            ],
        )
        cpes = {
            (one.vendor[:256], one.product[:256], source, number + place)
            for place, statement in enumerate(chunk)
            for one in statement.cpes
        }
        if cpes:
            names = ("vendor", "product", "source", "number")
            tx.connection.execute(insert(mirrored_cpes), [dict(zip(names, one, strict=True)) for one in sorted(cpes)])
        number += len(chunk)
    return number


def forget_products(tx: Tx, source: str) -> None:
    """Before a mirror is replaced: what it said of products goes with it."""
    for table in (mirrored_cpes, mirrored_products):
        tx.connection.execute(delete(table).where(table.c.source == source))


def dictionary(tx: Tx) -> tuple[tuple[str, str], ...]:
    """Every (vendor, product) that any mirror names, in text order."""
    query = select(mirrored_products.c.vendor, mirrored_products.c.product).where(mirrored_products.c.product != "")
    query = query.distinct()
    return tuple(sorted((vendor, product) for vendor, product in tx.connection.execute(query)))


def products(tx: Tx, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ProductStatement], ...]:
    """Every statement about one of these products as the sources spell them, with its source, in source order."""
    found: list[tuple[str, ProductStatement]] = []
    for vendor, product in sorted(set(pairs)):
        query = (
            select(mirrored_products.c.source, mirrored_products.c.body)
            .where(mirrored_products.c.vendor == vendor, mirrored_products.c.product == product)
            .order_by(mirrored_products.c.source, mirrored_products.c.number)
        )
        found.extend(
            (source, rows.decode(ProductStatement, body.encode())) for source, body in tx.connection.execute(query)
        )
    return tuple(found)


def by_cpe(tx: Tx, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[tuple[str, ProductStatement], ...]]:
    """Every statement that names one of these CPE vendors and products, with its source, in source order."""
    found: dict[tuple[str, str], tuple[tuple[str, ProductStatement], ...]] = {}
    for vendor, product in sorted(set(keys)):
        query = (
            select(mirrored_products.c.source, mirrored_products.c.body)
            .join(
                mirrored_cpes,
                (mirrored_cpes.c.source == mirrored_products.c.source)
                & (mirrored_cpes.c.number == mirrored_products.c.number),
            )
            .where(mirrored_cpes.c.vendor == vendor, mirrored_cpes.c.product == product)
            .order_by(mirrored_products.c.source, mirrored_products.c.number)
        )
        some = tuple(
            (source, rows.decode(ProductStatement, body.encode())) for source, body in tx.connection.execute(query)
        )
        if some:
            found[vendor, product] = some
    return found


def _chunks(statements: Iterable[ProductStatement]) -> Iterator[list[ProductStatement]]:
    chunk: list[ProductStatement] = []
    for one in statements:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
