"""CSAF product tree and product status, of both versions: what our products and ranges become in them, and back.

Each product gets a vendor branch with a product name below it and, below that, versions and version ranges (`vers:`
strings). Nobody having said which versions is not "all versions": such a product stands under investigation. CSAF 2.1
takes no ranges in words (6.1.50): what can only be said in words there is a full product name outside the branches.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote

from packageurl import PackageURL

from comity.formats import purl
from comity.formats.csaf_dialect import V2_0, Dialect
from comity.formats.parse import Json
from comity.model.product import Affected, EventKind, Range, RangeEvent, RangeKind

NO_VENDOR: Final = "Unknown vendor"
NO_PRODUCT: Final = "No product is named yet"

AFFECTED: Final = ("known_affected", "first_affected", "last_affected")
FIXED: Final = ("fixed", "first_fixed")
OPEN: Final = ("under_investigation",)

_VERS: Final = re.compile(r"vers:(?P<scheme>[a-z0-9.+-]+)/(?P<rest>.+)\Z", re.ASCII)
_BOUND: Final = re.compile(r"(?P<comparator>>=|<=|<|=)?(?P<version>[^<>=!*|]+)\Z")
_RANGE_WORDS: Final = re.compile(
    r"(?:^|\W)(?:<|<=|>|>=|after|all|before|earlier|later|prior|versions?)(?:\W|$)|[<>]|^vers:", re.IGNORECASE
)
"""CSAF 2.0 6.1.31: words that a single version's name may not hold."""


