"""The manifest of model weights, ``weights.toml``, as typed values."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artefact(_Row):
    """A package of a public registry that carries weights or sample photos as data."""

    registry: Literal["pypi"]
    package: str
    version: str
    filename: str
    sha256: str
    licence: str = ""
    photos: str = ""
    """Folder of the sample photos inside the archive; empty where there are none."""


class Weight(_Row):
    """A file of weights inside an artefact, and how it is fed."""

    role: Literal["detector", "embedder"]
    artefact: str
    member: str
    sha256: str
    licence: str
    origin: str
    input: str
    output: str
    precision: Literal["f32", "bf16"]
    dimension: int = 0
    """Length of the embedding; 0 for what is not an embedder."""
    calibration: str = ""
    """File beside the manifest that maps this embedder's cosines to similarities."""


class Manifest(_Row):
    """All artefacts and weights, by name."""

    artefacts: Mapping[str, Artefact]
    weights: Mapping[str, Weight]


@cache
def manifest() -> Manifest:
    """The manifest this package ships."""
    return Manifest.model_validate(tomllib.loads((resources.files(__package__) / "weights.toml").read_text("utf-8")))
