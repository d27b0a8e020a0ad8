"""Read a recipe: TOML bytes in, one checked `Recipe` out, or the list of everything that is wrong with it.

The grammar is closed: an unknown key is a problem, not a note, because a recipe decides what runs. Its digest is
SHA-256 over the RFC 8785 form of the parsed table, so layout and comments do not change it. Rules: docs/recipes.md.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

import rfc8785
from packageurl import PackageURL

from comity.errors import Invalid
from comity.formats.recipe_values import Scope, frozen, value_problems
from comity.formats.toml_reader import Check, Reader, matching, number, sha256, table_of, text
from comity.formats.versions import order
from comity.model import recipe as m
from comity.model.ids import Digest, digest
from comity.model.product import Artefact

SCHEMA: Final = "comity-recipe/1"
MEDIA_TYPE: Final = "application/vnd.comity.recipe+toml"
LIMIT_BYTES: Final = 32 * 1024
RUNS: Final = (3, 50)
LEAST_SHARE: Final = 0.8
"""`at_least` may not ask for less: a proof that fails more often is flaky, whatever its author calls it."""
GROWTH_FLOOR: Final = 1.5
"""Below this exponent growth is ordinary work, and a recipe may not call it an attack."""

PACKAGE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?\Z", re.ASCII)
"""Name of a package: that of PEP 508, at most 100 characters. A package URL's escapes can spell anything else."""
VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,62}\Z", re.ASCII)
"""Wider than PEP 440, since sources have versions too; no blank, quote, bracket or line break is in it."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?\Z")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\Z")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,7}\Z")
_DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,9}\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
_ERROR = re.compile(r"[a-z][a-z-]{2,48}\Z")
_INPUT = re.compile(r"\{input:([^{}]{1,100})\}")


def read(data: bytes) -> m.Recipe:
    """The recipe in `data`. Raises `Invalid` with one problem per violation; never anything else."""
    table = table_of(data, what="a recipe", limit=LIMIT_BYTES)
    reader = _Reader()
    recipe = reader.recipe(table)
    if recipe is None or reader.problems:
        raise Invalid("this is not a recipe that can run", reader.problems)
    return recipe


def _purl(*, version: bool) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value) > 200:
            return "expected a package URL"
        try:
            purl = PackageURL.from_string(value)
        except ValueError:
            return "not a package URL"
        if purl.type not in {"pypi", "generic"} or purl.to_string() != value or purl.qualifiers or purl.subpath:
            return "expected a canonical pkg:pypi or pkg:generic URL without qualifiers"
        if purl.namespace or not PACKAGE.match(purl.name):
            return "expected a plain package name: letters, digits, and . _ - between them"
        if version is not bool(purl.version):
            return "expected a package URL with its version" if version else "expected a package URL without a version"
        if purl.version and not VERSION.match(purl.version):
            return "expected a plain version: letters, digits and . + ! _ -"
        return ""

    return check


def _same_version(left: Artefact, right: Artefact) -> bool:
    """One release under two spellings is one release: a statement names each file by its release."""
    one, other = (artefact.purl.rpartition("@")[2] for artefact in (left, right))
    return one == other or (left.purl.startswith("pkg:pypi/") and order("PyPI", one, other) == 0)


class _Reader(Reader):
    """Reads one recipe."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: dict[str, Digest] = {}

    def recipe(self, table: dict[str, Any]) -> m.Recipe | None:
        self.only(
            table,
            "",
            "schema",
            "name",
            "summary",
            "target",
            "with",
            "inputs",
            "build",
            "run",
            "oracle",
            "limits",
            "repeat",
        )
        if table.get("schema") != SCHEMA:
            self.problem("/schema", "unknown_schema", f"expected {SCHEMA}")
        name = self.want(table, "name", "", matching(_NAME, "lower-case letters, digits, dots and dashes"))
        summary = self.want(table, "summary", "", text(200))
        purl, vulnerable, fixed = self.target(table)
        support = tuple(self.support(table, {release.purl for release in (vulnerable, fixed) if release}))
        self.read_inputs(table)
        build = tuple(self.build(table))
        run = self.run(table, build)
        oracle = self.oracle(table, run)
        limits = self.table(table, "limits", "", required=False) or {}
        self.only(limits, "/limits", "wall_seconds", "memory_mib")
        wall = self.want(limits, "wall_seconds", "/limits", number(1, 60), 20)
        memory = self.want(limits, "memory_mib", "/limits", number(64, 1024, whole=True), 512)
        runs, at_least = self.repeat(table)
        if self.problems or run is None or oracle is None or vulnerable is None:
            return None
        return m.Recipe(
            digest=digest(rfc8785.dumps(table)),
            name=name,
            summary=summary,
            target=purl,
            vulnerable=vulnerable,
            fixed=fixed,
            support=support,
            inputs=tuple(sorted(self.inputs.items())),
            build=build,
            run=run,
            oracle=oracle,
            wall=timedelta(seconds=wall),
            memory_bytes=memory * 1024 * 1024,
            runs=runs,
            at_least=at_least,
        )

    def target(self, table: dict[str, Any]) -> tuple[str, Artefact | None, Artefact | None]:
        target = self.table(table, "target", "") or {}
        self.only(target, "/target", "purl", "vulnerable", "fixed")
        purl = self.want(target, "purl", "/target", _purl(version=False))
        vulnerable = self.release(target, "vulnerable", purl)
        fixed = self.release(target, "fixed", purl) if "fixed" in target else None
        if vulnerable and fixed and vulnerable.digest == fixed.digest:
            self.problem("/target/fixed/sha256", "same_build", "the fixed build is the vulnerable one")
        if vulnerable and fixed and _same_version(vulnerable, fixed):
            self.problem("/target/fixed/version", "same_version", "the fixed build has the vulnerable one's version")
        return purl or "", vulnerable, fixed

    def release(self, target: dict[str, Any], key: str, purl: str | None) -> Artefact | None:
        at = f"/target/{key}"
        row = self.table(target, key, "/target")
        if row is None:
            return None
        self.only(row, at, "version", "sha256")
        version = self.want(row, "version", at, matching(VERSION, "a version"))
        sha = self.want(row, "sha256", at, sha256)
        if purl is None or version is None or sha is None:
            return None
        return Artefact(purl=f"{purl}@{version}", digest=Digest(sha))

    def support(self, table: dict[str, Any], known: set[str]) -> Iterator[Artefact]:
        for at, row in self.rows(table, "with", "", 16):
            self.only(row, at, "purl", "sha256")
            purl = self.want(row, "purl", at, _purl(version=True))
            sha = self.want(row, "sha256", at, sha256)
            if purl in known:
                self.problem(f"{at}/purl", "named_twice", "this release is named once already")
            elif purl and sha:
                known.add(purl)
                yield Artefact(purl=purl, digest=Digest(sha))

    def read_inputs(self, table: dict[str, Any]) -> None:
        inputs = self.table(table, "inputs", "", required=False) or {}
        if len(inputs) > 16:
            self.problem("/inputs", "too_many", "at most 16 attachments")
        for name, sha in list(inputs.items())[:16]:
            if not _FILE.match(name):
                self.problem(
                    "/inputs", "bad_name", "an attachment has a plain file name of ASCII letters, digits and ._-"
                )
            elif wrong := sha256(sha):
                self.problem(f"/inputs/{name}", "bad_value", wrong)
            else:
                self.inputs[name] = Digest(sha)

    def known_input(self, name: Any) -> str:
        return "" if isinstance(name, str) and name in self.inputs else "expected the name of a file listed in inputs"

    def build(self, table: dict[str, Any]) -> Iterator[m.Compile]:
        def source(value: Any) -> str:
            if isinstance(value, str) and value.startswith("input:"):
                return self.known_input(value.removeprefix("input:"))
            return matching(_PATH, "a path in the archive, or input:NAME")(value)

        for at, row in self.rows(table, "build", "", 4):
            self.only(row, at, "out", "sources", "include")
            out = self.want(row, "out", at, matching(_FILE, "a plain file name"))
            sources = self.words(row, "sources", at, source)
            if not sources:
                self.problem(f"{at}/sources", "missing", "name at least one source")
            include = self.words(row, "include", at, matching(_PATH, "a folder in the archive"))
            yield m.Compile(out=out or "", sources=sources, include=include)

    def run(self, table: dict[str, Any], build: tuple[m.Compile, ...]) -> m.Run | None:
        run = self.table(table, "run", "")
        if run is None:
            return None
        form = run.get("form")
        if form == "steps":
            self.only(run, "/run", "form", "steps")
            return m.Steps(steps=tuple(self.steps(run)))
        if form == "script":
            self.only(run, "/run", "form", "script")
            script = self.want(run, "script", "/run", self.known_input)
            return m.Script(script=script or "")
        if form == "harness":
            self.only(run, "/run", "form", "argv", "stdin", "benign")
            argv = self.words(run, "argv", "/run", self.argument)
            if not argv or argv[0] not in {step.out for step in build}:
                self.problem("/run/argv/0", "unknown_program", "expected the name of something that a build step makes")
            stdin = self.want(run, "stdin", "/run", self.known_input, "")
            return m.Harness(argv=argv, stdin=stdin or "", benign=self.words(run, "benign", "/run", self.argument))
        self.problem("/run/form", "bad_value", "expected steps, script or harness")
        return None

    def argument(self, value: Any) -> str:
        wrong = text(200)(value)
        return wrong or next((w for name in _INPUT.findall(value) if (w := self.known_input(name))), "")

    def steps(self, run: dict[str, Any]) -> Iterator[m.Step]:
        scope = Scope(inputs=frozenset(self.inputs))
        count = 0
        for at, row in self.rows(run, "steps", "/run", 20):
            count += 1
            self.only(row, at, "call", "args", "kwargs", "as")
            call = self.want(row, "call", at, matching(_DOTTED, "a dotted name"))
            if call and "__" in call:
                self.problem(f"{at}/call", "double_underscore", "names with two underscores are never called")
            args, kwargs = row.get("args", []), row.get("kwargs", {})
            if not isinstance(args, list) or not isinstance(kwargs, dict):
                self.problem(at, "wrong_type", "args is an array and kwargs a table")
                continue
            if any(not _WORD.match(key) for key in kwargs):
                self.problem(f"{at}/kwargs", "bad_name", "keyword names are Python names")
                continue
            before = len(self.problems)
            self.problems.extend(value_problems(args, f"{at}/args", scope))
            self.problems.extend(value_problems(list(kwargs.values()), f"{at}/kwargs", scope))
            name = self.want(row, "as", at, matching(_WORD, "a name"), "")
            if len(self.problems) == before and call is not None:
                pairs = tuple((key, frozen(value)) for key, value in kwargs.items())
                yield m.Step(call=call, args=tuple(frozen(a) for a in args), kwargs=pairs, name=name or "")
            if name:
                scope = scope.with_name(name)
        if count == 0:
            self.problem("/run/steps", "missing", "name at least one call")

    def oracle(self, table: dict[str, Any], run: m.Run | None) -> m.Oracle | None:
        row = self.table(table, "oracle", "")
        if row is None or run is None:
            return None
        kind = row.get("kind")
        reader = ORACLES.get(kind) if isinstance(kind, str) else None
        if reader is None:
            self.problem("/oracle/kind", "bad_value", f"expected one of {', '.join(ORACLES)}")
            return None
        forms, keys, make = reader
        if not isinstance(run, forms):
            names = " or ".join(form.__name__.lower() for form in forms)
            self.problem("/oracle/kind", "wrong_form", f"this oracle watches {names} runs only")
        self.only(row, "/oracle", "kind", *keys)
        values = {key: self.want(row, key, "/oracle", check) for key, check in keys.items()}
        if any(value is None for value in values.values()):
            return None
        return make(values)

    def repeat(self, table: dict[str, Any]) -> tuple[int, int]:
        row = self.table(table, "repeat", "", required=False) or {}
        self.only(row, "/repeat", "runs", "at_least")
        runs = self.want(row, "runs", "/repeat", number(*RUNS, whole=True), 10)
        least = self.want(row, "at_least", "/repeat", number(1, RUNS[1], whole=True), runs or 1)
        if runs and least and not runs * LEAST_SHARE <= least <= runs:
            self.problem(
                "/repeat/at_least", "bad_value", f"expected at least {LEAST_SHARE:.0%} of the runs, and no more"
            )
        return runs or 0, least or 0


