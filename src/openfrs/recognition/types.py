"""Results of the recognition of images, as the process that serves requests receives them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from openfrs.core.geometry import BoundingBox
from openfrs.vision.attributes.types import Traits

from .attributes import Attributes


@dataclass(frozen=True, slots=True, eq=False)
class FaceTemplate:
    """A face with its unit embedding of shape (dimension,), detection score (0..1) and measured traits."""

    box: BoundingBox
    embedding: npt.NDArray[np.float32]
    confidence: float
    traits: Traits
    is_main: bool
    """True if this is the main face of the image."""

    crop: bytes | None = None
    """The face as a JPEG, if crops were requested."""


@dataclass(frozen=True, slots=True)
class UnconfirmedFace:
    """The bounding box and the detection score (0..1) of a face that no orientation confirms; it has no template."""

    box: BoundingBox
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFace:
    """The bounding box of a face and its requested attributes; None if other faces of the image came first."""

    box: BoundingBox
    attributes: Attributes | None


@dataclass(frozen=True, slots=True, eq=False)
class ComparedFaces:
    """The bounding boxes of the main faces of two images and their unit embeddings, each of shape (dimension,)."""

    boxes: tuple[BoundingBox, BoundingBox]
    embeddings: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The bounding boxes of the main faces of two images and their similarity, 0..1."""

    boxes: tuple[BoundingBox, BoundingBox]
    similarity: float
