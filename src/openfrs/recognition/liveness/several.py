"""Silent liveness of one person in several images."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from openfrs.core.checkpoints import checkpoint
from openfrs.core.errors import ServiceError
from openfrs.media.decoding.image import EncodedImage
from openfrs.recognition.main_face import main_face
from openfrs.vision.pipeline import Pipeline
from openfrs.vision.types import Image

from . import silent
from .types import SAME_PERSON, SeveralLooks

_CERTAIN: Final = 1e-4
"""Distance from 0 and 1 to which confidences are limited, so that no single image decides."""


def decide(pipeline: Pipeline, images: Sequence[EncodedImage]) -> SeveralLooks:
    """Return the decision on the main faces of images, at least one.

    Raises:
        ServiceError: ``FRS.0707`` an image shows no face; ``FRS.0020`` the weights are not installed; as
            :meth:`~openfrs.media.decoding.image.EncodedImage.decode`.
    """
    confidences, embeddings = [], []
    for image in images:
        checkpoint()
        pixels = image.decode()
        confidence, embedding = _look(pipeline, pixels)
        confidences.append(confidence)
        embeddings.append(embedding)
    vectors = np.stack(embeddings)
    return SeveralLooks(
        confidence=combined(confidences),
        confidences=tuple(confidences),
        same_person=bool((vectors @ vectors.T).min() >= SAME_PERSON),
    )


def combined(confidences: Sequence[float]) -> float:
    """Return the confidence, 0..1, at the mean of the log odds of several confidences."""
    limited = np.clip(np.array(confidences, np.float64), _CERTAIN, 1 - _CERTAIN)
    return float(1 / (1 + np.exp(-np.log(limited / (1 - limited)).mean())))


def _look(pipeline: Pipeline, pixels: Image) -> tuple[float, np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Return the confidence that the main face is live, and its embedding."""
    face = main_face(pipeline.detect(pixels), pixels)
    confirmed = None if face is None else pipeline.confirm(pixels, face)
    if face is None or confirmed is None:
        raise ServiceError("FRS.0707")
    confidence = silent.confidence(pipeline, pixels, face)
    if confidence is None:
        raise ServiceError("FRS.0020", "silent liveness")
    return confidence, pipeline.embed(pixels, [confirmed])[0]
