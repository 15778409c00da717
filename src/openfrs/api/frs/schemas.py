"""Response bodies of the FRS operations, with exactly the documented keys: no additional key, and never ``null``."""

import base64
import math
from typing import Any, Literal

from pydantic import BaseModel, Field

from openfrs.core import geometry
from openfrs.recognition import attributes
from openfrs.recognition.liveness.types import ActionDecision, SilentDecision
from openfrs.recognition.liveness.warnings import WarningCode
from openfrs.store.faces import models
from openfrs.vision.attributes import types
from openfrs.vision.attributes.contours import Contours
from openfrs.vision.types import Points


class BoundingBox(BaseModel):
    """A bounding box in whole pixels of the upright image; the origin is at the top left."""

    width: int
    top_left_y: int
    top_left_x: int
    height: int

    @classmethod
    def of(cls, value: geometry.BoundingBox) -> "BoundingBox":
        """Convert a bounding box."""
        return cls(width=value.width, top_left_y=value.top, top_left_x=value.left, height=value.height)


class DetectedFace(BaseModel):
    """A detected face."""

    bounding_box: BoundingBox


class Dress(BaseModel):
    """Glasses and hat of a face."""

    glass: Literal["yes", "dark", "none", "unknown"]
    hat: Literal["yes", "none", "unknown"]


class HeadPose(BaseModel):
    """A head pose in degrees, -180..180.

    Positive pitch looks down, positive roll leans clockwise, positive yaw turns to the left side of the image.
    """

    pitch_angle: float
    roll_angle: float
    yaw_angle: float

    @classmethod
    def of(cls, value: types.HeadPose) -> "HeadPose":
        """Convert a head pose."""
        return cls(pitch_angle=_degrees(value.pitch), roll_angle=_degrees(value.roll), yaw_angle=_degrees(value.yaw))


class FaceQuality(BaseModel):
    """Quality scores, 0..1: a higher `total_score` is better; for the others lower is better."""

    total_score: float
    blur: float
    pose: float
    occlusion: float
    illumination: float

    @classmethod
    def of(cls, value: types.Quality) -> "FaceQuality":
        """Convert quality scores."""
        return cls(
            total_score=_score(value.total),
            blur=_score(value.blur),
            pose=_score(value.pose),
            occlusion=_score(value.occlusion),
            illumination=_score(value.illumination),
        )


class FaceExpression(BaseModel):
    """The most probable expression and its probability, 0..1."""

    type: Literal["neutral", "happy", "fear", "surprise", "sad", "angry", "disgust", "unknown"]
    probability: float = Field(description="0..1")


class Attributes(BaseModel):
    """The requested attributes; others are left out."""

    headpose: HeadPose | None = None
    gender: Literal["male", "female"] | None = None
    age: int | None = Field(None, description="Years.")
    dress: Dress | None = None
    smile: Literal["yes", "none", "unknown"] | None = None
    mask: Literal["yes", "none", "unknown"] | None = None
    hair: Literal["long", "short", "unknown"] | None = None
    beard: Literal["yes", "none", "unknown"] | None = None
    quality: FaceQuality | None = None
    expression: FaceExpression | None = None
    face_angle: int | None = Field(None, description="Clockwise rotation of the face in the image, in degrees.")

    @classmethod
    def of(cls, value: attributes.Attributes) -> "Attributes":
        """Convert attributes."""
        return cls(
            headpose=HeadPose.of(value.headpose) if value.headpose else None,
            gender=value.gender,
            age=value.age,
            dress=Dress(glass=value.dress.glass, hat=value.dress.hat) if value.dress else None,
            smile=value.smile,
            mask=value.mask,
            hair=value.hair,
            beard=value.beard,
            quality=FaceQuality.of(value.quality) if value.quality else None,
            expression=FaceExpression.model_validate(
                {"type": value.expression.type, "probability": _score(value.expression.probability)}
            )
            if value.expression
            else None,
            face_angle=value.face_angle,
        )


class Point(BaseModel):
    """A point in pixels of the upright image."""

    x: float
    y: float


class Contour(BaseModel):
    """The points of an outline."""

    point: list[Point]

    @classmethod
    def of(cls, value: Points) -> "Contour":
        """Convert an outline."""
        return cls(point=[Point(x=round(x, 2), y=round(y, 2)) for x, y in value.tolist()])


class Landmark(BaseModel):
    """The outlines of the parts of a face."""

    eyes_contour: Contour
    mouth_contour: Contour
    face_contour: Contour
    eyebrow_contour: Contour
    nose_contour: Contour

    @classmethod
    def of(cls, value: Contours) -> "Landmark":
        """Convert outlines."""
        return cls(
            eyes_contour=Contour.of(value.eyes),
            mouth_contour=Contour.of(value.mouth),
            face_contour=Contour.of(value.face),
            eyebrow_contour=Contour.of(value.eyebrows),
            nose_contour=Contour.of(value.nose),
        )


class DescribedFace(BaseModel):
    """A detected face with the requested attributes."""

    bounding_box: BoundingBox
    attributes: Attributes | None = None
    landmark: Landmark | None = None


class DetectResponse(BaseModel):
    """The faces of an image, largest first."""

    faces: list[DescribedFace]


class Blur(BaseModel):
    """The sharpness of a face."""

    isClarity: bool  # noqa: N815  # FRS's spelling


class Angles(BaseModel):
    """A head pose in degrees, with the signs of `HeadPose`."""

    yaw: float
    roll: float
    pitch: float

    @classmethod
    def of(cls, value: types.HeadPose) -> "Angles":
        """Convert a head pose."""
        return cls(yaw=_degrees(value.yaw), roll=_degrees(value.roll), pitch=_degrees(value.pitch))


