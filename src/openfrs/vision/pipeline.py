"""The model pipeline behind one protocol: detection, embedding and traits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import cv2
import numpy as np

from openfrs.core.errors import OperatorError
from openfrs.core.telemetry.stages import stage

from .alignment import CHIP_SIDE
from .attributes.describer import Describer
from .attributes.types import Trait, Traits
from .detection.rotation import detect_all_rotations, detect_turned
from .detection.upright import BATCH, UprightLook
from .detection.yunet import SIDE, YuNet
from .embedding import ChipEmbedder, Embedder, Embeddings, FusedEmbedder
from .runtime.base import ExecutionConfig
from .runtime.lazy import LazySessions
from .runtime.session import Runtime
from .types import Detection, Image
from .weights.cache import WeightCache
from .weights.custom_embedder import CustomEmbedder
from .weights.manifest import manifest

DETECTOR_SHAPES: Final = ((1, 3, SIDE, SIDE), (1, 3, 256, 320), BATCH)
"""Shapes of the detector's input that are prepared at load: all faces, the main face of a 4:3 image, and crops."""


class Pipeline(Protocol):
    """The operations of a set of models. Safe to call from several threads; no state is kept between calls."""

    @property
    def execution_configs(self) -> Mapping[str, ExecutionConfig]:
        """Execution of each weight, by name, where it is not the default execution."""

    @property
    def embedder(self) -> str:
        """Identity of the embedder. Embeddings of different embedders are never compared."""

    @property
    def embedder_source(self) -> str | CustomEmbedder:
        """The embedder's name in the manifest, or the custom embedder."""

    @property
    def dimension(self) -> int:
        """Length of an embedding."""

    @property
    def mirrored(self) -> bool:
        """True if an embedding is the mean direction of the embeddings of a face and its mirror image."""

    def detect(self, image: Image) -> list[Detection]:
        """Detect the upright faces of an image, largest first."""

    def detect_all_rotations(self, image: Image) -> list[Detection]:
        """Detect the faces of an image at rotations of 0, 90, 180 and 270 degrees, largest first."""

    def detect_large(self, image: Image) -> list[Detection]:
        """Detect the upright faces of at least an eighth of the image's longer side, largest first, at the lowest cost."""

    def detect_large_turned(self, image: Image) -> list[Detection]:
        """Detect such faces at rotations of 90, 180 and 270 degrees, best score first."""

    def confirm(self, image: Image, face: Detection) -> Detection | None:
        """Return a detected face, of any rotation, with the landmarks that embeddings need; None if it is not confirmed."""

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Return the unit embeddings of confirmed faces of ``image``, shape (n, dimension)."""

    def describe(self, image: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        """Measure traits of a face detected in ``image``."""


class ModelPipeline:
    """The pipeline of the models in a weight cache."""

    def __init__(self, weights: WeightCache, runtime: Runtime, embedder: str | CustomEmbedder = "sface") -> None:
        """Load the detector and the embedder. ``embedder`` is a name of the manifest or a custom embedder.

        Raises:
            OperatorError: a weight is missing or altered, or a custom embedder does not match its manifest.
        """
        parts = manifest().embedders[embedder].parts if isinstance(embedder, str) else ()
        weights.require(["yunet", *parts])
        cv2.setNumThreads(1)  # images are processed in parallel instead
        self.execution_configs = runtime.execution_configs
        self.embedder_source = embedder
        detector = runtime.reshaping_session(weights.path("yunet"), DETECTOR_SHAPES)
        self._detector = YuNet(detector)
        self._upright_look = UprightLook(detector)
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
            self._embedder = load_custom_embedder(runtime, embedder)
        self._describer = Describer(LazySessions(runtime, weights))

    @stage("detect")
    def detect(self, image: Image) -> list[Detection]:
        """Detect the upright faces of an image, largest first."""
        return self._detector.detect(image)

    @stage("detect")
    def detect_all_rotations(self, image: Image) -> list[Detection]:
        """Detect the faces of an image at rotations of 0, 90, 180 and 270 degrees, largest first."""
        return detect_all_rotations(self._detector.detect, self._detector.detect_quick, image)

    @stage("detect")
    def detect_large(self, image: Image) -> list[Detection]:
        """Detect the upright faces of at least an eighth of the image's longer side, largest first, at the lowest cost."""
        return self._detector.detect_large(image)

    @stage("detect")
    def detect_large_turned(self, image: Image) -> list[Detection]:
        """Detect such faces at rotations of 90, 180 and 270 degrees, best score first."""
        return detect_turned(self._detector.detect_large, image)

    @stage("confirm")
    def confirm(self, image: Image, face: Detection) -> Detection | None:
        """Return a detected face, of any rotation, with the landmarks that embeddings need; None if it is not confirmed."""
        return self._upright_look.confirm(image, face)

    @stage("embed")
    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Return the unit embeddings of confirmed faces of ``image``, shape (n, dimension)."""
        return self._embedder.embed(image, faces)

    @stage("describe")
    def describe(self, image: Image, face: Detection, traits: Collection[Trait]) -> Traits:
        """Measure traits of a face detected in ``image``. Models are loaded on first use."""
        return self._describer.describe(image, face, traits)


def load_custom_embedder(runtime: Runtime, embedder: CustomEmbedder) -> ChipEmbedder:
    """Load a custom embedder and run it once on a grey chip.

    Raises:
        OperatorError: the model cannot be run, or its output is not the manifest's dimension.
    """
    try:
        session = runtime.session(embedder.file, replace(runtime.custom_execution, precision=embedder.precision))
        (output,) = session.run(np.full((1, 3, CHIP_SIDE, CHIP_SIDE), 0.25, np.float32))
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise OperatorError(f"{embedder.file} cannot be run on a chip of 112 x 112 pixels: {reason}") from error
    if output.size != embedder.dimension:
        raise OperatorError(
            f"{embedder.file} returns {output.size} numbers, but its manifest states dimension {embedder.dimension}"
        )
    return ChipEmbedder(session, embedder.dimension, embedder.preprocessing, mirrored=embedder.mirrored)
