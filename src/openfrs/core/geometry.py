"""The bounding box of a face, as every room but vision speaks of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A box in whole pixels of the upright picture, inside it, at least one pixel wide and high."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def clipped(cls, left: float, top: float, width: float, height: float, *, within: tuple[int, int]) -> "BoundingBox":
        """The box rounded to whole pixels and cut to a picture of ``within`` = (width, height) pixels."""
        x0, x1 = (min(max(round(x), 0), within[0]) for x in (left, left + width))
        y0, y1 = (min(max(round(y), 0), within[1]) for y in (top, top + height))
        x0, y0 = min(x0, within[0] - 1), min(y0, within[1] - 1)
        return cls(x0, y0, max(1, x1 - x0), max(1, y1 - y0))
