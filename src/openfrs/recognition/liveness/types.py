"""Liveness requests and decisions, as the process that serves requests uses them."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from openfrs.core import limits

from .warnings import WarningCode

SILENT_THRESHOLD: Final = 0.5
"""Minimum confidence at which a face counts as live."""


SAME_PERSON: Final = 0.3
"""Minimum cosine of images of the same person in one video. In the labelled clips it was at least 0.33 for the same person, in a
video of 176 x 144 pixels, and about 0 for two people."""


class Action(IntEnum):
    """Actions of FRS; left and right are those of the person."""

    TURN_LEFT = 1
    TURN_RIGHT = 2
    NOD = 3
    OPEN_MOUTH = 4
    BLINK = 5


HEAD_ACTIONS: Final = frozenset({Action.TURN_LEFT, Action.TURN_RIGHT, Action.NOD})


@dataclass(frozen=True, slots=True)
class SilentDecision:
    """The decision on the main face of an image."""

    confidence: float
    """Confidence that the face is live, 0..1."""

    image: bytes
    """The face with a margin, as JPEG."""

    warnings: tuple[WarningCode, ...] = ()
    """In ascending order."""

    @property
    def alive(self) -> bool:
        """True if the face counts as live."""
        return self.confidence >= SILENT_THRESHOLD


@dataclass(frozen=True, slots=True)
class SeveralLooks:
    """The decision on several images of one person."""

    confidence: float
    """Confidence that the person is live, 0..1."""

    confidences: tuple[float, ...]
    """Confidence of each image."""

    same_person: bool
    """True if all images show the same person."""

    @property
    def alive(self) -> bool:
        """True if the person counts as live."""
        return self.same_person and self.confidence >= SILENT_THRESHOLD


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """The actions that the person must perform."""

    actions: tuple[Action, ...]
    windows: tuple[tuple[int, int], ...] | None = None
    """For each action, the milliseconds between which it must reach its peak."""

    nod_threshold: float = limits.DEFAULT_NOD_THRESHOLD
    mirrored: bool = False
    """True if the video is mirrored, so that left and right are exchanged."""

    @property
    def needs_eyes(self) -> bool:
        """True if the eyes must be observed."""
        return Action.BLINK in self.actions


@dataclass(frozen=True, slots=True)
class ActionDecision:
    """The decision on a video."""

    alive: bool
    actions: tuple[tuple[Action, float], ...]
    """Each requested action and the confidence that it was performed, 0..1."""

    image: bytes
    """The frame with the largest frontal face, as JPEG; empty if no frame shows a face."""

    warnings: tuple[WarningCode, ...] = ()
