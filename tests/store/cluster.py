"""A private PostgreSQL server for tests (`sandbox.server`), with one database that each test gets emptied."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from comity.sandbox import server
from comity.sandbox.server import Server

DATABASE = "comity_tests"
EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE held record; BEGIN
  FOR held IN SELECT DISTINCT n.nspname AS s, c.relname AS t FROM pg_trigger g
    JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'dbos') AND g.tgenabled <> 'O'
  LOOP
    EXECUTE format('ALTER TABLE %I.%I ENABLE TRIGGER ALL', held.s, held.t);
  END LOOP;
  FOR held IN SELECT schemaname AS s, tablename AS t FROM pg_tables
    WHERE schemaname IN ('public', 'dbos') AND tablename NOT IN ('alembic_version', 'dbos_migrations')
  LOOP
    EXECUTE format('DELETE FROM %I.%I', held.s, held.t);
  END LOOP;
END $$;
"""
"""Triggers that a test switched off are on again, and every row is deleted: a tenth of what truncating a hundred small
tables takes, which makes new files for each."""
OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Cluster(Server):
    """A running server. Its one database is emptied for each test."""

    __slots__ = ()

    def fresh(self) -> str:
        """The SQLAlchemy URL of the database, emptied of every row; whoever was still connected is thrown out."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=DATABASE, autocommit=True) as connection:
            connection.execute(OTHERS)
            connection.execute(EMPTY)
        return self.address(DATABASE)


@contextmanager
def running() -> Iterator[Cluster]:
    """A server for as long as the block lasts; the test is skipped, with the reason printed, where there is none."""
    if server.programs() is None:
        pytest.skip("no PostgreSQL: install the postgresql package to run these tests")
    with server.postgresql(fsync=False) as held:
        with psycopg.connect(host=str(held.folder), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        yield Cluster(held.folder)
