"""The catalogue of errors and the one place that renders them.

``errors.csv`` is the catalogue: one row an error, with its HTTP status, the code a client reads, the envelope it travels in
and the text of its message. Everything that refuses a request raises :class:`ServiceError` with a key of that table; nothing
else builds an error body.

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
    """One row of the catalogue; ``message`` has a ``{}`` for each argument it needs."""

    key: str
    status: int
    code: str
    envelope: Envelope
    message: str


@cache
def catalogue() -> Mapping[str, Entry]:
    """Every error the service knows, by key."""
    lines = (resources.files("openfrs.core") / "errors.csv").read_text("utf-8").splitlines()
    rows = [
        Entry(row["key"], int(row["status"]), row["code"], Envelope(row["envelope"]), row["message"])
        for row in csv.DictReader(lines)
    ]
    return MappingProxyType({row.key: row for row in rows})


class ServiceError(Exception):
    """A refusal that the client is told about, in the words of the catalogue.

    ``arguments`` fill the placeholders of the message in order. They reach the client and the log: never pass a picture, a
    vector, a token, a password or a secret key.
    """

    def __init__(self, key: str, *arguments: object, headers: Mapping[str, str] | None = None) -> None:
        self.entry = catalogue()[key]
        if self.entry.message.count("{}") != len(arguments):
            raise TypeError(f"{key} takes {self.entry.message.count('{}')} arguments, got {len(arguments)}")
        self.message = self.entry.message.format(*arguments)
        self.headers = dict(headers or {})
        super().__init__(f"{key}: {self.message}")


class OperatorError(Exception):
    """Something the person at the command line has to mend: printed as one line, exit status 1."""


def wrong_format(parameter: str, reason: str) -> ServiceError:
    """The parameter is there, but its type or range is wrong (``FRS.0012``)."""
    return ServiceError("FRS.0012", f"{parameter}: {reason}")


def no_room() -> ServiceError:
    """Too much is under way (``FRS.0033``). When to come back is drawn anew each time: a crowd must not come back together."""
    return ServiceError("FRS.0033", headers={"Retry-After": str(random.randint(1, 4))})  # noqa: S311  # no secret


def render(error: ServiceError, request_id: str) -> dict[str, Any]:
    """The JSON body of an error, in the envelope its catalogue entry names."""
    entry = error.entry
    if entry.envelope is Envelope.IAM:
        return {"error": {"code": entry.status, "message": error.message, "title": entry.code}}
    body = {"error_code": entry.code, "error_msg": error.message}
    if entry.envelope is Envelope.GATEWAY:
        body["request_id"] = request_id
    return body
