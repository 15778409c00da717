"""An account for tests of the store."""

from datetime import datetime
from pathlib import Path

from openfrs.store.accounts import AccountRepository, Domain, Project
from openfrs.store.sqlite import SqliteDatabase

PROJECT = "p" * 32


def create_account(path: Path) -> None:
    """Make a database with one account, whose project is ``PROJECT``."""
    database = SqliteDatabase(path)
    domain = Domain("d" * 32, "domain")
    project = Project(PROJECT, "local", domain, datetime(2026, 1, 1))
    AccountRepository(database).create(domains=[domain], projects=[project])
    database.close()
