"""Identification of every face of an image."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from openfrs.api.auth import Named, Searcher
from openfrs.api.dependencies import FetcherDep, SearchDep
from openfrs.api.frs.schemas import BoundingBox
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FilterText
from openfrs.api.openapi.refusals import FACE_SET, IMAGE, refuses
from openfrs.api.requests.uploads import ImageInput, read_upload, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.faces.search import IdentifiedFace, SearchOptions, SearchResult
from openfrs.recognition.similarity import MATCH_THRESHOLD

router = APIRouter(tags=["search"])

MAX_CANDIDATES = 10
"""Maximum number of candidates of each face."""


class IdentificationInput(ImageInput):
    """An image, and which enrolled faces to return for each of its faces."""

    top_n: Annotated[int, Field(ge=1, le=MAX_CANDIDATES, description="Maximum number of candidates of each face.")] = 1
    threshold: Annotated[float, Field(ge=0, le=1, description="Minimum similarity of a candidate, 0..1.")] = (
        MATCH_THRESHOLD
    )
    filter: FilterText | None = Field(None, description="A filter over custom fields, as in a search.")


class Candidate(BaseModel):
    """An enrolled face and its similarity, 0..1, to a face of the image."""

    face_id: str
    external_image_id: str
    external_fields: dict[str, Any]
    similarity: float = Field(description="0..1")

    @classmethod
    def of(cls, value: SearchResult) -> "Candidate":
        """Convert a search result."""
        face = value.face
        return cls(
            face_id=face.face_id,
            external_image_id=face.external_image_id,
            external_fields=dict(face.fields),
            similarity=value.similarity,
        )


class ImageFace(BaseModel):
    """A face of the image; it is of nobody in the face set if it has no candidates."""

    bounding_box: BoundingBox
    candidates: list[Candidate] = Field(description="Enrolled faces, the most similar first.")

    @classmethod
    def of(cls, value: IdentifiedFace) -> "ImageFace":
        """Convert an identified face."""
        return cls(bounding_box=BoundingBox.of(value.box), candidates=[Candidate.of(each) for each in value.results])


class IdentificationResponse(BaseModel):
    """The faces of the image, the largest first."""

    faces: list[ImageFace]


@router.post(
    "/face-sets/{face_set_name}/identify",
    responses=refuses(*IMAGE, *FACE_SET),
    openapi_extra=body_of(IdentificationInput),
    response_model=IdentificationResponse,
)
async def identify_faces(
    request: Request, _principal: Searcher, named: Named, searches: SearchDep, fetcher: FetcherDep
) -> WireResponse:
    """Search a face set for every face of an image, with one request and one detection."""
    values = await read_upload(request, IdentificationInput, fetcher)
    options = SearchOptions(top_n=values.top_n, threshold=values.threshold, filter=values.filter)
    faces = await searches.identify(named, await uploaded_image(values), options)
    return await serialized(
        lambda: IdentificationResponse(faces=[ImageFace.of(face) for face in faces]), len(faces) * values.top_n
    )
