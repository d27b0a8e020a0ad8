"""Climb: make both builds of a target, run what `ladder` planned in the sandbox, and give each rung to its judge.

Part of the flow: it touches files and the sandbox, and no store. Every rung may be climbed by itself, on builds made
anew, so that a flow that was cut off goes on with the next one. The patched target is nobody's shipped recipe: a host
whose containment is reduced refuses it.
"""

import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import rfc8785

from comity.clearing import flow_project, ladder, mutate, reach, validate
from comity.clearing.flow_runs import BUILD_WALL, COMPILER, INSIDE, START_ALLOWANCE, Bench, CannotRun, Laboratory
from comity.clearing.oracle import read_answer
from comity.errors import Invalid
from comity.feeds.packages import Had
from comity.feeds.targets import unpack
from comity.formats.ladder_kit import read_test
from comity.formats.recipe_archive import zipped
from comity.model.ids import Digest, digest
from comity.model.patch import CLIMBED, Check, Climb, Kit, Rise, Rung
from comity.model.recipe import Compile, Dress, Grows, Harness, Observation, Origin, PlannedRun, Recipe, Stalls
from comity.sandbox.policy import MIB, Job, Limits, Mount
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended

SUITE: Final = "suite"
PROGRAM: Final = "comity-suite.c"
EXAMINE_WALL: Final = timedelta(seconds=20)
PREPROCESSED_LIMIT: Final = 16 * MIB

Progress = Callable[[Rise], None]
"""Called after each rung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One patch to climb with: everything that decides how far it gets. Equal attempts climb alike."""

    recipe: Recipe
    attached: Mapping[Digest, bytes]
    """Attachments of the report, by digest."""
    diff: bytes
    seed: int
    kit: Kit | None = None
    test: bytes = b""
    """The author's own regression test; b"" for none."""


def fresh_seed() -> int:
    """Drawn when a patch is offered: no author knows the variants and inputs that it will meet."""
    return secrets.randbits(48)


def environment(laboratory: Laboratory) -> dict[str, str]:
    """What holds the runs and what runs them: goes into the statement."""
    return {
        **laboratory.containment.facts(),
        "python": python_inside().version,
        "driver": digest(b"".join(path.read_bytes() for path in sorted(INSIDE.glob("*.py")))),
    }


def climb(
    laboratory: Laboratory, attempt: Attempt, *, least: Rung = Rung.L5, progress: Progress = lambda _rise: None
) -> Climb:
    """Every rung up to `least`, until one is not reached. Raises Forbidden and Unavailable like a validation."""
    rises: list[Rise] = []
    with opened(laboratory, attempt) as sides:
        for rung in CLIMBED[: least + 1]:
            rises.append(_rise(sides, rung))
            progress(rises[-1])
            if not rises[-1].reached:
                break
    return Climb(rises=tuple(rises))


def rise(laboratory: Laboratory, attempt: Attempt, rung: Rung) -> Rise:
    """One rung by itself. Those below it were reached before, or the answer says nothing."""
    with opened(laboratory, attempt) as sides:
        return _rise(sides, rung)


def fires(
    laboratory: Laboratory,
    attempt: Attempt,
    proof: Recipe,
    attached: Mapping[Digest, bytes],
    *,
    runs: int = ladder.AFTER_RUNS,
) -> tuple[Observation, ...]:
    """Another proof of the same target on the build that this patch makes: does patch A silence proof B?

    Empty when the patch does not apply. The proof's vulnerable archive must be the attempt's.
    """
    if proof.vulnerable.digest != attempt.recipe.vulnerable.digest:
        raise Invalid("the two proofs are about different builds: nothing can be compared")
    with opened(laboratory, replace(attempt, recipe=proof, attached=attached, kit=None, test=b"")) as sides:
        if sides.tree is None:
            return ()
        return sides.observed(sides.after.proof, [_plan(proof, index) for index in range(runs)])


def _rise(sides: "Sides", rung: Rung) -> Rise:
    started = time.monotonic()
    try:
        held = RUNGS[rung](sides)
    except CannotRun as reason:
        held = Rise(rung=rung, reached=False, said=str(reason))
    return replace(held, seconds=round(time.monotonic() - started, 2))


@contextmanager
def opened(laboratory: Laboratory, attempt: Attempt) -> "Iterator[Sides]":
    """Both builds of the target, in folders that are gone afterwards."""
    had = {one.digest: laboratory.have(one, attempt.attached) for one in attempt.recipe.artefacts}
    with tempfile.TemporaryDirectory(prefix="comity-ladder-") as name:
        yield Sides(laboratory, attempt, had, Path(name))


