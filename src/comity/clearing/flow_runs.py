"""Make the planned runs of a recipe: have the archives, unpack and build them, run each plan entry in the sandbox.

Part of the flow: the only place at this desk that touches files and the sandbox for validation. What the runs mean is
decided by `oracle` and `validate`. A recipe that cannot be carried out (an attachment missing, an archive refused, no
build) gives broken observations with the reason, never an exception: a person reads it in the verdict.
"""

import json
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from packageurl import PackageURL

from comity.clearing.oracle import deadline, observe
from comity.errors import Invalid
from comity.feeds.packages import Had, Shelf
from comity.feeds.targets import is_release, relabel, unpack, unrequired
from comity.formats.recipe_archive import shipped_archives, shipped_recipes
from comity.model.ids import Digest, digest
from comity.model.product import Artefact
from comity.model.recipe import (
    Compile,
    Dress,
    Grows,
    Harness,
    Observation,
    Origin,
    PlannedRun,
    Recipe,
    Sight,
    Stalls,
    Trial,
)
from comity.sandbox.containment import Containment
from comity.sandbox.policy import MIB, Job, Limits, Mount, Tier
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended, Result
from comity.sandbox.run import run as contained

INSIDE: Final = Path(str(files("comity.clearing"))) / "inside"
START_ALLOWANCE: Final = timedelta(seconds=17)
"""On top of the deadline of the call: importing the target may take fifteen seconds, the driver the rest."""
BUILD_WALL: Final = timedelta(seconds=60)
COMPILER: Final = "/usr/bin/clang"
FLAGS: Final = ("-std=c11", "-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address", "-fno-sanitize-recover=all")

Progress = Callable[[int, int], None]
"""Called after each run with (done, of)."""


class CannotRun(Exception):
    """Why no run of this recipe can be made, in words fixed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """A host's place for runs: its containment and where it has archives from."""

    containment: Containment
    shelf: Shelf
    workers: int = 2
    """Runs at once; where time is the effect looked for, always one."""

    def make(
        self,
        recipe: Recipe,
        plan: Sequence[PlannedRun],
        attached: Mapping[Digest, bytes],
        progress: Progress = lambda _done, _of: None,
    ) -> Trial:
        """Every run of the plan, once.

        Raises Unavailable (an archive cannot be had, or the sandbox's host failed) and Forbidden (this host's
        containment does not allow it). `attached` holds the report's attachments by digest.
        """
        started = time.monotonic()
        had = {a.digest: self.have(a, attached) for a in recipe.artefacts}
        shipped = recipe.digest in shipped_recipes()
        with tempfile.TemporaryDirectory(prefix="comity-target-") as name:
            bench = Bench(recipe, Path(name), self.containment, had, attached, shipped=shipped)
            timed = isinstance(recipe.oracle, Grows | Stalls)
            observations = bench.observations(plan, progress, workers=1 if timed else self.workers)
        return Trial(
            observations=tuple(observations),
            origins={key: value.origin for key, value in had.items()},
            contained_fully=self.containment.tier is Tier.FULL,
            environment={
                **self.containment.facts(),
                "python": python_inside().version,
                "driver": digest(b"".join(path.read_bytes() for path in sorted(INSIDE.glob("*.py")))),
            },
            wall=timedelta(seconds=time.monotonic() - started),
        )

    def have(self, artefact: Artefact, attached: Mapping[Digest, bytes]) -> Had:
        """An archive, from the nearest place that has it. Unavailable when none does."""
        shipped = shipped_archives().get(artefact.purl)
        if shipped is not None and digest(shipped) == artefact.digest:
            return Had(data=shipped, origin=Origin.SHIPPED)
        if artefact.digest in attached and not artefact.purl.startswith("pkg:pypi/"):
            return Had(data=attached[artefact.digest], origin=Origin.REPORTER)
        return self.shelf.get(artefact)


