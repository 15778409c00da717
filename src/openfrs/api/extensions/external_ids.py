"""External image ids for names of people and files."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from openfrs.api.auth import Reader
from openfrs.api.openapi.document import query_of
from openfrs.api.openapi.refusals import QUERY, refuses
from openfrs.api.requests.body import Input, read_query
from openfrs.core import limits
from openfrs.faces.external_ids import external_id_of

router = APIRouter(tags=["faces"])


class ExternalIdQuery(Input):
    """The name whose id to return."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.MAX_CUSTOM_FIELD_STRING_LENGTH,
            description="Name of a person or a file, in any script.",
        ),
    ]


class ExternalIdResponse(BaseModel):
    """The id of a name."""

    external_image_id: str


@router.get(
    "/external-image-id",
    summary="Derive an external_image_id from a name",
    responses=refuses(*QUERY),
    openapi_extra=query_of(ExternalIdQuery),
)
async def derive_external_image_id(request: Request, principal: Reader) -> ExternalIdResponse:  # noqa: ARG001
    """Return the id under which imports enrol a name: the name, if it is a valid id, else its transliteration and a hash.

    Equal names have equal ids, different names different ones.
    """
    name = read_query(request, ExternalIdQuery).name
    return ExternalIdResponse(external_image_id=external_id_of(name))
