"""Every mandatory test of CSAF 2.0 by its number: one table, run in the standard's order."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from comity.errors import Problem
from comity.formats.csaf_rules import products, profiles, revisions, scores, statements, words
from comity.formats.csaf_rules.paper import Paper, mapping
from comity.formats.parse import Json

Rule: TypeAlias = Callable[[Paper], Iterator[Problem]]

MANDATORY: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "6.1.1": products.undefined_products,
        "6.1.2": products.repeated_products,
        "6.1.3": products.circular_products,
        "6.1.4": products.undefined_groups,
        "6.1.5": products.repeated_groups,
        "6.1.6": products.contradicting_statuses,
        "6.1.7": scores.repeated_scores,
        "6.1.8": scores.malformed_scores,
        "6.1.9": scores.miscomputed_scores,
        "6.1.10": scores.contradicting_metrics,
        "6.1.11": words.wrong_weakness,
        "6.1.12": words.wrong_language,
        "6.1.13": products.malformed_purls,
        "6.1.14": revisions.unsorted_history,
        "6.1.15": words.untold_source_language,
        "6.1.16": revisions.stale_version,
        "6.1.17": revisions.unmarked_draft,
        "6.1.18": revisions.released_with_drafts,
        "6.1.19": revisions.prereleases_in_history,
        "6.1.20": revisions.released_prerelease,
        "6.1.21": revisions.gaps_in_history,
        "6.1.22": revisions.repeated_revisions,
        "6.1.23": statements.repeated_cves,
        "6.1.24": statements.repeated_involvements,
        "6.1.25": products.repeated_hashes,
        "6.1.26": words.misleading_category,
        "6.1.27.1": profiles.document_notes,
        "6.1.27.2": profiles.document_references,
        "6.1.27.3": profiles.no_vulnerabilities,
        "6.1.27.4": profiles.product_tree,
        "6.1.27.5": profiles.vulnerability_notes,
        "6.1.27.6": profiles.product_status,
        "6.1.27.7": profiles.vex_status,
        "6.1.27.8": profiles.vulnerability_id,
        "6.1.27.9": profiles.impact_statement,
        "6.1.27.10": profiles.action_statement,
        "6.1.27.11": profiles.vulnerabilities,
        "6.1.28": words.translated_into_itself,
        "6.1.29": statements.aimless_remediations,
        "6.1.30": revisions.mixed_versioning,
        "6.1.31": products.ranges_as_versions,
        "6.1.32": statements.aimless_flags,
        "6.1.33": statements.repeated_justifications,
    }
)


def check(document: Json) -> tuple[Problem, ...]:
    """Every violation of a mandatory test, in the standard's order. What breaks the schema may hide more."""
    paper = Paper(mapping(document))
    return tuple(problem for rule in MANDATORY.values() for problem in rule(paper))
