"""A new SQLite store of a test's process begins as a copy of one that ran every migration: thousands are opened.

Stores of programs under test, PostgreSQL, and stores that hold anything are migrated as ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from comity.store import engine, migrate

_made: dict[str, bytes] = {}


def made(folder: Path) -> bytes:
    """A store that ran every migration and holds nothing, as a file; made in this folder once for each process."""
    if not _made:
        file = folder / "pattern.db"
        held = engine._engine(f"sqlite:///{file}")
        migrate.upgrade(held)
        with held.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        held.dispose()
        _made["store"] = file.read_bytes()
    return _made["store"]


@contextmanager
def copied(folder: Path, pattern: bytes = b"") -> Iterator[None]:
    """For as long as the block lasts, new stores of this process are copies of `pattern`, or of one made in `folder`
    when the first is opened.
    """

    def upgrade(opened: Engine) -> None:
        name = opened.url.database
        if opened.dialect.name == "sqlite" and name and not Path(name).stat().st_size:
            Path(name).write_bytes(pattern or made(folder))
        migrate.upgrade(opened)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "upgrade", upgrade)
        yield
