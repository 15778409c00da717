"""The v1 quality operations: sharpness and head pose of a face."""

from typing import Any, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.requests import Request

from openfrs.api.auth import READER
from openfrs.api.dependencies import FetcherDep, RecognizerDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import IMAGE, refuses
from openfrs.api.requests.uploads import UploadInput, read_upload, uploaded_image
from openfrs.core import limits
from openfrs.media.fetching.fetcher import Fetcher
from openfrs.recognition.attributes import require_trait
from openfrs.recognition.recognizer import Recognizer
from openfrs.vision.attributes.types import Trait, Traits

from .schemas import Angles, Blur, FaceQualityResponse

router = APIRouter(prefix="/face/quality", tags=["recognition"])


class QualityInput(UploadInput):
    """One image, as base64 or URL; its largest face is measured."""

    image_base64: str | None = Field(None, description="A JPEG, PNG or BMP file in base64, at most 8 MB.")
    image_url: str | None = Field(None, description="The URL of the file.")


_GUARDED: Final[dict[str, Any]] = {
    "dependencies": [Depends(READER)],
    "responses": refuses(*IMAGE, "FRS.0501"),
    "openapi_extra": body_of(QualityInput, multipart=False),
}


@router.post("/face-quality", **_GUARDED)
async def face_quality(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> FaceQualityResponse:
    """Measure the sharpness and the head pose, in degrees, of the largest face."""
    traits = await _measure(request, recognizer, fetcher, Trait.QUALITY, Trait.POSE)
    return FaceQualityResponse(blur=_blur(traits), pose=Angles.of(require_trait(traits.pose)))


@router.post("/blur-classify", **_GUARDED)
async def blur_classify(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> Blur:
    """Classify the largest face as sharp or blurred."""
    return _blur(await _measure(request, recognizer, fetcher, Trait.QUALITY))


@router.post("/head-pose-estimate", **_GUARDED)
async def head_pose_estimate(request: Request, recognizer: RecognizerDep, fetcher: FetcherDep) -> Angles:
    """Estimate the head pose of the largest face, in degrees."""
    return Angles.of(require_trait((await _measure(request, recognizer, fetcher, Trait.POSE)).pose))


async def _measure(request: Request, recognizer: Recognizer, fetcher: Fetcher, *traits: Trait) -> Traits:
    values = await read_upload(request, QualityInput, fetcher, multipart=False)
    return await recognizer.measure(await uploaded_image(values), traits)


def _blur(traits: Traits) -> Blur:
    return Blur(isClarity=require_trait(traits.quality).blur < limits.RECOMMENDED_FLAW)
