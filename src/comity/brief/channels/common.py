"""What the channels share: harmless text in XML and HTML, dates, and the lines about sources and corrections."""

from datetime import UTC, datetime
from typing import Final

from comity.brief.check.absence import sentence
from comity.formats.markup import escaped, stamp
from comity.model.brief import Published, SourceFacts

IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""The scheme of the machine mark."""
__all__ = [
    "IPTC",
    "WITHDRAWN",
    "body",
    "correction_lines",
    "day",
    "escaped",
    "lead",
    "note",
    "source_line",
    "stamp",
]

WITHDRAWN: Final = "Withdrawn"


def day(at: datetime | None) -> str:
    """The day, or "unknown": never another date in its place (T13)."""
    return at.astimezone(UTC).date().isoformat() if at else "unknown"


def source_line(source: SourceFacts) -> str:
    """Name, author, both dates, and what was known of the date."""
    author = source.author or "unknown"
    return (
        f"{source.name}. Author: {author}. Published: {day(source.published_at)}. "
        f"Retrieved: {stamp(source.retrieved_at)}."
    )


def note(public: Published) -> str:
    """What stands in the place of the words of a withdrawn brief; "" for one that stands."""
    if public.tombstone is None:
        return ""
    return f"{WITHDRAWN} on {day(public.tombstone.at)}: {public.tombstone.reason}"


def correction_lines(public: Published) -> tuple[str, ...]:
    """Each correction in one sentence, oldest first."""
    return tuple(
        f"{one.kind.capitalize()} of {day(one.at)} (version {one.version}): {one.note}" for one in public.corrections
    )


def body(public: Published) -> tuple[str, ...]:
    """The paragraphs of a brief: bottom line, paraphrase or why there is none; or the tombstone."""
    if public.tombstone is not None:
        return (note(public),)
    first, *more = [line.text for line in public.lines]
    paragraphs = [first]
    if more:
        paragraphs.append(" ".join(more))
    if public.why_no_paraphrase:
        paragraphs.append(public.why_no_paraphrase)
    return tuple(paragraphs)


def lead(public: Published) -> tuple[str, ...]:
    """What stands above the title in every channel: the label, then the banner where there is one."""
    return (public.label, *((public.banner,) if public.banner else ()))


def absent(public: Published) -> tuple[str, ...]:
    """Each search that found nothing, in the one form, with the day on which it ends."""
    return tuple(f"{sentence(one)} Good until {day(one.until)}." for one in public.absences)


def unheld(public: Published) -> str:
    """Identifiers that no mirror of this host holds; "" for none. Nothing is said of the identifier."""
    names = [one.value for one in public.entities if one.in_mirror is False]
    return f"Not in our mirror: {', '.join(dict.fromkeys(names))}." if names else ""
