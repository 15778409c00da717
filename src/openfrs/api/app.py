"""The ASGI application: routes, error handlers and middleware put together."""

from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from openfrs import __version__
from openfrs.services import Services

from . import browsers, health
from .auth import TOKEN_HEADER
from .console import ConsoleFiles, console_router
from .direct import DirectRoutes
from .error_handlers import add_error_handlers
from .extensions import (
    accounts,
    activity,
    audit,
    crops,
    external_ids,
    face_table,
    identification,
    imports,
    liveness_sessions,
    models,
    passwords,
    people,
    policies,
    retention,
    risk,
    samples,
    search_settings,
    several_looks,
    status,
)
from .frs import detect_compare, face_sets, faces, liveness, quality, search, subscription
from .iam import catalog, console_sessions, openid, tokens
from .middleware import RequestContext
from .openapi.document import document, serve_document
from .openapi.operation_ids import operation_id, with_suffix
from .responses import WireResponse


def create_app(services: Services) -> ASGIApp:
    """Create the application over a service layer."""
    app = create_routes()
    app.state.services = services
    return RequestContext(
        DirectRoutes(app),
        admission=services.admission,
        recognizer=services.recognizer,
        audit=services.audit,
        usage=services.usage,
    )


def create_routes() -> FastAPI:
    """Create all routes with their error handlers. They serve requests once ``app.state.services`` is set."""
    app: FastAPI = FastAPIOffline(
        title="OpenFRS",
        version=__version__,
        summary="Self-hosted face recognition, compatible with Huawei Cloud FRS.",
        default_response_class=WireResponse,
        redirect_slashes=False,
        redoc_url=None,
        generate_unique_id_function=operation_id,
    )
    app.openapi = partial(document, app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    both = [module.router for module in (detect_compare, face_sets, faces, search, quality, liveness)]
    for router in (*both, detect_compare.v2_router):
        app.include_router(router, prefix="/v2/{project_id}", dependencies=[TOKEN_HEADER])
    for router in (*both, detect_compare.v1_router):
        app.include_router(
            router,
            prefix="/v1/{project_id}",
            dependencies=[TOKEN_HEADER],
            generate_unique_id_function=with_suffix("V1"),
        )
    for router in (liveness.v1_router, subscription.router):
        app.include_router(router, prefix="/v1/{project_id}", dependencies=[TOKEN_HEADER])
    for extension in (
        models,
        activity,
        samples,
        status,
        policies,
        retention,
        crops,
        people,
        face_table,
        external_ids,
        imports,
        risk,
        search_settings,
        identification,
        liveness_sessions,
        several_looks,
    ):
        app.include_router(extension.router, prefix="/x/v1/{project_id}", dependencies=[TOKEN_HEADER])
    for router in (accounts.router, audit.router):
        app.include_router(router, dependencies=[TOKEN_HEADER])
    for router in (
        tokens.router,
        console_sessions.router,
        openid.router,
        passwords.router,
        catalog.router,
        health.router,
        browsers.router,
        console_router(ConsoleFiles.read()),
    ):
        app.include_router(router)
    add_error_handlers(app)
    serve_document(app)
    return app