@dataclass(slots=True)
class Tree:
    """The two parts of a document that speak of products."""

    dialect: Dialect = V2_0
    branches: list[Json] = field(default_factory=list)
    names: list[Json] = field(default_factory=list)
    status: dict[str, Json] = field(default_factory=dict)
    count: int = 0

    @property
    def product_tree(self) -> dict[str, Json]:
        """The document's `product_tree`."""
        parts: dict[str, Json] = {"branches": self.branches, "full_product_names": self.names}
        return {key: value for key, value in parts.items() if value}

    def add(self, status: str, name: str, locator: str) -> dict[str, Json]:
        """A product with the next id, listed under a status."""
        self.count += 1
        product_id = f"CSAFPID-{self.count:04}"
        listed = self.status.setdefault(status, [])
        if isinstance(listed, list):
            listed.append(product_id)
        product: dict[str, Json] = {"name": name, "product_id": product_id}
        if locator:
            product["product_identification_helper"] = self.dialect.helper(locator)
        return product


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product of the tree, with what the branches above it say; "" where they say nothing."""

    vendor: str
    name: str
    purl: str
    version: str
    range: str


def write(affected: Iterable[Affected], dialect: Dialect = V2_0) -> Tree:
    """Tree and status. Never empty: a security advisory names a product, if only to say that none is known."""
    tree = Tree(dialect=dialect)
    for one in affected:
        tree.branches.extend(_vendor(one, tree))
    if not tree.count:
        tree.names.append(tree.add("under_investigation", NO_PRODUCT, ""))
    return tree


def status_ids(status: Mapping[str, Json]) -> list[Json]:
    """Products that a score or a remedy speaks of: the affected ones, else whatever is listed."""
    for keys in (AFFECTED, tuple(status)):
        found = [one for key in keys for one in _list(status.get(key)) if isinstance(one, str)]
        if found:
            return list(dict.fromkeys(found))
    return []


def remedy_ids(status: Mapping[str, Json], dialect: Dialect) -> list[Json]:
    """Products that a fix or a workaround is for. CSAF 2.1 6.1.36: never those that are fixed."""
    if dialect.is_first:
        return status_ids(status)
    return status_ids({key: status[key] for key in (*AFFECTED, *OPEN) if key in status})


def read(products: Mapping[str, Product], status: Json) -> tuple[Affected, ...]:
    """Products in the order in which they are listed; those not affected are not read."""
    listed = _dict(status)
    groups: dict[tuple[str, str, str], _Group] = {}
    for kind, keys in (("affected", AFFECTED), ("open", OPEN), ("fixed", FIXED)):
        for product_id in (one for key in keys for one in _list(listed.get(key))):
            product = products.get(product_id) if isinstance(product_id, str) else None
            if product is None or (kind == "open" and product.name == NO_PRODUCT):
                continue
            group = groups.setdefault((product.vendor, product.name, product.purl), _Group())
            group.add(kind, product)
    return tuple(group.affected(key) for key, group in groups.items())


def vers(one: Range, scheme: str) -> str:
    """A `vers:` string; "" for a range that it cannot say (GIT, `limit`, bounds out of pairs)."""
    if one.kind is RangeKind.GIT:
        return ""
    bounds: list[str] = []
    is_open = False
    for event in one.events:
        if event.kind is EventKind.INTRODUCED:
            if is_open or (event.version == "0" and event is not one.events[0]):
                return ""
            is_open = True
            if event.version != "0":
                bounds.append(f">={quote(event.version, safe='')}")
        elif event.kind is EventKind.LIMIT or not is_open:
            return ""
        else:
            sign = "<" if event.kind is EventKind.FIXED else "<="
            bounds.append(f"{sign}{quote(event.version, safe='')}")
            is_open = False
    if not one.events:
        return ""
    return f"vers:{'semver' if one.kind is RangeKind.SEMVER else scheme}/{'|'.join(bounds) or '*'}"


def from_vers(text: str) -> Range | None:
    """The range that a `vers:` string of lower and upper bounds says; None for anything else."""
    match = _VERS.match(text)
    if match is None:
        return None
    kind = RangeKind.SEMVER if match["scheme"] == "semver" else RangeKind.ECOSYSTEM
    events: list[RangeEvent] = []
    if match["rest"] == "*":
        return Range(kind=kind, events=(RangeEvent(kind=EventKind.INTRODUCED, version="0"),))
    for part in match["rest"].split("|"):
        bound = _BOUND.match(part)
        if bound is None or bound["comparator"] in (None, "="):
            return None
        version = unquote(bound["version"])
        if bound["comparator"] == ">=":
            events.append(RangeEvent(kind=EventKind.INTRODUCED, version=version))
            continue
        if not events:
            events.append(RangeEvent(kind=EventKind.INTRODUCED, version="0"))
        end = EventKind.FIXED if bound["comparator"] == "<" else EventKind.LAST_AFFECTED
        events.append(RangeEvent(kind=end, version=version))
    return Range(kind=kind, events=tuple(events))


def _vendor(one: Affected, tree: Tree) -> list[Json]:
    """The vendor's branch, or none where every version of the product stands outside the branches."""
    name = one.name or one.purl or NO_PRODUCT
    before = tree.count
    leaves = list(_leaves(one, name, tree))
    product: dict[str, Json] = {"category": "product_name", "name": name}
    if leaves:
        product["branches"] = leaves
    elif tree.count > before:
        return []
    else:
        product["product"] = tree.add("under_investigation", name, one.purl)
    return [{"category": "vendor", "name": one.vendor or NO_VENDOR, "branches": [product]}]


def _leaves(one: Affected, name: str, tree: Tree) -> Iterator[Json]:
    seen: set[str] = set()
    scheme = purl.read(one.purl).type if one.purl else "generic"
    for version in one.versions:
        if version and version not in seen:
            seen.add(version)
            product = tree.add("known_affected", f"{name} {version}", _located(one.purl, version))
            yield from _leaf(version, product, tree)
    for text in (vers(r, scheme) or _in_words(r) for r in one.ranges):
        if text and text not in seen:
            seen.add(text)
            product = tree.add("known_affected", f"{name} {text}", one.purl)
            if tree.dialect.is_first or text.startswith("vers:"):
                yield {"category": "product_version_range", "name": text, "product": product}
            else:
                tree.names.append(product)
    for version in one.fixed_versions:
        if version and version not in seen:
            seen.add(version)
            yield from _leaf(version, tree.add("fixed", f"{name} {version}", _located(one.purl, version)), tree)


