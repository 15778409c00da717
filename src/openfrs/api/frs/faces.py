"""Faces of a face set: add, list, update and delete."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, SetName
from openfrs.api.dependencies import FacesDep, FetcherDep, ShortReadsDep
from openfrs.api.openapi.document import body_of, query_of
from openfrs.api.openapi.field_schemas import ExternalImageId, FieldValues, FilterText
from openfrs.api.openapi.refusals import BODY, FACE_SET, IMAGE, QUERY, refuses
from openfrs.api.requests.body import Input, read_input, read_query
from openfrs.api.requests.uploads import ImageInput, read_upload, uploaded_image
from openfrs.api.responses import WireResponse, serialized
from openfrs.core import limits
from openfrs.core.errors import ServiceError, wrong_format
from openfrs.core.threads import run_write
from openfrs.faces.fields import displayed_name

from .schemas import FaceCountResponse, FacesResponse

router = APIRouter(prefix="/face-sets/{face_set_name}", tags=["faces"])

_SHORT_PAGE: Final = 20
"""Number of rows up to which a page is read on the event loop."""


class AddFacesInput(ImageInput):
    """An image whose faces are enrolled."""

    external_image_id: ExternalImageId | None = Field(
        None,
        description="An id for the image, 1 to 36 letters, digits, `_` and `-`; by default the id of its largest face.",
    )
    external_fields: FieldValues | None = Field(
        None, description="Values of the custom fields that the face set declares."
    )
    single: bool | None = Field(None, description="True to enrol only the largest face; false by default.")


class ListFacesQuery(Input):
    """The faces to list: one by id, or a page."""

    face_id: str | None = Field(None, description="The id of the only face to return.")
    offset: Annotated[int, Field(ge=0, le=limits.MAX_LIST_WINDOW, description="Number of faces to skip.")] = 0
    limit: Annotated[int, Field(ge=0, le=limits.MAX_LIST_WINDOW, description="Maximum number of faces to return.")] = (
        limits.DEFAULT_LIST_LIMIT
    )


class UpdateFaceInput(Input):
    """A face and the changes to it."""

    face_id: str = Field(description="The id of the face.")
    external_image_id: ExternalImageId | None = Field(None, description="The new id for its image.")
    external_fields: FieldValues | None = Field(None, description="Custom fields to set; others keep their values.")


class DeleteFacesQuery(Input):
    """The faces to delete: exactly one of these, or the name and value of a custom field."""

    face_id: str | None = Field(None, description="The id of the face to delete.")
    external_image_id: str | None = Field(None, description="The id of the image whose faces are deleted.")


class BatchDeleteInput(Input):
    """The faces to delete."""

    filter: FilterText = Field(description="A filter over custom fields, such as `age:[20 TO 40] && !(city:Oslo)`.")


@router.post(
    "/faces",
    responses=refuses(*IMAGE, *FACE_SET, "FRS.0404", "FRS.0404/policy", "FRS.0405", "FRS.0406"),
    openapi_extra=body_of(AddFacesInput),
    response_model=FacesResponse,
)
async def add_faces(
    request: Request, principal: Operator, name: SetName, faces: FacesDep, fetcher: FetcherDep
) -> WireResponse:
    """Enrol every face of an image, or with `single` only the largest."""
    values = await read_upload(request, AddFacesInput, fetcher)
    face_set, added = await faces.add(
        principal.project.id,
        name,
        await uploaded_image(values),
        external_image_id=values.external_image_id,
        fields=values.external_fields or {},
        single=bool(values.single),
    )
    return await serialized(lambda: FacesResponse.of(face_set, added), len(added))


@router.get(
    "/faces",
    responses=refuses(*QUERY, *FACE_SET, "FRS.0403"),
    openapi_extra=query_of(ListFacesQuery),
    response_model=FacesResponse,
)
async def list_faces(
    request: Request, principal: Reader, name: SetName, faces: FacesDep, short_reads: ShortReadsDep
) -> WireResponse:
    """List faces in the order of their enrolment, or show the one with `face_id`."""
    query = read_query(request, ListFacesQuery)
    if query.face_id is not None:
        face_set, face = await run_in_threadpool(faces.get_face, principal.project.id, name, query.face_id)
        page = [face]
    else:
        face_set, page = await short_reads.run(
            lambda: faces.list_faces(principal.project.id, name, query.offset, query.limit),
            blocking=query.offset + query.limit > _SHORT_PAGE,
        )
    return await serialized(lambda: FacesResponse.of(face_set, page), len(page))


@router.put(
    "/faces",
    responses=refuses(*BODY, *FACE_SET, "FRS.0303", "FRS.0405", "FRS.0406"),
    openapi_extra=body_of(UpdateFaceInput, multipart=False),
)
async def update_face(request: Request, principal: Operator, name: SetName, faces: FacesDep) -> FaceCountResponse:
    """Replace the external image id of a face, and merge its custom fields with the new ones."""
    values = await read_input(request, UpdateFaceInput, multipart=False)
    face_set = await run_write(
        faces.update,
        principal.project.id,
        name,
        values.face_id,
        external_image_id=values.external_image_id,
        fields=values.external_fields,
    )
    return FaceCountResponse.of(face_set, 1)


@router.delete(
    "/faces",
    responses=refuses(*QUERY, *FACE_SET, "FRS.0401", "FRS.0402", "APIG.0306/held"),
    openapi_extra=query_of(DeleteFacesQuery),
)
async def delete_faces(request: Request, principal: Operator, name: SetName, faces: FacesDep) -> FaceCountResponse:
    """Delete all faces with the `face_id`, `external_image_id` or custom field value of the one query parameter."""
    pairs = request.query_params.multi_items()
    if not pairs:
        raise ServiceError("FRS.0011", "face_id, external_image_id or a custom field")
    if len(pairs) > 1:
        raise wrong_format(displayed_name(pairs[1][0]), "send only one parameter")
    face_set, deleted = await run_write(faces.delete, principal.project.id, name, *pairs[0])
    return FaceCountResponse.of(face_set, deleted)


@router.delete(
    "/faces/batch",
    responses=refuses(*BODY, *FACE_SET, "FRS.0407", "APIG.0306/held"),
    openapi_extra=body_of(BatchDeleteInput, multipart=False),
)
async def batch_delete_faces(
    request: Request, principal: Operator, name: SetName, faces: FacesDep
) -> FaceCountResponse:
    """Delete all faces that match a filter."""
    values = await read_input(request, BatchDeleteInput, multipart=False)
    face_set, deleted = await run_write(faces.delete_filtered, principal.project.id, name, values.filter)
    return FaceCountResponse.of(face_set, deleted)
