"""The times at which access keys were last used."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Lock
from typing import Final

from openfrs.core.clock import utc_now
from openfrs.store.accounts import AccountRepository
from openfrs.store.db.errors import StoreUnavailableError

_log = logging.getLogger(__name__)

_INTERVAL_SECONDS: Final = 60.0


class LastUseRecorder:
    """Records the last use of access keys, at most once a minute for each, on a thread: requests do not wait for the write."""

    def __init__(self, accounts: AccountRepository) -> None:
        self._accounts = accounts
        self._lock = Lock()
        self._written: dict[str, float] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="last-use")

    def record(self, access_key: str) -> None:
        """Record that an access key is used now."""
        now = time.monotonic()  # the machine's clock may be set back
        with self._lock:
            written = self._written.get(access_key)
            if written is not None and now - written < _INTERVAL_SECONDS:
                return
            self._written[access_key] = now
        self._pool.submit(self._write, access_key, utc_now())

    def close(self) -> None:
        """Finish the current write and drop the waiting ones."""
        self._pool.shutdown(cancel_futures=True)

    def _write(self, access_key: str, now: datetime) -> None:
        try:
            self._accounts.record_access_key_use(access_key, now)
        except StoreUnavailableError as error:
            _log.warning("the last use of an access key is not recorded: %s", error)
