"""People of a face set: the faces that share an external image id."""

from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from openfrs.api.auth import Operator, Reader, SetName
from openfrs.api.dependencies import PeopleDep
from openfrs.api.frs.schemas import FaceSetFace
from openfrs.api.openapi.document import body_of, query_of
from openfrs.api.openapi.refusals import BODY, FACE_SET, QUERY, refuses
from openfrs.api.requests.body import Input, read_input, read_query
from openfrs.core.threads import run_write

router = APIRouter(prefix="/face-sets/{face_set_name}/people", tags=["people"])

_MAX_PEOPLE: Final = 100
_MAX_FACES: Final = 1000

ExternalImageId = Annotated[str, Field(description="The external image id of a person.")]
NewId = Annotated[str, Field(description="The external image id that the faces get; no person of the set has it.")]


class PeopleQuery(Input):
    """The page to return, of people whose id contains a text."""

    query: Annotated[
        str,
        Field(max_length=200, description="Part of the id, in any script; case, accents and separators are ignored."),
    ] = ""
    offset: Annotated[int, Field(ge=0, le=10**9, description="Number of people to skip.")] = 0
    limit: Annotated[int, Field(ge=1, le=200, description="Maximum number of people to return.")] = 50


class MergeInput(Input):
    """People, and the person into whom they are merged."""

    people: Annotated[list[str], Field(min_length=1, max_length=_MAX_PEOPLE, description="External image ids.")]
    into: ExternalImageId


class RenameInput(Input):
    """A person, and the new id."""

    external_image_id: ExternalImageId
    new_external_image_id: NewId


class SplitInput(Input):
    """A person, some of the person's faces, and the id of the person that they show."""

    external_image_id: ExternalImageId
    face_ids: Annotated[list[str], Field(min_length=1, max_length=_MAX_FACES, description="Ids of faces.")]
    new_external_image_id: NewId


class DistinctInput(Input):
    """Two people who are different."""

    people: Annotated[list[str], Field(min_length=2, max_length=2, description="Two external image ids.")]


class DuplicatesQuery(Input):
    """The threshold, and the place to continue from."""

    threshold: Annotated[float, Field(ge=0, le=1, description="Least similarity of two faces, 0..1.")] = 0.93
    after: Annotated[int, Field(ge=0, le=2**63 - 1, description="`after` of the previous response, or 0.")] = 0
    limit: Annotated[int, Field(ge=1, le=200, description="Number of pairs after which the search pauses.")] = 50


class PersonBody(BaseModel):
    """A person of a face set."""

    external_image_id: str
    face_number: int = Field(description="Number of the person's faces.")
    crop_face_id: str | None = Field(None, description="Id of a face with a crop; missing if there is none.")
    face: FaceSetFace = Field(description="The face that was enrolled first.")


class PeopleResponse(BaseModel):
    """The number of all people found, and one page of them."""

    total: int = Field(description="Number of all people found.")
    people: list[PersonBody]


class ChangedResponse(BaseModel):
    """The number of faces that were changed."""

    face_number: int


class DistinctResponse(BaseModel):
    """Two people who are different."""

    people: list[str]


class DuplicateBody(BaseModel):
    """Faces of two people that are probably one person."""

    similarity: float = Field(description="The greatest similarity that was found, 0..1.")
    faces: list[FaceSetFace] = Field(description="A face of each.")


class DuplicatesResponse(BaseModel):
    """Pairs of people, the most similar first."""

    duplicates: list[DuplicateBody]
    searched: int = Field(description="Number of faces that were compared with all others.")
    after: int | None = Field(None, description="Where to continue; missing when all faces were searched.")


@router.get(
    "",
    summary="List and find people",
    responses=refuses(*QUERY, *FACE_SET),
    openapi_extra=query_of(PeopleQuery),
    response_model_exclude_none=True,
)
async def list_people(request: Request, principal: Reader, name: SetName, people: PeopleDep) -> PeopleResponse:
    """List the people of a face set by external image id. With `query`, those whose id begins with it come first."""
    query = read_query(request, PeopleQuery)
    total, page = await run_in_threadpool(
        lambda: people.list_page(principal.project.id, name, query.query, offset=query.offset, limit=query.limit)
    )
    return PeopleResponse(
        total=total,
        people=[
            PersonBody(
                external_image_id=person.external_image_id,
                face_number=person.face_number,
                crop_face_id=person.cropped_face_id,
                face=FaceSetFace.of(person.face),
            )
            for person in page
        ],
    )


@router.post("/merge", responses=refuses(*BODY, *FACE_SET), openapi_extra=body_of(MergeInput, multipart=False))
async def merge_people(request: Request, principal: Operator, name: SetName, people: PeopleDep) -> ChangedResponse:
    """Give all faces of some people the external image id of another person."""
    values = await read_input(request, MergeInput, multipart=False)
    return ChangedResponse(
        face_number=await run_write(people.merge, principal.project.id, name, values.people, values.into)
    )


@router.post("/rename", responses=refuses(*BODY, *FACE_SET), openapi_extra=body_of(RenameInput, multipart=False))
async def rename_person(request: Request, principal: Operator, name: SetName, people: PeopleDep) -> ChangedResponse:
    """Give all faces of a person another external image id."""
    values = await read_input(request, RenameInput, multipart=False)
    ids = values.external_image_id, values.new_external_image_id
    return ChangedResponse(face_number=await run_write(people.rename, principal.project.id, name, *ids))


@router.post("/split", responses=refuses(*BODY, *FACE_SET), openapi_extra=body_of(SplitInput, multipart=False))
async def split_person(request: Request, principal: Operator, name: SetName, people: PeopleDep) -> ChangedResponse:
    """Give some of a person's faces another external image id. The two people are remembered as different."""
    values = await read_input(request, SplitInput, multipart=False)
    chosen = values.external_image_id, values.face_ids, values.new_external_image_id
    return ChangedResponse(face_number=await run_write(people.split, principal.project.id, name, *chosen))


@router.post(
    "/distinct",
    summary="Record that people differ",
    responses=refuses(*BODY, *FACE_SET),
    openapi_extra=body_of(DistinctInput, multipart=False),
)
async def separate_people(request: Request, principal: Operator, name: SetName, people: PeopleDep) -> DistinctResponse:
    """Remember that two people are different: they are no longer listed as duplicates."""
    values = await read_input(request, DistinctInput, multipart=False)
    await run_write(people.set_distinct, principal.project.id, name, *values.people)
    return DistinctResponse(people=values.people)


@router.get(
    "/duplicates",
    summary="Find duplicate people",
    responses=refuses(*QUERY, *FACE_SET),
    openapi_extra=query_of(DuplicatesQuery),
    response_model_exclude_none=True,
)
async def find_duplicates(request: Request, principal: Reader, name: SetName, people: PeopleDep) -> DuplicatesResponse:
    """Find people with faces so similar that they are probably one person. It pauses after two seconds; `after` continues it."""
    query = read_query(request, DuplicatesQuery)
    found = await run_in_threadpool(
        lambda: people.find_duplicates(
            principal.project.id, name, threshold=query.threshold, after=query.after, limit=query.limit
        )
    )
    return DuplicatesResponse(
        duplicates=[
            DuplicateBody(similarity=pair.similarity, faces=[FaceSetFace.of(face) for face in pair.faces])
            for pair in found.pairs
        ],
        searched=found.searched,
        after=found.after,
    )
