"""Read a unified diff and apply it, strictly: each context line matches where the hunk says it lies, or nothing does.

No fuzz, no offset, no rename, copy, binary, mode or link. A path is plain, relative and stays in the tree. Problems
name their line as `/line/N`. POSIX `diff -u` and git's extended headers describe the form; what they allow beyond this
is refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from comity.errors import Invalid, Problem

LIMIT_BYTES: Final = 256 * 1024
LINE_LIMIT: Final = 4096
FILES_LIMIT: Final = 20
HUNKS_LIMIT: Final = 200
RESULT_LIMIT_BYTES: Final = 4 * 1024 * 1024
"""Largest file a patch may leave behind."""
PATH_LIMIT: Final = 200

_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}\Z", re.ASCII)
_HUNK: Final = re.compile(r"@@ -(\d{1,7})(?:,(\d{1,7}))? \+(\d{1,7})(?:,(\d{1,7}))? @@(?: .*)?\Z", re.ASCII)
_REFUSED: Final = (
    ("GIT binary patch", "binary", "a binary change cannot be read by a person"),
    ("Binary files ", "binary", "a binary change cannot be read by a person"),
    ("old mode ", "mode", "a change of mode is no change of source"),
    ("new mode ", "mode", "a change of mode is no change of source"),
    ("rename ", "rename", "files are not renamed: delete one and add the other"),
    ("copy ", "rename", "files are not copied: add the file"),
    ("similarity index ", "rename", "files are not renamed: delete one and add the other"),
    ("dissimilarity index ", "rename", "files are not renamed: delete one and add the other"),
    ("Subproject commit ", "link", "submodules are not followed"),
)
_PLAIN_MODE: Final = "100644"
_NOWHERE: Final = "/dev/null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines `old` at `start` (from 1; 0 in an empty file) become lines `new`. Lines keep their line feed."""

    line: int
    """Of the hunk's head in the diff."""
    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one file."""

    line: int
    path: str
    is_new: bool
    is_gone: bool
    hunks: tuple[Hunk, ...]

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(hunk.added for hunk in self.hunks)

    @property
    def removed(self) -> int:
        """Lines removed."""
        return sum(hunk.removed for hunk in self.hunks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """A whole diff: files in its order, each once."""

    changes: tuple[Change, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it touches."""
        return tuple(change.path for change in self.changes)


def read(data: bytes) -> Diff:
    """The diff in `data`. Invalid with one problem per violation, each at its line."""
    if len(data) > LIMIT_BYTES:
        raise _one(0, "too_large", f"a diff has at most {LIMIT_BYTES} bytes")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _one(line, "invalid_utf8", "a diff is UTF-8 text") from error
    for number, held in enumerate(text.split("\n"), 1):
        if len(held) > LINE_LIMIT:
            raise _one(number, "line_too_long", f"a line has at most {LINE_LIMIT} characters")
        if "\r" in held:
            raise _one(number, "carriage_return", "lines end in a line feed alone")
        if any(ord(sign) < 32 and sign not in "\t\f" for sign in held):
            raise _one(number, "control_character", "no control characters but tab and form feed")
        if any(sign in _BIDI for sign in held):
            raise _one(number, "bidirectional", "marks that reorder text hide what a change says")
    return _Reader(text).diff()


_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def _one(line: int, code: str, reason: str) -> Invalid:
    return Invalid("this is not a diff that can be applied", [Problem(f"/line/{line}" if line else "", code, reason)])


