"""CPE 2.3 names: read and written as formatted strings and as URIs (NISTIR 7695), and set against each other (7696).

A name is eleven values. ANY says "whatever it is", NA "there is none"; `*` and `?` without a backslash, at the ends of
a value only, stand for any characters and for at most one each. A name says which product is meant, never more: what
follows from a relation is for whoever asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

from comity.errors import Invalid, Problem

ANY: Final = "*"
NA: Final = "-"
LONGEST: Final = 1024
"""Characters in one name: longer ones are not read."""
_PARTS: Final = frozenset({"a", "o", "h", ANY, NA})
_PLAIN: Final = re.compile(r"[a-z0-9_]")
_VALUE: Final = re.compile(r"(\*|\?+)?((?:[A-Za-z0-9_.\-]|\\[!-/:-@\[-`{-~])+)(\*|\?+)?\Z")
_SPACE: Final = re.compile(r"[\s_]+")


class Relation(StrEnum):
    """How a source stands to a target (NISTIR 7696, table 6-2)."""

    EQUAL = "equal"
    SUPERSET = "superset"
    SUBSET = "subset"
    DISJOINT = "disjoint"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A well-formed name; each value as a formatted string writes it, in lower case, without needless backslashes."""

    part: str = ANY
    vendor: str = ANY
    product: str = ANY
    version: str = ANY
    update: str = ANY
    edition: str = ANY
    language: str = ANY
    sw_edition: str = ANY
    target_sw: str = ANY
    target_hw: str = ANY
    other: str = ANY

    @property
    def key(self) -> tuple[str, str]:
        """Vendor and product in plain characters: what statements about it are looked up by."""
        return plain(self.vendor), plain(self.product)

    @property
    def release(self) -> str:
        """Version, with the update that follows it, in plain characters; "" where it is not one exact version."""
        if not is_exact(self.version):
            return ""
        return plain(self.version) if self.update in (ANY, NA) else f"{plain(self.version)} {plain(self.update)}"


ATTRIBUTES: Final = tuple(one.name for one in fields(Name))


def is_name(text: str) -> bool:
    """Whether this means to be a CPE name, well formed or not."""
    return text.lstrip()[:5].casefold() in {"cpe:2", "cpe:/"}


def read(text: str) -> Name:
    """The name that a formatted string or a URI binds. Invalid, with the attribute, for what breaks the grammar."""
    text = text.strip()
    if len(text) > LONGEST:
        raise Invalid("not a CPE name", [Problem("", "too_long", f"over {LONGEST} characters")])
    lower = text.casefold()
    if lower.startswith("cpe:2.3:"):
        values = _split(text[8:])
        if len(values) != len(ATTRIBUTES):
            reason = f"a CPE 2.3 name has {len(ATTRIBUTES)} values after cpe:2.3, and this has {len(values)}"
            raise Invalid("not a CPE name", [Problem("", "wrong_count", reason)])
        return _name(values)
    if lower.startswith("cpe:/"):
        return _name(list(_unbound(text[5:])))
    raise Invalid("not a CPE name", [Problem("", "unknown_binding", "it begins with cpe:2.3: or cpe:/")])


def write(name: Name) -> str:
    """The formatted string."""
    return "cpe:2.3:" + ":".join(getattr(name, one) for one in ATTRIBUTES)


def relation(source: Name, target: Name, *, without: frozenset[str] = frozenset()) -> Relation:
    """How the whole names stand to each other (7696, table 6-4), leaving attributes out."""
    found = {against(getattr(source, one), getattr(target, one)) for one in ATTRIBUTES if one not in without} - {
        Relation.EQUAL
    }
    if not found:
        return Relation.EQUAL
    if Relation.DISJOINT in found:
        return Relation.DISJOINT
    return found.pop() if len(found) == 1 else Relation.UNDEFINED


