"""Logins on one low-priority thread, so that password hashing does not slow down face recognition."""

import asyncio
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.metrics import REFUSED

from .authentication import Authenticator, Login, Session

WAITING = 32
"""Logins that may wait; the next one is rejected with ``Retry-After``."""

NICENESS = 10
"""Priority of the login thread: about a tenth of a core's time when all cores are busy with faces."""


class LoginQueue:
    """Runs logins on a single thread of low priority, with a short queue before it."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="login", initializer=_give_way)
        self._places = threading.BoundedSemaphore(1 + WAITING)

    async def sign_in(self, login: Login) -> Session:
        """As :meth:`Authenticator.sign_in`.

        Raises:
            ServiceError: also ``IAM.429``, too many logins are waiting.
        """
        if not self._places.acquire(blocking=False):
            REFUSED.labels("logins").inc()
            raise ServiceError("IAM.429", headers={"Retry-After": "1"})
        future = self._pool.submit(self._authenticator.sign_in, login)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let the login under way finish and drop the rest."""
        self._pool.shutdown(cancel_futures=True)


def _give_way() -> None:
    with contextlib.suppress(OSError, AttributeError):  # not every system has priorities for threads
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