class Side:
    """One build of the target: benches for the proof and for the test program, made when first asked for."""

    def __init__(self, sides: "Sides", recipe: Recipe, had: Mapping[Digest, Had], root: Path) -> None:
        self.sides, self.recipe, self.had, self.root = sides, recipe, had, root

    @cached_property
    def proof(self) -> Bench:
        """The target as the recipe builds it."""
        return self._bench(self.recipe, self.sides.attempt.attached, "proof")

    @cached_property
    def suite(self) -> Bench:
        """The target with the kit's test program; for calls, the same as `proof`."""
        kit = self.sides.attempt.kit
        if kit is None or not kit.program:
            return self.proof
        text = kit.program.encode()
        recipe = replace(
            self.recipe,
            build=(Compile(out=SUITE, sources=(*kit.sources, f"input:{PROGRAM}"), include=kit.include),),
            inputs=((PROGRAM, digest(text)),),
            run=Harness(argv=(SUITE,)),
        )
        return self._bench(recipe, {digest(text): text}, "suite")

    @cached_property
    def project(self) -> Bench:
        """The target with the project's own tests."""
        kit = self.sides.attempt.kit
        assert kit is not None
        assert kit.project is not None
        return self._bench(*flow_project.recipe_of(self.recipe, kit.project), "project")

    def _bench(self, recipe: Recipe, attached: Mapping[Digest, bytes], name: str) -> Bench:
        folder = self.root / name
        folder.mkdir(parents=True)
        for made in (self.root, folder):
            made.chmod(0o755)
        bench = Bench(recipe, folder, self.sides.laboratory.containment, self.had, attached, shipped=False)
        bench.gather()
        return bench