class FaceQualityResponse(BaseModel):
    """Blur and head pose of a face."""

    blur: Blur
    pose: Angles


class CompareResponse(BaseModel):
    """The similarity of the largest faces of two images, 0..1."""

    image1_face: DetectedFace
    similarity: float = Field(description="0..1")
    image2_face: DetectedFace


class LivenessWarning(BaseModel):
    """A property of the input that makes the liveness decision less reliable."""

    warningCode: int  # noqa: N815  # FRS's spelling
    warningMsg: str  # noqa: N815

    @classmethod
    def of(cls, value: WarningCode) -> "LivenessWarning":
        """Convert a warning."""
        return cls(warningCode=value.frs_code, warningMsg=value.message)


class SilentLivenessResult(BaseModel):
    """The decision on the largest face of an image; `picture` is a JPEG of that face in base64."""

    alive: bool = Field(description="True from a confidence of 0.5.")
    picture: str = Field(description="The cropped face as a JPEG in base64.")
    confidence: float = Field(description="Confidence that the face is a live person, 0..1.")


class SilentLivenessResponse(BaseModel):
    """The decision, with warnings that make it less reliable."""

    result: SilentLivenessResult
    warning_list: list[LivenessWarning] = Field(serialization_alias="warning-list")

    @classmethod
    def of(cls, value: SilentDecision) -> "SilentLivenessResponse":
        """Convert a decision. The confidence is rounded down, so that rounding cannot lift it over the threshold."""
        picture = base64.b64encode(value.image).decode("ascii")
        confidence = math.floor(value.confidence * 10_000) / 10_000
        return cls(
            result=SilentLivenessResult(alive=value.alive, picture=picture, confidence=confidence),
            warning_list=[LivenessWarning.of(warning) for warning in value.warnings],
        )


class DetectedAction(BaseModel):
    """A requested action and the confidence that it was performed, 0..1."""

    confidence: float = Field(description="0..1; 0.5 for a movement that is just large enough.")
    action: int


class ActionLivenessResult(BaseModel):
    """The decision on a video; `picture` is a JPEG of its best frame in base64, empty if no frame shows a face."""

    alive: bool = Field(description="True if all actions were performed in order by one live person.")
    actions: list[DetectedAction]
    picture: str = Field(description="The best frame as a JPEG in base64, empty if no frame shows a face.")


class ActionLivenessResponse(BaseModel):
    """The decision, with the reasons against liveness as warnings."""

    video_result: ActionLivenessResult = Field(serialization_alias="video-result")
    warning_list: list[LivenessWarning] = Field(serialization_alias="warning-list")

    @classmethod
    def of(cls, value: ActionDecision) -> "ActionLivenessResponse":
        """Convert a decision."""
        actions = [
            DetectedAction(confidence=_score(confidence), action=int(action)) for action, confidence in value.actions
        ]
        picture = base64.b64encode(value.image).decode("ascii")
        return cls(
            video_result=ActionLivenessResult(alive=value.alive, actions=actions, picture=picture),
            warning_list=[LivenessWarning.of(warning) for warning in value.warnings],
        )


class FaceSetInfo(BaseModel):
    """A face set."""

    face_number: int = Field(description="Number of enrolled faces.")
    face_set_id: str
    face_set_name: str
    create_date: str = Field(description="Time of creation in UTC, `YYYY-MM-DD HH:MM:SS`.")
    face_set_capacity: int = Field(description="Maximum number of faces.")
    external_fields: dict[str, dict[str, str]] = Field(description="Declarations of the custom fields by name.")

    @classmethod
    def of(cls, value: models.FaceSet) -> "FaceSetInfo":
        """Convert a face set; its time of creation is in UTC."""
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
    external_fields: dict[str, Any] = Field(description="Values of the custom fields by name.")
    external_image_id: str
    face_id: str

    @classmethod
    def of(cls, value: models.Face) -> "FaceSetFace":
        """Convert an enrolled face."""
        return cls(
            bounding_box=BoundingBox.of(value.box),
            external_fields=dict(value.fields),
            external_image_id=value.external_image_id,
            face_id=value.face_id,
        )


class FacesResponse(BaseModel):
    """Faces of a face set."""

    face_set_id: str
    face_set_name: str
    faces: list[FaceSetFace]

    @classmethod
    def of(cls, face_set: models.FaceSet, faces: list[models.Face]) -> "FacesResponse":
        """Convert faces of a face set."""
        return cls(
            face_set_id=face_set.public_id, face_set_name=face_set.name, faces=[FaceSetFace.of(face) for face in faces]
        )


class FaceCountResponse(BaseModel):
    """The number of faces that were changed or deleted."""

    face_number: int
    face_set_id: str
    face_set_name: str

    @classmethod
    def of(cls, face_set: models.FaceSet, count: int) -> "FaceCountResponse":
        """Convert a face set and a number of faces."""
        return cls(face_number=count, face_set_id=face_set.public_id, face_set_name=face_set.name)


class SearchFace(BaseModel):
    """A search result; `external_fields` holds the requested `return_fields`."""

    bounding_box: BoundingBox
    similarity: float = Field(description="0..1")
    external_fields: dict[str, Any]
    external_image_id: str
    face_id: str


class SearchResponse(BaseModel):
    """The search results, best first."""

    faces: list[SearchFace]


def _score(value: float) -> float:
    """Round to four decimals; further ones are not significant."""
    return round(value, 4)


def _degrees(value: float) -> float:
    return round(value, 2)
