"""Our sandbox as Inspect sees it: one session per sample, and files that come out only after everything inside is dead.

Inspect's contract: `SandboxEnvironment` of inspect_ai 0.3.285. Where we differ from its own self-check, and why:
 - no other user exists inside (and none can be made), so `user` is refused for everybody but `nobody`;
 - a command that runs out of memory or processes ends with status 137 and a word on stderr, never as an error;
 - a command over its time is not tried again: a second try of half-done work is another task.
The files of a sample are handed over in this process (`ready`), not through Inspect's log.
"""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import PurePosixPath
from typing import Any, Final, Literal, overload

import anyio.to_thread
from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)
from pydantic import BaseModel
from typing_extensions import override

from comity.errors import Unavailable
from comity.evals.challenge import LIMITS, Challenge
from comity.sandbox import session, tier
from comity.sandbox.containment import Containment
from comity.sandbox.policy import Job
from comity.sandbox.python import python_inside
from comity.sandbox.result import Ended, Result
from comity.sandbox.view import FILES_MOST, is_plain

NAME: Final = "comity"
WORK: Final = PurePosixPath("/work")
USERS: Final = (None, "nobody", "65534", "default")
KILLED: Final = 137
NOT_FOUND: Final = 127
ERRORS: Final[Mapping[int, type[OSError]]] = {
    errno.ENOENT: FileNotFoundError,
    errno.EACCES: PermissionError,
    errno.EPERM: PermissionError,
    errno.EROFS: PermissionError,
    errno.EISDIR: IsADirectoryError,
}

_ready: dict[str, tuple[Challenge, Containment, bool]] = {}


class Room(BaseModel):
    """Configuration in Inspect's sense: whose files and limits to use. Empty: an empty room with the usual limits."""

    sample: str = ""


@contextmanager
def ready(key: str, challenge: Challenge, host: Containment, *, shipped: bool) -> Iterator[None]:
    """Hold a sample's files, limits and host while it runs. `shipped`: its subject is a script (tier reduced)."""
    _ready[key] = (challenge, host, shipped)
    try:
        yield
    finally:
        del _ready[key]


@lru_cache(maxsize=1)
def this_host() -> Containment:
    """What this machine can do, when nobody handed it over (Inspect's own command line)."""
    return tier.find()


@sandboxenv(name=NAME)
class ComitySandbox(SandboxEnvironment):
    """One sample's containment."""

    def __init__(self, opened: session.Session) -> None:
        super().__init__()
        self.session = opened

    @override
    @classmethod
    async def sample_init(
        cls, task_name: str, config: BaseModel | str | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """Open the session and put the challenge's files into `/work`."""
        held = _ready.get(metadata.get("sample", ""))
        challenge, host, shipped = held or (Challenge(id="", family="", prompt=""), this_host(), False)
        return {"default": await anyio.to_thread.run_sync(partial(_open, challenge, host, shipped))}

    @override
    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: BaseModel | str | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """Kill what is left."""
        with anyio.CancelScope(shield=True):
            for environment in environments.values():
                await anyio.to_thread.run_sync(environment.as_type(ComitySandbox).session.close)

    @override
    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        """Inspect hands back what it stored in a log."""
        return Room(**config)

    @override
    @classmethod
    def default_concurrency(cls) -> int | None:
        """No limit of our own. With one, Inspect waits a random part of a second before every sample (`random()` in its
        `sandboxenv_context`), half a second on average, to be fair among tasks. A campaign runs as many samples at once
        as its protocol says; whoever runs other tasks says `--max-samples` or `--max-sandboxes`."""
        return None

    @override
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # Inspect's own name
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command; see the module's text for what differs."""
        if user not in USERS:
            raise SandboxUserUnsupportedError(f"nobody but `nobody` lives in this sandbox, so not {user!r}")
        wait = self.session.job.limits.wall if timeout is None else timedelta(seconds=timeout)
        call = partial(
            self.session.exec,
            tuple(cmd),
            stdin=input.encode() if isinstance(input, str) else input or b"",
            cwd=str(WORK / (cwd or ".")),
            env=env or {},
            timeout=wait,
            output_bytes=SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE,
        )
        try:
            done = await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        except Unavailable as error:
            raise SandboxUnavailableError(str(error)) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            return ExecResult(success=False, returncode=NOT_FOUND, stdout="", stderr=f"{cmd[0]}: {error.strerror}\n")
        except PermissionError:
            raise
        except OSError as error:
            return ExecResult(success=False, returncode=126, stdout="", stderr=f"{cmd[0]}: {error.strerror}\n")
        return _told(done, cmd)

    @override
    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write, making folders on the way."""
        content = contents.encode() if isinstance(contents, str) else contents
        try:
            await anyio.to_thread.run_sync(partial(self.session.write, str(WORK / file), content))
        except Unavailable as error:
            raise SandboxUnavailableError(str(error)) from error
        except OSError as error:
            raise _named(error, file) from error

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    @override
    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read while the sample runs (for solvers and tools; grading uses `artefacts`)."""
        most = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        try:
            call = partial(self.session.read, str(WORK / file), most_bytes=most)
            content = await anyio.to_thread.run_sync(call)
        except Unavailable as error:
            raise SandboxUnavailableError(str(error)) from error
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None) from error
            raise _named(error, file) from error
        return content.decode() if text else content

    async def artefacts(self, names: tuple[str, ...]) -> Result:
        """End the session and bring out these files of `/work`: nothing inside can touch them any more."""
        return await anyio.to_thread.run_sync(partial(self.session.close, names))


def _open(challenge: Challenge, host: Containment, shipped: bool) -> ComitySandbox:
    python = python_inside()
    folder = PurePosixPath(python.program).parent
    plain = [name for name in challenge.files if is_plain(name)][: FILES_MOST - 8]
    job = Job(
        argv=(python.program,),
        env={
            **python.env,
            "PATH": f"/usr/bin:/bin:{folder}",
            "HOME": str(WORK),
            "TMPDIR": "/tmp",  # noqa: S108  # inside
            "LANG": "C.UTF-8",
        },
        work={name: challenge.files[name] for name in plain},
        limits=challenge.limits if challenge.id else LIMITS,
        toolchain=True,
        native=True,
    )
    opened = session.start(job, host=host, shipped=shipped)
    try:
        for name, content in challenge.files.items():
            if name not in job.work:
                opened.write(str(WORK / _inside(name)), content)
    except (OSError, Unavailable):
        opened.close()
        raise
    return ComitySandbox(opened)


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise Unavailable("a challenge's file would lie outside its folder")
    return path


def _named(error: OSError, file: str) -> OSError:
    if isinstance(error, TimeoutError):
        return error
    kind = ERRORS.get(error.errno or 0, OSError)
    return kind(error.errno, error.strerror, file)


def _told(done: Result, cmd: list[str]) -> ExecResult[str]:
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    match done.ended:
        case Ended.EXITED:
            code = done.exit_code or 0
        case Ended.SIGNALLED:
            code = 128 + (done.signal or 0)
        case Ended.WALL:
            raise TimeoutError(f"{cmd[0]} ran out of time")
        case Ended.OUTPUT:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_EXEC_OUTPUT_SIZE_STR, out)
        case Ended.MEMORY | Ended.PIDS | Ended.CPU:
            code, err = KILLED, f"{err}\nkilled: {done.ended.value}\n"
    return ExecResult(success=code == 0, returncode=code, stdout=out, stderr=err)
