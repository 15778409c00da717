"""The identity of a set of models, known without loading them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .runtime.base import ExecutionConfig
from .weights.custom_embedder import CustomEmbedder, embedder_identity

if TYPE_CHECKING:
    from .pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """The properties of a pipeline that do not depend on an image, as :class:`~openfrs.vision.pipeline.Pipeline` documents them."""

    embedder: str
    embedder_source: str | CustomEmbedder
    dimension: int
    mirrored: bool
    execution_configs: Mapping[str, ExecutionConfig] | None = None
    """None if the models have not been loaded: their execution depends on the runtimes."""

    @classmethod
    def of(cls, pipeline: "Pipeline") -> "ModelIdentity":
        """Return the identity of loaded models."""
        return cls(
            pipeline.embedder,
            pipeline.embedder_source,
            pipeline.dimension,
            pipeline.mirrored,
            dict(pipeline.execution_configs),
        )

    @classmethod
    def of_embedder(cls, embedder: str | CustomEmbedder) -> "ModelIdentity":
        """Return the identity of the models with an embedder that is not loaded."""
        identity, dimension = embedder_identity(embedder)
        return cls(identity, embedder, dimension, isinstance(embedder, CustomEmbedder) and embedder.mirrored)

    def agrees_with(self, other: "ModelIdentity") -> bool:
        """Return whether embeddings of both can be compared."""
        return (self.embedder, self.dimension, self.mirrored) == (other.embedder, other.dimension, other.mirrored)
