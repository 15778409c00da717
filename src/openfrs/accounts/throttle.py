"""Slowing down whoever guesses passwords and keys, without locking out whoever does not."""

from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from openfrs.core.errors import ServiceError

FAILURES_FROM_ONE_ADDRESS: Final = RateLimitItemPerMinute(5, 15, "login")
"""Wrong passwords for one account from one address, before that account is locked for that address."""

FAILURES_OF_AN_ACCOUNT: Final = RateLimitItemPerMinute(50, 15, "account")
"""Wrong passwords for one account from everywhere, before it is locked for all."""

FAILURES_OF_AN_ADDRESS: Final = RateLimitItemPerMinute(60, 15, "address")
"""Wrong passwords from one address, whatever account they are for."""

UNKNOWN_KEYS_OF_AN_ADDRESS: Final = RateLimitItemPerMinute(60, 15, "key")

KNOWN_SECONDS: Final = 30 * 24 * 3600
"""How long an address counts as an account's own after a login from there."""


class Throttle:
    """Counts failures in ``storage``. A lock ends by itself 15 minutes after the first failure that led to it."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._limiter = FixedWindowRateLimiter(storage)

    def check_login(self, account: str, address: str) -> None:
        """Refuse a login that must wait.

        An account that signed in from an address before is not kept out by what others do from that address, or to that
        account from elsewhere.

        Raises:
            ServiceError: ``IAM.401`` the account is locked, ``IAM.429`` the address is.
        """
        known = self._storage.get(_known(account, address)) > 0
        if not known and not self._limiter.test(FAILURES_OF_AN_ADDRESS, address):
            raise ServiceError("IAM.429", headers={"Retry-After": str(15 * 60)})
        locked_here = not self._limiter.test(FAILURES_FROM_ONE_ADDRESS, account, address)
        if locked_here or (not known and not self._limiter.test(FAILURES_OF_AN_ACCOUNT, account)):
            raise ServiceError("IAM.401", "The account is locked.")

    def login_failed(self, account: str, address: str) -> None:
        """Count a wrong password."""
        self._count(FAILURES_FROM_ONE_ADDRESS, account, address)
        self._count(FAILURES_OF_AN_ACCOUNT, account)
        self._count(FAILURES_OF_AN_ADDRESS, address)

    def login_succeeded(self, account: str, address: str) -> None:
        """Forget the failures of an account from an address, and that it is at home there."""
        self._limiter.clear(FAILURES_FROM_ONE_ADDRESS, account, address)
        self._storage.incr(_known(account, address), KNOWN_SECONDS)

    def unknown_key_error(self, access_key: str, address: str) -> ServiceError:
        """The answer to an access key that does not exist. Too many of them from one address are told no more than that."""
        if not self._limiter.hit(UNKNOWN_KEYS_OF_AN_ADDRESS, address):
            return ServiceError("APIG.0301", "AK access failed to reach the limit, forbidden")
        return ServiceError("APIG.0301", f"Get secretKey failed,ak:{access_key},err:ak not exist")

    def is_first_use(self, signature: str, seconds: int) -> bool:
        """Whether a signature is seen for the first time in so many seconds."""
        return self._storage.incr(f"signature/{signature}", seconds) == 1

    def _count(self, item: RateLimitItem, *who: str) -> None:
        self._limiter.hit(item, *who)


def _known(account: str, address: str) -> str:
    return f"known/{account}/{address}"
