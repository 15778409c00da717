"""Search settings of face sets."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, SetName
from openfrs.api.dependencies import FaceSetsDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import BODY, FACE_SET, refuses
from openfrs.api.requests.body import Input, read_input
from openfrs.core.threads import run_write

router = APIRouter(tags=["search"])


class SearchSettingsInput(Input):
    """Search settings to set."""

    threshold: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Minimum similarity, 0..1, of searches that give no threshold."
    )


class SearchSettingsResponse(BaseModel):
    """The search settings of a face set."""

    threshold: float | None = Field(
        description="Minimum similarity, 0..1, of searches that give no threshold; null if there is none."
    )


@router.get("/face-sets/{face_set_name}/search-settings", responses=refuses(*FACE_SET))
async def show_search_settings(principal: Reader, name: SetName, face_sets: FaceSetsDep) -> SearchSettingsResponse:
    """Show the threshold of searches that give none. Without one, such searches return the most similar faces at any similarity."""
    face_set = await run_in_threadpool(face_sets.require, principal.project.id, name)
    return SearchSettingsResponse(threshold=face_set.search_threshold)


@router.put(
    "/face-sets/{face_set_name}/search-settings",
    responses=refuses(*BODY, *FACE_SET),
    openapi_extra=body_of(SearchSettingsInput, multipart=False),
)
async def set_search_settings(
    request: Request, principal: Operator, name: SetName, face_sets: FaceSetsDep
) -> SearchSettingsResponse:
    """Set the threshold of searches in a face set that give none. The risk of the set helps to choose it."""
    values = await read_input(request, SearchSettingsInput, multipart=False)
    await run_write(face_sets.set_search_threshold, principal.project.id, name, values.threshold)
    return SearchSettingsResponse(threshold=values.threshold)


@router.delete("/face-sets/{face_set_name}/search-settings", responses=refuses(*FACE_SET))
async def delete_search_settings(principal: Operator, name: SetName, face_sets: FaceSetsDep) -> SearchSettingsResponse:
    """Delete the threshold: searches that give none return the most similar faces at any similarity."""
    await run_write(face_sets.set_search_threshold, principal.project.id, name, None)
    return SearchSettingsResponse(threshold=None)
