"""Small images of known colours in the supported encodings."""

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
    """Return an image that every rotation and reflection changes: red and green above blue and white."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2], pixels[: height // 2, width // 2 :] = RED, GREEN
    pixels[height // 2 :, : width // 2], pixels[height // 2 :, width // 2 :] = BLUE, WHITE
    return pixels


def encoded(pixels: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    """Encode an image in Pillow's format ``kind``."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def jpeg(pixels: Pixels, **options: Any) -> bytes:
    """Encode an image as a JPEG of high quality."""
    return encoded(pixels, "JPEG", quality=95, subsampling=0, **options)


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
    """Return the image as a camera stores it with an EXIF orientation."""
    image, transpose = Image.fromarray(upright), STORED_FOR_ORIENTATION[orientation]
    return image if transpose is None else image.transpose(transpose)


TIFF_TYPES: Final = {"B": 1, "H": 3, "I": 4, "b": 6, "h": 8, "i": 9}


def exif(orientation: int, order: str = "<", number: str = "H") -> bytes:
    """Return an EXIF block with another tag and the orientation, in a byte order and a number type of ``struct``."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    make = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"abc\0")
    value = struct.pack(order + number, orientation).ljust(4, b"\0")
    tag = struct.pack(order + "HHI4s", 0x0112, TIFF_TYPES[number], 1, value)
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 2) + make + tag + bytes(4)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_header(width: int, height: int, *, depth: int = 8, colour: int = 2, interlaced: bool = False) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)


def interlaced_png(pixels: Pixels) -> bytes:
    """Encode an image in Adam7 order, which Pillow and OpenCV read but do not write."""
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
        rows += b"".join(b"\0" + row.tobytes() for row in pixels[top::down, left::right])
    height, width = pixels.shape[:2]
    body = png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return png_header(width, height, interlaced=True) + body


def claiming(kind: str, width: int, height: int) -> bytes:
    """Return a small file whose header claims a different size."""
    if kind == "PNG":
        return png_header(width, height) + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b"")
    data = bytearray(encoded(quarters(), kind))
    if kind == "BMP":
        struct.pack_into("<ii", data, 18, width, height)
    else:
        struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)
