"""The storages of the counters of rates, failed logins and requests, as the setting ``counters`` chooses them."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, Storage, storage_from_string

from openfrs.core.counters import MemoryCounters
from openfrs.core.errors import OperatorError
from openfrs.core.settings import LOCAL_COUNTERS, MEMORY_COUNTERS, Settings
from openfrs.store.counters import FileCounters
from openfrs.store.data_directory import DataDirectory


@dataclass(frozen=True, slots=True)
class Counters:
    """The storages of counters.

    ``evidence`` has failed logins, unknown keys and used signatures, which must outlive a process. ``rates`` has the requests of
    projects: they are counted in memory where there is one process, because every request waits for it.
    """

    evidence: Storage
    rates: Storage

    def close(self) -> None:
        """Close the file, if there is one."""
        if isinstance(self.evidence, FileCounters):
            self.evidence.close()


def open_counters(settings: Settings) -> Counters:
    """Open the storages that the setting ``counters`` names.

    Raises:
        OperatorError: the setting is not the address of a storage, or the file cannot be used.
    """
    if settings.counters == MEMORY_COUNTERS:
        memory = MemoryCounters()
        return Counters(memory, memory)
    if settings.counters == LOCAL_COUNTERS:
        file = _open_file(settings)
        return Counters(file, MemoryCounters() if settings.workers == 1 else file)
    try:
        storage = storage_from_string(settings.counters)
    except ConfigurationError as error:
        raise OperatorError(f"setting counters: {error}") from error
    assert isinstance(storage, Storage)
    return Counters(storage, storage)


def is_in_memory(storage: Storage) -> bool:
    """Return whether a storage answers at once, so that the event loop may call it."""
    return isinstance(storage, MemoryCounters | MemoryStorage)


def clock_of(storage: Storage) -> Callable[[], float]:
    """Return the clock of a storage's expiries: the machine's clock for those of the library."""
    return storage.now if isinstance(storage, MemoryCounters | FileCounters) else time.time


def _open_file(settings: Settings) -> FileCounters:
    path = DataDirectory(settings.data).counters
    try:
        return FileCounters(path)
    except (OSError, sqlite3.Error) as error:
        raise OperatorError(f"{path} cannot be used for counters: {error}") from error
