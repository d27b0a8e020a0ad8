"""Check a CSAF document of either version as whoever holds the file would: schema and mandatory tests, every place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats import parse, schema
from comity.formats.csaf_rules import mandatory
from comity.formats.csaf_rules.paper import Paper, mapping, text
from comity.formats.csaf_rules_2_1 import mandatory as mandatory_2_1
from comity.formats.parse import LIMITS, Json, Limits

CHECKS: Final[Mapping[str, Callable[[Json], tuple[Problem, ...]]]] = MappingProxyType(
    {"2.0": mandatory.check, "2.1": mandatory_2_1.check}
)
COUNTS: Final = MappingProxyType({"2.0": len(mandatory.MANDATORY), "2.1": len(mandatory_2_1.MANDATORY)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the schema and the mandatory tests found. `not_run` holds tests by number with why they cannot run."""

    version: str
    tests: int
    problems: tuple[Problem, ...]
    not_run: Mapping[str, str]


def check(data: bytes, limits: Limits = LIMITS) -> Checked:
    """Hold a document against the schema and the mandatory tests of the version that it names.

    Invalid for what is no CSAF 2.0 or 2.1. Problems of the schema come first: they may hide others.
    """
    document = parse.decode(data, limits)
    version = text(Paper(mapping(document)).head.get("csaf_version"))
    if version not in CHECKS:
        raise Invalid(
            "this is no CSAF document that Comity can check",
            [Problem("/document/csaf_version", "unknown_version", f"must be one of: {', '.join(CHECKS)}")],
        )
    return Checked(
        version=version,
        tests=COUNTS[version],
        problems=(*schema.check(document, f"csaf-{version}"), *CHECKS[version](document)),
        not_run=mandatory_2_1.NOT_RUN if version == "2.1" else {},
    )
