"""Image files as clients send them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from openfrs.core import limits

from .header import read_size

Pixels = npt.NDArray[np.uint8]
"""A decoded image: shape (height, width, 3), RGB, 0..255."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image file as a client sent it, with the name of its parameter for error messages."""

    data: bytes
    parameter: str

    @classmethod
    def from_file(cls, path: Path) -> "EncodedImage":
        """Read an image file; errors name the file."""
        return cls(path.read_bytes(), path.name)

    @property
    def claimed_pixels(self) -> int:
        """Number of pixels according to the header, without validating the file; 0 if the header is unreadable."""
        width, height = read_size(self.data)
        return width * height

    def decode(self) -> Pixels:
        """Return the upright pixels of a JPEG, PNG or BMP.

        Raises:
            ServiceError: ``FRS.0017`` the file is too large; ``FRS.0016`` its format is not supported; ``FRS.0013`` it has too
                many pixels; ``FRS.0015`` it is damaged or not an image.
        """
        return self.decode_reduced(limits.MAX_IMAGE_SIDE)[0]

    def decode_reduced(self, side: int) -> tuple[Pixels, float]:
        """Return the upright pixels and their scale, 0..1.

        A JPEG whose longer side exceeds twice ``side`` is decoded at a reduced scale that keeps at least ``side`` pixels, which
        takes less time and far less memory.

        Raises:
            ServiceError: as :meth:`decode`.
        """
        from .pixels import decode_reduced  # imports OpenCV, which the process that queues images does not need

        return decode_reduced(self.data, self.parameter, side)
