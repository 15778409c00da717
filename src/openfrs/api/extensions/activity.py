"""Request counts of a project for the last hour."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from openfrs.accounts.usage import MinuteUsage
from openfrs.api.auth import Reader
from openfrs.api.dependencies import UsageDep
from openfrs.api.openapi.refusals import refuses

router = APIRouter(tags=["activity"])


class ActivityMinute(BaseModel):
    """The number of FRS requests that ended within a minute (UTC), and of those that failed."""

    start: str = Field(description="Start of the minute in UTC.")
    requests: int
    errors: int
    client_errors: int = Field(description="Number of errors with a status of 400 to 499.")
    server_errors: int = Field(description="Number of errors with a status of 500 or more.")

    @classmethod
    def of(cls, value: MinuteUsage) -> "ActivityMinute":
        """Convert the counts of a minute."""
        return cls(
            start=f"{value.start:%Y-%m-%dT%H:%M:%SZ}",
            requests=value.requests,
            errors=value.errors,
            client_errors=value.client_errors,
            server_errors=value.server_errors,
        )


class ActivityResponse(BaseModel):
    """The last 60 minutes, the current one last."""

    minutes: list[ActivityMinute]


@router.get("/activity", responses=refuses())
async def show_activity(principal: Reader, usage: UsageDep) -> ActivityResponse:
    """Count the FRS requests and errors of the project per minute for the last hour.

    With several processes each counts its own requests, unless `OPENFRS_COUNTERS` names a Redis server.
    """
    minutes = await run_in_threadpool(usage.last_hour, principal.project.id)
    return ActivityResponse(minutes=[ActivityMinute.of(minute) for minute in minutes])