ORACLES: Final[Mapping[str, tuple[tuple[type, ...], dict[str, Check], Callable[[dict[str, Any]], m.Oracle]]]] = (
    MappingProxyType(
        {
            "exception": (
                (m.Steps, m.Script),
                {
                    "type": matching(_DOTTED, "an exception type"),
                    "module": matching(_DOTTED, "a module of the target"),
                },
                lambda v: m.Raises(kind=v["type"], module=v["module"]),
            ),
            "stall": (
                (m.Steps,),
                {"seconds": number(1, 10)},
                lambda v: m.Stalls(after=timedelta(seconds=v["seconds"])),
            ),
            "growth": (
                (m.Steps,),
                {
                    "size": number(1, 10_000_000, whole=True),
                    "exponent": number(GROWTH_FLOOR, 10),
                    "at_least_seconds": number(0.2, 5),
                },
                lambda v: m.Grows(
                    size=v["size"], exponent=v["exponent"], at_least=timedelta(seconds=v["at_least_seconds"])
                ),
            ),
            "file-created": ((m.Steps, m.Script), {}, lambda _: m.Creates()),
            "file-read": (
                (m.Steps,),
                {"value": matching(_WORD, "the name of a value")},
                lambda v: m.Reads(value=v["value"]),
            ),
            "sanitizer": (
                (m.Harness,),
                {
                    "error": matching(_ERROR, "the sanitizer's word for the error"),
                    "function": matching(_WORD, "a function"),
                },
                lambda v: m.Reports(error=v["error"], function=v["function"]),
            ),
            "exit": ((m.Harness,), {"code": number(1, 125, whole=True)}, lambda v: m.Exits(code=v["code"])),
        }
    )
)
"""Oracle kind -> the forms it can watch, its keys, how it is made."""
