"""Storage of the counters of rates, failed logins and requests: the memory of this process, or Redis."""

import threading
from typing import Final

from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, Storage, storage_from_string

from openfrs.core.errors import OperatorError

_EXPIRY_SECONDS: Final = 1.0


def open_counters(uri: str) -> Storage:
    """Open the storage that the setting ``counters`` names.

    Raises:
        OperatorError: the setting is not the address of a storage.
    """
    if uri == "memory://":
        return MemoryCounters()
    try:
        storage = storage_from_string(uri)
    except ConfigurationError as error:
        raise OperatorError(f"setting counters: {error}") from error
    assert isinstance(storage, Storage)
    return storage


def is_in_memory(storage: Storage) -> bool:
    """Return whether a storage answers at once, so that the event loop may call it."""
    return isinstance(storage, MemoryStorage)


class MemoryCounters(MemoryStorage):
    """Counters in memory. Expired ones are removed every second.

    The library would start a thread for this 10 ms after a request, which takes more processor time than a short request.
    """

    STORAGE_SCHEME = ["openfrs-memory"]  # noqa: RUF012  # the library registers subclasses by it

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802  # overrides the library's private method
        if not self.timer.is_alive():
            self.timer = threading.Timer(_EXPIRY_SECONDS, self._MemoryStorage__expire_events)  # type: ignore[attr-defined]
            self.timer.daemon = True
            self.timer.start()
