"""Rejection of replays: signed writes that are sent a second time.

The date of a signature has whole seconds, and some SDKs sign forms without their content. Two different requests of one second can
then carry the same signature, and so can the same request sent twice on purpose, such as a deletion. A replay is therefore a
request with the signature and the body of an earlier one, received later than its client can have signed it again.
"""

from typing import Final

from limits.storage import Storage

from openfrs.core import limits
from openfrs.core.errors import ServiceError

REPEAT_SECONDS: Final = 2
"""Seconds after the first request in which an equal one counts as another request of the client."""


class ReplayGuard:
    """Remembers signed writes in ``storage`` while their signatures are valid.

    ``strict`` rejects every repetition. Otherwise one is executed within ``REPEAT_SECONDS`` of the first request.
    """

    def __init__(self, storage: Storage, *, strict: bool = False) -> None:
        self._storage = storage
        self._strict = strict

    def check(self, signature: str, body_sha256: str) -> None:
        """Remember a signed write, or reject it as a replay.

        Raises:
            ServiceError: ``APIG.0301`` the same request was received before.
        """
        used, recent = (f"{kind}/{signature}/{body_sha256}" for kind in ("signature", "repeat"))
        valid_seconds = 2 * 60 * limits.SIGNATURE_WINDOW_MINUTES
        if self._strict:
            is_replay = self._storage.incr(used, valid_seconds) > 1
        elif self._storage.get(used):
            is_replay = not self._storage.get(recent)
        else:
            # in this order, a concurrent repetition that finds the first counter also finds the second
            self._storage.incr(recent, REPEAT_SECONDS)
            self._storage.incr(used, valid_seconds)
            is_replay = False
        if is_replay:
            raise ServiceError("APIG.0301", "the signature was used before")
