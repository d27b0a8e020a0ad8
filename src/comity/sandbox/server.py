"""Start a database server of the system's own packages for a measurement, as an ordinary user, on a socket alone.

Trusted programs, no untrusted input: `comity bench workers` needs a PostgreSQL, and whoever has one passes its address.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from comity.errors import Unavailable

PACKAGES: Final = Path("/usr/lib/postgresql")


@contextmanager
def postgresql() -> Iterator[str]:
    """The SQLAlchemy address of an empty database in a private server, gone at the end of the block.

    Unavailable where PostgreSQL's server programs are not installed. It keeps its promises to the disk (`fsync`).
    """
    found = sorted(PACKAGES.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if not found:
        raise Unavailable("no PostgreSQL server is installed here: install the postgresql package, or name --database")
    programs, account = found[-1].parent, _account()
    folder = Path(tempfile.mkdtemp(prefix="comity-pg-"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        _run(account, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses= -c max_connections=200"
        _run(account, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            _run(account, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
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
    command = [str(one) for one in argv]
    quiet = subprocess.DEVNULL
    who = {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(command, cwd="/", stdin=quiet, stdout=quiet, stderr=quiet, check=False, **who)  # type: ignore[call-overload]  # options by account
    if done.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} ended with {done.returncode}")
