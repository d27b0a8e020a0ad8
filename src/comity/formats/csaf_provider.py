"""What a CSAF provider shows beside its documents: metadata, ROLIE feeds, index, changes, hashes (CSAF 2.0, 7.1)."""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from comity.model.handling import Tlp

SCHEMA: Final = "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json"
FOLDERS: Final = {
    Tlp.CLEAR: "white",
    Tlp.GREEN: "green",
    Tlp.AMBER: "amber",
    Tlp.AMBER_STRICT: "red",
    Tlp.RED: "red",
}
"""CSAF 2.0 has the labels of TLP 1: one that it lacks goes to the stricter one, never to a weaker."""
LABELS: Final = {"white": "WHITE", "green": "GREEN", "amber": "AMBER", "red": "RED"}
CLOSED: Final = ("green", "amber", "red")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The provider. `base` has no slash at its end. `fingerprint` empty: no OpenPGP key, so not a trusted one."""

    base: str
    publisher: str
    namespace: str
    fingerprint: str
    listed: bool
    """Whether aggregators may list and mirror it."""


def metadata(about: About, *, updated: datetime) -> bytes:
    """`provider-metadata.json` (requirement 7)."""
    feeds = [
        {"summary": f"Advisories marked TLP:{label}", "tlp_label": label, "url": feed_url(about.base, folder)}
        for folder, label in LABELS.items()
    ]
    body: dict[str, Any] = {
        "canonical_url": f"{about.base}/.well-known/csaf/provider-metadata.json",
        "distributions": [
            {"rolie": {"feeds": feeds}},
            *({"directory_url": f"{about.base}/csaf/{folder}/"} for folder in LABELS),
        ],
        "last_updated": _written(updated),
        "list_on_CSAF_aggregators": about.listed,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": about.listed,
        "publisher": {"category": "coordinator", "name": about.publisher, "namespace": about.namespace},
        "role": "csaf_trusted_provider" if about.fingerprint else "csaf_provider",
    }
    if about.fingerprint:
        key = {"fingerprint": about.fingerprint, "url": f"{about.base}/csaf/openpgp/{about.fingerprint}.asc"}
        body["public_openpgp_keys"] = [key]
    return _json(body)


def feed_url(base: str, folder: str) -> str:
    """Where a level's ROLIE feed is."""
    return f"{base}/csaf/{folder}/csaf-feed-tlp-{folder}.json"


def feed(about: About, folder: str, entries: Sequence[Entry], *, updated: datetime) -> bytes:
    """The ROLIE feed of one level (requirement 15; RFC 8322), newest change first, with every hash and signature."""
    body = {
        "feed": {
            "id": f"csaf-feed-tlp-{folder}",
            "title": f"Advisories of {about.publisher} marked TLP:{LABELS[folder]}",
            "link": [{"rel": "self", "href": feed_url(about.base, folder)}],
            "category": [{"scheme": "urn:ietf:params:rolie:category:information-type", "term": "csaf"}],
            "updated": _written(updated),
            "entry": [_entry(about, folder, one) for one in _newest_first(entries)],
        }
    }
    return _json(body)


def index(entries: Sequence[Entry]) -> bytes:
    """`index.txt` (requirement 12): the path of every document, in order of path."""
    return "".join(f"{one.path}\n" for one in sorted(entries, key=lambda one: one.path)).encode()


def changes(entries: Sequence[Entry]) -> bytes:
    """`changes.csv` (requirement 13): path and time of each document's last change, newest first, both quoted."""
    out = io.StringIO()
    lines = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    lines.writerows((one.path, _written(one.updated)) for one in _newest_first(entries))
    return out.getvalue().encode()


def hash_file(suffix: str, data: bytes, name: str) -> bytes:
    """The hash file beside a document (requirement 18): lower-case hex, two blanks, the name."""
    return f"{HASHES[suffix](data).hexdigest()}  {name}\n".encode()


def security_txt(about: About, *, contact: str, expires: datetime) -> bytes:
    """`security.txt` (RFC 9116) with the line of requirement 8."""
    lines = (
        f"Contact: {contact}",
        f"Expires: {_written(expires)}",
        f"Canonical: {about.base}/.well-known/security.txt",
        f"CSAF: {about.base}/.well-known/csaf/provider-metadata.json",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _entry(about: About, folder: str, one: Entry) -> dict[str, Any]:
    source = f"{about.base}/csaf/{folder}/{one.path}"
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
        "format": {"schema": SCHEMA, "version": "2.0"},
    }


def _newest_first(entries: Sequence[Entry]) -> list[Entry]:
    by_path = sorted(entries, key=lambda one: one.path)
    return sorted(by_path, key=lambda one: one.updated, reverse=True)


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(body: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n"
