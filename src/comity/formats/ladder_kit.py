"""Read a ladder kit, or the regression test that came with a patch: TOML in, one checked value out, or every problem.

The grammar is closed, like that of recipes. Every value is expanded once with a fixed draw and checked as a recipe's
would be, so that a climb never meets a value it cannot hand to the target. Rules: docs/patches.md.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import rfc8785

from comity.errors import Invalid
from comity.formats import ladder_values, test_output
from comity.formats.recipe_values import Scope, frozen, value_problems
from comity.formats.toml_reader import Reader, matching, number, sha256, table_of, text
from comity.model import patch as m
from comity.model.ids import Digest, digest
from comity.model.recipe import Compile, Json, Step

SCHEMA: Final = "comity-ladder/1"
TEST_SCHEMA: Final = "comity-test/1"
LIMIT_BYTES: Final = 128 * 1024
TEST_LIMIT_BYTES: Final = 32 * 1024
PROGRAM_LIMIT: Final = 64 * 1024
ROUNDS: Final = (20, 1000)
TESTS: Final = 60
PROJECT_FILES: Final = 20
PROJECT_SECONDS: Final = (1, 60)
EXPECTED_LIMIT: Final = 2000
"""Characters of an expected answer, as a test gives it."""
FUZZ_NAME: Final = "fuzz"
"""Name under which the mutated text stands in the calls of a fuzz."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9 .,'-]{0,78}[a-z0-9])?\Z")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,7}/?\Z")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,9}\Z")
_COMMAND = re.compile(r"(?:python|/build/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")


def read(data: bytes) -> m.Kit:
    """The kit in `data`. Invalid with one problem per violation."""
    table = table_of(data, what="a ladder kit", limit=LIMIT_BYTES)
    reader = _Reader()
    kit = reader.kit(table)
    if kit is None or reader.problems:
        raise Invalid("this is not a ladder kit", reader.problems)
    return kit


def read_test(data: bytes) -> tuple[m.Check, ...]:
    """The tests that came with a patch. Invalid with one problem per violation."""
    table = table_of(data, what="a test", limit=TEST_LIMIT_BYTES)
    reader = _Reader()
    reader.only(table, "", "schema", "tests")
    if table.get("schema") != TEST_SCHEMA:
        reader.problem("/schema", "unknown_schema", f"expected {TEST_SCHEMA}")
    found = tuple(reader.checks(table, "tests"))
    if not found and not reader.problems:
        reader.problem("/tests", "missing", "name at least one test")
    if reader.problems:
        raise Invalid("this is not a test", reader.problems)
    return found


@lru_cache(maxsize=1)
def shipped_kits() -> tuple[m.Kit, ...]:
    """The kits that ship with Comity, for recipes that ship with it."""
    folder = files("comity.formats") / "recipes" / "kits"
    found = [entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted((read(one) for one in found), key=lambda kit: kit.name))


