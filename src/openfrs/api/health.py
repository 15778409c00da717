"""Liveness and readiness probes."""

from fastapi import APIRouter

from openfrs.core.errors import ServiceError
from openfrs.core.threads import run_probe

from .dependencies import ReadinessDep
from .openapi.refusals import refuses_without_project

router = APIRouter(tags=["health"])


@router.get("/health", summary="Liveness probe", responses=refuses_without_project())
async def health() -> dict[str, str]:
    """Report that the process responds."""
    return {"status": "ok"}


@router.get(
    "/ready", summary="Readiness probe", responses=refuses_without_project("APIG.0201/502", "APIG.0201/loading")
)
async def ready(readiness: ReadinessDep) -> dict[str, str]:
    """Report that the models are loaded and the store responds.

    The service is also ready while its Milvus server is `out of reach`: face sets that fit into memory are then searched there.
    """
    if not readiness.models_are_loaded:
        raise ServiceError("APIG.0201/loading", headers={"Retry-After": "1"})
    if not await run_probe(readiness.store_responds):
        raise ServiceError("APIG.0201/502")
    if not readiness.milvus_responds:
        return {"status": "ready", "milvus": "out of reach"}
    return {"status": "ready"}
