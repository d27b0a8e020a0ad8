"""What a CSAF provider shows beside its documents, in both versions: metadata, ROLIE, index, changes, hashes.

Source: CSAF 2.0 and the draft of 2.1, 7.1. While 2.1 is a draft both are served side by side, each under its own
addresses, and the plain well-known address is that of 2.0 (2.1, 7.4).
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from comity.formats.csaf_dialect import SCHEMA_2_1, V2_0, V2_1, Dialect
from comity.model.handling import Tlp

WELL_KNOWN: Final = "/.well-known/csaf"
METADATA: Final = "provider-metadata.json"
SERVICE: Final = "service.json"
CATEGORIES: Final = "category-product.json"
ROLIE_CSAF: Final = {"scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """How one version is laid out. `root` has no slash at its end."""

    dialect: Dialect
    root: str
    schema: str
    levels: Mapping[str, str]
    """Folder to label, the open one first."""
    folders: Mapping[Tlp, str]

    @property
    def version(self) -> str:
        """`2.0` or `2.1`."""
        return self.dialect.version

    @property
    def open_level(self) -> str:
        """The folder that needs no account."""
        return next(iter(self.levels))

    @property
    def well_known(self) -> str:
        """Where this version's metadata lies beside the other's."""
        return f"{WELL_KNOWN}/v{self.version}"


FIRST: Final = Edition(
    dialect=V2_0,
    root="/csaf",
    schema="https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json",
    levels=MappingProxyType({"white": "WHITE", "green": "GREEN", "amber": "AMBER", "red": "RED"}),
    folders=MappingProxyType(
        {Tlp.CLEAR: "white", Tlp.GREEN: "green", Tlp.AMBER: "amber", Tlp.AMBER_STRICT: "red", Tlp.RED: "red"}
    ),
)
"""CSAF 2.0 has the labels of TLP 1: one that it lacks goes to the stricter one, never to a weaker."""
SECOND: Final = Edition(
    dialect=V2_1,
    root="/csaf/v2.1",
    schema=SCHEMA_2_1,
    levels=MappingProxyType({V2_1.labels[tlp].lower(): V2_1.labels[tlp] for tlp in Tlp}),
    folders=MappingProxyType({tlp: V2_1.labels[tlp].lower() for tlp in Tlp}),
)
EDITIONS: Final = (FIRST, SECOND)
PROVIDER_2_1: Final = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/provider.json"
HASHES: Final = {".sha256": hashlib.sha256, ".sha512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document of the provider. `path` is year and file name under its level's folder."""

    id: str
    title: str
    summary: str
    path: str
    published: datetime
    updated: datetime
    products: tuple[str, ...] = ()
    """What it is about, by name or package URL: the categories of its feed entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The provider. `base` has no slash at its end. `fingerprint` empty: no OpenPGP key, so not a trusted one."""

    base: str
    publisher: str
    namespace: str
    fingerprint: str
    listed: bool
    """Whether aggregators may list and mirror it."""


def metadata(about: About, edition: Edition, *, updated: datetime) -> bytes:
    """`provider-metadata.json` (requirement 7).

    2.1 wants a time for each feed. Anybody reads this file, so a closed feed's is that of the open one: when something
    closed was published is nobody's to learn here.
    """
    root = f"{about.base}{edition.root}"
    dated = {} if edition is FIRST else {"last_updated": _written(updated)}
    feeds = [
        {
            **dated,
            "summary": f"Advisories marked TLP:{label}",
            "tlp_label": label,
            "url": feed_url(about, edition, folder),
        }
        for folder, label in edition.levels.items()
    ]
    rolie = {
        "categories": [f"{root}/{folder}/{CATEGORIES}" for folder in edition.levels],
        "feeds": feeds,
        "services": [f"{about.base}{edition.well_known}/{SERVICE}"],
    }
    body: dict[str, Any] = {} if edition is FIRST else {"$schema": PROVIDER_2_1}
    body |= {
        "canonical_url": f"{about.base}{edition.well_known}/{METADATA}",
        "distributions": [
            {"rolie": rolie},
            *(_directory(edition, f"{root}/{folder}/", label) for folder, label in edition.levels.items()),
        ],
        "last_updated": _written(updated),
        "list_on_CSAF_aggregators": about.listed,
        "metadata_version": edition.version,
        "mirror_on_CSAF_aggregators": about.listed,
        "publisher": {"category": "coordinator", "name": about.publisher, "namespace": about.namespace},
        "role": "csaf_trusted_provider" if about.fingerprint else "csaf_provider",
    }
    if about.fingerprint:
        key = {"fingerprint": about.fingerprint, "url": f"{about.base}/csaf/openpgp/{about.fingerprint}.asc"}
        body["public_openpgp_keys"] = [key]
    return _json(body)


