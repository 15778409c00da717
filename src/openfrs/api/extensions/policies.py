"""Enrolment policies of face sets, and checks of images against them."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, SetName
from openfrs.api.dependencies import FetcherDep, PoliciesDep
from openfrs.api.frs.schemas import BoundingBox, FaceQuality, HeadPose
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.refusals import BODY, FACE_SET, IMAGE, refuses
from openfrs.api.requests.body import Input, read_input
from openfrs.api.requests.uploads import ImageInput, read_upload, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core.threads import run_write
from openfrs.faces.judgement import JudgedFace
from openfrs.faces.policy import DEFAULT_POLICIES, Policy, PolicyName, Reason
from openfrs.recognition.types import UnconfirmedFace

router = APIRouter(tags=["enrolment"])


PolicyLimits = Annotated[
    dict[str, Any],
    Field(
        json_schema_extra={
            "properties": Policy.model_json_schema()["properties"],
            "additionalProperties": {"type": "null"},
        }
    ),
]
"""Limits by name; ``null`` means no limit."""

PolicyValues = PolicyLimits | PolicyName
"""Limits by name, or the name of a default policy."""


class PolicyInput(Input):
    """A policy."""

    policy: PolicyValues = Field(
        description="Limits by name, where `null` means no limit; or the name of a default policy."
    )


class FaceCheckInput(ImageInput):
    """An image and what to check it against: the policy and faces of a face set, or the policy given here."""

    face_set_name: str | None = Field(None, description="The face set whose policy and faces to check against.")
    policy: PolicyValues | None = Field(
        None,
        description="The policy to check against, instead of that of the face set: limits, or a default policy's name.",
    )
    single: bool | None = Field(None, description="True to check only the largest face.")


class PolicyResponse(BaseModel):
    """The limits of a policy."""

    policy: Policy


class DefaultPolicy(PolicyResponse):
    """A default policy."""

    name: PolicyName


class DefaultPoliciesResponse(BaseModel):
    """The default policies, the most permissive first."""

    policies: list[DefaultPolicy]


class DuplicateFace(BaseModel):
    """The enrolled face that is most similar to a face."""

    face_id: str
    external_image_id: str
    similarity: float = Field(description="0..1")


class CheckedFace(BaseModel):
    """A face, the reasons against its enrolment, and its measurements."""

    bounding_box: BoundingBox
    accepted: bool = Field(description="True if the face would be enrolled.")
    reasons: list[Reason] = Field(description="The limits that the face does not meet.")
    confidence: float = Field(description="Confidence of the detection, 0..1.")
    quality: FaceQuality | None = None
    headpose: HeadPose | None = None
    recognisability: float | None = Field(
        None,
        description="How unlike other people the face is for the embedder, 0..1; absent if the embedder has no cohort.",
    )
    duplicate: DuplicateFace | None = None

    @classmethod
    def of(cls, face: JudgedFace) -> "CheckedFace":
        """Convert a checked face."""
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
            recognisability=None if face.recognisability is None else round(face.recognisability, 4),
            duplicate=duplicate,
        )

    @classmethod
    def of_unconfirmed(cls, face: UnconfirmedFace) -> "CheckedFace":
        """Convert a face that no orientation confirms."""
        return cls(
            bounding_box=BoundingBox.of(face.box),
            accepted=False,
            reasons=[Reason.UNCONFIRMED_ORIENTATION],
            confidence=round(face.confidence, 4),
        )


class FaceCheckResponse(PolicyResponse):
    """The policy applied, and each face."""

    faces: list[CheckedFace]


@router.post(
    "/face-check",
    responses=refuses(*IMAGE, "FRS.0302"),
    openapi_extra=body_of(FaceCheckInput),
    response_model=FaceCheckResponse,
)
async def check_faces(request: Request, principal: Reader, policies: PoliciesDep, fetcher: FetcherDep) -> WireResponse:
    """Check each face of an image against a policy without enrolling it: acceptance, reasons and measurements.

    If no face can be enrolled because none is confirmed upright or turned, the detected faces are returned with the reason
    `UNCONFIRMED_ORIENTATION` and without measurements.
    """
    values = await read_upload(request, FaceCheckInput, fetcher)
    image, single = await uploaded_image(values), bool(values.single)
    policy, faces = await policies.check_image(
        principal.project.id, values.face_set_name, image, values.policy, single=single
    )
    unconfirmed = [] if faces else await policies.find_unconfirmed(image, single=single)
    return await serialized(
        lambda: FaceCheckResponse(
            policy=policy, faces=[*map(CheckedFace.of, faces), *map(CheckedFace.of_unconfirmed, unconfirmed)]
        ),
        len(faces) + len(unconfirmed),
        exclude_none=True,
    )


@router.get("/policies", responses=refuses(), response_model_exclude_none=True)
async def show_default_policies(principal: Reader) -> DefaultPoliciesResponse:  # noqa: ARG001
    """Show the default policies with their limits. A policy can be given by its name wherever limits can."""
    policies = [DefaultPolicy(name=name, policy=policy) for name, policy in DEFAULT_POLICIES.items()]
    return DefaultPoliciesResponse(policies=policies)


@router.get("/face-sets/{face_set_name}/policy", responses=refuses(*FACE_SET), response_model_exclude_none=True)
async def show_policy(principal: Reader, name: SetName, policies: PoliciesDep) -> PolicyResponse:
    """Show the enrolment policy of a face set. Without a policy, which is shown empty, every face is enrolled."""
    policy = await run_in_threadpool(policies.get_policy, principal.project.id, name)
    return PolicyResponse(policy=policy)


@router.put(
    "/face-sets/{face_set_name}/policy",
    responses=refuses(*BODY, *FACE_SET),
    openapi_extra=body_of(PolicyInput, multipart=False),
    response_model_exclude_none=True,
)
async def set_policy(request: Request, principal: Operator, name: SetName, policies: PoliciesDep) -> PolicyResponse:
    """Set the enrolment policy of a face set, replacing any other. It does not affect faces enrolled before."""
    values = await read_input(request, PolicyInput, multipart=False)
    policy = await run_write(policies.set_policy, principal.project.id, name, values.policy)
    return PolicyResponse(policy=policy)


@router.delete("/face-sets/{face_set_name}/policy", responses=refuses(*FACE_SET), response_model_exclude_none=True)
async def delete_policy(principal: Operator, name: SetName, policies: PoliciesDep) -> PolicyResponse:
    """Delete the enrolment policy of a face set: every face is enrolled."""
    policy = await run_write(policies.set_policy, principal.project.id, name, "none")
    return PolicyResponse(policy=policy)
