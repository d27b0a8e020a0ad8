"""Alembic's entry: runs the revisions on the connection that `comity.store.migrate` hands over, and on no other."""

from importlib import import_module
from pkgutil import iter_modules

from alembic import context

from comity import store
from comity.store.tables import metadata

# tables take their place in `metadata` by being imported
for module in iter_modules(store.__path__):
    if not module.ispkg:
        import_module(f"comity.store.{module.name}")

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