def against(source: str, target: str) -> Relation:
    """How one value stands to another (7696, table 6-2)."""
    if source == target and not _is_wild(source):
        return Relation.EQUAL
    if _is_wild(target):
        return Relation.UNDEFINED
    if source == ANY:
        return Relation.SUPERSET
    if target == ANY:
        return Relation.SUBSET
    if NA in (source, target) or not _is_wild(source):
        return Relation.DISJOINT
    return Relation.SUPERSET if _pattern(source).fullmatch(plain(target)) else Relation.DISJOINT


def is_exact(value: str) -> bool:
    """One value, neither ANY nor NA nor a pattern."""
    return value not in (ANY, NA) and not _is_wild(value)


def plain(value: str) -> str:
    """Without backslashes."""
    return re.sub(r"\\(.)", r"\1", value)


def escaped(text: str) -> str:
    """Plain text as a value: a backslash before what might be meant for a sign."""
    return "".join(one if one.isalnum() or one in "_.-" else f"\\{one}" for one in text)


def words(value: str) -> str:
    """As somebody writes a product: `adaptive_security_appliance` -> `adaptive security appliance`."""
    return _SPACE.sub(" ", plain(value)).strip()


def _name(values: list[str]) -> Name:
    problems = []
    made = {}
    for attribute, value in zip(ATTRIBUTES, values, strict=True):
        found = _VALUE.match(value)
        if value not in (ANY, NA) and found is None:
            problems.append(Problem(f"/{attribute}", "bad_value", "a character or wildcard stands where it may not"))
        given = found if value != NA else None
        made[attribute] = value if given is None else (given[1] or "") + _bare(given[2]) + (given[3] or "")
    if not problems and made["part"] not in _PARTS:
        problems.append(Problem("/part", "bad_value", "a, o or h"))
    if problems:
        raise Invalid("not a CPE name", problems)
    return Name(**made)


def _bare(text: str) -> str:
    """One spelling for equal values: lower case, a backslash before what needs one and nothing else."""
    found = plain(text).casefold()
    if found in (ANY, NA):
        return f"\\{found}"
    return "".join(one if _PLAIN.match(one) or one in ".-" else f"\\{one}" for one in found)


def _split(text: str) -> list[str]:
    """At colons that no backslash stands before."""
    return [one.replace("\0", "\\\\") for one in re.split(r"(?<!\\):", text.replace("\\\\", "\0"))]


def _unbound(text: str) -> Iterator[str]:
    """The values of a URI (7695, 6.1): percent-coded, empty for ANY, five of them packed into the edition."""
    given = [*text.split(":"), *[""] * 7]
    if any(given[7:]):
        raise Invalid("not a CPE name", [Problem("", "wrong_count", "a CPE URI has seven values at most")])
    edition = given[5]
    packed = edition.startswith("~")
    if packed and edition.count("~") != 5:
        raise Invalid("not a CPE name", [Problem("/edition", "bad_value", "a packed edition has five parts")])
    parts = edition[1:].split("~") if packed else [edition, "", "", "", ""]
    for value in (*given[:5], parts[0], given[6], *parts[1:]):
        yield _decoded(value)


def _decoded(value: str) -> str:
    if value in ("", NA):
        return value or ANY
    pieces = re.split(r"(%01|%02)", value)
    quoted = {"%01": "?", "%02": "*"}
    return "".join(quoted.get(piece) or escaped(unquote(piece)) for piece in pieces if piece)


def _is_wild(value: str) -> bool:
    return value != ANY and bool(re.search(r"^[*?]|(?<!\\)(?:\\\\)*[*?]$", value))


def _pattern(value: str) -> re.Pattern[str]:
    found = _VALUE.match(value)
    if found is None:
        return re.compile(r"(?!)")
    ends = [".*" if one == "*" else f".{{0,{len(one or '')}}}" for one in (found[1], found[3])]
    return re.compile(ends[0] + re.escape(plain(found[2])) + ends[1], re.DOTALL)
