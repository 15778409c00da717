"""The orientation in an EXIF block."""

import struct
from typing import Final

_ORIENTATION_TAG: Final = 0x0112
_VALUE_FORMATS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""The whole numbers among the types of TIFF. The standard prescribes 3; some writers use another."""


def orientation_of(tiff: bytes) -> int:
    """Return the orientation, 1..8, of an EXIF block without the mark ``Exif``; 1 if it has none or is damaged."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2], "<")
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                (value,) = struct.unpack_from(order + _VALUE_FORMATS.get(kind, "H"), tiff, entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
