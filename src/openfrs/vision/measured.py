"""A pipeline whose every stage is measured."""

from collections.abc import Collection, Sequence

from openfrs.core.telemetry.stages import stage
from openfrs.vision.attributes.types import Trait, Traits

from .embedding import Embeddings
from .pipeline import Pipeline
from .types import Detection, Image


class MeasuredPipeline:
    """Does what another pipeline does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.executions = pipeline.executions
        self.embedder = pipeline.embedder
        self.dimension = pipeline.dimension
        self.mirrored = pipeline.mirrored

    def detect(self, image: Image) -> list[Detection]:
        """All faces of a picture, largest first."""
        with stage("detect"):
            return self._pipeline.detect(image)

    def detect_turned(self, image: Image) -> list[Detection]:
        """All faces of a picture, also those that lie on their side or stand on their head, largest first."""
        with stage("detect"):
            return self._pipeline.detect_turned(image)

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Unit embeddings of faces found in ``image``, shape (n, dimension)."""
        with stage("embed"):
            return self._pipeline.embed(image, faces)

    def describe(self, image: Image, face: Detection, wanted: Collection[Trait]) -> Traits:
        """The traits ``wanted`` of a face found in ``image``."""
        with stage("describe"):
            return self._pipeline.describe(image, face, wanted)
