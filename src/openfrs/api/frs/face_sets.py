"""Face sets."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, ServicesDependency, SetName
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FaceSetName, FieldDeclarations
from openfrs.api.requests.body import Input, read_input

from .schemas import DeletedFaceSetResponse, FaceSetInfo, FaceSetResponse, FaceSetsResponse

router = APIRouter(tags=["face sets"])


_Digits = Annotated[str, Field(pattern="^[0-9]{1,9}$")]


def _numeric_string(value: Any) -> Any:
    """A capacity may be written as a string: FRS's own example does."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10 else value


class CreateFaceSetInput(Input):
    """A new face set."""

    face_set_name: FaceSetName
    face_set_capacity: Annotated[
        int | None, BeforeValidator(_numeric_string, json_schema_input_type=int | _Digits | None)
    ] = None
    external_fields: FieldDeclarations | None = None


@router.post("/face-sets", openapi_extra=body_of(CreateFaceSetInput, multipart=False))
async def create_face_set(request: Request, principal: Operator, services: ServicesDependency) -> FaceSetResponse:
    """Make an empty face set."""
    asked = await read_input(request, CreateFaceSetInput, multipart=False)
    face_set = await run_in_threadpool(
        services.face_sets.create,
        principal.project.id,
        asked.face_set_name,
        asked.face_set_capacity,
        asked.external_fields or {},
        limit=principal.limits.max_face_sets,
        max_capacity=principal.limits.max_face_set_capacity,
    )
    return FaceSetResponse(face_set_info=FaceSetInfo.of(face_set))


@router.get("/face-sets")
async def list_face_sets(principal: Reader, services: ServicesDependency) -> FaceSetsResponse:
    """All face sets of the project."""
    face_sets = await run_in_threadpool(services.face_sets.all, principal.project.id)
    return FaceSetsResponse(face_sets_info=[FaceSetInfo.of(face_set) for face_set in face_sets])


@router.get("/face-sets/{face_set_name}")
async def show_face_set(principal: Reader, name: SetName, services: ServicesDependency) -> FaceSetResponse:
    """One face set."""
    face_set = await run_in_threadpool(services.face_sets.require, principal.project.id, name)
    return FaceSetResponse(face_set_info=FaceSetInfo.of(face_set))


@router.delete("/face-sets/{face_set_name}")
async def delete_face_set(principal: Operator, name: SetName, services: ServicesDependency) -> DeletedFaceSetResponse:
    """Delete a face set with all its faces. There is no way back."""
    await run_in_threadpool(services.face_sets.delete, principal.project.id, name)
    return DeletedFaceSetResponse(face_set_name=name)
