"""Service subscriptions of a project: always all of them."""

from fastapi import APIRouter
from pydantic import BaseModel

from openfrs.accounts.principal import Principal
from openfrs.api.auth import Reader
from openfrs.api.openapi.refusals import refuses

router = APIRouter(tags=["subscription"])


class Subscription(BaseModel):
    """A subscribed service and the start of its subscription (UTC)."""

    create_time: str
    subscribe_status: bool


class SubscribesResponse(BaseModel):
    """The subscribed services of a project and its maximum number of face sets."""

    max_face_set_number: int
    detect_service: Subscription
    compare_service: Subscription
    live_detect_service: Subscription
    search_service: Subscription


@router.get("/subscribe", summary="Show subscriptions", responses=refuses())
async def show_subscribes(principal: Reader) -> SubscribesResponse:
    """Show the subscribed services of the project and its maximum number of face sets."""
    return _subscriptions(principal)


@router.post("/subscribe", summary="Subscribe", responses=refuses())
async def subscribe(principal: Reader) -> SubscribesResponse:
    """Show the subscribed services as `GET` does: all services are subscribed already."""
    return _subscriptions(principal)


def _subscriptions(principal: Principal) -> SubscribesResponse:
    since = principal.project.created_at.strftime("%Y-%m-%d %H:%M:%S")
    subscription = Subscription(create_time=since, subscribe_status=True)
    return SubscribesResponse(
        max_face_set_number=principal.limits.max_face_sets,
        detect_service=subscription,
        compare_service=subscription,
        live_detect_service=subscription,
        search_service=subscription,
    )
