"""Typed access to ``weights.toml``, the manifest of the model weights."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

UNATTRIBUTED: Final = "not stated"
"""Origin of weights whose package does not state who trained them, or on which data."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artefact(_Row):
    """A package of a public registry that contains weights or sample photos as data."""

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    filename: str
    sha256: str
    licence: str = ""
    photos: str = ""
    """Directory of the sample photos inside the archive; empty if it has none."""


class Preprocessing(_Row):
    """Input of an embedder's network: channel order, and (value - mean) * scale for values of 0..255."""

    channels: Literal["rgb", "bgr"] = "rgb"
    mean: float = 0.0
    scale: float = 1.0


class Accuracy(_Row):
    """Accuracy of a pipeline with a weight at some precision: shares, 0..1, on LFW View 1 and additional images.

    A detector is measured with the default embedder in single precision, an embedder with the detector at the same precision.
    """

    right: float
    """Share of pairs classified correctly at the threshold of the training pairs."""

    true_match_rate: float
    """True match rate at a false match rate of 1e-4, over all pairs."""


class Weight(_Row):
    """A weight file inside an artefact, and its input."""

    role: Literal["detector", "embedder", "landmarks", "iris", "blendshapes", "age", "gender", "liveness"]
    artefact: str
    member: str
    sha256: str
    licence: str
    origin: str
    input: str
    output: str
    variants: Mapping[Literal["f32", "bf16", "int8"], Accuracy] = {}
    """Accuracy by permitted precision. Without an entry the weight runs in single precision."""

    int8_limits: tuple[float, ...] = ()
    """Magnitudes at which the inputs of the last convolutions are clipped in int8. At most 1 in 10,000 values is larger."""

    dimension: int = 0
    """Length of the embedding; 0 for other roles."""
    preprocessing: Preprocessing = Preprocessing()
    """Used by embedders only."""

    @property
    def required(self) -> bool:
        """The service does not start without this weight, unless another embedder is configured.

        If an optional weight is missing, results that need it are omitted.
        """
        return self.role == "detector" or (self.role == "embedder" and self.attributed)

    @property
    def attributed(self) -> bool:
        """The package states where the weights come from."""
        return self.origin != UNATTRIBUTED


class EmbedderMode(_Row):
    """An embedder that can be selected by name."""

    parts: tuple[str, ...]
    """Weights whose unit embeddings are concatenated."""

    calibration: str
    """File beside the manifest that maps the embedder's scores to similarities."""

    cohort: str = ""
    """File beside the manifest with the cohort that the scores are normalised with; empty if they are cosines."""


class Manifest(_Row):
    """All artefacts, weights and embedders, by name."""

    artefacts: Mapping[str, Artefact]
    weights: Mapping[str, Weight]
    embedders: Mapping[str, EmbedderMode] = {}

    def attributed(self) -> "Manifest":
        """Return the manifest without the weights of unstated origin."""
        weights = {name: weight for name, weight in self.weights.items() if weight.attributed}
        used = {weight.artefact for weight in weights.values()}
        artefacts = {name: artefact for name, artefact in self.artefacts.items() if artefact.photos or name in used}
        embedders = {name: mode for name, mode in self.embedders.items() if weights.keys() >= {*mode.parts}}
        return Manifest(artefacts=artefacts, weights=weights, embedders=embedders)

    def dimension(self, embedder: str) -> int:
        """Return the length of an embedder's embeddings."""
        return sum(self.weights[part].dimension for part in self.embedders[embedder].parts)


@cache
def manifest() -> Manifest:
    """Return the manifest of this package."""
    return Manifest.model_validate(tomllib.loads((resources.files(__package__) / "weights.toml").read_text("utf-8")))
