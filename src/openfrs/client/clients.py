"""The clients: one exchange of requests and responses, driven by synchronous and asynchronous HTTP."""

import asyncio
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TypeVar

import httpx

from .calls import Call
from .credentials import AccessKey, Credentials, IssuedToken, Password, Token
from .errors import ApiError, ClientError, UnauthorizedError, UnreachableError
from .retries import Retries, read_retry_after

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Pause:
    """Seconds to wait before the next request."""

    seconds: float


_Exchange = Generator[httpx.Request | _Pause, httpx.Response | httpx.TransportError | None, T]
"""Yields requests and pauses, receives responses and failed connections, and returns a result."""


class _Protocol:
    """The requests of a client in their order, without input or output."""

    def __init__(self, endpoint: str, credentials: Credentials, retries: Retries) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._credentials = credentials
        self._retries = retries
        self._token: IssuedToken | None = None
        self._project_id = ""
        if isinstance(credentials, Token):
            self._token = IssuedToken(credentials.token, credentials.project_id)
            self._project_id = credentials.project_id
        elif isinstance(credentials, AccessKey):
            self._project_id = credentials.project_id

    @property
    def is_prepared(self) -> bool:
        """Return whether the project is known and the token, if there is one, is valid for a while."""
        is_current = self._token is not None and not self._token.is_due(datetime.now(UTC))
        return bool(self._project_id) and (is_current or isinstance(self._credentials, AccessKey))

    def prepare(self) -> _Exchange[None]:
        """Obtain or renew the token, and find the project."""
        match self._credentials:
            case Password() as password:
                path = "/v3/auth/tokens?nocatalog=true"
                login = self._request("POST", path, json=password.login_body())
                response = yield from self._attempts(login, is_repeatable=True)
                try:
                    self._token = IssuedToken.of(response.headers["x-subject-token"], response.json())
                except (LookupError, TypeError, ValueError):
                    raise ClientError("the server's response to the sign-in is not a token") from None
                self._project_id = self._token.project_id
            case AccessKey() as key if not self._project_id:
                listing = self._request("GET", "/v3/projects")
                response = yield from self._attempts(listing, is_repeatable=True)
                self._project_id = _only_project(response, key.project)

    def forget_token(self) -> bool:
        """Forget a token that the server rejects; return whether another can be obtained."""
        if isinstance(self._credentials, Password):
            self._token = None
            return True
        return False

    def perform(self, call: Call[T]) -> _Exchange[T]:
        """Perform an operation with the token and project of this moment."""
        headers = {} if call.body is None else {"content-type": "application/json"}
        token = self._token
        if token is not None and not call.is_public:
            headers["x-auth-token"] = token.text
        request = self._request(
            call.method,
            call.path.replace("{project_id}", self._project_id),
            params={name: _query_text(value) for name, value in call.query.items()},
            json=call.body,
            headers=headers,
        )
        response = yield from self._attempts(request, is_repeatable=call.may_repeat, is_signed=not call.is_public)
        try:
            return call.parse(response.content)
        except ValueError:
            raise ClientError(f"the response to {call.method} {call.path} is not of its type") from None

    def _request(self, method: str, path: str, **parts: Any) -> httpx.Request:
        return httpx.Request(method, self._endpoint + path, **parts)

    def _attempts(
        self, request: httpx.Request, *, is_repeatable: bool, is_signed: bool = True
    ) -> _Exchange[httpx.Response]:
        attempt = 0
        while True:
            attempt += 1
            if isinstance(self._credentials, AccessKey) and is_signed:
                self._credentials.sign(request, datetime.now(UTC))
            result = yield request
            if isinstance(result, httpx.Response) and result.is_success:
                return result
            if isinstance(result, httpx.Response):
                status, retry_after = result.status_code, read_retry_after(result.headers.get("retry-after"))
                error: ClientError = _error(result, retry_after)
            else:
                status, retry_after = None, None
                error = UnreachableError(f"{self._endpoint} does not answer: {type(result).__name__}")
            delay = self._retries.delay(attempt, status=status, retry_after=retry_after, is_repeatable=is_repeatable)
            if delay is None:
                raise error
            yield _Pause(delay)


