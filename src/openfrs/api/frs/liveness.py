"""Liveness of a face in one picture, and of a person in a short video."""

from fastapi import APIRouter, Depends
from starlette.requests import Request

from openfrs.api.auth import READER, ServicesDependency
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import read_input
from openfrs.api.requests.uploads import ActionInput, ImageInput, action_request, uploaded_image, uploaded_video

from .schemas import ActionLivenessResponse, SilentLivenessResponse

router = APIRouter(tags=["liveness"])
v1_router = APIRouter(tags=["liveness"])


@v1_router.post("/live-detect-face", dependencies=[Depends(READER)], openapi_extra=body_of(ImageInput))
async def detect_silent_liveness(request: Request, services: ServicesDependency) -> SilentLivenessResponse:
    """Whether the largest face is a person's, and not that of a print or a screen: alive from a confidence of 0.5."""
    given = await read_input(request, ImageInput)
    return SilentLivenessResponse.of(await services.silent_liveness.check(await uploaded_image(given)))


@router.post("/live-detect", dependencies=[Depends(READER)], openapi_extra=body_of(ActionInput))
async def detect_action_liveness(request: Request, services: ServicesDependency) -> ActionLivenessResponse:
    """Whether the person in a video did what was asked, in that order: turn left (1) or right (2), nod (3), mouth (4), blink (5).

    Left and right are the person's own.
    """
    given = await read_input(request, ActionInput)
    wanted = action_request(given)
    return ActionLivenessResponse.of(await services.action_liveness.check(await uploaded_video(given), wanted))
