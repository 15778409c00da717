"""The catalogue of errors, and the function that renders their bodies.

``errors.csv`` is the catalogue: one row for each error, with its HTTP status, the code that clients read, the envelope, whether
this service raises it, and the text of its message. FRS documents the errors that are not raised; they keep their codes reserved.
Code that rejects a request raises :class:`ServiceError` with a key of the catalogue, and no other code builds an error body.

=========  =====================================================================================
envelope   body
=========  =====================================================================================
frs        ``{"error_code", "error_msg"}``
gateway    ``{"error_code", "error_msg", "request_id"}``
iam        ``{"error": {"code", "message", "title"}}`` (the ``code`` column holds the title)
=========  =====================================================================================
"""

import csv
import random
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any


class Envelope(StrEnum):
    """The three shapes of an error body."""

    FRS = "frs"
    GATEWAY = "gateway"
    IAM = "iam"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue; ``message`` has a ``{}`` for each argument."""

    key: str
    status: int
    code: str
    envelope: Envelope
    raised: bool
    message: str


@cache
def catalogue() -> Mapping[str, Entry]:
    """Return every error of the catalogue, by key."""
    lines = (resources.files("openfrs.core") / "errors.csv").read_text("utf-8").splitlines()
    entries = [
        Entry(
            key=row["key"],
            status=int(row["status"]),
            code=row["code"],
            envelope=Envelope(row["envelope"]),
            raised=row["raised"] == "yes",
            message=row["message"],
        )
        for row in csv.DictReader(lines)
    ]
    return MappingProxyType({entry.key: entry for entry in entries})


class ServiceError(Exception):
    """An error that the client receives, with the message of its catalogue entry.

    ``arguments`` fill the placeholders of the message in order. They reach the client and the log: never pass an image, a vector, a
    token, a password or a secret key.
    """

    def __init__(self, key: str, *arguments: object, headers: Mapping[str, str] | None = None) -> None:
        self.entry = catalogue()[key]
        if self.entry.message.count("{}") != len(arguments):
            raise TypeError(f"{key} takes {self.entry.message.count('{}')} arguments, got {len(arguments)}")
        self.message = self.entry.message.format(*arguments)
        self.headers = dict(headers or {})
        self._arguments = arguments
        super().__init__(f"{key}: {self.message}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Restore an error of another process as a plain service error."""
        return restored, (self.entry.key, self._arguments, self.headers)


def restored(key: str, arguments: tuple[object, ...], headers: Mapping[str, str]) -> ServiceError:
    """Create an error of another process again."""
    return ServiceError(key, *arguments, headers=headers)


class OperatorError(Exception):
    """A problem that the operator must fix: printed as one line on standard error, exit status 1."""


def missing_extra(purpose: str, extra: str) -> OperatorError:
    """Return the error for ``purpose``, the start of a sentence, which needs an extra of the package that is not installed.

    The command names this interpreter: in another environment ``openfrs`` would be looked up on the package index.
    """
    return OperatorError(f"{purpose}; run: {shlex.quote(sys.executable)} -m pip install 'openfrs[{extra}]'")


def wrong_format(parameter: str, reason: str) -> ServiceError:
    """Return the error for a parameter of the wrong type or range (``FRS.0012``)."""
    return ServiceError("FRS.0012", f"{parameter}: {reason}")


def too_many_requests() -> ServiceError:
    """Return the error for an overloaded process (``FRS.0033``).

    ``Retry-After`` is random, so that rejected clients do not all retry at once.
    """
    return ServiceError("FRS.0033", headers={"Retry-After": str(random.randint(1, 4))})  # noqa: S311  # not a secret


def work_stopped() -> ServiceError:
    """Return the error for work that exceeded its limits, or whose process ended (``FRS.0018/503``)."""
    return ServiceError("FRS.0018/503", headers={"Retry-After": str(random.randint(1, 4))})  # noqa: S311  # not a secret


def render(error: ServiceError, request_id: str) -> dict[str, Any]:
    """Return the JSON body of an error, in the envelope of its catalogue entry."""
    entry = error.entry
    if entry.envelope is Envelope.IAM:
        return {"error": {"code": entry.status, "message": error.message, "title": entry.code}}
    body = {"error_code": entry.code, "error_msg": error.message}
    if entry.envelope is Envelope.GATEWAY:
        body["request_id"] = request_id
    return body
