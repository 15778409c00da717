"""Search."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from openfrs.api.auth import Reader, ServicesDependency, SetName
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FilterText, SortOrder
from openfrs.api.requests.body import read_input
from openfrs.api.requests.uploads import ImageInput, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits
from openfrs.faces.search import SearchOptions

from .schemas import BoundingBox, SearchFace, SearchResponse

router = APIRouter(tags=["search"])


class SearchInput(ImageInput):
    """A probe, and what is wanted back."""

    face_id: str | None = None
    top_n: Annotated[int, Field(ge=0, le=limits.MAX_TOP_N)] | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    return_fields: list[str] | None = None
    filter: FilterText | None = None
    sort: SortOrder | None = None


@router.post("/face-sets/{face_set_name}/search", openapi_extra=body_of(SearchInput), response_model=SearchResponse)
async def search(request: Request, principal: Reader, name: SetName, services: ServicesDependency) -> WireResponse:
    """Find the faces most like a probe: the largest face of a picture, or an enrolled face."""
    asked = await read_input(request, SearchInput)
    options = SearchOptions(
        top_n=limits.TOP_N if asked.top_n is None else asked.top_n,
        threshold=asked.threshold or 0.0,
        filter=asked.filter,
        sort=asked.sort or (),
    )
    no_image = all(value is None for value in (asked.image_base64, asked.image_url, asked.image_file))
    if asked.face_id is not None and no_image:
        found = await services.search.by_face_id(principal.project.id, name, asked.face_id, options)
    else:
        found = await services.search.by_image(
            principal.project.id, name, await uploaded_image(asked, alternative=asked.face_id), options
        )
    wanted = set(asked.return_fields or ())

    def answer() -> SearchResponse:
        return SearchResponse(
            faces=[
                SearchFace(
                    bounding_box=BoundingBox.of(hit.face.box),
                    similarity=hit.similarity,
                    external_fields={field: value for field, value in hit.face.fields.items() if field in wanted},
                    external_image_id=hit.face.external_image_id,
                    face_id=hit.face.face_id,
                )
                for hit in found
            ]
        )

    return await serialized(answer, len(found))
