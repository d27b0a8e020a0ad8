"""What a suite of a standard is: a function over the folder of real data that counts passed, failed and skipped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a suite found. `reasons` explain what failed or was skipped; a failure is never without one."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite. `source` names whose cases they are. `run` gets the folder of real data (it may not be there)."""

    name: str
    source: str
    run: Callable[[Path], Counted]


class Absent(Exception):
    """This suite cannot run here; the text says why."""


def needs(path: Path) -> Path:
    """The path, when it is there. Absent otherwise."""
    if not path.exists():
        raise Absent(f"no corpora: {path.name} is not under the folder of real data (COMITY_CORPORA)")
    return path


def tool(name: str, package: str) -> Any:
    """A module that only a developer's set of packages holds. Absent, naming the package, otherwise."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Absent(f"peer not installed: {package}") from error


def counted(cases: Sequence[tuple[str, bool]], *, skipped: Sequence[str] = ()) -> Counted:
    """Count cases of (name, is right); each wrong one is named."""
    wrong = [name for name, right in cases if not right]
    return Counted(
        passed=len(cases) - len(wrong),
        failed=len(wrong),
        skipped=len(skipped),
        reasons=(*wrong, *dict.fromkeys(skipped)),
    )
