"""Request bodies and queries, parsed and validated: JSON and multipart forms yield the same typed input."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from openfrs.core import limits
from openfrs.core.admission import RequestSlot
from openfrs.core.errors import ServiceError, wrong_format

from .form import FILE_SUFFIXES, parse_form

IAM_PATHS: Final = ("/v3/", "/v3.0/", "/x/v1/password", "/x/v1/console-session")
"""Prefixes of the paths with small bodies, whose errors are rendered in IAM's envelope."""


_COMPRESSIONS: Final = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"})


class Input(BaseModel):
    """Base of request models: strict types, unknown keys ignored, ``null`` the same as absent."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True)


T = TypeVar("T", bound=Input)

_FEW_COMMAS: Final = 64
"""Commas that are searched one by one, which takes a twentieth of the time of counting where a body is mostly images."""


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body as received and its SHA-256 in hex, which is empty for requests with a token: only signatures need it."""

    content: bytes
    sha256: str


def announced_body_size(request: Request) -> int | None:
    """Return the size of the body in bytes according to the headers; None if only its last chunk ends it.

    Raises:
        ServiceError: ``APIG.0201/413`` it is too large.
    """
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal():
        return None if "transfer-encoding" in request.headers else 0
    if int(announced) > _max_body_bytes(request):
        raise ServiceError("APIG.0201/413")
    return int(announced)


def _reject_compression(request: Request) -> None:
    """Reject a compressed body. Other names are ignored: some clients send a charset here."""
    for name in request.headers.get("content-encoding", "").lower().split(","):
        if name.strip() in _COMPRESSIONS:
            raise ServiceError("APIG.0201/415", name.strip())


def _max_body_bytes(request: Request) -> int:
    return limits.MAX_IAM_BODY_BYTES if request.scope["path"].startswith(IAM_PATHS) else limits.MAX_BODY_BYTES


async def raw_body(request: Request) -> RawBody:
    """Read the body once and keep it.

    Raises:
        ServiceError: ``APIG.0201`` larger than 12 MB, or 16 KB for IAM (413), compressed (415), too slow or incomplete (400);
            ``FRS.0033`` or ``IAM.429`` no capacity.
    """
    body: RawBody | None = getattr(request.state, "raw_body", None)
    if body is None:
        try:
            async with asyncio.timeout(limits.BODY_TIMEOUT_SECONDS):
                body = await _receive(request, request.state.slot)
        except ClientDisconnect:
            raise ServiceError("APIG.0201/400", "the body ended early") from None
        except TimeoutError:
            reason = f"the body took more than {limits.BODY_TIMEOUT_SECONDS} seconds"
            raise ServiceError("APIG.0201/400", reason, headers={"Connection": "close"}) from None
        request.state.slot.resume()
        request.state.raw_body = body
    return body


async def _receive(request: Request, slot: RequestSlot) -> RawBody:
    max_bytes = _max_body_bytes(request)
    announced_size = announced_body_size(request)
    if announced_size != 0:
        _reject_compression(request)
    slot.check_capacity(announced_size or 0)
    slot.pause()  # a slow client must not take up capacity
    chunks, size = list[bytes](), 0
    digest = None if request.headers.get("x-auth-token") else hashlib.sha256()
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if digest is not None:
            digest.update(chunk)
        if size > max_bytes:
            raise ServiceError("APIG.0201/413")
        slot.reserve(len(chunk))
    return RawBody(b"".join(chunks), digest.hexdigest() if digest is not None else "")


async def read_input(request: Request, model: type[T], *, multipart: bool = True) -> T:
    """Read the body as ``model``.

    Raises:
        ServiceError: ``FRS.0014`` not JSON, ``FRS.0011`` a missing parameter, ``FRS.0012`` a wrong type or range, and as
            :func:`raw_body`.
    """
    raw = await raw_body(request)
    body = raw.content
    request.state.raw_body = RawBody(b"", raw.sha256)  # the parsed copy waits in the queue: do not hold both
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    try:
        if is_form and multipart:
            content_type = request.headers["content-type"]
            parse = partial(parse_form, content_type, body, model.model_fields)
            return model.model_validate(
                parse() if len(body) < limits.LARGE_BODY_BYTES else await run_in_threadpool(parse)
            )
        return await parse_json(model, body)
    except ValidationError as error:
        raise invalid_input(error) from None
    except ValueError as error:
        raise wrong_format("the request body", str(error)) from None


async def read_iam_input(request: Request, model: type[T]) -> T:
    """Read a JSON body as ``model``. IAM does not name the wrong parameter.

    Raises:
        ServiceError: ``IAM.400`` for any wrong body, and as :func:`raw_body`.
    """
    try:
        return await parse_json(model, (await raw_body(request)).content)
    except ValueError:
        raise ServiceError("IAM.400") from None


async def parse_json(model: type[T], body: bytes) -> T:
    """Parse JSON as ``model``, on a thread if it is large.

    Raises:
        ValidationError: not JSON, or not valid for the model.
        ValueError: more values than any valid request has; each takes far more memory and time than its text.
        ServiceError: ``FRS.0012`` a text that is not a file in base64 is too long.
    """

    def parse() -> T:
        _limit_commas(body)
        values = model.model_validate_json(body)
        if len(body) > limits.MAX_TEXT_LENGTH:
            _limit_texts(values)
        return values

    return parse() if len(body) < limits.LARGE_JSON_BYTES else await run_in_threadpool(parse)


def _limit_commas(body: bytes) -> None:
    place = -1
    for _ in range(_FEW_COMMAS):
        if (place := body.find(b",", place + 1)) < 0:
            return
    if len(body.split(b",", limits.MAX_JSON_COMMAS)) > limits.MAX_JSON_COMMAS:
        raise ValueError(f"more than {limits.MAX_JSON_COMMAS} commas")


def _limit_texts(values: Input) -> None:
    for name, value in values:
        if not name.endswith(FILE_SUFFIXES) and _text_length(value) > limits.MAX_TEXT_LENGTH:
            raise wrong_format(name, f"a text of at most {limits.MAX_TEXT_LENGTH} characters")


def _text_length(value: Any) -> int:
    """Return the number of characters in a value, its keys included."""
    match value:
        case str():
            return len(value)
        case Mapping():
            return sum(_text_length(each) for item in value.items() for each in item)
        case list():
            return sum(map(_text_length, value))
    return 0


def read_query(request: Request, model: type[T]) -> T:
    """Parse the query string as ``model``.

    Raises:
        ServiceError: ``FRS.0011`` or ``FRS.0012``
    """
    try:
        return model.model_validate(dict(request.query_params), strict=False)
    except ValidationError as error:
        raise invalid_input(error) from None


def invalid_input(error: ValidationError) -> ServiceError:
    """Return the catalogue's error for pydantic's first finding, without any value of the request."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid" or not first["loc"]:
        return ServiceError("FRS.0014")
    parameter = str(first["loc"][0])
    return ServiceError("FRS.0011", parameter) if first["type"] == "missing" else wrong_format(parameter, first["msg"])
