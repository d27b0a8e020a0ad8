"""JSON pointers (RFC 6901): the one way a place in a document is written."""

from collections.abc import Iterable


def escape(token: str) -> str:
    """RFC 6901 section 3: `~` is written `~0` and `/` is written `~1`."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def join(pointer: str, *tokens: str | int) -> str:
    """`pointer` extended by keys or list places."""
    for token in tokens:
        pointer += f"/{escape(token)}" if isinstance(token, str) else f"/{token}"
    return pointer


def from_path(path: Iterable[str | int]) -> str:
    """The pointer of a path as jsonschema gives it."""
    return join("", *path)


def split(pointer: str) -> tuple[str, ...]:
    """The unescaped tokens; "" has none. Raises ValueError when it is not a pointer."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError("a JSON pointer is empty or starts with '/'")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def place(step: str) -> int | None:
    """The list place that a token names, or None: digits without a leading zero (RFC 6901 section 4)."""
    if step.isascii() and step.isdigit() and len(step) < 8 and (step == "0" or step[0] != "0"):
        return int(step)
    return None


def shown(pointer: str) -> str:
    """The pointer as a problem may carry it: keys are the sender's text, so long or unprintable ones become `?`."""
    return join("", *(step if len(step) <= 64 and step.isprintable() else "?" for step in split(pointer)))


def order(pointer: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts list places in number order, parents before children."""
    return tuple((0, number, "") if (number := place(token)) is not None else (1, 0, token) for token in split(pointer))