class _Reader:
    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.at = 0

    def diff(self) -> Diff:
        changes: list[Change] = []
        hunks = 0
        while self.at < len(self.lines):
            line = self.lines[self.at]
            for start, code, reason in _REFUSED:
                if line.startswith(start):
                    raise _one(self.at + 1, code, reason)
            if line.startswith(("new file mode ", "deleted file mode ")) and not line.endswith(f" {_PLAIN_MODE}"):
                raise _one(self.at + 1, "mode", "files are plain: no links, devices or programs")
            if line.startswith("@@"):
                raise _one(self.at + 1, "no_file", "a hunk belongs to a file: --- and +++ come first")
            if not line.startswith("--- "):
                if changes and line[:1] in {" ", "+", "-"} and line != "-- ":  # "-- " begins git's signature
                    raise _one(self.at + 1, "bad_hunk", "the hunk before has more lines than its head says")
                self.at += 1  # a description, or git's headers
                continue
            change = self.change()
            changes.append(change)
            hunks += len(change.hunks)
            if len(changes) > FILES_LIMIT:
                raise _one(change.line, "too_many", f"a patch touches at most {FILES_LIMIT} files")
            if hunks > HUNKS_LIMIT:
                raise _one(change.line, "too_many", f"a patch has at most {HUNKS_LIMIT} hunks")
        if not changes:
            raise _one(0, "empty", "no file is changed: expected --- and +++ lines with hunks")
        paths = [change.path for change in changes]
        for change in changes:
            if paths.count(change.path) > 1:
                raise _one(change.line, "named_twice", "a file is named once")
        return Diff(changes=tuple(changes))

    def change(self) -> Change:
        first = self.at + 1
        old = self.path("--- ", "a/")
        new = self.path("+++ ", "b/")
        if old == new == _NOWHERE:
            raise _one(first, "no_file", "one of the two sides is a file")
        if _NOWHERE not in (old, new) and old != new:
            raise _one(first, "rename", "both sides name the same file")
        hunks = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("@@"):
            hunks.append(self.hunk())
        if not hunks:
            raise _one(first, "no_hunk", "a file without a hunk changes nothing")
        return Change(
            line=first,
            path=old if new == _NOWHERE else new,
            is_new=old == _NOWHERE,
            is_gone=new == _NOWHERE,
            hunks=tuple(hunks),
        )

    def path(self, start: str, prefix: str) -> str:
        number = self.at + 1
        if self.at >= len(self.lines) or not self.lines[self.at].startswith(start):
            raise _one(number, "no_file", f"expected {start.strip()} with a path")
        name = self.lines[self.at].removeprefix(start).split("\t")[0]
        self.at += 1
        if name == _NOWHERE:
            return name
        name = name.removeprefix(prefix)
        parts = name.split("/")
        if len(name) > PATH_LIMIT or len(parts) > 12 or not all(_PART.match(part) for part in parts):
            reason = "a path is relative, stays in the tree, and has plain ASCII names that begin with no dot"
            raise _one(number, "bad_path", reason)
        return name

    def hunk(self) -> Hunk:
        head = self.at + 1
        found = _HUNK.match(self.lines[self.at])
        if found is None:
            raise _one(head, "bad_hunk", "expected @@ -start,count +start,count @@")
        start, old_count, _, new_count = (int(part) if part is not None else 1 for part in found.groups())
        self.at += 1
        old: list[str] = []
        new: list[str] = []
        added = removed = 0
        while len(old) < old_count or len(new) < new_count:
            if self.at >= len(self.lines):
                raise _one(self.at, "cut_off", "the hunk has fewer lines than its head says")
            line = self.lines[self.at]
            sign, rest = line[:1], f"{line[1:]}\n"
            if sign == " " or line == "":
                old.append(rest)
                new.append(rest)
            elif sign == "-":
                old.append(rest)
                removed += 1
            elif sign == "+":
                new.append(rest)
                added += 1
            else:
                raise _one(self.at + 1, "bad_hunk", "a line of a hunk begins with a blank, + or -")
            self.at += 1
            if self.at < len(self.lines) and self.lines[self.at].startswith("\\ No newline"):
                for side in (old, new) if sign in {" ", ""} else (old,) if sign == "-" else (new,):
                    side[-1] = side[-1].removesuffix("\n")
                self.at += 1
        if len(old) != old_count or len(new) != new_count:
            raise _one(head, "bad_hunk", "the hunk's lines do not add up to what its head says")
        if old == new:
            raise _one(head, "bad_hunk", "the hunk changes nothing")
        return Hunk(line=head, start=start, old=tuple(old), new=tuple(new), added=added, removed=removed)


def applied(diff: Diff, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The tree after the diff. Invalid, naming the hunk's line, where a single line does not match; then nothing is."""
    made = dict(files)
    for change in diff.changes:
        held = files.get(change.path)
        if change.is_new:
            if held is not None or _collides(change.path, files):
                raise _one(change.line, "exists", "the file that it adds is there already")
            made[change.path] = _patched(change, "")
            continue
        if held is None:
            raise _one(change.line, "no_such_file", "the target has no such file")
        if b"\r" in held:
            raise _one(change.line, "carriage_return", "the file's own lines end in carriage returns")
        try:
            text = held.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _one(change.line, "binary", "the file is no UTF-8 text") from error
        result = _patched(change, text)
        if change.is_gone:
            if result:
                raise _one(change.line, "not_gone", "a deleted file is deleted whole")
            del made[change.path]
        else:
            made[change.path] = result
    return made


def _collides(path: str, files: Mapping[str, bytes]) -> bool:
    return any(name.startswith(f"{path}/") or path.startswith(f"{name}/") for name in files)


def _patched(change: Change, text: str) -> bytes:
    lines = _lines(text)
    made: list[str] = []
    at = 0
    for hunk in change.hunks:
        place = hunk.start - 1 if hunk.old else hunk.start
        if place < at:
            raise _one(hunk.line, "overlap", "hunks come in order and do not overlap")
        if tuple(lines[place : place + len(hunk.old)]) != hunk.old:
            raise _one(hunk.line, "no_match", "the file differs from what the hunk expects there; nothing is guessed")
        made += lines[at:place]
        made += hunk.new
        at = place + len(hunk.old)
    made += lines[at:]
    whole = "".join(made).encode()
    if len(whole) > RESULT_LIMIT_BYTES:
        raise _one(change.line, "too_large", f"a file has at most {RESULT_LIMIT_BYTES} bytes")
    return whole


def _lines(text: str) -> list[str]:
    """Lines with their line feed; nothing but a line feed ends one."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
