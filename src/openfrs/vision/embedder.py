"""From an aligned face to its embedding with SFace."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .alignment import aligned_chip
from .detection import Detection, Image
from .runtime import Session

Embeddings = npt.NDArray[np.float32]
"""Shape (n, dimension), each row of unit length."""


class SFace:
    """The embedder. Safe to call from several threads."""

    def __init__(self, session: Session, dimension: int) -> None:
        self._session = session
        self._dimension = dimension

    def embed(self, image: Image, faces: Sequence[Detection]) -> Embeddings:
        """Embeddings of faces found in ``image``, in their order.

        Raises:
            ArithmeticError: the model gave something that is no direction.
        """
        embeddings = np.empty((len(faces), self._dimension), np.float32)
        for row, face in enumerate(faces):
            chip = aligned_chip(image, face.landmarks)
            (output,) = self._session.run(chip.transpose(2, 0, 1)[None].astype(np.float32))
            length = float(np.linalg.norm(output))
            if not np.isfinite(length) or length == 0:
                raise ArithmeticError("the embedder gave no usable embedding")
            embeddings[row] = output.reshape(-1) / length
        return embeddings
