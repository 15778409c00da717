"""Liveness of a face in one picture."""

from fastapi import APIRouter, Depends
from starlette.requests import Request

from .body import read_input
from .documentation import body_of
from .pictures import PictureInput, picture
from .security import READER, ServicesDependency
from .wire import SilentLivenessResponse

v1_router = APIRouter(tags=["liveness"])


@v1_router.post("/live-detect-face", dependencies=[Depends(READER)], openapi_extra=body_of(PictureInput))
async def detect_silent_liveness(request: Request, services: ServicesDependency) -> SilentLivenessResponse:
    """Whether the largest face is a person's, and not that of a print or a screen: alive from a confidence of 0.5."""
    given = await read_input(request, PictureInput)
    return SilentLivenessResponse.of(await services.silent_liveness.judge(picture(given)))
