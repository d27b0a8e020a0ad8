"""Every mandatory test of CSAF 2.1 by its number: one table, run in the standard's order."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from comity.errors import Problem
from comity.formats.csaf_rules.mandatory import MANDATORY as UNCHANGED
from comity.formats.csaf_rules.paper import mapping
from comity.formats.csaf_rules_2_1 import (
    extensions,
    products,
    profiles,
    remedies,
    scores,
    sharing,
    stakeholder,
    times,
)
from comity.formats.csaf_rules_2_1.paper import NewPaper
from comity.formats.parse import Json

Rule: TypeAlias = Callable[[NewPaper], Iterator[Problem]]

CHANGED: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "6.1.3": products.circular_paths,
        "6.1.6": products.contradicting_statuses,
        "6.1.8": scores.malformed_scores,
        "6.1.9": scores.miscomputed_scores,
        "6.1.10": scores.contradicting_metrics,
        "6.1.11": scores.wrong_weakness,
        "6.1.13": products.malformed_purls,
        "6.1.27.8": profiles.vulnerability_id,
        "6.1.27.12": profiles.affected_products,
        "6.1.27.13": profiles.matching_affected,
        "6.1.27.14": profiles.description,
        "6.1.27.15": profiles.no_products,
        "6.1.27.16": profiles.earlier_revision,
        "6.1.27.17": profiles.withdrawal_reason,
        "6.1.27.18": profiles.supersession_reason,
        "6.1.27.19": profiles.superseding_document,
        "6.1.34": products.deep_branches,
        "6.1.35": remedies.contradicting_remedies,
        "6.1.36": remedies.remedies_against_status,
        "6.1.37": times.unreadable_dates,
        "6.1.38": sharing.closed_but_public,
        "6.1.39": sharing.open_but_grouped,
        "6.1.40": sharing.reserved_name,
        "6.1.41": sharing.unnamed_group,
        "6.1.42": products.purls_of_different_products,
        "6.1.43": products.starry_models,
        "6.1.44": products.starry_serials,
        "6.1.45": times.late_disclosure,
        "6.1.46": stakeholder.malformed_ssvc,
        "6.1.47": stakeholder.foreign_targets,
        "6.1.48": stakeholder.unknown_points,
        "6.1.49": times.late_ssvc,
        "6.1.50": products.malformed_ranges,
        "6.1.51": times.late_epss,
        "6.1.52": times.late_exploitation,
        "6.1.53": times.known_before_it_happened,
        "6.1.54": sharing.license_expression,
        "6.1.55": sharing.license_text,
        "6.1.56": scores.rated_and_scored,
        "6.1.57": products.stacked_categories,
        "6.1.58": products.ranges_beside_versions,
        "6.1.59": products.versions_as_ranges,
        "6.1.60.1": extensions.malformed_extensions,
        "6.1.61": products.starry_skus,
    }
)
"""What is new in 2.1, or asks for something else than in 2.0."""

NOT_RUN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "6.1.60.2": "the schema of an extension lies with its maker, and nothing is fetched",
        "6.1.60.3": "the metadata of an extension lie with its maker, and nothing is fetched",
    }
)
"""Tests that do not run, each with the reason."""

MANDATORY: Final[Mapping[str, Rule]] = MappingProxyType(
    dict(sorted({**UNCHANGED, **CHANGED}.items(), key=lambda one: [int(part) for part in one[0].split(".")]))
)

AHEAD: Final[Mapping[str, Rule]] = MappingProxyType({"6.1.27.20": profiles.report_summary})
"""Tests of the vulnerability-report profile, which the state of the draft that we follow has no case of: they run, and
are not among those counted (oasis-tcs/csaf at 0378987d712a has the test)."""


def check(document: Json) -> tuple[Problem, ...]:
    """Every violation of a mandatory test, in the standard's order. What breaks the schema may hide more."""
    paper = NewPaper(mapping(document))
    return tuple(problem for rule in (*MANDATORY.values(), *AHEAD.values()) for problem in rule(paper))
