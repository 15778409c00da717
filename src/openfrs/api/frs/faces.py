"""Faces of a set."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, ServicesDependency, SetName
from openfrs.api.openapi.document import body_of, query_of
from openfrs.api.openapi.field_schemas import ExternalImageId, FieldValues, FilterText
from openfrs.api.requests.body import Input, read_input, read_query
from openfrs.api.requests.uploads import ImageInput, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.faces.fields import displayed_name

from .schemas import FaceCountResponse, FacesResponse

router = APIRouter(prefix="/face-sets/{face_set_name}", tags=["faces"])


class AddFacesInput(ImageInput):
    """A picture whose faces are enrolled."""

    external_image_id: ExternalImageId | None = None
    external_fields: FieldValues | None = None
    single: bool | None = None


class ListFacesQuery(Input):
    """Which faces to list: one by id, or a window."""

    face_id: str | None = None
    offset: Annotated[int, Field(ge=0, le=limits.LIST_WINDOW)] = 0
    limit: Annotated[int, Field(ge=0, le=limits.LIST_WINDOW)] = limits.LIST_LIMIT


class UpdateFaceInput(Input):
    """What to change about a face."""

    face_id: str
    external_image_id: ExternalImageId | None = None
    external_fields: FieldValues | None = None


class DeleteFacesQuery(Input):
    """Which faces to delete: exactly one of these, or the name and value of a custom field."""

    face_id: str | None = None
    external_image_id: str | None = None


class BatchDeleteInput(Input):
    """Which faces to delete."""

    filter: FilterText


@router.post("/faces", openapi_extra=body_of(AddFacesInput), response_model=FacesResponse)
async def add_faces(request: Request, principal: Operator, name: SetName, services: ServicesDependency) -> WireResponse:
    """Enrol every face of a picture, or with ``single`` only the largest."""
    asked = await read_input(request, AddFacesInput)
    face_set, faces = await services.faces.add(
        principal.project.id,
        name,
        await uploaded_image(asked),
        external_image_id=asked.external_image_id,
        fields=asked.external_fields or {},
        single=bool(asked.single),
    )
    return await serialized(lambda: FacesResponse.of(face_set, faces), len(faces))


@router.get("/faces", openapi_extra=query_of(ListFacesQuery), response_model=FacesResponse)
async def list_faces(request: Request, principal: Reader, name: SetName, services: ServicesDependency) -> WireResponse:
    """Faces in the order they were enrolled, or the one with ``face_id``."""
    asked = read_query(request, ListFacesQuery)
    if asked.face_id is not None:
        face_set, face = await run_in_threadpool(services.faces.one, principal.project.id, name, asked.face_id)
        faces = [face]
    else:
        face_set, faces = await run_in_threadpool(
            services.faces.page, principal.project.id, name, asked.offset, asked.limit
        )
    return await serialized(lambda: FacesResponse.of(face_set, faces), len(faces))


@router.put("/faces", openapi_extra=body_of(UpdateFaceInput, multipart=False))
async def update_face(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> FaceCountResponse:
    """Change a face's external image id, and merge its custom fields."""
    asked = await read_input(request, UpdateFaceInput, multipart=False)
    face_set = await run_in_threadpool(
        services.faces.update,
        principal.project.id,
        name,
        asked.face_id,
        external_image_id=asked.external_image_id,
        fields=asked.external_fields,
    )
    return FaceCountResponse.of(face_set, 1)


@router.delete("/faces", openapi_extra=query_of(DeleteFacesQuery))
async def delete_faces(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> FaceCountResponse:
    """Delete every face with a ``face_id``, an ``external_image_id`` or a custom field's value, given as the one query pair."""
    pairs = request.query_params.multi_items()
    if not pairs:
        raise ServiceError("FRS.0011", "face_id, external_image_id or a custom field")
    if len(pairs) > 1:
        raise wrong_format(displayed_name(pairs[1][0]), "only one field may be given")
    face_set, deleted = await run_in_threadpool(services.faces.delete, principal.project.id, name, *pairs[0])
    return FaceCountResponse.of(face_set, deleted)


@router.delete("/faces/batch", openapi_extra=body_of(BatchDeleteInput, multipart=False))
async def batch_delete_faces(
    request: Request, principal: Operator, name: SetName, services: ServicesDependency
) -> FaceCountResponse:
    """Delete every face that a filter holds for."""
    asked = await read_input(request, BatchDeleteInput, multipart=False)
    face_set, deleted = await run_in_threadpool(
        services.faces.delete_filtered, principal.project.id, name, asked.filter
    )
    return FaceCountResponse.of(face_set, deleted)
