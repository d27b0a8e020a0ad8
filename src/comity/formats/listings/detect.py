"""Decide which reader an inventory document is for: by what it says of itself, then by the file's name."""

import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final, TypeAlias

from comity.formats import parse
from comity.formats.listings import (
    cargo,
    cyclonedx,
    distribution,
    gems,
    golang,
    listing,
    npm,
    python,
    scanners,
    spdx,
    statements,
    system,
    table,
)
from comity.formats.parse import Limits
from comity.model.inventory import Contents, ScannerReport

Listed: TypeAlias = Contents | ScannerReport

FORMATS: Final = (
    "CycloneDX 1.2-1.7 (JSON, XML), SPDX 2.2, 2.3, 3.0 (JSON), dpkg status, rpm -qa, apk installed, pip freeze, "
    "package-lock.json, yarn.lock, pnpm-lock.yaml, Cargo.lock, go.sum, go.mod, Gemfile.lock, CSV, "
    "Tenable and Qualys CSV, OpenVEX, CSAF VEX"
)
_TEXTS: Final[tuple[tuple[Callable[[str], bool], str], ...]] = (
    (system.looks_like_dpkg, "dpkg"),
    (npm.looks_like_yarn, "yarn"),
    (npm.looks_like_pnpm, "pnpm"),
    (cargo.looks_like_cargo, "cargo"),
    (golang.looks_like_sum, "go.sum"),
    (golang.looks_like_mod, "go.mod"),
    (gems.looks_like_gems, "gems"),
    (scanners.recognises, "scanner"),
    (system.looks_like_apk, "apk"),
    (system.looks_like_rpm, "rpm"),
    (python.looks_like_freeze, "pip"),
)
_NAMES: Final[Mapping[str, str]] = {
    "status": "dpkg", "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "cargo.lock": "cargo", "go.sum": "go.sum",
    "go.mod": "go.mod", "gemfile.lock": "gems", "installed": "apk", "requirements.txt": "pip",
}  # fmt: skip


def read(
    data: bytes,
    *,
    name: str = "",
    release: str = "",
    columns: Mapping[str, str] | None = None,
    limits: Limits = listing.LIMITS,
) -> Listed:
    """What a document lists. `release` ("Debian:12") is for package lists that do not say theirs; `columns` for CSV.
    os-release in front of a package list says it too (`distribution.split`).

    `Invalid` lists every violation; for an empty document, and one of no known format, it says what to send.
    """
    release = distribution.stated(release) if release else ""
    if not data.strip():
        raise listing.no_packages("the document", f"it is empty: send one of {FORMATS}")
    if data[:2] == b"\x1f\x8b":
        data, name = _unpacked(data, limits), name.removesuffix(".gz")
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in {b"{", b"["}:
        return _json(data, limits)
    if start[:1] == b"<":
        return cyclonedx.read_xml(data, limits)
    text = listing.text_of(data, limits)
    if columns is None:
        before, text = distribution.split(text)
        data = text.encode() if before else data
        release = release or distribution.of_os_release(before)
        if before and not text.strip():
            raise listing.no_packages("the document", "it is os-release alone: put the list of packages behind it")
    kind = next((word for recognises, word in _TEXTS if recognises(text.lstrip("\n"))), "") if columns is None else ""
    kind = kind or _NAMES.get(PurePath(name).name.lower(), "")
    if columns is not None or (not kind and _is_table(text, name)):
        return table.components(data, columns, limits=limits)
    readers: Mapping[str, Callable[[], Listed]] = {
        "dpkg": lambda: system.dpkg(data, release=release, limits=limits),
        "apk": lambda: system.apk(data, release=release, limits=limits),
        "rpm": lambda: system.rpm(data, release=release, limits=limits),
        "yarn": lambda: npm.yarn(data, limits=limits),
        "pnpm": lambda: npm.pnpm(data, limits=limits),
        "cargo": lambda: cargo.read(data, limits=limits),
        "go.sum": lambda: golang.go_sum(data, limits=limits),
        "go.mod": lambda: golang.go_mod(data, limits=limits),
        "gems": lambda: gems.read(data, limits=limits),
        "scanner": lambda: scanners.read(data, limits=limits),
        "pip": lambda: python.freeze(data, limits=limits),
    }
    if kind not in readers:
        raise listing.one_problem("unknown_format", f"no reader knows this document: send one of {FORMATS}")
    return readers[kind]()


def _json(data: bytes, limits: Limits) -> Contents:
    document = parse.decode(data, limits, controls=True)
    if cyclonedx.recognises(document):
        return cyclonedx.read(document)
    if spdx.recognises(document):
        return spdx.read(document)
    if statements.recognises(document):
        return statements.read(data, document, limits)
    if npm.recognises(document):
        return npm.package_lock(document)
    raise listing.one_problem("unknown_format", f"no reader knows this JSON document: send one of {FORMATS}")


def _is_table(text: str, name: str) -> bool:
    first = text.splitlines()[0] if text.strip() else ""
    headings = {cell.strip().strip('"').lower() for cell in re.split(r"[,;\t]", first)}
    usual = {one for names in table.COMPONENT_FIELDS.values() for one in names}
    return name.lower().endswith((".csv", ".tsv")) or len(headings & usual) >= 2


def _unpacked(data: bytes, limits: Limits) -> bytes:
    """What a gzip file holds, one file deep. Nothing beyond the limit of a document is ever unpacked."""
    reader = zlib.decompressobj(31)
    try:
        plain = reader.decompress(data, limits.document_bytes)
    except zlib.error as error:
        raise listing.one_problem("malformed_gzip", "the file is damaged") from error
    if reader.unconsumed_tail:
        raise listing.one_problem("document_too_large", f"it unpacks to more than {limits.document_bytes} bytes")
    if not reader.eof:
        raise listing.one_problem("malformed_gzip", "the file is cut off")
    return plain
