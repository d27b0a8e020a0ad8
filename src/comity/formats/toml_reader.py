"""Walk a TOML table against a closed grammar and keep every problem; shared by recipes and ladder kits.

Size and line length are limited before the parser sees a byte; an unknown key is a problem.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from comity.errors import Invalid, Problem
from comity.model.ids import is_digest

LINE_LIMIT: Final = 4000
"""tomllib is quadratic in the parts of a dotted key; long input belongs into an attachment anyway."""

Check = Callable[[Any], str]
"""Says what is wrong with a value, or "" when nothing is."""


def table_of(data: bytes, *, what: str, limit: int) -> dict[str, Any]:
    """The TOML table in `data`. `what` names the document in words: "a recipe"."""

    def stop(code: str, reason: str) -> Invalid:
        return Invalid(f"this is not {what} that can be read", [Problem("", code, reason)])

    if len(data) > limit:
        raise stop("too_large", f"{what} has at most {limit} bytes; put input into attachments")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise stop("not_utf8", f"byte {error.start} is not UTF-8") from error
    if any(len(line) > LINE_LIMIT for line in text.splitlines()):
        raise stop("line_too_long", f"a line has at most {LINE_LIMIT} characters; use repeat, or an attachment")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line \d+, column \d+|at end of document", str(error))
        raise stop("not_toml", f"not TOML 1.0 ({place[0] if place else 'see the grammar'})") from error
    except (RecursionError, ValueError) as error:
        raise stop("not_toml", "nested too deeply, or a number or date that does not exist") from error


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """A string that the pattern matches."""
    return lambda value: "" if isinstance(value, str) and pattern.match(value) else f"expected {what}"


def text(limit: int) -> Check:
    """One printable line."""

    def check(value: Any) -> str:
        plain = isinstance(value, str) and 0 < len(value) <= limit and value.isprintable()
        return "" if plain else f"expected 1 to {limit} printable characters on one line"

    return check


def number(low: float, high: float, *, whole: bool = False) -> Check:
    """A number in a range."""
    kinds = (int,) if whole else (int, float)

    def check(value: Any) -> str:
        fits = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"expected a {'whole ' if whole else ''}number from {low:g} to {high:g}"

    return check


def sha256(value: Any) -> str:
    """A digest in hex."""
    return "" if isinstance(value, str) and is_digest(value) else "expected SHA-256 as 64 lower-case hex characters"


class Reader:
    """Walks the table once and keeps every problem it meets."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, pointer: str, code: str, reason: str) -> None:
        """Keep a problem; after a hundred no more are kept."""
        if len(self.problems) < 100:
            self.problems.append(Problem(pointer, code, reason))

    def table(self, parent: Mapping[str, Any], key: str, at: str, *, required: bool = True) -> dict[str, Any] | None:
        """The table at `key`, or None and a problem."""
        value = parent.get(key)
        if isinstance(value, dict):
            return value
        if value is not None or required:
            self.problem(f"{at}/{key}", "missing" if value is None else "wrong_type", "expected a table")
        return None

    def rows(self, parent: Mapping[str, Any], key: str, at: str, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each table of an array, with its pointer."""
        value = parent.get(key, [])
        if not isinstance(value, list) or len(value) > limit:
            self.problem(f"{at}/{key}", "wrong_type", f"expected an array of at most {limit} tables")
            return
        for place, row in enumerate(value):
            if isinstance(row, dict):
                yield f"{at}/{key}/{place}", row
            else:
                self.problem(f"{at}/{key}/{place}", "wrong_type", "expected a table")

    def only(self, table: Mapping[str, Any], at: str, *keys: str) -> None:
        """A problem for every key that is not among these."""
        for key in table:
            if key not in keys:
                shown = key.replace("~", "~0").replace("/", "~1") if len(key) <= 60 and key.isprintable() else "?"
                self.problem(f"{at}/{shown}", "unknown_key", f"no such key here; known: {', '.join(keys)}")

    def want(self, table: Mapping[str, Any], key: str, at: str, check: Check, default: Any = None) -> Any:
        """The value at `key` when it passes `check`; None and a problem otherwise."""
        if key not in table:
            if default is None:
                self.problem(f"{at}/{key}", "missing", check(None) or "this key is needed")
            return default
        wrong = check(table[key])
        if wrong:
            self.problem(f"{at}/{key}", "bad_value", wrong)
            return None
        return table[key]

    def words(self, table: Mapping[str, Any], key: str, at: str, check: Check, limit: int = 16) -> tuple[str, ...]:
        """The strings of an array that pass `check`."""
        value = table.get(key, [])
        if not isinstance(value, list) or len(value) > limit:
            self.problem(f"{at}/{key}", "wrong_type", f"expected an array of at most {limit} strings")
            return ()
        for place, item in enumerate(value):
            wrong = check(item)
            if wrong:
                self.problem(f"{at}/{key}/{place}", "bad_value", wrong)
        return tuple(item for item in value if not check(item))