def _directory(edition: Edition, url: str, label: str) -> dict[str, Any]:
    return {"directory_url": url} if edition is FIRST else {"directory": {"tlp_label": label, "url": url}}


def feed_name(folder: str) -> str:
    """The file name of a level's feed."""
    return f"csaf-feed-tlp-{folder}.json"


def feed_url(about: About, edition: Edition, folder: str) -> str:
    """Where a level's ROLIE feed is."""
    return f"{about.base}{edition.root}/{folder}/{feed_name(folder)}"


def service(about: About, edition: Edition) -> bytes:
    """The ROLIE service document (requirement 16; RFC 8322): every feed of this version."""
    collections = [
        {
            "title": _feed_title(about, label),
            "href": feed_url(about, edition, folder),
            "categories": {"category": [ROLIE_CSAF]},
        }
        for folder, label in edition.levels.items()
    ]
    return _json({"service": {"workspace": [{"title": f"CSAF {edition.version}", "collection": collections}]}})


def categories(about: About, entries: Sequence[Entry]) -> bytes:
    """The ROLIE category document of a level (requirement 17): the products that its documents are about."""
    terms = sorted({term for one in entries for term in one.products})
    return _json({"categories": {"category": [_category(about, term) for term in terms]}})


def _category(about: About, term: str) -> dict[str, str]:
    return {"scheme": f"{about.base}/csaf/categories/product", "term": term}


def feed(about: About, edition: Edition, folder: str, entries: Sequence[Entry], *, updated: datetime) -> bytes:
    """The ROLIE feed of one level (requirement 15; RFC 8322), newest change first, with every hash and signature."""
    body = {
        "feed": {
            "id": f"csaf-feed-tlp-{folder}",
            "title": _feed_title(about, edition.levels[folder]),
            "link": [
                {"rel": "self", "href": feed_url(about, edition, folder)},
                {"rel": "service", "href": f"{about.base}{edition.well_known}/{SERVICE}"},
            ],
            "category": [ROLIE_CSAF],
            "updated": _written(updated),
            "entry": [_entry(about, edition, folder, one) for one in _newest_first(entries)],
        }
    }
    return _json(body)


def _feed_title(about: About, label: str) -> str:
    return f"Advisories of {about.publisher} marked TLP:{label}"


def index(entries: Sequence[Entry]) -> bytes:
    """`index.txt` (requirement 12): the path of every document, in order of path."""
    return "".join(f"{one.path}\n" for one in sorted(entries, key=lambda one: one.path)).encode()


def changes(edition: Edition, entries: Sequence[Entry]) -> bytes:
    """`changes.csv` (requirement 13): path and time of each document's last change, newest first.

    2.0 wants both quoted, 2.1 neither; nothing in them needs it.
    """
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL if edition is FIRST else csv.QUOTE_MINIMAL, lineterminator="\n")
    lines.writerows((one.path, _written(one.updated)) for one in _newest_first(entries))
    return out.getvalue().encode()


def hash_file(suffix: str, data: bytes, name: str) -> bytes:
    """The hash file beside a document (requirement 18): lower-case hex, two blanks, the name."""
    return f"{HASHES[suffix](data).hexdigest()}  {name}\n".encode()


def security_txt(about: About, *, contact: str, expires: datetime) -> bytes:
    """`security.txt` (RFC 9116) with the lines of requirement 8: the plain well-known address first, as 2.1 asks."""
    lines = (
        f"Contact: {contact}",
        f"Expires: {_written(expires)}",
        f"Canonical: {about.base}/.well-known/security.txt",
        f"CSAF: {about.base}{WELL_KNOWN}/{METADATA}",
        *(f"CSAF: {about.base}{edition.well_known}/{METADATA}" for edition in EDITIONS),
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _entry(about: About, edition: Edition, folder: str, one: Entry) -> dict[str, Any]:
    source = f"{about.base}{edition.root}/{folder}/{one.path}"
    links = [{"rel": "self", "href": source}]
    links += [{"rel": "hash", "href": source + suffix} for suffix in HASHES]
    if about.fingerprint:
        links.append({"rel": "signature", "href": f"{source}.asc"})
    return {
        "id": one.id,
        "title": one.title,
        "link": links,
        "published": _written(one.published),
        "updated": _written(one.updated),
        "summary": {"content": one.summary},
        "content": {"type": "application/json", "src": source},
        "format": {"schema": edition.schema, "version": edition.version},
        **({"category": [_category(about, term) for term in one.products]} if one.products else {}),
    }


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    by_path = sorted(entries, key=lambda one: one.path)
    return sorted(by_path, key=lambda one: one.updated, reverse=True)


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(body: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
