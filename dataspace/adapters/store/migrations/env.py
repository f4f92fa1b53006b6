"""What Alembic runs: the revisions, inside the one transaction of the connection that it was given."""

from alembic import context

from dataspace.adapters.store.tables import metadata

connection = context.config.attributes["connection"]
# SQLite can undo a CREATE TABLE: a migration that is killed leaves the older schema, never half of the newer.
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
