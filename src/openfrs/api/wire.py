"""The JSON objects of FRS answers, with exactly the keys its documentation has: no other key, and never ``null``."""

from typing import Any

from pydantic import BaseModel
from starlette.responses import JSONResponse

from .. import box
from ..store import faces as rows


class WireResponse(JSONResponse):
    """JSON with the content type that FRS documents."""

    media_type = "application/json; charset=UTF-8"


class BoundingBox(BaseModel):
    """Whole pixels of the upright picture, the origin at the top left."""

    width: int
    top_left_y: int
    top_left_x: int
    height: int

    @classmethod
    def of(cls, value: box.BoundingBox) -> "BoundingBox":
        """A box as the wire writes it."""
        return cls(width=value.width, top_left_y=value.top, top_left_x=value.left, height=value.height)


class DetectedFace(BaseModel):
    """A face of a picture."""

    bounding_box: BoundingBox


class DetectResponse(BaseModel):
    """The faces of a picture, largest first."""

    faces: list[DetectedFace]


class CompareResponse(BaseModel):
    """How alike the largest faces of two pictures are, 0..1."""

    image1_face: DetectedFace
    similarity: float
    image2_face: DetectedFace


class FaceSetInfo(BaseModel):
    """A face set."""

    face_number: int
    face_set_id: str
    face_set_name: str
    create_date: str
    face_set_capacity: int
    external_fields: dict[str, dict[str, str]]

    @classmethod
    def of(cls, value: rows.FaceSet) -> "FaceSetInfo":
        """A face set as the wire writes it; times are UTC."""
        return cls(
            face_number=value.face_number,
            face_set_id=value.public_id,
            face_set_name=value.name,
            create_date=value.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            face_set_capacity=value.capacity,
            external_fields={name: dict(definition) for name, definition in value.fields.items()},
        )


class FaceSetResponse(BaseModel):
    """One face set."""

    face_set_info: FaceSetInfo


class FaceSetsResponse(BaseModel):
    """All face sets of a project."""

    face_sets_info: list[FaceSetInfo]


class DeletedFaceSetResponse(BaseModel):
    """The face set that was deleted."""

    face_set_name: str


class FaceSetFace(BaseModel):
    """An enrolled face."""

    bounding_box: BoundingBox
    external_fields: dict[str, Any]
    external_image_id: str
    face_id: str

    @classmethod
    def of(cls, value: rows.Face) -> "FaceSetFace":
        """A face as the wire writes it."""
        return cls(
            bounding_box=BoundingBox.of(value.box),
            external_fields=dict(value.fields),
            external_image_id=value.external_image_id,
            face_id=value.face_id,
        )


class FacesResponse(BaseModel):
    """Faces of a set."""

    face_set_id: str
    face_set_name: str
    faces: list[FaceSetFace]

    @classmethod
    def of(cls, face_set: rows.FaceSet, faces: list[rows.Face]) -> "FacesResponse":
        """Faces of a set as the wire writes them."""
        return cls(
            face_set_id=face_set.public_id, face_set_name=face_set.name, faces=[FaceSetFace.of(face) for face in faces]
        )


class FaceCountResponse(BaseModel):
    """How many faces of a set were changed or deleted."""

    face_number: int
    face_set_id: str
    face_set_name: str

    @classmethod
    def of(cls, face_set: rows.FaceSet, count: int) -> "FaceCountResponse":
        """A count as the wire writes it."""
        return cls(face_number=count, face_set_id=face_set.public_id, face_set_name=face_set.name)


class SearchFace(BaseModel):
    """A face found; ``external_fields`` holds the ``return_fields`` asked for."""

    bounding_box: BoundingBox
    similarity: float
    external_fields: dict[str, Any]
    external_image_id: str
    face_id: str


class SearchResponse(BaseModel):
    """The faces found, best first."""

    faces: list[SearchFace]
