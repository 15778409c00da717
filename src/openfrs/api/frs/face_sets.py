"""Face sets: create, list, show and delete."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Named, Operator, Reader, SetName
from openfrs.api.dependencies import FaceSetsDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FaceSetName, FieldDeclarations
from openfrs.api.openapi.refusals import BODY, FACE_SET, refuses
from openfrs.api.requests.body import Input, read_input
from openfrs.core.threads import run_write

from .schemas import DeletedFaceSetResponse, FaceSetInfo, FaceSetResponse, FaceSetsResponse

router = APIRouter(tags=["face sets"])


_Digits = Annotated[str, Field(pattern="^[0-9]{1,9}$")]


def _numeric_string(value: Any) -> Any:
    """Accept a capacity written as a string, as in FRS's own example."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10 else value


class CreateFaceSetInput(Input):
    """A new face set."""

    face_set_name: FaceSetName = Field(
        description="1 to 64 characters other than `/` and control characters; unique in the project."
    )
    face_set_capacity: Annotated[
        int | None, BeforeValidator(_numeric_string, json_schema_input_type=int | _Digits | None)
    ] = None
    external_fields: FieldDeclarations | None = Field(
        None,
        description="Custom fields of the faces by name, at most 10, each with a type: "
        "string, integer, long, float, double or boolean.",
    )


@router.post(
    "/face-sets", responses=refuses(*BODY, "FRS.0301"), openapi_extra=body_of(CreateFaceSetInput, multipart=False)
)
async def create_face_set(request: Request, principal: Operator, face_sets: FaceSetsDep) -> FaceSetResponse:
    """Create an empty face set."""
    values = await read_input(request, CreateFaceSetInput, multipart=False)
    request.state.audited["face_set"] = values.face_set_name
    face_set = await run_write(
        face_sets.create,
        principal.project.id,
        values.face_set_name,
        values.face_set_capacity,
        values.external_fields or {},
        limit=principal.limits.max_face_sets,
        max_capacity=principal.limits.max_face_set_capacity,
    )
    return FaceSetResponse(face_set_info=FaceSetInfo.of(face_set))


@router.get("/face-sets", responses=refuses())
async def list_face_sets(principal: Reader, face_sets: FaceSetsDep) -> FaceSetsResponse:
    """List all face sets of the project, oldest first."""
    listed = await run_in_threadpool(face_sets.list_all, principal.project.id)
    return FaceSetsResponse(face_sets_info=[FaceSetInfo.of(face_set) for face_set in listed])


@router.get("/face-sets/{face_set_name}", responses=refuses(*FACE_SET))
async def show_face_set(_principal: Reader, named: Named) -> FaceSetResponse:
    """Show a face set."""
    return FaceSetResponse(face_set_info=FaceSetInfo.of(named.require()))


@router.delete("/face-sets/{face_set_name}", responses=refuses(*FACE_SET, "APIG.0306/held"))
async def delete_face_set(principal: Operator, name: SetName, face_sets: FaceSetsDep) -> DeletedFaceSetResponse:
    """Delete a face set with all its faces. This cannot be undone."""
    await run_write(face_sets.delete, principal.project.id, name)
    return DeletedFaceSetResponse(face_set_name=name)
