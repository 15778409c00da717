"""Analysis of images with the models: faces, attributes, traits and templates."""

from collections.abc import Collection
from typing import Final

from openfrs.core.checkpoints import checkpoint
from openfrs.core.errors import ServiceError
from openfrs.core.geometry import BoundingBox
from openfrs.media.decoding.image import EncodedImage
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Detection, Image

from .attributes import Attribute, Attributes
from .crops import crop_of
from .description import describe_codes, traits_for
from .main_face import MainFace, find_faces, find_main_face, find_main_face_in, main_face
from .types import ComparedFaces, DescribedFace, FaceTemplate, UnconfirmedFace

_ROTATION: Final = frozenset({Attribute.FACE_ANGLE, Attribute.HEADPOSE})


def detect(
    pipeline: Pipeline, image: EncodedImage, attributes: Collection[Attribute], max_described: int
) -> list[DescribedFace]:
    """Return all faces of an image, largest first, the first ``max_described`` of them with attributes."""
    pixels = image.decode()
    traits = traits_for(attributes)
    faces = _detected(pipeline, pixels, attributes)
    described = [_attributes(pipeline, pixels, face, attributes, traits) for face in faces[:max_described]]
    return [
        DescribedFace(_box(face, pixels), described[rank] if rank < len(described) else None)
        for rank, face in enumerate(faces)
    ]


def _detected(pipeline: Pipeline, pixels: Image, attributes: Collection[Attribute]) -> list[Detection]:
    """Detect faces, of all rotations if the rotation is requested, or if the roll is requested and no face is upright."""
    faces = [] if Attribute.FACE_ANGLE in attributes else pipeline.detect(pixels)
    return faces or (pipeline.detect_all_rotations(pixels) if _ROTATION & set(attributes) else [])


def _attributes(
    pipeline: Pipeline,
    pixels: Image,
    face: Detection,
    attributes: Collection[Attribute],
    traits: Collection[Trait],
) -> Attributes:
    """Return the attributes of a face; rotation and roll are those of an upright look, because the detector misjudges them."""
    if _ROTATION & set(attributes):
        checkpoint()
        face = pipeline.confirm(pixels, face) or face
    return describe_codes(attributes, _describe(pipeline, pixels, face, traits), face.rotation)


def measure(pipeline: Pipeline, image: EncodedImage, traits: Collection[Trait]) -> Traits:
    """Return traits of the main face of an image.

    Raises:
        ServiceError: ``FRS.0501`` the image shows no face.
    """
    pixels = image.decode()
    face = find_main_face_in(pipeline, pixels)
    if face is None:
        raise ServiceError("FRS.0501")
    return pipeline.describe(pixels, face, traits)


def templates(
    pipeline: Pipeline,
    image: EncodedImage,
    traits: Collection[Trait],
    *,
    main_only: bool,
    compared: Collection[Trait] = (),
    with_crops: bool = False,
) -> list[FaceTemplate]:
    """Return the faces of an image with their templates and traits, largest first, or its main face only.

    The traits of ``compared`` are measured too if there are several faces. ``with_crops`` adds crops.
    """
    if main_only:
        main = find_main_face(pipeline, image)
        return [] if main is None else [_main_template(pipeline, main, traits, with_crop=with_crops)]
    pixels = image.decode()
    faces = find_faces(pipeline, pixels)
    main_detection = main_face(faces, pixels)
    measured = {*traits, *compared} if len(faces) > 1 else traits
    return [
        FaceTemplate(
            _box(face, pixels),
            embedding,
            face.score,
            _describe(pipeline, pixels, face, measured),
            is_main=face is main_detection,
            crop=crop_of(pixels, face) if with_crops else None,
        )
        for face, embedding in zip(faces, pipeline.embed(pixels, faces), strict=True)
    ]


def find_unconfirmed(pipeline: Pipeline, image: EncodedImage) -> list[UnconfirmedFace]:
    """Return the detected faces of an image that no orientation confirms, largest first."""
    pixels = image.decode()
    found = []
    for face in pipeline.detect(pixels):
        checkpoint()
        if pipeline.confirm(pixels, face) is None:
            found.append(UnconfirmedFace(_box(face, pixels), face.score))
    return found


def compare(pipeline: Pipeline, first: EncodedImage, second: EncodedImage) -> ComparedFaces:
    """Return the embeddings of the main faces of two images.

    Raises:
        ServiceError: ``FRS.0501`` one of the images shows no face.
    """
    found = []
    for image in (first, second):
        found.append(templates(pipeline, image, (), main_only=True))
        checkpoint()
    if not all(found):
        raise ServiceError("FRS.0501")
    (one,), (other,) = found
    return ComparedFaces((one.box, other.box), (one.embedding, other.embedding))


def _main_template(pipeline: Pipeline, main: MainFace, traits: Collection[Trait], *, with_crop: bool) -> FaceTemplate:
    (embedding,) = pipeline.embed(main.pixels, [main.face])
    described = _describe(pipeline, main.pixels, main.face, traits)
    crop = crop_of(main.pixels, main.face) if with_crop else None
    return FaceTemplate(main.box, embedding, main.face.score, described, is_main=True, crop=crop)


def _describe(pipeline: Pipeline, pixels: Image, face: Detection, traits: Collection[Trait]) -> Traits:
    if not traits:
        return Traits()
    checkpoint()
    return pipeline.describe(pixels, face, traits)


def _box(face: Detection, pixels: Image) -> BoundingBox:
    height, width = pixels.shape[:2]
    return BoundingBox.clipped(face.left, face.top, face.width, face.height, within=(width, height))
