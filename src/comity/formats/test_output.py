"""Read what a project's own test runner printed, as one outcome for each test.

Four forms: JUnit XML (the `testsuite` and `testcase` elements that runners share; no standard sets them), TAP 13 and 14
(testanything.org), the short summary that `pytest -rA` prints, and `unittest` with `-v`. The text was printed by a
process in which code under test ran: size, number and length are limited, names lose what is not printable, and what
cannot be read is no test. A test is named as its runner names it; when a name comes again it gets a number.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from comity.model.patch import Outcome

BYTES: Final = 1024 * 1024
"""Of a report; what is longer is not read at all: half a report would say that tests vanished."""
TESTS: Final = 4000
NAME: Final = 160
LINE: Final = 2000
DEPTH: Final = 50

Pair = tuple[str, Outcome]

_TAP: Final = re.compile(r"(not )?ok\b(?: ++(\d++))?(?: ++-)?(?: ++([^#]*+))?(?:# *+(\w+).*)?\Z")
"""Nothing is given back (`++`): a line of blanks would cost the square of its length, and code under test prints it."""
_PYTEST_HEAD: Final = re.compile(r"=+ short test summary info =+\Z")
_PYTEST: Final = re.compile(r"(PASSED|FAILED|ERROR|XFAIL|XPASS) +(\S.*?)(?: - .*)?\Z")
_CASE: Final = re.compile(r"(\w+) \(([\w.<>]+)\)(?: \.\.\. ?(.*))?\Z")
_ENDED: Final = re.compile(r"(?:FAIL|ERROR): (\w+) \(([\w.<>]+)\)")
_VERDICT: Final = re.compile(r"(?:.* \.\.\. )?(ok|FAIL|ERROR|skipped\b.*|expected failure|unexpected success)\Z")


def read(form: str, output: bytes) -> Mapping[str, Outcome]:
    """Test -> how it went. Empty when nothing was read; ValueError for a form that is not one of `FORMS`."""
    if form not in FORMS:
        raise ValueError(f"no such form of test output: {form}")
    if len(output) > BYTES:
        return {}
    found: dict[str, Outcome] = {}
    times: dict[str, int] = {}
    for raw, outcome in FORMS[form](output):
        plain = "".join(one if one.isprintable() else "?" for one in raw).strip()[:NAME] or "a test without a name"
        times[plain] = times.get(plain, 0) + 1
        found[plain if times[plain] == 1 else f"{plain} #{times[plain]}"] = outcome
        if len(found) == TESTS:
            break
    return found


def _lines(output: bytes) -> list[str]:
    return [line.rstrip()[:LINE] for line in output.decode("utf-8", "replace").splitlines()]


def _junit(output: bytes) -> Iterator[Pair]:
    """Every `testcase`. A document that is broken off, or brings a DTD or entities, is not read at all."""
    from defusedxml.common import DefusedXmlException  # a rare form: its parser loads when there is one
    from defusedxml.ElementTree import iterparse

    held: list[Pair] = []
    depth = 0
    try:
        for event, element in iterparse(BytesIO(output), events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            if depth > DEPTH:
                return
            if event == "end" and _tag(element) == "testcase":
                names = (element.get("classname", ""), element.get("name", ""))
                held.append((".".join(filter(None, names)), _junit_outcome(element)))
                element.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return
    yield from held


def _junit_outcome(case: Element) -> Outcome:
    tags = {_tag(child) for child in case}
    if tags & {"failure", "error"}:
        return Outcome.FAILED
    return Outcome.SKIPPED if "skipped" in tags else Outcome.PASSED


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _tap(output: bytes) -> Iterator[Pair]:
    """Test points of the outermost level. SKIP and TODO are no pass; after `Bail out!` nothing is read."""
    for line in _lines(output):
        if line.startswith("Bail out!"):
            return
        point = _TAP.match(line)
        if point is None:
            continue
        said = (point[4] or "").lower()
        name = (point[3] or "").strip() or f"test {point[2] or ''}".strip()
        if said.startswith(("skip", "todo")):
            yield name, Outcome.SKIPPED
        else:
            yield name, Outcome.FAILED if point[1] else Outcome.PASSED


def _pytest(output: bytes) -> Iterator[Pair]:
    """Lines of the last short summary. Skipped tests stand in it without their names, so they are not told."""
    lines = _lines(output)
    heads = [place for place, line in enumerate(lines) if _PYTEST_HEAD.match(line)]
    outcomes = {"PASSED": Outcome.PASSED, "XPASS": Outcome.PASSED, "XFAIL": Outcome.SKIPPED}
    for line in lines[heads[-1] + 1 :] if heads else ():
        seen = _PYTEST.match(line)
        if seen is not None:
            yield seen[2], outcomes.get(seen[1], Outcome.FAILED)


def _unittest(output: bytes) -> Iterator[Pair]:
    """`name (module.Class.name) ... ok`, the verdict on the line of the name or on a later one.

    A test prints what it likes between the two, an `ok` as well; so whoever stands in the list of failures at the end
    has failed. One whose verdict never comes gave no answer.
    """
    lines = _lines(output)
    failed = {_full(ended[1], ended[2]) for line in lines if (ended := _ENDED.match(line))}
    for name, outcome in _unittest_verdicts(lines):
        yield name, Outcome.FAILED if name in failed else outcome


def _unittest_verdicts(lines: list[str]) -> Iterator[Pair]:
    waiting = ""
    for line in lines:
        case = _CASE.match(line)
        if case is not None:
            if waiting:
                yield waiting, Outcome.MISSING
            waiting = _full(case[1], case[2])
        verdict = _VERDICT.match((case[3] or "") if case is not None else line)
        if waiting and verdict is not None:
            yield waiting, _unittest_outcome(verdict[1])
            waiting = ""
    if waiting:
        yield waiting, Outcome.MISSING


def _full(name: str, place: str) -> str:
    """One name for a test; Python before 3.11 leaves the method out of the place."""
    return place if place.endswith(f".{name}") else f"{place}.{name}"


def _unittest_outcome(verdict: str) -> Outcome:
    if verdict == "ok":
        return Outcome.PASSED
    return Outcome.SKIPPED if verdict.startswith(("skipped", "expected")) else Outcome.FAILED


FORMS: Final[Mapping[str, Callable[[bytes], Iterator[Pair]]]] = {
    "junit": _junit,
    "tap": _tap,
    "pytest": _pytest,
    "unittest": _unittest,
}
