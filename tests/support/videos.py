"""Synthetic videos."""

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def encode(
    frames: Iterable[Pixels], rate: int = 10, *, container: str = "mp4", codec: str = "libx264", **options: str
) -> bytes:
    """Encode frames of shape (height, width, 3), RGB, as a video file."""
    data = io.BytesIO()
    with av.open(data, "w", format=container) as output:
        stream: Any = None
        for pixels in frames:
            if stream is None:
                stream = output.add_stream(codec, rate=rate, options=options)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.time_base = Fraction(1, rate)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode())
    return data.getvalue()


def gray_frames(seconds: float, rate: int = 10, size: tuple[int, int] = (64, 64)) -> list[Pixels]:
    """Return gray frames of increasing brightness; ``size`` is (height, width)."""
    count = round(seconds * rate)
    return [np.full((*size, 3), 40 + 200 * index // count, np.uint8) for index in range(count)]


def audio_only(seconds: int) -> bytes:
    """Return a video file with an audio stream only."""
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=8000)
        for _ in range(seconds):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 8000
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return data.getvalue()
