"""Silent liveness of a face in one image, and action liveness of a person in a short video."""

from fastapi import APIRouter, Depends
from starlette.requests import Request

from openfrs.api.auth import READER
from openfrs.api.dependencies import ActionLivenessDep, FetcherDep, SilentLivenessDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import IMAGE, VIDEO, refuses
from openfrs.api.requests.uploads import (
    ActionInput,
    ImageInput,
    action_request,
    read_upload,
    uploaded_image,
    uploaded_video,
)

from .schemas import ActionLivenessResponse, SilentLivenessResponse

router = APIRouter(tags=["liveness"])
v1_router = APIRouter(tags=["liveness"])


@v1_router.post(
    "/live-detect-face",
    dependencies=[Depends(READER)],
    responses=refuses(*IMAGE, "FRS.0707"),
    openapi_extra=body_of(ImageInput),
)
async def detect_silent_liveness(
    request: Request, liveness: SilentLivenessDep, fetcher: FetcherDep
) -> SilentLivenessResponse:
    """Detect presentation attacks with prints and screens: judge the largest face of an image, alive from a confidence of 0.5."""
    values = await read_upload(request, ImageInput, fetcher)
    return SilentLivenessResponse.of(await liveness.check(await uploaded_image(values)))


@router.post(
    "/live-detect",
    dependencies=[Depends(READER)],
    responses=refuses(*VIDEO, "FRS.0702", "FRS.0703", "FRS.0704"),
    openapi_extra=body_of(ActionInput),
)
async def detect_action_liveness(
    request: Request, liveness: ActionLivenessDep, fetcher: FetcherDep
) -> ActionLivenessResponse:
    """Verify that the person in a video performs the requested actions in order.

    The codes are 1 turn the head left, 2 turn it right, 3 nod, 4 open the mouth, 5 blink. Left and right are the person's own.
    """
    values = await read_upload(request, ActionInput, fetcher)
    actions = action_request(values)
    return ActionLivenessResponse.of(await liveness.check(await uploaded_video(values), actions))
