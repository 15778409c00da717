"""Faces of a set as a table: filtered, sorted, counted, without the window that FRS has."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Reader, ServicesDependency, SetName
from openfrs.api.frs.schemas import FaceSetFace
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.field_schemas import FilterText
from openfrs.api.requests.body import Input, read_query
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits

router = APIRouter(tags=["faces"])


class FaceTableQuery(Input):
    """Which faces, in what order; ``sort`` is a custom field or ``external_image_id``, else they come as they were enrolled."""

    filter: FilterText | None = None
    sort: str | None = None
    order: Literal["asc", "desc"] = "asc"
    offset: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=limits.MAX_TOP_N)] = 50


class FaceTableResponse(BaseModel):
    """How many faces there are, and the window of them asked for."""

    total: int
    faces: list[FaceSetFace]


@router.get(
    "/face-sets/{face_set_name}/faces", openapi_extra=query_of(FaceTableQuery), response_model=FaceTableResponse
)
async def tabulate_faces(
    request: Request, principal: Reader, name: SetName, services: ServicesDependency
) -> WireResponse:
    """Faces that a filter holds for, sorted by a field, with their number. Faces without a value of the field come last."""
    asked = read_query(request, FaceTableQuery)
    _, total, faces = await run_in_threadpool(
        services.faces.table,
        principal.project.id,
        name,
        filter_text=asked.filter,
        sort=asked.sort,
        descends=asked.order == "desc",
        offset=asked.offset,
        limit=asked.limit,
    )
    return await serialized(
        lambda: FaceTableResponse(total=total, faces=[FaceSetFace.of(face) for face in faces]), len(faces)
    )
