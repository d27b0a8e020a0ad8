"""What ships with Comity for validation: the case index, its recipes and inputs, and the targets written for it.

A shipped target is a folder of source in this package; its archive is made the same way every time (members sorted and
stored, one date, one mode), so its digest is a property of the source.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any, Final

from comity.formats import recipe as recipes
from comity.model.ids import Digest, digest

_DATE: Final = (2020, 1, 1, 0, 0, 0)
_IGNORED: Final = ("__pycache__",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedCase:
    """One case of the validation corpus, with everything that a submitted report about it needs."""

    id: str
    kind: str
    """`real` (a public, long-fixed CVE), `own` (a fault written for this project) or `false`."""
    summary: str
    recipe: bytes
    attachments: Mapping[str, bytes]
    expected: str
    """`reproduced`, `not reproduced`, `flaky` or `needs a person`."""
    cves: tuple[str, ...]
    claim: str
    """What the report says and, for a false one, what is wrong with it."""
    origin: str

    @property
    def attached(self) -> dict[Digest, bytes]:
        """The attachments as a report would hold them."""
        return {digest(data): data for data in self.attachments.values()}


def archive(tree: Traversable) -> bytes:
    """A zip of `tree` that is the same for the same files, on any host."""
    return zipped(dict(_members(tree, "")))


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files that is the same for the same files, on any host."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as out:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, date_time=_DATE)
            member.external_attr = 0o100644 << 16
            member.create_system = 3
            out.writestr(member, data)
    return buffer.getvalue()


def _members(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name not in _IGNORED:
            found += _members(entry, f"{prefix}{entry.name}/")
        elif entry.is_file():
            found.append((f"{prefix}{entry.name}", entry.read_bytes()))
    return found


def _folder() -> Traversable:
    return files("comity.formats") / "recipes"


@lru_cache(maxsize=1)
def shipped_archives() -> Mapping[str, bytes]:
    """Archives of the targets that ship with Comity, by purl with version; their folders are named NAME-VERSION."""
    trees = [tree for tree in (_folder() / "targets").iterdir() if tree.is_dir() and tree.name not in _IGNORED]
    return MappingProxyType({f"pkg:generic/comity-{tree.name.replace('-', '@')}": archive(tree) for tree in trees})


@lru_cache(maxsize=1)
def shipped_recipes() -> frozenset[Digest]:
    """Digests of the recipes that ship with Comity: the only ones that containment tier reduced runs."""
    return frozenset(recipes.read(case.recipe).digest for case in shipped_cases())


@lru_cache(maxsize=1)
def shipped_cases() -> tuple[ShippedCase, ...]:
    """The corpus, in the order of its index."""
    return read_index(_folder())


def read_index(folder: Traversable) -> tuple[ShippedCase, ...]:
    """The cases that `index.json` in `folder` names. Raises OSError or ValueError when the folder is not a corpus."""
    rows: list[dict[str, Any]] = json.loads((folder / "index.json").read_text(encoding="utf-8"))["cases"]
    return tuple(
        ShippedCase(
            id=row["id"],
            kind=row["kind"],
            summary=row["summary"],
            recipe=(folder / row["recipe"]).read_bytes(),
            attachments={path.rpartition("/")[2]: (folder / path).read_bytes() for path in row["attachments"]},
            expected=row["expected"],
            cves=tuple(row["cves"]),
            claim=row["claim"],
            origin=row["origin"],
        )
        for row in rows
    )
