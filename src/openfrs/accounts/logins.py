"""Logins on one low-priority thread, so that password hashing does not slow down face recognition."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from openfrs.core.telemetry.metrics import REJECTED
from openfrs.store.accounts import User

from .authentication import Authenticator, Login, Session
from .failed_logins import FailedLogins
from .throttle import LoginRefusedError

T = TypeVar("T")

MAX_WAITING = 32
"""Maximum number of waiting logins; further ones are rejected with ``Retry-After``."""

NICENESS = 10
"""Nice value of the login thread: about a tenth of a core while face recognition uses all cores."""


class LoginQueue:
    """Runs logins one at a time on a low-priority thread with a bounded queue."""

    def __init__(self, authenticator: Authenticator, failed_logins: FailedLogins) -> None:
        self._authenticator = authenticator
        self._failed_logins = failed_logins
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="login", initializer=_lower_priority)
        self._slots = threading.BoundedSemaphore(1 + MAX_WAITING)

    async def sign_in(self, login: Login) -> Session:
        """Queue a login; see :meth:`Authenticator.sign_in`.

        Raises:
            ServiceError: as :meth:`Authenticator.sign_in`.
            LoginRefusedError: ``IAM.429`` too many logins are waiting.
        """
        return await self._run(login, partial(self._authenticator.sign_in, login))

    async def change_password(self, login: Login, new_password: str) -> tuple[User, str]:
        """Queue the change of a password; see :meth:`Authenticator.change_password`.

        Raises:
            ServiceError: as :meth:`Authenticator.change_password`.
            LoginRefusedError: ``IAM.429`` too many logins are waiting.
        """
        return await self._run(login, partial(self._authenticator.change_password, login, new_password))

    async def _run(self, login: Login, work: Callable[[], T]) -> T:
        if not self._slots.acquire(blocking=False):
            REJECTED.labels("logins").inc()
            error = LoginRefusedError("IAM.429", headers={"Retry-After": "1"})
            self._failed_logins.record(login, None, error)
            raise error
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._slots.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish the current login and cancel waiting ones."""
        self._pool.shutdown(cancel_futures=True)


def _lower_priority() -> None:
    with contextlib.suppress(OSError, AttributeError):  # some systems have no thread priorities
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
