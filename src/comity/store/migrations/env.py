"""Alembic's entry: runs the revisions on the connection that `comity.store.migrate` hands over, and on no other."""

from alembic import context

# tables take their place in `metadata` by being imported
from comity.store import (  # noqa: F401  for that alone
    blind,
    capabilities,
    claims,
    directives_tables,
    drafts_tables,
    engagement_calls,
    engagements,
    inventories_tables,
    letters_tables,
    mirrored_tables,
)
from comity.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
