"""Row locks that several writers take."""

from sqlalchemy import Connection, select

from . import tables


def lock_project(connection: Connection, project_id: str) -> None:
    """Lock the row of a project until the transaction ends.

    The lock serialises writers that add a face set to the project, change its keys or append to its deletion records.
    """
    connection.execute(
        select(tables.projects.c.id).where(tables.projects.c.id == project_id).with_for_update(key_share=True)
    )