class Client:
    """A synchronous client. Threads may share it.

    ``http`` is a client of httpx with settings of its own, such as certificates and proxies; by default the one of the environment.

    Raises:
        ApiError: The server rejected the request.
        UnreachableError: The server did not answer.
        ClientError: The response cannot be understood.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        retries: Retries | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        self._protocol = _Protocol(endpoint, credentials, retries or Retries())
        self._http = http or httpx.Client(timeout=_TIMEOUT_SECONDS)
        self._preparing = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Perform an operation and return its result. A token that was revoked is replaced once."""
        self._prepare(call)
        try:
            return self._drive(self._protocol.perform(call))
        except UnauthorizedError:
            if call.is_public or not self._protocol.forget_token():
                raise
        self._prepare(call)
        return self._drive(self._protocol.perform(call))

    def _prepare(self, call: Call[Any]) -> None:
        if call.is_public or self._protocol.is_prepared:
            return
        with self._preparing:
            if not self._protocol.is_prepared:
                self._drive(self._protocol.prepare())

    def _drive(self, exchange: _Exchange[T]) -> T:
        answer: httpx.Response | httpx.TransportError | None = None
        try:
            while True:
                step = exchange.send(answer)
                if isinstance(step, _Pause):
                    time.sleep(step.seconds)
                    answer = None
                else:
                    try:
                        answer = self._http.send(step)
                    except httpx.TransportError as error:
                        answer = error
        except StopIteration as end:
            result: T = end.value
            return result


class AsyncClient:
    """An asynchronous client, as :class:`Client`."""

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        retries: Retries | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._protocol = _Protocol(endpoint, credentials, retries or Retries())
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT_SECONDS)
        self._preparing = asyncio.Lock()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Perform an operation and return its result. A token that was revoked is replaced once."""
        await self._prepare(call)
        try:
            return await self._drive(self._protocol.perform(call))
        except UnauthorizedError:
            if call.is_public or not self._protocol.forget_token():
                raise
        await self._prepare(call)
        return await self._drive(self._protocol.perform(call))

    async def _prepare(self, call: Call[Any]) -> None:
        if call.is_public or self._protocol.is_prepared:
            return
        async with self._preparing:
            if not self._protocol.is_prepared:
                await self._drive(self._protocol.prepare())

    async def _drive(self, exchange: _Exchange[T]) -> T:
        answer: httpx.Response | httpx.TransportError | None = None
        try:
            while True:
                step = exchange.send(answer)
                if isinstance(step, _Pause):
                    await asyncio.sleep(step.seconds)
                    answer = None
                else:
                    try:
                        answer = await self._http.send(step)
                    except httpx.TransportError as error:
                        answer = error
        except StopIteration as end:
            result: T = end.value
            return result


def _query_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _error(response: httpx.Response, retry_after: float | None) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = None
    return ApiError.of(response.status_code, body, response.headers.get("x-request-id", ""), retry_after)


def _only_project(response: httpx.Response, wanted: str) -> str:
    try:
        projects = {str(each["name"]): str(each["id"]) for each in response.json()["projects"]}
    except (LookupError, TypeError, ValueError):
        raise ClientError("the server's response is not a list of projects") from None
    if not wanted and len(projects) == 1:
        return next(iter(projects.values()))
    if wanted in projects:
        return projects[wanted]
    if wanted in projects.values():
        return wanted
    choices = f"name one of {', '.join(sorted(projects))}" if projects else "and none on another"
    problem = f"the user has no role on the project {wanted}" if wanted else "the user has roles on several projects"
    raise ClientError(f"{problem}; {choices}")
