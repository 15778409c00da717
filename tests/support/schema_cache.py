"""The newest schema of an empty SQLite database, recorded once in a process: replaying it is ten times as fast as migrating."""

from collections.abc import Callable

from sqlalchemy import Connection

Upgrade = Callable[[Connection, str | None, str, Callable[[str], str]], None]


class SchemaCache:
    """Stand in for :func:`openfrs.store.db.schema.upgrade`; an empty SQLite database gets the schema that the first one got."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self._statements: list[str] = []

    def __call__(
        self, connection: Connection, current: str | None, location: str, preserve: Callable[[str], str]
    ) -> None:
        """Bring a database to the newest schema."""
        if current is not None or connection.dialect.name != "sqlite":
            self._upgrade(connection, current, location, preserve)
        elif self._statements:
            for statement in self._statements:
                connection.exec_driver_sql(statement)
        else:
            self._upgrade(connection, current, location, preserve)
            query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            self._statements = [*connection.exec_driver_sql(query).scalars()]
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
            self._statements.append(f"INSERT INTO alembic_version VALUES ('{revision}')")
