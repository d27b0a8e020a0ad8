"""The notes of a CSAF document: texts with a fixed title that read back, and statements told from other fields."""

from collections.abc import Iterator
from typing import Final

from comity.formats import ai, times
from comity.formats.csaf_dialect import V2_0, Dialect
from comity.formats.parse import Json
from comity.model.advisory import Advisory
from comity.model.report import Known

TEXTS: Final = {
    "summary": ("summary", "Summary"),
    "details": ("description", "Details"),
    "evidence": ("other", "Validation"),
    "approved_by": ("other", "Approval"),
}
"""Advisory field -> category and title of the note that carries it."""

AI_TITLE: Final = "AI usage"
"""Title of the note about use of AI (policy parameter until CSAF 2.1 fixes category and title)."""

NOTHING: Final[dict[str, Json]] = {
    "category": "general",
    "title": "Description",
    "text": "No description has been published.",
}
"""CSAF 2.0 6.1.27.5 wants a note for each vulnerability."""


def write(advisory: Advisory, dialect: Dialect = V2_0) -> list[Json]:
    """All notes of the vulnerability."""
    texts: list[Json] = [
        {"category": category, "title": title, "text": getattr(advisory, name)}
        for name, (category, title) in TEXTS.items()
        if getattr(advisory, name)
    ]
    return [*texts, *told(advisory, dialect)] or [NOTHING]


def told(advisory: Advisory, dialect: Dialect = V2_0) -> list[Json]:
    """Statements made from other fields, for readers whose tools do not know those fields."""
    return [{"category": "general", "title": title, "text": text} for title, text in _statements(advisory, dialect)]


def field_of(note: Json) -> str:
    """The advisory field that a note carries, or ""."""
    if not isinstance(note, dict) or note.keys() != {"category", "title", "text"}:
        return ""
    place = (note["category"], note["title"])
    return next((name for name, known in TEXTS.items() if known == place and isinstance(note["text"], str)), "")


def _statements(advisory: Advisory, dialect: Dialect) -> Iterator[tuple[str, str]]:
    if advisory.withdrawn_at:
        yield "Withdrawn", f"This advisory was withdrawn on {times.write(advisory.withdrawn_at)}."
    if dialect.is_first and len(advisory.cwes) > 1:
        yield "All weaknesses", ", ".join(advisory.cwes)
    scored = dialect.scorable(advisory.severities).values()
    others = [severity.vector for severity in advisory.severities if severity not in scored]
    if others:
        yield "Further severity vectors", ", ".join(others)
    provenance = advisory.provenance
    if {provenance.discovery.used, provenance.authoring.used} != {Known.UNKNOWN}:
        lines = (ai.sentence("Finding", provenance.discovery), ai.sentence("Text", provenance.authoring))
        yield AI_TITLE, "\n".join(lines)
