"""The sample patches that ship with Comity: right ones and wrong ones, each with the rung that it should reach.

They are held against faults written for this project and serve the bench, the tests, and the demo where no model is
configured. What is shown from them is labelled a sample.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from comity.formats.ladder_kit import shipped_kits
from comity.formats.recipe import read
from comity.formats.recipe_archive import ShippedCase, shipped_cases
from comity.model.patch import Kit


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePatch:
    """One sample. `expected` is `none` or `L0` to `L5`."""

    id: str
    recipe: str
    """Id of the shipped case whose proof it is held against."""
    diff: bytes
    expected: str
    is_right: bool
    what: str

    @property
    def case(self) -> ShippedCase:
        """The shipped case."""
        return next(case for case in shipped_cases() if case.id == self.recipe)

    @property
    def kit(self) -> Kit | None:
        """The kit of its proof."""
        wanted = read(self.case.recipe).digest
        return next((kit for kit in shipped_kits() if kit.recipe == wanted), None)


@lru_cache(maxsize=1)
def sample_patches() -> tuple[SamplePatch, ...]:
    """All of them, in the order of their index."""
    folder = files("comity.formats") / "recipes" / "patches"
    rows: list[dict[str, Any]] = json.loads((folder / "index.json").read_text(encoding="utf-8"))["patches"]
    return tuple(
        SamplePatch(
            id=row["id"],
            recipe=row["recipe"],
            diff=(folder / row["diff"]).read_bytes(),
            expected=row["expected"],
            is_right=row["right"],
            what=row["what"],
        )
        for row in rows
    )