class Bench:
    """The folders of one recipe's runs, made when first needed and gone with `root`."""

    def __init__(
        self,
        recipe: Recipe,
        root: Path,
        host: Containment,
        had: Mapping[Digest, Had],
        attached: Mapping[Digest, bytes],
        *,
        shipped: bool,
    ) -> None:
        self.recipe, self.root, self.host, self.had, self.shipped = recipe, root, host, had, shipped
        self.attached = attached
        self.ready: dict[Dress, tuple[Mount, ...]] = {}
        self.support: tuple[Mount, ...] = ()
        self.inputs: dict[str, bytes] = {}
        root.chmod(0o755)

    def observations(self, plan: Sequence[PlannedRun], progress: Progress, *, workers: int) -> list[Observation]:
        """One observation per plan entry, in the plan's order."""
        dresses = tuple(dict.fromkeys(planned.dress for planned in plan))
        why: dict[Dress, str] = {}
        try:
            self.gather()
        except CannotRun as reason:
            why = dict.fromkeys(dresses, str(reason))
        for dress in dresses:
            try:
                if dress not in why:
                    self.mounts(dress)
            except CannotRun as reason:
                why[dress] = str(reason)
        seen: list[Observation] = []
        with ThreadPoolExecutor(max_workers=workers) as pool:
            for observation in pool.map(
                lambda p: _broken(p, why[p.dress]) if p.dress in why else self.observe(p), plan
            ):
                seen.append(observation)
                progress(len(seen), len(plan))
        return seen

    def gather(self) -> None:
        """Attachments and support wheels, before the first run."""
        missing = [name for name, wanted in self.recipe.inputs if wanted not in self.attached]
        if missing:
            raise CannotRun("an attachment that the recipe names did not come with the report")
        self.inputs = {name: self.attached[wanted] for name, wanted in self.recipe.inputs}
        folders = {}
        mounts = []
        for place, artefact in enumerate(self.recipe.support):
            folder = self.root / f"support-{place}"
            self.unpack(artefact, folder)
            folders[PackageURL.from_string(artefact.purl).name] = folder
            mounts.append(Mount(host=folder, inside=f"/support/{place}"))
        if unrequired(self.folder(Dress.VULNERABLE), folders):
            raise CannotRun("the recipe brings a package that the target does not require")
        self.support = tuple(mounts)

    def unpack(self, artefact: Artefact, folder: Path) -> None:
        try:
            unpack(self.had[artefact.digest].data, folder, native=self.recipe.native)
        except Invalid as error:
            raise CannotRun(f"an archive was refused: {error}") from error
        if artefact.purl.startswith("pkg:pypi/") and not is_release(folder, artefact.purl):
            raise CannotRun("an archive is not the release that the recipe names")

    def folder(self, dress: Dress) -> Path:
        """The unpacked target in that dress; benign input is given to the vulnerable build itself."""
        dress = Dress.VULNERABLE if dress is Dress.BENIGN else dress
        folder = self.root / dress.name.lower()
        if folder.exists():
            return folder
        vulnerable, fixed = self.recipe.vulnerable, self.recipe.fixed
        code, other = (fixed, vulnerable) if dress.fixed_code else (vulnerable, fixed)
        assert code is not None
        self.unpack(code, folder)
        if dress in {Dress.FIXED_AS_VULNERABLE, Dress.VULNERABLE_AS_FIXED}:
            assert other is not None
            try:
                relabel(folder, old=_version(code), new=_version(other))
            except Invalid as error:
                raise CannotRun(f"the control build cannot be labelled: {error}") from error
        return folder

    def mounts(self, dress: Dress) -> tuple[Mount, ...]:
        dress = Dress.VULNERABLE if dress is Dress.BENIGN else dress
        if dress not in self.ready:
            target = Mount(host=self.folder(dress), inside="/target")
            built = self.build(dress, target) if self.recipe.build else ()
            driver = Mount(host=INSIDE, inside="/driver")
            self.ready[dress] = (target, *built, *self.support, driver, *python_inside().mounts)
        return self.ready[dress]

    def build(self, dress: Dress, target: Mount) -> tuple[Mount, ...]:
        """Compile the target inside the sandbox; what comes out is shown read-only at `/build`."""
        folder = self.root / f"build-{dress.name.lower()}"
        folder.mkdir(mode=0o755)
        for step in self.recipe.build:
            result = self.compiled(
                Job(
                    argv=_compile(step),
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp"},  # noqa: S108 - a path inside
                    mounts=(target,),
                    inputs=self.inputs,
                    collect=(step.out,),
                    toolchain=True,
                    limits=Limits(wall=BUILD_WALL, cpu=BUILD_WALL, memory_bytes=1024 * MIB),
                )
            )
            made = result.files.get(step.out)
            if result.ended is not Ended.EXITED or result.exit_code != 0 or made is None:
                raise CannotRun("the target did not build")
            (folder / step.out).write_bytes(made)
            (folder / step.out).chmod(0o755)
        return (Mount(host=folder, inside="/build"),)

    def compiled(self, job: Job) -> Result:
        try:
            return self.contain(job)
        except Invalid as error:
            raise CannotRun("no compiler starts inside this host's sandbox") from error

    def observe(self, planned: PlannedRun) -> Observation:
        """One run. The nonce is drawn here and reaches the driver alone."""
        nonce = secrets.token_hex(16)
        result = self.driven(planned.spec, planned.dress, nonce=nonce, limit=self.wall(planned))
        return observe(self.recipe, planned, stdout=result.stdout, nonce=nonce, ended=str(result.ended))

    def driven(self, spec: str, dress: Dress, *, nonce: str, limit: timedelta) -> Result:
        """One job of the driver, which gets the order `spec` and the nonce."""
        inside = python_inside()
        harness = isinstance(self.recipe.run, Harness)
        return self.contain(
            Job(
                argv=(inside.program, "-I", "-S", "-B", "/driver/overseer.py"),
                env=inside.env,
                stdin=json.dumps({**json.loads(spec), "nonce": nonce, "env_python": dict(inside.env)}).encode(),
                mounts=self.mounts(dress),
                inputs=self.inputs,
                native=harness,
                toolchain=harness,
                limits=Limits(wall=limit, cpu=limit, memory_bytes=self.recipe.memory_bytes),
            )
        )

    def wall(self, planned: PlannedRun) -> timedelta:
        """Ceiling of one run: above the driver's own deadlines, so that the driver, not the wall, ends a stall."""
        call = deadline(self.recipe, benign=planned.dress is Dress.BENIGN)
        calls = 10 if isinstance(self.recipe.oracle, Grows) else 1
        own = timedelta(0) if isinstance(self.recipe.oracle, Grows | Stalls) else self.recipe.wall
        return max(own, call * calls) + START_ALLOWANCE

    def contain(self, job: Job) -> Result:
        return contained(job, host=self.host, shipped=self.shipped)


def _compile(step: Compile) -> tuple[str, ...]:
    sources = tuple(
        f"/inputs/{s.removeprefix('input:')}" if s.startswith("input:") else f"/target/{s}" for s in step.sources
    )
    include = tuple(f"-I/target/{folder}" for folder in step.include)
    return (COMPILER, *FLAGS, *include, "-o", f"/work/{step.out}", *sources)


def _version(artefact: Artefact) -> str:
    return PackageURL.from_string(artefact.purl).version or ""


def _broken(planned: PlannedRun, why: str) -> Observation:
    return Observation(dress=planned.dress, index=planned.index, sight=Sight.BROKEN, detail=why)


def offline(laboratory: Laboratory) -> Laboratory:
    """The same place, which asks no registry."""
    return replace(laboratory, shelf=replace(laboratory.shelf, online=False))
