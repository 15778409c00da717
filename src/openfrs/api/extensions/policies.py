"""Policies of face sets, and whether a picture meets one: not part of FRS."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, ServicesDependency, SetName
from openfrs.api.frs.schemas import BoundingBox, FaceQuality, HeadPose
from openfrs.api.openapi.document import body_of
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import ImageInput, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.faces.policies import JudgedFace, Policy, Reason

router = APIRouter(tags=["enrolment"])


PolicyValues = Annotated[
    dict[str, Any],
    Field(
        json_schema_extra={
            "properties": Policy.model_json_schema()["properties"],
            "additionalProperties": {"type": "null"},
        }
    ),
]
"""Limits by name; ``null`` is no limit."""


class PolicyInput(Input):
    """A policy: limits by name."""

    policy: PolicyValues


class FaceCheckInput(ImageInput):
    """A picture, and what it is held against: a set's policy and faces, or a policy of the request's own."""

    face_set_name: str | None = None
    policy: PolicyValues | None = None
    single: bool | None = None


class PolicyResponse(BaseModel):
    """The limits that are set."""

    policy: Policy


class DuplicateFace(BaseModel):
    """The enrolled face that is most like a face."""

    face_id: str
    external_image_id: str
    similarity: float


class CheckedFace(BaseModel):
    """A face, why it would not be enrolled, and what was measured on it."""

    bounding_box: BoundingBox
    accepted: bool
    reasons: list[Reason]
    confidence: float
    quality: FaceQuality | None = None
    headpose: HeadPose | None = None
    duplicate: DuplicateFace | None = None

    @classmethod
    def of(cls, face: JudgedFace) -> "CheckedFace":
        """A face as the wire writes it."""
        traits, duplicate = face.template.traits, None
        if face.duplicate is not None:
            enrolled = face.duplicate.face
            duplicate = DuplicateFace(
                face_id=enrolled.face_id,
                external_image_id=enrolled.external_image_id,
                similarity=face.duplicate.similarity,
            )
        return cls(
            bounding_box=BoundingBox.of(face.template.box),
            accepted=not face.reasons,
            reasons=list(face.reasons),
            confidence=round(face.template.confidence, 4),
            quality=None if traits.quality is None else FaceQuality.of(traits.quality),
            headpose=None if traits.pose is None else HeadPose.of(traits.pose),
            duplicate=duplicate,
        )


class FaceCheckResponse(PolicyResponse):
    """The policy that faces were held against, and each face."""

    faces: list[CheckedFace]


@router.post("/face-check", openapi_extra=body_of(FaceCheckInput), response_model=FaceCheckResponse)
async def check_faces(request: Request, principal: Reader, services: ServicesDependency) -> WireResponse:
    """Whether each face of a picture would be enrolled, the reasons if not, and what was measured. Nothing is enrolled."""
    asked = await read_input(request, FaceCheckInput)
    policy, faces = await services.policies.check(
        principal.project.id, asked.face_set_name, await uploaded_image(asked), asked.policy, single=bool(asked.single)
    )
    return await serialized(
        lambda: FaceCheckResponse(policy=policy, faces=[CheckedFace.of(face) for face in faces]),
        len(faces),
        exclude_none=True,
    )


@router.get("/face-sets/{face_set_name}/policy", response_model_exclude_none=True)
async def show_policy(principal: Reader, name: SetName, services: ServicesDependency) -> PolicyResponse:
    """What a face must meet to be enrolled in a set; empty if everything is."""
    policy = await run_in_threadpool(services.policies.policy, principal.project.id, name)
    return PolicyResponse(policy=policy)


@router.put(
    "/face-sets/{face_set_name}/policy",
    openapi_extra=body_of(PolicyInput, multipart=False),
    response_model_exclude_none=True,
)
async def set_policy(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> PolicyResponse:
    """Give a set a policy in place of any other. Faces that are enrolled already stay."""
    asked = await read_input(request, PolicyInput, multipart=False)
    policy = await run_in_threadpool(services.policies.set_policy, principal.project.id, name, asked.policy)
    return PolicyResponse(policy=policy)


@router.delete("/face-sets/{face_set_name}/policy", response_model_exclude_none=True)
async def delete_policy(principal: Operator, name: SetName, services: ServicesDependency) -> PolicyResponse:
    """Take a set's policy away: every face is enrolled."""
    policy = await run_in_threadpool(services.policies.set_policy, principal.project.id, name, None)
    return PolicyResponse(policy=policy)
