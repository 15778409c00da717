"""How long face sets keep their faces, legal holds, and what was deleted: not part of FRS."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Admin, Operator, Reader, ServicesDependency, SetName
from openfrs.api.openapi.document import body_of, query_of
from openfrs.api.requests.body import Input, read_input, read_query
from openfrs.faces.retention import RetentionRule
from openfrs.services import Services
from openfrs.store.faces.deletions import Cause, Deletion

router = APIRouter(tags=["retention"])


class RetentionInput(Input):
    """A rule: ``days``, ``date_field`` or both."""

    retention: dict[str, Any]


class LegalHoldInput(Input):
    """Why a set is held."""

    reason: str


class RetentionAnswer(BaseModel):
    """The rule of a set."""

    days: int | None = None
    date_field: str | None = None


class RetentionResponse(BaseModel):
    """When faces of a set expire, an empty rule if never, and why nothing of it may be deleted, if that is so."""

    retention: RetentionAnswer
    legal_hold: str | None = None

    @classmethod
    def of(cls, rule: RetentionRule | None, legal_hold: str | None) -> "RetentionResponse":
        """A rule and a hold as the wire writes them."""
        return cls(retention=RetentionAnswer(**(rule.to_store() if rule else {})), legal_hold=legal_hold)


class DeletionsQuery(Input):
    """Which records: those older than that of an id; at most ``limit``."""

    before: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class DeletionAnswer(BaseModel):
    """Faces of a set that were deleted together, when (UTC) and by which rule.

    The digest is the SHA-256 over the record and the digest of the project's record before.
    """

    id: int
    face_set_name: str
    face_set_id: str
    deleted_at: str
    rule: Cause
    faces: int
    face_ids: list[str]
    digest: str

    @classmethod
    def of(cls, deletion: Deletion) -> "DeletionAnswer":
        """A record as the wire writes it."""
        return cls(
            id=deletion.id,
            face_set_name=deletion.face_set,
            face_set_id=deletion.set_public_id,
            deleted_at=f"{deletion.deleted_at:%Y-%m-%dT%H:%M:%SZ}",
            rule=deletion.rule,
            faces=deletion.faces,
            face_ids=list(deletion.face_ids),
            digest=deletion.digest,
        )


class DeletionsResponse(BaseModel):
    """Records, newest first."""

    deletions: list[DeletionAnswer]


@router.get("/face-sets/{face_set_name}/retention", response_model_exclude_none=True)
async def show_retention(principal: Reader, name: SetName, services: ServicesDependency) -> RetentionResponse:
    """When faces of a set expire, and whether it is under legal hold."""
    return await run_in_threadpool(_shown, services, principal.project.id, name)


@router.put(
    "/face-sets/{face_set_name}/retention",
    openapi_extra=body_of(RetentionInput, multipart=False),
    response_model_exclude_none=True,
)
async def set_retention(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> RetentionResponse:
    """Give a set a rule in place of any other. What has expired by it is deleted at the next run."""
    asked = await read_input(request, RetentionInput, multipart=False)
    await run_in_threadpool(services.retention.set_rule, principal.project.id, name, asked.retention)
    return await run_in_threadpool(_shown, services, principal.project.id, name)


@router.delete("/face-sets/{face_set_name}/retention", response_model_exclude_none=True)
async def delete_retention(principal: Operator, name: SetName, services: ServicesDependency) -> RetentionResponse:
    """Take a set's rule away: its faces never expire."""
    await run_in_threadpool(services.retention.set_rule, principal.project.id, name, None)
    return await run_in_threadpool(_shown, services, principal.project.id, name)


@router.put(
    "/face-sets/{face_set_name}/legal-hold",
    openapi_extra=body_of(LegalHoldInput, multipart=False),
    response_model_exclude_none=True,
)
async def hold(request: Request, principal: Admin, name: SetName, services: ServicesDependency) -> RetentionResponse:
    """Put a set under legal hold: neither it nor a face of it can be deleted, nor expires, until it is released."""
    asked = await read_input(request, LegalHoldInput, multipart=False)
    await run_in_threadpool(services.retention.set_hold, principal.project.id, name, asked.reason)
    return await run_in_threadpool(_shown, services, principal.project.id, name)


@router.delete("/face-sets/{face_set_name}/legal-hold", response_model_exclude_none=True)
async def release(principal: Admin, name: SetName, services: ServicesDependency) -> RetentionResponse:
    """Release a set from legal hold. What has expired meanwhile is deleted at the next run."""
    await run_in_threadpool(services.retention.set_hold, principal.project.id, name, None)
    return await run_in_threadpool(_shown, services, principal.project.id, name)


@router.get("/deletions", openapi_extra=query_of(DeletionsQuery))
async def list_deletions(request: Request, principal: Reader, services: ServicesDependency) -> DeletionsResponse:
    """What was deleted from the project's face sets: when, by which rule, and the ids of the faces."""
    asked = read_query(request, DeletionsQuery)
    found = await run_in_threadpool(
        lambda: services.retention.deletions(principal.project.id, before=asked.before, limit=asked.limit)
    )
    return DeletionsResponse(deletions=[DeletionAnswer.of(deletion) for deletion in found])


def _shown(services: Services, project_id: str, name: str) -> RetentionResponse:
    return RetentionResponse.of(*services.retention.settings(project_id, name))
