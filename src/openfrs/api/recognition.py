"""Detect and compare."""

from fastapi import APIRouter, Depends
from starlette.requests import Request

from ..errors import wrong_format
from .body import Input, read_input
from .documentation import body_of
from .pictures import PictureInput, picture
from .security import READER, ServicesDependency
from .wire import BoundingBox, CompareResponse, DetectedFace, DetectResponse

router = APIRouter(tags=["recognition"])


class DetectInput(PictureInput):
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


@router.post("/face-detect", dependencies=[Depends(READER)], openapi_extra=body_of(DetectInput))
async def detect(request: Request, services: ServicesDependency) -> DetectResponse:
    """Find the faces of a picture. Attribute codes that are not computed are ignored."""
    asked = await read_input(request, DetectInput)
    boxes = await services.recognizer.detect(picture(asked))
    return DetectResponse(faces=[DetectedFace(bounding_box=BoundingBox.of(box)) for box in boxes])


@router.post("/face-compare", dependencies=[Depends(READER)], openapi_extra=body_of(CompareInput))
async def compare(request: Request, services: ServicesDependency) -> CompareResponse:
    """Compare the largest faces of two pictures; above 0.93 they are generally of one person."""
    asked = await read_input(request, CompareInput)
    first, second = picture(asked, "image1"), picture(asked, "image2")
    if first.parameter.removeprefix("image1") != second.parameter.removeprefix("image2"):
        raise wrong_format(second.parameter, "both pictures must be given in the same way")
    comparison = await services.recognizer.compare(first, second)
    one, two = (DetectedFace(bounding_box=BoundingBox.of(box)) for box in comparison.boxes)
    return CompareResponse(image1_face=one, similarity=comparison.similarity, image2_face=two)
