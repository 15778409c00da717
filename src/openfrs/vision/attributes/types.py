"""What can be measured on a face beside its place and its embedding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from openfrs.vision.types import Points


class Trait(Enum):
    """One thing to measure; each costs its own models and is measured only when it is wanted."""

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


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is turned, in degrees of -180..180, about axes that point right, down and away from the camera.

    Yaw is positive for a face turned to the left of the picture, pitch for one that looks down, roll for one that leans
    clockwise.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How fit a face is for recognition. ``total`` is 0..1, higher is better; the others are 0..1, higher is worse."""

    total: float
    blur: float
    pose: float
    occlusion: float
    illumination: float
    darkness: float = 0.0
    """The part of ``illumination`` that is want of light."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What was measured on a face.

    None for what was not wanted, for what needs a weight that is not there, and for what too little is seen of.
    """

    male: float | None = None
    """Probability, 0..1."""

    age: float | None = None
    """Years, 0..80."""

    pose: HeadPose | None = None

    expression: Mapping[str, float] | None = None
    """Probability of each expression; they sum to 1."""

    landmarks: Points | None = field(default=None, compare=False)
    """The face mesh's points in pixels of the picture, shape (468, 2)."""

    quality: Quality | None = None

    mask: float | None = None
    """Probability that a mask covers mouth or nose, 0..1."""

    live: float | None = None
    """How sure it is that the face is a person's and not that of a print or a screen, 0..1."""

    eyes: tuple[float, float] | None = None
    """Height over width of the eyes' openings, the eye at the picture's left first; about 0.3 open, 0.1 shut."""

    mouth: float | None = None
    """The gap between the lips over the mouth's width."""

    glasses: Mapping[str, float] | None = None
    """Probability of none, clear and dark ones, as ``none``, ``yes`` and ``dark``; they sum to 1."""

    hat: float | None = None
    """Probability that something is worn on the head, 0..1."""

    beard: float | None = None
    """Probability that hair grows on chin or jaw, 0..1."""

    long_hair: float | None = None
    """Probability that hair hangs below the chin, 0..1."""
