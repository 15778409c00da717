"""Face search (1:N identification)."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from openfrs.api.auth import Named, Searcher
from openfrs.api.dependencies import FetcherDep, SearchDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FilterText, SortOrder
from openfrs.api.openapi.refusals import FACE_SET, IMAGE, refuses
from openfrs.api.requests.uploads import ImageInput, read_upload, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits
from openfrs.faces.search import SearchOptions

from .schemas import BoundingBox, SearchFace, SearchResponse

router = APIRouter(tags=["search"])


class SearchInput(ImageInput):
    """A probe and the search options."""

    face_id: str | None = Field(None, description="The id of an enrolled face to use as the probe.")
    top_n: Annotated[int, Field(ge=0, le=limits.MAX_TOP_N)] | None = Field(
        None, description="Maximum number of results; 10 by default."
    )
    threshold: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Minimum similarity, 0..1; by default that of the face set's search settings, or 0."
    )
    return_fields: list[str] | None = Field(None, description="Names of the custom fields to return.")
    filter: FilterText | None = Field(
        None, description="A filter over custom fields, such as `age:[20 TO 40] && !(city:Oslo)`."
    )
    sort: SortOrder | None = Field(
        None, description="Numeric custom fields to sort the results by; the most similar faces are selected first."
    )


@router.post(
    "/face-sets/{face_set_name}/search",
    summary="Search faces",
    responses=refuses(*IMAGE, *FACE_SET, "FRS.0032", "FRS.0304", "FRS.0403"),
    openapi_extra=body_of(SearchInput),
    response_model=SearchResponse,
)
async def search(
    request: Request, _principal: Searcher, named: Named, searches: SearchDep, fetcher: FetcherDep
) -> WireResponse:
    """Find the faces most similar to a probe: the largest face of an image, or an enrolled face."""
    values = await read_upload(request, SearchInput, fetcher)
    options = SearchOptions(
        top_n=limits.DEFAULT_TOP_N if values.top_n is None else values.top_n,
        threshold=values.threshold,
        filter=values.filter,
        sort=values.sort or (),
    )
    has_no_image = all(value is None for value in (values.image_base64, values.image_url, values.image_file))
    if values.face_id is not None and has_no_image:
        results = await searches.by_face_id(named, values.face_id, options)
    else:
        image = await uploaded_image(values, alternative=values.face_id)
        results = await searches.by_image(named, image, options)
    return_fields = set(values.return_fields or ())

    def response() -> SearchResponse:
        return SearchResponse(
            faces=[
                SearchFace(
                    bounding_box=BoundingBox.of(result.face.box),
                    similarity=result.similarity,
                    external_fields={
                        field: value for field, value in result.face.fields.items() if field in return_fields
                    },
                    external_image_id=result.face.external_image_id,
                    face_id=result.face.face_id,
                )
                for result in results
            ]
        )

    return await serialized(response, len(results))
