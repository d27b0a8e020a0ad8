"""Start a database server of the system's own packages for measurements and tests, as an ordinary user, on a socket.

Trusted programs, no untrusted input: `comity bench workers` needs a PostgreSQL, and whoever has one passes its address.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comity.errors import Unavailable

PACKAGES: Final = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `folder` holds its socket."""

    folder: Path

    def address(self, database: str = "postgres") -> str:
        """The SQLAlchemy address of one of its databases; the first is there from the start, and empty."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"


def programs() -> Path | None:
    """Folder of the newest server programs that the OS package put there, None without any."""
    found = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def postgresql(*, fsync: bool = True) -> Iterator[Server]:
    """A private server, gone at the end of the block. Without `fsync` it is faster and would not outlive a power cut.

    Unavailable where PostgreSQL's server programs are not installed, and when one of them fails.
    """
    held = programs()
    if held is None:
        raise Unavailable("no PostgreSQL server is installed here: install the postgresql package, or name --database")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="comity-pg-"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _run(account, held / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c max_connections=200 -c fsync={'on' if fsync else 'off'}"
        _run(account, held / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield Server(folder)
        finally:
            _run(account, held / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: it refuses root, so root lends it another account; others run it as themselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _run(account: pwd.struct_passwd | None, *argv: object) -> None:
    """Run one of its programs; what it complains of goes where this process complains."""
    command = [str(one) for one in argv]
    quiet = subprocess.DEVNULL
    who = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(command, cwd="/", stdin=quiet, stdout=quiet, check=False, **who)  # type: ignore[call-overload]  # options by account
    if done.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} ended with {done.returncode}")
