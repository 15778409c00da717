"""Small pictures of known colours in every encoding that matters."""

import io
import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 190, 40), (40, 50, 210), (250, 250, 250)


def quarters(width: int = 64, height: int = 48) -> Pixels:
    """A picture that no turn or mirroring leaves as it is: red and green above blue and white."""
    picture = np.empty((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2], picture[: height // 2, width // 2 :] = RED, GREEN
    picture[height // 2 :, : width // 2], picture[height // 2 :, width // 2 :] = BLUE, WHITE
    return picture


def encoded(picture: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of Pillow's format ``kind``."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(picture: Pixels, **options: Any) -> bytes:
    return encoded(picture, "JPEG", quality=95, subsampling=0, **options)


STORED_FOR_ORIENTATION: Final = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def stored_for(orientation: int, upright: Pixels) -> Image.Image:
    """The picture as a camera held that way stores it."""
    image, turn = Image.fromarray(upright), STORED_FOR_ORIENTATION[orientation]
    return image if turn is None else image.transpose(turn)


def exif(orientation: int, order: str = "<") -> bytes:
    """An EXIF block with some other tag and the orientation, in a byte order of ``struct``."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    make = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")
    turn = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 2) + make + turn + bytes(4)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, *, depth: int = 8, colour: int = 2, interlaced: bool = False) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)


def interlaced_png(picture: Pixels) -> bytes:
    """The picture in Adam7 order, which Pillow and OpenCV read but do not write."""
    rows = b""
    for top, left, down, right in (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):
        rows += b"".join(b"\0" + row.tobytes() for row in picture[top::down, left::right])
    height, width = picture.shape[:2]
    body = png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return png_header(width, height, interlaced=True) + body


def claiming(kind: str, width: int, height: int) -> bytes:
    """A small file whose header claims another size."""
    if kind == "PNG":
        return png_header(width, height) + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")
    data = bytearray(encoded(quarters(), kind))
    if kind == "BMP":
        struct.pack_into("<ii", data, 18, width, height)
    else:
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)
