"""Request bodies and queries, parsed and validated: JSON and multipart forms yield the same typed input."""

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, AnyStr, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from openfrs.core import limits
from openfrs.core.admission import RequestSlot
from openfrs.core.errors import ServiceError, wrong_format


class Input(BaseModel):
    """Base of request models: strict types, unknown keys ignored, ``null`` the same as absent."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True)


T = TypeVar("T", bound=Input)


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body as received and its SHA-256 in hex, which is empty for requests with a token: only signatures need it."""

    content: bytes
    sha256: str


async def raw_body(request: Request) -> RawBody:
    """Read the body once and keep it.

    Raises:
        ServiceError: ``APIG.0201`` larger than 12 MB (413), too slow or incomplete (400); ``FRS.0033`` or ``IAM.429`` no capacity.
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
    announced = request.headers.get("content-length", "")
    announced_size = int(announced) if announced.isdecimal() else 0
    if announced_size > limits.MAX_BODY_BYTES:
        raise ServiceError("APIG.0201/413")
    slot.check_capacity(announced_size)
    slot.pause()  # a slow client must not take up capacity
    chunks, size = list[bytes](), 0
    digest = None if request.headers.get("x-auth-token") else hashlib.sha256()
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if digest is not None:
            digest.update(chunk)
        if size > limits.MAX_BODY_BYTES:
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
            values = model.model_validate(await _form(request, body, model.model_fields))
        else:
            values = await parse_json(model, body)
    except ValidationError as error:
        raise invalid_input(error) from None
    except ValueError as error:
        raise wrong_format("the request body", str(error)) from None
    return values


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
    """

    def parse() -> T:
        _limit_commas(b",", body)
        return model.model_validate_json(body)

    return parse() if len(body) < limits.LARGE_BODY_BYTES else await run_in_threadpool(parse)


def _limit_commas(comma: AnyStr, text: AnyStr) -> None:
    if len(text.split(comma, limits.MAX_JSON_COMMAS)) > limits.MAX_JSON_COMMAS:
        raise ValueError(f"more than {limits.MAX_JSON_COMMAS} commas")


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


_STRING_OR_PYTHON_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\b(?:True|False|None)\b')

_JSON_WORDS: Final = {"True": "true", "False": "false", "None": "null"}


def _json_text(text: str) -> Any:
    """Parse JSON, or the almost-JSON of old Python clients: double quotes, but ``True``, ``False`` and ``None``."""
    _limit_commas(",", text)
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_STRING_OR_PYTHON_WORD.sub(lambda word: _JSON_WORDS.get(word[0], word[0]), text))


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text.strip().lower()]


_TEXT_FIELDS: Final[Mapping[str, Callable[[str], Any]]] = {
    "top_n": int,
    "threshold": float,
    "nod_threshold": float,
    "single": _flag,
    "external_fields": _json_text,
    "return_fields": _json_text,
    "sort": _json_text,
    "policy": _json_text,
}
"""Converters for the text parts of a form that are not strings."""


class _InMemoryParser(MultiPartParser):
    """Starlette's parser with every part kept in memory: images are never written to disk.

    Text parts are decoded as Latin-1, which keeps every byte. The charset of the request is ignored: some charsets take
    quadratic time.
    """

    spool_max_size = limits.MAX_BODY_BYTES + 1
    _charset = property(lambda _: "latin-1", lambda *_: None)  # the parser sets it from the request


async def _form(request: Request, body: bytes, names: Container[str]) -> dict[str, Any]:
    """Parse the parts of a multipart body with these names: files as bytes, other parts as the type of their field.

    The name decides what a part is: some clients send a file without a file name, or a text with one.
    """

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(body), limits.LARGE_BODY_BYTES):
            yield body[start : start + limits.LARGE_BODY_BYTES]
            await asyncio.sleep(0)  # yield to other requests

    parser = _InMemoryParser(
        Headers(scope=request.scope),
        stream(),  # type: ignore[arg-type]  # typed as an async generator, used as an async iterator
        max_files=limits.MAX_MULTIPART_PARTS,
        max_fields=limits.MAX_MULTIPART_PARTS,
        max_part_size=limits.MAX_BODY_BYTES,
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise wrong_format("the request body", "not a valid multipart form") from None
    try:
        parts = [(name, part) for name, part in form.multi_items() if name in names]
        if len(body) < limits.LARGE_BODY_BYTES:
            return _values(parts)
        return await run_in_threadpool(_values, parts)
    finally:
        for file in parser._files_to_close_on_error:  # form.close() misses the file of a part that was cut off
            file.close()


def _values(parts: Sequence[tuple[str, UploadFile | str]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, part in parts:
        data = part.encode("latin-1") if isinstance(part, str) else part.file.read()
        try:
            values[name] = data if name.endswith("_file") else _TEXT_FIELDS.get(name, str)(data.decode())
        except (ValueError, KeyError, RecursionError):
            raise wrong_format(name, "the text is not a value of its type") from None
    return values
