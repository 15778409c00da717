"""Logins one at a time: hashing passwords may not take the processor from those who search faces."""

import asyncio
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.metrics import REFUSED

from .authentication import Access, Login, Session

WAITING = 32
"""Logins that may wait for their turn; one more is told to come back."""

NICENESS = 10
"""Priority of the login thread: about a tenth of a core's time when all cores are busy with faces."""


class Logins:
    """Runs logins on a single thread of low priority, with a short queue before it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="login", initializer=_give_way)
        self._places = threading.BoundedSemaphore(1 + WAITING)

    async def sign_in(self, login: Login) -> Session:
        """As :meth:`Access.sign_in`.

        Raises:
            ServiceError: also ``IAM.429``, too many logins are waiting.
        """
        if not self._places.acquire(blocking=False):
            REFUSED.labels("logins").inc()
            raise ServiceError("IAM.429", headers={"Retry-After": "1"})
        future = self._pool.submit(self._access.sign_in, login)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let the login under way finish and drop the rest."""
        self._pool.shutdown(cancel_futures=True)


def _give_way() -> None:
    with contextlib.suppress(OSError, AttributeError):  # not every system has priorities for threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
