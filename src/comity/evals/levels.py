"""Say under which containment a subject may run, and refuse to start it under less. There is no override.

C0  no code runs: simulated answers
C1  user namespaces, no network, control groups, seccomp: scripted subjects, and models whose weights are small
C2  C1 inside a virtual machine whose image is attested and which has no route out: any real model
C3  a host run by its owner under its own rules: outside what Comity promises

Small: the SHA-256 of the weights file stands in the shipped list (at most 500 million parameters); Comity loads that
very file itself. Any other model is a real one and needs a fresh, signed statement about the virtual machine.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from comity.errors import Forbidden, Missing

FRESH: Final = timedelta(hours=24)
"""Age at which a statement about the machine is no longer taken (policy parameter)."""
SMALL_MOST: Final = 500_000_000
STATEMENT: Final = "https://comity.invalid/vm-attested/v1"
"""Predicate type of the statement about the machine."""
NO_ROUTE: Final = "no route out"


class Level(StrEnum):
    """Containment in force, as printed on the card."""

    C0 = "C0"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"


SENTENCES: Final[Mapping[Level, str]] = {
    Level.C0: "C0: no code ran; answers were simulated.",
    Level.C1: "C1: programs ran in user namespaces without network, under control groups and a system call allowlist.",
    Level.C2: "C2: programs ran as in C1, inside a virtual machine with an attested image and no route out.",
    Level.C3: "C3: run on a host of its owner under the owner's own rules; Comity promises nothing about it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """One row of the shipped list."""

    name: str
    parameters: int
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A subject that may start, and under what. Only `admit` makes one for a real model."""

    level: Level
    why: str
    machine: Mapping[str, str]
    """From the statement: image digest, network, time, key that signed. Empty below C2."""

    @property
    def sentence(self) -> str:
        """The level in words."""
        return SENTENCES[self.level]


Verify = Callable[[bytes], Mapping[str, Any]]
"""Opens a signed statement with the keys the host trusts and gives its predicate; raises when it does not hold."""


def scripted() -> Admitted:
    """A scripted subject: its moves ship with Comity or come from the operator's own test."""
    return Admitted(level=Level.C1, why="scripted subject, not an AI model", machine={})


def small(weights: Path) -> Admitted:
    """A model whose weights Comity loads itself, from this file. Forbidden when the list does not hold its digest."""
    if not weights.is_file():
        raise Missing(f"no such weights file: {weights.name}")
    row = shipped_list().get(_sha256(weights))
    if row is None:
        raise Forbidden(
            "these weights are not on the shipped list of small models: as any real model they need an attested machine"
        )
    return Admitted(
        level=Level.C1, why=f"small model {row.name}, {row.parameters / 1e6:.0f} million parameters", machine={}
    )


def real(name: str, statement: bytes | None, *, verify: Verify, now: datetime) -> Admitted:
    """Any other model. Forbidden, naming what is missing, without a fresh statement about an attested machine."""
    if statement is None:
        raise Forbidden(
            f"{name} is a real model: it needs a signed statement that this is an attested virtual machine with no "
            "route out (docs/evals.md); there is no setting that goes around it"
        )
    told = verify(statement)
    problems = []
    if told.get("network") != NO_ROUTE:
        problems.append(f"the statement says of the network {told.get('network')!r}, not {NO_ROUTE!r}")
    image = told.get("image")
    if not (isinstance(image, str) and len(image) == 64 and set(image) <= set("0123456789abcdef")):
        problems.append("the statement names no image by SHA-256")
    at = _time(told.get("at"))
    if at is None or not now - FRESH <= at <= now + timedelta(minutes=5):
        problems.append(f"the statement is not from the last {FRESH.total_seconds() / 3600:.0f} hours")
    if problems:
        raise Forbidden(f"{name} may not start here: {'; '.join(problems)}")
    machine = {"image": str(image), "network": NO_ROUTE, "at": str(told["at"]), "key": str(told.get("key", ""))}
    return Admitted(level=Level.C2, why="attested virtual machine", machine=machine)


@lru_cache(maxsize=1)
def shipped_list() -> Mapping[str, Small]:
    """SHA-256 of a weights file -> what it is."""
    text = resources.files("comity.evals").joinpath("small_models.json").read_text("utf-8")
    rows = {
        row["sha256"]: Small(name=row["name"], parameters=row["parameters"], origin=row["origin"])
        for row in json.loads(text)["models"]
    }
    assert all(row.parameters <= SMALL_MOST for row in rows.values())
    return rows


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
