"""Write due dates as an iCalendar file (RFC 5545): one event per remedy, at its moment in UTC.

Lines end in CRLF and are folded at 75 octets, never inside a character (3.1); texts are escaped (3.3.11); an event's
UID is stable, so a calendar that is subscribed to moves an event instead of adding another. A remedy without a due
moment (fix on the next upgrade, or not assessed) has no event unless it has a planned day, and is counted as left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from comity.model.remedy import Remedy, Standing

MEDIA_TYPE: Final = "text/calendar"
FOLD_OCTETS: Final = 75
_UID_HOST: Final = "comity.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The file, and the remedies that no moment could be found for."""

    data: bytes
    left_out: tuple[str, ...]


def calendar(remedies: Sequence[Remedy], *, name: str, at: datetime) -> Calendar:
    """All open remedies with a due moment or a planned day, in the order given. `at` is when the file was made."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Comity//due dates//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escape(name)}",
    ]
    left_out: list[str] = []
    for remedy in remedies:
        if remedy.standing is Standing.DONE:
            continue
        event = _event(remedy, at)
        if event:
            lines.extend(event)
        else:
            left_out.append(remedy.id)
    lines.append("END:VCALENDAR")
    return Calendar(data=b"".join(fold(line) for line in lines), left_out=tuple(left_out))


def escape(text: str) -> str:
    """RFC 5545 3.3.11. Control characters, which a TEXT may not hold, become spaces; all line ends become one kind."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(c if c == "\n" or (ord(c) >= 0x20 and ord(c) != 0x7F) else " " for c in plain)
    for mark, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(mark, written)
    return plain


def fold(line: str) -> bytes:
    """RFC 5545 3.1: at most 75 octets before the line end; what follows begins with one blank."""
    pieces: list[bytes] = []
    held = b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        room = FOLD_OCTETS if not pieces else FOLD_OCTETS - 1
        if len(held) + len(encoded) > room:
            pieces.append(held)
            held = b""
        held += encoded
    pieces.append(held)
    return b"\r\n ".join(pieces) + b"\r\n"


def _event(remedy: Remedy, at: datetime) -> Iterable[str]:
    if remedy.due is not None:
        start = [f"DTSTART:{_utc(remedy.due)}"]
    elif remedy.planned_upgrade is not None:
        following = remedy.planned_upgrade + timedelta(days=1)
        start = [
            f"DTSTART;VALUE=DATE:{remedy.planned_upgrade:%Y%m%d}",
            f"DTEND;VALUE=DATE:{following:%Y%m%d}",
        ]
    else:
        return ()
    late = "OVERDUE: " if remedy.overdue else ""
    facts = (
        remedy.action,
        f"{remedy.component} {remedy.version} on {remedy.asset}",
        f"{remedy.directive}: {remedy.tier}" if remedy.tier else remedy.directive,
        "This date binds nobody: the rule is used as advice." if not remedy.binding and remedy.directive else "",
        "A forensic triage belongs to it." if remedy.triage else "",
        f"Assumed by policy parameter: {'; '.join(remedy.defaulted)}" if remedy.defaulted else "",
    )
    return (
        "BEGIN:VEVENT",
        f"UID:{escape(remedy.id)}@{_UID_HOST}",
        f"DTSTAMP:{_utc(at)}",
        *start,
        f"SUMMARY:{escape(f'{late}{remedy.vulnerability} on {remedy.asset}')}",
        f"DESCRIPTION:{escape(chr(10).join(fact for fact in facts if fact))}",
        f"CATEGORIES:{escape(remedy.tier or 'no tier')}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be written")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
