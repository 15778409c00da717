"""Types of the traits that can be measured on a face."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from openfrs.vision.types import Points


class Trait(Enum):
    """A measurable trait. Each needs its own models and is measured only on request."""

    GENDER = auto()
    AGE = auto()
    POSE = auto()
    EXPRESSION = auto()
    LANDMARKS = auto()
    QUALITY = auto()
    MASK = auto()
    LIVENESS = auto()
    EYES = auto()
    MOUTH = auto()
    GLASSES = auto()
    HAT = auto()
    BEARD = auto()
    HAIR = auto()
    BLENDSHAPES = auto()


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Head pose in degrees of -180..180, about axes that point right, down and away from the camera.

    Yaw is positive for a face turned to the left of the image, pitch for one that looks down, roll for one that leans clockwise.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Suitability of a face for recognition. ``total`` is 0..1, higher is better; the others are 0..1, higher is worse."""

    total: float
    blur: float
    pose: float
    occlusion: float
    illumination: float
    darkness: float = 0.0
    """The part of ``illumination`` caused by too little light."""


@dataclass(frozen=True, slots=True)
class Traits:
    """Measured traits of a face.

    A trait is None if it was not requested, its weight is missing, or too little of the face is visible.
    """

    male: float | None = None
    """Probability, 0..1."""

    age: float | None = None
    """Years, 0..80."""

    pose: HeadPose | None = None

    expression: Mapping[str, float] | None = None
    """Probability of each expression; they sum to 1."""

    landmarks: Points | None = field(default=None, compare=False)
    """Points of the face mesh in pixels of the image, shape (468, 2)."""

    quality: Quality | None = None

    mask: float | None = None
    """Probability that a mask covers the mouth or the nose, 0..1."""

    live: float | None = None
    """Probability that the face is live and not a presentation attack by print or screen, 0..1."""

    eyes: tuple[float, float] | None = None
    """Height over width of each eye opening, the eye at the left of the image first; about 0.3 open, 0.1 shut."""

    mouth: float | None = None
    """Gap between the lips over the width of the mouth."""

    glasses: Mapping[str, float] | None = None
    """Probability of no, clear and dark glasses, as ``none``, ``yes`` and ``dark``; they sum to 1."""

    hat: float | None = None
    """Probability of headwear, 0..1."""

    beard: float | None = None
    """Probability of hair on the chin or the jaw, 0..1."""

    long_hair: float | None = None
    """Probability of hair that reaches below the chin, 0..1."""

    blendshapes: Mapping[str, float] | None = None
    """Strength of each facial movement, 0..1, by the names of :data:`.blendshapes.NAMES`."""
