"""What a project did in the last hour."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from openfrs.api.auth import Reader, ServicesDependency

router = APIRouter(tags=["activity"])


class ActivityMinute(BaseModel):
    """The FRS requests that ended within a minute (UTC), and how many of them with an error."""

    start: str
    requests: int
    errors: int


class ActivityResponse(BaseModel):
    """Sixty minutes, the present one last."""

    minutes: list[ActivityMinute]


@router.get("/activity")
async def show_activity(principal: Reader, services: ServicesDependency) -> ActivityResponse:
    """FRS requests and errors of the project, minute by minute of the last hour.

    They are counted where rates are: with several processes each has its own counts unless ``OPENFRS_COUNTERS`` names Redis.
    """
    minutes = await run_in_threadpool(services.usage.last_hour, principal.project.id)
    return ActivityResponse(
        minutes=[
            ActivityMinute(start=f"{each.start:%Y-%m-%dT%H:%M:%SZ}", requests=each.requests, errors=each.errors)
            for each in minutes
        ]
    )
