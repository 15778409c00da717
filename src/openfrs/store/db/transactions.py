"""Locks that several writers of the store take."""

from sqlalchemy import Connection, select

from . import tables


def lock_project(connection: Connection, project_id: str) -> None:
    """Let no other transaction add a set to a project, nor change its keys or its records, until this one ends."""
    connection.execute(
        select(tables.projects.c.id).where(tables.projects.c.id == project_id).with_for_update(key_share=True)
    )
