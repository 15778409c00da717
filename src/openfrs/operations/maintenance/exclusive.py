"""Exclusive access to the database, for maintenance while no server runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from openfrs.core.settings import Settings
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.opening import opened_database, require_data


@contextmanager
def exclusive_database(settings: Settings) -> Iterator[Database]:
    """Lock the data directory and open the database for this process alone.

    Raises:
        OperatorError: The data directory holds no database, a server runs, or the database cannot be used.
    """
    require_data(settings)
    with DataDirectory(settings.data).lock(), opened_database(settings, exclusive=True) as database:
        yield database
