"""Act: compile and run what grading planned, contained, outside the solver's namespace; and keep compiled programs.

The only file of the battery that touches the sandbox. What the runs mean is decided by `grading`.
"""

import tempfile
import threading
from datetime import timedelta
from pathlib import Path
from typing import Final

from comity.assess.battery.grading import Graded, decide, prepare
from comity.assess.battery.task import Files, Item, Native, Run, Script, Seen, Side
from comity.model.ids import Digest, digest
from comity.sandbox.containment import Containment
from comity.sandbox.policy import MIB, Job, Limits, Mount
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended
from comity.sandbox.run import run as contained

COMPILER: Final = "/usr/bin/clang"
FLAGS: Final = (
    "-std=c11", "-g1", "-O1", "-fno-inline", "-fno-omit-frame-pointer", "-w", "-Werror=implicit-function-declaration",
    "-fsanitize=address",
)  # fmt: skip
SANITIZER: Final = "detect_leaks=0:exitcode=99:abort_on_error=0:allocator_may_return_null=1"
BUILD: Final = Limits(wall=timedelta(seconds=60), cpu=timedelta(seconds=30), memory_bytes=1024 * MIB)
RUN: Final = Limits(
    wall=timedelta(seconds=20), cpu=timedelta(seconds=5), memory_bytes=512 * MIB, output_bytes=256 * 1024
)


class Bench:
    """A place that runs what graders plan; several threads may use one. Close it: compiled programs lie in a
    folder."""

    def __init__(self, containment: Containment, *, own: bool = False) -> None:
        """`own` says that every answer comes from Comity itself (verification), so that tier reduced may run it."""
        self._host, self._own = containment, own
        self._folder = tempfile.TemporaryDirectory(prefix="comity-battery-")
        self._root = Path(self._folder.name)
        self._root.chmod(0o755)
        self._built: dict[Digest, Path | None] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the compiled programs."""
        self._folder.cleanup()

    def grade(self, item: Item, side: Side, files: Files) -> Graded:
        """Grade one answer: plan, run, decide. Raises Forbidden and Unavailable as the sandbox does."""
        planned = prepare(item, side, files)
        if isinstance(planned, Graded):
            return planned
        return decide(item, side, planned, [self.see(run) for run in planned.runs])

    def see(self, run: Run) -> Seen:
        """Make one planned run."""
        return self._native(run) if isinstance(run, Native) else self._script(run)

    def _native(self, run: Native) -> Seen:
        program = self._program(run.source)
        if program is None:
            return Seen(built=False, exit_code=None, stdout=b"", stderr=b"")
        env = {"ASAN_OPTIONS": SANITIZER, "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer", "PATH": "/usr/bin:/bin"}
        mounts = (Mount(host=program, inside="/build/program"),)
        return self._contain(
            Job(
                argv=("/build/program",),
                env=env,
                stdin=run.stdin,
                mounts=mounts,
                toolchain=True,
                native=True,
                limits=RUN,
            )
        )

    def _script(self, run: Script) -> Seen:
        inside = python_inside()
        argv = (inside.program, "-I", "-S", "-B", f"/inputs/{run.main}")
        return self._contain(
            Job(argv=argv, env=inside.env, stdin=run.stdin, mounts=inside.mounts, inputs=run.files, limits=RUN)
        )

    def _contain(self, job: Job) -> Seen:
        result = contained(job, host=self._host, shipped=self._own)
        return Seen(built=True, exit_code=result.exit_code, stdout=result.stdout, stderr=result.stderr)

    def _program(self, source: bytes) -> Path | None:
        """The compiled program in a file, or None when it does not compile."""
        name = digest(source)
        with self._lock:
            if name in self._built:
                return self._built[name]
        made = self._compile(source)
        with self._lock:
            if name not in self._built:
                self._built[name] = None if made is None else self._placed(name, made)
            return self._built[name]

    def _placed(self, name: str, program: bytes) -> Path:
        path = self._root / name
        path.write_bytes(program)
        path.chmod(0o755)
        return path

    def _compile(self, source: bytes) -> bytes | None:
        result = contained(
            Job(
                argv=(COMPILER, *FLAGS, "-o", "/work/program", "/inputs/program.c"),
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TMPDIR": "/tmp"},  # noqa: S108 - a path inside
                inputs={"program.c": source},
                collect=("program",),
                toolchain=True,
                limits=BUILD,
            ),
            host=self._host,
            shipped=self._own,
        )
        if result.ended is not Ended.EXITED or result.exit_code != 0:
            return None
        return result.files.get("program")
