"""Retention rules and legal holds of face sets, and the records of deletions."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Admin, Operator, Reader, SetName
from openfrs.api.dependencies import RetentionDep
from openfrs.api.openapi.document import body_of, query_of
from openfrs.api.openapi.refusals import BODY, FACE_SET, QUERY, refuses
from openfrs.api.requests.body import Input, read_input, read_query
from openfrs.core.threads import run_write
from openfrs.faces.retention import Retention, RetentionRule
from openfrs.store.faces.deletions import Cause, Deletion

router = APIRouter(tags=["retention"])


class RetentionInput(Input):
    """A retention rule: `days`, `date_field` or both."""

    retention: dict[str, Any] = Field(
        description="`days` from enrolment to expiry; with `date_field`, from the date in that custom field."
    )


class LegalHoldInput(Input):
    """The reason for a legal hold."""

    reason: str = Field(description="The reason, as it is shown to others.")


class RetentionRuleBody(BaseModel):
    """The retention rule of a face set."""

    days: int | None = Field(None, description="Days from enrolment, or from the date in `date_field`, to expiry.")
    date_field: str | None = Field(None, description="The custom field with the date from which `days` count.")


class RetentionResponse(BaseModel):
    """The retention rule of a face set, empty if its faces never expire, and the reason for a legal hold if there is one."""

    retention: RetentionRuleBody
    legal_hold: str | None = Field(None, description="The reason for the legal hold; missing without one.")

    @classmethod
    def of(cls, rule: RetentionRule | None, legal_hold: str | None) -> "RetentionResponse":
        """Convert a rule and a legal hold."""
        return cls(retention=RetentionRuleBody(**(rule.to_store() if rule else {})), legal_hold=legal_hold)


class DeletionsQuery(Input):
    """The records to return: those older than the record with id `before`; at most `limit`."""

    before: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="Return only records older than the one with this id.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=200, description="Maximum number of records to return.")] = 50


class DeletionRecord(BaseModel):
    """Faces of a face set that were deleted together, with the time (UTC) and the rule.

    The digest is the SHA-256 of the record and the digest of the project's previous record.
    """

    id: int
    face_set_name: str
    face_set_id: str
    deleted_at: str = Field(description="Time in UTC.")
    rule: Cause = Field(description="The cause of the deletion.")
    faces: int = Field(description="Number of faces.")
    face_ids: list[str]
    digest: str

    @classmethod
    def of(cls, deletion: Deletion) -> "DeletionRecord":
        """Convert a record."""
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
    """Records of deletions, newest first."""

    deletions: list[DeletionRecord]


@router.get("/face-sets/{face_set_name}/retention", responses=refuses(*FACE_SET), response_model_exclude_none=True)
async def show_retention(principal: Reader, name: SetName, retention: RetentionDep) -> RetentionResponse:
    """Show the retention rule of a face set, and its legal hold if there is one."""
    return await run_in_threadpool(_response, retention, principal.project.id, name)


@router.put(
    "/face-sets/{face_set_name}/retention",
    responses=refuses(*BODY, *FACE_SET, "FRS.0405"),
    openapi_extra=body_of(RetentionInput, multipart=False),
    response_model_exclude_none=True,
)
async def set_retention(
    request: Request, principal: Operator, name: SetName, retention: RetentionDep
) -> RetentionResponse:
    """Set the retention rule of a face set, replacing any other. Expired faces are deleted by the next retention run."""
    values = await read_input(request, RetentionInput, multipart=False)
    await run_write(retention.set_rule, principal.project.id, name, values.retention)
    return await run_in_threadpool(_response, retention, principal.project.id, name)


@router.delete("/face-sets/{face_set_name}/retention", responses=refuses(*FACE_SET), response_model_exclude_none=True)
async def delete_retention(principal: Operator, name: SetName, retention: RetentionDep) -> RetentionResponse:
    """Delete the retention rule of a face set: its faces never expire."""
    await run_write(retention.set_rule, principal.project.id, name, None)
    return await run_in_threadpool(_response, retention, principal.project.id, name)


@router.put(
    "/face-sets/{face_set_name}/legal-hold",
    summary="Place a legal hold",
    responses=refuses(*BODY, *FACE_SET),
    openapi_extra=body_of(LegalHoldInput, multipart=False),
    response_model_exclude_none=True,
)
async def hold(request: Request, principal: Admin, name: SetName, retention: RetentionDep) -> RetentionResponse:
    """Place a face set under legal hold: until its release, the face set and its faces can neither be deleted nor expire."""
    values = await read_input(request, LegalHoldInput, multipart=False)
    await run_write(retention.set_hold, principal.project.id, name, values.reason)
    return await run_in_threadpool(_response, retention, principal.project.id, name)


@router.delete(
    "/face-sets/{face_set_name}/legal-hold",
    summary="Release a legal hold",
    responses=refuses(*FACE_SET),
    response_model_exclude_none=True,
)
async def release(principal: Admin, name: SetName, retention: RetentionDep) -> RetentionResponse:
    """Release a face set from legal hold. Faces that expired during the hold are deleted by the next retention run."""
    await run_write(retention.set_hold, principal.project.id, name, None)
    return await run_in_threadpool(_response, retention, principal.project.id, name)


@router.get("/deletions", responses=refuses(*QUERY), openapi_extra=query_of(DeletionsQuery))
async def list_deletions(request: Request, principal: Reader, retention: RetentionDep) -> DeletionsResponse:
    """List the deletions of faces from the project's face sets: time, rule and face ids."""
    query = read_query(request, DeletionsQuery)
    deletions = await run_in_threadpool(
        lambda: retention.list_deletions(principal.project.id, before=query.before, limit=query.limit)
    )
    return DeletionsResponse(deletions=[DeletionRecord.of(deletion) for deletion in deletions])


def _response(retention: Retention, project_id: str, name: str) -> RetentionResponse:
    return RetentionResponse.of(*retention.get_settings(project_id, name))
