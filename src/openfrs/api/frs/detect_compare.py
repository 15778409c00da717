"""Detect and compare."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request

from openfrs.api.auth import READER, ServicesDependency
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import ImageInput, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core.errors import wrong_format
from openfrs.recognition.attributes import V1_CODES, V2_CODES, Attribute, parse_attributes
from openfrs.services import Services

from .schemas import Attributes, BoundingBox, CompareResponse, DescribedFace, DetectedFace, DetectResponse, Landmark

router = APIRouter(tags=["recognition"])
v1_router = APIRouter(tags=["recognition"])
v2_router = APIRouter(tags=["recognition"])


class DetectInput(ImageInput):
    """A picture, and the attributes wanted as comma-separated codes."""

    attributes: str | None = None


class CompareInput(Input):
    """Two pictures, given in the same way."""

    image1_base64: str | None = None
    image1_url: str | None = None
    image1_file: bytes | None = None
    image2_base64: str | None = None
    image2_url: str | None = None
    image2_file: bytes | None = None


_DETECT: Final[dict[str, Any]] = {
    "path": "/face-detect",
    "name": "detect",
    "dependencies": [Depends(READER)],
    "openapi_extra": body_of(DetectInput),
    "response_model": DetectResponse,
}


@v2_router.post(**_DETECT)
async def detect(request: Request, services: ServicesDependency) -> WireResponse:
    """Find the faces of a picture, with the attributes whose codes are given; codes that are not known are ignored."""
    return await _detect(request, services, V2_CODES)


@v1_router.post(**_DETECT)
async def detect_v1(request: Request, services: ServicesDependency) -> WireResponse:
    """Find the faces of a picture, with the attributes that the old codes 0 to 5 stand for."""
    return await _detect(request, services, V1_CODES)


async def _detect(request: Request, services: Services, codes: Mapping[str, Attribute]) -> WireResponse:
    given = await read_input(request, DetectInput)
    wanted = parse_attributes(given.attributes, codes)
    faces = await services.recognizer.detect(await uploaded_image(given), wanted)

    def answer() -> DetectResponse:
        return DetectResponse(
            faces=[
                DescribedFace(
                    bounding_box=BoundingBox.of(face.box),
                    attributes=Attributes.of(face.attributes) if wanted - {Attribute.LANDMARK} else None,
                    landmark=Landmark.of(face.attributes.landmark) if face.attributes.landmark else None,
                )
                for face in faces
            ]
        )

    return await serialized(answer, len(faces), exclude_none=True)


@router.post("/face-compare", dependencies=[Depends(READER)], openapi_extra=body_of(CompareInput))
async def compare(request: Request, services: ServicesDependency) -> CompareResponse:
    """Compare the largest faces of two pictures; above 0.93 they are generally of one person."""
    given = await read_input(request, CompareInput)
    first, second = await uploaded_image(given, "image1"), await uploaded_image(given, "image2")
    if first.parameter.removeprefix("image1") != second.parameter.removeprefix("image2"):
        raise wrong_format(second.parameter, "both pictures must be given in the same way")
    comparison = await services.recognizer.compare(first, second)
    one, two = (DetectedFace(bounding_box=BoundingBox.of(box)) for box in comparison.boxes)
    return CompareResponse(image1_face=one, similarity=comparison.similarity, image2_face=two)
