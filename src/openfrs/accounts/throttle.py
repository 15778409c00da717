"""Rate limits for failed logins and unknown access keys."""

import ipaddress
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from openfrs.core.errors import ServiceError

_WINDOW_MINUTES: Final = 15

FAILURES_FROM_ONE_ADDRESS: Final = RateLimitItemPerMinute(5, _WINDOW_MINUTES, "login")
"""Failed logins to an account from one address, after which the account is locked for that address."""

FAILURES_OF_AN_ACCOUNT: Final = RateLimitItemPerMinute(50, _WINDOW_MINUTES, "account")
"""Failed logins to an account from all addresses, after which it is locked for unknown addresses."""

FAILURES_OF_AN_ADDRESS: Final = RateLimitItemPerMinute(60, _WINDOW_MINUTES, "address")
"""Failed logins from one address to any account, after which the address is locked."""

UNKNOWN_KEYS_OF_AN_ADDRESS: Final = RateLimitItemPerMinute(60, _WINDOW_MINUTES, "key")
"""Unknown access keys from one address, after which the message no longer says that the key is unknown."""

KNOWN_SECONDS: Final = 30 * 24 * 3600
"""Seconds for which an address counts as known to an account after a login."""


class LoginRefusedError(ServiceError):
    """A login that was rejected before its password was verified."""


class Throttle:
    """Counts failures in ``storage``. A lock expires 15 minutes after the first failure that caused it.

    An account is the key that all spellings of a user have in common. An IPv6 address stands for its network of 64 bits.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._limiter = FixedWindowRateLimiter(storage)

    def check_login(self, account: str, address: str) -> None:
        """Reject a login to a locked account or from a locked address.

        From an address known to the account, only failures of this account from this address count.

        Raises:
            LoginRefusedError: ``IAM.401`` the account is locked, ``IAM.429`` the address is locked.
        """
        address = _network(address)
        known = self._storage.get(_known_address_key(account, address)) > 0
        if not known and not self._limiter.test(FAILURES_OF_AN_ADDRESS, address):
            raise LoginRefusedError("IAM.429", headers={"Retry-After": str(_WINDOW_MINUTES * 60)})
        locked_here = not self._limiter.test(FAILURES_FROM_ONE_ADDRESS, account, address)
        if locked_here or (not known and not self._limiter.test(FAILURES_OF_AN_ACCOUNT, account)):
            raise LoginRefusedError("IAM.401", "The account is locked.")

    def record_failure(self, account: str, address: str) -> None:
        """Count a failed login."""
        address = _network(address)
        self._count(FAILURES_FROM_ONE_ADDRESS, account, address)
        self._count(FAILURES_OF_AN_ACCOUNT, account)
        self._count(FAILURES_OF_AN_ADDRESS, address)

    def record_success(self, account: str, address: str) -> None:
        """Reset the failures of an account from an address, and mark the address as known."""
        address = _network(address)
        self._limiter.clear(FAILURES_FROM_ONE_ADDRESS, account, address)
        self._storage.incr(_known_address_key(account, address), KNOWN_SECONDS)

    def unknown_key_error(self, access_key: str, address: str) -> ServiceError:
        """Return the error for an unknown access key; it gives no reason after too many of them from an address."""
        if not self._limiter.hit(UNKNOWN_KEYS_OF_AN_ADDRESS, _network(address)):
            return ServiceError("APIG.0301", "AK access failed to reach the limit, forbidden")
        return ServiceError("APIG.0301", f"Get secretKey failed,ak:{access_key},err:ak not exist")

    def _count(self, item: RateLimitItem, *identifiers: str) -> None:
        self._limiter.hit(item, *identifiers)


def _network(address: str) -> str:
    """Return the IPv6 network of 64 bits, which a single client owns, or else the address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # unknown, or a name in a test
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))


def _known_address_key(account: str, address: str) -> str:
    return f"known/{account}/{address}"
