"""Read an enquiry and terms out of what a person wrote, and give the exact bytes that both sides sign."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, TypeVar

import rfc8785

from comity.assess.window import MOST_DAYS
from comity.errors import Invalid, Problem
from comity.model.dossier import TERMS_TEXT, Access, Limits, Logging, Safeguards, Terms
from comity.model.ids import Digest, digest

E = TypeVar("E", bound=Enum)

TEXT_LIMIT: Final = 4000
"""Characters of one part of the terms."""
SHORT_LIMIT: Final = 200
PEOPLE_LIMIT: Final = 50
_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}\Z")
_HEX: Final = re.compile(r"[0-9a-f]{64}\Z")
_PUBLIC: Final = re.compile(r'"public"\s*:\s*"([0-9a-f]{64})"')
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")

NUMBERS: Final[Mapping[str, tuple[int, int]]] = {
    "window_days": (1, MOST_DAYS),
    "run_tokens": (1, 10**12),
    "total_tokens": (1, 10**12),
    "calls_per_minute": (1, 100_000),
    "failed_calls": (1, 100_000),
    "answer_tokens": (1, 10_000_000),
}


def text(values: Mapping[str, str], name: str, *, most: int = TEXT_LIMIT, least: int = 1) -> str:
    """One written field, trimmed. Invalid when it is empty, too long or holds control characters."""
    found = values.get(name, "").replace("\r\n", "\n").strip()
    if len(found) < least:
        raise Invalid(f"{name} is missing", [Problem(f"/{name}", "empty", "write something here")])
    if len(found) > most:
        raise Invalid(f"{name} is too long", [Problem(f"/{name}", "too_long", f"at most {most} characters")])
    if any(not c.isprintable() and c != "\n" for c in found):
        raise Invalid(f"{name} cannot be read", [Problem(f"/{name}", "control_characters", "plain text only")])
    return found


def moment(values: Mapping[str, str], name: str) -> datetime | None:
    """A moment written as RFC 3339, or as a day or minute in UTC; None when nothing is written."""
    found = values.get(name, "").strip()
    if not found:
        return None
    try:
        read = datetime.fromisoformat(found)
    except ValueError as error:
        place = Problem(f"/{name}", "bad_moment", "like 2026-12-24T00:00Z (UTC when no zone is given)")
        raise Invalid(f"{name} is no moment", [place]) from error
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def terms(values: Mapping[str, str], *, number: int) -> Terms:
    """One version of the terms. Invalid lists every field that cannot be read."""
    problems: list[Problem] = []

    def part(name: str, least: int = 1, most: int = TEXT_LIMIT) -> str:
        try:
            return text(values, name, least=least, most=most)
        except Invalid as error:
            problems.extend(error.problems)
            return ""

    written = {name: part(name) for name in TERMS_TEXT}
    model, withheld = part("model", most=SHORT_LIMIT), part("withheld", least=0)
    numbers = {name: _number(values, name, problems) for name in NUMBERS}
    try:
        planned = moment(values, "planned_release")
    except Invalid as error:
        problems.extend(error.problems)
        planned = None
    people = _list(values, "people", _LOGIN, problems)
    if not people:
        problems.append(Problem("/people", "empty", "name at least one login"))
    parameters = _list(values, "parameters", _PARAMETER, problems) or Limits().parameters
    access = _choice(values, "access", Access, Access.BLACK_BOX, problems)
    safeguards = _choice(values, "safeguards", Safeguards, Safeguards.ON, problems)
    logging = _choice(values, "logging", Logging, Logging.RECORDS, problems)
    developer_key = _key(values, problems)
    if problems:
        raise Invalid("these terms cannot be kept", problems)
    return Terms(
        number=number,
        model=model,
        access=access,
        people=people,
        safeguards=safeguards,
        withheld=withheld,
        planned_release=planned,
        window_days=numbers["window_days"] or MOST_DAYS,
        limits=Limits(
            parameters=parameters,
            **{name: value for name, value in numbers.items() if value and name != "window_days"},
        ),
        logging=logging,
        developer_key=developer_key,
        **written,
    )


def canonical(held: Terms) -> bytes:
    """The bytes that a signature is about (RFC 8785). Equal terms have equal bytes, on every machine."""
    return rfc8785.dumps(plain(held))


def plain(held: Terms) -> dict[str, Any]:
    """The terms as JSON values, in their own words."""
    made: dict[str, Any] = {}
    for one in fields(held):
        made[one.name] = _plain(getattr(held, one.name))
    made["limits"] = {one.name: _plain(getattr(held.limits, one.name)) for one in fields(held.limits)}
    return made


def terms_digest(held: Terms) -> Digest:
    """What a signature names."""
    return digest(canonical(held))


def values(held: Terms) -> dict[str, str]:
    """The terms as a form holds them: `terms(values(t), number=t.number) == t`."""
    made = {}
    for name, value in {**plain(held), **plain(held)["limits"]}.items():
        if name in {"limits", "number"}:
            continue
        made[name] = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def _key(given: Mapping[str, str], problems: list[Problem]) -> str:
    """64 hex characters, or the key document that `comity assess own-key` writes."""
    found = given.get("developer_key", "").strip()
    if found.startswith("{"):
        shown = _PUBLIC.search(found)
        found = shown[1] if shown else found
    if found and not _HEX.match(found):
        reason = "64 lower-case hex characters of an Ed25519 public key, or its key document"
        problems.append(Problem("/developer_key", "bad_key", reason))
        return ""
    return found


def _number(given: Mapping[str, str], name: str, problems: list[Problem]) -> int | None:
    found = given.get(name, "").strip()
    if not found:
        return None
    least, most = NUMBERS[name]
    number = int(found) if found.isascii() and found.isdigit() and len(found) <= 15 else 0
    if not least <= number <= most:
        problems.append(Problem(f"/{name}", "out_of_range", f"a whole number from {least} to {most}"))
        return None
    return number


def _list(given: Mapping[str, str], name: str, shape: re.Pattern[str], problems: list[Problem]) -> tuple[str, ...]:
    found = [one for one in re.split(r"[\s,]+", given.get(name, "")) if one]
    if len(found) > PEOPLE_LIMIT:
        problems.append(Problem(f"/{name}", "too_many", f"at most {PEOPLE_LIMIT}"))
    wrong = [one for one in found if not shape.match(one)]
    if wrong:
        problems.append(
            Problem(f"/{name}", "bad_name", "names of letters, digits, dots and dashes, with commas between")
        )
    return tuple(dict.fromkeys(found))


def _choice(given: Mapping[str, str], name: str, kind: type[E], default: E, problems: list[Problem]) -> E:
    found = given.get(name, "").strip()
    if not found:
        return default
    for one in kind:
        if found in {one.value, one.name.lower(), str(one.value).partition(":")[0]}:
            return one
    names = ", ".join(one.name.lower() for one in kind)
    problems.append(Problem(f"/{name}", "unknown_value", f"one of {names}"))
    return default
