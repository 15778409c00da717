"""Import of images to a face set: as enrolment, but an image that is imported again is enrolled only once."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, SetName
from openfrs.api.dependencies import FacesDep, FaceSetsDep, FetcherDep
from openfrs.api.openapi.document import body_of
from openfrs.api.openapi.field_schemas import FieldValues
from openfrs.api.openapi.refusals import FACE_SET, IMAGE, refuses
from openfrs.api.requests.uploads import ImageInput, read_upload, uploaded_image
from openfrs.core.errors import wrong_format
from openfrs.faces.imports.images import NAME_FIELD, ImageImport, ImportOptions
from openfrs.faces.imports.items import Item
from openfrs.faces.imports.report import Line

router = APIRouter(tags=["enrolment"])

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class ImportInput(ImageInput):
    """An image of a source, and the person in it. Without an image, the result of an image that was imported before."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=4096,
            description="The name of the image in its source, such as its path: the same whenever it is imported.",
        ),
    ]
    sha256: _Sha256 | None = Field(
        None,
        description="SHA-256 of the file in the source in hex, by default that of the image. Required without an image.",
    )
    person: Annotated[str, Field(max_length=4096)] | None = Field(
        None, description="The name of the person in any script, from which `external_image_id` is derived."
    )
    external_fields: FieldValues | None = Field(None, description="Values of the custom fields.")
    text_fields: bool | None = Field(
        None, description="True if all values of the custom fields are texts, as in a CSV file: they are converted."
    )
    single: bool | None = Field(None, description="False to enrol every face; by default only the largest.")
    update: bool | None = Field(None, description="True to change the labels of an image that was imported before.")
    dry_run: bool | None = Field(None, description="True to report without writing.")
    name_field: str | None = Field(
        None, description="The custom field that keeps the name of the person; `name` by default."
    )


class ImportResponse(BaseModel):
    """The result of an image, and the labels and faces that the face set has of it."""

    outcome: Literal["added", "present", "updated", "refused", "absent"] = Field(
        description="`absent` is the result without an image if it was not imported before."
    )
    external_image_id: str | None = None
    external_fields: dict[str, Any] = Field(description="Values of the custom fields by name.")
    face_ids: list[str]
    faces: int = Field(description="Number of faces that were added.")
    reason: str | None = Field(None, description="Why the image was refused, or what was updated.")
    named: bool = Field(description="False if the face set has no field for the name of the person.")

    @classmethod
    def of(cls, line: Line) -> "ImportResponse":
        """Convert the result of an image."""
        return cls(
            outcome=line.outcome.value,
            external_image_id=line.external_image_id,
            external_fields=dict(line.fields),
            face_ids=list(line.face_ids),
            faces=line.faces,
            reason=line.reason,
            named=line.named,
        )


@router.post(
    "/face-sets/{face_set_name}/imports",
    summary="Import an image once",
    responses=refuses(*IMAGE, *FACE_SET),
    openapi_extra=body_of(ImportInput),
    response_model_exclude_none=True,
)
async def import_image(
    request: Request,
    principal: Operator,
    set_name: SetName,
    face_sets: FaceSetsDep,
    faces: FacesDep,
    fetcher: FetcherDep,
) -> ImportResponse:
    """Enrol an image of a source, unless the image of that name and content was imported before.

    The request can be repeated: the image is enrolled once, with all its faces or none. An image that cannot be enrolled is
    `refused` with a `reason`, and so is one with other labels than before, unless `update` is set.
    """
    values = await read_upload(request, ImportInput, fetcher)
    if not all(isinstance(value, str | int | float) for value in (values.external_fields or {}).values()):
        raise wrong_format("external_fields", "values are strings, numbers and booleans")
    has_image = any((values.image_base64, values.image_url, values.image_file))
    is_probe = not has_image and values.sha256 is not None
    data = b"" if is_probe else (await uploaded_image(values)).data
    face_set = await run_in_threadpool(face_sets.require_usable, principal.project.id, set_name)
    options = ImportOptions(
        single=values.single is not False,
        dry=bool(values.dry_run),
        update=bool(values.update),
        name_field=values.name_field or NAME_FIELD,
    )
    images = ImageImport(faces, principal.project.id, face_set, options)
    item = Item(
        values.name,
        values.person,
        lambda: data,
        values.external_fields or {},
        typed=not values.text_fields,
        sha256=bytes.fromhex(values.sha256) if values.sha256 else None,
    )
    line = await images.present(item) if is_probe else await images.one(item)
    if line is None:
        return ImportResponse(outcome="absent", external_fields={}, face_ids=[], faces=0, named=True)
    return ImportResponse.of(line)
