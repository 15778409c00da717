"""The state of the process that serves a request, and the memory of the project's indexes."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from openfrs import __version__
from openfrs.api.auth import Reader
from openfrs.api.dependencies import FaceSetsDep, ReadinessDep
from openfrs.api.openapi.refusals import refuses
from openfrs.core.threads import run_probe

router = APIRouter(tags=["health"])


class IndexMemory(BaseModel):
    """Memory of the index of a face set."""

    face_set_name: str
    bytes: int


class StatusResponse(BaseModel):
    """The version and state of the process that answered."""

    version: str
    models_loaded: bool = Field(description="False while the models are loaded after a start.")
    store_responds: bool = Field(description="True if the database answers.")
    milvus_responds: bool = Field(description="False if a Milvus server is used and did not answer last time.")
    indexes: list[IndexMemory] = Field(description="Indexes of the project's face sets in the memory of this process.")


@router.get("/status", responses=refuses())
async def show_status(principal: Reader, readiness: ReadinessDep, face_sets: FaceSetsDep) -> StatusResponse:
    """Show the version and state of the process that answers, and the memory of the project's indexes in it."""
    loaded = await run_in_threadpool(face_sets.index_bytes, principal.project.id)
    return StatusResponse(
        version=__version__,
        models_loaded=readiness.models_are_loaded,
        store_responds=await run_probe(readiness.store_responds),
        milvus_responds=readiness.milvus_responds,
        indexes=[IndexMemory(face_set_name=name, bytes=size) for name, size in loaded.items()],
    )
