"""An account for tests of the store."""

from datetime import UTC, datetime

from openfrs.store.accounts import AccountRepository, Domain, Project

from .databases import DatabaseLocation, open_database

PROJECT = "p" * 32


def create_account(location: DatabaseLocation) -> None:
    """Create a database with one account, whose project is ``PROJECT``."""
    database = open_database(location)
    domain = Domain("d" * 32, "domain")
    project = Project(PROJECT, "local", domain, datetime(2026, 1, 1, tzinfo=UTC))
    AccountRepository(database).create(domains=[domain], projects=[project])
    database.close()