def _leaf(version: str, product: dict[str, Json], tree: Tree) -> Iterator[Json]:
    if not _RANGE_WORDS.search(version):
        yield {"category": "product_version", "name": version, "product": product}
    elif tree.dialect.is_first:
        yield {"category": "product_version_range", "name": version, "product": product}
    else:
        tree.names.append(product)


def _located(locator: str, version: str) -> str:
    return PackageURL.from_string(locator)._replace(version=version).to_string() if locator else ""


def _in_words(one: Range) -> str:
    bounds = ", ".join(f"{event.kind} {event.version}" for event in one.events)
    return f"{one.repo} {bounds}".strip()


@dataclass(slots=True)
class _Group:
    versions: dict[str, None] = field(default_factory=dict)
    ranges: list[Range] = field(default_factory=list)
    fixes: set[str] = field(default_factory=set)

    def add(self, kind: str, product: Product) -> None:
        read_range = from_vers(product.range)
        if kind == "affected" and read_range is not None:
            self.ranges.append(read_range)
            self.fixes.update(event.version for event in read_range.events if event.kind is EventKind.FIXED)
        elif kind == "affected" and product.version:
            self.versions[product.version] = None
        elif kind == "fixed" and product.version and product.version not in self.fixes:
            self.fixes.add(product.version)
            event = RangeEvent(kind=EventKind.FIXED, version=product.version)
            self.ranges.append(Range(kind=RangeKind.ECOSYSTEM, events=(event,)))

    def affected(self, key: tuple[str, str, str]) -> Affected:
        vendor, name, locator = key
        return Affected(
            purl=locator,
            ecosystem=purl.read(locator).ecosystem if locator else "",
            name=name,
            vendor=vendor,
            versions=tuple(self.versions),
            ranges=tuple(self.ranges),
        )


def products_of(product_tree: Json) -> dict[str, Product]:
    """Every product by id, with what the branches above it say."""
    tree = _dict(product_tree)
    found: dict[str, Product] = {}
    for one in _list(tree.get("full_product_names")):
        _note(found, _dict(one), {})
    for relationship in _list(tree.get("relationships")):
        _note(found, _dict(_dict(relationship).get("full_product_name")), {})
    stack: list[tuple[Json, dict[str, str]]] = [(one, {}) for one in reversed(_list(tree.get("branches")))]
    while stack:
        one, above = stack.pop()
        branch = _dict(one)
        path = {**above, _str(branch.get("category")): _str(branch.get("name"))}
        _note(found, _dict(branch.get("product")), path)
        stack.extend((inner, path) for inner in reversed(_list(branch.get("branches"))))
    return found


def _note(found: dict[str, Product], product: Mapping[str, Json], path: Mapping[str, str]) -> None:
    product_id = product.get("product_id")
    if not isinstance(product_id, str):
        return
    locator, version = "", ""
    helper = _dict(product.get("product_identification_helper"))
    stated = helper.get("purl") or next(iter(_list(helper.get("purls"))), None)
    try:
        if isinstance(stated, str):
            known = purl.read(stated)
            locator, version = known.canonical, known.version
    except ValueError:
        locator = ""
    vendor = path.get("vendor", "")
    words = path.get("product_version_range", "")
    found[product_id] = Product(
        vendor="" if vendor == NO_VENDOR else vendor,
        name=path.get("product_name") or _str(product.get("name")),
        purl=locator,
        version="" if words else path.get("product_version") or version,
        range=words,
    )


def _dict(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _str(value: Json) -> str:
    return value if isinstance(value, str) else ""
