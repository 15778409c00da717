"""Face detection and face comparison."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request

from openfrs.api.auth import READER
from openfrs.api.dependencies import FetcherDep, RecognizerDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import ATTRIBUTE_CODE, AttributeCodes
from openfrs.api.openapi.refusals import IMAGE, refuses
from openfrs.api.requests.uploads import ImageInput, UploadInput, read_upload, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core.errors import wrong_format
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.recognition.attributes import V1_CODES, V2_CODES, Attribute, parse_attributes
from openfrs.recognition.recognizer import Recognizer

from .schemas import Attributes, BoundingBox, CompareResponse, DescribedFace, DetectedFace, DetectResponse, Landmark

router = APIRouter(tags=["recognition"])
v1_router = APIRouter(tags=["recognition"])
v2_router = APIRouter(tags=["recognition"])


class DetectInput(ImageInput):
    """An image, and the attributes to return as comma-separated codes."""

    attributes: AttributeCodes | None = Field(
        None,
        description=f"Comma-separated codes of the attributes to return: {ATTRIBUTE_CODE['description']} Others are ignored.",
    )


class CompareInput(UploadInput):
    """Two images, both sent in the same way."""

    image1_base64: str | None = Field(
        None, description="The first image: a JPEG, PNG or BMP file in base64, at most 8 MB."
    )
    image1_url: str | None = Field(None, description="The URL of the first image.")
    image1_file: bytes | None = Field(None, description="The first image as a file, at most 8 MB.")
    image2_base64: str | None = Field(
        None, description="The second image: a JPEG, PNG or BMP file in base64, at most 8 MB."
    )
    image2_url: str | None = Field(None, description="The URL of the second image.")
    image2_file: bytes | None = Field(None, description="The second image as a file, at most 8 MB.")


_DETECT: Final[dict[str, Any]] = {
    "path": "/face-detect",
    "name": "detect",
    "summary": "Detect faces",
    "dependencies": [Depends(READER)],
    "responses": refuses(*IMAGE),
    "openapi_extra": body_of(DetectInput),
    "response_model": DetectResponse,
}


@v2_router.post(**_DETECT)
async def detect(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> WireResponse:
    """Detect all faces of an image, largest first, with the attributes selected by code. Unknown codes are ignored."""
    return await _detect(request, recognizer, fetcher, V2_CODES)


@v1_router.post(**_DETECT)
async def detect_v1(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> WireResponse:
    """Detect all faces of an image, largest first, with the attributes selected by the v1 codes 0 to 5."""
    return await _detect(request, recognizer, fetcher, V1_CODES)


async def _detect(
    request: Request, recognizer: Recognizer, fetcher: Fetcher, codes: Mapping[str, Attribute]
) -> WireResponse:
    values = await read_upload(request, DetectInput, fetcher)
    attributes = parse_attributes(values.attributes, codes)
    faces = await recognizer.detect(await uploaded_image(values), attributes)

    def response() -> DetectResponse:
        return DetectResponse(
            faces=[
                DescribedFace(
                    bounding_box=BoundingBox.of(face.box),
                    attributes=Attributes.of(described) if described and attributes - {Attribute.LANDMARK} else None,
                    landmark=Landmark.of(described.landmark) if described and described.landmark else None,
                )
                for face in faces
                for described in [face.attributes]
            ]
        )

    return await serialized(response, len(faces), exclude_none=True)


@router.post(
    "/face-compare",
    summary="Compare faces",
    dependencies=[Depends(READER)],
    responses=refuses(*IMAGE, "FRS.0501"),
    openapi_extra=body_of(CompareInput),
)
async def compare(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> CompareResponse:
    """Compare the largest faces of two images. A similarity above 0.93 usually means the same person."""
    values = await read_upload(request, CompareInput, fetcher)
    first, second = await uploaded_image(values, "image1"), await uploaded_image(values, "image2")
    if first.parameter.removeprefix("image1") != second.parameter.removeprefix("image2"):
        raise wrong_format(second.parameter, "both images must be sent in the same way: as base64, file or URL")
    comparison = await recognizer.compare(first, second)
    face1, face2 = (DetectedFace(bounding_box=BoundingBox.of(box)) for box in comparison.boxes)
    return CompareResponse(image1_face=face1, similarity=comparison.similarity, image2_face=face2)
