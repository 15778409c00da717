"""Everything the service asks of models, behind one protocol."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from openfrs.core.errors import OperatorError
from openfrs.vision.attributes.describer import Describer
from openfrs.vision.attributes.types import Trait, Traits
from openfrs.vision.detection.rotation import detect_turned
from openfrs.vision.detection.yunet import YuNet
from openfrs.vision.runtime.lazy import LazySessions
from openfrs.vision.runtime.session import Execution, Runtime
from openfrs.vision.weights.cache import WeightCache
from openfrs.vision.weights.custom_embedder import OwnEmbedder
from openfrs.vision.weights.manifest import manifest

from .alignment import CHIP_SIDE
from .embedding import ChipEmbedder, Embedder, Embeddings, FusedEmbedder
from .types import Detection, Image


class Pipeline(Protocol):
    """What a set of models can do with a picture. Safe to call from several threads; keeps nothing between calls."""

    @property
    def executions(self) -> Mapping[str, Execution]:
        """How weights are run, by name, where it is not by OpenVINO in single precision."""

    @property
    def embedder(self) -> str:
        """Name of the embedder; embeddings of different embedders are never compared."""

    @property
    def dimension(self) -> int:
        """Length of an embedding."""

    @property
    def mirrored(self) -> bool:
        """Whether an embedding is the mean direction of those of a face and its mirror image."""

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first."""

    def detect_turned(self, image: Image) -> list[Detection]:
        """All faces of a picture, also those that lie on their side or stand on their head, largest first."""

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Unit embeddings of faces found in ``image``, shape (n, dimension)."""

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``."""


class ModelPipeline:
    """The default pack of models."""

    def __init__(self, weights: WeightCache, runtime: Runtime, embedder: str | OwnEmbedder = "sface") -> None:
        """Load the models. ``embedder`` is one of the manifest's by name, or an operator's own.

        Raises:
            OperatorError: a weight is missing or altered, or an own embedder is not what it is said to be.
        """
        parts = manifest().embedders[embedder].parts if isinstance(embedder, str) else ()
        weights.require(["yunet", *parts])
        cv2.setNumThreads(1)  # parallelism is across pictures
        self.executions = runtime.executions
        self._detector = YuNet(runtime.session(weights.path("yunet")))
        self._embedder: Embedder
        if isinstance(embedder, str):
            rows = [weights.manifest.weights[name] for name in parts]
            chips = [
                ChipEmbedder(runtime.session(weights.path(name)), row.dimension, row.preprocessing)
                for name, row in zip(parts, rows, strict=True)
            ]
            self.embedder, self.dimension, self.mirrored = embedder, weights.manifest.dimension(embedder), False
            self._embedder = chips[0] if len(chips) == 1 else FusedEmbedder(tuple(chips))
        else:
            self.embedder, self.dimension, self.mirrored = embedder.identity, embedder.dimension, embedder.mirrored
            self._embedder = own_chip_embedder(runtime, embedder)
        self._describer = Describer(LazySessions(runtime, weights))

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first."""
        return self._detector.detect(image)

    def detect_turned(self, image: Image) -> list[Detection]:
        """All faces of a picture, also those that lie on their side or stand on their head, largest first."""
        return detect_turned(self._detector.detect, self._detector.glance, image)

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Unit embeddings of faces found in ``image``, shape (n, dimension)."""
        return self._embedder.embed(image, faces)

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``; the models for them are loaded when they are first wanted."""
        return self._describer.describe(image, face, wanted)


def own_chip_embedder(runtime: Runtime, own: OwnEmbedder) -> ChipEmbedder:
    """An operator's embedder, tried on a grey chip.

    Raises:
        OperatorError: the file cannot be run, or gives something else than the manifest says.
    """
    try:
        session = runtime.session(own.file, replace(runtime.own, precision=own.precision))
        (output,) = session.run(np.full((1, 3, CHIP_SIDE, CHIP_SIDE), 0.25, np.float32))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise OperatorError(f"{own.file} cannot be run on a chip of 112 x 112 pixels: {reason}") from error
    if output.size != own.dimension:
        raise OperatorError(f"{own.file} gives {output.size} numbers, its manifest says {own.dimension}")
    return ChipEmbedder(session, own.dimension, own.preprocessing, mirrored=own.mirrored)
