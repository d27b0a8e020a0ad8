"""The benches there are, and how one is loaded."""

import importlib
from importlib.util import find_spec
from types import ModuleType

from comity.errors import Invalid, Problem

NAMES = (
    "validation",
    "sandbox",
    "escape",
    "match",
    "versions",
    "labels",
    "horizon",
    "adaptive",
    "coverage",
    "harness",
    "dedupe",
    "pool",
    "brief",
    "faithfulness",
    "plans",
    "wording",
    "whatif",
    "taxii",
    "readers",
    "patches",
    "pages",
    "workers",
)
"""Benches that exist, in the order in which `all` runs them."""


def load(name: str) -> ModuleType:
    """The module of a bench. Invalid, naming the extra to install, when a package it needs is absent."""
    if find_spec(f"comity.bench.{name}") is None:
        raise Invalid("no such bench", [Problem("/name", "unknown_bench", f"one of: all, {', '.join(NAMES)}")])
    try:
        return importlib.import_module(f"comity.bench.{name}")
    except ModuleNotFoundError as error:
        reason = f"install the package {error.name} (`pip install comity[bench]`), then run it again"
        raise Invalid("this bench needs more packages", [Problem("/name", "missing_package", reason)]) from error
