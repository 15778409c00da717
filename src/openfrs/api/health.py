"""Whether the process lives, and whether it can serve."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from openfrs.core.errors import ServiceError

from .auth import ServicesDependency

router = APIRouter(tags=["health"])


@router.get("/health")
async def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(services: ServicesDependency) -> dict[str, str]:
    """Models are loaded and the store answers; a Milvus server that does not is told, and no reason not to serve."""
    if not await run_in_threadpool(services.is_ready):
        raise ServiceError("APIG.0201/502")
    if services.index is not None and not services.index.milvus.is_connected:
        return {"status": "ready", "milvus": "out of reach"}
    return {"status": "ready"}
