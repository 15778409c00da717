"""From aligned faces to embeddings: one model, or several whose embeddings are joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from openfrs.vision.runtime.base import Session
from openfrs.vision.weights.manifest import Preprocessing

from .alignment import aligned_chip
from .types import Detection, Image

Embeddings = npt.NDArray[np.float32]
"""Shape (n, dimension), each row of unit length."""

_SIDES: Final = (1, -1)
"""The steps by which a chip's columns are read: as it is, and mirrored."""


class Embedder(Protocol):
    """Makes embeddings. Safe to call from several threads."""

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Embeddings of faces found in ``image``, in their order.

        Raises:
            ArithmeticError: the model gave something that is no direction.
        """


@dataclass(frozen=True, slots=True)
class ChipEmbedder:
    """A network that takes chips of 112 x 112 pixels aligned by five landmarks, as ArcFace's do.

    With ``mirrored``, a face's embedding is the mean direction of those of its chip and the chip's mirror image.
    """

    session: Session
    dimension: int
    preprocessing: Preprocessing
    mirrored: bool = False

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Embeddings of faces found in ``image``, in their order."""
        rows = np.empty((len(faces), self.dimension), np.float32)
        for row, face in enumerate(faces):
            chip = aligned_chip(image, face.landmarks)
            sides = _SIDES if self.mirrored else _SIDES[:1]
            rows[row] = unit(np.sum([self._direction(chip[:, ::side]) for side in sides], axis=0))
        return rows

    def _direction(self, chip: Image) -> Embeddings:
        if self.preprocessing.channels == "bgr":
            chip = chip[:, :, ::-1]
        planes = chip.transpose(2, 0, 1)[None].astype(np.float32)
        if self.preprocessing.mean or self.preprocessing.scale != 1:
            planes = (planes - np.float32(self.preprocessing.mean)) * np.float32(self.preprocessing.scale)
        (output,) = self.session.run(planes)
        return unit(output.reshape(-1))


@dataclass(frozen=True, slots=True)
class FusedEmbedder:
    """Several embedders whose unit embeddings, one after another, are one: its cosine is the mean of theirs."""

    parts: tuple[Embedder, ...]

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Embeddings of faces found in ``image``, in their order."""
        rows = [part.embed(image, faces) for part in self.parts]
        return np.concatenate(rows, axis=1) / np.float32(np.sqrt(len(self.parts)))


def unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A vector scaled to unit length.

    Raises:
        ArithmeticError: it is no direction.
    """
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length == 0:
        raise ArithmeticError("the embedder gave no usable embedding")
    return np.asarray(vector / length, dtype=np.float32)
