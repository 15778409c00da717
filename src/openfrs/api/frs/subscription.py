"""Which services a project has: all of them."""

from fastapi import APIRouter
from pydantic import BaseModel

from openfrs.api.auth import Reader

router = APIRouter(tags=["subscription"])


class Subscription(BaseModel):
    """Since when (UTC) a service is the project's."""

    create_time: str
    subscribe_status: bool


class SubscribesResponse(BaseModel):
    """The services of a project, and how many face sets it may have."""

    max_face_set_number: int
    detect_service: Subscription
    compare_service: Subscription
    live_detect_service: Subscription
    search_service: Subscription


@router.get("/subscribe")
async def show_subscribes(principal: Reader) -> SubscribesResponse:
    """The services of the project, and how many face sets it may have."""
    since = principal.project.created_at.strftime("%Y-%m-%d %H:%M:%S")
    own = Subscription(create_time=since, subscribe_status=True)
    return SubscribesResponse(
        max_face_set_number=principal.limits.max_face_sets,
        detect_service=own,
        compare_service=own,
        live_detect_service=own,
        search_service=own,
    )
