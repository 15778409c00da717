"""Compute embeddings of aligned faces with one network, or with several whose embeddings are concatenated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from openfrs.core.checkpoints import checkpoint

from .alignment import aligned_chip
from .runtime.base import Session
from .types import Detection, Image
from .weights.manifest import Preprocessing

Embeddings = npt.NDArray[np.float32]
"""Shape (n, dimension), each row of unit length."""


class Embedder(Protocol):
    """Computes embeddings. Safe to call from several threads."""

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Return the embeddings of faces detected in ``image``, in their order.

        Raises:
            ArithmeticError: the network returned a zero or non-finite vector.
        """


@dataclass(frozen=True, slots=True)
class ChipEmbedder:
    """An ArcFace-style network whose input is a chip of 112 x 112 pixels, aligned by five landmarks.

    With ``mirrored``, the embedding is the mean direction of the embeddings of the chip and its mirror image.
    """

    session: Session
    dimension: int
    preprocessing: Preprocessing
    mirrored: bool = False

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Return the embeddings of faces detected in ``image``, in their order."""
        embeddings = np.empty((len(faces), self.dimension), np.float32)
        for index, face in enumerate(faces):
            if index:
                checkpoint()
            chip = aligned_chip(image, face.landmarks)
            embedding = self._embed_chip(chip)
            if self.mirrored:
                embedding = normalize(embedding + self._embed_chip(chip[:, ::-1]))
            embeddings[index] = embedding
        return embeddings

    def _embed_chip(self, chip: Image) -> Embeddings:
        if self.preprocessing.channels == "bgr":
            chip = chip[:, :, ::-1]
        planes = chip.transpose(2, 0, 1)[None].astype(np.float32)
        if self.preprocessing.mean or self.preprocessing.scale != 1:
            planes = (planes - np.float32(self.preprocessing.mean)) * np.float32(self.preprocessing.scale)
        (output,) = self.session.run(planes)
        return normalize(output.reshape(-1))


@dataclass(frozen=True, slots=True)
class FusedEmbedder:
    """Several embedders whose unit embeddings are concatenated. A cosine is the mean of the parts' cosines."""

    parts: tuple[Embedder, ...]

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Return the embeddings of faces detected in ``image``, in their order."""
        embeddings = [part.embed(image, faces) for part in self.parts]
        return np.concatenate(embeddings, axis=1) / np.float32(np.sqrt(len(self.parts)))


def normalize(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale a vector to unit length.

    Raises:
        ArithmeticError: the vector is zero or not finite.
    """
    length = math.sqrt(vector @ vector)
    if not math.isfinite(length) or length == 0:
        raise ArithmeticError("the embedder returned a zero or non-finite vector")
    return np.asarray(vector / length, dtype=np.float32)
