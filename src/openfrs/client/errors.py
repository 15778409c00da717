"""Errors of the client."""

from typing import Any


class ClientError(Exception):
    """An operation failed. Messages contain no image, token, password or secret key."""


class UnreachableError(ClientError):
    """The server did not answer: it cannot be reached, or the connection broke. The operation may have been performed."""


class ApiError(ClientError):
    """The server rejected a request.

    ``code`` is FRS's or the gateway's, such as ``FRS.0302``, or the title of an IAM error; empty if a proxy answered. The log of
    the server has ``request_id``. ``retry_after`` is the value of ``Retry-After`` in seconds, if the response has one.
    """

    def __init__(
        self, status: int, code: str, message: str, request_id: str = "", retry_after: float | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        identified = f" (request {request_id})" if request_id else ""
        super().__init__(f"{code or f'status {status}'}: {message}{identified}")

    @classmethod
    def of(cls, status: int, body: Any, request_id: str, retry_after: float | None) -> "ApiError":
        """Return the error of a response by its status; ``body`` is its JSON, or None if it is none."""
        code, message = _read(body)
        kind = _KINDS.get(status, ApiError)
        return kind(status, code, message or "the response is not one of the service", request_id, retry_after)


class UnauthorizedError(ApiError):
    """The credentials are wrong, expired or revoked (401)."""


class OverloadedError(ApiError):
    """The server has no capacity, or the quota of the project is used up (429, 503). Retries did not help."""


_KINDS: dict[int, type[ApiError]] = {401: UnauthorizedError, 429: OverloadedError, 503: OverloadedError}


def _read(body: Any) -> tuple[str, str]:
    """Return code and message of an error body, in any of the three envelopes."""
    if not isinstance(body, dict):
        return "", ""
    if isinstance(error := body.get("error"), dict):
        return str(error.get("title", "")), str(error.get("message", ""))
    return str(body.get("error_code", "")), str(body.get("error_msg", ""))
