"""Alembic's entry: the caller gives a connection, in a transaction that holds the lock."""

from alembic import context

from analysis_records.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
