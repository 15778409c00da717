"""Everything the service asks of models, behind one protocol."""

from collections.abc import Collection, Sequence
from typing import Protocol

import cv2
import openvino as ov

from .cache import WeightCache
from .describer import Describer
from .detection import Detection, Image
from .detector import YuNet
from .embedder import Embeddings, SFace
from .library import Library
from .runtime import Session
from .traits import Trait, Traits
from .turning import detect_turned


class Pipeline(Protocol):
    """What a set of models can do with a picture. Safe to call from several threads; keeps nothing between calls."""

    @property
    def embedder(self) -> str:
        """Name of the embedder; embeddings of different embedders are never compared."""

    @property
    def dimension(self) -> int:
        """Length of an embedding."""

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first."""

    def detect_turned(self, image: Image) -> list[Detection]:
        """All faces of a picture, also those that lie on their side or stand on their head, largest first."""

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Unit embeddings of faces found in ``image``, shape (n, dimension)."""

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``."""


class ModelPipeline:
    """The default pack of models on OpenVINO."""

    embedder = "sface"

    def __init__(self, weights: WeightCache, streams: int) -> None:
        """Load the models; ``streams`` is the number of pictures that may be worked on at once.

        Raises:
            OperatorError: a weight is missing or altered.
        """
        weights.require()
        cv2.setNumThreads(1)  # parallelism is across pictures
        core = ov.Core()

        def session(name: str) -> Session:
            return Session(
                core, weights.path(name), precision=weights.manifest.weights[name].precision, streams=streams
            )

        self._detector = YuNet(session("yunet"))
        self.dimension = weights.manifest.weights[self.embedder].dimension
        self._embedder = SFace(session(self.embedder), self.dimension)
        self._describer = Describer(Library(core, weights, streams))

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first."""
        return self._detector.detect(image)

    def detect_turned(self, image: Image) -> list[Detection]:
        """All faces of a picture, also those that lie on their side or stand on their head, largest first."""
        return detect_turned(self._detector.detect, self._detector.glance, image)

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Unit embeddings of faces found in ``image``, shape (n, 128)."""
        return self._embedder.embed(image, faces)

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``; the models for them are loaded when they are first wanted."""
        return self._describer.describe(image, face, wanted)
