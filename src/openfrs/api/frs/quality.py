"""The old quality operations: is a face sharp, and where does it look."""

from typing import Any, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request

from openfrs.api.auth import READER, ServicesDependency
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import uploaded_image
from openfrs.core import limits
from openfrs.recognition.attributes import require_trait
from openfrs.services import Services
from openfrs.vision.attributes.types import Trait, Traits

from .schemas import Angles, Blur, FaceQualityResponse

router = APIRouter(prefix="/face/quality", tags=["recognition"])


class QualityInput(Input):
    """One picture, as text; it is about its largest face."""

    image_base64: str | None = None
    image_url: str | None = None


_GUARDED: Final[dict[str, Any]] = {
    "dependencies": [Depends(READER)],
    "openapi_extra": body_of(QualityInput, multipart=False),
}


@router.post("/face-quality", **_GUARDED)
async def face_quality(request: Request, services: ServicesDependency) -> FaceQualityResponse:
    """Whether the largest face is sharp, and its head pose in degrees."""
    found = await _measured(request, services, Trait.QUALITY, Trait.POSE)
    return FaceQualityResponse(blur=_blur(found), pose=Angles.of(require_trait(found.pose)))


@router.post("/blur-classify", **_GUARDED)
async def blur_classify(request: Request, services: ServicesDependency) -> Blur:
    """Whether the largest face is sharp."""
    return _blur(await _measured(request, services, Trait.QUALITY))


@router.post("/head-pose-estimate", **_GUARDED)
async def head_pose_estimate(request: Request, services: ServicesDependency) -> Angles:
    """The head pose of the largest face, in degrees."""
    return Angles.of(require_trait((await _measured(request, services, Trait.POSE)).pose))


async def _measured(request: Request, services: Services, *wanted: Trait) -> Traits:
    given = await read_input(request, QualityInput, multipart=False)
    return await services.recognizer.measure(await uploaded_image(given), wanted)


def _blur(found: Traits) -> Blur:
    return Blur(isClarity=require_trait(found.quality).blur < limits.ADVISED_FLAW)
