"""Decide what a project's own published rules say against a report, each with its reason. They never refuse one.

Two answers stay apart: a broken contract refuses bytes, with every violation; a project's rules give reasons, which the
sender and the person who decides both read. What a report does not say is told as not said, never as a breach.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from comity.clearing import intake
from comity.clearing.deconflict import packages, path
from comity.errors import Invalid, Problem
from comity.formats import purl
from comity.model.batch import ProjectRules
from comity.model.report import Finding, Known

WORDS: Final = 500
ENTRIES: Final = 64


def against(finding: Finding, rules: Iterable[ProjectRules]) -> tuple[str, ...]:
    """Every reason, in the order of the rules; empty when nothing is said against it."""
    ours = packages(finding)
    found: dict[str, None] = {}
    for one in rules:
        if one.package in ours:
            found.update(dict.fromkeys(f"{one.package}: {reason}" for reason in _reasons(finding, one)))
    return tuple(found)


def _reasons(finding: Finding, rules: ProjectRules) -> Iterable[str]:
    cwes = {cwe.upper() for cwe in finding.cwes}
    refused = sorted(cwes & set(rules.classes_refused))
    if refused:
        yield f"the project does not take {', '.join(refused)}"
    if rules.classes_wanted and cwes and not cwes & set(rules.classes_wanted):
        yield f"the project asks for {', '.join(rules.classes_wanted[:8])}"
    if rules.classes_wanted and not cwes:
        yield "the project asks for the weakness class, and the report names none"
    outside = [path(symbol.file) for symbol in finding.symbols if symbol.file]
    if outside and all(any(file.startswith(one) for one in rules.out_of_scope_paths) for file in outside):
        yield f"every file named lies outside the project's threat model ({', '.join(rules.out_of_scope_paths[:4])})"
    if rules.languages and finding.language and not _spoken(finding.language, rules.languages):
        yield f"the project reads {', '.join(rules.languages)}; the report says it is in {finding.language}"
    if rules.languages and not finding.language:
        yield f"the project reads {', '.join(rules.languages)}; the report does not say its language"
    missing = [gap for gap in intake.gaps(finding) if gap in rules.evidence]
    if missing:
        yield "the project asks for " + ", ".join(intake.GAPS[gap] for gap in missing)
    if rules.ai_stated and finding.provenance.discovery.used is Known.UNKNOWN:
        yield "the project asks whether AI was used, the negative stated too"
    if rules.not_a_weakness and finding.preconditions:
        yield f"for a person: the project counts nothing as a weakness that needs {'; '.join(rules.not_a_weakness[:4])}"


def _spoken(language: str, taken: Sequence[str]) -> bool:
    """RFC 4647 basic filtering: a tag matches a range when it is equal to it or begins with it and a dash."""
    tag = language.lower()
    return any(tag == one.lower() or tag.startswith(one.lower() + "-") for one in taken)


def checked(rules: ProjectRules) -> ProjectRules:
    """The rules with their package in canonical form. Invalid with every problem."""
    problems = []
    package = rules.package
    try:
        read = purl.read(rules.package)
        package = read.canonical.split("?")[0].split("#")[0].split("@")[0].lower()
        if read.version:
            problems.append(Problem("/package", "versioned", "name the project without a version"))
    except ValueError as error:
        problems.append(Problem("/package", "invalid_purl", str(error)))
    if not rules.source.startswith(("https://", "http://")):
        problems.append(Problem("/source", "no_source", "say where the project publishes them: an http(s) address"))
    unknown = sorted(set(rules.evidence) - set(intake.GAPS))
    if unknown:
        problems.append(Problem("/evidence", "unknown_gap", f"each is one of {', '.join(intake.GAPS)}"))
    for name in ("classes_refused", "classes_wanted"):
        if not all(cwe.startswith("CWE-") and cwe[4:].isdigit() for cwe in getattr(rules, name)):
            problems.append(Problem(f"/{name}", "bad_class", "each must look like CWE-79"))
    for name in ("classes_refused", "classes_wanted", "out_of_scope_paths", "not_a_weakness", "languages", "evidence"):
        if len(getattr(rules, name)) > ENTRIES or any(not 0 < len(v) <= WORDS for v in getattr(rules, name)):
            problems.append(Problem(f"/{name}", "limits", f"at most {ENTRIES} entries of 1 to {WORDS} characters"))
    if len(rules.threat_model) > WORDS or len(rules.source) > WORDS:
        problems.append(Problem("/threat_model", "limits", f"at most {WORDS} characters"))
    if problems:
        raise Invalid("these are no rules of a project", problems)
    return replace(rules, package=package)
