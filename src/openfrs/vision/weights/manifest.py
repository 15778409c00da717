"""The manifest of model weights, ``weights.toml``, as typed values."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

UNATTRIBUTED: Final = "not stated"
"""The origin of weights whose package does not say who trained them, or on what."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artefact(_Row):
    """A package of a public registry that carries weights or sample photos as data."""

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    filename: str
    sha256: str
    licence: str = ""
    photos: str = ""
    """Folder of the sample photos inside the archive; empty where there are none."""


class Preprocessing(_Row):
    """What an embedder's network takes: chips of the channels named, as (value - mean) * scale, values being 0..255."""

    channels: Literal["rgb", "bgr"] = "rgb"
    mean: float = 0.0
    scale: float = 1.0


class Accuracy(_Row):
    """What was measured of a pipeline with a weight in some precision: shares, 0..1, on LFW View 1 and further pictures.

    A detector has the default embedder in single precision behind it, an embedder the detector in its own precision before it.
    """

    right: float
    """Pairs judged rightly at the training pairs' threshold."""

    true_match_rate: float
    """Mated pairs that match at a false match rate of 1e-4, over all pairs."""


class Weight(_Row):
    """A file of weights inside an artefact, and how it is fed."""

    role: Literal["detector", "embedder", "landmarks", "iris", "age", "gender", "expression", "liveness"]
    artefact: str
    member: str
    sha256: str
    licence: str
    origin: str
    input: str
    output: str
    variants: Mapping[Literal["f32", "bf16"], Accuracy] = {}
    """The precisions it may run in. Where none is measured it runs in single precision."""

    dimension: int = 0
    """Length of the embedding; 0 for what is not an embedder."""
    preprocessing: Preprocessing = Preprocessing()
    """Only embedders' networks differ in it."""

    @property
    def required(self) -> bool:
        """Whether the service starts only with it, unless another embedder is set.

        What needs another weight that is not there is left out of answers.
        """
        return self.role == "detector" or (self.role == "embedder" and self.attributed)

    @property
    def attributed(self) -> bool:
        """Whether the package says where the weights come from."""
        return self.origin != UNATTRIBUTED


class EmbedderMode(_Row):
    """A way of making embeddings that an operator can choose by name."""

    parts: tuple[str, ...]
    """The weights whose unit embeddings are joined."""

    calibration: str
    """File beside the manifest that maps this embedder's cosines to similarities."""


class Manifest(_Row):
    """All artefacts, weights and embedders, by name."""

    artefacts: Mapping[str, Artefact]
    weights: Mapping[str, Weight]
    embedders: Mapping[str, EmbedderMode] = {}

    def attributed(self) -> "Manifest":
        """The manifest without the weights whose origin is not stated."""
        weights = {name: weight for name, weight in self.weights.items() if weight.attributed}
        used = {weight.artefact for weight in weights.values()}
        artefacts = {name: artefact for name, artefact in self.artefacts.items() if artefact.photos or name in used}
        embedders = {name: mode for name, mode in self.embedders.items() if weights.keys() >= {*mode.parts}}
        return Manifest(artefacts=artefacts, weights=weights, embedders=embedders)

    def dimension(self, embedder: str) -> int:
        """Length of the embeddings of an embedder."""
        return sum(self.weights[part].dimension for part in self.embedders[embedder].parts)


@cache
def manifest() -> Manifest:
    """The manifest this package ships."""
    return Manifest.model_validate(tomllib.loads((resources.files(__package__) / "weights.toml").read_text("utf-8")))
