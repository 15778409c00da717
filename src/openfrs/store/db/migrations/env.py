"""Alembic's entry point: run the migrations on the connection that the database passes."""

from alembic import context

from openfrs.store.db.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
