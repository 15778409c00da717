"""Failed logins in the audit log: one entry each if a password was verified, and sums of those that were rejected before."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from openfrs.core import limits
from openfrs.core.clock import utc_now
from openfrs.core.errors import ServiceError
from openfrs.core.telemetry.metrics import FAILED_LOGINS
from openfrs.core.text import plain
from openfrs.store.accounts import User

from .audit.log import LOGIN_FAILED, LOGINS_REFUSED, AuditLog
from .throttle import LoginRefusedError

if TYPE_CHECKING:
    from .authentication import Login

MAX_SUMS: Final = 200
"""Number of users and addresses that are summed separately between two calls of :meth:`FailedLogins.flush`."""


class FailedLogins:
    """Writes failed logins to the audit log.

    A guesser is slowed down by the hashing of passwords, but not while locked. Refused logins are therefore counted in memory, and
    :meth:`flush` writes one entry for each user, address and reason.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._sums: dict[tuple[tuple[str, str], ...], tuple[int, str]] = {}

    def record(self, login: "Login", user: User | None, error: ServiceError) -> None:
        """Record a login of an existing or unknown user that failed with ``error``."""
        details = {"address": login.address, "reason": error.message}
        is_refused = isinstance(error, LoginRefusedError)
        FAILED_LOGINS.labels("refused" if is_refused else "rejected").inc()
        if not is_refused:
            self._audit.record(LOGIN_FAILED, request_id=login.request_id, **_account(login, user), **details)
        else:
            self._add(details if user is None else {**_account(login, user), **details})

    def flush(self) -> None:
        """Write an entry for each sum, and start new sums."""
        with self._lock:
            sums, self._sums = self._sums, {}
        for details, (count, since) in sums.items():
            self._audit.record(LOGINS_REFUSED, count=count, since=since, **dict(details))

    def _add(self, details: Mapping[str, str]) -> None:
        key = tuple(details.items())
        with self._lock:
            if key not in self._sums and len(self._sums) >= MAX_SUMS:
                key = (("reason", details["reason"]),)
            count, since = self._sums.get(key, (0, utc_now().isoformat(timespec="milliseconds")))
            self._sums[key] = count + 1, since


def _account(login: "Login", user: User | None) -> dict[str, str]:
    """Return the name of the user, or what the client wrote, cut to the length of a name and without control characters."""
    if user is not None:
        return {"user_id": user.id, "account": f"/{user.domain.name}/{user.name}"}
    if login.user_id is not None:
        return {"account": f"id/{_cut(login.user_id)}"}
    return {"account": f"{_cut(login.domain_id)}/{_cut(login.domain_name)}/{_cut(login.user_name)}"}


def _cut(name: str | None) -> str:
    return plain((name or "")[: limits.MAX_NAME_LENGTH])
