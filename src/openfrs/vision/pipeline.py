"""Everything the service asks of models, behind one protocol."""

from collections.abc import Collection, Sequence
from typing import Protocol

import cv2
import numpy as np
import openvino as ov

from ..errors import OperatorError
from .alignment import CHIP_SIDE
from .cache import WeightCache
from .describer import Describer
from .detection import Detection, Image
from .detector import YuNet
from .embedder import ChipEmbedder, Embedder, Embeddings, FusedEmbedder
from .lazy_sessions import LazySessions
from .manifest import manifest
from .own_embedder import OwnEmbedder
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
    """The default pack of models on OpenVINO."""

    def __init__(self, weights: WeightCache, streams: int, embedder: str | OwnEmbedder = "sface") -> None:
        """Load the models; ``streams`` is the number of pictures that may be worked on at once.

        ``embedder`` is one of the manifest's by name, or an operator's own.

        Raises:
            OperatorError: a weight is missing or altered, or an own embedder is not what it is said to be.
        """
        parts = manifest().embedders[embedder].parts if isinstance(embedder, str) else ()
        weights.require(["yunet", *parts])
        cv2.setNumThreads(1)  # parallelism is across pictures
        core = ov.Core()

        def session(name: str) -> Session:
            return Session(
                core, weights.path(name), precision=weights.manifest.weights[name].precision, streams=streams
            )

        self._detector = YuNet(session("yunet"))
        self._embedder: Embedder
        if isinstance(embedder, str):
            rows = [weights.manifest.weights[name] for name in parts]
            chips = [
                ChipEmbedder(session(name), row.dimension, row.preprocessing)
                for name, row in zip(parts, rows, strict=True)
            ]
            self.embedder, self.dimension, self.mirrored = embedder, weights.manifest.dimension(embedder), False
            self._embedder = chips[0] if len(chips) == 1 else FusedEmbedder(tuple(chips))
        else:
            self.embedder, self.dimension, self.mirrored = embedder.identity, embedder.dimension, embedder.mirrored
            self._embedder = own_chip_embedder(core, embedder, streams)
        self._describer = Describer(LazySessions(core, weights, streams))

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


def own_chip_embedder(core: ov.Core, own: OwnEmbedder, streams: int) -> ChipEmbedder:
    """An operator's embedder, tried on a grey chip.

    Raises:
        OperatorError: the file cannot be run, or gives something else than the manifest says.
    """
    try:
        session = Session(core, own.file, precision=own.precision, streams=streams)
        (output,) = session.run(np.full((1, 3, CHIP_SIDE, CHIP_SIDE), 0.25, np.float32))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise OperatorError(f"{own.file} cannot be run on a chip of 112 x 112 pixels: {reason}") from error
    if output.size != own.dimension:
        raise OperatorError(f"{own.file} gives {output.size} numbers, its manifest says {own.dimension}")
    return ChipEmbedder(session, own.dimension, own.preprocessing, mirrored=own.mirrored)
