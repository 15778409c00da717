"""Which services a project has: all of them."""

from typing import Any

from fastapi import APIRouter

from .security import Reader

router = APIRouter(tags=["subscription"])

SERVICES = ("detect_service", "compare_service", "live_detect_service", "search_service")


@router.get("/subscribe")
async def show_subscribes(principal: Reader) -> dict[str, Any]:
    """The services of the project, and how many face sets it may have."""
    since = principal.project.created_at.strftime("%Y-%m-%d %H:%M:%S")
    services = {name: {"create_time": since, "subscribe_status": True} for name in SERVICES}
    return {"max_face_set_number": principal.limits.max_face_sets, **services}
