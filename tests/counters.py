"""Counters for a test of a few doors: what the test does not give is absent, and says so when it is asked."""

from dataclasses import fields
from typing import Any

from comity.counters import Counters


class Absent:
    """Stands where this test has no counter."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, call: str) -> Any:
        raise AssertionError(f"this test has no {self._name}, and {call} was asked of it")


def counters(**given: Any) -> Counters:
    """These counters, and an `Absent` for every other one."""
    known = [field.name for field in fields(Counters)]
    assert set(given) <= set(known), f"no such counter: {sorted(set(given) - set(known))}"
    return Counters(**{name: given.get(name, Absent(name)) for name in known})
