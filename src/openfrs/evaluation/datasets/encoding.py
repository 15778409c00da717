"""Encode frames as a video."""

import io
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Final

import av

from openfrs.vision.types import Image

_MILLISECOND: Final = Fraction(1, 1000)


def encode_h264(frames: Iterable[tuple[int, Image]], *, crf: int = 23) -> bytes:
    """Return an MP4 of frames after their times in milliseconds; ``crf`` is the constant rate factor of x264.

    An odd last row or column is cut off.
    """
    data = io.BytesIO()
    with av.open(data, "w", format="mp4") as output:
        stream: Any = output.add_stream("libx264", rate=30, options={"preset": "veryfast", "crf": str(crf)})
        stream.time_base = stream.codec_context.time_base = _MILLISECOND
        for time, pixels in frames:
            height, width = (side // 2 * 2 for side in pixels.shape[:2])
            if not stream.codec_context.is_open:
                stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            frame = av.VideoFrame.from_ndarray(pixels[:height, :width], format="rgb24")
            frame.pts, frame.time_base = time, _MILLISECOND
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return data.getvalue()
