"""Bring a database to the newest schema: Alembic revisions that ship inside the package, one process at a time."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from comity.errors import Unavailable

HEAD: Final = max(path.name[:4] for path in Path(__file__).parent.glob("migrations/versions/[0-9]*.py"))
"""Newest revision in `migrations/versions` by its file's number: known without Alembic. A test compares the two."""
MIGRATION_LOCK: Final = 0x636F6D6974790002


def upgrade(engine: Engine) -> None:
    """Apply what is missing, in one transaction. Unavailable when the database is newer than this release."""
    if current(engine) == HEAD:
        return
    with engine.connect().execution_options(comity_write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        _apply(connection)


def current(engine: Engine) -> str | None:
    """The database's revision, None when it has none yet. Unavailable for one that this release does not know."""
    with engine.connect() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is not None and revision > HEAD:
        raise Unavailable(f"the store has schema {revision}, this release knows up to {HEAD}: upgrade Comity")
    return revision


def _apply(connection: Connection) -> None:
    if _revision(connection) != HEAD:
        to(connection, HEAD)


def to(connection: Connection, revision: str) -> None:
    """Apply revisions up to this one, in the transaction of `connection`. Unavailable for one not known here."""
    from alembic import command  # Alembic is loaded only when there is something to apply
    from alembic.config import Config

    if revision > HEAD:
        raise Unavailable(f"schema {revision} is newer than this release's {HEAD}: upgrade Comity")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
