"""Policies of face sets, and whether a picture meets one: not part of FRS."""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ..faces.enrolment import JudgedFace
from .body import Input, read_input
from .documentation import body_of
from .pictures import PictureInput, picture
from .security import Operator, Reader, ServicesDependency, SetName
from .wire import BoundingBox, FaceQuality, HeadPose

router = APIRouter(tags=["enrolment"])


class PolicyInput(Input):
    """A policy: limits by name."""

    policy: dict[str, Any]


class FaceCheckInput(PictureInput):
    """A picture, and what it is held against: a set's policy and faces, or a policy of the request's own."""

    face_set_name: str | None = None
    policy: dict[str, Any] | None = None
    single: bool | None = None


@router.post("/face-check", openapi_extra=body_of(FaceCheckInput))
async def check_faces(request: Request, principal: Reader, services: ServicesDependency) -> dict[str, Any]:
    """Whether each face of a picture would be enrolled, the reasons if not, and what was measured. Nothing is enrolled."""
    asked = await read_input(request, FaceCheckInput)
    policy, faces = await services.enrolment.check(
        principal.project.id, asked.face_set_name, picture(asked), asked.policy, single=bool(asked.single)
    )
    return {"policy": policy.stored(), "faces": [_told(face) for face in faces]}


@router.get("/face-sets/{face_set_name}/policy")
async def show_policy(principal: Reader, name: SetName, services: ServicesDependency) -> dict[str, Any]:
    """What a face must meet to be enrolled in a set; empty if everything is."""
    policy = await run_in_threadpool(services.enrolment.policy, principal.project.id, name)
    return {"policy": policy.stored()}


@router.put("/face-sets/{face_set_name}/policy", openapi_extra=body_of(PolicyInput, multipart=False))
async def set_policy(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> dict[str, Any]:
    """Give a set a policy in place of any other. Faces that are enrolled already stay."""
    asked = await read_input(request, PolicyInput, multipart=False)
    policy = await run_in_threadpool(services.enrolment.set_policy, principal.project.id, name, asked.policy)
    return {"policy": policy.stored()}


@router.delete("/face-sets/{face_set_name}/policy")
async def delete_policy(principal: Operator, name: SetName, services: ServicesDependency) -> dict[str, Any]:
    """Take a set's policy away: every face is enrolled."""
    policy = await run_in_threadpool(services.enrolment.set_policy, principal.project.id, name, None)
    return {"policy": policy.stored()}


def _told(face: JudgedFace) -> dict[str, Any]:
    traits, told = face.candidate.traits, dict[str, Any]()
    if traits.quality is not None:
        told["quality"] = FaceQuality.of(traits.quality).model_dump()
    if traits.pose is not None:
        told["headpose"] = HeadPose.of(traits.pose).model_dump()
    if face.duplicate is not None:
        enrolled = face.duplicate.face
        told["duplicate"] = {
            "face_id": enrolled.face_id,
            "external_image_id": enrolled.external_image_id,
            "similarity": face.duplicate.similarity,
        }
    return {
        "bounding_box": BoundingBox.of(face.candidate.template.box).model_dump(),
        "accepted": not face.reasons,
        "reasons": list(face.reasons),
        "confidence": round(face.candidate.confidence, 4),
        **told,
    }
