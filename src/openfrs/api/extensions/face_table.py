"""Faces of a face set as a table: filtered, sorted and counted, without the page limits of FRS."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Reader, SetName
from openfrs.api.dependencies import FacesDep
from openfrs.api.frs.schemas import FaceSetFace
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.field_schemas import FilterText
from openfrs.api.openapi.refusals import FACE_SET, QUERY, refuses
from openfrs.api.requests.body import Input, read_query
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits

router = APIRouter(tags=["faces"])


class FaceTableQuery(Input):
    """The page to return; `sort` is a custom field or `external_image_id`, by default the order of enrolment."""

    filter: FilterText | None = Field(
        None, description="A filter over custom fields, such as `age:[20 TO 40] && !(city:Oslo)`."
    )
    sort: str | None = Field(None, description="The field to sort by.")
    order: Literal["asc", "desc"] = Field("asc", description="The direction of the sort.")
    offset: Annotated[int, Field(ge=0, description="Number of matching faces to skip.")] = 0
    limit: Annotated[int, Field(ge=1, le=limits.MAX_TOP_N, description="Maximum number of faces to return.")] = 50


class FaceTableResponse(BaseModel):
    """The number of all matching faces, and one page of them."""

    total: int = Field(description="Number of all faces that match the filter.")
    faces: list[FaceSetFace]


@router.get(
    "/face-sets/{face_set_name}/faces",
    summary="List faces as a table",
    responses=refuses(*QUERY, *FACE_SET),
    openapi_extra=query_of(FaceTableQuery),
    response_model=FaceTableResponse,
)
async def tabulate_faces(request: Request, principal: Reader, name: SetName, faces: FacesDep) -> WireResponse:
    """List the faces that match a filter, sorted by a field, with their total. Faces without the field come last."""
    query = read_query(request, FaceTableQuery)
    _, total, page = await run_in_threadpool(
        faces.list_filtered,
        principal.project.id,
        name,
        filter_text=query.filter,
        sort=query.sort,
        descending=query.order == "desc",
        offset=query.offset,
        limit=query.limit,
    )
    return await serialized(
        lambda: FaceTableResponse(total=total, faces=[FaceSetFace.of(face) for face in page]), len(page)
    )