class _Reader(Reader):
    """Walks one document."""

    def kit(self, table: dict[str, Any]) -> m.Kit | None:
        keys = ("schema", "name", "recipe", "protected", "program", "project", "tests", "new", "variants", "fuzz")
        self.only(table, "", *keys)
        if table.get("schema") != SCHEMA:
            self.problem("/schema", "unknown_schema", f"expected {SCHEMA}")
        name = self.want(table, "name", "", matching(_NAME, "a name"))
        recipe = self.want(table, "recipe", "", sha256)
        protected = self.words(table, "protected", "", matching(_PATH, "a path, or a folder that ends in /"))
        program, sources, include = self.program(table)
        project = self.project(table)
        tests = tuple(self.checks(table, "tests"))
        new = tuple(self.checks(table, "new"))
        variants = tuple(self.variants(table))
        fuzz = self.fuzz(table)
        for check in (*tests, *new):
            if check.argv and not program:
                self.problem("/program", "missing", "a test runs the test program, and there is none")
                break
        if self.problems or name is None or recipe is None:
            return None
        return m.Kit(
            digest=digest(rfc8785.dumps(table)),
            name=name,
            recipe=Digest(recipe),
            protected=protected,
            program=program,
            sources=sources,
            include=include,
            tests=tests,
            project=project,
            new=new,
            variants=variants,
            fuzz=fuzz,
        )

    def program(self, table: dict[str, Any]) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        row = self.table(table, "program", "", required=False)
        if row is None:
            return "", (), ()
        self.only(row, "/program", "text", "sources", "include")

        def source(value: Any) -> str:
            fits = isinstance(value, str) and 0 < len(value) <= PROGRAM_LIMIT and "\r" not in value
            return "" if fits else f"expected C source of at most {PROGRAM_LIMIT} characters"

        path = matching(_PATH, "a path in the archive")
        found = self.want(row, "text", "/program", source)
        sources = self.words(row, "sources", "/program", path)
        return found or "", sources, self.words(row, "include", "/program", path)

    def project(self, table: dict[str, Any]) -> m.Project | None:
        """The project's own runner: a command of fixed beginnings, and the form in which it tells of each test."""
        row = self.table(table, "project", "", required=False)
        if row is None:
            return None
        at = "/project"
        self.only(row, at, "argv", "form", "output", "files", "build", "control", "seconds")
        argv = self.words(row, "argv", at, text(400), 40)
        if not argv or not _COMMAND.match(argv[0]):
            self.problem(f"{at}/argv", "bad_value", "expected python, or /build/NAME of a program that build makes")
        held = row.get("files", {})
        files_: dict[str, str] = held if isinstance(held, dict) else {}
        if (
            files_ != held
            or len(files_) > PROJECT_FILES
            or not all(_FILE.match(name) and isinstance(one, str) for name, one in files_.items())
            or sum(map(len, files_.values())) > PROGRAM_LIMIT
        ):
            reason = (
                f"expected at most {PROJECT_FILES} plain file names with their text, {PROGRAM_LIMIT} characters in all"
            )
            self.problem(f"{at}/files", "bad_value", reason)
            files_ = {}
        build = tuple(self.builds(row, at, files_))
        if argv and argv[0].startswith("/build/") and argv[0] not in {f"/build/{step.out}" for step in build}:
            self.problem(f"{at}/argv/0", "unknown_program", "build makes no program of this name")
        forms = matching(re.compile(rf"(?:{'|'.join(test_output.FORMS)})\Z"), f"one of {', '.join(test_output.FORMS)}")
        return m.Project(
            argv=argv,
            form=self.want(row, "form", at, forms) or "",
            output=self.want(row, "output", at, matching(_FILE, "a plain file name"), "") or "",
            files=tuple(sorted(files_.items())),
            build=build,
            control=self.want(row, "control", at, text(test_output.NAME), "") or "",
            seconds=self.want(row, "seconds", at, number(*PROJECT_SECONDS, whole=True), 25) or 25,
        )

    def builds(self, row: dict[str, Any], at: str, known: Mapping[str, str]) -> Iterator[Compile]:
        """Compiler calls as a recipe has them; `input:NAME` names one of the files beside them."""

        def source(value: Any) -> str:
            if isinstance(value, str) and value.startswith("input:"):
                return "" if value.removeprefix("input:") in known else "expected the name of a file listed in files"
            return matching(_PATH, "a path in the archive, or input:NAME")(value)

        for here, step in self.rows(row, "build", at, 4):
            self.only(step, here, "out", "sources", "include")
            sources = self.words(step, "sources", here, source)
            if not sources:
                self.problem(f"{here}/sources", "missing", "name at least one source")
            yield Compile(
                out=self.want(step, "out", here, matching(_FILE, "a plain file name")) or "",
                sources=sources,
                include=self.words(step, "include", here, matching(_PATH, "a folder in the archive")),
            )

    def checks(self, table: dict[str, Any], key: str) -> Iterator[m.Check]:
        names: set[str] = set()
        for at, row in self.rows(table, key, "", TESTS):
            self.only(row, at, "name", "steps", "argv", "data", "returns", "raises", "files", "stdout", "status")
            name = self.want(row, "name", at, matching(_NAME, "a name of lower-case letters, digits and blanks"))
            if name in names:
                self.problem(f"{at}/name", "named_twice", "a test is named once")
            names.add(name or "")
            steps = tuple(self.steps(row, at, {}))
            argv = self.words(row, "argv", at, text(200))
            if bool(steps) is bool(argv):
                self.problem(at, "wrong_form", "a test has steps, or argv for the test program: one of the two")
            files_ = row.get("files", {})
            if not isinstance(files_, dict) or not all(
                _FILE.match(k) and isinstance(v, str) and len(v) <= EXPECTED_LIMIT for k, v in files_.items()
            ):
                self.problem(f"{at}/files", "bad_value", "expected plain file names with their text")
                files_ = {}
            returns = row.get("returns")
            if returns is not None and not _plain(returns):
                self.problem(f"{at}/returns", "bad_value", "expected text, a number, true, false or an array of them")
            yield m.Check(
                name=name or "",
                steps=steps,
                argv=argv,
                data=self.data(row, at),
                returns=frozen(returns) if _plain(returns) else None,
                has_returns="returns" in row,
                raises=self.want(row, "raises", at, matching(_DOTTED, "a dotted type"), "") or "",
                files=tuple(sorted(files_.items())),
                stdout=self.want(row, "stdout", at, _lines, "") or "",
                status=self.want(row, "status", at, number(0, 255, whole=True), 0) or 0,
            )

    def variants(self, table: dict[str, Any]) -> Iterator[m.Variant]:
        for at, row in self.rows(table, "variants", "", 16):
            self.only(row, at, "name", "count", "draw", "steps", "argv", "data")
            draws = tuple(self.draws(row, at))
            sample = ladder_values.drawn(draws, "check")
            steps = tuple(self.steps(row, at, sample))
            argv = self.words(row, "argv", at, text(200))
            if bool(steps) is bool(argv):
                self.problem(at, "wrong_form", "a variant has steps, or argv for the recipe's program: one of the two")
            yield m.Variant(
                name=self.want(row, "name", at, matching(_NAME, "a name")) or "",
                draws=draws,
                steps=steps,
                argv=argv,
                data=self.data(row, at, sample),
                count=self.want(row, "count", at, number(1, 10, whole=True), 1) or 1,
            )

    def draws(self, row: dict[str, Any], at: str) -> Iterator[m.Draw]:
        held = self.table(row, "draw", at, required=False) or {}
        for name, span in list(held.items())[:16]:
            here = f"{at}/draw/{name}" if _WORD.match(name) else f"{at}/draw"
            words = isinstance(span, list) and bool(span) and all(isinstance(one, str) for one in span)
            whole = isinstance(span, list) and len(span) == 2 and all(type(one) is int for one in span)
            if not _WORD.match(name) or not (words or (whole and 0 <= span[0] <= span[1] <= 10_000_000)):
                self.problem(here, "bad_value", "expected [least, most], or an array of texts, under a name")
            elif words:
                yield m.Draw(name=name, of=tuple(span))
            else:
                yield m.Draw(name=name, low=span[0], high=span[1])

    def fuzz(self, table: dict[str, Any]) -> m.Fuzz | None:
        row = self.table(table, "fuzz", "", required=False)
        if row is None:
            return None
        self.only(row, "/fuzz", "rounds", "seeds", "dictionary", "steps", "argv", "allowed")
        steps = tuple(self.steps(row, "/fuzz", {FUZZ_NAME: "a"}))
        argv = self.words(row, "argv", "/fuzz", text(200))
        if bool(steps) is bool(argv):
            self.problem("/fuzz", "wrong_form", "a fuzz has steps, or argv for the test program: one of the two")
        seeds: list[Json] = []
        given = row.get("seeds", [])
        for place, seed in enumerate(given[:50] if isinstance(given, list) else []):
            if steps and not isinstance(seed, str):
                self.problem(f"/fuzz/seeds/{place}", "bad_value", "a seed of calls is a text")
            else:
                seeds.append(self.data({"data": seed}, f"/fuzz/seeds/{place}"))
        if not seeds:
            self.problem("/fuzz/seeds", "missing", "name at least one seed")
        return m.Fuzz(
            rounds=self.want(row, "rounds", "/fuzz", number(*ROUNDS, whole=True), 200) or ROUNDS[0],
            seeds=tuple(seeds),
            dictionary=self.words(row, "dictionary", "/fuzz", text(100), 40),
            steps=steps,
            argv=argv,
            allowed=self.words(row, "allowed", "/fuzz", matching(_DOTTED, "a dotted type")),
        )

    def data(self, row: dict[str, Any], at: str, bound: ladder_values.Bound | None = None) -> Json:
        """What a file holds, checked by making it once."""
        held = row.get("data")
        if held is None:
            return None
        problems = len(self.problems)
        if not isinstance(held, str | dict):
            self.problem(f"{at}/data", "bad_value", "expected text, or one of hex, u16, repeat, concat")
        if len(self.problems) > problems:
            return None
        value = frozen(held)
        try:
            ladder_values.material(ladder_values.expanded(value, bound or {}))
        except Invalid as error:
            for problem in error.problems:
                self.problem(f"{at}/data", problem.code, problem.reason)
        return value

    def steps(self, row: dict[str, Any], at: str, bound: ladder_values.Bound) -> Iterator[Step]:
        scope = Scope()
        for here, call in self.rows(row, "steps", at, 20):
            self.only(call, here, "call", "args", "kwargs", "as")
            name = self.want(call, "call", here, matching(_DOTTED, "a dotted name"))
            if name and "__" in name:
                self.problem(f"{here}/call", "double_underscore", "names with two underscores are never called")
            args, kwargs = call.get("args", []), call.get("kwargs", {})
            if not isinstance(args, list) or not isinstance(kwargs, dict) or any(not _WORD.match(k) for k in kwargs):
                self.problem(here, "wrong_type", "args is an array and kwargs a table of Python names")
                continue
            kept = self.want(call, "as", here, matching(_WORD, "a name"), "")
            step = Step(
                call=name or "",
                args=tuple(frozen(one) for one in args),
                kwargs=tuple((key, frozen(value)) for key, value in kwargs.items()),
                name=kept or "",
            )
            self.held(step, here, scope, bound)
            if kept:
                scope = scope.with_name(kept)
            yield step

    def held(self, step: Step, at: str, scope: Scope, bound: ladder_values.Bound) -> None:
        """Problems of a call's values, once drawn."""
        from comity.formats.recipe_values import thawed

        try:
            (made,) = ladder_values.steps([step], bound)
        except Invalid as error:
            for problem in error.problems:
                self.problem(at, problem.code, problem.reason)
            return
        self.problems.extend(value_problems([thawed(one) for one in made.args], f"{at}/args", scope))
        self.problems.extend(value_problems([thawed(one) for _, one in made.kwargs], f"{at}/kwargs", scope))


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 100 and all(_plain(one) for one in value)
    if isinstance(value, str):
        return len(value) <= EXPECTED_LIMIT
    return value is None or isinstance(value, bool | int)


def _lines(value: Any) -> str:
    fits = isinstance(value, str) and len(value) <= EXPECTED_LIMIT
    return "" if fits else f"expected text of at most {EXPECTED_LIMIT} characters"
