"""Read a security.txt as RFC 9116 describes it: who wants to hear of a weakness, in which language, and until when.

- A line is `Name: value`; names have no case, lines end with LF or CRLF, `#` begins a comment, unknown names are passed
  over (2.3, 2.4). Contact is wanted, Expires exactly once, Preferred-Languages once at most (2.5).
- Addresses of the web begin with https:// (2.5.3). Contacts stand in the order of preference.
- An OpenPGP cleartext signature is noted and taken off. It is not verified: the key comes from the same place.
- What is wrong is listed; what can be read is read all the same. Only a file that is no text at all is `Invalid`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from comity.errors import Invalid, Problem
from comity.formats.parse import CONTROL

LIMIT_BYTES: Final = 32_768
"""RFC 9116 5.6 asks readers to set a limit."""
LINES: Final = 1_000
VALUES: Final = 32
VALUE_LIMIT: Final = 500
_FIELD: Final = re.compile(r"([A-Za-z0-9-]{1,64})\s*:\s*(.*)\Z")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"
_ONCE: Final = ("expires", "preferred-languages")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityTxt:
    """What the file says. `problems` point to lines, as /line/N; a problem of the whole file points to "".

    `expires` None: not said, or not to be read. `signed` says that a signature is there, not that it is good.
    """

    contacts: tuple[str, ...] = ()
    expires: datetime | None = None
    canonical: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    encryption: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    signed: bool = False
    problems: tuple[Problem, ...] = ()

    def is_stale(self, now: datetime) -> bool:
        """Whether its own date says not to use it any more (2.5.5)."""
        return self.expires is not None and self.expires <= now


def read(data: bytes) -> SecurityTxt:
    """What the bytes say. Invalid for what is too large, no UTF-8, or a page of the web instead of a text."""
    if len(data) > LIMIT_BYTES:
        raise Invalid("this is no security.txt", [Problem("", "too_large", f"over {LIMIT_BYTES} bytes")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} does not fit UTF-8"
        raise Invalid("this is no security.txt", [Problem("", "invalid_utf8", reason)]) from error
    if text.lstrip()[:200].lower().startswith(("<!doctype", "<html")):
        raise Invalid("this is no security.txt", [Problem("", "web_page", "the address gives a page of the web")])
    lines, signed = _unsigned(text.replace("\r\n", "\n").split("\n"))
    held: dict[str, list[tuple[int, str]]] = {}
    problems: list[Problem] = []
    for number, line in lines[:LINES]:
        if not line.strip() or line.startswith("#"):
            continue
        found = _FIELD.match(line.strip())
        if found is None or CONTROL.search(line) or len(found[2]) > VALUE_LIMIT:
            problems.append(Problem(f"/line/{number}", "bad_line", "a line is a name, a colon and a value"))
            continue
        held.setdefault(found[1].lower(), []).append((number, found[2].strip()))
    if len(lines) > LINES:
        problems.append(Problem("", "too_many_items", f"only the first {LINES} lines were read"))
    for name in _ONCE:
        problems += [
            Problem(f"/line/{number}", "repeated_field", f"{name} stands once at most")
            for number, _ in held.get(name, [])[1:]
        ]
    if not held.get("contact"):
        problems.append(Problem("", "missing_field", "there is no Contact line (RFC 9116 2.5.3)"))
    contacts = _addresses(held, "contact", problems, ("https://", "mailto:", "tel:"))
    return SecurityTxt(
        contacts=contacts,
        expires=_expires(held.get("expires", []), problems),
        canonical=_addresses(held, "canonical", problems, ("https://",)),
        languages=_languages(held.get("preferred-languages", []), problems),
        encryption=_addresses(held, "encryption", problems, ("https://", "dns:", "openpgp4fpr:")),
        policy=_addresses(held, "policy", problems, ("https://",)),
        signed=signed,
        problems=tuple(problems),
    )


def _unsigned(lines: list[str]) -> tuple[list[tuple[int, str]], bool]:
    """The numbered lines that count: of a signed file those under the signature alone (RFC 9580 7)."""
    numbered = list(enumerate(lines, start=1))
    begins = next((place for place, line in enumerate(lines) if line.rstrip() == _SIGNED), None)
    if begins is None:
        return numbered, False
    after = next((place for place in range(begins, len(lines)) if not lines[place].strip()), len(lines))
    ends = next((place for place in range(after, len(lines)) if lines[place].rstrip() == _SIGNATURE), len(lines))
    return [(number, line.removeprefix("- ")) for number, line in numbered[after:ends]], True


def _addresses(
    held: dict[str, list[tuple[int, str]]], name: str, problems: list[Problem], schemes: tuple[str, ...]
) -> tuple[str, ...]:
    found = []
    for number, value in held.get(name, []):
        scheme = next((one for one in schemes if value.lower().startswith(one)), "")
        if not scheme or any(mark.isspace() for mark in value):
            reason = f"{name} is an address that begins with {' or '.join(schemes)}"
            problems.append(Problem(f"/line/{number}", "bad_address", reason))
            continue
        found.append(scheme + value[len(scheme) :])
    return tuple(dict.fromkeys(found[:VALUES]))


def _expires(held: list[tuple[int, str]], problems: list[Problem]) -> datetime | None:
    if not held:
        problems.append(Problem("", "missing_field", "there is no Expires line (RFC 9116 2.5.5)"))
        return None
    number, value = held[0]
    try:
        found = datetime.fromisoformat(value.upper()) if _TIME.match(value) else None
    except ValueError:
        found = None
    if found is None:
        problems.append(Problem(f"/line/{number}", "bad_time", "Expires is a time of RFC 3339, with its zone"))
        return None
    try:
        return found.astimezone(UTC)
    except OverflowError:  # the year 9999, in a zone that is ahead of it
        problems.append(Problem(f"/line/{number}", "bad_time", "Expires is out of every calendar"))
        return None


def _languages(held: list[tuple[int, str]], problems: list[Problem]) -> tuple[str, ...]:
    if not held:
        return ()
    number, value = held[0]
    tags = tuple(one.strip() for one in value.split(",") if one.strip())[:VALUES]
    if not tags or not all(_TAG.match(one) for one in tags):
        problems.append(Problem(f"/line/{number}", "bad_language", "language tags, with commas between them"))
    return tuple(one for one in tags if _TAG.match(one))