class Sides:
    """The target before and after the patch."""

    def __init__(self, laboratory: Laboratory, attempt: Attempt, had: Mapping[Digest, Had], root: Path) -> None:
        self.laboratory, self.attempt, self.root = laboratory, attempt, root
        root.chmod(0o755)
        recipe = attempt.recipe
        self.before = Side(self, replace(recipe, fixed=None), had, root / "before")
        self.files = _files(had[recipe.vulnerable.digest].data, root / "unpacked", native=recipe.native)
        self.l0, self.tree = reach.applies(attempt.diff, self.files, recipe=recipe, kit=attempt.kit, test=attempt.test)
        archive = zipped(self.tree if self.tree is not None else self.files)
        vulnerable = replace(recipe.vulnerable, digest=digest(archive))
        patched = {**had, vulnerable.digest: Had(data=archive, origin=Origin.REPORTER)}
        self.after = Side(self, replace(recipe, vulnerable=vulnerable, fixed=None), patched, root / "after")

    @property
    def recipe(self) -> Recipe:
        """The proof's."""
        return self.attempt.recipe

    @property
    def touched(self) -> tuple[str, ...]:
        """Paths whose bytes the patch changed."""
        tree = self.tree or {}
        return tuple(sorted(p for p in {*self.files, *tree} if self.files.get(p) != tree.get(p)))

    @property
    def workers(self) -> int:
        """Runs at once; where time is the effect looked for, one."""
        return 1 if isinstance(self.recipe.oracle, Grows | Stalls) else self.laboratory.workers

    def observed(self, bench: Bench, plan: Sequence[PlannedRun]) -> tuple[Observation, ...]:
        """One observation per planned run."""
        bench.mounts(Dress.VULNERABLE)
        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            return tuple(pool.map(bench.observe, plan))

    def suite_run(self, side: Side, order: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
        """The driver's answers to one run of a suite; None when it gave none."""
        nonce = secrets.token_hex(16)
        limit = timedelta(seconds=ladder.SUITE_SECONDS) + START_ALLOWANCE
        result = side.suite.driven(json.dumps(order), Dress.VULNERABLE, nonce=nonce, limit=limit)
        seen = read_answer(result.stdout, nonce)
        answers = seen.get("cases") if seen is not None else None
        return answers if isinstance(answers, list) else None

    def tested(self, side: Side, checks: Sequence[Check], runs: int) -> list[ladder.Results]:
        """These tests, so many times."""
        by_form = [[one for one in checks if one.steps], [one for one in checks if one.argv]]
        made: list[ladder.Results] = []
        for _ in range(runs):
            merged: dict[str, Any] = {}
            for group in by_form:
                if group:
                    answers = self.suite_run(side, ladder.suite(self.recipe, group))
                    merged |= ladder.results(group, answers)
            made.append({check.name: merged[check.name] for check in checks})
        return made

    def words(self, side: Side) -> Mapping[str, int] | str:
        """Hiding words in one build, or why it was not made."""
        try:
            side.proof.mounts(Dress.VULNERABLE)
        except CannotRun as reason:
            return str(reason)
        return self._words_of_c(side) if self.recipe.native else self._words_of_python(side)

    def _words_of_c(self, side: Side) -> Mapping[str, int] | str:
        found: dict[str, int] = {}
        kit = self.attempt.kit
        steps = [*self.recipe.build, *((_suite_step(kit),) if kit is not None and kit.program else ())]
        steps += kit.project.build if kit is not None and kit.project is not None else ()
        named = ((source, step.include) for step in steps for source in step.sources)
        for source, include in dict.fromkeys(one for one in named if not one[0].startswith("input:")):
            result = side.proof.compiled(
                Job(
                    argv=(
                        COMPILER,
                        "-E",
                        *(f"-I/target/{one}" for one in include),
                        "-o",
                        "/work/text.i",
                        f"/target/{source}",
                    ),
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp"},  # noqa: S108 - a path inside
                    mounts=(Mount(host=side.proof.folder(Dress.VULNERABLE), inside="/target"),),
                    collect=("text.i",),
                    toolchain=True,
                    limits=Limits(
                        wall=BUILD_WALL, cpu=BUILD_WALL, memory_bytes=512 * MIB, file_bytes=PREPROCESSED_LIMIT
                    ),
                )
            )
            text = result.files.get("text.i")
            if result.ended is not Ended.EXITED or result.exit_code != 0 or text is None:
                return "a source cannot be preprocessed"
            for word, count in reach.words_of_c(text.decode("utf-8", "replace")).items():
                found[word] = found.get(word, 0) + count
        return found

    def _words_of_python(self, side: Side) -> Mapping[str, int] | str:
        nonce = secrets.token_hex(16)
        inside = python_inside()
        order = {
            "paths": [path for path in self.touched if path.endswith((".py", ".pyi"))],
            "words": sorted(reach.HIDING_PYTHON),
            "bare": sorted(reach.BARE_PYTHON),
            "marks": list(reach.MARKS),
            "nonce": nonce,
        }
        result = side.proof.contain(
            Job(
                argv=(inside.program, "-I", "-S", "-B", "/driver/examine.py"),
                env=inside.env,
                stdin=json.dumps(order).encode(),
                mounts=side.proof.mounts(Dress.VULNERABLE),
                limits=Limits(wall=EXAMINE_WALL, cpu=EXAMINE_WALL),
            )
        )
        seen = read_answer(result.stdout, nonce)
        files = seen.get("files") if seen is not None else None
        if not isinstance(files, dict):
            return "its sources cannot be read"
        found: dict[str, int] = {}
        for held in files.values():
            if held["error"]:
                return f"a source does not compile ({held['error']})"
            for word, count in held["words"].items():
                found[word] = found.get(word, 0) + count
        return found


def _suite_step(kit: Kit) -> Compile:
    return Compile(out=SUITE, sources=kit.sources, include=kit.include)


def _plan(recipe: Recipe, index: int, dress: Dress = Dress.VULNERABLE) -> PlannedRun:
    return PlannedRun(dress=dress, index=index, spec=validate.spec(recipe, dress))


def _l0(sides: Sides) -> Rise:
    return sides.l0


def _l1(sides: Sides) -> Rise:
    return reach.builds(sides.words(sides.before), sides.words(sides.after))


def _l2(sides: Sides) -> Rise:
    recipe = sides.recipe
    before = sides.observed(sides.before.proof, [_plan(recipe, index) for index in range(ladder.BEFORE_RUNS)])
    after = sides.observed(sides.after.proof, [_plan(recipe, 0)])
    if ladder.is_quiet(after[0]):  # one loud run is enough; silence takes them all
        after += sides.observed(sides.after.proof, [_plan(recipe, index) for index in range(1, recipe.runs)])
    benign: tuple[Observation, ...] = ()
    if recipe.has_benign:
        benign = sides.observed(sides.after.proof, [_plan(recipe, 0, Dress.BENIGN)])
    return ladder.silences(before, after, benign, recipe=recipe)


def _l3(sides: Sides) -> Rise:
    kit = sides.attempt.kit
    if kit is None or not (kit.tests or kit.project):
        return ladder.no_worse((), ())
    before = _project_tested(sides, sides.before, ladder.BEFORE_RUNS)
    after = _project_tested(sides, sides.after, ladder.AFTER_RUNS)
    for _ in range(ladder.AGAIN_RUNS):  # before a test counts against the patch, it is tried again without it
        if not ladder.worse(before, after):
            break
        before += _project_tested(sides, sides.before, 1)
    return ladder.no_worse(before, after, project=kit.project)


def _project_tested(sides: Sides, side: Side, runs: int) -> list[ladder.Results]:
    """The kit's tests and the project's own runner, so many times."""
    kit = sides.attempt.kit
    assert kit is not None
    made = sides.tested(side, kit.tests, runs)
    if kit.project is None:
        return made
    return [{**one, **flow_project.run(side.project, kit.project)} for one in made]


def _l4(sides: Sides) -> Rise:
    attempt = sides.attempt
    own = attempt.kit.new if attempt.kit is not None else ()
    theirs = read_test(attempt.test) if attempt.test else ()
    checks = [
        *(replace(one, name=f"case: {one.name}") for one in own),
        *(replace(one, name=f"author: {one.name}") for one in theirs),
    ]
    if any(one.argv for one in theirs) and (attempt.kit is None or not attempt.kit.program):
        raise CannotRun("the author's test runs a test program, and the kit has none")
    if not checks:
        return ladder.new_tests((), (), (), (), recipe=sides.recipe)
    before = sides.tested(sides.before, checks, ladder.AFTER_RUNS)
    after = sides.tested(sides.after, checks, ladder.AFTER_RUNS)
    return ladder.new_tests(own, theirs, before, after, recipe=sides.recipe)


def _l5(sides: Sides) -> Rise:
    attempt = sides.attempt
    seed = attempt.seed
    drawn = ladder.variants(attempt.kit, seed) if attempt.kit is not None else ()
    plan = []
    for place, (_, variant, data) in enumerate(drawn):
        file = f"variant-{place}.bin"
        for side in (sides.before, sides.after):
            side.proof.inputs[file] = data
        plan.append(_plan(ladder.varied(sides.recipe, variant, file), place))
    before = sides.observed(sides.before.proof, plan)
    after = sides.observed(sides.after.proof, plan)
    seen = [(name, one, two) for (name, _, _), one, two in zip(drawn, before, after, strict=True)]
    fuzz = attempt.kit.fuzz if attempt.kit is not None else None
    if fuzz is None:
        return ladder.stays_silent(seen, None, 0, (0, ""), (0, ""), seed=seed)
    inputs = mutate.inputs(fuzz, seed)
    order = ladder.fuzz_suite(sides.recipe, fuzz, inputs)
    found = [ladder.finds(fuzz, sides.suite_run(side, order), len(inputs)) for side in (sides.before, sides.after)]
    return ladder.stays_silent(seen, fuzz, len(inputs), found[0], found[1], seed=seed)


RUNGS: Final[Mapping[Rung, Callable[[Sides], Rise]]] = {
    Rung.L0: _l0,
    Rung.L1: _l1,
    Rung.L2: _l2,
    Rung.L3: _l3,
    Rung.L4: _l4,
    Rung.L5: _l5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostClimber:
    """A host's laboratory, as the flow of a patch asks it."""

    laboratory: Laboratory

    def rise(self, attempt: Attempt, rung: Rung) -> Rise:
        """One rung by itself. Raises Forbidden and Unavailable."""
        return rise(self.laboratory, attempt, rung)

    def climb(self, attempt: Attempt, progress: Progress = lambda _rise: None) -> Climb:
        """Every rung, until one is not reached. Raises Forbidden and Unavailable."""
        return climb(self.laboratory, attempt, progress=progress)

    def files(self, recipe: Recipe, attached: Mapping[Digest, bytes]) -> tuple[Mapping[str, bytes], bool]:
        """The unpatched target's files, and whether its archive is known to be released. Raises Unavailable."""
        had = self.laboratory.have(recipe.vulnerable, attached)
        with tempfile.TemporaryDirectory(prefix="comity-ladder-") as name:
            return _files(had.data, Path(name) / "unpacked", native=recipe.native), had.origin is not Origin.REPORTER

    def environment(self) -> Digest:
        """Digest of what holds the runs and what runs them."""
        return digest(rfc8785.dumps(dict(environment(self.laboratory))))

    @property
    def tier(self) -> str:
        """Containment in force."""
        return self.laboratory.containment.tier.value


def _files(archive: bytes, folder: Path, *, native: bool) -> dict[str, bytes]:
    unpack(archive, folder, native=native)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
