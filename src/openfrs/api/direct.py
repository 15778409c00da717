"""Requests served without FastAPI, whose routing and dependencies would take longer than a short request itself.

FastAPI reads the declarations of the routes for the document, and serves the few routes that use more of it. For all others the
parameters of the endpoint are resolved once, when the application is created, to functions that return their values.
"""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import APIKeyHeader
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from openfrs.accounts.principal import Principal

from .auth import Permission, decoded_set_name, name_of_set, named_set
from .dependencies import Provider, services_of
from .error_handlers import is_expected, response_to
from .responses import WireResponse

Source = Callable[[Request, Principal | None], object]
"""Returns the value of one parameter of an endpoint."""

_PARAMETER: Final = "/"
"""Stands for a parameter among the segments of a path, none of which can be a slash."""


@dataclass(frozen=True, slots=True)
class DirectRoute:
    """A route whose parameters need no work of FastAPI."""

    route: APIRoute
    path_parameters: tuple[str, ...]
    permission: Permission | None
    loads_set: bool
    """True if the endpoint receives the face set that the path names."""

    sources: tuple[tuple[str, Source], ...]

    async def respond(self, request: Request, stack: ExitStack) -> Response:
        """Return the response of the endpoint; the project's concurrency limit applies until ``stack`` is closed."""
        principal: Principal | None = None
        if self.permission is not None:
            project_id = request.path_params["project_id"]
            principal = await self.permission.admit(request, project_id, load_set=self.loads_set)
            stack.enter_context(services_of(request).quotas.concurrent_request(principal.project.id, principal.limits))
        endpoint: Callable[..., Awaitable[Any]] = self.route.endpoint
        result = await endpoint(**{name: source(request, principal) for name, source in self.sources})
        if isinstance(result, Response):
            return result
        if isinstance(result, BaseModel):
            exclude_none = self.route.response_model_exclude_none
            return WireResponse(result.model_dump_json(by_alias=True, exclude_none=exclude_none).encode())
        return WireResponse(result)


@dataclass(slots=True)
class _Node:
    """The routes below a prefix of the path, by the next segment, and those that end here, by method."""

    children: dict[str, "_Node"] = field(default_factory=dict)
    routes: dict[str, DirectRoute] = field(default_factory=dict)


class DirectRoutes:
    """ASGI application that serves what it can itself and passes other requests on to FastAPI, also unknown ones."""

    def __init__(self, app: FastAPI) -> None:
        self._app: ASGIApp = app
        self._fastapi = app
        self._root = _Node()
        for context in iter_route_contexts(app.routes):
            if (direct := direct_route(context)) is not None:
                self._add(str(context.path), context.methods or (), direct)

    def find(self, method: str, path: str) -> tuple[DirectRoute, dict[str, str]] | None:
        """Return the route of a path with its path parameters, or None if FastAPI has to find it."""
        node, values = self._root, []
        for segment in path.split("/"):
            child = node.children.get(segment)
            if child is None:
                child = node.children.get(_PARAMETER)
                if child is None or not segment:
                    return None
                values.append(segment)
            node = child
        direct = node.routes.get(method)
        return None if direct is None else (direct, dict(zip(direct.path_parameters, values, strict=True)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self.find(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        direct, path_parameters = found
        scope.update({"app": self._fastapi, "route": direct.route, "path_params": path_parameters})
        request = Request(scope, receive, send)
        unexpected: Exception | None = None
        try:
            with ExitStack() as stack:
                response = await direct.respond(request, stack)
        except Exception as error:
            response = response_to(request, error)
            unexpected = None if is_expected(error) else error
        await response(scope, receive, send)
        if unexpected is not None:
            raise unexpected

    def _add(self, path: str, methods: "set[str] | tuple[()]", direct: DirectRoute) -> None:
        node = self._root
        for segment in path.split("/"):
            node = node.children.setdefault(_PARAMETER if segment.startswith("{") else segment, _Node())
        for method in methods:
            node.routes.setdefault(method, direct)


def direct_route(context: RouteContext) -> DirectRoute | None:
    """Return a route that can be served directly; None if its declaration needs FastAPI."""
    route = context.original_route
    if not isinstance(route, APIRoute) or route.status_code not in {None, 200} or ":path}" in str(context.path):
        return None
    dependant: Dependant = context.dependant
    if dependant.query_params or dependant.header_params or dependant.cookie_params or dependant.body_params:
        return None
    if dependant.path_params:
        return None
    permission: Permission | None = None
    loads_set = any(each.call is named_set for each in dependant.dependencies)
    sources = list[tuple[str, Source]]()
    if dependant.request_param_name:
        sources.append((dependant.request_param_name, _request))
    for each in dependant.dependencies:
        if isinstance(each.call, Permission):
            permission = each.call
        source = _source(each.call)
        if source is None:
            return None
        if each.name is not None:
            sources.append((each.name, source))
    parameters = tuple(each[1:-1] for each in str(context.path).split("/") if each.startswith("{"))
    return DirectRoute(route, parameters, permission, loads_set, tuple(sources))


def _source(dependency: object) -> Source | None:
    """Return the source of a dependency's value; None for a dependency that FastAPI has to call."""
    match dependency:
        case Permission():
            return _principal
        case Provider(select=select):
            return lambda request, _: select(services_of(request))
        case APIKeyHeader():
            return _nothing  # it only documents the header
        case _ if dependency is named_set:
            return lambda request, _: request.state.named_set
        case _ if dependency is decoded_set_name:
            return lambda request, _: name_of_set(request)
    return None


def _request(request: Request, _principal: Principal | None) -> Request:
    return request


def _principal(_request: Request, principal: Principal | None) -> Principal | None:
    return principal


def _nothing(_request: Request, _principal: Principal | None) -> None:
    return None
