"""Silent liveness of one person in several images."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import READER
from openfrs.api.dependencies import SilentLivenessDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import IMAGE, refuses
from openfrs.api.requests.body import Input, read_input
from openfrs.core import limits
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.base64_text import decode_base64
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.liveness.types import SeveralLooks

router = APIRouter(tags=["liveness"])

_FEWEST, _MOST = limits.IMAGES_FOR_LIVENESS


class SeveralImagesInput(Input):
    """Images of one person, taken within a few seconds."""

    images_base64: Annotated[
        list[str],
        Field(
            min_length=_FEWEST, max_length=_MOST, description="JPEG, PNG or BMP files in base64, together at most 8 MB."
        ),
    ]


class SeveralLooksResponse(BaseModel):
    """The decision on several images of one person."""

    alive: bool = Field(description="True from a confidence of 0.5, if all images show the same person.")
    confidence: float = Field(description="Confidence that the person is live, 0..1, by the mean of the log odds.")
    confidences: list[float] = Field(description="Confidence of each image, 0..1.")
    same_person: bool = Field(description="True if all images show the same person.")

    @classmethod
    def of(cls, value: SeveralLooks) -> "SeveralLooksResponse":
        """Convert a decision."""
        return cls(
            alive=value.alive,
            confidence=round(value.confidence, 4),
            confidences=[round(each, 4) for each in value.confidences],
            same_person=value.same_person,
        )


@router.post(
    "/silent-liveness",
    dependencies=[Depends(READER)],
    responses=refuses(*IMAGE, "FRS.0707"),
    openapi_extra=body_of(SeveralImagesInput, multipart=False),
)
async def detect_silent_liveness_of_several(request: Request, liveness: SilentLivenessDep) -> SeveralLooksResponse:
    """Detect presentation attacks in 2 to 5 images of one person, taken within a few seconds."""
    values = await read_input(request, SeveralImagesInput, multipart=False)
    if sum(map(len, values.images_base64)) > limits.MAX_IMAGE_BYTES:
        raise ServiceError("FRS.0017", f"1 to {limits.MAX_IMAGE_BYTES} bytes for images_base64")
    images = [
        EncodedImage(await run_in_threadpool(decode_base64, each, "images_base64"), "images_base64")
        for each in values.images_base64
    ]
    return SeveralLooksResponse.of(await liveness.check_several(tuple(images)))
